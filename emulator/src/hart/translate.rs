//! Translation: the fast arrays' refill, the modelled TLB, the walk, and the sanitizer's view of all three.

use super::pmp::PmpAccess;
use super::{Hart, Trap, csr, status};
use crate::isa::{Extension, Privilege};
use crate::mem::{AccessError, Bus, PAGE_SIZE, PageFlags, PhysAddr, VirtAddr};
use crate::mmu::check::Site;
use crate::mmu::{
    self, Access, AccessKind, AdPolicy, Entry, EntryError, Fault, FaultSource, Fence, FenceKind,
    Hit, Mode, Outcome, PageSize, PageTableMemory, PageTableWriter, Pte, PteRules, Satp,
    Statistics, TlbLevel, Walk, WalkCause, WalkConfig, effective_privilege, translate, walk,
};

/// Page tables as the walk reaches them: through PMP, as S-mode would.
struct Tables<'a> {
    hart: &'a Hart,
    bus: &'a mut Bus,
}

impl Tables<'_> {
    fn allowed(&self, at: PhysAddr, access: PmpAccess) -> Result<(), EntryError> {
        if !self.bus.is_ram(at, 8) {
            Err(EntryError::OutsideMemory)
        } else if !self.hart.pmp.check(at, 8, access, Privilege::Supervisor) {
            Err(EntryError::Denied)
        } else {
            Ok(())
        }
    }
}

impl PageTableMemory for Tables<'_> {
    fn read_entry(&mut self, at: PhysAddr) -> Result<u64, EntryError> {
        self.allowed(at, PmpAccess::READ)?;
        self.bus.ram().load(at, 8).ok_or(EntryError::OutsideMemory)
    }
}

impl PageTableWriter for Tables<'_> {
    fn replace_entry(&mut self, at: PhysAddr, old: Pte, new: Pte) -> Result<bool, EntryError> {
        self.allowed(at, PmpAccess::WRITE)?;
        if self.read_entry(at)? != old.0 {
            return Ok(false);
        }
        self.bus
            .store(self.hart.id, at, 8, new.0, self.hart.mtime())
            .map(|()| true)
            .map_err(|AccessError| EntryError::OutsideMemory)
    }
}

/// What of the sanitizer's news the fast arrays have followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    epoch: u64,
    code_epoch: u64,
    suspects: u64,
}

/// Where a translated access goes.
struct Translated {
    pa: PhysAddr,
    /// Whether the same translation may be used again without asking the TLB.
    lasting: bool,
}

impl Hart {
    /// What the privilege, MPRV, SUM and MXR say of an access.
    pub(super) fn access(&self, kind: AccessKind) -> Access {
        let mstatus = self.csr.mstatus;
        let mpp = Privilege::from_bits(mstatus >> status::MPP_SHIFT).unwrap_or_default();
        Access {
            kind,
            privilege: effective_privilege(self.privilege, mstatus & status::MPRV != 0, mpp, kind),
            sum: mstatus & status::SUM != 0,
            mxr: mstatus & status::MXR != 0,
        }
    }

    /// The rules of page-table entries that are in force.
    pub fn pte_rules(&self) -> PteRules {
        PteRules {
            svnapot: self.isa.has(Extension::Svnapot),
            svpbmt: self.isa.has(Extension::Svpbmt) && self.csr.menvcfg & csr::MENVCFG_PBMTE != 0,
        }
    }

    /// What happens now when A or D is clear.
    pub fn ad_policy(&self) -> AdPolicy {
        if self.hardware_ad() {
            AdPolicy::Hardware
        } else {
            AdPolicy::Fault
        }
    }

    /// What a walk depends on now.
    fn walk_config(&self, satp: Satp) -> WalkConfig {
        WalkConfig::from_satp(satp, self.pte_rules(), self.ad_policy())
    }

    /// Walks the page tables as an access would, and changes nothing. `satp` need not be the present
    /// one.
    pub fn explain(&self, bus: &mut Bus, satp: Satp, va: VirtAddr, access: Access) -> Walk {
        let config = self.walk_config(satp);
        walk(&config, va, access, &mut Tables { hart: self, bus })
    }

