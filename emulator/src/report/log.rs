//! Instructions and traps in the log: targets `exec` (trace), `trap` and `irq` (info).
//!
//! These lines come from an observer and not from log macros in the engine, so that a run that
//! nobody watches carries none of it.

use super::place::Place;
use crate::engine::{Observer, Retired};
use crate::hart::{Cause, Hart, TrapTaken};
use crate::isa::disassemble;
use crate::loader::Guest;
use crate::trace;
use log::{Level, log_enabled};

/// Writes a line for each instruction and each trap.
pub struct LogObserver<'a> {
    guest: &'a Guest,
    instructions: bool,
}

impl<'a> LogObserver<'a> {
    /// The observer, if the log is to have any of its lines.
    pub fn if_wanted(guest: &'a Guest) -> Option<Self> {
        let instructions = log_enabled!(target: trace::EXEC, Level::Trace);
        let traps = log_enabled!(target: trace::TRAP, Level::Info);
        let interrupts = log_enabled!(target: trace::IRQ, Level::Info);
        (instructions || traps || interrupts).then_some(Self {
            guest,
            instructions,
        })
    }

    fn place(&self, pc: u64) -> String {
        let place = Place::of(self.guest, pc);
        match place.symbol {
            Some(_) => format!("va:{pc:#018x} <{}>", place.name()),
            None => format!("va:{pc:#018x}"),
        }
    }
}

impl Observer for LogObserver<'_> {
    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        if !self.instructions {
            return;
        }
        let digits = usize::from(retired.fetched.len) * 2;
        log::trace!(
            target: trace::EXEC,
            "hart {} #{} {} {} {:0digits$x} {}",
            hart.id,
            hart.retired.wrapping_sub(1),
            retired.privilege,
            self.place(retired.pc),
            retired.fetched.word,
            disassemble(&retired.insn, retired.pc).replacen('\t', " ", 1),
        );
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        let target = match trap.cause {
            Cause::Exception(_) => trace::TRAP,
            Cause::Interrupt(_) => trace::IRQ,
        };
        log::info!(
            target: target,
            "hart {} #{} {} {} {}, value {:#x}, to {} at {}",
            hart.id,
            trap.retired,
            trap.from,
            self.place(trap.epc),
            trap.cause,
            trap.value,
            trap.to,
            self.place(trap.handler),
        );
    }
}
