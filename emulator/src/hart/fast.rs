//! The fast arrays: in front of the modelled TLB, for pages of RAM that an access may reach without a second look.
//!
//! There is one array for each kind of access (fetch, load, store) and each set of rights (privilege, SUM, MXR), so
//! that a trap drops nothing. What an array holds of translated pages, the first level of the modelled TLB holds too,
//! so a hit here is a hit there, and is counted as one. In machine mode and without translation they hold physical
//! pages.
//!
//! An entry says where in the host's memory a page is. The threaded engine reads entries and RAM by these addresses;
//! everyone else goes through [`Fast::load`] and its like, which give guest addresses.

use crate::isa::Privilege;
use crate::mem::VirtAddr;
use crate::mmu::{Access, AccessKind, PRIVILEGES, PageSize};

/// Slots of an array at first; a power of two, as all its sizes are.
const FIRST_SLOTS: usize = 256;
/// Slots of an array at most.
const MOST_SLOTS: usize = 4096;
/// Arrays for data, privilege × SUM × MXR, and for fetches, at 0, 4 and 8: user, supervisor, machine.
const BANKS: usize = 12;
/// The banks of machine mode come last: their addresses are physical.
const TRANSLATED: usize = 8;
/// Bits that `va & (page | size − 1)` never has set.
const EMPTY: u64 = 0x800;

/// One page.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Slot {
    /// The first virtual address of the page.
    pub(crate) tag: u64,
    /// What to add to a virtual address in it to get the address in the host's memory.
    pub(crate) delta: u64,
}

const EMPTY_SLOT: Slot = Slot {
    tag: EMPTY,
    delta: 0,
};

/// One array, direct-mapped.
struct Bank {
    slots: Vec<Slot>,
    /// One bit for each slot that may be filled, so that clearing costs what was filled.
    used: Vec<u64>,
    /// Whether any bit of `used` is set.
    any: bool,
    /// How often a page took another one's slot since the array last grew.
    conflicts: usize,
    /// Hits before the array was last selected.
    hits: u64,
}

const fn bank(privilege: Privilege, sum: bool, mxr: bool) -> usize {
    let privilege = match privilege {
        Privilege::User => 0,
        Privilege::Supervisor => 1,
        Privilege::Machine => 2,
    };
    privilege * 4 + (sum as usize) * 2 + mxr as usize
}

impl Bank {
    /// An array without room, until something is filled in.
    fn new() -> Self {
        Self {
            slots: vec![EMPTY_SLOT],
            used: vec![0],
            any: false,
            conflicts: 0,
            hits: 0,
        }
    }

    #[inline(always)]
    fn index(&self, va: u64) -> usize {
        (va >> 12) as usize & (self.slots.len() - 1)
    }

    fn put(&mut self, slot: Slot) {
        let index = self.index(slot.tag);
        let there = &mut self.slots[index];
        if there.tag != EMPTY && there.tag != slot.tag {
            self.conflicts += 1;
        }
        *there = slot;
        self.used[index / 64] |= 1 << (index % 64);
        self.any = true;
    }

    fn fill(&mut self, slot: Slot) {
        let length = self.slots.len();
        if length < FIRST_SLOTS || self.conflicts > length && length < MOST_SLOTS {
            let length = (4 * length).clamp(FIRST_SLOTS, MOST_SLOTS);
            let old = std::mem::replace(&mut self.slots, vec![EMPTY_SLOT; length]);
            self.used = vec![0; length.div_ceil(64)];
            for slot in old.into_iter().filter(|slot| slot.tag != EMPTY) {
                self.put(slot);
            }
            self.conflicts = 0;
        }
        self.put(slot);
    }