    /// Reads a page-table entry as a walk does.
    pub fn read_entry(&self, bus: &mut Bus, at: PhysAddr) -> Result<u64, EntryError> {
        Tables { hart: self, bus }.read_entry(at)
    }

    /// Whether PMP denies an access at a physical address.
    pub fn protected(&self, pa: PhysAddr, size: u64, access: Access) -> bool {
        let allowed = |rights| self.pmp.check(pa, size, rights, access.privilege);
        !match access.kind {
            AccessKind::Fetch => allowed(PmpAccess::EXECUTE),
            AccessKind::Load => allowed(PmpAccess::READ),
            AccessKind::Store | AccessKind::CacheBlockZero => allowed(PmpAccess::WRITE),
            AccessKind::Amo => allowed(PmpAccess::READ_WRITE),
            AccessKind::CacheBlockManage => allowed(PmpAccess::READ) || allowed(PmpAccess::WRITE),
        }
    }

    /// Where the current instruction is, for the sanitizer.
    fn site(&self) -> Site {
        Site {
            hart: self.id,
            pc: VirtAddr(self.pc),
            privilege: self.privilege,
            retired: self.retired,
        }
    }

    /// Where `size` bytes at `va`, which lie on one page, are in physical memory, if the access
    /// is allowed.
    pub(super) fn locate(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        size: u64,
        kind: AccessKind,
    ) -> Result<PhysAddr, Trap> {
        let access = self.access(kind);
        let satp = Satp(self.csr.satp);
        let translated = access.privilege != Privilege::Machine && satp.mode() != Mode::Bare;
        let Translated { pa, lasting } = if translated {
            self.translate(bus, va, access, satp)
                .map_err(|(fault, source)| self.page_fault(fault, source))?
        } else {
            self.statistics.of_mut(access.privilege, kind).untranslated += 1;
            Translated {
                pa: PhysAddr(va.0),
                lasting: true,
            }
        };
        if self.protected(pa, size, access) {
            if translated {
                self.statistics.of_mut(access.privilege, kind).protected += 1;
                self.events.mmu(|| mmu::Event::Protected { va, pa, access });
            }
            return Err(super::memory::access_fault(kind, va));
        }
        if lasting {
            self.remember(bus, va, pa, access);
        }
        Ok(pa)
    }

    /// Lets the fast arrays answer for the page from now on, if all of it allows the same.
    fn remember(&mut self, bus: &Bus, va: VirtAddr, pa: PhysAddr, access: Access) {
        let Some(rights) = self.pmp.uniform(pa, access.privilege) else {
            return;
        };
        let flags = bus.page_flags(pa);
        let allowed = match access.kind {
            AccessKind::Fetch => rights.execute && !(self.asks_for_fetches(flags, pa)),
            AccessKind::Load => rights.read,
            AccessKind::Store => rights.write && flags.is_empty(),
            _ => false,
        };
        if allowed && bus.is_ram(pa.page(), PAGE_SIZE) {
            self.fast.fill(access, va, pa.0);
        }
    }

    fn page_fault(&mut self, fault: Fault, source: FaultSource) -> Trap {
        let from_tlb = source != FaultSource::Walk;
        self.statistics
            .faulted(fault.access, fault.reason, from_tlb);
        self.events.mmu(|| mmu::Event::Faulted { fault, source });
        Trap::new(fault.exception(), fault.va.0)
    }

