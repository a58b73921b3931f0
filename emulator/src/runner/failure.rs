//! Why a test failed: where it stopped, its last traps and instructions, its registers.

use super::Outcome;
use crate::hart::{Hart, TrapTaken};
use crate::isa::{Isa, Privilege, csr_number, decode, disassemble, disassemble_word, length};
use crate::loader::Guest;
use crate::report::place::{Place, Places};
use crate::report::recorder::{Moment, Recorder, Register, Step, sources};
use std::collections::BTreeSet;

/// Why a test failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The instruction that made it fail, or the one it came to.
    pub stopped_at: Option<Stopped>,
    /// What else there is to say.
    pub notes: Vec<String>,
    /// The last traps, oldest first.
    pub traps: Vec<TrapLine>,
    /// Registers that matter: name and value.
    pub registers: Vec<(String, u64)>,
    /// CSRs that matter: name and value.
    pub csrs: Vec<(String, u64)>,
    /// The last instructions, oldest first: up to the one that made it fail.
    pub instructions: Vec<Line>,
    /// How many more it ran after those, to say that it failed.
    pub more: u64,
}

/// Where a test stopped.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// The address, its symbol and its line.
    pub place: Place,
    /// The instruction, if it is known.
    pub instruction: Option<String>,
    /// Its operands or results, as text.
    pub values: String,
}

/// An instruction that completed, as text.
#[derive(Clone, Debug)]
pub struct Line {
    /// How many instructions had retired before it.
    pub count: u64,
    /// The mode it ran in.
    pub privilege: char,
    /// Its address.
    pub address: u64,
    /// The symbol it belongs to, or nothing.
    pub symbol: String,
    /// The instruction.
    pub instruction: String,
    /// What it wrote, or read if it writes nothing.
    pub values: String,
}

impl Failure {
    /// The failure of a guest that ran on `harts`, of which one was recorded.
    pub(super) fn new(
        outcome: &Outcome,
        guest: &Guest,
        harts: &[Hart],
        recorder: &Recorder,
    ) -> Self {
        let places = Places::new(guest);
        let hart = &harts[recorder.hart()];
        let end = recorder.end(hart);
        let moment = match outcome {
            Outcome::CheckFailed { .. } => recorder.failed_at(),
            Outcome::UnexpectedTrap { trap, .. } | Outcome::TrapLoop { first: trap, .. } => {
                let mut open = recorder.open_traps().iter();
                open.find(|open| open.taken == *trap)
                    .map(|open| &open.before)
            }
            _ => None,
        };
        let moment = moment.unwrap_or(&end);
        let last = |moment: &Moment| moment.steps.back().map_or(0, |step| step.count);
        Self {
            stopped_at: stopped_at(outcome, moment, &places),
            notes: notes(outcome, harts, recorder, &places),
            traps: traps(outcome, recorder)
                .iter()
                .map(|trap| TrapLine::new(trap, &places))
                .collect(),
            registers: registers(moment),
            csrs: csr_names(recorder)
                .iter()
                .filter_map(|name| {
                    let value = hart.peek_csr(csr_number(name)?)?;
                    Some(((*name).to_owned(), value))
                })
                .collect(),
            instructions: moment
                .steps
                .iter()
                .map(|step| Line::new(step, &places))
                .collect(),
            more: match outcome {
                Outcome::TrapLoop { .. } => 0,
                _ => last(&end).saturating_sub(last(moment)),
            },
        }
    }
}

/// A trap, as text.
#[derive(Clone, Debug)]
pub struct TrapLine {
    /// How many instructions had retired.
    pub count: u64,
    /// The mode it came from.
    pub from: char,
    /// The mode it went to.
    pub to: char,
    /// What happened.
    pub cause: String,
    /// The value written to `mtval` or `stval`.
    pub value: u64,
    /// Where.
    pub place: Place,
    /// The instruction, if it is known.
    pub instruction: Option<String>,
}