    /// Empties those slots for which `drops` holds.
    fn drop_if(&mut self, drops: impl Fn(&Slot) -> bool) {
        if !self.any {
            return;
        }
        let mut any = false;
        for (word, used) in self.used.iter_mut().enumerate() {
            let mut bits = *used;
            while bits != 0 {
                let bit = bits.trailing_zeros() as usize;
                let slot = &mut self.slots[word * 64 + bit];
                if slot.tag == EMPTY || drops(slot) {
                    slot.tag = EMPTY;
                    *used &= !(1 << bit);
                }
                bits &= bits - 1;
            }
            any |= *used != 0;
        }
        self.any = any;
    }

    fn forget(&mut self, page: u64) {
        let index = self.index(page);
        let slot = &mut self.slots[index];
        if slot.tag == page {
            slot.tag = EMPTY;
        }
    }
}

/// The arrays of one kind of access.
#[repr(C)]
pub(crate) struct Arrays {
    /// Where in the host's memory the selected array is.
    pub(crate) base: usize,
    /// `(slots − 1) × 16`: what `va >> 8` is masked with to get a slot's offset in bytes.
    pub(crate) mask: usize,
    /// Hits of the selected array since it was selected.
    pub(crate) hits: u64,
    selected: usize,
    banks: Vec<Bank>,
}

/// The copy counts on, but is empty: what it may answer, its owner must find out.
impl Clone for Arrays {
    fn clone(&self) -> Self {
        let mut banks: Vec<Bank> = (0..BANKS).map(|_| Bank::new()).collect();
        for (bank, old) in banks.iter_mut().zip(&self.banks) {
            bank.hits = old.hits;
        }
        let mut arrays = Self {
            base: 0,
            mask: 0,
            hits: self.hits,
            selected: self.selected,
            banks,
        };
        arrays.point();
        arrays
    }
}

impl Default for Arrays {
    fn default() -> Self {
        let mut arrays = Self {
            base: 0,
            mask: 0,
            hits: 0,
            selected: bank(Privilege::Machine, false, false),
            banks: (0..BANKS).map(|_| Bank::new()).collect(),
        };
        arrays.point();
        arrays
    }
}

impl Arrays {
    /// Notes where the selected array is.
    fn point(&mut self) {
        let slots = &mut self.banks[self.selected].slots;
        self.mask = (slots.len() - 1) * size_of::<Slot>();
        self.base = slots.as_mut_ptr().expose_provenance();
    }

    fn select(&mut self, bank: usize) {
        if self.selected != bank {
            self.banks[self.selected].hits += self.hits;
            self.hits = 0;
            self.selected = bank;
            self.point();
        }
    }

    /// Where an aligned access of `size` bytes (a power of two) goes in the host's memory.
    #[inline(always)]
    fn find(&mut self, va: u64, size: u64) -> Option<u64> {
        let bank = self.banks.get(self.selected)?;
        let slot = bank.slots.get(bank.index(va))?;
        if va & (!0xfff | (size - 1)) == slot.tag {
            self.hits += 1;
            Some(va.wrapping_add(slot.delta))
        } else {
            None
        }
    }

    /// Whether the page that begins at `page` is known to the selected array.
    #[inline]
    pub(crate) fn holds(&self, page: u64) -> bool {
        let bank = self.banks.get(self.selected);
        bank.is_some_and(|bank| bank.slots[bank.index(page)].tag == page)
    }

    fn fill(&mut self, bank: usize, slot: Slot) {
        self.banks[bank].fill(slot);
        self.point();
    }

    fn clear(&mut self, banks: usize) {
        for bank in self.banks.iter_mut().take(banks) {
            bank.drop_if(|_| true);
        }
    }

    fn forget(&mut self, va: VirtAddr, size: PageSize) {
        let first = va.0 & !size.mask();
        for bank in self.banks.iter_mut().take(TRANSLATED) {
            if size == PageSize::Kib4 {
                bank.forget(first);
            } else {
                bank.drop_if(|slot| slot.tag & !size.mask() == first);
            }
        }
    }

    /// Forgets what is at a page of the host's memory.
    fn forget_place(&mut self, host: u64) {
        for bank in &mut self.banks {
            bank.drop_if(|slot| slot.tag.wrapping_add(slot.delta) == host);
        }
    }

