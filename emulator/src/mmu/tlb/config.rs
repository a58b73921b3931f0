//! The shape of the modelled TLB.

use thiserror::Error;

use crate::mmu::ASID_BITS;

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

/// The first level: whether fetches have an array of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// No TLB at all: every access walks.
    Off,
    /// One array for fetches, loads and stores.
    Unified(ArrayConfig),
    /// One array for fetches, one for data.
    Split {
        /// For fetches.
        instruction: ArrayConfig,
        /// For loads, stores, AMOs and cache-block operations.
        data: ArrayConfig,
    },
}

/// One array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayConfig {
    /// Its size.
    pub geometry: Geometry,
    /// Its replacement policy.
    pub replacement: Replacement,
}

impl ArrayConfig {
    /// An array with FIFO replacement.
    pub const fn fifo(sets: u32, ways: u32) -> Self {
        Self {
            geometry: Geometry { sets, ways },
            replacement: Replacement::Fifo,
        }
    }

    /// How many entries it has.
    pub const fn entries(&self) -> u64 {
        self.geometry.sets as u64 * self.geometry.ways as u64
    }
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
    /// The first level.
    pub layout: Layout,
    /// The second level, for fetches and data, if there is one. The first level must not be off.
    pub second: Option<ArrayConfig>,
    /// How many bits of an ASID the hart keeps, 0 to 16.
    pub asid_bits: u32,
}

impl Default for TlbConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Why a geometry cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TlbConfigError {
    /// The set index is made of address bits.
    #[error("a TLB needs a power of two sets, not {0}")]
    Sets(u32),
    /// An array without ways holds nothing.
    #[error("a TLB needs at least one way")]
    NoWays,
    /// Beyond any use.
    #[error("a TLB of {sets} sets x {ways} ways is too large: {MAX_ENTRIES} entries are the limit")]
    TooLarge {
        /// The sets asked for.
        sets: u32,
        /// The ways asked for.
        ways: u32,
    },
    /// The architecture has 16.
    #[error("an ASID has at most {ASID_BITS} bits, not {0}")]
    AsidBits(u32),
    /// A second level is filled together with the first.
    #[error("a second level needs a first")]
    SecondAlone,
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
    /// Far more than real cores have: speed first.
    pub const DEFAULT: Self = Self {
        layout: Layout::Split {
            instruction: ArrayConfig::fifo(256, 4),
            data: ArrayConfig::fifo(512, 4),
        },
        second: None,
        asid_bits: ASID_BITS,
    };

    /// No TLB.
    pub const OFF: Self = Self {
        layout: Layout::Off,
        second: None,
        asid_bits: ASID_BITS,
    };

    /// Whether a TLB of this shape can be built.
    pub fn check(&self) -> Result<(), TlbConfigError> {
        if self.asid_bits > ASID_BITS {
            return Err(TlbConfigError::AsidBits(self.asid_bits));
        }
        if self.layout == Layout::Off && self.second.is_some() {
            return Err(TlbConfigError::SecondAlone);
        }
        match self.layout {
            Layout::Off => Ok(()),
            Layout::Unified(array) => array.geometry.check(),
            Layout::Split { instruction, data } => {
                instruction.geometry.check()?;
                data.geometry.check()
            }
        }?;
        self.second.map_or(Ok(()), |array| array.geometry.check())
    }
}
