//! A whole address space: every mapping that the tables hold, found as the walk would find it and
//! merged while they are read, so that a map of terabytes takes no more room than what it says.
//!
//! Tables may be anything: a table that points to itself is read as the walk reads it, once for
//! each level, and [`SpaceLimits`] bounds what tables that point to each other can cost.

use super::pte::PteClass;
use super::{EntryError, FaultReason, Mode, PageSize, PageTableMemory, Pte, PteRules};
use crate::mem::{PhysAddr, VirtAddr};

/// How many entries a table has.
pub const TABLE_ENTRIES: u64 = 512;

/// How much of an address space is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceLimits {
    /// Entries read.
    pub entries: u64,
    /// Ranges kept, those that work and those that do not apart.
    pub ranges: usize,
}

impl Default for SpaceLimits {
    /// Enough for 64 GiB of single pages.
    fn default() -> Self {
        Self {
            entries: 1 << 24,
            ranges: 1 << 18,
        }
    }
}

/// Which address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceConfig {
    /// The translation mode.
    pub mode: Mode,
    /// The root table.
    pub root: PhysAddr,
    /// Which optional bits entries may use.
    pub rules: PteRules,
    /// Where to stop.
    pub limits: SpaceLimits,
}

/// Virtual addresses that one run of equal leaves maps to physical ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappedRange {
    /// The first virtual address.
    pub va: VirtAddr,
    /// How many bytes.
    pub size: u64,
    /// The first physical address.
    pub pa: PhysAddr,
    /// The size of each page.
    pub page: PageSize,
    /// The bits that all leaves have in common: everything but V, N and the page number.
    pub bits: Pte,
    /// G in the leaves or in an entry above them.
    pub global: bool,
    /// Where the first leaf lies.
    pub entry: PhysAddr,
}

impl MappedRange {
    /// The bits of a leaf that a range tells: not V, which all have, nor N, which the size tells.
    pub const BITS: u64 =
        Pte::R | Pte::W | Pte::X | Pte::U | Pte::G | Pte::A | Pte::D | Pte::RSW | Pte::PBMT;

    /// The last virtual address.
    pub const fn last(&self) -> VirtAddr {
        VirtAddr(self.va.0.wrapping_add(self.size.wrapping_sub(1)))
    }

    /// The last physical address.
    pub const fn last_pa(&self) -> PhysAddr {
        PhysAddr(self.pa.0.wrapping_add(self.size.wrapping_sub(1)))
    }

    /// Whether a leaf goes on where this range ends, with the same bits.
    fn goes_on(&self, next: &Self) -> bool {
        self.va.0.wrapping_add(self.size) == next.va.0
            && self.pa.0.wrapping_add(self.size) == next.pa.0
            && (self.page, self.bits, self.global) == (next.page, next.bits, next.global)
    }
}

/// Virtual addresses whose entries are valid but break a rule, so that every access faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenRange {
    /// The first virtual address.
    pub va: VirtAddr,
    /// How many bytes.
    pub size: u64,
    /// The level of the entries.
    pub level: u8,
    /// The rule.
    pub reason: FaultReason,
    /// Where the first entry lies.
    pub entry: PhysAddr,
    /// The first entry; zero if it cannot be read.
    pub pte: Pte,
    /// How many entries.
    pub count: u64,
}

/// A table, and the entry through which it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSeen {
    /// Where it lies.
    pub at: PhysAddr,
    /// Its level; the root has the highest.
    pub level: u8,
    /// The first virtual address that it translates.
    pub va: VirtAddr,
    /// The entry that points to it; none for the root.
    pub from: Option<PhysAddr>,
}

/// What the tables of an address space say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// What is mapped, by virtual address.
    pub ranges: Vec<MappedRange>,
    /// What is broken, by virtual address.
    pub broken: Vec<BrokenRange>,
    /// The tables, in the order of the walk. A table that is reached twice is there twice.
    pub tables: Vec<TableSeen>,
    /// How many leaves there are.
    pub leaves: u64,
    /// How many entries were read.
    pub entries: u64,
    /// The address at which a limit ended the enumeration.
    pub cut_at: Option<VirtAddr>,
}