    /// Tells the hits of the arrays of each privilege.
    fn each_hits(&self, mut tell: impl FnMut(Privilege, u64)) {
        for (index, bank) in self.banks.iter().enumerate() {
            let now = if index == self.selected { self.hits } else { 0 };
            tell(PRIVILEGES[index / 4], bank.hits + now);
        }
    }

    fn reset_hits(&mut self) {
        self.hits = 0;
        for bank in &mut self.banks {
            bank.hits = 0;
        }
    }
}

/// The fast arrays of a hart.
#[derive(Clone, Default)]
#[repr(C)]
pub(crate) struct Fast {
    pub(crate) load: Arrays,
    pub(crate) store: Arrays,
    pub(crate) fetch: Arrays,
    /// Hits of atomics, which need a page in the arrays for loads and for stores, since these were selected.
    pub(crate) atomic_hits: u64,
    /// Those before, by privilege.
    earlier_atomic_hits: [u64; BANKS / 4],
    /// What to add to a guest's physical address to get the host's.
    bias: u64,
    /// The page of the last fetch: what the array for fetches would answer.
    fetch_page: FetchPage,
    /// What the engine may remember of places to go on at.
    pub(crate) known: Known,
}

/// What the engine remembers of places to go on at, by their virtual addresses, holds as long as this has the key that
/// the engine noted with it: until a page is forgotten. (A page whose
/// slot another one took is not: the TLB has it still.)
#[derive(Default)]
#[repr(C)]
pub(crate) struct Known {
    /// 0, or a number that says the privilege of fetches and when a page was last forgotten.
    pub(crate) key: u64,
    /// Where in the host's memory the engine keeps what it remembers.
    pub(crate) table: usize,
    /// The decoded code that it is about.
    pub(crate) code: u64,
    /// 0, or another number each time after a page was forgotten.
    period: u64,
}

/// A copy knows nothing.
impl Clone for Known {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Known {
    /// From now on nothing holds.
    pub(crate) fn forget(&mut self) {
        self.period = 0;
        self.key = 0;
    }

    fn select(&mut self, bank: usize) {
        self.key = match self.period {
            0 => 0,
            period => period * BANKS as u64 + bank as u64,
        };
    }
}

/// A copy knows nothing, as the arrays' copies do.
struct FetchPage {
    va: u64,
    delta: u64,
}

impl Clone for FetchPage {
    fn clone(&self) -> Self {
        Self::default()
    }
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
        self.known.select(self.fetch.selected);
        self.earlier_atomic_hits[self.load.selected / 4] += std::mem::take(&mut self.atomic_hits);
        self.load.select(data);
        self.store.select(data);
    }

