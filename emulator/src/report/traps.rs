//! The traps of a run: how many of each cause, and the last of them.

use crate::engine::Observer;
use crate::hart::{Cause, Hart, TrapTaken};
use crate::isa::{Exception, Interrupt};
use std::collections::VecDeque;

/// How many of the last traps of each hart are kept.
pub const KEPT: usize = 8;

/// Counts traps and keeps the last. It costs nothing between traps.
#[derive(Clone, Debug)]
pub struct TrapHistory {
    exceptions: [u64; 64],
    interrupts: [u64; 64],
    /// By hart.
    last: Vec<VecDeque<TrapTaken>>,
}

impl Default for TrapHistory {
    fn default() -> Self {
        Self {
            exceptions: [0; 64],
            interrupts: [0; 64],
            last: Vec::new(),
        }
    }
}

impl TrapHistory {
    /// The last traps of a hart, oldest first. One that is the same over and over, with nothing
    /// in between, is kept twice.
    pub fn last(&self, hart: usize) -> impl DoubleEndedIterator<Item = &TrapTaken> {
        self.last.get(hart).into_iter().flatten()
    }

    /// Every cause that occurred and how often, exceptions first, by number.
    pub fn counts(&self) -> Vec<(Cause, u64)> {
        let exceptions = EXCEPTIONS.into_iter().map(|cause| {
            (
                Cause::Exception(cause),
                self.exceptions[cause as usize & 63],
            )
        });
        let interrupts = INTERRUPTS.into_iter().map(|cause| {
            (
                Cause::Interrupt(cause),
                self.interrupts[cause as usize & 63],
            )
        });
        let all = exceptions.chain(interrupts);
        all.filter(|&(_, count)| count != 0).collect()
    }

    /// How many traps there were.
    pub fn total(&self) -> u64 {
        self.exceptions.iter().chain(&self.interrupts).sum()
    }

    /// The trap that began a hart's loop of traps: the last one that did not happen at the first
    /// instruction of its own handler.
    pub fn before_loop(&self, hart: usize) -> Option<&TrapTaken> {
        self.last(hart).rev().find(|trap| trap.epc != trap.handler)
    }
}

impl Observer for TrapHistory {
    fn wants_each_instruction(&self) -> bool {
        false
    }

    fn trapped(&mut self, _: &Hart, trap: &TrapTaken) {
        let count = match trap.cause {
            Cause::Exception(cause) => &mut self.exceptions[cause as usize & 63],
            Cause::Interrupt(cause) => &mut self.interrupts[cause as usize & 63],
        };
        *count += 1;
        if self.last.len() <= trap.hart {
            self.last.resize_with(trap.hart + 1, VecDeque::new);
        }
        let last = &mut self.last[trap.hart];
        let repeated = last.iter().rev().take_while(|&other| other == trap).count();
        if repeated >= 2 {
            return;
        }
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(*trap);
    }
}

const EXCEPTIONS: [Exception; 14] = [
    Exception::InstructionAddressMisaligned,
    Exception::InstructionAccessFault,
    Exception::IllegalInstruction,
    Exception::Breakpoint,
    Exception::LoadAddressMisaligned,
    Exception::LoadAccessFault,
    Exception::StoreAddressMisaligned,
    Exception::StoreAccessFault,
    Exception::EnvironmentCallFromU,
    Exception::EnvironmentCallFromS,
    Exception::EnvironmentCallFromM,
    Exception::InstructionPageFault,
    Exception::LoadPageFault,
    Exception::StorePageFault,
];

const INTERRUPTS: [Interrupt; 6] = [
    Interrupt::SupervisorSoftware,
    Interrupt::MachineSoftware,
    Interrupt::SupervisorTimer,
    Interrupt::MachineTimer,
    Interrupt::SupervisorExternal,
    Interrupt::MachineExternal,
];
