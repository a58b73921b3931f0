//! Two engines side by side: each block is run by the threaded engine, then once more by the reference engine on a
//! copy of the machine, and both must have done the same.
//!
//! The copy has RAM of its own. What devices answered the first time is played to it from a tape, and what they
//! stored is copied; the harts are copied at the start of each run.

use super::reference::{before_instruction, repeats, step};
use super::threaded::{Reach, Threaded, host};
use super::{Decoder, Observer, Pause, Reference, Retired};
use crate::hart::{Hart, Interest, TrapTaken};
use crate::isa::disassemble;
use crate::mem::{Bus, PAGE_SIZE, PhysAddr, Ram};
use std::collections::VecDeque;
use std::fmt;

/// How many instructions and blocks are remembered.
const REMEMBERED: usize = 16;

/// Blocks between two comparisons of everything that takes long to compare.
const OFTEN: u64 = 4096;

/// Instructions between two comparisons of all RAM.
const SELDOM: u64 = 1 << 26;

/// How two engines differed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    hart: usize,
    retired: u64,
    what: Vec<String>,
    blocks: Vec<String>,
    instructions: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "the engines differ: hart {}, after {} instructions (reference engine)",
            self.hart, self.retired
        )?;
        for what in &self.what {
            writeln!(f, "  {what}")?;
        }
        writeln!(f, "the last blocks of the threaded engine:")?;
        for block in &self.blocks {
            writeln!(f, "  {block}")?;
        }
        write!(f, "the last instructions of the reference engine:")?;
        for instruction in &self.instructions {
            write!(f, "\n  {instruction}")?;
        }
        Ok(())
    }
}

/// What was run last.
#[derive(Default)]
struct History {
    /// Where each block began, in which hart, and how many instructions of it retired.
    blocks: VecDeque<(usize, u64, u64)>,
    instructions: VecDeque<(usize, Retired)>,
}

fn remember<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == REMEMBERED {
        list.pop_front();
    }
    list.push_back(item);
}

/// Watches the reference engine's instructions.
struct Watch<'a>(&'a mut History);

impl Observer for Watch<'_> {
    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        remember(&mut self.0.instructions, (hart.id, *retired));
    }
}

/// The lockstep engine of a machine.
pub struct Lockstep {
    threaded: Threaded,
    decoder: Decoder,
    last_traps: Vec<Option<TrapTaken>>,
    /// For runs that someone watches instruction by instruction: those are not compared.
    references: Vec<Reference>,
    shadow: Option<Shadow>,
    history: History,
    blocks: u64,
    instructions: u64,
    difference: Difference,
}

/// The copy of the machine's bus.
struct Shadow {
    bus: Bus,
    /// [`crate::mem::Memory::generation`] when RAM was last copied.
    generation: u64,
}

impl Lockstep {
    /// An engine for so many harts.
    pub fn new(harts: usize) -> Self {
        Self {
            threaded: Threaded::new(harts),
            decoder: Decoder::default(),
            last_traps: vec![None; harts],
            references: (0..harts).map(|_| Reference::default()).collect(),
            shadow: None,
            history: History::default(),
            blocks: 0,
            instructions: 0,
            difference: Difference::default(),
        }
    }

    /// How the engines differed, after [`Pause::Differs`].
    pub fn difference(&self) -> &Difference {
        &self.difference
    }

