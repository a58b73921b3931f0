//! One set-associative array of translations.

use super::{
    ASID_MASK, ArrayConfig, Counters, Entry, Fence, Geometry, Hit, Inserted, Replacement, Space,
    TlbLevel,
};
use crate::mem::VirtAddr;
use crate::mmu::PageSize;

/// What a lookup compares: 16 bytes, so that a set of four ways is one line of the host's cache.
#[derive(Clone, Copy, Default)]
struct Tag {
    /// The page's first address, and in its low bits (always zero in an address) the size plus one. 0 is an
    /// empty way.
    key: u64,
    space: Space,
    /// Which bits of `space` count: not the ASID's in a global entry.
    space_mask: Space,
}

impl Tag {
    #[inline]
    fn matches(&self, key: u64, space: Space) -> bool {
        self.key == key && (self.space ^ space) & self.space_mask == 0
    }

    /// The place of the entry's size in [`PageSize::ALL`]; `None` for an empty way.
    fn size(&self) -> Option<usize> {
        ((self.key & 7) as usize).checked_sub(1)
    }

    fn is_global(&self) -> bool {
        self.space_mask & ASID_MASK == 0
    }

    /// Whether the way holds an entry that the fence drops. An address that is not canonical is in no page, and so
    /// has no effect, as the manual asks.
    fn is_covered_by(&self, fence: Fence) -> bool {
        let Some(size) = self.size().and_then(|size| PageSize::ALL.get(size)) else {
            return false;
        };
        fence.va.is_none_or(|va| key(va, *size) == self.key)
            && fence
                .asid
                .is_none_or(|asid| !self.is_global() && self.space & ASID_MASK == Space::from(asid))
    }
}

fn key(va: VirtAddr, size: PageSize) -> u64 {
    va.0 & !size.mask() | (size as u64 + 1)
}

/// What a hit reads.
#[derive(Clone, Copy)]
struct Slot {
    hit: Hit,
    /// When it was filled (FIFO) or last used (LRU), on the array's own clock.
    age: u64,
}

/// One array. Counting of accesses belongs to it, so that each array has its own figures.
#[derive(Clone)]
pub(super) struct Array {
    tags: Vec<Tag>,
    slots: Vec<Slot>,
    /// What only reports read, kept apart from what a hit reads.
    entries: Vec<Entry>,
    set_mask: u64,
    ways: usize,
    replacement: Replacement,
    random: u64,
    clock: u64,
    /// One bit for each way that holds an entry, so that a fence visits only those.
    held: Vec<u64>,
    /// How many entries of each page size are held, and one bit for each size that is: a size that is absent costs
    /// a lookup nothing.
    present: [u32; PageSize::ALL.len()],
    sizes: u8,
    level: TlbLevel,
    pub(super) counters: Counters,
}

impl Array {
    pub(super) fn new(config: ArrayConfig, level: TlbLevel) -> Self {
        let Geometry { sets, ways } = config.geometry;
        let replacement = config.replacement;
        let count = sets as usize * ways as usize;
        Self {
            tags: vec![Tag::default(); count],
            slots: vec![
                Slot {
                    hit: Hit::default(),
                    age: 0
                };
                count
            ],
            entries: vec![Entry::default(); count],
            set_mask: u64::from(sets).wrapping_sub(1),
            ways: ways as usize,
            replacement,
            // Odd multiples spread small seeds; xorshift must not start from zero.
            random: match replacement {
                Replacement::Random(seed) => (seed ^ 0x9e37_79b9_7f4a_7c15)
                    .wrapping_mul(0xbf58_476d_1ce4_e5b9)
                    .max(1),
                _ => 1,
            },
            clock: 0,
            held: vec![0; count.div_ceil(64)],
            present: [0; PageSize::ALL.len()],
            sizes: 0,
            level,
            counters: Counters::default(),
        }
    }

    /// The first way of the set in which a page of this size may be.
    #[inline]
    fn set(&self, va: VirtAddr, size: PageSize) -> usize {
        ((va.0 >> size.bits()) & self.set_mask) as usize * self.ways
    }

    #[inline]
    fn find(&self, va: VirtAddr, size: PageSize, space: Space) -> Option<usize> {
        let first = self.set(va, size);
        let key = key(va, size);
        let set = self.tags.get(first..first + self.ways)?;
        set.iter()
            .position(|tag| tag.matches(key, space))
            .map(|way| first + way)
    }

    #[inline]
    fn find_any_size(&self, va: VirtAddr, space: Space) -> Option<usize> {
        let mut sizes = self.sizes;
        while sizes != 0 {
            let size = PageSize::ALL.get(sizes.trailing_zeros() as usize)?;
            if let Some(index) = self.find(va, *size, space) {
                return Some(index);
            }
            sizes &= sizes - 1;
        }
        None
    }

    #[inline]
    pub(super) fn lookup(&mut self, va: VirtAddr, space: Space) -> Option<Hit> {
        let index = self.find_any_size(va, space)?;
        let slot = self.slots.get_mut(index)?;
        if self.replacement == Replacement::Lru {
            self.clock += 1;
            slot.age = self.clock;
        }
        Some(slot.hit)
    }

    pub(super) fn peek(&self, va: VirtAddr, space: Space) -> Option<Entry> {
        self.find_any_size(va, space)
            .and_then(|index| self.entries.get(index).copied())
    }