impl TrapLine {
    fn new(trap: &TrapTaken, places: &Places<'_>) -> Self {
        let word = trapped_word(trap, places);
        Self {
            count: trap.retired,
            from: trap.from.letter(),
            to: trap.to.letter(),
            cause: trap.cause.to_string(),
            value: trap.value,
            place: trap_place(trap, places),
            instruction: word.map(|word| trapped_text(word, trap)),
        }
    }
}

impl Line {
    /// Whether it is the one before over again, with nothing in between.
    pub(super) fn repeats(&self, previous: &Self) -> bool {
        self.count == previous.count.wrapping_add(1)
            && self.address == previous.address
            && self.values == previous.values
    }

    fn new(step: &Step, places: &Places<'_>) -> Self {
        Self {
            count: step.count,
            privilege: step.retired.privilege.letter(),
            address: step.retired.pc,
            symbol: place(step, places).name(),
            instruction: text(step),
            values: values(step),
        }
    }
}

/// The last traps; of a loop of traps, how it began.
fn traps(outcome: &Outcome, recorder: &Recorder) -> Vec<TrapTaken> {
    let Outcome::TrapLoop { first, .. } = outcome else {
        return recorder.traps.last(recorder.hart()).copied().collect();
    };
    let open = recorder.open_traps();
    let began = open.iter().position(|open| open.taken == *first);
    let from = began.unwrap_or(0).saturating_sub(SHOWN_BEFORE_LOOP);
    let shown = open.iter().skip(from).take(2 * SHOWN_BEFORE_LOOP);
    shown.map(|open| open.taken).collect()
}

/// How many open traps are shown from before a loop of traps began.
const SHOWN_BEFORE_LOOP: usize = 2;

/// CSRs that matter: those of a supervisor only if it took a trap.
fn csr_names(recorder: &Recorder) -> &'static [&'static str] {
    const ALL: [&str; 8] = [
        "mstatus", "mcause", "mepc", "mtval", "satp", "scause", "sepc", "stval",
    ];
    let mut traps = recorder.traps.last(recorder.hart());
    if traps.any(|trap| trap.to == Privilege::Supervisor) {
        &ALL
    } else {
        &ALL[..5]
    }
}

/// Where a trap was taken.
fn trap_place(trap: &TrapTaken, places: &Places<'_>) -> Place {
    use crate::hart::Cause::Exception;
    match trapped_word(trap, places) {
        None if trap.cause == Exception(crate::isa::Exception::InstructionPageFault) => {
            places.find_virtual(trap.epc)
        }
        word => places.find(trap.epc, word),
    }
}

fn place(step: &Step, places: &Places<'_>) -> Place {
    let fetched = step.retired.fetched;
    places.find(step.retired.pc, Some((fetched.word, fetched.len)))
}

fn text(step: &Step) -> String {
    blank(&disassemble(&step.retired.insn, step.retired.pc))
}

/// With a blank for the tab between mnemonic and operands.
fn blank(text: &str) -> String {
    text.replacen('\t', " ", 1)
}

fn values(step: &Step) -> String {
    let shown = step.values.iter().flatten();
    let shown: Vec<String> = shown
        .map(|(register, value)| format!("{}={value:#x}", register.name()))
        .collect();
    shown.join(" ")
}

fn stopped_at(outcome: &Outcome, moment: &Moment, places: &Places<'_>) -> Option<Stopped> {
    let trap = match outcome {
        Outcome::UnexpectedTrap { trap, .. } => Some(trap),
        Outcome::TrapLoop { first, .. } => Some(first),
        _ => None,
    };
    if let Some(trap) = trap {
        let word = trapped_word(trap, places);
        return Some(Stopped {
            place: trap_place(trap, places),
            instruction: word.map(|word| trapped_text(word, trap)),
            values: String::new(),
        });
    }
    let step = moment.steps.back()?;
    Some(Stopped {
        place: place(step, places),
        instruction: Some(text(step)),
        values: values(step),
    })
}