impl Space {
    /// Reads the tables of an address space. Bare mode has none.
    pub fn read(config: &SpaceConfig, memory: &mut impl PageTableMemory) -> Self {
        let mut space = Self::default();
        if let Some(top) = config.mode.levels().checked_sub(1) {
            let root = TableSeen {
                at: config.root,
                level: top,
                va: VirtAddr(0),
                from: None,
            };
            // False only says that a limit was reached, which `cut_at` tells.
            let _ = space.read_table(config, root, false, memory);
        }
        space
    }

    /// How many bytes are mapped; as many as there are at most.
    pub fn bytes(&self) -> u64 {
        let sizes = self.ranges.iter().map(|range| range.size);
        sizes.fold(0, u64::saturating_add)
    }

    /// The ranges that map any of `size` bytes at a physical address.
    pub fn mapping(&self, pa: PhysAddr, size: u64) -> impl Iterator<Item = &MappedRange> {
        let last = pa.0.saturating_add(size.saturating_sub(1));
        let mut ranges = self.ranges.iter();
        std::iter::from_fn(move || {
            ranges.find(|range| range.pa.0 <= last && range.last_pa().0 >= pa.0)
        })
    }

    /// Reads one table and those below it. False if a limit ended it.
    fn read_table(
        &mut self,
        config: &SpaceConfig,
        table: TableSeen,
        global: bool,
        memory: &mut impl PageTableMemory,
    ) -> bool {
        self.tables.push(table);
        let level = table.level;
        let size = PageSize::at_level(level).bytes();
        for index in 0..TABLE_ENTRIES {
            let va = entry_address(config.mode, table.va, level, index);
            if self.entries >= config.limits.entries
                || self.ranges.len().max(self.broken.len()) > config.limits.ranges
            {
                self.cut_at = Some(va);
                return false;
            }
            self.entries += 1;
            let at = table.at.offset(index * 8);
            let (pte, class) = read_entry(config.rules, level, at, memory);
            match class {
                Err(FaultReason::NotValid) => {}
                Err(reason) => self.add_broken(BrokenRange {
                    va,
                    size,
                    level,
                    reason,
                    entry: at,
                    pte,
                    count: 1,
                }),
                Ok(PteClass::Leaf(page)) => self.add_leaf(MappedRange {
                    va,
                    // Each entry of a NAPOT range stands for its own 4 KiB.
                    size,
                    pa: pte.map(va, page),
                    page,
                    bits: Pte(pte.0 & MappedRange::BITS),
                    global: global || pte.global(),
                    entry: at,
                }),
                Ok(PteClass::Pointer) => {
                    let next = TableSeen {
                        at: pte.target(),
                        level: level - 1,
                        va,
                        from: Some(at),
                    };
                    if !self.read_table(config, next, global || pte.global(), memory) {
                        return false;
                    }
                }
            }
        }
        true
    }

    fn add_leaf(&mut self, leaf: MappedRange) {
        self.leaves += 1;
        match self.ranges.last_mut() {
            Some(last) if last.goes_on(&leaf) => last.size += leaf.size,
            _ => self.ranges.push(leaf),
        }
    }

    fn add_broken(&mut self, broken: BrokenRange) {
        match self.broken.last_mut() {
            Some(last)
                if last.va.0.wrapping_add(last.size) == broken.va.0
                    && (last.level, last.reason) == (broken.level, broken.reason) =>
            {
                last.size += broken.size;
                last.count += 1;
            }
            _ => self.broken.push(broken),
        }
    }
}

/// The entry at an address and what it is at its level. Level 0 has no pointers.
pub(super) fn read_entry(
    rules: PteRules,
    level: u8,
    at: PhysAddr,
    memory: &mut impl PageTableMemory,
) -> (Pte, Result<PteClass, FaultReason>) {
    match memory.read_entry(at) {
        Ok(raw) => {
            let class = match Pte(raw).classify(level, rules) {
                Ok(PteClass::Pointer) if level == 0 => Err(FaultReason::LevelExhausted),
                class => class,
            };
            (Pte(raw), class)
        }
        Err(EntryError::OutsideMemory) => (Pte(0), Err(FaultReason::EntryOutsideMemory)),
        Err(EntryError::Denied) => (Pte(0), Err(FaultReason::EntryDenied)),
    }
}

/// The first virtual address of an entry, canonical.
pub(super) const fn entry_address(mode: Mode, table: VirtAddr, level: u8, index: u64) -> VirtAddr {
    let raw = table.0 | index << PageSize::at_level(level).bits();
    let unused = 64 - mode.va_bits();
    VirtAddr(((raw << unused) as i64 >> unused) as u64)
}
