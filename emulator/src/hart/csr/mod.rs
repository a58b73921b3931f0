//! Control and status registers: one table of what exists, who may touch it, and what a read or a
//! write does.
//!
//! The number of a CSR says its privilege (bits 9:8) and whether it is read-only (bits 11:10); the
//! table adds the rest. Reading has no side effect.

mod hooks;
mod table;

pub(crate) use hooks::{
    ENVCFG_CBCFE, ENVCFG_CBIE, ENVCFG_CBZE, MENVCFG_ADUE, MENVCFG_PBMTE, MENVCFG_STCE, misa_bit,
    read_mepc, read_sepc,
};
pub use table::{ROWS, Row};

use super::{Event, Hart, Trap};
use crate::isa::{Exception, Interrupt, Privilege};
use std::sync::LazyLock;

/// `fflags`.
pub const FFLAGS: u16 = 0x001;
/// `frm`.
pub const FRM: u16 = 0x002;
/// `mstatus`.
pub const MSTATUS: u16 = 0x300;
/// `misa`.
pub const MISA: u16 = 0x301;
/// `pmpaddr0`, the first of many.
pub const PMPADDR0: u16 = 0x3b0;
/// `mie`.
pub const MIE: u16 = 0x304;
/// `mip`.
pub const MIP: u16 = 0x344;
/// `satp`.
pub const SATP: u16 = 0x180;
/// `mcycle`.
pub const MCYCLE: u16 = 0xb00;
/// `minstret`.
pub const MINSTRET: u16 = 0xb02;

/// The registers that are just values; those with a life of their own (PMP, triggers, counters)
/// are elsewhere in the hart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

    /// What a read-modify-write instruction changes, where that is not what it reads: of
    /// `mip.SEIP` it changes the bit that software wrote, without the line of the interrupt
    /// controller.
    pub fn csr_to_modify(&self, number: u16, read: u64) -> u64 {
        let external = Interrupt::SupervisorExternal.mask();
        match number {
            MIP => read & !external | self.csr.mip_software & external,
            _ => read,
        }
    }

    /// Writes a CSR that [`Hart::read_csr`] allowed to be written.
    pub fn write_csr(&mut self, number: u16, value: u64) {
        if let Some(row) = row(number) {
            (row.write)(self, value);
            if !row.silent {
                // A counter that was written counts the instruction that writes it.
                let counts = [MCYCLE, MINSTRET].contains(&number);
                let now = if counts { value } else { (row.read)(self) };
                self.note_csr(number, now);
            }
            if self.events.wanted() {
                let value = (row.read)(self);
                self.events.push(Event::Csr { number, value });
            }
            self.check_interrupts = true;
        }
    }

    /// A CSR's value as a debugger or a report wants it: without asking for permission.
    pub fn peek_csr(&self, number: u16) -> Option<u64> {
        let row = row(number)?;
        (row.exists)(self).then(|| (row.read)(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hart::HartConfig;
    use crate::isa::{CSRS, Isa, csr_name};

    fn hart(isa: Isa) -> Hart {
        let config = HartConfig {
            isa,
            steps_per_tick: 100,
            tlb: crate::mmu::TlbConfig::default(),
        };
        Hart::new(0, &config)
    }

    #[test]
    fn the_table_and_the_names_agree() {
        for row in ROWS {
            assert_eq!(csr_name(row.number), Some(row.name), "{:#x}", row.number);
        }
    }

    #[test]
    fn no_number_stands_twice() {
        let mut numbers: Vec<u16> = ROWS.iter().map(|row| row.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ROWS.len());
    }

    #[test]
    fn every_named_csr_is_there_but_those_of_what_is_left_out() {
        // Triggers compare no context.
        let absent = ["scontext", "hcontext", "mcontext", "tcontrol"];
        for &(number, name) in CSRS {
            assert_eq!(row(number).is_none(), absent.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_write_never_leaves_what_cannot_be_read_back_and_written_again() {
        for row in ROWS {
            for value in [0, u64::MAX, 0x5555_5555_5555_5555, 0x8000_0000_0000_0002] {
                let mut hart = hart(Isa::EVERYTHING);
                (row.write)(&mut hart, value);
                let legal = (row.read)(&hart);
                (row.write)(&mut hart, legal);
                // A counter moves by the instruction that writes it.
                if !["mcycle", "minstret"].contains(&row.name) {
                    assert_eq!((row.read)(&hart), legal, "{} = {value:#x}", row.name);
                }
            }
        }
    }

    #[test]
    fn the_line_of_the_interrupt_controller_is_not_written_back() {
        let mut hart = hart(Isa::default());
        let external = Interrupt::SupervisorExternal;
        hart.set_line(external, true);
        let read = hart.read_csr(MIP, true).unwrap();
        assert_eq!(read, external.mask());
        let software = Interrupt::SupervisorSoftware.mask();
        hart.write_csr(MIP, hart.csr_to_modify(MIP, read) | software);
        hart.set_line(external, false);
        assert_eq!(hart.mip(), software);
    }

    #[test]
    fn stimecmp_takes_over_a_timer_interrupt_that_software_had_set() {
        let mut hart = hart(Isa::default());
        let timer = Interrupt::SupervisorTimer.mask();
        hart.write_csr(MIP, timer);
        assert_eq!(hart.mip(), timer);
        hart.write_csr(0x30a, MENVCFG_STCE);
        assert_eq!(hart.mip(), 0);
        hart.write_csr(0x14d, 0);
        assert_eq!(hart.mip(), timer);
    }

    #[test]
    fn privilege_and_read_only_follow_from_the_number() {
        let mut hart = hart(Isa::default());
        assert!(hart.read_csr(0xf14, false).is_ok(), "mhartid can be read");
        assert!(hart.read_csr(0xf14, true).is_err(), "but not written");
        hart.set_privilege(Privilege::Supervisor);
        assert!(hart.read_csr(MSTATUS, false).is_err());
        assert!(hart.read_csr(SATP, true).is_ok());
        hart.set_privilege(Privilege::User);
        assert!(hart.read_csr(SATP, false).is_err());
    }
}
