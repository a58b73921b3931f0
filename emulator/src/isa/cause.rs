//! Trap causes: exceptions and interrupts, with the numbers of the privileged manual.

use std::fmt;

/// A synchronous exception (`mcause` with the interrupt bit clear).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the manual's")]
pub enum Exception {
    InstructionAddressMisaligned = 0,
    InstructionAccessFault = 1,
    IllegalInstruction = 2,
    Breakpoint = 3,
    LoadAddressMisaligned = 4,
    LoadAccessFault = 5,
    StoreAddressMisaligned = 6,
    StoreAccessFault = 7,
    EnvironmentCallFromU = 8,
    EnvironmentCallFromS = 9,
    EnvironmentCallFromM = 11,
    InstructionPageFault = 12,
    LoadPageFault = 13,
    StorePageFault = 15,
}

impl Exception {
    /// What a person would call it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::InstructionAddressMisaligned => "instruction address misaligned",
            Self::InstructionAccessFault => "instruction access fault",
            Self::IllegalInstruction => "illegal instruction",
            Self::Breakpoint => "breakpoint",
            Self::LoadAddressMisaligned => "load address misaligned",
            Self::LoadAccessFault => "load access fault",
            Self::StoreAddressMisaligned => "store/AMO address misaligned",
            Self::StoreAccessFault => "store/AMO access fault",
            Self::EnvironmentCallFromU => "environment call from U-mode",
            Self::EnvironmentCallFromS => "environment call from S-mode",
            Self::EnvironmentCallFromM => "environment call from M-mode",
            Self::InstructionPageFault => "instruction page fault",
            Self::LoadPageFault => "load page fault",
            Self::StorePageFault => "store/AMO page fault",
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe())
    }
}

/// An interrupt (`mcause` with the interrupt bit set); the number is its bit in `mip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the manual's")]
pub enum Interrupt {
    SupervisorSoftware = 1,
    MachineSoftware = 3,
    SupervisorTimer = 5,
    MachineTimer = 7,
    SupervisorExternal = 9,
    MachineExternal = 11,
}

impl Interrupt {
    /// The interrupt's bit in `mip`, `mie` and `mideleg`.
    #[inline]
    pub const fn mask(self) -> u64 {
        1 << self as u8
    }

    /// What a person would call it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::SupervisorSoftware => "supervisor software interrupt",
            Self::MachineSoftware => "machine software interrupt",
            Self::SupervisorTimer => "supervisor timer interrupt",
            Self::MachineTimer => "machine timer interrupt",
            Self::SupervisorExternal => "supervisor external interrupt",
            Self::MachineExternal => "machine external interrupt",
        }
    }
}

impl fmt::Display for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe())
    }
}