    pub(super) fn peek_with_epoch(&self, va: VirtAddr, space: Space) -> Option<(Entry, u64)> {
        let index = self.find_any_size(va, space)?;
        Some((*self.entries.get(index)?, self.slots.get(index)?.hit.epoch))
    }

    /// Notes that an entry agrees with the tables at an epoch.
    pub(super) fn set_epoch(&mut self, va: VirtAddr, space: Space, epoch: u64) {
        if let Some(index) = self.find_any_size(va, space)
            && let Some(slot) = self.slots.get_mut(index)
        {
            slot.hit.epoch = epoch;
        }
    }

    /// Lets the entries that translate an address, in any space, agree with no epoch.
    pub(super) fn suspect(&mut self, va: VirtAddr) {
        for size in PageSize::ALL {
            if self.present[size as usize] != 0 {
                let first = self.set(va, size);
                let key = key(va, size);
                for index in first..first + self.ways {
                    if self.tags[index].key == key {
                        self.slots[index].hit.epoch = 0;
                    }
                }
            }
        }
    }

    /// Whether it has no room at all.
    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// Puts an entry in and returns the one that had to go. An entry for the same page and space is replaced in
    /// place, which is no eviction.
    pub(super) fn insert(&mut self, entry: Entry, epoch: u64) -> Inserted {
        if self.tags.is_empty() {
            return Inserted::default();
        }
        let (va, size) = (entry.va, entry.size);
        self.counters.fills += 1;
        self.clock += 1;
        let (index, replaced, evicted) = match self.find(va, size, entry.space()) {
            Some(index) => (index, self.entries.get(index).copied(), None),
            None => {
                let (index, evicted) = self.make_room(va, size);
                (index, None, evicted)
            }
        };
        if let Some(tag) = self.tags.get_mut(index) {
            if tag.key == 0 {
                self.held[index / 64] |= 1 << (index % 64);
                self.present[size as usize] += 1;
                self.sizes |= 1 << size as u8;
            }
            *tag = Tag {
                key: key(va, size),
                space: entry.space(),
                space_mask: entry.space_mask(),
            };
        }
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Slot {
                hit: Hit {
                    level: self.level,
                    epoch,
                    ..entry.hit()
                },
                age: self.clock,
            };
        }
        if let Some(slot) = self.entries.get_mut(index) {
            *slot = entry;
        }
        Inserted { evicted, replaced }
    }

    /// Takes out the entry with which a lookup of this page size answers. That is no eviction.
    pub(super) fn remove(&mut self, va: VirtAddr, size: PageSize, space: Space) -> Option<Entry> {
        let index = self.find(va, size, space)?;
        let entry = self.entries.get(index).copied();
        self.drop_entry(index);
        entry
    }

    fn make_room(&mut self, va: VirtAddr, size: PageSize) -> (usize, Option<Entry>) {
        let first = self.set(va, size);
        let set = first..first + self.ways;
        if let Some(free) = set.clone().find(|&index| self.tags[index].key == 0) {
            return (free, None);
        }
        let victim = match self.replacement {
            Replacement::Random(_) => first + (self.next_random() % self.ways as u64) as usize,
            Replacement::Fifo | Replacement::Lru => set
                .min_by_key(|&index| self.slots[index].age)
                .unwrap_or(first),
        };
        self.counters.evictions += 1;
        let evicted = self.entries[victim];
        self.drop_entry(victim);
        (victim, Some(evicted))
    }

    /// xorshift64: enough for choosing a victim, and the same on every host.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random >> 16
    }

    fn drop_entry(&mut self, index: usize) {
        let tag = &mut self.tags[index];
        if let Some(size) = tag.size() {
            tag.key = 0;
            self.held[index / 64] &= !(1 << (index % 64));
            self.present[size] -= 1;
            if self.present[size] == 0 {
                self.sizes &= !(1 << size);
            }
        }
    }

    /// Drops what the fence covers, tells each entry dropped, and says how many that were.
    pub(super) fn flush(&mut self, fence: Fence, dropped_entry: &mut impl FnMut(&Entry)) -> u64 {
        match fence.va {
            None => (0..self.held.len())
                .map(|word| self.drop_covered(word * 64, self.held[word], fence, dropped_entry))
                .sum(),
            Some(va) => {
                let mut dropped = 0;
                for size in PageSize::ALL {
                    if self.present[size as usize] != 0 {
                        let first = self.set(va, size);
                        for index in first..first + self.ways {
                            dropped += u64::from(self.drop_if_covered(index, fence, dropped_entry));
                        }
                    }
                }
                dropped
            }
        }
    }

    /// Drops those of 64 ways from `first` on that are held and covered.
    fn drop_covered(
        &mut self,
        first: usize,
        mut held: u64,
        fence: Fence,
        dropped_entry: &mut impl FnMut(&Entry),
    ) -> u64 {
        let mut dropped = 0;
        while held != 0 {
            let index = first + held.trailing_zeros() as usize;
            dropped += u64::from(self.drop_if_covered(index, fence, dropped_entry));
            held &= held - 1;
        }
        dropped
    }

    fn drop_if_covered(
        &mut self,
        index: usize,
        fence: Fence,
        dropped_entry: &mut impl FnMut(&Entry),
    ) -> bool {
        let covered = self.tags[index].is_covered_by(fence);
        if covered {
            dropped_entry(&self.entries[index]);
            self.drop_entry(index);
        }
        covered
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.tags
            .iter()
            .zip(&self.entries)
            .filter(|(tag, _)| tag.key != 0)
            .map(|(_, entry)| entry)
    }
}
