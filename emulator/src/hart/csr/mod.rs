//! Control and status registers: one table of what exists, who may touch it, and what a read or a
//! write does.
//!
//! The number of a CSR says its privilege (bits 9:8) and whether it is read-only (bits 11:10); the
//! table adds the rest. Reading has no side effect.

mod hooks;
mod table;

pub(crate) use hooks::{MENVCFG_ADUE, MENVCFG_PBMTE, MENVCFG_STCE, misa_bit, read_mepc, read_sepc};
pub use table::{ROWS, Row};

use super::{Hart, Trap};
use crate::isa::{Exception, Privilege};
use std::sync::LazyLock;

/// `fflags`.
pub const FFLAGS: u16 = 0x001;
/// `frm`.
pub const FRM: u16 = 0x002;
/// `mstatus`.
pub const MSTATUS: u16 = 0x300;
/// `mcycle`.
pub const MCYCLE: u16 = 0xb00;
/// `minstret`.
pub const MINSTRET: u16 = 0xb02;
/// `sie`.
pub const SIE: u16 = 0x104;
/// `misa`.
pub const MISA: u16 = 0x301;
/// `mie`.
pub const MIE: u16 = 0x304;
/// `mip`.
pub const MIP: u16 = 0x344;
/// `satp`.
pub const SATP: u16 = 0x180;

/// The registers that are just values; those with a life of their own (PMP, triggers, counters)
/// are elsewhere in the hart.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are the manual's")]
pub struct CsrState {
    pub mstatus: u64,
    pub misa: u64,
    pub medeleg: u64,
    pub mideleg: u64,
    pub mie: u64,
    /// The bits of `mip` that software wrote.
    pub mip_software: u64,
    /// The bits of `mip` that devices and timers drive.
    pub mip_lines: u64,
    pub mtvec: u64,
    pub mscratch: u64,
    pub mepc: u64,
    pub mcause: u64,
    pub mtval: u64,
    pub mcounteren: u64,
    pub mcountinhibit: u64,
    pub menvcfg: u64,
    pub mstateen: [u64; 4],
    pub stvec: u64,
    pub sscratch: u64,
    pub sepc: u64,
    pub scause: u64,
    pub stval: u64,
    pub scounteren: u64,
    pub senvcfg: u64,
    pub sstateen: [u64; 4],
    pub satp: u64,
    pub stimecmp: u64,
    pub fflags: u8,
    pub frm: u8,
}

/// From a CSR's number to its place in the table.
static INDEX: LazyLock<Vec<Option<&'static Row>>> = LazyLock::new(|| {
    let mut index = vec![None; 4096];
    for row in ROWS {
        index[usize::from(row.number) & 0xfff] = Some(row);
    }
    index
});

/// The table's row for a CSR number.
pub fn row(number: u16) -> Option<&'static Row> {
    INDEX.get(usize::from(number)).copied().flatten()
}

impl Hart {
    /// Finds a CSR that the current privilege may read, or write too.
    fn accessible(&self, number: u16, write: bool) -> Option<&'static Row> {
        let row = row(number)?;
        let lowest = Privilege::from_bits(u64::from(number >> 8)).unwrap_or(Privilege::Machine);
        let read_only = number >> 10 == 3;
        let allowed = (row.exists)(self)
            && self.privilege >= lowest
            && !(write && read_only)
            && (row.allowed)(self);
        allowed.then_some(row)
    }

    /// Reads a CSR for an instruction that will also write it if `write` is set.
    pub fn read_csr(&self, number: u16, write: bool) -> Result<u64, Trap> {
        match self.accessible(number, write) {
            Some(row) => Ok((row.read)(self)),
            None => Err(Trap::new(Exception::IllegalInstruction, 0)),
        }
    }

    /// Writes a CSR that [`Hart::read_csr`] allowed to be written.
    pub fn write_csr(&mut self, number: u16, value: u64) {
        if let Some(row) = row(number) {
            (row.write)(self, value);
            if !row.alias {
                self.note_csr(number, (row.read)(self));
            }
            log::debug!(target: "csr", "hart {} {} pc {:#x}: {} = {:#x}", self.id, self.privilege, self.pc, row.name, (row.read)(self));
            self.check_interrupts = true;
        }
    }

    /// A CSR's value as a debugger or a report wants it: without asking for permission.
    pub fn peek_csr(&self, number: u16) -> Option<u64> {
        let row = row(number)?;
        (row.exists)(self).then(|| (row.read)(self))
    }
}
