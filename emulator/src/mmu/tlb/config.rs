//! The shape of the modelled TLB.

use thiserror::Error;

/// The most entries one array may have; more would be memory without a purpose.
const MAX_ENTRIES: u64 = 1 << 20;

/// How many sets and ways one array has. One set makes it fully associative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// The number of sets, a power of two.
    pub sets: u32,
    /// The entries of each set.
    pub ways: u32,
}

/// Whether fetches have an array of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// No TLB at all: every access walks.
    Off,
    /// One array for fetches, loads and stores.
    Unified(Geometry),
    /// One array for fetches, one for data.
    Split {
        /// For fetches.
        instruction: Geometry,
        /// For loads, stores, AMOs and cache-block operations.
        data: Geometry,
    },
}

/// Which entry of a full set makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// The one filled longest ago.
    Fifo,
    /// Any, by a generator that starts from this seed.
    Random(u64),
    /// The one used longest ago. The only policy that a hit changes.
    Lru,
}

/// The shape and policy of a TLB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlbConfig {
    /// The arrays.
    pub layout: Layout,
    /// The replacement policy of every array.
    pub replacement: Replacement,
}

impl Default for TlbConfig {
    /// Far more than real cores have: speed first.
    fn default() -> Self {
        Self {
            layout: Layout::Split {
                instruction: Geometry { sets: 256, ways: 4 },
                data: Geometry { sets: 512, ways: 4 },
            },
            replacement: Replacement::Fifo,
        }
    }
}

/// Why a geometry cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TlbConfigError {
    /// The set index is made of address bits.
    #[error("a TLB needs a power of two sets, not {0}")]
    Sets(u32),
    /// An array without ways holds nothing.
    #[error("a TLB needs at least one way; use `off` for none")]
    NoWays,
    /// Beyond any use.
    #[error("a TLB of {sets} sets x {ways} ways is too large: {MAX_ENTRIES} entries are the limit")]
    TooLarge {
        /// The sets asked for.
        sets: u32,
        /// The ways asked for.
        ways: u32,
    },
}

impl Geometry {
    /// Whether an array of this shape can be built.
    pub fn check(self) -> Result<(), TlbConfigError> {
        let Self { sets, ways } = self;
        if !sets.is_power_of_two() {
            Err(TlbConfigError::Sets(sets))
        } else if ways == 0 {
            Err(TlbConfigError::NoWays)
        } else if u64::from(sets) * u64::from(ways) > MAX_ENTRIES {
            Err(TlbConfigError::TooLarge { sets, ways })
        } else {
            Ok(())
        }
    }
}

impl TlbConfig {
    /// Whether a TLB of this shape can be built.
    pub fn check(&self) -> Result<(), TlbConfigError> {
        match self.layout {
            Layout::Off => Ok(()),
            Layout::Unified(geometry) => geometry.check(),
            Layout::Split { instruction, data } => instruction.check().and_then(|()| data.check()),
        }
    }
}
