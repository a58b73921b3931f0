//! A memory of words with page tables in it, for tests.

use std::collections::HashMap;
use std::ops::Range;

use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    AdPolicy, EntryError, Mode, PageSize, PageTableMemory, PageTableWriter, Pte, PteRules,
    WalkConfig,
};

/// Where the root table lies. Every table is within [`RAM`].
const ROOT: u64 = 0x8000_0000;
const RAM: Range<u64> = 0x8000_0000..0x8800_0000;

/// Page tables, and the memory that holds them.
#[derive(Clone)]
pub(super) struct Tables {
    pub(super) config: WalkConfig,
    /// PMP forbids the walk to read these, and so to write them.
    pub(super) denied: Range<u64>,
    /// An entry that another hart changes just before the next update.
    pub(super) race: Option<(u64, u64)>,
    words: HashMap<u64, u64>,
    next_table: u64,
}

impl Tables {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            config: WalkConfig {
                mode,
                root_ppn: ROOT >> 12,
                rules: PteRules {
                    svnapot: true,
                    svpbmt: true,
                },
                ad: AdPolicy::Hardware,
            },
            denied: 0..0,
            race: None,
            words: HashMap::new(),
            next_table: ROOT + 0x1000,
        }
    }

    /// Maps a page, and makes the tables above it.
    pub(super) fn map(&mut self, va: u64, size: PageSize, pa: u64, bits: u64) -> &mut Self {
        let mut table = ROOT;
        for level in (size.level() + 1..self.config.mode.levels()).rev() {
            let at = table + Mode::index(VirtAddr(va), level) * 8;
            if self.word(at) == 0 {
                self.words
                    .insert(at, Pte::new(self.next_table >> 12, Pte::V).0);
                self.next_table += 0x1000;
            }
            table = Pte(self.word(at)).target().0;
        }
        let at = table + Mode::index(VirtAddr(va), size.level()) * 8;
        self.words.insert(at, Pte::new(pa >> 12, bits).0);
        self
    }

    /// Where the entry of a level for an address lies.
    pub(super) fn entry_at(&self, va: u64, level: u8) -> u64 {
        let mut table = ROOT;
        for above in (level + 1..self.config.mode.levels()).rev() {
            table = Pte(self.word(table + Mode::index(VirtAddr(va), above) * 8))
                .target()
                .0;
        }
        table + Mode::index(VirtAddr(va), level) * 8
    }

    pub(super) fn entry(&self, va: u64, level: u8) -> Pte {
        Pte(self.word(self.entry_at(va, level)))
    }

    pub(super) fn set(&mut self, va: u64, level: u8, bits: u64) -> &mut Self {
        let at = self.entry_at(va, level);
        *self.words.entry(at).or_default() |= bits;
        self
    }

    pub(super) fn clear(&mut self, va: u64, level: u8, bits: u64) -> &mut Self {
        let at = self.entry_at(va, level);
        *self.words.entry(at).or_default() &= !bits;
        self
    }

    fn word(&self, at: u64) -> u64 {
        self.words.get(&at).copied().unwrap_or(0)
    }
}

impl PageTableMemory for Tables {
    fn read_entry(&mut self, at: PhysAddr) -> Result<u64, EntryError> {
        assert_eq!(at.0 % 8, 0, "entries are aligned");
        if self.denied.contains(&at.0) {
            Err(EntryError::Denied)
        } else if !RAM.contains(&at.0) {
            Err(EntryError::OutsideMemory)
        } else {
            Ok(self.word(at.0))
        }
    }
}

impl PageTableWriter for Tables {
    fn replace_entry(&mut self, at: PhysAddr, old: Pte, new: Pte) -> Result<bool, EntryError> {
        if self.denied.contains(&at.0) {
            return Err(EntryError::Denied);
        }
        if let Some((at, value)) = self.race.take() {
            self.words.insert(at, value);
        }
        let still = self.word(at.0) == old.0;
        if still {
            self.words.insert(at.0, new.0);
        }
        Ok(still)
    }
}
