//! The sanitizer, told what a hart would tell it.

mod code;
mod stale;
mod walks;

use super::{CheckConfig, Checker, Report, Site};
use crate::isa::Privilege;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    Access, AccessKind, AdPolicy, Entry, EntryError, Fence, Mode, PageTableMemory, PageTableWriter,
    Pte, PteRules, Satp, Walk, WalkConfig, translate, walk,
};
use std::collections::{HashMap, HashSet};

pub(super) const ROOT: u64 = 0x8000_1000;
pub(super) const OTHER_ROOT: u64 = 0x8000_5000;
pub(super) const MIDDLE: u64 = 0x8000_2000;
pub(super) const LEAVES: u64 = 0x8000_3000;
pub(super) const FRAME: u64 = 0x8100_0000;
/// The page that [`World::new`] maps by the entry [`ENTRY`].
pub(super) const VA: u64 = 0x4000_3000;
pub(super) const ENTRY: u64 = LEAVES + 3 * 8;
pub(super) const RIGHTS: u64 = Pte::V | Pte::R | Pte::W | Pte::A | Pte::D;

#[derive(Default)]
pub(super) struct Memory(HashMap<u64, u64>);

impl PageTableMemory for Memory {
    fn read_entry(&mut self, at: PhysAddr) -> Result<u64, EntryError> {
        Ok(self.0.get(&at.0).copied().unwrap_or(0))
    }
}

impl PageTableWriter for Memory {
    fn replace_entry(&mut self, at: PhysAddr, old: Pte, new: Pte) -> Result<bool, EntryError> {
        let same = self.read_entry(at)? == old.0;
        if same {
            self.0.insert(at.0, new.0);
        }
        Ok(same)
    }
}

/// Memory with tables, harts that retire one instruction for each thing they do, and the sanitizer.
pub(super) struct World {
    pub(super) memory: Memory,
    pub(super) checker: Checker,
    pub(super) satp: Satp,
    pub(super) ad: AdPolicy,
    pub(super) watched: HashSet<u64>,
    retired: u64,
}

pub(super) fn pointer(to: u64) -> u64 {
    Pte::new(to >> 12, Pte::V).0
}

pub(super) fn leaf(to: u64, bits: u64) -> u64 {
    Pte::new(to >> 12, bits).0
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(CheckConfig::default())
    }

    pub(super) fn with(config: CheckConfig) -> Self {
        let mut memory = Memory::default();
        memory.0.insert(ROOT + 8, pointer(MIDDLE));
        memory.0.insert(MIDDLE, pointer(LEAVES));
        memory.0.insert(ENTRY, leaf(FRAME, RIGHTS));
        Self {
            memory,
            checker: Checker::new(config),
            satp: Satp::new(Mode::Sv39, 1, ROOT >> 12),
            ad: AdPolicy::Hardware,
            watched: HashSet::new(),
            retired: 100,
        }
    }

    pub(super) fn site(&mut self, hart: usize, pc: u64) -> Site {
        self.retired += 1;
        Site {
            hart,
            pc: VirtAddr(pc),
            privilege: Privilege::Supervisor,
            retired: self.retired,
        }
    }

    pub(super) fn access(kind: AccessKind) -> Access {
        Access {
            kind,
            privilege: Privilege::Supervisor,
            sum: true,
            mxr: false,
        }
    }

    fn config(&self) -> WalkConfig {
        let rules = PteRules {
            svnapot: true,
            svpbmt: false,
        };
        WalkConfig::from_satp(self.satp, rules, self.ad)
    }

    /// A walk after a miss, and the entry that the TLB then has.
    pub(super) fn miss_as(&mut self, site: Site, va: u64, access: Access) -> Option<Entry> {
        let config = self.config();
        let walk = translate(&config, VirtAddr(va), access, &mut self.memory);
        let pages = self.checker.walked(site, self.satp, &walk);
        self.watched.extend(pages.iter().map(|page| page.0));
        let (mode, asid) = (self.satp.mode(), self.satp.asid());
        let mut entry = Entry::from_walk(&walk, mode, asid, site.retired)?;
        entry.stamp = self.checker.clock();
        Some(entry)
    }

    pub(super) fn miss(&mut self, hart: usize, va: u64, kind: AccessKind) -> Option<Entry> {
        let site = self.site(hart, 0x100);
        self.miss_as(site, va, Self::access(kind))
    }

    /// An entry that a load fills.
    pub(super) fn fill(&mut self, hart: usize, va: u64) -> Entry {
        self.miss(hart, va, AccessKind::Load).unwrap()
    }

    pub(super) fn now(&mut self, va: u64, access: Access) -> Walk {
        let config = self.config();
        walk(&config, VirtAddr(va), access, &mut self.memory)
    }

    /// A hit, as a hart tells it when the entry must be compared.
    pub(super) fn hit(&mut self, hart: usize, pc: u64, entry: &Entry, va: u64, kind: AccessKind) {
        let access = Self::access(kind);
        let now = self.now(va, access);
        let site = self.site(hart, pc);
        match entry.pte.permits(access) {
            Ok(()) => {
                let source = entry
                    .origin()
                    .last()
                    .and_then(|at| self.memory.0.get(&at.0));
                let source = Pte(source.copied().unwrap_or(0));
                let pages = self.checker.used(site, self.satp, entry, source, &now);
                self.watched.extend(pages.iter().map(|page| page.0));
            }
            Err(reason) => {
                let va = VirtAddr(va);
                let fault = crate::mmu::Fault { va, access, reason };
                self.checker.denied(site, self.satp, entry, fault, &now);
            }
        }
    }

    pub(super) fn store_by(&mut self, site: Option<Site>, at: u64, new: u64) {
        let old = self.memory.0.insert(at, new).unwrap_or(0);
        if old != new && self.watched.contains(&(at & !0xfff)) {
            self.checker.stored(site, PhysAddr(at), old, new);
            for page in self.checker.take_abandoned_tables() {
                self.watched.remove(&page.0);
            }
        }
    }

    pub(super) fn store(&mut self, hart: usize, pc: u64, at: u64, new: u64) {
        let site = self.site(hart, pc);
        self.store_by(Some(site), at, new);
    }

    pub(super) fn fence(&mut self, hart: usize, va: Option<u64>, asid: Option<u16>) {
        let site = self.site(hart, 0xf0);
        let va = va.map(VirtAddr);
        self.checker.fenced(site, Fence { va, asid });
    }

    pub(super) fn reports(&self) -> &[Report] {
        self.checker.reports()
    }

    /// The one report that there is.
    #[track_caller]
    pub(super) fn only(&self) -> &Report {
        match self.reports() {
            [report] => report,
            other => panic!("{} reports: {other:#?}", other.len()),
        }
    }

    #[track_caller]
    pub(super) fn silent(&self) {
        assert_eq!(self.reports(), &[]);
    }
}