    /// Translates through the TLB, walking the page tables on a miss.
    fn translate(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        access: Access,
        satp: Satp,
    ) -> Result<Translated, (Fault, FaultSource)> {
        let (mode, asid, kind) = (satp.mode(), satp.asid(), access.kind);
        let mut cause = WalkCause::Miss;
        let hit = self.tlb.lookup(kind, mode, asid, va);
        self.count_lookup(access, hit.as_ref());
        if let Some(hit) = hit {
            if hit.level == TlbLevel::Second {
                self.promote(va, access, satp);
            }
            match hit.check(access, self.ad_policy()) {
                Ok(0) => {
                    let pa = hit.map(va);
                    let agrees = self.check_use(bus, va, access, satp, &hit, Ok(pa));
                    self.events.mmu_hit(|| mmu::Event::Hit {
                        va,
                        pa,
                        access,
                        level: hit.level,
                    });
                    let lasting = agrees && self.lasts(kind);
                    return Ok(Translated { pa, lasting });
                }
                // A or D must be set in memory: only a walk can do that.
                Ok(_) => cause = WalkCause::UpdateBits,
                Err(reason) => {
                    let fault = Fault { va, access, reason };
                    self.check_use(bus, va, access, satp, &hit, Err(fault));
                    return Err((fault, FaultSource::Tlb(hit.level)));
                }
            }
        }
        let config = self.walk_config(satp);
        let walk = translate(&config, va, access, &mut Tables { hart: self, bus });
        self.statistics
            .walked(&walk, cause == WalkCause::UpdateBits);
        self.events.mmu(|| mmu::Event::Walked { walk, satp, cause });
        self.check_walk(bus, satp, &walk);
        match walk.outcome {
            Outcome::Identity(pa) => Ok(Translated { pa, lasting: false }),
            Outcome::Fault(fault) => Err((fault, FaultSource::Walk)),
            Outcome::Leaf(leaf) => {
                if let Some(hit) = hit
                    && hit.size != leaf.size
                {
                    self.resized(va, access, satp, hit.size);
                }
                if let Some(mut entry) = Entry::from_walk(&walk, mode, asid, self.retired) {
                    entry.stamp = self.checker.as_ref().map_or(0, |checker| checker.clock());
                    self.fill(kind, entry);
                }
                Ok(Translated {
                    pa: leaf.pa,
                    lasting: self.lasts(kind),
                })
            }
        }
    }

    /// Whether the fast arrays may answer for the TLB: not if each hit is to be seen.
    fn lasts(&self, kind: AccessKind) -> bool {
        !self.events.hits_wanted() && self.tlb.hits_change_nothing(kind)
    }

    fn count_lookup(&mut self, access: Access, hit: Option<&Hit>) {
        let second = self.tlb.config().second.is_some();
        let figures = self.statistics.of_mut(access.privilege, access.kind);
        match hit.map(|hit| hit.level) {
            Some(TlbLevel::First) => figures.first_hits += 1,
            Some(TlbLevel::Second) => {
                figures.first_misses += 1;
                figures.second_hits += 1;
            }
            None => {
                figures.first_misses += 1;
                figures.second_misses += u64::from(second);
            }
        }
    }

    /// Puts what a walk found into the TLB.
    fn fill(&mut self, kind: AccessKind, entry: Entry) {
        let epoch = self.checker.as_ref().map_or(0, |checker| checker.epoch());
        let inserted = self.tlb.insert(kind, entry, epoch);
        self.filled_first(kind, entry, inserted);
        if let Some(inserted) = self.tlb.insert_second(entry, epoch) {
            let array = mmu::TlbArray::Second;
            for entry in [inserted.replaced, inserted.evicted].into_iter().flatten() {
                self.events.mmu(|| mmu::Event::Evicted { array, entry });
            }
            self.events.mmu(|| mmu::Event::Filled { array, entry });
        }
    }

    /// A walk made to set A or D found a page of another size than the TLB's entry, which goes. Were
    /// it kept beside the new entry, the fast arrays could answer with the one and a lookup with the
    /// other.
    #[cold]
    fn resized(&mut self, va: VirtAddr, access: Access, satp: Satp, old: PageSize) {
        let (mode, asid, kind) = (satp.mode(), satp.asid(), access.kind);
        let mut left = Vec::new();
        self.tlb.remove(kind, mode, asid, va, old, |array, entry| {
            left.push((array, *entry));
        });
        for (array, entry) in left {
            self.forget(array, &entry);
            self.events.mmu(|| mmu::Event::Evicted { array, entry });
        }
    }

