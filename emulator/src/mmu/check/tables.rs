//! Which words of memory are page-table entries that a walk has read.
//!
//! A word is watched from the walk that reads it until a store takes away what it gave: whatever was cached from it
//! is suspect from then on, and a later walk watches it again. An invalid word is watched while a hart may remember
//! that it is invalid. A page is no page of tables any more if it has no watched words, or if the entry above it
//! changed. So what is kept is at most as large as the guest's own tables, and those of address spaces whose root it
//! gave up without a store to it, until it stores there; and [`MOST_PAGES`] bounds it too.

use super::hash::NumberMap;
use crate::mem::PhysAddr;
use crate::mmu::{Mode, Satp};

/// The word is watched.
pub(super) const WATCHED: u64 = 1 << 0;
/// It was reached through more than one virtual address.
pub(super) const MANY: u64 = 1 << 1;
/// A walk found it invalid, and a hart may still remember that.
pub(super) const INVALID_SEEN: u64 = 1 << 2;
/// It was looked at for W and X.
pub(super) const RIGHTS_SEEN: u64 = 1 << 3;
/// It is a leaf for user mode.
pub(super) const USER: u64 = 1 << 4;
const LEVEL_SHIFT: u32 = 5;
/// It is invalid.
pub(super) const INVALID: u64 = 1 << 8;
const KEY: u64 = !(MANY | INVALID_SEEN | RIGHTS_SEEN | USER | INVALID);

/// Pages of tables that are kept; a gibibyte of the guest's memory.
const MOST_PAGES: usize = 1 << 18;
const RECENT: usize = 64;
const FILTER_BITS: usize = 1 << 16;

const fn span(level: u8) -> u64 {
    1 << (12 + 9 * level as u32)
}

/// What a watched word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

impl Word {
    /// A word at this level, reached through this address.
    fn new(va: u64, level: u8) -> Self {
        Self(va & !(span(level) - 1) | WATCHED | u64::from(level) << LEVEL_SHIFT)
    }

    pub(super) const fn has(self, flags: u64) -> bool {
        self.0 & flags == flags
    }

    pub(super) const fn level(self) -> u8 {
        (self.0 >> LEVEL_SHIFT & 7) as u8
    }

    /// The first virtual address that it was reached through.
    pub(super) const fn va(self) -> u64 {
        self.0 & !0xfff
    }
}

/// What leads to a root table instead of an entry.
pub(super) const ROOT: u64 = u64::MAX;

#[derive(Clone)]
struct Page {
    number: u64,
    words: Box<[u64; 512]>,
    watched: u32,
    /// Another one each time that a page becomes known.
    life: u64,
    /// The entry through which the last walk came here, or [`ROOT`].
    parent: u64,
}

/// The pages that hold tables.
#[derive(Clone)]
pub(super) struct Tables {
    index: NumberMap<u64, u32>,
    pages: Vec<Page>,
    lives: u64,
    free: Vec<u32>,
    /// The pages looked for last, by their low bits: number and place.
    recent: Box<[(u64, u32); RECENT]>,
    /// One bit for each hash of a page number; clear if no page with it holds tables.
    filter: Box<[u64; FILTER_BITS / 64]>,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            index: NumberMap::default(),
            pages: Vec::new(),
            lives: 0,
            free: Vec::new(),
            recent: Box::new([(u64::MAX, 0); RECENT]),
            filter: Box::new([0; FILTER_BITS / 64]),
        }
    }
}

const fn word_of(at: PhysAddr) -> usize {
    (at.0 >> 3) as usize & 511
}

impl Tables {
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= MOST_PAGES
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    #[inline]
    fn find(&mut self, number: u64) -> Option<usize> {
        let slot = number as usize % RECENT;
        let (recent, place) = self.recent[slot];
        if recent == number {
            return Some(place as usize);
        }
        let place = *self.index.get(&number)?;
        self.recent[slot] = (number, place);
        Some(place as usize)
    }

    fn peek(&self, at: PhysAddr) -> Option<&Page> {
        self.pages.get(*self.index.get(&(at.0 >> 12))? as usize)
    }

    fn add(&mut self, number: u64) -> usize {
        self.lives += 1;
        let place = match self.free.pop() {
            Some(place) => {
                let page = &mut self.pages[place as usize];
                page.number = number;
                page.life = self.lives;
                place as usize
            }
            None => {
                self.pages.push(Page {
                    number,
                    words: Box::new([0; 512]),
                    watched: 0,
                    life: self.lives,
                    parent: ROOT,
                });
                self.pages.len() - 1
            }
        };
        self.index.insert(number, place as u32);
        self.recent[number as usize % RECENT] = (number, place as u32);
        let bit = number as usize % FILTER_BITS;
        self.filter[bit / 64] |= 1 << (bit % 64);
        place
    }

    /// Which life of its page an entry is of. Between two of them its stores are not seen.
    pub(super) fn life(&self, at: PhysAddr) -> Option<u64> {
        self.peek(at).map(|page| page.life)
    }

    /// Whether a page is known.
    pub(super) fn knows(&self, page: PhysAddr) -> bool {
        let number = page.0 >> 12;
        let bit = number as usize % FILTER_BITS;
        self.filter[bit / 64] >> (bit % 64) & 1 == 1 && self.index.contains_key(&number)
    }

