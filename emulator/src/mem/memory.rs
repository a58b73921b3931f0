//! RAM, and what must be seen of every store to it, whoever makes it: the reservations of LR/SC, the
//! doorbell of the host interface, and changes of watched pages.

use super::decoded::Decoded;
use super::{AccessError, PAGE_SIZE, PageFlags, PhysAddr, Ram};

/// The bytes that one reservation covers, and the unit in which stores break it.
const RESERVATION_SET: u64 = 64;

/// What is known of the doorbell's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    /// Nothing was stored there.
    None,
    /// Only the low half was stored, which may be the first of two stores; `old` if that was not
    /// just now.
    Half { old: bool },
    /// The word is complete.
    Whole,
}

/// A word of a watched page that was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordChange {
    /// Where, a multiple of eight.
    pub at: PhysAddr,
    /// Its value before.
    pub old: u64,
    /// Its value now.
    pub new: u64,
}

/// RAM and what is watched of stores. Harts and devices alike reach RAM through this.
pub struct Memory {
    ram: Ram,
    reservations: Vec<Option<u64>>,
    /// The pages that are flagged because of reservations.
    reserved: Vec<PhysAddr>,
    any_reservation: bool,
    doorbell: Option<u64>,
    request: Request,
    /// What is special about each page of RAM.
    flags: Vec<PageFlags>,
    flag_generation: u64,
    device_stores: Vec<WordChange>,
    /// What engines keep decoded.
    decoded: Decoded,
    /// Every store since it was last taken, if anyone wants to know: who, where, and how many bytes.
    journal: Option<Vec<Store>>,
    /// Counts how often RAM was changed otherwise.
    generation: u64,
}

/// A store to RAM: the hart that made it, or `None` for a device or the host; where; how many bytes.
pub type Store = (Option<usize>, PhysAddr, u64);

impl Memory {
    /// RAM that so many harts share.
    pub fn new(ram: Ram, harts: usize) -> Self {
        let range = ram.range();
        let pages = (range.end - range.start).div_ceil(PAGE_SIZE) as usize;
        Self {
            flags: vec![PageFlags::NONE; pages],
            flag_generation: 0,
            device_stores: Vec::new(),
            decoded: Decoded::default(),
            journal: None,
            generation: 0,
            ram,
            reservations: vec![None; harts],
            reserved: Vec::new(),
            any_reservation: false,
            doorbell: None,
            request: Request::None,
        }
    }

    /// RAM.
    #[inline]
    pub fn ram(&self) -> &Ram {
        &self.ram
    }

    /// RAM, to be filled by the loader. Reservations are not looked at; what engines keep decoded is given up.
    pub fn ram_mut(&mut self) -> &mut Ram {
        self.give_up_decoded();
        self.generation += 1;
        &mut self.ram
    }

    /// Stores the low `size` bytes of `value` for a hart. Other harts' reservations of the bytes
    /// are lost. False if they are not RAM.
    #[inline]
    pub fn store(&mut self, hart: usize, at: PhysAddr, size: u8, value: u64) -> bool {
        if self.ram.store(at, size, value).is_none() {
            return false;
        }
        self.seen(Some(hart), at, size.into());
        self.decoded_seen(at, size.into());
        if let Some(doorbell) = self.doorbell {
            let end = at.0 + u64::from(size);
            if at.0 < doorbell + 8 && end > doorbell {
                // The high half names the device: with it the word is complete.
                self.request = if end > doorbell + 4 {
                    Request::Whole
                } else {
                    Request::Half { old: false }
                };
            }
        }
        true
    }

    /// Forgets reservations, requests and what was watched, at a reset. RAM stays.
    pub fn reset(&mut self) {
        self.reservations.fill(None);
        self.any_reservation = false;
        self.request = Request::None;
        self.device_stores.clear();
        for flags in &mut self.flags {
            *flags = flags.without(PageFlags::TABLE | PageFlags::CODE | PageFlags::RESERVED);
        }
        self.flag_generation += 1;
    }

    /// Loads bytes for a device or the host.
    pub fn load_for_device(&self, at: PhysAddr, bytes: &mut [u8]) -> Result<(), AccessError> {
        let found = self.ram.slice(at, bytes.len() as u64).ok_or(AccessError)?;
        bytes.copy_from_slice(found);
        Ok(())
    }

