//! Who wrote what may be page-table entries before translation was first switched on.
//!
//! Stores to tables are seen once a walk has read the table. The first tables are complete by then, so until `satp`
//! first asks for translation every store is looked at, and the last one to each word that could be an entry is kept.
//! The fast arrays answer no store in that time; so that a program that never turns paging on is not slow for ever,
//! it ends after [`MOST_STORES`] too.

use super::Site;
use super::hash::NumberMap;
use crate::mem::PhysAddr;
use crate::mmu::Pte;

/// Stores that are looked at.
const MOST_STORES: u32 = 1 << 21;
/// Words that are kept.
const MOST_WORDS: usize = 1 << 17;

#[derive(Clone)]
pub(super) struct Early {
    stores_left: u32,
    words: NumberMap<u64, (u64, Site)>,
}

impl Default for Early {
    fn default() -> Self {
        Self {
            stores_left: MOST_STORES,
            words: NumberMap::default(),
        }
    }
}

impl Early {
    /// Whether stores are to be told.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.stores_left != 0
    }

    /// No more stores are to be told. What is kept stays.
    pub(super) fn end(&mut self) {
        self.stores_left = 0;
    }

    /// A store made an aligned word what it is now.
    pub(super) fn stored(&mut self, site: Site, at: PhysAddr, value: u64) {
        self.stores_left = self.stores_left.saturating_sub(1);
        if !Pte(value).valid() {
            self.words.remove(&at.0);
        } else if self.words.len() < MOST_WORDS || self.words.contains_key(&at.0) {
            self.words.insert(at.0, (value, site));
        } else {
            self.end();
        }
    }

    /// Who wrote an entry, if it still has the value that it was given then (walks may have set A and D).
    pub(super) fn writer(&self, at: PhysAddr, pte: u64) -> Option<Site> {
        let &(value, site) = self.words.get(&at.0)?;
        ((value ^ pte) & !(Pte::A | Pte::D) == 0).then_some(site)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Privilege;
    use crate::mem::VirtAddr;

    fn site(retired: u64) -> Site {
        Site {
            hart: 0,
            pc: VirtAddr(0x8000_0000),
            privilege: Privilege::Machine,
            retired,
        }
    }

    #[test]
    fn the_last_store_of_a_value_counts() {
        let mut early = Early::default();
        let at = PhysAddr(0x8000_1000);
        early.stored(site(1), at, 0x11);
        early.stored(site(2), at, 0x21);
        assert_eq!(early.writer(at, 0x21 | Pte::A | Pte::D), Some(site(2)));
        assert_eq!(early.writer(at, 0x11), None);
        early.stored(site(3), at, 0);
        assert_eq!(early.writer(at, 0x21), None);
    }

    #[test]
    fn memory_and_time_are_bounded() {
        let mut early = Early::default();
        for word in 0..=MOST_WORDS as u64 {
            assert!(early.is_on());
            early.stored(site(word), PhysAddr(word * 8), 1);
        }
        assert!(!early.is_on());
        assert_eq!(early.words.len(), MOST_WORDS);

        let mut early = Early::default();
        for _ in 0..MOST_STORES {
            assert!(early.is_on());
            early.stored(site(0), PhysAddr(0), 1);
        }
        assert!(!early.is_on());
    }
}