    /// Watches an entry that a walk read, coming from `parent`. Gives its flags (with other bits), and whether its
    /// page is new.
    #[inline]
    pub(super) fn watch(&mut self, at: PhysAddr, va: u64, level: u8, parent: u64) -> (u64, bool) {
        let number = at.0 >> 12;
        let (recent, place) = self.recent[number as usize % RECENT];
        if recent == number
            && let Some(page) = self.pages.get_mut(place as usize)
        {
            let word = page.words[word_of(at)];
            if word & KEY == Word::new(va, level).0 {
                page.parent = parent;
                return (word, false);
            }
        }
        self.watch_anew(at, va, level, parent)
    }

    #[cold]
    fn watch_anew(&mut self, at: PhysAddr, va: u64, level: u8, parent: u64) -> (u64, bool) {
        let number = at.0 >> 12;
        let (place, new) = match self.find(number) {
            Some(place) => (place, false),
            None => (self.add(number), true),
        };
        let page = &mut self.pages[place];
        page.parent = parent;
        let word = &mut page.words[word_of(at)];
        let expected = Word::new(va, level).0;
        if *word == 0 {
            *word = expected;
            page.watched += 1;
        } else if *word & KEY != expected {
            *word |= MANY;
        }
        (*word, new)
    }

    /// What a word is, if its page is known: `Some(None)` if the word itself is not watched.
    pub(super) fn get(&mut self, at: PhysAddr) -> Option<Option<Word>> {
        let place = self.find(at.0 >> 12)?;
        let word = self.pages[place].words[word_of(at)];
        Some((word != 0).then_some(Word(word)))
    }

    /// Sets flags of a watched word.
    pub(super) fn mark(&mut self, at: PhysAddr, flags: u64) {
        if let Some(place) = self.find(at.0 >> 12) {
            let word = &mut self.pages[place].words[word_of(at)];
            if *word != 0 {
                *word |= flags;
            }
        }
    }

    /// Clears flags of a word.
    pub(super) fn unmark(&mut self, at: PhysAddr, flags: u64) {
        if let Some(place) = self.find(at.0 >> 12) {
            self.pages[place].words[word_of(at)] &= !flags;
        }
    }

    /// Stops watching a word. True if its page has none left and is forgotten.
    pub(super) fn unwatch(&mut self, at: PhysAddr) -> bool {
        let Some(place) = self.find(at.0 >> 12) else {
            return false;
        };
        let page = &mut self.pages[place];
        let word = &mut page.words[word_of(at)];
        if *word != 0 {
            *word = 0;
            page.watched -= 1;
        }
        let empty = page.watched == 0;
        if empty {
            self.remove(place);
        }
        empty
    }

    /// Frees a place, whose words are all zero: it can be used as it is.
    fn remove(&mut self, place: usize) {
        let number = self.pages[place].number;
        self.index.remove(&number);
        self.free.push(place as u32);
        self.pages[place].parent = ROOT;
        self.recent[number as usize % RECENT] = (u64::MAX, 0);
    }

    /// An entry stopped pointing to a page of tables: forgets the page, and what hangs on it, unless the last walk to
    /// it came another way. Gives the pages forgotten.
    pub(super) fn free(&mut self, page: PhysAddr, parent: PhysAddr) -> Vec<PhysAddr> {
        let mut freed = Vec::new();
        if !self.knows(page) || self.peek(page).is_none_or(|table| table.parent != parent.0) {
            return freed;
        }
        freed.push(page.page());
        let mut done = 0;
        while let Some(&page) = freed.get(done) {
            done += 1;
            let Some(place) = self.find(page.0 >> 12) else {
                continue;
            };
            let table = &mut self.pages[place];
            let points = table.words.iter().any(|&word| Word(word).level() != 0);
            table.words.fill(0);
            table.watched = 0;
            self.remove(place);
            if points {
                let below = (self.pages.iter())
                    .filter(|below| below.parent != ROOT && PhysAddr(below.parent).page() == page);
                freed.extend(below.map(|below| PhysAddr(below.number << 12)));
            }
        }
        freed
    }

    /// Whether a page holds tables of an address space that is in force: each entry on the way to it points where the
    /// walk found it to (or else the page was forgotten), and one of `roots` is where the way begins.
    pub(super) fn is_live(&self, page: PhysAddr, roots: &[Satp]) -> bool {
        let mut at = page;
        for _ in 0..crate::mmu::MAX_LEVELS {
            let Some(table) = self.peek(at) else {
                return false;
            };
            match table.parent {
                ROOT => {
                    return roots
                        .iter()
                        .any(|satp| satp.mode() != Mode::Bare && satp.root() == at.page());
                }
                parent => {
                    let parent = PhysAddr(parent);
                    let watched = self
                        .peek(parent)
                        .is_some_and(|above| above.words[word_of(parent)] != 0);
                    if !watched {
                        return false;
                    }
                    at = parent;
                }
            }
        }
        false
    }

    /// The tables that lie in a range of physical addresses.
    pub(super) fn within(&self, from: PhysAddr, bytes: u64) -> Vec<PhysAddr> {
        let range = from.0 >> 12..(from.0.saturating_add(bytes)) >> 12;
        let mut found: Vec<u64> = (self.index.keys().copied())
            .filter(|number| range.contains(number))
            .collect();
        found.sort_unstable();
        found
            .into_iter()
            .map(|number| PhysAddr(number << 12))
            .collect()
    }
}