    /// Runs a hart until `instructions` have retired, or something else must be looked at.
    pub fn run<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        instructions: u64,
        observer: &mut O,
    ) -> Pause {
        if observer.wants_each_instruction() || O::EVENTS || hart.checker.is_some() {
            // Nobody knows afterwards what was stored.
            self.shadow = None;
            return match self.references.get_mut(hart.id) {
                Some(reference) => reference.run(hart, bus, instructions, observer),
                None => Pause::Budget,
            };
        }
        let _restored = host::Control::save();
        hart.effects.enabled = false;
        hart.watch(Interest::Nothing);
        bus.memory_mut().watch_reservations(hart.id);
        hart.catch_up(bus);
        let Some(mut shadow) = Shadow::follow(self.shadow.take(), bus, self.references.len())
        else {
            return self.references[hart.id].run(hart, bus, instructions, observer);
        };
        shadow.bus.memory_mut().watch_reservations(hart.id);
        let mut copy = hart.clone();
        copy.catch_up(&mut shadow.bus);
        let end = hart.retired.saturating_add(instructions);
        let pause = loop {
            let pause = before_instruction(hart, observer);
            let same = before_instruction(&mut copy, &mut ());
            if pause != same {
                self.difference.what = vec![format!(
                    "before it: {pause:?} (threaded), {same:?} (reference)"
                )];
                break self.differs(&copy);
            }
            if let Some(pause) = pause {
                break pause;
            }
            if hart.retired >= end {
                break Pause::Budget;
            }
            let trap = match self.block(hart, bus, end, &mut copy, &mut shadow, observer) {
                Ok(trap) => trap,
                Err(what) => {
                    self.difference.what = what;
                    break self.differs(&copy);
                }
            };
            if let Some(taken) = trap {
                let last = &mut self.last_traps[hart.id];
                if repeats(*last, &taken) {
                    break Pause::TrapLoop(taken);
                }
                *last = Some(taken);
            }
            if bus.needs_attention() {
                break Pause::Attention;
            }
        };
        self.shadow = Some(shadow);
        pause
    }

    /// Runs one block twice. Gives the trap that ended it, or what differed.
    fn block<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        end: u64,
        copy: &mut Hart,
        shadow: &mut Shadow,
        observer: &mut O,
    ) -> Result<Option<TrapTaken>, Vec<String>> {
        let (pc, before) = (hart.pc, hart.retired);
        let trap = self
            .threaded
            .advance(hart, bus, end - before, Reach::Block, observer);
        let retired = hart.retired.wrapping_sub(before);
        remember(&mut self.history.blocks, (hart.id, pc, retired));
        let unplayed = shadow.bus.play(bus.record());
        let mut watch = Watch(&mut self.history);
        for _ in 0..retired {
            if copy.check_interrupts
                && copy.retired != before
                && let Some(interrupt) = copy.pending_interrupt()
            {
                return Err(vec![format!(
                    "{interrupt} is to be taken at {:#x}, but the threaded engine went on",
                    copy.pc
                )]);
            }
            if let Err(trap) = step(copy, &mut shadow.bus, &mut self.decoder, &mut watch) {
                return Err(vec![format!(
                    "the instruction at {:#x} trapped: {} ({:#x}), but not in the threaded engine",
                    copy.pc, trap.exception, trap.value
                )]);
            }
            copy.events.reuse(Vec::new());
        }
        let mut same_trap = None;
        if trap.is_some() {
            match step(copy, &mut shadow.bus, &mut self.decoder, &mut watch) {
                Ok(()) => {
                    return Err(vec!["the last instruction did not trap".into()]);
                }
                Err(trap) => {
                    let cause = crate::hart::Cause::Exception(trap.exception);
                    same_trap = Some(copy.take_trap(cause, trap.value));
                }
            }
        }
        let mut what = Vec::new();
        if trap != same_trap {
            what.push(format!(
                "the trap is {trap:?} (threaded), {same_trap:?} (reference)"
            ));
        }
        let unplayed = unplayed + shadow.bus.play(Vec::new());
        if unplayed != 0 {
            what.push(format!("{unplayed} accesses to devices were others"));
        }
        compare_memory(&mut what, bus, &mut shadow.bus);
        self.blocks += 1;
        self.instructions += retired;
        hart.compare(
            copy,
            self.blocks.is_multiple_of(OFTEN),
            |name, threaded, reference| {
                what.push(format!(
                    "{name} is {threaded} (threaded), {reference} (reference)"
                ));
            },
        );
        if self.instructions >= SELDOM {
            self.instructions = 0;
            what.extend(first_difference(bus, &shadow.bus));
        }
        if what.is_empty() { Ok(trap) } else { Err(what) }
    }

    fn differs(&mut self, copy: &Hart) -> Pause {
        self.difference.hart = copy.id;
        self.difference.retired = copy.retired;
        self.difference.blocks = self
            .history
            .blocks
            .iter()
            .map(|(hart, pc, count)| format!("hart {hart}: {count} instructions from {pc:#x}"))
            .collect();
        self.difference.instructions = self
            .history
            .instructions
            .iter()
            .map(|(hart, it)| {
                let text = disassemble(&it.insn, it.pc);
                format!(
                    "hart {hart}: {:#x} ({:#010x}) {text}",
                    it.pc, it.fetched.word
                )
            })
            .collect();
        Pause::Differs
    }
}

impl Shadow {
    /// Brings the copy up to date with what was stored between two runs. `None` if the host has no room for it.
    fn follow(old: Option<Self>, bus: &mut Bus, harts: usize) -> Option<Self> {
        bus.record();
        let journal = bus.memory_mut().take_journal();
        let generation = bus.memory().generation();
        let mut shadow = match old {
            Some(shadow) if shadow.generation == generation => shadow,
            _ => {
                let range = bus.ram().range();
                let ram = Ram::new(PhysAddr(range.start), range.end - range.start).ok()?;
                let mut copy = Bus::new(ram, harts);
                for at in bus.ram().used_pages() {
                    let page = bus.ram().slice(at, PAGE_SIZE)?;
                    if page.iter().any(|byte| *byte != 0) {
                        copy.ram_mut()
                            .slice_mut(at, PAGE_SIZE)?
                            .copy_from_slice(page);
                    }
                }
                let doorbell = bus.memory().doorbell();
                copy.memory_mut().set_doorbell(doorbell);
                copy.memory_mut().copy_reservations(bus.memory());
                Self {
                    bus: copy,
                    generation,
                }
            }
        };
        for (_, at, length) in journal.into_iter().filter(|(hart, ..)| hart.is_none()) {
            let bytes = bus.ram().slice(at, length)?;
            shadow.bus.memory_mut().store_from_device(at, bytes).ok()?;
        }
        shadow.bus.take_device_touched();
        shadow.bus.memory_mut().forget_request();
        shadow.bus.memory_mut().take_journal();
        shadow.bus.play(Vec::new());
        Some(shadow)
    }
}