    /// Where the four bytes at `pc` are in the guest's memory, if they are on a known page.
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
        let pa = self.fetch.find(pc, 1)?.wrapping_sub(self.bias);
        self.fetch_page = FetchPage {
            va: pc & !0xfff,
            delta: pa.wrapping_sub(pc),
        };
        Some(pa)
    }

    /// Where the instruction at `pc` is in the guest's memory, if its page is known. This is not counted.
    #[inline]
    pub(super) fn fetch_place(&self, pc: u64) -> Option<u64> {
        let bank = self.fetch.banks.get(self.fetch.selected)?;
        let slot = bank.slots.get(bank.index(pc))?;
        (slot.tag == pc & !0xfff).then(|| pc.wrapping_add(slot.delta).wrapping_sub(self.bias))
    }

    /// Where an aligned load goes in the guest's memory.
    #[inline(always)]
    pub(super) fn load(&mut self, va: u64, size: u64) -> Option<u64> {
        let at = self.load.find(va, size)?;
        Some(at.wrapping_sub(self.bias))
    }

    /// Where an aligned store goes in the guest's memory.
    #[inline(always)]
    pub(super) fn store(&mut self, va: u64, size: u64) -> Option<u64> {
        let at = self.store.find(va, size)?;
        Some(at.wrapping_sub(self.bias))
    }

    /// What to add to a guest's physical address to get the host's.
    #[inline(always)]
    pub(crate) fn bias(&self) -> u64 {
        self.bias
    }

    /// Remembers for this access that the page at `va` is the one at `pa` in RAM, to whose guest addresses `bias`
    /// is added to get the host's.
    pub(super) fn fill(&mut self, access: Access, va: VirtAddr, pa: u64, bias: u64) {
        self.bias = bias;
        let tag = va.0 & !0xfff;
        let slot = Slot {
            tag,
            delta: (pa & !0xfff).wrapping_add(bias).wrapping_sub(tag),
        };
        let data = bank(access.privilege, access.sum, access.mxr);
        match access.kind {
            AccessKind::Fetch => self.fetch.fill(bank(access.privilege, false, false), slot),
            AccessKind::Load => self.load.fill(data, slot),
            AccessKind::Store => self.store.fill(data, slot),
            AccessKind::Amo => {
                self.load.fill(data, slot);
                self.store.fill(data, slot);
            }
            _ => {}
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.clear_fetches();
        self.clear_stores();
        self.load.clear(BANKS);
    }

    /// The key to remember something with that the arrays for fetches say now. `period` gives a number that it has not
    /// given before.
    pub(crate) fn key(&mut self, period: impl FnOnce() -> u64) -> u64 {
        if self.known.period == 0 {
            self.known.period = period();
            self.known.select(self.fetch.selected);
        }
        self.known.key
    }

    /// Forgets every translated page.
    pub(super) fn clear_translated(&mut self) {
        self.fetch_page = FetchPage::default();
        self.known.forget();
        for arrays in [&mut self.fetch, &mut self.load, &mut self.store] {
            arrays.clear(TRANSLATED);
        }
    }

    /// Forgets where stores go.
    pub(super) fn clear_stores(&mut self) {
        self.store.clear(BANKS);
    }

    /// Forgets how stores get to a page of RAM.
    pub(super) fn forget_stores_to(&mut self, pa: u64) {
        self.store
            .forget_place((pa & !0xfff).wrapping_add(self.bias));
    }

    /// Forgets where fetches go.
    pub(super) fn clear_fetches(&mut self) {
        self.fetch_page = FetchPage::default();
        self.known.forget();
        self.fetch.clear(BANKS);
    }

    /// Forgets a translated page: for fetches, for data, or both.
    pub(super) fn forget(&mut self, va: VirtAddr, size: PageSize, fetch: bool, data: bool) {
        if fetch {
            self.fetch_page = FetchPage::default();
            self.known.forget();
            self.fetch.forget(va, size);
        }
        if data {
            self.load.forget(va, size);
            self.store.forget(va, size);
        }
    }

    /// Tells the hits since they were last reset.
    pub(super) fn each_hits(&self, mut tell: impl FnMut(Privilege, AccessKind, u64)) {
        for (arrays, kind) in [
            (&self.fetch, AccessKind::Fetch),
            (&self.load, AccessKind::Load),
            (&self.store, AccessKind::Store),
        ] {
            arrays.each_hits(|privilege, hits| tell(privilege, kind, hits));
        }
        let selected = self.load.selected / 4;
        for (index, privilege) in PRIVILEGES.into_iter().enumerate() {
            let now = if index == selected {
                self.atomic_hits
            } else {
                0
            };
            tell(
                privilege,
                AccessKind::Amo,
                self.earlier_atomic_hits[index] + now,
            );
        }
    }

    /// Starts counting hits anew.
    pub(super) fn reset_hits(&mut self) {
        self.atomic_hits = 0;
        self.earlier_atomic_hits = [0; BANKS / 4];
        for arrays in [&mut self.fetch, &mut self.load, &mut self.store] {
            arrays.reset_hits();
        }
    }
}
