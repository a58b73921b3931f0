//! An observer that counts for itself.

use pagewalk::engine::Observer;
use pagewalk::hart::{Event, Hart, Interest};
use pagewalk::mmu::{
    self, AccessKind, Counters, FaultSource, FenceKind, PRIVILEGES, Statistics, TlbArray, TlbLevel,
    WalkCause,
};
use std::collections::BTreeMap;

/// What events told.
pub(super) struct Tally {
    interest: Interest,
    /// Figures of one kind of access: by name, privilege and kind.
    counts: BTreeMap<(&'static str, char, AccessKind), u64>,
    filled: BTreeMap<&'static str, u64>,
    evicted: BTreeMap<&'static str, u64>,
    dropped: BTreeMap<&'static str, u64>,
    fences: [[u64; 4]; 2],
    satp_writes: u64,
}

impl Tally {
    pub(super) fn new(interest: Interest) -> Self {
        Self {
            interest,
            counts: BTreeMap::new(),
            filled: BTreeMap::new(),
            evicted: BTreeMap::new(),
            dropped: BTreeMap::new(),
            fences: [[0; 4]; 2],
            satp_writes: 0,
        }
    }

    fn count(&mut self, what: &'static str, access: mmu::Access, by: u64) {
        let key = (what, access.privilege.letter(), access.kind);
        *self.counts.entry(key).or_default() += by;
    }

    /// Compares with what the hart counted.
    pub(super) fn check(&self, what: &str, mmu: &Statistics, arrays: &[(TlbArray, Counters)]) {
        for privilege in PRIVILEGES {
            for kind in AccessKind::ALL {
                let figures = mmu.of(privilege, kind);
                let told = |name| {
                    let key = (name, privilege.letter(), kind);
                    self.counts.get(&key).copied().unwrap_or(0)
                };
                let same = |name: &'static str, figure: u64| {
                    assert_eq!(told(name), figure, "{what}, {privilege} {kind}: {name}");
                };
                same("walks", figures.walks);
                same("update walks", figures.update_walks);
                same("entries", figures.entries_read);
                same("updates", figures.updates);
                same("leaves", figures.leaves.iter().sum());
                same("faults", figures.faults.iter().sum());
                same("faults of the TLB", figures.faults_from_tlb);
                same("protected", figures.protected);
                if self.interest == Interest::Everything {
                    // Each translated access hits and goes on, or is denied by the entry, or walks.
                    let accesses =
                        told("first hits") + told("second hits") + told("faults of the TLB");
                    assert_eq!(accesses + told("walks"), figures.translated(), "{what}");
                    let hits = figures.first_hits + figures.second_hits;
                    assert_eq!(accesses + told("update walks"), hits, "{what}");
                    assert!(told("second hits") <= figures.second_hits, "{what}");
                }
            }
        }
        for (array, counters) in arrays {
            let told = |counts: &BTreeMap<&str, u64>| counts.get(array.name()).copied();
            assert_eq!(told(&self.filled).unwrap_or(0), counters.fills, "{what}");
            assert_eq!(told(&self.dropped).unwrap_or(0), counters.flushed, "{what}");
            // Entries that were replaced by one for the same page are told too.
            assert!(
                told(&self.evicted).unwrap_or(0) >= counters.evictions,
                "{what}"
            );
        }
        assert_eq!(self.fences, mmu.fences, "{what}");
        assert_eq!(self.satp_writes, mmu.satp_writes, "{what}");
    }
}

impl Observer for Tally {
    const EVENTS: bool = true;

    fn interest(&self) -> Interest {
        self.interest
    }

    fn event(&mut self, _: &Hart, event: &Event) {
        let Event::Mmu(event) = event else { return };
        match event {
            mmu::Event::Hit { access, level, .. } => {
                let name = match level {
                    TlbLevel::First => "first hits",
                    TlbLevel::Second => "second hits",
                };
                self.count(name, *access, 1);
            }
            mmu::Event::Walked { walk, cause, .. } => {
                self.count("walks", walk.access, 1);
                self.count("entries", walk.access, walk.steps().len() as u64);
                if let Some(leaf) = walk.leaf() {
                    self.count("leaves", walk.access, 1);
                    self.count("updates", walk.access, u64::from(leaf.update != 0));
                }
                if *cause == WalkCause::UpdateBits {
                    self.count("update walks", walk.access, 1);
                }
            }
            mmu::Event::Filled { array, .. } => *self.filled.entry(array.name()).or_default() += 1,
            mmu::Event::Evicted { array, .. } => {
                *self.evicted.entry(array.name()).or_default() += 1;
            }
            mmu::Event::Dropped { array, .. } => {
                *self.dropped.entry(array.name()).or_default() += 1;
            }
            mmu::Event::Faulted { fault, source } => {
                self.count("faults", fault.access, 1);
                if matches!(source, FaultSource::Tlb(_)) {
                    self.count("faults of the TLB", fault.access, 1);
                }
            }
            mmu::Event::Protected { access, .. } => self.count("protected", *access, 1),
            mmu::Event::Fenced { fence, kind, .. } => {
                let row = usize::from(*kind == FenceKind::Sinval);
                self.fences[row][fence.form()] += 1;
            }
            mmu::Event::SatpWritten { .. } => self.satp_writes += 1,
            mmu::Event::Found(report) => panic!("nobody asked for reports: {report:?}"),
        }
    }
}