    /// Stores to a page of RAM about which nothing is special ([`Memory::page_flags`]). False if the
    /// address is not RAM.
    #[inline]
    pub fn store_plain(&mut self, hart: usize, at: PhysAddr, size: u8, value: u64) -> bool {
        let done = self.ram.store(at, size, value).is_some();
        if done {
            self.seen(Some(hart), at, size.into());
        }
        done
    }

    /// Stores bytes to RAM for a device or the host. Every hart's reservation of them is lost.
    pub fn store_from_device(&mut self, at: PhysAddr, bytes: &[u8]) -> Result<(), AccessError> {
        let length = bytes.len() as u64;
        let before = self.watched_words(at, length);
        self.ram
            .slice_mut(at, length)
            .ok_or(AccessError)?
            .copy_from_slice(bytes);
        self.seen(None, at, length);
        self.decoded_seen(at, length);
        for (at, old) in before {
            if let Some(new) = self.ram.load(at, 8)
                && new != old
            {
                self.device_stores.push(WordChange { at, old, new });
            }
        }
        Ok(())
    }

    /// The words of watched pages that a store touches, with their values.
    fn watched_words(&self, at: PhysAddr, length: u64) -> Vec<(PhysAddr, u64)> {
        let mut words = Vec::new();
        if !self.is_ram(at, length) {
            return words;
        }
        // RAM ends below 2^56, so nothing here overflows.
        let end = at.0 + length;
        let mut page = at.page().0;
        while page < end {
            if self.page_flags(PhysAddr(page)).watched() {
                let from = page.max(at.0 & !7);
                let to = (page + PAGE_SIZE).min(end);
                words.extend((from..to).step_by(8).filter_map(|word| {
                    let at = PhysAddr(word);
                    self.ram.load(at, 8).map(|value| (at, value))
                }));
            }
            page += PAGE_SIZE;
        }
        words
    }

    /// What devices and the host changed on watched pages since the last call.
    pub fn take_device_stores(&mut self) -> Vec<WordChange> {
        std::mem::take(&mut self.device_stores)
    }

    /// What is special about the page of an address: nothing outside RAM.
    #[inline]
    pub fn page_flags(&self, at: PhysAddr) -> PageFlags {
        let index = at.0.wrapping_sub(self.ram.range().start) / PAGE_SIZE;
        let flags = self.flags.get(index as usize).copied();
        flags.unwrap_or_default()
    }

    /// Notes that something is special about a page from now on. Harts notice by the generation.
    pub fn flag_page(&mut self, at: PhysAddr, flags: PageFlags) {
        let index = at.0.wrapping_sub(self.ram.range().start) / PAGE_SIZE;
        if let Some(slot) = self.flags.get_mut(index as usize)
            && !slot.contains(flags)
        {
            *slot = *slot | flags;
            self.flag_generation += 1;
        }
    }

    /// Notes that something is not special about a page any more.
    pub fn unflag_page(&mut self, at: PhysAddr, flags: PageFlags) {
        let index = at.0.wrapping_sub(self.ram.range().start) / PAGE_SIZE;
        if let Some(slot) = self.flags.get_mut(index as usize) {
            *slot = slot.without(flags);
        }
    }

    /// Counts the pages about which something has become special.
    #[inline]
    pub fn flag_generation(&self) -> u64 {
        self.flag_generation
    }

    /// What must be seen of every store to RAM.
    #[inline]
    fn seen(&mut self, hart: Option<usize>, at: PhysAddr, length: u64) {
        if self.any_reservation {
            self.break_reservations(hart, at, length);
        }
        if let Some(journal) = &mut self.journal {
            journal.push((hart, at, length));
        }
    }

    /// Writes down every store from now on, but for those of engines that know where RAM is; takes what was written
    /// down before.
    pub fn take_journal(&mut self) -> Vec<Store> {
        self.journal.replace(Vec::new()).unwrap_or_default()
    }

    /// Counts how often RAM was given away to be changed: [`Memory::ram_mut`].
    pub fn generation(&self) -> u64 {
        self.generation
    }

    // ---- Decoded instructions. ----

