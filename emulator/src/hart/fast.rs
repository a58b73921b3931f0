//! The fast arrays: in front of the modelled TLB, for pages of RAM that an access may reach without a second look.
//!
//! There is one array for each kind of access (fetch, load, store) and each set of rights (privilege, SUM, MXR), so
//! that a trap drops nothing. What an array holds, the first level of the modelled TLB holds too, so a hit here is a
//! hit there, and is counted as one.

use crate::isa::Privilege;
use crate::mem::VirtAddr;
use crate::mmu::{Access, AccessKind, PageSize};

/// Slots of one array.
const SLOTS: usize = 512;
/// Bits that `va & (page | size − 1)` never has set.
const EMPTY: u64 = 0x800;

#[derive(Clone, Copy)]
struct Slot {
    /// The first address of the page.
    tag: u64,
    /// What to add to a virtual address in it.
    delta: u64,
}

/// One array, direct-mapped.
struct FastArray {
    slots: Box<[Slot; SLOTS]>,
    /// One bit for each slot that may be filled, so that clearing costs what was filled.
    used: [u64; SLOTS / 64],
    hits: u64,
}

impl Default for FastArray {
    fn default() -> Self {
        let empty = Slot {
            tag: EMPTY,
            delta: 0,
        };
        Self {
            slots: Box::new([empty; SLOTS]),
            used: [0; SLOTS / 64],
            hits: 0,
        }
    }
}

const fn slot_of(va: u64) -> usize {
    (va >> 12) as usize % SLOTS
}

impl FastArray {
    /// Where an aligned access of `size` bytes (a power of two) goes.
    #[inline(always)]
    fn find(&mut self, va: u64, size: u64) -> Option<u64> {
        let slot = &self.slots[slot_of(va)];
        let found = va & (!0xfff | (size - 1)) == slot.tag;
        if found {
            self.hits += 1;
            Some(va.wrapping_add(slot.delta))
        } else {
            None
        }
    }

    fn fill(&mut self, va: u64, pa: u64) {
        let index = slot_of(va);
        let tag = va & !0xfff;
        self.slots[index] = Slot {
            tag,
            delta: (pa & !0xfff).wrapping_sub(tag),
        };
        self.used[index / 64] |= 1 << (index % 64);
    }

    /// Empties the slots for which `drops` holds.
    fn drop_if(&mut self, drops: impl Fn(&Slot) -> bool) {
        for word in 0..self.used.len() {
            let mut bits = self.used[word];
            while bits != 0 {
                let bit = bits.trailing_zeros() as usize;
                let slot = &mut self.slots[word * 64 + bit];
                if drops(slot) {
                    slot.tag = EMPTY;
                    self.used[word] &= !(1 << bit);
                }
                bits &= bits - 1;
            }
        }
    }

    fn clear(&mut self) {
        self.drop_if(|_| true);
    }

    fn forget(&mut self, va: VirtAddr, size: PageSize) {
        let first = va.0 & !size.mask();
        if size == PageSize::Kib4 {
            let slot = &mut self.slots[slot_of(first)];
            if slot.tag == first {
                slot.tag = EMPTY;
            }
        } else {
            self.drop_if(|slot| slot.tag & !size.mask() == first);
        }
    }
}

/// Arrays for data: privilege × SUM × MXR.
const BANKS: usize = 12;
/// The banks of machine mode come last: their addresses are physical.
const TRANSLATED: usize = 8;

/// The fast arrays of a hart.
pub(super) struct Fast {
    fetch: [FastArray; 3],
    load: [FastArray; BANKS],
    store: [FastArray; BANKS],
    fetch_bank: usize,
    data_bank: usize,
}

impl Default for Fast {
    fn default() -> Self {
        Self {
            fetch: Default::default(),
            load: Default::default(),
            store: Default::default(),
            fetch_bank: privilege_index(Privilege::Machine),
            data_bank: data_bank(Privilege::Machine, false, false),
        }
    }
}

const fn privilege_index(privilege: Privilege) -> usize {
    match privilege {
        Privilege::User => 0,
        Privilege::Supervisor => 1,
        Privilege::Machine => 2,
    }
}