    /// Copies the entry with which the second level answered into the first.
    fn promote(&mut self, va: VirtAddr, access: Access, satp: Satp) {
        let (mode, asid, kind) = (satp.mode(), satp.asid(), access.kind);
        if let Some((entry, inserted)) = self.tlb.promote(kind, mode, asid, va) {
            self.filled_first(kind, entry, inserted);
        }
    }

    /// What leaves the first level leaves the fast arrays.
    fn filled_first(&mut self, kind: AccessKind, entry: Entry, inserted: mmu::Inserted) {
        let array = self.tlb.first(kind);
        for old in [inserted.replaced, inserted.evicted].into_iter().flatten() {
            self.forget(array, &old);
            self.events
                .mmu(|| mmu::Event::Evicted { array, entry: old });
        }
        if self.tlb.config().layout != mmu::Layout::Off {
            self.events.mmu(|| mmu::Event::Filled { array, entry });
        }
    }

    fn forget(&mut self, array: mmu::TlbArray, entry: &Entry) {
        let (fetch, data) = match array {
            mmu::TlbArray::Instruction => (true, false),
            mmu::TlbArray::Data => (false, true),
            mmu::TlbArray::Unified => (true, true),
            mmu::TlbArray::Second => (false, false),
        };
        self.fast.forget(entry.va, entry.size, fetch, data);
    }

    // ---- The sanitizer's view. ----

