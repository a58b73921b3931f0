//! The fast arrays: in front of the modelled TLB, for pages of RAM that an access may reach without a second look.
//!
//! There is one array for each kind of access (fetch, load, store) and each set of rights (privilege, SUM, MXR), so
//! that a trap drops nothing. What an array holds of translated pages, the first level of the modelled TLB holds too,
//! so a hit here is a hit there, and is counted as one. In machine mode and without translation they hold physical
//! pages.

use crate::isa::Privilege;
use crate::mem::VirtAddr;
use crate::mmu::{Access, AccessKind, PRIVILEGES, PageSize};

/// Slots of one array.
const SLOTS: usize = 512;
/// Arrays for data, privilege × SUM × MXR, and for fetches, at 0, 4 and 8: user, supervisor, machine.
const BANKS: usize = 12;
/// The banks of machine mode come last: their addresses are physical.
const TRANSLATED: usize = 8;
/// Room for all banks; a power of two, so that an index needs no other check.
const LENGTH: usize = SLOTS * 16;
/// Bits that `va & (page | size − 1)` never has set.
const EMPTY: u64 = 0x800;

#[derive(Clone, Copy)]
struct Slot {
    /// The first address of the page.
    tag: u64,
    /// What to add to a virtual address in it.
    delta: u64,
}

const EMPTY_SLOT: Slot = Slot {
    tag: EMPTY,
    delta: 0,
};

/// The arrays of one kind of access, all in one, direct-mapped.
struct Arrays {
    /// Where the selected array begins.
    base: usize,
    /// Hits of the selected array since it was selected.
    hits: u64,
    slots: Box<[Slot]>,
    /// One bit for each slot that may be filled, so that clearing costs what was filled.
    used: [[u64; SLOTS / 64]; BANKS],
    /// Hits of each array before it was last selected.
    earlier_hits: [u64; BANKS],
}

impl Default for Arrays {
    fn default() -> Self {
        Self {
            base: bank(Privilege::Machine, false, false) * SLOTS,
            hits: 0,
            slots: vec![EMPTY_SLOT; LENGTH].into(),
            used: [[0; SLOTS / 64]; BANKS],
            earlier_hits: [0; BANKS],
        }
    }
}

const fn bank(privilege: Privilege, sum: bool, mxr: bool) -> usize {
    let privilege = match privilege {
        Privilege::User => 0,
        Privilege::Supervisor => 1,
        Privilege::Machine => 2,
    };
    privilege * 4 + (sum as usize) * 2 + mxr as usize
}

#[inline(always)]
const fn slot_of(va: u64) -> usize {
    (va >> 12) as usize % SLOTS
}

impl Arrays {
    fn select(&mut self, bank: usize) {
        let base = bank * SLOTS;
        if self.base != base {
            self.earlier_hits[self.base / SLOTS] += self.hits;
            self.hits = 0;
            self.base = base;
        }
    }

    /// Where an aligned access of `size` bytes (a power of two) goes.
    #[inline(always)]
    fn find(&mut self, va: u64, size: u64) -> Option<u64> {
        let slot = self.slots.get((self.base + slot_of(va)) % LENGTH)?;
        if va & (!0xfff | (size - 1)) == slot.tag {
            self.hits += 1;
            Some(va.wrapping_add(slot.delta))
        } else {
            None
        }
    }

    fn fill(&mut self, bank: usize, va: u64, pa: u64) {
        let index = slot_of(va);
        let tag = va & !0xfff;
        self.slots[bank * SLOTS + index] = Slot {
            tag,
            delta: (pa & !0xfff).wrapping_sub(tag),
        };
        self.used[bank][index / 64] |= 1 << (index % 64);
    }

    /// Empties those slots of the first `banks` banks for which `drops` holds.
    fn drop_if(&mut self, banks: usize, drops: impl Fn(&Slot) -> bool) {
        for (bank, used) in self.used.iter_mut().take(banks).enumerate() {
            for (word, used) in used.iter_mut().enumerate() {
                let mut bits = *used;
                while bits != 0 {
                    let bit = bits.trailing_zeros() as usize;
                    let slot = &mut self.slots[bank * SLOTS + word * 64 + bit];
                    if drops(slot) {
                        slot.tag = EMPTY;
                        *used &= !(1 << bit);
                    }
                    bits &= bits - 1;
                }
            }
        }
    }

    fn clear(&mut self, banks: usize) {
        self.drop_if(banks, |_| true);
    }

    fn forget(&mut self, va: VirtAddr, size: PageSize) {
        let first = va.0 & !size.mask();
        if size == PageSize::Kib4 {
            for bank in 0..TRANSLATED {
                let slot = &mut self.slots[bank * SLOTS + slot_of(first)];
                if slot.tag == first {
                    slot.tag = EMPTY;
                }
            }
        } else {
            self.drop_if(TRANSLATED, |slot| slot.tag & !size.mask() == first);
        }
    }

