//! Translation: the fast arrays' refill, the modelled TLB, the walk, and the sanitizer's view of all three.

use super::fast::Fast;
use super::pmp::PmpAccess;
use super::{Hart, Trap, csr, status};
use crate::isa::{Extension, Privilege};
use crate::mem::{AccessError, Bus, PAGE_SIZE, PhysAddr, VirtAddr};
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

/// Where a translated access goes.
struct Translated {
    pa: PhysAddr,
    /// Whether the same translation may be used again without asking the TLB.
    lasting: bool,
    /// The leaf, if there was a translation.
    leaf: Option<Pte>,
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
        let Translated { pa, lasting, leaf } = if translated {
            self.translate(bus, va, access, satp)
                .map_err(|(fault, source)| self.page_fault(fault, source))?
        } else {
            self.statistics.of_mut(access.privilege, kind).untranslated += 1;
            Translated {
                pa: PhysAddr(va.0),
                lasting: true,
                leaf: None,
            }
        };
        self.check_protection(va, pa, size, access)?;
        if lasting {
            // What is loaded is often stored next. An atomic's rights are those of both.
            let both = Access {
                kind: AccessKind::Amo,
                ..access
            };
            let data = matches!(kind, AccessKind::Load | AccessKind::Store);
            let ad = self.ad_policy();
            let for_both = data
                && self.checker.is_none()
                && leaf.is_none_or(|pte| pte.check(both, ad) == Ok(0));
            if !(for_both && self.remember(bus, va, pa, both)) {
                self.remember(bus, va, pa, access);
            }
        }
        Ok(pa)
    }

    /// Asks PMP about an access that translation allowed.
    pub(super) fn check_protection(
        &mut self,
        va: VirtAddr,
        pa: PhysAddr,
        size: u64,
        access: Access,
    ) -> Result<(), Trap> {
        if !self.protected(pa, size, access) {
            return Ok(());
        }
        if access.privilege != Privilege::Machine && Satp(self.csr.satp).mode() != Mode::Bare {
            let figures = self.statistics.of_mut(access.privilege, access.kind);
            figures.protected += 1;
            self.events.mmu(|| mmu::Event::Protected { va, pa, access });
        }
        Err(super::memory::access_fault(access.kind, va))
    }

    /// Lets the fast arrays answer for the page from now on, if all of it allows the same. Says whether they do.
    fn remember(&mut self, bus: &Bus, va: VirtAddr, pa: PhysAddr, access: Access) -> bool {
        let Some(rights) = self.pmp.uniform(pa, access.privilege) else {
            return false;
        };
        let flags = bus.memory().page_flags(pa);
        let allowed = match access.kind {
            AccessKind::Fetch => rights.execute && !(self.asks_for_fetches(flags, pa)),
            AccessKind::Load => rights.read,
            AccessKind::Store => rights.write && flags.is_empty() && !self.asks_for_stores(),
            AccessKind::Amo => {
                rights.read && rights.write && flags.is_empty() && !self.asks_for_stores()
            }
            _ => false,
        };
        let remembered = allowed && bus.is_ram(pa.page(), PAGE_SIZE);
        if remembered {
            self.fast.fill(access, va, pa.0, bus.ram().bias());
        }
        remembered
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
                    return Ok(Translated {
                        pa,
                        lasting,
                        leaf: Some(hit.pte),
                    });
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
            Outcome::Identity(pa) => Ok(Translated {
                pa,
                lasting: false,
                leaf: None,
            }),
            Outcome::Fault(fault) => Err((fault, FaultSource::Walk)),
            Outcome::Leaf(leaf) => {
                if cause == WalkCause::UpdateBits {
                    self.drop_other_sizes(va, access, satp, leaf.size);
                }
                if let Some(mut entry) = Entry::from_walk(&walk, mode, asid, self.retired) {
                    entry.stamp = self.checker.as_ref().map_or(0, |checker| checker.clock());
                    self.fill(kind, entry);
                }
                Ok(Translated {
                    pa: leaf.pa,
                    lasting: self.lasts(kind),
                    leaf: Some(leaf.pte),
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

    /// A walk was made to set A or D although the TLB has an entry for the address, and found a page of
    /// this size. Entries of other sizes for the address go: a guest that changed the tables without a
    /// fence may have left several. Were one kept beside the new entry, the fast arrays could answer
    /// with the one and a lookup with the other.
    fn drop_other_sizes(&mut self, va: VirtAddr, access: Access, satp: Satp, found: PageSize) {
        let (mode, asid, kind) = (satp.mode(), satp.asid(), access.kind);
        let mut left = Vec::new();
        for size in PageSize::ALL.into_iter().filter(|size| *size != found) {
            self.tlb.remove(kind, mode, asid, va, size, |array, entry| {
                left.push((array, *entry));
            });
        }
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
    #[inline]
    fn filled_first(&mut self, kind: AccessKind, entry: Entry, inserted: mmu::Inserted) {
        let array = self.tlb.first(kind);
        for old in inserted.replaced.iter().chain(&inserted.evicted) {
            self.forget(array, old);
            self.events
                .mmu(|| mmu::Event::Evicted { array, entry: *old });
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
        self.csr.satp = new.0;
        self.fold_hits();
        self.statistics.satp_writes += 1;
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

    /// Adds the hits of the fast arrays to the figures. Those from now on are of the present mode.
    pub(super) fn fold_hits(&mut self) {
        add_hits(&mut self.statistics, &self.fast, self.translating);
        self.fast.reset_hits();
        self.translating = Satp(self.csr.satp).mode() != Mode::Bare;
    }

    /// What the MMU of this hart has done. The figures are exact, and the same whether or not
    /// anyone watches.
    pub fn mmu_statistics(&self) -> Statistics {
        let mut statistics = self.statistics.clone();
        add_hits(&mut statistics, &self.fast, self.translating);
        statistics
    }
}

/// Adds the hits of the fast arrays to figures.
fn add_hits(statistics: &mut Statistics, fast: &Fast, translating: bool) {
    fast.each_hits(|privilege, kind, hits| {
        let figures = statistics.of_mut(privilege, kind);
        if translating && privilege != Privilege::Machine {
            figures.first_hits += hits;
        } else {
            figures.untranslated += hits;
        }
    });
}
