//! What was stored to pages of tables, and which fences and writes of `satp` there were.
//!
//! Everything has a place on one clock, which counts these events.

use super::hash::NumberMap;
use super::{FenceSeen, Site};
use crate::mem::PhysAddr;
use crate::mmu::{Pte, Satp};
use std::collections::VecDeque;

/// The changes that are kept of one entry: the first ones matter, and the last.
const MOST_OF_ONE: usize = 6;
/// The entries whose changes are kept.
const MOST_ENTRIES: usize = 1 << 16;
/// The fences that are kept of each hart.
const FENCES: usize = 16;
/// The address spaces that are kept.
const MOST_SPACES: usize = 1 << 12;

/// One store to an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) clock: u64,
    pub(super) old: u64,
    pub(super) new: u64,
    pub(super) by: Option<Site>,
}

impl Stored {
    /// Whether nothing that was cached can be wrong afterwards: a leaf got rights, or A, D, or bits of software.
    pub(super) fn adds_only(&self) -> bool {
        let may = Pte::R | Pte::W | Pte::X | Pte::A | Pte::D | Pte::RSW;
        let kept = self.old & !Pte::RSW;
        Pte(self.old).is_leaf() && (self.old ^ self.new) & !may == 0 && self.new & kept == kept
    }
}

#[derive(Clone, Debug)]
struct SpaceUse {
    satp: Satp,
    change: Option<RootChange>,
}

/// An address-space number got another root.
#[derive(Clone, Copy, Debug)]
pub(super) struct RootChange {
    pub(super) clock: u64,
    pub(super) from: Satp,
    pub(super) to: Satp,
    pub(super) by: Site,
}

#[derive(Clone, Default)]
pub(super) struct Changes {
    clock: u64,
    entries: NumberMap<u64, Vec<Stored>>,
    fences: Vec<VecDeque<(u64, FenceSeen)>>,
    spaces: NumberMap<(usize, u16), SpaceUse>,
    /// What `satp` holds on each hart.
    satps: Vec<Satp>,
}

/// The place of a hart in a list that grows.
pub(super) fn of_hart<T: Default>(list: &mut Vec<T>, hart: usize) -> &mut T {
    if list.len() <= hart {
        list.resize_with(hart + 1, T::default);
    }
    &mut list[hart]
}

impl Changes {
    pub(super) fn clock(&self) -> u64 {
        self.clock
    }

    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Forgets the stores.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(super) fn stored(&mut self, at: PhysAddr, old: u64, new: u64, by: Option<Site>) -> Stored {
        self.clock += 1;
        let stored = Stored {
            clock: self.clock,
            old,
            new,
            by,
        };
        if self.entries.len() >= MOST_ENTRIES && !self.entries.contains_key(&at.0) {
            // The older half goes: reports about them will not name the store.
            let limit = self.clock - (MOST_ENTRIES / 2) as u64;
            self.entries
                .retain(|_, list| list.last().is_some_and(|last| last.clock > limit));
        }
        let list = self.entries.entry(at.0).or_default();
        if list.len() >= MOST_OF_ONE {
            list.remove(MOST_OF_ONE / 2);
        }
        list.push(stored);
        stored
    }

    /// The stores to an entry that came after a time.
    pub(super) fn after(&self, at: PhysAddr, clock: u64) -> &[Stored] {
        let list = self.entries.get(&at.0).map_or(&[][..], Vec::as_slice);
        let first = list.partition_point(|stored| stored.clock <= clock);
        &list[first..]
    }

    /// The last store to an entry.
    pub(super) fn last(&self, at: PhysAddr) -> Option<Stored> {
        self.entries.get(&at.0)?.last().copied()
    }

    pub(super) fn fenced(&mut self, seen: FenceSeen) {
        self.clock += 1;
        let list = of_hart(&mut self.fences, seen.site.hart);
        if list.len() >= FENCES {
            list.pop_front();
        }
        list.push_back((self.clock, seen));
    }

    /// The last fence after a time: on this hart, or else on another.
    pub(super) fn fence_after(&self, hart: usize, clock: u64) -> Option<FenceSeen> {
        let last =
            |list: &VecDeque<(u64, FenceSeen)>| list.back().copied().filter(|&(at, _)| at > clock);
        let own = self.fences.get(hart).and_then(last);
        let other = || {
            self.fences
                .iter()
                .filter_map(last)
                .max_by_key(|&(at, _)| at)
        };
        own.or_else(other).map(|(_, seen)| seen)
    }

    /// A hart wrote `satp`. True if it last used the address-space number otherwise, or never.
    pub(super) fn satp_written(&mut self, by: Site, new: Satp) -> bool {
        self.clock += 1;
        *of_hart(&mut self.satps, by.hart) = new;
        if new.mode() == crate::mmu::Mode::Bare {
            return false;
        }
        if self.spaces.len() >= MOST_SPACES {
            self.spaces.clear();
        }
        let clock = self.clock;
        match self.spaces.entry((by.hart, new.asid())) {
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(SpaceUse {
                    satp: new,
                    change: None,
                });
                true
            }
            std::collections::hash_map::Entry::Occupied(mut slot) => {
                let space = slot.get_mut();
                let from = std::mem::replace(&mut space.satp, new);
                if from != new {
                    space.change = Some(RootChange {
                        clock,
                        from,
                        to: new,
                        by,
                    });
                }
                from != new
            }
        }
    }

    /// A walk used `satp`, which may have been set before anyone watched.
    #[inline]
    pub(super) fn satp_used(&mut self, hart: usize, satp: Satp) {
        *of_hart(&mut self.satps, hart) = satp;
    }

    /// What `satp` holds on each hart.
    pub(super) fn satps(&self) -> &[Satp] {
        &self.satps
    }

    /// How an address-space number came to its present root on a hart.
    pub(super) fn root_change(&self, hart: usize, asid: u16) -> Option<RootChange> {
        self.spaces.get(&(hart, asid))?.change
    }
}
