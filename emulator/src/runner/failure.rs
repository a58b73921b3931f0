//! Why a test failed: where it stopped, its last traps and instructions, its registers.

use super::Outcome;
use crate::hart::{Hart, TrapTaken};
use crate::isa::{Isa, csr_number, decode, disassemble, disassemble_word, length};
use crate::loader::Guest;
use crate::report::place::{Place, Places};
use crate::report::recorder::{Recorder, Register, Step, sources};
use std::collections::BTreeSet;
use std::fmt;

/// Why a test failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The instruction that made it fail, or the one it came to.
    pub stopped_at: Option<Stopped>,
    /// What else there is to say.
    pub notes: Vec<String>,
    /// The last traps, oldest first.
    pub traps: Vec<String>,
    /// Registers that matter: name and value.
    pub registers: Vec<(String, u64)>,
    /// CSRs that matter: name and value.
    pub csrs: Vec<(String, u64)>,
    /// The last instructions, oldest first.
    pub instructions: Vec<Line>,
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
    pub(super) fn new(outcome: &Outcome, guest: &Guest, hart: &Hart, recorder: &Recorder) -> Self {
        let places = Places::new(guest);
        Self {
            stopped_at: stopped_at(outcome, recorder, &places),
            notes: notes(outcome, hart, recorder, &places),
            traps: recorder
                .traps
                .last()
                .map(|trap| describe_trap(trap, &places))
                .collect(),
            registers: registers(hart, recorder),
            csrs: ["mstatus", "mcause", "mepc", "mtval", "satp"]
                .into_iter()
                .filter_map(|name| {
                    let value = hart.peek_csr(csr_number(name)?)?;
                    Some((name.to_owned(), value))
                })
                .collect(),
            instructions: recorder
                .steps()
                .map(|step| Line::new(step, &places))
                .collect(),
        }
    }
}

impl Line {
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

fn stopped_at(outcome: &Outcome, recorder: &Recorder, places: &Places<'_>) -> Option<Stopped> {
    let trap = match outcome {
        Outcome::UnexpectedTrap { trap, .. } => Some(trap),
        Outcome::TrapLoop { first, .. } => Some(first),
        _ => None,
    };
    if let Some(trap) = trap {
        let word = trapped_word(trap, places);
        let all = Isa::default().extensions();
        return Some(Stopped {
            place: places.find(trap.epc, word),
            instruction: word.map(|(word, _)| blank(&disassemble_word(word, all, trap.epc))),
            values: String::new(),
        });
    }
    let failed_at = match outcome {
        Outcome::CheckFailed { .. } => recorder.failed_at(),
        _ => None,
    };
    let step = failed_at.or(recorder.steps().next_back())?;
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

fn notes(outcome: &Outcome, hart: &Hart, recorder: &Recorder, places: &Places<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    match outcome {
        Outcome::CheckFailed { .. } if recorder.failed_at().is_none() => {
            notes.push("no branch to a symbol `fail` was seen; this is where it ended".into());
        }
        Outcome::UnexpectedTrap { trap, .. } | Outcome::TrapLoop { first: trap, .. } => {
            notes.extend(missing_extension(trap, hart, places));
        }
        Outcome::Asleep => {
            let mie = hart.csr.mie;
            let enabled = if mie == 0 {
                "no interrupt is enabled in mie".into()
            } else {
                format!("mie is {mie:#x}, mip {:#x}", hart.mip())
            };
            notes.push(format!("{enabled}, and no timer is set"));
        }
        _ => {}
    }
    if let Outcome::TrapLoop { repeated, .. } = outcome {
        let name = if repeated.to == crate::isa::Privilege::Supervisor {
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

fn describe_trap(trap: &TrapTaken, places: &Places<'_>) -> String {
    format!(
        "#{} {} at {}, value {:#x}, {} to {}",
        trap.retired,
        trap.cause,
        places.find(trap.epc, None),
        trap.value,
        trap.from,
        trap.to
    )
}

/// `gp`, the arguments and temporaries, and what the last instructions used.
fn registers(hart: &Hart, recorder: &Recorder) -> Vec<(String, u64)> {
    let always = [3].into_iter().chain(10..=17).chain(5..=7).chain(28..=31);
    let mut all: Vec<Register> = always.map(Register::Integer).collect();
    let mut used = BTreeSet::new();
    for step in recorder.steps() {
        used.extend(step.values.iter().flatten().map(|(register, _)| *register));
        used.extend(sources(&step.retired.insn).into_iter().flatten());
    }
    used.remove(&Register::Integer(0));
    let more: Vec<Register> = used.into_iter().filter(|r| !all.contains(r)).collect();
    all.extend(more);
    all.into_iter()
        .map(|register| (register.name().to_owned(), register.read(hart)))
        .collect()
}

/// The width of the titles on the left.
const TITLE: usize = 14;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut block = |title: &str, lines: Vec<String>| -> fmt::Result {
            let mut title = title;
            for line in lines {
                writeln!(f, "  {title:TITLE$}{}", line.trim_end())?;
                title = "";
            }
            Ok(())
        };
        if let Some(stopped) = &self.stopped_at {
            let mut lines = vec![stopped.place.to_string()];
            if let Some(instruction) = &stopped.instruction {
                lines.push(format!("{instruction:24}  {}", stopped.values));
            }
            block("stopped at", lines)?;
        }
        block("note", self.notes.clone())?;
        block("last traps", self.traps.clone())?;
        block("registers", in_columns(&self.registers))?;
        block("CSRs", in_columns(&self.csrs))?;
        let width = |of: fn(&Line) -> usize| self.instructions.iter().map(of).max().unwrap_or(0);
        let count = width(|line| line.count.to_string().len());
        let address = width(|line| format!("{:#x}", line.address).len());
        let symbol = width(|line| line.symbol.len()).min(28);
        let instruction = width(|line| line.instruction.len()).min(32);
        let lines = self.instructions.iter().map(|line| {
            let Line {
                count: number,
                privilege,
                instruction: text,
                values,
                ..
            } = line;
            format!(
                "#{number:<count$} {privilege} {:#0address$x} {:symbol$}  {text:instruction$}  {values}",
                line.address, line.symbol
            )
        });
        block("last instrs", lines.collect())
    }
}

fn in_columns(registers: &[(String, u64)]) -> Vec<String> {
    let row = |row: &[(String, u64)]| {
        let cells = row
            .iter()
            .map(|(name, value)| format!("{name:>7} {value:016x}"));
        cells.collect::<Vec<_>>().join(" ")
    };
    registers.chunks(4).map(row).collect()
}
