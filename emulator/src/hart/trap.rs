//! Traps: what raises one, where it goes, and the way back.

use super::{Hart, csr, status};
use crate::isa::{Exception, Interrupt, Privilege};
use std::fmt;

/// An exception that an instruction raised, with the value for `mtval` or `stval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What happened.
    pub exception: Exception,
    /// The faulting address, or the instruction's bits, or zero.
    pub value: u64,
}

impl Trap {
    /// A trap.
    pub fn new(exception: Exception, value: u64) -> Self {
        Self { exception, value }
    }
}

/// Why a trap was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A synchronous exception.
    Exception(Exception),
    /// An interrupt.
    Interrupt(Interrupt),
}

impl Cause {
    /// The cause as `mcause` and `scause` hold it.
    pub fn bits(self) -> u64 {
        match self {
            Self::Exception(exception) => exception as u64,
            Self::Interrupt(interrupt) => 1 << 63 | interrupt as u64,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception(exception) => exception.fmt(f),
            Self::Interrupt(interrupt) => interrupt.fmt(f),
        }
    }
}

/// A trap that was taken: for logs and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrapTaken {
    /// The number of the hart that took it.
    pub hart: usize,
    /// Why.
    pub cause: Cause,
    /// The value written to `mtval` or `stval`.
    pub value: u64,
    /// The pc of the instruction that trapped or was interrupted.
    pub epc: u64,
    /// The privilege it ran in.
    pub from: Privilege,
    /// The privilege the handler runs in.
    pub to: Privilege,
    /// Where the handler is.
    pub handler: u64,
    /// How many instructions had retired.
    pub retired: u64,
}

/// Interrupts in the order in which they are taken.
const PRIORITY: [Interrupt; 6] = [
    Interrupt::MachineExternal,
    Interrupt::MachineSoftware,
    Interrupt::MachineTimer,
    Interrupt::SupervisorExternal,
    Interrupt::SupervisorSoftware,
    Interrupt::SupervisorTimer,
];

impl Hart {
    /// Takes a trap: saves the state, enters the handler's mode, and jumps to it.
    pub fn take_trap(&mut self, cause: Cause, value: u64) -> TrapTaken {
        let from = self.privilege;
        let epc = self.pc;
        let (delegated, number, interrupt) = match cause {
            Cause::Exception(exception) => (self.csr.medeleg, exception as u64, false),
            Cause::Interrupt(interrupt) => (self.csr.mideleg, interrupt as u64, true),
        };
        let to_supervisor = from <= Privilege::Supervisor && delegated >> number & 1 != 0;
        let vector = |tvec: u64| {
            let offset = if interrupt && tvec & 1 != 0 {
                4 * number
            } else {
                0
            };
            (tvec & !3).wrapping_add(offset)
        };
        let old = self.csr.mstatus;
        let mut new = old;
        let (to, handler) = if to_supervisor {
            self.csr.scause = cause.bits();
            self.csr.sepc = epc;
            self.csr.stval = value;
            set(&mut new, status::SPIE, old & status::SIE != 0);
            set(&mut new, status::SPP, from == Privilege::Supervisor);
            set(&mut new, status::SIE, false);
            (Privilege::Supervisor, vector(self.csr.stvec))
        } else {
            self.csr.mcause = cause.bits();
            self.csr.mepc = epc;
            self.csr.mtval = value;
            set(&mut new, status::MPIE, old & status::MIE != 0);
            new = new & !status::MPP | (from as u64) << status::MPP_SHIFT;
            set(&mut new, status::MIE, false);
            (Privilege::Machine, vector(self.csr.mtvec))
        };
        self.set_mstatus(new);
        self.set_privilege(to);
        self.pc = handler;
        TrapTaken {
            hart: self.id,
            cause,
            value,
            epc,
            from,
            to,
            handler,
            retired: self.retired,
        }
    }

    /// The interrupt to take before the next instruction, if any.
    pub fn pending_interrupt(&mut self) -> Option<Interrupt> {
        self.check_interrupts = false;
        let pending = self.mip() & self.csr.mie;
        if pending == 0 {
            return None;
        }
        let machine_on = self.privilege < Privilege::Machine || self.csr.mstatus & status::MIE != 0;
        let supervisor_on = match self.privilege {
            Privilege::User => true,
            Privilege::Supervisor => self.csr.mstatus & status::SIE != 0,
            Privilege::Machine => false,
        };
        // Interrupts for M-mode come before those for S-mode, whatever their kind.
        let for_machine = if machine_on {
            pending & !self.csr.mideleg
        } else {
            0
        };
        let for_supervisor = if supervisor_on {
            pending & self.csr.mideleg
        } else {
            0
        };
        let enabled = if for_machine != 0 {
            for_machine
        } else {
            for_supervisor
        };
        PRIORITY
            .into_iter()
            .find(|interrupt| enabled & interrupt.mask() != 0)
    }

    /// Whether `wfi` has something to wake up for: an interrupt that is pending and enabled in
    /// `mie`, whether or not it can be taken.
    pub fn has_wakeup(&self) -> bool {
        self.mip() & self.csr.mie != 0
    }

    /// Returns from a trap handler that ran in M-mode.
    pub fn return_from_machine(&mut self) {
        let old = self.csr.mstatus;
        let to = Privilege::from_bits(old >> status::MPP_SHIFT).unwrap_or_default();
        let mut new = old;
        if to != Privilege::Machine {
            set(&mut new, status::MPRV, false);
        }
        set(&mut new, status::MIE, old & status::MPIE != 0);
        set(&mut new, status::MPIE, true);
        new = new & !status::MPP | (self.least_privilege() as u64) << status::MPP_SHIFT;
        self.set_mstatus(new);
        self.note_csr(csr::MSTATUS, self.csr.mstatus);
        self.set_privilege(to);
        self.next_pc = csr::read_mepc(self);
    }

    /// Returns from a trap handler that ran in S-mode.
    pub fn return_from_supervisor(&mut self) {
        let old = self.csr.mstatus;
        let to = if old & status::SPP != 0 {
            Privilege::Supervisor
        } else {
            Privilege::User
        };
        let mut new = old;
        set(&mut new, status::MPRV, false);
        set(&mut new, status::SIE, old & status::SPIE != 0);
        set(&mut new, status::SPIE, true);
        set(&mut new, status::SPP, false);
        self.set_mstatus(new);
        self.note_csr(csr::MSTATUS, self.csr.mstatus);
        self.set_privilege(to);
        self.next_pc = csr::read_sepc(self);
    }
}

fn set(word: &mut u64, mask: u64, on: bool) {
    *word = if on { *word | mask } else { *word & !mask };
}