    /// An engine has decoded the instructions in `size` bytes on one page: a store to them must be seen from now
    /// on. Says whether stores to the page went unseen until now.
    pub fn keep_decoded(&mut self, at: PhysAddr, size: u64) -> bool {
        if size == 0 {
            return false;
        }
        let new = !self.page_flags(at).contains(PageFlags::DECODED);
        self.decoded.keep(at, size);
        self.flag_page(at, PageFlags::DECODED);
        new
    }

    /// Sees whether a store changed what is decoded.
    #[inline]
    fn decoded_seen(&mut self, at: PhysAddr, length: u64) {
        if !self.decoded.is_empty() {
            self.decoded_changed(at, length);
        }
    }

    fn decoded_changed(&mut self, at: PhysAddr, length: u64) {
        let end = at.0.saturating_add(length);
        let mut page = at.page().0;
        while page < end {
            if self.page_flags(PhysAddr(page)).contains(PageFlags::DECODED)
                && self
                    .decoded
                    .stored(PhysAddr(page), at.0.max(page), end.min(page + PAGE_SIZE))
            {
                self.unflag_page(PhysAddr(page), PageFlags::DECODED);
            }
            page += PAGE_SIZE;
        }
    }

    /// Gives up everything that is decoded.
    pub fn give_up_decoded(&mut self) {
        for page in self.decoded.give_up() {
            self.unflag_page(page, PageFlags::DECODED);
        }
    }

    /// Whether pages wait whose decoded instructions are to be dropped.
    #[inline]
    pub fn decoded_is_stale(&self) -> bool {
        self.decoded.is_stale()
    }

    /// Takes the pages whose decoded instructions are to be dropped; `None` stands for all.
    pub fn take_stale_decoded(&mut self) -> Option<Vec<PhysAddr>> {
        self.decoded.take_stale()
    }

    // ---- Reservations. ----

    /// Lets stores to what other harts than `hart`, whose turn begins, have reserved be seen, and those to what it
    /// has itself reserved go unseen.
    pub fn watch_reservations(&mut self, hart: usize) {
        if !self.any_reservation && self.reserved.is_empty() {
            return;
        }
        for page in std::mem::take(&mut self.reserved) {
            self.unflag_page(page, PageFlags::RESERVED);
        }
        for other in 0..self.reservations.len() {
            if other != hart
                && let Some(at) = self.reservations[other]
            {
                self.flag_page(PhysAddr(at), PageFlags::RESERVED);
                self.reserved.push(PhysAddr(at));
            }
        }
    }

    /// Whether `size` bytes at `at` are RAM: atomics and cache blocks want that.
    pub fn is_ram(&self, at: PhysAddr, size: u64) -> bool {
        self.ram.slice(at, size).is_some()
    }

    /// Registers the reservation that LR makes for a hart.
    pub fn reserve(&mut self, hart: usize, at: PhysAddr) {
        if let Some(slot) = self.reservations.get_mut(hart) {
            *slot = Some(at.0 & !(RESERVATION_SET - 1));
            self.any_reservation = true;
        }
    }

    /// Ends a hart's reservation and says whether it covered `at`. SC does this, whether it
    /// succeeds or not.
    pub fn take_reservation(&mut self, hart: usize, at: PhysAddr) -> bool {
        let held = self.reservations.get_mut(hart).and_then(Option::take);
        self.any_reservation = self.reservations.iter().any(Option::is_some);
        held == Some(at.0 & !(RESERVATION_SET - 1))
    }

    /// Ends the reservations of other harts than the storing one that the stored bytes touch.
    #[cold]
    fn break_reservations(&mut self, storing: Option<usize>, at: PhysAddr, length: u64) {
        let first = at.0 & !(RESERVATION_SET - 1);
        let last = at.0.saturating_add(length.saturating_sub(1)) & !(RESERVATION_SET - 1);
        for (hart, slot) in self.reservations.iter_mut().enumerate() {
            if Some(hart) != storing && slot.is_some_and(|set| (first..=last).contains(&set)) {
                *slot = None;
            }
        }
        self.any_reservation = self.reservations.iter().any(Option::is_some);
    }

    /// Watches the 64-bit word at `at`: a store to it is a request to the host.
    pub fn set_doorbell(&mut self, at: Option<PhysAddr>) {
        self.doorbell = at.map(|at| at.0);
        for at in at.into_iter().flat_map(|at| [at, at.offset(7)]) {
            self.flag_page(at, PageFlags::DOORBELL);
        }
    }