/// Compares what the reference engine stored.
fn compare_memory(what: &mut Vec<String>, bus: &Bus, shadow: &mut Bus) {
    for (_, at, length) in shadow.memory_mut().take_journal() {
        let (threaded, reference) = (bus.ram().slice(at, length), shadow.ram().slice(at, length));
        if threaded != reference {
            let line = format!(
                "memory at {at} is {threaded:02x?} (threaded), {reference:02x?} (reference)"
            );
            // A loop may store there many times.
            if !what.contains(&line) {
                what.push(line);
            }
        }
    }
}

/// Compares all RAM.
fn first_difference(bus: &Bus, shadow: &Bus) -> Option<String> {
    let mut pages = bus.ram().used_pages();
    pages.extend(shadow.ram().used_pages());
    let page = pages
        .into_iter()
        .find(|at| bus.ram().slice(*at, PAGE_SIZE) != shadow.ram().slice(*at, PAGE_SIZE))?;
    Some(format!(
        "the page at {page} differs, without a store of the reference engine since it was last the same"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hart::HartConfig;
    use crate::isa::{Isa, assemble, encode};
    use crate::mmu::TlbConfig;

    const BASE: PhysAddr = PhysAddr(0x8000_0000);

    /// A hart, and a loop that loads, adds and stores.
    fn machine() -> (Hart, Bus, Lockstep) {
        let config = HartConfig {
            isa: Isa::default(),
            steps_per_tick: 100,
            tlb: TlbConfig::default(),
        };
        let mut bus = Bus::new(Ram::new(BASE, 0x4000).unwrap(), 1);
        let program = [
            "auipc\ts0,0x1",
            "ld\ta0,0(s0)",
            "addi\ta0,a0,3",
            "sd\ta0,0(s0)",
            "jal\tzero,0x80000004",
        ];
        for (n, line) in program.into_iter().enumerate() {
            let at = BASE.offset(4 * n as u64);
            let word = encode(&assemble(line, at.0).unwrap()).unwrap();
            bus.ram_mut().store(at, 4, word.into()).unwrap();
        }
        let mut hart = Hart::new(0, &config);
        hart.pc = BASE.0;
        (hart, bus, Lockstep::new(1))
    }

    #[test]
    fn engines_that_agree_run_on() {
        let (mut hart, mut bus, mut lockstep) = machine();
        for _ in 0..20 {
            let pause = lockstep.run(&mut hart, &mut bus, 1_001, &mut ());
            assert_eq!(pause, Pause::Budget, "{}", lockstep.difference());
        }
        assert_eq!(hart.retired, 20_020);
        assert_eq!(bus.ram().load(BASE.offset(0x1000), 8), Some(5_005 * 3));
    }

    #[test]
    fn a_difference_in_memory_is_told_with_both_histories() {
        let (mut hart, mut bus, mut lockstep) = machine();
        lockstep.run(&mut hart, &mut bus, 101, &mut ());
        // As if one of the engines had stored something else.
        let shadow = lockstep.shadow.as_mut().unwrap();
        shadow
            .bus
            .memory_mut()
            .store_from_device(BASE.offset(0x1000), &[0xff])
            .unwrap();
        shadow.bus.memory_mut().take_journal();
        let pause = lockstep.run(&mut hart, &mut bus, 101, &mut ());
        assert_eq!(pause, Pause::Differs);
        let text = lockstep.difference().to_string();
        assert!(
            text.contains("x10 is 0x63 (threaded), 0x117 (reference)"),
            "{text}"
        );
        assert!(
            text.contains("hart 0: 32 instructions from 0x80000004"),
            "{text}"
        );
        assert!(text.contains("sd\ta0,0(s0)"), "{text}");
    }

    #[test]
    fn what_the_host_changes_in_ram_both_see() {
        let (mut hart, mut bus, mut lockstep) = machine();
        lockstep.run(&mut hart, &mut bus, 101, &mut ());
        bus.memory_mut()
            .store_from_device(BASE.offset(0x1000), &[0x40, 0])
            .unwrap();
        assert_eq!(
            lockstep.run(&mut hart, &mut bus, 40, &mut ()),
            Pause::Budget
        );
        bus.ram_mut().store(BASE.offset(0x1000), 8, 7).unwrap();
        assert_eq!(
            lockstep.run(&mut hart, &mut bus, 40, &mut ()),
            Pause::Budget
        );
        assert_eq!(bus.ram().load(BASE.offset(0x1000), 8), Some(7 + 10 * 3));
    }
}