    /// All hits of the arrays of each privilege.
    fn hits(&self) -> impl Iterator<Item = (Privilege, u64)> {
        let selected = self.base / SLOTS / 4;
        let sums = self.earlier_hits.chunks(4).map(|banks| banks.iter().sum());
        PRIVILEGES.into_iter().zip(sums).enumerate().map(
            move |(index, (privilege, hits)): (_, (_, u64))| {
                let now = if index == selected { self.hits } else { 0 };
                (privilege, hits + now)
            },
        )
    }

    fn reset_hits(&mut self) {
        self.hits = 0;
        self.earlier_hits = [0; BANKS];
    }
}

/// The fast arrays of a hart.
#[derive(Default)]
pub(super) struct Fast {
    /// The page of the last fetch: what the array for fetches would answer.
    fetch_page: FetchPage,
    load: Arrays,
    store: Arrays,
    fetch: Arrays,
}

struct FetchPage {
    va: u64,
    delta: u64,
}

impl Default for FetchPage {
    fn default() -> Self {
        Self {
            va: EMPTY,
            delta: 0,
        }
    }
}

impl Fast {
    /// Chooses the arrays that belong to what a fetch and a data access may do now.
    pub(super) fn select(&mut self, fetch: Access, data: Access) {
        let data = bank(data.privilege, data.sum, data.mxr);
        self.fetch_page = FetchPage::default();
        self.fetch.select(bank(fetch.privilege, false, false));
        self.load.select(data);
        self.store.select(data);
    }

    /// Where the four bytes at `pc` are, if they are on a known page.
    #[inline(always)]
    pub(super) fn fetch(&mut self, pc: u64) -> Option<u64> {
        if pc & !0xfff == self.fetch_page.va && pc & 0xfff <= 0xffc {
            self.fetch.hits += 1;
            return Some(pc.wrapping_add(self.fetch_page.delta));
        }
        self.fetch_elsewhere(pc)
    }

    fn fetch_elsewhere(&mut self, pc: u64) -> Option<u64> {
        if pc & 0xfff > 0xffc {
            return None;
        }
        let pa = self.fetch.find(pc, 1)?;
        self.fetch_page = FetchPage {
            va: pc & !0xfff,
            delta: pa.wrapping_sub(pc),
        };
        Some(pa)
    }

    /// Where an aligned load goes.
    #[inline(always)]
    pub(super) fn load(&mut self, va: u64, size: u64) -> Option<u64> {
        self.load.find(va, size)
    }

    /// Where an aligned store goes.
    #[inline(always)]
    pub(super) fn store(&mut self, va: u64, size: u64) -> Option<u64> {
        self.store.find(va, size)
    }

    /// Remembers a page for this access.
    pub(super) fn fill(&mut self, access: Access, va: VirtAddr, pa: u64) {
        let data = bank(access.privilege, access.sum, access.mxr);
        match access.kind {
            AccessKind::Fetch => self
                .fetch
                .fill(bank(access.privilege, false, false), va.0, pa),
            AccessKind::Load => self.load.fill(data, va.0, pa),
            AccessKind::Store => self.store.fill(data, va.0, pa),
            _ => {}
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.clear_fetches();
        self.clear_stores();
        self.load.clear(BANKS);
    }

    /// Forgets every translated page.
    pub(super) fn clear_translated(&mut self) {
        self.fetch_page = FetchPage::default();
        for arrays in [&mut self.fetch, &mut self.load, &mut self.store] {
            arrays.clear(TRANSLATED);
        }
    }

    /// Forgets where stores go.
    pub(super) fn clear_stores(&mut self) {
        self.store.clear(BANKS);
    }

    /// Forgets where fetches go.
    pub(super) fn clear_fetches(&mut self) {
        self.fetch_page = FetchPage::default();
        self.fetch.clear(BANKS);
    }

    /// Forgets a translated page: for fetches, for data, or both.
    pub(super) fn forget(&mut self, va: VirtAddr, size: PageSize, fetch: bool, data: bool) {
        if fetch {
            self.fetch_page = FetchPage::default();
            self.fetch.forget(va, size);
        }
        if data {
            self.load.forget(va, size);
            self.store.forget(va, size);
        }
    }

    /// The hits since they were last reset: privilege, kind, count.
    pub(super) fn hits(&self) -> impl Iterator<Item = (Privilege, AccessKind, u64)> {
        let of = |arrays: &'_ Arrays, kind| {
            let hits: Vec<_> = arrays.hits().collect();
            hits.into_iter()
                .map(move |(privilege, hits)| (privilege, kind, hits))
        };
        of(&self.fetch, AccessKind::Fetch)
            .chain(of(&self.load, AccessKind::Load))
            .chain(of(&self.store, AccessKind::Store))
    }

    /// Starts counting hits anew.
    pub(super) fn reset_hits(&mut self) {
        for arrays in [&mut self.fetch, &mut self.load, &mut self.store] {
            arrays.reset_hits();
        }
    }
}
