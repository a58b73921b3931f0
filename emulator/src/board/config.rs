//! What a machine is made from, and how long it may run.

use crate::engine::EngineKind;
use crate::hart::HartConfig;
use crate::isa::{Extension, Isa};
use crate::mmu::TlbConfig;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Who sets the A and D bits of page-table entries, as the user chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdChoice {
    /// As the ISA says: the hardware, unless it names Svade.
    #[default]
    Isa,
    /// The hardware, until software clears `menvcfg.ADUE`: Svadu without Svade.
    Hardware,
    /// Software, since an access that needs them set faults: Svade without Svadu.
    Fault,
}

impl AdChoice {
    /// The ISA with the choice in it.
    pub fn apply(self, isa: Isa) -> Isa {
        match self {
            Self::Isa => isa,
            Self::Hardware => isa.without(Extension::Svade).with(Extension::Svadu),
            Self::Fault => isa.without(Extension::Svadu).with(Extension::Svade),
        }
    }
}

/// What the time follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockSource {
    /// Retired instructions, so that a run is the same each time.
    #[default]
    Instructions,
    /// The host's clock.
    Host,
}

/// How many harts a machine can have.
pub const MAX_HARTS: usize = 8;

/// What a machine is made from.
#[derive(Clone, Debug)]
pub struct MachineConfig {
    /// Bytes of RAM.
    pub memory: u64,
    /// How many harts, 1 to [`MAX_HARTS`].
    pub harts: usize,
    /// The extensions of each hart.
    pub isa: Isa,
    /// Who sets A and D bits in page tables.
    pub ad: AdChoice,
    /// Instructions that each hart has time for in a tick of the 10 MHz time base.
    pub instructions_per_tick: u64,
    /// What the time follows.
    pub clock: ClockSource,
    /// What the real-time clock shows at the start, in nanoseconds since 1970.
    pub date: u64,
    /// The shape of each hart's TLB.
    pub tlb: TlbConfig,
    /// Whether the sanitizer watches.
    pub check: bool,
    /// Which engine runs the harts.
    pub engine: EngineKind,
}

/// The date when a machine starts unless it is told another: 2025-01-01 00:00:00 UTC. A fixed one,
/// so that a run is the same each time.
pub const DATE: u64 = 1_735_689_600_000_000_000;

impl Default for MachineConfig {
    fn default() -> Self {
        Self {
            memory: 2 << 30,
            harts: 1,
            isa: Isa::default(),
            ad: AdChoice::default(),
            instructions_per_tick: 100,
            clock: ClockSource::default(),
            date: DATE,
            tlb: TlbConfig::default(),
            check: false,
            engine: EngineKind::default(),
        }
    }
}

impl MachineConfig {
    pub(super) fn hart(&self) -> HartConfig {
        HartConfig {
            isa: self.ad.apply(self.isa),
            steps_per_tick: self.instructions_per_tick.saturating_mul(self.harts as u64),
            tlb: self.tlb,
        }
    }
}

/// When to give up on a guest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// After so many instructions of all harts together, counted from reset.
    pub max_instructions: Option<u64>,
    /// At this time of the host's clock.
    pub deadline: Option<Instant>,
    /// When this becomes true: a signal came, or nobody wants the rest.
    pub stop: Option<&'static AtomicBool>,
}
