//! The modelled TLB: what a real one would hold, entry for entry.
//!
//! It caches leaves only. Each hit checks permission again with the rule that the walk uses ([`Hit::check`]), so a
//! change of SUM, MXR or privilege needs no flush.

mod array;
mod config;
mod spec;

use array::Array;
pub use config::{ArrayConfig, Geometry, Layout, Replacement, TlbConfig, TlbConfigError};
pub use spec::{PRESETS, TlbPreset, TlbSpecError};

use std::fmt;

use super::{
    Access, AccessKind, AdPolicy, FaultReason, Leaf, MAX_LEVELS, Mode, PageSize, Pte, Walk,
};
use crate::mem::{PhysAddr, VirtAddr};

/// What an entry belongs to: ASID and, above it, the translation mode, so that no Sv39 entry answers for Sv48.
type Space = u32;

const ASID_MASK: Space = 0xffff;

const fn space(mode: Mode, asid: u16) -> Space {
    (mode as Space) << 16 | asid as Space
}

/// A level of the TLB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TlbLevel {
    /// The first, next to the hart.
    #[default]
    First,
    /// The second, which is asked when the first misses.
    Second,
}

/// One of the arrays that a TLB is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlbArray {
    /// First level, for fetches.
    Instruction,
    /// First level, for data.
    Data,
    /// First level, for both.
    Unified,
    /// Second level.
    Second,
}

impl TlbArray {
    /// Its name: `ITLB`, `DTLB`, `TLB`, `L2 TLB`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instruction => "ITLB",
            Self::Data => "DTLB",
            Self::Unified => "TLB",
            Self::Second => "L2 TLB",
        }
    }
}

impl fmt::Display for TlbArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a hit gives: enough to check the access and to form the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// The leaf as it was cached, with the A and D that it had then.
    pub pte: Pte,
    /// The size of the page.
    pub size: PageSize,
    /// The level that answered.
    pub level: TlbLevel,
    /// The epoch of the sanitizer at which the entry was last known to agree with the tables.
    pub epoch: u64,
}

impl Hit {
    /// Whether the cached leaf allows the access, and which of A and D hardware must still set: if any, the caller
    /// walks again. The same rule as the walk's.
    #[inline]
    pub fn check(&self, access: Access, ad: AdPolicy) -> Result<u64, FaultReason> {
        self.pte.check(access, ad)
    }

    /// The physical address of a virtual address in this page.
    #[inline]
    pub const fn map(&self, va: VirtAddr) -> PhysAddr {
        self.pte.map(va, self.size)
    }
}

/// One cached translation, with where and when it came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The first address of the page.
    pub va: VirtAddr,
    /// The size of the page.
    pub size: PageSize,
    /// The leaf as it was cached.
    pub pte: Pte,
    /// The address space that it was filled for.
    pub asid: u16,
    /// Whether it is in every address space.
    pub global: bool,
    /// The translation mode that it was filled in.
    pub mode: Mode,
    /// The caller's time of the fill (an instruction count).
    pub filled_at: u64,
    /// The sanitizer's time of the fill ([`super::check::Checker::clock`]).
    pub stamp: u64,
    origin: [PhysAddr; MAX_LEVELS],
    origin_count: u8,
}

impl Entry {
    /// The entry that a walk's leaf makes. `None` if the walk did not end in a leaf.
    pub fn from_walk(walk: &Walk, mode: Mode, asid: u16, filled_at: u64) -> Option<Self> {
        let Leaf {
            size, pte, global, ..
        } = walk.leaf()?;
        let mut origin = [PhysAddr(0); MAX_LEVELS];
        for (slot, step) in origin.iter_mut().zip(walk.steps()) {
            *slot = step.at;
        }
        Some(Self {
            va: VirtAddr(walk.va.0 & !size.mask()),
            size,
            pte,
            asid,
            global,
            mode,
            filled_at,
            stamp: 0,
            origin,
            origin_count: walk.steps().len() as u8,
        })
    }

    /// The addresses of the page-table entries that it came from, root first; the last is the leaf's.
    pub fn origin(&self) -> &[PhysAddr] {
        self.origin
            .get(..usize::from(self.origin_count))
            .unwrap_or(&[])
    }

    /// The first physical address of the page.
    pub const fn pa(&self) -> PhysAddr {
        self.pte.map(self.va, self.size)
    }

    /// Whether the page holds an address.
    pub const fn contains(&self, va: VirtAddr) -> bool {
        va.0 & !self.size.mask() == self.va.0
    }

    fn space(&self) -> Space {
        space(self.mode, self.asid)
    }

    fn space_mask(&self) -> Space {
        if self.global { !ASID_MASK } else { !0 }
    }

    fn hit(&self) -> Hit {
        Hit {
            pte: self.pte,
            size: self.size,
            ..Hit::default()
        }
    }
}

