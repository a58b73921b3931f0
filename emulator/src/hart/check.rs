//! What the hart shows to the sanitizer, and what it drops because of it. Without a sanitizer each of
//! these is one look at an empty box.

use super::Hart;
use crate::mem::{AccessError, Bus, PageFlags, PhysAddr, VirtAddr, WordChange};
use crate::mmu::check::{Checker, Site};
use crate::mmu::{Access, Fault, Hit, PageSize, Pte, Satp, Walk};

/// What of the sanitizer's news the fast arrays have followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) epoch: u64,
    pub(super) code_epoch: u64,
    pub(super) suspects: u64,
}

/// Tells the sanitizer that a word of a watched page changed.
fn tell_change(checker: &mut Checker, flags: PageFlags, by: Option<Site>, change: &WordChange) {
    let WordChange { at, old, new } = *change;
    if flags.contains(PageFlags::TABLE) {
        checker.stored(by, at, old, new);
    }
    if flags.contains(PageFlags::CODE) {
        checker.code_stored(by, at, old, new);
    }
}

impl Hart {
    /// Where the current instruction is, for the sanitizer.
    pub(super) fn site(&self) -> Site {
        Site {
            hart: self.id,
            pc: VirtAddr(self.pc),
            privilege: self.privilege,
            retired: self.retired,
        }
    }

    /// Compares a cached translation that was used, or that denied an access, with what the tables
    /// say now. True if they give this access the same, so that it need not be compared again before they
    /// change.
    pub(super) fn check_use(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        access: Access,
        satp: Satp,
        hit: &Hit,
        got: Result<PhysAddr, Fault>,
    ) -> bool {
        let Some(epoch) = self.checker.as_ref().map(|checker| checker.epoch()) else {
            return true;
        };
        if got.is_ok() && hit.epoch == epoch {
            return true;
        }
        let (mode, asid, kind) = (satp.mode(), satp.asid(), access.kind);
        let Some(entry) = self.tlb.peek(kind, mode, asid, va) else {
            return true;
        };
        let now = self.explain(bus, satp, va, access);
        let source = (entry.origin().last()).and_then(|&at| bus.ram().load(at, 8));
        let source = Pte(source.unwrap_or(0));
        let site = self.site();
        if let Some(checker) = self.checker.as_mut() {
            match got {
                Ok(_) => {
                    let pages = checker.used(site, satp, &entry, source, &now);
                    self.watch_tables(bus, pages);
                }
                Err(fault) => checker.denied(site, satp, &entry, fault, &now),
            }
        }
        self.tell_reports();
        let Some(leaf) = now.leaf() else {
            return false;
        };
        // What is cached may be less than what the tables give now: such an entry can do no harm.
        let rights = Pte::V | Pte::R | Pte::W | Pte::X | Pte::A | Pte::D;
        // One of sixteen entries has A and D for all.
        let lent = match entry.size {
            PageSize::Kib64 => source.0 & (Pte::A | Pte::D),
            _ => 0,
        };
        let kept = entry.pte.0 & rights & !leaf.pte.0 & !lent == 0;
        let same = (leaf.pte.0 ^ entry.pte.0) & !(rights | Pte::RSW) == 0;
        if kept && same && leaf.size == entry.size {
            self.tlb.set_epoch(kind, mode, asid, va, epoch);
        }
        got == Ok(leaf.pa) && leaf.update & !lent & Pte::D == 0
    }

    /// Lets stores to pages that hold tables from now on be seen.
    fn watch_tables(&mut self, bus: &mut Bus, pages: Vec<PhysAddr>) {
        if !pages.is_empty() {
            for page in pages {
                bus.memory_mut().flag_page(page, PageFlags::TABLE);
            }
            self.catch_up(bus);
        }
    }

    /// Shows a walk to the sanitizer.
    pub(super) fn check_walk(&mut self, bus: &mut Bus, satp: Satp, walk: &Walk) {
        let site = self.site();
        if let Some(checker) = self.checker.as_mut() {
            let pages = checker.walked(site, satp, walk);
            self.watch_tables(bus, pages);
            self.tell_reports();
        }
    }

    /// Passes new reports on to whoever watches.
    #[inline]
    pub(super) fn tell_reports(&mut self) {
        if (self.checker.as_ref()).is_some_and(|checker| checker.has_new()) {
            self.tell_new_reports();
        }
    }

    #[cold]
    fn tell_new_reports(&mut self) {
        if let Some(checker) = self.checker.as_mut() {
            for report in checker.take_new() {
                self.events.report(report);
            }
        }
    }

    /// Whether the sanitizer must hear of each store.
    pub(super) fn asks_for_stores(&self) -> bool {
        (self.checker.as_ref()).is_some_and(|checker| checker.wants_every_store())
    }

    /// Whether the sanitizer must hear of each instruction fetched from a page.
    pub(super) fn asks_for_fetches(&self, flags: PageFlags, pa: PhysAddr) -> bool {
        flags.contains(PageFlags::CODE)
            && (self.checker.as_ref())
                .is_some_and(|checker| checker.code_changed(self.id, pa.page()))
    }

