//! A scenario after reading: one mode, all values known.

use pagewalk::isa::Exception;
use pagewalk::mmu::{Access, FaultReason, Mode, PageSize, Pbmt, WalkConfig};
use std::collections::HashMap;

/// A range of addresses; both ends belong to it.
pub(crate) type Range = (u64, u64);

/// Memory as the scenario describes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) present: Vec<Range>,
    pub(crate) no_read: Vec<Range>,
    pub(crate) no_write: Vec<Range>,
    /// What is not named is zero.
    pub(crate) words: HashMap<u64, u64>,
}

/// One scenario in one mode.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) config: WalkConfig,
    pub(crate) memory: Memory,
    /// The entries that the scenario itself writes, with their lines: each must matter.
    pub(crate) own_entries: Vec<(u64, usize)>,
    pub(crate) asks: Vec<Ask>,
}

/// One access, and what it must come to.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) line: usize,
    pub(crate) va: u64,
    pub(crate) access: Access,
    pub(crate) expected: Expected,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Not translated.
    Identity { pa: u64 },
    /// Translated.
    Page {
        pa: u64,
        size: PageSize,
        /// The low eight bits of the leaf afterwards; `None` if nothing may be written.
        becomes: Option<u64>,
        global: bool,
        memory_type: Pbmt,
    },
    Fault {
        reason: FaultReason,
        /// The level whose entry broke the rule; `None` if no entry was read.
        level: Option<u8>,
        cause: Exception,
        stval: u64,
    },
}

impl Scenario {
    /// The name with the mode, as reports show it.
    pub(crate) fn title(&self) -> String {
        format!("{} [{}]", self.name, mode_name(self.config.mode))
    }
}

pub(crate) const MODES: [Mode; 4] = [Mode::Bare, Mode::Sv39, Mode::Sv48, Mode::Sv57];

/// The word for a mode in the scenarios.
pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Bare => "bare",
        Mode::Sv39 => "sv39",
        Mode::Sv48 => "sv48",
        Mode::Sv57 => "sv57",
    }
}