/// The bits of the instruction that trapped, and their length: from the trap itself, or from the
/// guest's file.
fn trapped_word(trap: &TrapTaken, places: &Places<'_>) -> Option<(u32, u8)> {
    use crate::hart::Cause::Exception;
    use crate::isa::Exception::{
        IllegalInstruction, InstructionAccessFault, InstructionAddressMisaligned,
        InstructionPageFault,
    };
    let word = match trap.cause {
        Exception(IllegalInstruction) => trap.value as u32,
        Exception(InstructionAccessFault | InstructionAddressMisaligned | InstructionPageFault) => {
            return None;
        }
        _ => places.word(trap.epc)?,
    };
    let len = length(word as u16);
    let word = if len == 2 { word & 0xffff } else { word };
    Some((word, len))
}

/// The instruction that trapped, as text: also if the hart does not have it.
fn trapped_text((word, _): (u32, u8), trap: &TrapTaken) -> String {
    let all = Isa::default().extensions();
    blank(&disassemble_word(word, all, trap.epc))
}

fn notes(
    outcome: &Outcome,
    harts: &[Hart],
    recorder: &Recorder,
    places: &Places<'_>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let shown = recorder.hart();
    if harts.len() > 1 {
        notes.push(format!("this is of hart {shown} of {}", harts.len()));
    }
    match outcome {
        Outcome::CheckFailed { .. } if recorder.failed_at().is_none() => {
            notes.push("no branch to a symbol `fail` was seen; this is where it ended".into());
        }
        Outcome::UnexpectedTrap { trap, .. } | Outcome::TrapLoop { first: trap, .. } => {
            notes.extend(missing_extension(trap, &harts[shown], places));
        }
        Outcome::Asleep => {
            for hart in harts {
                let whose = match harts.len() {
                    1 => String::new(),
                    _ => format!("hart {}: ", hart.id),
                };
                let mie = hart.csr.mie;
                let enabled = if mie == 0 {
                    "no interrupt is enabled in mie".into()
                } else {
                    format!("mie is {mie:#x}, mip {:#x}", hart.mip())
                };
                notes.push(format!("{whose}{enabled}, and no timer is set"));
            }
        }
        _ => {}
    }
    if let Outcome::TrapLoop { repeated, .. } = outcome {
        let name = if repeated.to == Privilege::Supervisor {
            "stvec"
        } else {
            "mtvec"
        };
        let place = places.find(repeated.handler, None);
        notes.push(format!("the trap handler is at {place} ({name})"));
    }
    notes
}

/// Whether an illegal instruction is one of an extension that the hart lacks.
fn missing_extension(trap: &TrapTaken, hart: &Hart, places: &Places<'_>) -> Option<String> {
    use crate::hart::Cause::Exception;
    if trap.cause != Exception(crate::isa::Exception::IllegalInstruction) {
        return None;
    }
    let (word, _) = trapped_word(trap, places)?;
    let insn = decode(word, Isa::default().extensions())?;
    if decode(word, hart.extensions()).is_some() {
        return None;
    }
    Some(format!(
        "{} belongs to an extension that this machine does not have (see --isa)",
        insn.op.mnemonic()
    ))
}

/// `gp`, the arguments and temporaries, and what the last instructions used.
fn registers(moment: &Moment) -> Vec<(String, u64)> {
    let always = [3].into_iter().chain(10..=17).chain(5..=7).chain(28..=31);
    let mut all: Vec<Register> = always.map(Register::Integer).collect();
    let mut used = BTreeSet::new();
    for step in &moment.steps {
        used.extend(step.values.iter().flatten().map(|(register, _)| *register));
        used.extend(sources(&step.retired.insn).into_iter().flatten());
    }
    used.remove(&Register::Integer(0));
    let more: Vec<Register> = used.into_iter().filter(|r| !all.contains(r)).collect();
    all.extend(more);
    all.into_iter()
        .map(|register| (register.name().to_owned(), moment.register(register)))
        .collect()
}
