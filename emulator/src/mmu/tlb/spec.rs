//! TLBs in words: what `--tlb` takes, and the presets.
//!
//! A specification is a list of terms between commas. The first may be `off` or a preset; the others set parts of it:
//! `i=`, `d=` and `u=` the first level, `l2=` the second, `asid=` the width of an ASID. An array is `SETSxWAYS`, or
//! the number of its entries if it is fully associative, with a policy after a colon: `64x4:lru`, `40:random=7`.
//! `docs/tlb.md` says it in full and names the sources of the presets.

use std::fmt;
use std::str::FromStr;

use super::{ArrayConfig, Geometry, Layout, Replacement, TlbConfig, TlbConfigError};
use crate::mmu::ASID_BITS;

/// A TLB that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlbPreset {
    /// The name, as `--tlb` takes it.
    pub name: &'static str,
    /// One line on what it is.
    pub about: &'static str,
    /// The TLB.
    pub config: TlbConfig,
}

const fn lru(sets: u32, ways: u32) -> ArrayConfig {
    ArrayConfig {
        geometry: Geometry { sets, ways },
        replacement: Replacement::Lru,
    }
}

const fn fifo(sets: u32, ways: u32) -> ArrayConfig {
    ArrayConfig::fifo(sets, ways)
}

const fn split(instruction: ArrayConfig, data: ArrayConfig) -> Layout {
    Layout::Split { instruction, data }
}

/// Every preset. What each figure rests on is in `docs/tlb.md`.
pub const PRESETS: [TlbPreset; 5] = [
    TlbPreset {
        name: "default",
        about: "larger than any real core's, for speed",
        config: TlbConfig::DEFAULT,
    },
    TlbPreset {
        name: "large",
        about: "the default with a second level of 8,192 entries",
        config: TlbConfig {
            second: Some(fifo(1024, 8)),
            ..TlbConfig::DEFAULT
        },
    },
    TlbPreset {
        name: "u54",
        about: "SiFive U54: 32 entries each for fetches and data",
        config: TlbConfig {
            layout: split(fifo(1, 32), fifo(1, 32)),
            second: None,
            asid_bits: 0,
        },
    },
    TlbPreset {
        name: "u74",
        about: "SiFive U74: 40 entries each for fetches and data, a second level, no ASIDs",
        config: TlbConfig {
            layout: split(fifo(1, 40), fifo(1, 40)),
            second: Some(fifo(512, 1)),
            asid_bits: 0,
        },
    },
    TlbPreset {
        name: "c910",
        about: "T-Head C910: 32 and 17 entries, 1,024 entries behind them",
        config: TlbConfig {
            layout: split(lru(1, 32), lru(1, 17)),
            second: Some(fifo(256, 4)),
            asid_bits: 16,
        },
    },
];

/// Why a specification is not one: the term, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{term}`: {reason}")]
pub struct TlbSpecError {
    /// The term, or the whole specification if no term alone is wrong.
    pub term: String,
    /// What is wrong.
    pub reason: String,
}

const TERMS: &str = "i=, d=, u=, l2= and asid=";

