//! User mode at page tables: what it reaches must hold none.

use super::tables;
use super::walks::use_of;
use super::{Change, CheckKind, Checker, Key, Report, Site, Use};
use crate::mem::PhysAddr;
use crate::mmu::{Leaf, PageSize, Pte, Walk};

/// User pages that are remembered; a power of two.
const USER_PAGES: usize = 1 << 12;

/// A page that a walk found for user mode.
#[derive(Clone, Copy)]
pub(super) struct UserPage {
    frame: u64,
    at: PhysAddr,
    /// Of the table: [`Tables::life`](super::tables::Tables::life).
    life: Option<u64>,
    level: u8,
    pte: u64,
    used: Use,
}

impl Checker {
    /// User mode at page tables: none of the page that it reaches may be one.
    pub(super) fn look_at_user_page(&mut self, site: Site, walk: &Walk, leaf: Leaf, first: bool) {
        let used = use_of(site, walk);
        let begin = PhysAddr(leaf.pa.0 & !leaf.size.mask());
        let entry = (leaf.at, leaf.size.level(), leaf.pte.0);
        if leaf.size == PageSize::Kib4 {
            let frame = begin.0 >> 12;
            let life = self.tables.life(leaf.at);
            let pages = &mut self.walks.user_pages;
            if pages.is_empty() {
                pages.resize(USER_PAGES, None);
            }
            pages[frame as usize % USER_PAGES] = Some(UserPage {
                frame,
                at: leaf.at,
                life,
                level: entry.1,
                pte: entry.2,
                used,
            });
            if self.tables.knows(begin) {
                self.reaches(begin, entry, used);
            }
        } else if first {
            // A large page may hold tables that come later; they are found at the first store by user mode.
            for table in self.tables.within(begin, leaf.size.bytes()) {
                self.reaches(table, entry, used);
            }
        }
    }

    fn reaches(&mut self, table: PhysAddr, entry: (PhysAddr, u8, u64), used: Use) {
        if self.tables.is_live(table, self.changes.satps()) {
            self.about_entry(CheckKind::UserReachesTable, table.0, entry, used);
        }
    }

    /// Pages became tables: a user page seen before may be one of them.
    #[cold]
    pub(super) fn look_at_new_tables(&mut self, new: &[PhysAddr]) {
        for &table in new {
            let frame = table.0 >> 12;
            let seen = self.walks.user_pages.get(frame as usize % USER_PAGES);
            let Some(page) = seen.copied().flatten().filter(|page| page.frame == frame) else {
                continue;
            };
            let still = self.tables.life(page.at) == page.life
                && matches!(self.tables.get(page.at), Some(Some(word)) if word.has(tables::USER));
            if still && self.tables.is_live(page.at.page(), self.changes.satps()) {
                let value = self.changes.last(page.at);
                let value = value.map_or(page.pte, |stored| stored.new);
                self.reaches(table, (page.at, page.level, value), page.used);
            }
        }
    }

    /// An entry that no longer leads to a user page does not reach it, even if walks find it again with another one.
    pub(super) fn forget_user_page(&mut self, at: PhysAddr, old: u64, new: u64) {
        let (old, new) = (Pte(old), Pte(new));
        if !old.valid() || !old.is_leaf() || new.valid() && new.target() == old.target() {
            return;
        }
        let frame = old.target().0 >> 12;
        if let Some(page) = (self.walks.user_pages).get_mut(frame as usize % USER_PAGES) {
            page.take_if(|page| page.at == at);
        }
    }

    /// User mode stored to an entry of a table that is in force.
    pub(super) fn user_stored(&mut self, by: Site, at: PhysAddr, old: u64, new: u64) {
        let table = at.page();
        if !self.tables.is_live(table, self.changes.satps()) {
            return;
        }
        let kind = CheckKind::UserReachesTable;
        let level = self.tables.get(at).flatten().map(|word| word.level());
        self.add(&[Key::About(kind, table.0)], None, |_| Report {
            kind,
            change: Some(Change {
                at,
                level,
                old,
                new,
                by: Some(by),
            }),
            satp: None,
            used: None,
            fence: None,
            near: None,
            times: 1,
        });
    }
}