/// An `sfence.vma` or `sinval.vma`, in one of its four forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fence {
    /// rs1, unless it is x0: only the page that holds this address.
    pub va: Option<VirtAddr>,
    /// rs2, unless it is x0: only this address space, and no global entry.
    pub asid: Option<u16>,
}

impl Fence {
    /// Everything.
    pub const ALL: Self = Self {
        va: None,
        asid: None,
    };

    /// The place of its form in lists: all, by address, by ASID, by both.
    pub const fn form(&self) -> usize {
        self.va.is_some() as usize | (self.asid.is_some() as usize) << 1
    }
}

/// What was put into one array of the TLB and what left it. Accesses, hits and misses are counted by the hart, for
/// each privilege and kind of access ([`super::Statistics`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Entries put in.
    pub fills: u64,
    /// Entries that made room for another.
    pub evictions: u64,
    /// Entries that fences dropped.
    pub flushed: u64,
}

impl Counters {
    /// Adds what the same array did at another time.
    pub fn add(&mut self, other: &Self) {
        self.fills += other.fills;
        self.evictions += other.evictions;
        self.flushed += other.flushed;
    }
}

/// What an insertion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inserted {
    /// The entry that made room. Whatever was derived from it must go too.
    pub evicted: Option<Entry>,
    /// The entry for the same page that was there before.
    pub replaced: Option<Entry>,
}

/// The modelled TLB of one hart.
#[derive(Clone)]
pub struct Tlb {
    config: TlbConfig,
    /// The first level: fetches use the first array, data the last.
    arrays: Vec<Array>,
    second: Option<Array>,
}

impl Tlb {
    /// An empty TLB.
    pub fn new(config: TlbConfig) -> Result<Self, TlbConfigError> {
        config.check()?;
        let array = |config| Array::new(config, TlbLevel::First);
        let arrays = match config.layout {
            Layout::Off => vec![array(ArrayConfig::fifo(0, 0))],
            Layout::Unified(config) => vec![array(config)],
            Layout::Split { instruction, data } => vec![array(instruction), array(data)],
        };
        let second = config
            .second
            .map(|config| Array::new(config, TlbLevel::Second));
        Ok(Self {
            config,
            arrays,
            second,
        })
    }

    /// The shape that it was made with.
    pub const fn config(&self) -> &TlbConfig {
        &self.config
    }

    /// The array of the first level that serves a kind of access.
    pub const fn first(&self, kind: AccessKind) -> TlbArray {
        match (self.config.layout, kind) {
            (Layout::Split { .. }, AccessKind::Fetch) => TlbArray::Instruction,
            (Layout::Split { .. }, _) => TlbArray::Data,
            _ => TlbArray::Unified,
        }
    }

    /// The arrays that it has.
    pub fn arrays(&self) -> Vec<TlbArray> {
        let mut arrays = match self.config.layout {
            Layout::Off => vec![],
            Layout::Unified(_) => vec![TlbArray::Unified],
            Layout::Split { .. } => vec![TlbArray::Instruction, TlbArray::Data],
        };
        if self.second.is_some() {
            arrays.push(TlbArray::Second);
        }
        arrays
    }

    /// Whether a hit of this kind of access leaves the first level as it is, so that a faster structure may answer
    /// in its place.
    pub const fn hits_change_nothing(&self, kind: AccessKind) -> bool {
        let array = match self.config.layout {
            Layout::Off => return false,
            Layout::Unified(array) => array,
            Layout::Split { instruction, data } => match kind {
                AccessKind::Fetch => instruction,
                _ => data,
            },
        };
        !matches!(array.replacement, Replacement::Lru)
    }

    #[inline]
    fn array_mut(&mut self, kind: AccessKind) -> Option<&mut Array> {
        if kind == AccessKind::Fetch {
            self.arrays.first_mut()
        } else {
            self.arrays.last_mut()
        }
    }

    fn by_name(&self, array: TlbArray) -> Option<&Array> {
        match array {
            TlbArray::Instruction | TlbArray::Unified => self.arrays.first(),
            TlbArray::Data => self.arrays.last(),
            TlbArray::Second => self.second.as_ref(),
        }
    }

    /// Looks a translation up, first level first. Every bit of the address is compared, so one that is not canonical
    /// misses, and the walk names the fault. After a hit of the second level the caller calls [`Tlb::promote`].
    #[inline]
    pub fn lookup(&mut self, kind: AccessKind, mode: Mode, asid: u16, va: VirtAddr) -> Option<Hit> {
        let space = space(mode, asid);
        match self.array_mut(kind)?.lookup(va, space) {
            Some(hit) => Some(hit),
            None => self.second.as_mut()?.lookup(va, space),
        }
    }

