//! What a machine is made from, and how long it may run.

use crate::hart::{AdChoice, HartConfig};
use crate::isa::Isa;
use std::time::Instant;

/// What a machine is made from.
#[derive(Clone, Debug)]
pub struct MachineConfig {
    /// Bytes of RAM.
    pub memory: u64,
    /// The extensions of the hart.
    pub isa: Isa,
    /// Who sets A and D bits in page tables.
    pub ad: AdChoice,
    /// Instructions per tick of the 10 MHz time base.
    pub instructions_per_tick: u64,
}

impl Default for MachineConfig {
    fn default() -> Self {
        Self {
            memory: 2 << 30,
            isa: Isa::default(),
            ad: AdChoice::default(),
            instructions_per_tick: 100,
        }
    }
}

impl MachineConfig {
    pub(super) fn hart(&self) -> HartConfig {
        HartConfig {
            isa: self.isa,
            ad: self.ad,
            instructions_per_tick: self.instructions_per_tick,
        }
    }
}

/// When to give up on a guest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// After so many instructions.
    pub max_instructions: Option<u64>,
    /// At this time of the host's clock.
    pub deadline: Option<Instant>,
}