const fn data_bank(privilege: Privilege, sum: bool, mxr: bool) -> usize {
    privilege_index(privilege) * 4 + (sum as usize) * 2 + mxr as usize
}

const PRIVILEGES: [Privilege; 3] = [Privilege::User, Privilege::Supervisor, Privilege::Machine];

impl Fast {
    /// Chooses the arrays that belong to what a fetch and a data access may do now.
    pub(super) fn select(&mut self, fetch: Access, data: Access) {
        self.fetch_bank = privilege_index(fetch.privilege);
        self.data_bank = data_bank(data.privilege, data.sum, data.mxr);
    }

    /// Where the four bytes at `pc` are, if they are on a known page.
    #[inline(always)]
    pub(super) fn fetch(&mut self, pc: u64) -> Option<u64> {
        if pc & 0xfff > 0xffc {
            return None;
        }
        self.fetch[self.fetch_bank].find(pc, 1)
    }

    /// Where an aligned load goes.
    #[inline(always)]
    pub(super) fn load(&mut self, va: u64, size: u64) -> Option<u64> {
        self.load[self.data_bank].find(va, size)
    }

    /// Where an aligned store goes.
    #[inline(always)]
    pub(super) fn store(&mut self, va: u64, size: u64) -> Option<u64> {
        self.store[self.data_bank].find(va, size)
    }

    /// Remembers a page for this access, whose rights are those of the selected arrays.
    pub(super) fn fill(&mut self, access: Access, va: VirtAddr, pa: u64) {
        let bank = data_bank(access.privilege, access.sum, access.mxr);
        match access.kind {
            AccessKind::Fetch => self.fetch[privilege_index(access.privilege)].fill(va.0, pa),
            AccessKind::Load => self.load[bank].fill(va.0, pa),
            AccessKind::Store => self.store[bank].fill(va.0, pa),
            _ => {}
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        for array in self
            .fetch
            .iter_mut()
            .chain(&mut self.load)
            .chain(&mut self.store)
        {
            array.clear();
        }
    }

    /// Forgets every translated page.
    pub(super) fn clear_translated(&mut self) {
        let fetch = self.fetch[..TRANSLATED / 4].iter_mut();
        let load = self.load[..TRANSLATED].iter_mut();
        for array in fetch.chain(load).chain(&mut self.store[..TRANSLATED]) {
            array.clear();
        }
    }

    /// Forgets where stores go.
    pub(super) fn clear_stores(&mut self) {
        for array in &mut self.store {
            array.clear();
        }
    }

    /// Forgets where fetches go.
    pub(super) fn clear_fetches(&mut self) {
        for array in &mut self.fetch {
            array.clear();
        }
    }

    /// Forgets a translated page: for fetches, for data, or both.
    pub(super) fn forget(&mut self, va: VirtAddr, size: PageSize, fetch: bool, data: bool) {
        if fetch {
            for array in &mut self.fetch[..TRANSLATED / 4] {
                array.forget(va, size);
            }
        }
        if data {
            let arrays = self.load[..TRANSLATED].iter_mut();
            for array in arrays.chain(&mut self.store[..TRANSLATED]) {
                array.forget(va, size);
            }
        }
    }

    /// The hits of each array since they were last taken: privilege, kind, count.
    pub(super) fn hits(&self) -> impl Iterator<Item = (Privilege, AccessKind, u64)> {
        let fetch = PRIVILEGES
            .into_iter()
            .zip(&self.fetch)
            .map(|(privilege, array)| (privilege, AccessKind::Fetch, array.hits));
        let data = |arrays, kind| {
            let banks: std::slice::Chunks<'_, FastArray> = <[FastArray]>::chunks(arrays, 4);
            PRIVILEGES
                .into_iter()
                .zip(banks)
                .map(move |(privilege, banks)| {
                    (privilege, kind, banks.iter().map(|array| array.hits).sum())
                })
        };
        fetch
            .chain(data(&self.load, AccessKind::Load))
            .chain(data(&self.store, AccessKind::Store))
    }

    /// Starts counting hits anew.
    pub(super) fn reset_hits(&mut self) {
        for array in self
            .fetch
            .iter_mut()
            .chain(&mut self.load)
            .chain(&mut self.store)
        {
            array.hits = 0;
        }
    }
}
