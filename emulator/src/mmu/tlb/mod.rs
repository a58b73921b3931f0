//! The modelled TLB: what a real one would hold, entry for entry.
//!
//! It caches leaves only. Each hit checks permission again with the rule that the walk uses ([`Hit::check`]), so a
//! change of SUM, MXR or privilege needs no flush.

mod array;
mod config;

use array::Array;
pub use config::{Geometry, Layout, Replacement, TlbConfig, TlbConfigError};

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

/// What a hit gives: enough to check the access and to form the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// The leaf as it was cached, with the A and D that it had then.
    pub pte: Pte,
    /// The size of the page.
    pub size: PageSize,
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

    const fn form(&self) -> usize {
        self.va.is_some() as usize | (self.asid.is_some() as usize) << 1
    }
}

/// What one array of the TLB has done. `accesses` is always `hits + misses`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Lookups.
    pub accesses: u64,
    /// Lookups that found an entry, whether or not it allowed the access.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Entries put in.
    pub fills: u64,
    /// Entries that made room for another.
    pub evictions: u64,
    /// Fences by form: all, by address, by ASID, by both.
    pub flushes: [u64; 4],
    /// Entries that fences dropped.
    pub flushed: u64,
}

/// What an insertion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inserted {
    /// The entry that made room. Whatever was derived from it must go too.
    pub evicted: Option<Entry>,
}

/// The modelled TLB of one hart.
#[derive(Clone)]
pub struct Tlb {
    config: TlbConfig,
    /// Fetches use the first array, data the last.
    arrays: Vec<Array>,
}

impl Tlb {
    /// An empty TLB.
    pub fn new(config: TlbConfig) -> Result<Self, TlbConfigError> {
        config.check()?;
        let array = |geometry| Array::new(geometry, config.replacement);
        let arrays = match config.layout {
            Layout::Off => vec![array(Geometry { sets: 0, ways: 0 })],
            Layout::Unified(geometry) => vec![array(geometry)],
            Layout::Split { instruction, data } => vec![array(instruction), array(data)],
        };
        Ok(Self { config, arrays })
    }

    /// The shape that it was made with.
    pub const fn config(&self) -> &TlbConfig {
        &self.config
    }

    #[inline]
    fn array(&mut self, kind: AccessKind) -> Option<&mut Array> {
        if kind == AccessKind::Fetch {
            self.arrays.first_mut()
        } else {
            self.arrays.last_mut()
        }
    }

    /// Looks a translation up, and counts it. Every bit of the address is compared, so one that is not canonical
    /// misses, and the walk names the fault.
    #[inline]
    pub fn lookup(&mut self, kind: AccessKind, mode: Mode, asid: u16, va: VirtAddr) -> Option<Hit> {
        self.array(kind)?.lookup(va, space(mode, asid))
    }

    /// The entry that a lookup would find, without counting or ageing anything.
    pub fn peek(&self, kind: AccessKind, mode: Mode, asid: u16, va: VirtAddr) -> Option<Entry> {
        let array = if kind == AccessKind::Fetch {
            self.arrays.first()
        } else {
            self.arrays.last()
        };
        array?.peek(va, space(mode, asid))
    }

    /// Puts an entry in, for this kind of access.
    pub fn insert(&mut self, kind: AccessKind, entry: Entry) -> Inserted {
        Inserted {
            evicted: self.array(kind).and_then(|array| array.insert(entry)),
        }
    }

    /// Drops what a fence covers, in every array, and says how many entries that were.
    pub fn flush(&mut self, fence: Fence) -> u64 {
        let mut total = 0;
        for array in &mut self.arrays {
            let dropped = array.flush(fence);
            array.counters.flushes[fence.form()] += 1;
            array.counters.flushed += dropped;
            total += dropped;
        }
        total
    }

    /// Counts accesses that a faster structure in front answered from a copy of a live entry. Exact as long as a
    /// hit does not change what is replaced next, so not for [`Replacement::Lru`].
    #[inline]
    pub fn count_hits(&mut self, kind: AccessKind, hits: u64) {
        if let Some(array) = self.array(kind) {
            array.counters.accesses += hits;
            array.counters.hits += hits;
        }
    }

    /// The figures of the array that serves this kind of access.
    pub fn counters(&self, kind: AccessKind) -> Counters {
        let array = if kind == AccessKind::Fetch {
            self.arrays.first()
        } else {
            self.arrays.last()
        };
        array.map(|array| array.counters).unwrap_or_default()
    }

    /// Every entry held; with a split TLB those for fetches come first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.arrays.iter().flat_map(Array::entries)
    }
}

impl Default for Tlb {
    fn default() -> Self {
        let config = TlbConfig::default();
        Self::new(config).unwrap_or(Self {
            config,
            arrays: Vec::new(),
        })
    }
}