    /// Copies the entry with which the second level answered into the first.
    pub fn promote(
        &mut self,
        kind: AccessKind,
        mode: Mode,
        asid: u16,
        va: VirtAddr,
    ) -> Option<(Entry, Inserted)> {
        let second = self.second.as_ref()?;
        let (entry, epoch) = second.peek_with_epoch(va, space(mode, asid))?;
        let inserted = self.array_mut(kind)?.insert(entry, epoch);
        Some((entry, inserted))
    }

    /// The entry that a lookup would find, without counting or ageing anything.
    pub fn peek(&self, kind: AccessKind, mode: Mode, asid: u16, va: VirtAddr) -> Option<Entry> {
        let space = space(mode, asid);
        let found = self.by_name(self.first(kind))?.peek(va, space);
        found.or_else(|| self.second.as_ref()?.peek(va, space))
    }

    /// Notes that the entries that translate an address for this kind of access agree with the tables at an epoch of
    /// the sanitizer ([`Hit::epoch`]).
    pub fn set_epoch(&mut self, kind: AccessKind, mode: Mode, asid: u16, va: VirtAddr, epoch: u64) {
        let space = space(mode, asid);
        if let Some(array) = self.array_mut(kind) {
            array.set_epoch(va, space, epoch);
        }
        if let Some(array) = self.second.as_mut() {
            array.set_epoch(va, space, epoch);
        }
    }

    /// The entries that translate an address, in any address space, must be compared with the tables before they are
    /// used again: their epoch becomes 0.
    pub fn suspect(&mut self, va: VirtAddr) {
        for array in self.arrays.iter_mut().chain(&mut self.second) {
            array.suspect(va);
        }
    }

    /// Puts an entry into the first level, for this kind of access. It agrees with the tables at `epoch`.
    pub fn insert(&mut self, kind: AccessKind, entry: Entry, epoch: u64) -> Inserted {
        self.array_mut(kind)
            .map(|array| array.insert(entry, epoch))
            .unwrap_or_default()
    }

    /// Puts an entry into the second level; `None` if there is none.
    pub fn insert_second(&mut self, entry: Entry, epoch: u64) -> Option<Inserted> {
        Some(self.second.as_mut()?.insert(entry, epoch))
    }

    /// Takes out, at both levels, the entry of a page that has turned out to be of another size: the entry for its
    /// new size does not replace it by itself. Tells each entry.
    pub fn remove(
        &mut self,
        kind: AccessKind,
        mode: Mode,
        asid: u16,
        va: VirtAddr,
        size: PageSize,
        mut removed: impl FnMut(TlbArray, &Entry),
    ) {
        let space = space(mode, asid);
        let first = self.first(kind);
        if let Some(entry) = self
            .array_mut(kind)
            .and_then(|array| array.remove(va, size, space))
        {
            removed(first, &entry);
        }
        let second = self.second.as_mut();
        if let Some(entry) = second.and_then(|array| array.remove(va, size, space)) {
            removed(TlbArray::Second, &entry);
        }
    }

    /// The shape of one of its arrays.
    pub const fn array_config(&self, array: TlbArray) -> Option<ArrayConfig> {
        match (array, self.config.layout) {
            (TlbArray::Unified, Layout::Unified(config)) => Some(config),
            (TlbArray::Instruction, Layout::Split { instruction, .. }) => Some(instruction),
            (TlbArray::Data, Layout::Split { data, .. }) => Some(data),
            (TlbArray::Second, _) => self.config.second,
            _ => None,
        }
    }

    /// Drops what a fence covers, in every array, tells each entry dropped, and says how many that were.
    pub fn flush_with(&mut self, fence: Fence, mut dropped: impl FnMut(TlbArray, &Entry)) -> u64 {
        let mut total = 0;
        for name in self.arrays() {
            let array = match name {
                TlbArray::Instruction | TlbArray::Unified => self.arrays.first_mut(),
                TlbArray::Data => self.arrays.last_mut(),
                TlbArray::Second => self.second.as_mut(),
            };
            if let Some(array) = array {
                let count = array.flush(fence, &mut |entry| dropped(name, entry));
                array.counters.flushed += count;
                total += count;
            }
        }
        total
    }

    /// Drops what a fence covers, in every array, and says how many entries that were.
    pub fn flush(&mut self, fence: Fence) -> u64 {
        self.flush_with(fence, |_, _| {})
    }

    /// What was put into an array and what left it.
    pub fn counters(&self, array: TlbArray) -> Counters {
        let array = self.by_name(array).filter(|array| !array.is_empty());
        array.map(|array| array.counters).unwrap_or_default()
    }

    /// Every entry held by an array.
    pub fn entries(&self, array: TlbArray) -> impl Iterator<Item = &Entry> {
        self.by_name(array).into_iter().flat_map(Array::entries)
    }
}

impl Default for Tlb {
    fn default() -> Self {
        let config = TlbConfig::default();
        Self::new(config).unwrap_or(Self {
            config,
            arrays: Vec::new(),
            second: None,
        })
    }
}