/// The names of the presets, for messages: `default, large, …`.
fn names() -> String {
    PRESETS.map(|preset| preset.name).join(", ")
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    // `parse` would take a sign.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

fn policy(text: &str) -> Result<Replacement, String> {
    let (name, seed) = match text.split_once('=') {
        Some((name, seed)) => (name, Some(seed)),
        None => (text, None),
    };
    match (name, seed) {
        ("fifo", None) => Ok(Replacement::Fifo),
        ("lru", None) => Ok(Replacement::Lru),
        ("random", None) => Ok(Replacement::Random(0)),
        ("random", Some(seed)) => number(seed)
            .map(Replacement::Random)
            .ok_or_else(|| format!("`{seed}` is no seed: it is a whole number below 2^64")),
        _ => Err(format!(
            "there is no policy `{text}`: it is fifo, lru, random or random=SEED"
        )),
    }
}

fn array(text: &str) -> Result<ArrayConfig, String> {
    let (size, replacement) = match text.split_once(':') {
        Some((size, name)) => (size, policy(name)?),
        None => (text, Replacement::Fifo),
    };
    let (sets, ways) = match size.split_once('x') {
        Some((sets, ways)) => (sets, ways),
        None => ("1", size.strip_prefix("full=").unwrap_or(size)),
    };
    let (Some(sets), Some(ways)) = (number(sets), number(ways)) else {
        return Err(format!(
            "`{size}` is no size: it is SETSxWAYS, such as 64x4, or a number of entries, such as 40"
        ));
    };
    let geometry = Geometry { sets, ways };
    geometry.check().map_err(|error| error.to_string())?;
    Ok(ArrayConfig {
        geometry,
        replacement,
    })
}

/// What the terms have said so far.
#[derive(Default)]
struct Terms {
    base: Option<TlbConfig>,
    instruction: Option<ArrayConfig>,
    data: Option<ArrayConfig>,
    unified: Option<ArrayConfig>,
    /// `l2=off` takes a preset's second level away.
    second: Option<Option<ArrayConfig>>,
    asid_bits: Option<u32>,
}

fn set<T>(slot: &mut Option<T>, value: T) -> Result<(), String> {
    if slot.is_some() {
        return Err("this part was set before".into());
    }
    *slot = Some(value);
    Ok(())
}

impl Terms {
    fn add(&mut self, term: &str, first: bool) -> Result<(), String> {
        let named = if term == "off" {
            Some(TlbConfig::OFF)
        } else {
            let preset = PRESETS.iter().find(|preset| preset.name == term);
            preset.map(|preset| preset.config)
        };
        if let Some(config) = named {
            if !first {
                return Err("this comes first, and only once".into());
            }
            self.base = Some(config);
            return Ok(());
        }
        match term.split_once('=') {
            Some(("i", value)) => set(&mut self.instruction, array(value)?),
            Some(("d", value)) => set(&mut self.data, array(value)?),
            Some(("u", value)) => set(&mut self.unified, array(value)?),
            Some(("l2", "off")) => set(&mut self.second, None),
            Some(("l2", value)) => set(&mut self.second, Some(array(value)?)),
            Some(("asid", value)) => match number(value) {
                Some(bits) if bits <= ASID_BITS => set(&mut self.asid_bits, bits),
                Some(bits) => Err(TlbConfigError::AsidBits(bits).to_string()),
                None => Err(format!("an ASID has a number of bits, 0 to {ASID_BITS}")),
            },
            _ if term.is_empty() => Err("a term is missing".into()),
            _ if term.starts_with(|c: char| c.is_ascii_digit()) || term.starts_with("full=") => {
                set(&mut self.unified, array(term)?)
            }
            Some((name, _)) => Err(format!("there is no `{name}=`: the terms are {TERMS}")),
            None => Err(format!(
                "this is neither a size, such as 64x4, nor a term ({TERMS}), nor off, nor a preset ({})",
                names()
            )),
        }
    }

    fn layout(&self, base: Option<Layout>) -> Result<Layout, String> {
        let (instruction, data) = match (self.unified, self.instruction, self.data) {
            (Some(array), None, None) => return Ok(Layout::Unified(array)),
            (Some(_), _, _) => {
                return Err("either u= for one array, or i= and d= for two".into());
            }
            (None, None, None) => {
                return base.ok_or_else(|| {
                    "the first level is missing: u= for one array, or i= and d= for two".into()
                });
            }
            (None, instruction, data) => (instruction, data),
        };
        let (base_instruction, base_data) = match base {
            Some(Layout::Split { instruction, data }) => (Some(instruction), Some(data)),
            _ => (None, None),
        };
        match (instruction.or(base_instruction), data.or(base_data)) {
            (Some(instruction), Some(data)) => Ok(Layout::Split { instruction, data }),
            (Some(_), None) => {
                Err("i= is for fetches alone: give d= for data too, or u= for both".into())
            }
            _ => Err("d= is for data alone: give i= for fetches too, or u= for both".into()),
        }
    }

    fn config(&self) -> Result<TlbConfig, String> {
        let off = self.base == Some(TlbConfig::OFF);
        if off && (self.instruction.or(self.data).or(self.unified)).is_some() {
            return Err("off has no arrays".into());
        }
        if off && self.second.flatten().is_some() {
            return Err("off has no arrays: a second level needs a first".into());
        }
        let base = self.base;
        Ok(TlbConfig {
            layout: self.layout(base.map(|base| base.layout))?,
            second: self
                .second
                .unwrap_or_else(|| base.and_then(|base| base.second)),
            asid_bits: self
                .asid_bits
                .unwrap_or_else(|| base.map_or(ASID_BITS, |base| base.asid_bits)),
        })
    }
}

impl FromStr for TlbConfig {
    type Err = TlbSpecError;

    fn from_str(text: &str) -> Result<Self, TlbSpecError> {
        let error = |term: &str, reason| TlbSpecError {
            term: term.to_owned(),
            reason,
        };
        let mut terms = Terms::default();
        for (index, term) in text.split(',').map(str::trim).enumerate() {
            terms
                .add(term, index == 0)
                .map_err(|reason| error(term, reason))?;
        }
        let config = terms.config().map_err(|reason| error(text, reason))?;
        config
            .check()
            .map_err(|reason| error(text, reason.to_string()))?;
        Ok(config)
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.sets, self.ways)
    }
}

impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fifo => f.write_str("fifo"),
            Self::Lru => f.write_str("lru"),
            Self::Random(0) => f.write_str("random"),
            Self::Random(seed) => write!(f, "random={seed}"),
        }
    }
}

impl fmt::Display for ArrayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.geometry, self.replacement)
    }
}

impl fmt::Display for TlbConfig {
    /// The specification in full, which reads back as the same TLB.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layout {
            Layout::Off => f.write_str("off")?,
            Layout::Unified(array) => write!(f, "u={array}")?,
            Layout::Split { instruction, data } => write!(f, "i={instruction},d={data}")?,
        }
        if let Some(array) = self.second {
            write!(f, ",l2={array}")?;
        }
        write!(f, ",asid={}", self.asid_bits)
    }
}