    /// The word that is watched for requests to the host.
    pub fn doorbell(&self) -> Option<PhysAddr> {
        self.doorbell.map(PhysAddr)
    }

    /// Forgets what was requested of the host.
    pub fn forget_request(&mut self) {
        self.request = Request::None;
    }

    /// Takes over the reservations that harts have in another memory.
    pub fn copy_reservations(&mut self, other: &Self) {
        self.reservations.clone_from(&other.reservations);
        self.any_reservation = other.any_reservation;
    }

    /// Whether a complete request waits.
    #[inline]
    pub fn has_request(&self) -> bool {
        self.request == Request::Whole
    }

    /// Takes a complete request: whether there is one.
    pub fn take_request(&mut self) -> bool {
        let whole = self.has_request();
        if whole {
            self.request = Request::None;
        }
        whole
    }

    /// A while has passed. A request of which just the low half was stored before the last while
    /// is one of 32 bits, and complete.
    pub fn age_request(&mut self) {
        self.request = match self.request {
            Request::Half { old: false } => Request::Half { old: true },
            Request::Half { old: true } => Request::Whole,
            other => other,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: PhysAddr = PhysAddr(0x8000_0000);

    fn memory() -> Memory {
        Memory::new(Ram::new(BASE, 0x1000).unwrap(), 2)
    }

    #[test]
    fn a_reservation_is_lost_to_another_harts_store() {
        let mut memory = memory();
        memory.reserve(0, BASE);
        assert!(memory.store(0, BASE.offset(8), 8, 1));
        assert!(memory.take_reservation(0, BASE), "an own store keeps it");
        memory.reserve(0, BASE);
        assert!(memory.store(1, BASE.offset(8), 8, 1));
        assert!(
            !memory.take_reservation(0, BASE),
            "another hart's breaks it"
        );
        memory.reserve(0, BASE);
        assert!(memory.store(1, BASE.offset(64), 8, 1));
        assert!(
            memory.take_reservation(0, BASE),
            "another set does not matter"
        );
        assert!(!memory.take_reservation(0, BASE), "it is used up");
    }

    #[test]
    fn a_reservation_is_lost_to_a_store_that_only_reaches_into_it() {
        let mut memory = memory();
        let set = BASE.offset(64);
        memory.reserve(0, set);
        assert!(memory.store(1, BASE.offset(60), 8, 1));
        assert!(!memory.take_reservation(0, set));
    }

    #[test]
    fn a_reservation_is_lost_to_a_device() {
        let mut memory = memory();
        memory.reserve(0, BASE);
        memory.store_from_device(BASE.offset(8), &[1]).unwrap();
        assert!(!memory.take_reservation(0, BASE));
        assert_eq!(
            memory.store_from_device(BASE.offset(0xfff), &[1, 2]),
            Err(AccessError)
        );
    }

    #[test]
    fn a_request_is_complete_with_its_high_half() {
        let mut memory = memory();
        let word = BASE.offset(64);
        memory.set_doorbell(Some(word));
        for (offset, size, complete) in [
            (0, 8, true),
            (4, 4, true),
            (7, 1, true),
            (-4, 8, false),
            (-3, 8, true),
            (0, 4, false),
            (2, 2, false),
        ] {
            let at = PhysAddr(word.0.wrapping_add_signed(offset));
            assert!(memory.store(0, at, size, 1));
            assert_eq!(memory.take_request(), complete, "{size} bytes at {offset}");
            memory.request = Request::None;
        }
        assert!(memory.store(0, BASE.offset(56), 8, 1));
        assert!(memory.store(0, BASE.offset(72), 8, 1));
        assert_eq!(memory.request, Request::None, "its neighbours do not ring");
    }

    #[test]
    fn a_low_half_alone_is_a_request_after_a_while_without_a_store() {
        let mut memory = memory();
        memory.set_doorbell(Some(BASE));
        assert!(memory.store(0, BASE, 4, 1));
        memory.age_request();
        assert!(memory.store(0, BASE, 4, 1));
        memory.age_request();
        assert!(!memory.take_request(), "it was stored again meanwhile");
        memory.age_request();
        assert!(memory.take_request());
        assert!(!memory.take_request());
    }
}