    /// Compares a cached translation that was used, or that denied an access, with what the tables
    /// say now. True if they give this access the same, so that it need not be compared again before they
    /// change.
    fn check_use(
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
        let site = self.site();
        if let Some(checker) = self.checker.as_mut() {
            match got {
                Ok(_) => {
                    let pages = checker.used(site, satp, &entry, &now);
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
        let kept = entry.pte.0 & rights & !leaf.pte.0 == 0;
        let same = (leaf.pte.0 ^ entry.pte.0) & !(rights | Pte::RSW) == 0;
        if kept && same && leaf.size == entry.size {
            self.tlb.set_epoch(kind, mode, asid, va, epoch);
        }
        got == Ok(leaf.pa) && leaf.update & Pte::D == 0
    }

    /// Lets stores to pages that hold tables from now on be seen.
    fn watch_tables(&mut self, bus: &mut Bus, pages: Vec<PhysAddr>) {
        if !pages.is_empty() {
            for page in pages {
                bus.flag_page(page, PageFlags::TABLE);
            }
            self.catch_up(bus);
        }
    }

    /// Shows a walk to the sanitizer.
    fn check_walk(&mut self, bus: &mut Bus, satp: Satp, walk: &Walk) {
        let site = self.site();
        if let Some(checker) = self.checker.as_mut() {
            let pages = checker.walked(site, satp, walk);
            self.watch_tables(bus, pages);
            self.tell_reports();
        }
    }

    /// Passes new reports on to whoever watches.
    #[inline]
    fn tell_reports(&mut self) {
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

    /// Whether the sanitizer must hear of each instruction fetched from a page.
    fn asks_for_fetches(&self, flags: PageFlags, pa: PhysAddr) -> bool {
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
                bus.flag_page(page, PageFlags::CODE);
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
        if self.checker.is_some() && bus.page_flags(pa).watched() {
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
        let flags = bus.page_flags(pa);
        let site = Some(self.site());
        if let Some(checker) = self.checker.as_mut() {
            let changes = before.into_iter().zip(after).zip(words).take(count);
            for ((old, new), at) in changes {
                let (Some(old), Some(new)) = (old, new) else {
                    continue;
                };
                if old == new {
                    continue;
                }
                if flags.contains(PageFlags::TABLE) {
                    checker.stored(site, at, old, new);
                }
                if flags.contains(PageFlags::CODE) && checker.code_stored(site, at, old, new) {
                    self.fast.clear_fetches();
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
                bus.unflag_page(page, PageFlags::TABLE);
            }
            for page in checker.take_abandoned_code() {
                bus.unflag_page(page, PageFlags::CODE);
            }
        }
    }

    /// Drops what the fast arrays may hold although it changed while this hart did not look: other
    /// harts, devices and the sanitizer may have changed page tables or begun to watch pages. Called
    /// at the start of each turn.
    pub fn catch_up(&mut self, bus: &mut Bus) {
        if self.flag_generation != bus.flag_generation() {
            self.flag_generation = bus.flag_generation();
            self.fast.clear_stores();
        }
        let Some(checker) = self.checker.as_mut() else {
            return;
        };
        for store in bus.take_device_stores() {
            let flags = bus.page_flags(store.at);
            if flags.contains(PageFlags::TABLE) {
                checker.stored(None, store.at, store.old, store.new);
            }
            if flags.contains(PageFlags::CODE) {
                checker.code_stored(None, store.at, store.old, store.new);
            }
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

    // ---- What drops cached translations. ----

    /// Privilege or `mstatus` changed: other fast arrays are in force.
    pub(super) fn select_fast(&mut self) {
        let (fetch, data) = (
            self.access(AccessKind::Fetch),
            self.access(AccessKind::Load),
        );
        self.fast.select(fetch, data);
    }

    /// PMP or a rule of translation changed, or who watches. The TLB keeps its entries: it is the
    /// guest that must fence.
    pub(super) fn forget_translations(&mut self) {
        self.fast.clear();
    }

    /// Sets `satp`.
    pub(super) fn set_satp(&mut self, new: Satp) {
        let old = Satp(self.csr.satp);
        self.fold_hits();
        self.statistics.satp_writes += 1;
        self.csr.satp = new.0;
        if old != new {
            self.fast.clear_translated();
        }
        let site = self.site();
        if let Some(checker) = self.checker.as_mut() {
            checker.satp_written(site, old, new);
            self.checked.epoch = checker.epoch();
            self.tell_reports();
        }
        self.events.mmu(|| mmu::Event::SatpWritten { old, new });
    }

    /// `sfence.vma` or `sinval.vma`: for one address or all, for one address space or all.
    pub fn fence_translation(&mut self, va: Option<VirtAddr>, asid: Option<u16>, kind: FenceKind) {
        let mask = ((1u32 << self.tlb.config().asid_bits) - 1) as u16;
        let asid = asid.map(|asid| asid & mask);
        let fence = Fence { va, asid };
        if va.is_none() {
            self.fast.clear_translated();
        }
        let mut left = Vec::new();
        let wanted = va.is_some() || self.events.wanted();
        let dropped = self.tlb.flush_with(fence, |array, entry| {
            if wanted {
                left.push((array, *entry));
            }
        });
        for (array, entry) in left {
            if va.is_some() {
                self.forget(array, &entry);
            }
            self.events.mmu(|| mmu::Event::Dropped { array, entry });
        }
        self.statistics.fenced(fence, kind);
        let site = self.site();
        if let Some(checker) = self.checker.as_mut() {
            checker.fenced(site, fence);
            self.tell_reports();
        }
        self.events.mmu(|| mmu::Event::Fenced {
            fence,
            kind,
            dropped,
        });
    }

    // ---- Figures. ----

    /// Adds the hits of the fast arrays to the figures.
    pub(super) fn fold_hits(&mut self) {
        self.statistics = self.mmu_statistics();
        self.fast.reset_hits();
    }

    /// What the MMU of this hart has done. The figures are exact, and the same whether or not
    /// anyone watches.
    pub fn mmu_statistics(&self) -> Statistics {
        let translating = Satp(self.csr.satp).mode() != Mode::Bare;
        let mut statistics = self.statistics.clone();
        for (privilege, kind, hits) in self.fast.hits() {
            let figures = statistics.of_mut(privilege, kind);
            if translating && privilege != Privilege::Machine {
                figures.first_hits += hits;
            } else {
                figures.untranslated += hits;
            }
        }
        statistics
    }
}