    /// Shows a fetch to the sanitizer.
    pub(super) fn note_fetch(&mut self, bus: &mut Bus, va: VirtAddr, pa: PhysAddr, length: u8) {
        let (id, site) = (self.id, self.site());
        if let Some(checker) = self.checker.as_mut() {
            let page = pa.page();
            if checker.code_changed(id, page) {
                checker.fetched(site, va, pa, length);
                self.drop_watches(bus);
                self.tell_reports();
            } else if checker.fetched_from(id, page) {
                bus.memory_mut().flag_page(page, PageFlags::CODE);
                self.catch_up(bus);
            }
        }
    }

    /// Stores where a translation said; every store of an instruction that the fast arrays do not
    /// answer ends here.
    pub(super) fn put(
        &mut self,
        bus: &mut Bus,
        pa: PhysAddr,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        if let Some(checker) = self.checker.as_ref()
            && (checker.wants_every_store() || bus.memory().page_flags(pa).watched())
        {
            return self.put_watched(bus, pa, size, value);
        }
        bus.store(self.id, pa, size, value, self.mtime())
    }

    #[cold]
    fn put_watched(
        &mut self,
        bus: &mut Bus,
        pa: PhysAddr,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let end = pa.0.wrapping_add(u64::from(size).saturating_sub(1));
        let words = [PhysAddr(pa.0 & !7), PhysAddr(end & !7)];
        let count = if words[0] == words[1] { 1 } else { 2 };
        let read = |bus: &Bus| words.map(|at| bus.ram().load(at, 8));
        let before = read(bus);
        bus.store(self.id, pa, size, value, self.mtime())?;
        let after = read(bus);
        let flags = bus.memory().page_flags(pa);
        let here = self.site();
        let site = Some(here);
        if let Some(checker) = self.checker.as_mut() {
            let changes = before.into_iter().zip(after).zip(words).take(count);
            for ((old, new), at) in changes {
                let (Some(old), Some(new)) = (old, new) else {
                    continue;
                };
                if checker.wants_every_store() {
                    checker.stored_early(here, at, new);
                }
                if old != new {
                    tell_change(checker, flags, site, &WordChange { at, old, new });
                }
            }
            self.drop_watches(bus);
            self.catch_up(bus);
            self.tell_reports();
        }
        Ok(())
    }

    /// Stores to pages that hold no tables and no code any more need not be seen.
    fn drop_watches(&mut self, bus: &mut Bus) {
        if let Some(checker) = self.checker.as_mut() {
            for page in checker.take_abandoned_tables() {
                bus.memory_mut().unflag_page(page, PageFlags::TABLE);
            }
            for page in checker.take_abandoned_code() {
                bus.memory_mut().unflag_page(page, PageFlags::CODE);
            }
        }
    }

    /// Drops what the fast arrays may hold although it changed while this hart did not look: other
    /// harts, devices and the sanitizer may have changed page tables or begun to watch pages. Called
    /// whenever the engine starts, so at the start of each turn, and after watched stores.
    pub fn catch_up(&mut self, bus: &mut Bus) {
        if self.ram_number != bus.ram().number() {
            self.ram_number = bus.ram().number();
            self.fast.clear();
        }
        if self.flag_generation != bus.memory().flag_generation() {
            self.flag_generation = bus.memory().flag_generation();
            self.fast.clear_stores();
        }
        let Some(checker) = self.checker.as_mut() else {
            return;
        };
        for store in bus.memory_mut().take_device_stores() {
            tell_change(checker, bus.memory().page_flags(store.at), None, &store);
        }
        let seen = Seen {
            epoch: checker.epoch(),
            code_epoch: checker.code_epoch(),
            suspects: checker.suspect_count(),
        };
        if self.checked != seen {
            for suspect in checker.suspects_after(self.checked.suspects) {
                self.tlb.suspect(suspect.va);
                self.fast.forget(suspect.va, suspect.size, true, true);
            }
            if self.checked.epoch != seen.epoch {
                self.fast.clear_translated();
            }
            if self.checked.code_epoch != seen.code_epoch {
                self.fast.clear_fetches();
            }
            self.checked = seen;
        }
    }

    /// An engine has decoded the instructions in `size` bytes on a page of RAM: stores to them take the slow path
    /// from now on.
    pub(crate) fn keep_decoded(&mut self, bus: &mut Bus, at: PhysAddr, size: u64) {
        let caught_up = self.flag_generation == bus.memory().flag_generation();
        if bus.memory_mut().keep_decoded(at, size) {
            self.fast.forget_stores_to(at.0);
        }
        if caught_up {
            self.flag_generation = bus.memory().flag_generation();
        }
    }

    /// Where in RAM the instruction at `pc` is, if the fast arrays know.
    pub(crate) fn fetch_place(&self, pc: u64) -> Option<u64> {
        self.fast.fetch_place(pc)
    }

    /// `fence.i`: instructions are fetched anew. Nothing here caches their bytes; the sanitizer
    /// wants to know.
    pub fn fence_instructions(&mut self) {
        let id = self.id;
        if let Some(checker) = self.checker.as_mut() {
            checker.fence_i(id);
            // It must hear of the fetches that come.
            self.fast.clear_fetches();
        }
    }
}
