//! Which bytes of RAM engines keep as decoded instructions, so that stores to them are noticed.

use super::{PAGE_SIZE, PhysAddr};
use rustc_hash::FxHashMap;

/// The unit in which stores and decoded instructions are compared, in bytes: instructions are made of it.
const UNIT: u64 = 2;

/// One bit for each unit of a page.
type Units = [u64; (PAGE_SIZE / UNIT / 64) as usize];

/// What is decoded, and what of it was stored to.
#[derive(Default)]
pub(super) struct Decoded {
    /// For each page, by its address, what of it is decoded.
    pages: FxHashMap<u64, Box<Units>>,
    stale: Vec<PhysAddr>,
    all_stale: bool,
}

/// The units that hold the bytes from `start` to `end`, which are on one page: words of [`Units`], and bits of them.
fn units(start: u64, end: u64) -> impl Iterator<Item = (usize, u64)> {
    let first = start % PAGE_SIZE / UNIT;
    let last = end.wrapping_sub(1) % PAGE_SIZE / UNIT;
    (first / 64..=last / 64).map(move |word| {
        let from = first.saturating_sub(64 * word);
        let to = (last - 64 * word).min(63);
        (word as usize, (u64::MAX << from) & (u64::MAX >> (63 - to)))
    })
}

impl Decoded {
    pub(super) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    pub(super) fn keep(&mut self, at: PhysAddr, size: u64) {
        if size != 0 {
            let page = self
                .pages
                .entry(at.page().0)
                .or_insert_with(|| Box::new([0; (PAGE_SIZE / UNIT / 64) as usize]));
            for (word, bits) in units(at.0, at.0 + size) {
                page[word] |= bits;
            }
        }
    }

    /// Bytes of a page were stored to. True if they were decoded: the page is forgotten.
    pub(super) fn stored(&mut self, page: PhysAddr, start: u64, end: u64) -> bool {
        let kept = self.pages.get(&page.0);
        let hit =
            kept.is_some_and(|kept| units(start, end).any(|(word, bits)| kept[word] & bits != 0));
        if hit {
            self.pages.remove(&page.0);
            self.stale.push(page);
        }
        hit
    }

    /// Forgets everything, and gives the pages.
    pub(super) fn give_up(&mut self) -> Vec<PhysAddr> {
        self.all_stale |= !self.pages.is_empty();
        self.pages.drain().map(|(page, _)| PhysAddr(page)).collect()
    }

    #[inline]
    pub(super) fn is_stale(&self) -> bool {
        self.all_stale || !self.stale.is_empty()
    }

    /// The pages to be dropped; `None` is all.
    pub(super) fn take_stale(&mut self) -> Option<Vec<PhysAddr>> {
        let stale = std::mem::take(&mut self.stale);
        (!std::mem::take(&mut self.all_stale)).then_some(stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_beside_what_is_decoded_changes_nothing() {
        let page = PhysAddr(0x8000_0000);
        let mut decoded = Decoded::default();
        decoded.keep(page.offset(0x100), 0x40);
        assert!(!decoded.stored(page, page.0, page.0 + 0x100));
        assert!(!decoded.stored(page, page.0 + 0x140, page.0 + PAGE_SIZE));
        assert!(!decoded.stored(page, page.0 + 0x140, page.0 + 0x141));
        assert!(!decoded.is_stale());
        decoded.keep(page, 2);
        decoded.keep(page.offset(PAGE_SIZE - 2), 2);
        assert!(!decoded.stored(page, page.0 + 2, page.0 + 0x100));
        assert!(!decoded.stored(page, page.0 + 0x140, page.0 + PAGE_SIZE - 2));
        assert!(decoded.stored(page, page.0 + 0xf8, page.0 + 0x101));
        assert_eq!(decoded.take_stale(), Some(vec![page]));
        assert!(!decoded.is_stale());
        assert!(
            !decoded.stored(page, page.0, page.0 + PAGE_SIZE),
            "it is forgotten"
        );
    }

    #[test]
    fn giving_up_drops_everything() {
        let page = PhysAddr(0x8000_0000);
        let mut decoded = Decoded::default();
        assert!(decoded.give_up().is_empty());
        assert!(!decoded.is_stale());
        decoded.keep(page.offset(PAGE_SIZE - 4), 4);
        assert_eq!(decoded.give_up(), [page]);
        assert_eq!(decoded.take_stale(), None);
    }
}
