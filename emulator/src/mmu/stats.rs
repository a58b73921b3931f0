//! What the MMU of a hart has done, in figures. They are exact, and the same whether or not the run was watched.

use super::{Access, AccessKind, FaultReason, Fence, FenceKind, Outcome, PageSize, Walk};
use crate::isa::Privilege;

/// The figures of one kind of access in one (effective) privilege.
///
/// `translated = first_hits + first_misses`; with a second level `first_misses = second_hits + second_misses`. Each
/// access that misses everywhere walks, and so does one that hits an entry whose A or D must be set first:
/// `walks = misses of the last level + update_walks`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessStatistics {
    /// Accesses that need no translation: machine mode, or `satp` is bare.
    pub untranslated: u64,
    /// Translated accesses that found an entry in the first level, whether or not it allowed them.
    pub first_hits: u64,
    /// Translated accesses that found none there.
    pub first_misses: u64,
    /// Those of them that found one in the second level.
    pub second_hits: u64,
    /// Those that found none there either; 0 if there is no second level.
    pub second_misses: u64,
    /// Walks of the page tables.
    pub walks: u64,
    /// Those that were made to set A or D although the TLB had an entry.
    pub update_walks: u64,
    /// Page-table entries that walks read.
    pub entries_read: u64,
    /// Walks by how many entries they read, 0 to 5.
    pub walk_lengths: [u64; 6],
    /// Walks that ended in a leaf, by page size ([`PageSize::ALL`]).
    pub leaves: [u64; PageSize::ALL.len()],
    /// A or D was set by a walk.
    pub updates: u64,
    /// Faults by reason ([`FaultReason::index`]), decided by a walk or by the TLB.
    pub faults: [u64; FaultReason::COUNT],
    /// Faults that the TLB decided.
    pub faults_from_tlb: u64,
    /// Accesses that PMP denied after translation.
    pub protected: u64,
}

impl AccessStatistics {
    /// Translated accesses.
    pub fn translated(&self) -> u64 {
        self.first_hits + self.first_misses
    }

    /// Faults of every reason.
    pub fn all_faults(&self) -> u64 {
        self.faults.iter().sum()
    }

    /// Adds the figures of others.
    pub fn add(&mut self, other: &Self) {
        self.untranslated += other.untranslated;
        self.first_hits += other.first_hits;
        self.first_misses += other.first_misses;
        self.second_hits += other.second_hits;
        self.second_misses += other.second_misses;
        self.walks += other.walks;
        self.update_walks += other.update_walks;
        self.entries_read += other.entries_read;
        let lists: [(&mut [u64], &[u64]); 3] = [
            (&mut self.walk_lengths, &other.walk_lengths),
            (&mut self.leaves, &other.leaves),
            (&mut self.faults, &other.faults),
        ];
        for (sums, figures) in lists {
            for (sum, figure) in sums.iter_mut().zip(figures) {
                *sum += figure;
            }
        }
        self.updates += other.updates;
        self.faults_from_tlb += other.faults_from_tlb;
        self.protected += other.protected;
    }
}

const KINDS: usize = AccessKind::ALL.len();

/// The figures of one hart's MMU. What the arrays of the TLB took in and lost is in [`super::Counters`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    accesses: [[AccessStatistics; KINDS]; 3],
    /// Fences by instruction (`sfence.vma`, `sinval.vma`) and form ([`Fence::form`]).
    pub fences: [[u64; 4]; 2],
    /// Writes of `satp`.
    pub satp_writes: u64,
}

/// The privileges in the order in which figures are shown.
pub const PRIVILEGES: [Privilege; 3] = [Privilege::User, Privilege::Supervisor, Privilege::Machine];

const fn place(privilege: Privilege) -> usize {
    match privilege {
        Privilege::User => 0,
        Privilege::Supervisor => 1,
        Privilege::Machine => 2,
    }
}

impl Statistics {
    /// The figures of a kind of access in a privilege.
    pub const fn of(&self, privilege: Privilege, kind: AccessKind) -> &AccessStatistics {
        &self.accesses[place(privilege)][kind as usize]
    }

    /// The same, to count.
    #[inline]
    pub const fn of_mut(
        &mut self,
        privilege: Privilege,
        kind: AccessKind,
    ) -> &mut AccessStatistics {
        &mut self.accesses[place(privilege)][kind as usize]
    }

    /// The sum over all privileges and kinds of access.
    pub fn total(&self) -> AccessStatistics {
        let mut total = AccessStatistics::default();
        for figures in self.accesses.iter().flatten() {
            total.add(figures);
        }
        total
    }

    /// Adds the figures of another hart, or of the same at another time.
    pub fn add(&mut self, other: &Self) {
        let figures = self.accesses.iter_mut().flatten();
        for (sum, figures) in figures.zip(other.accesses.iter().flatten()) {
            sum.add(figures);
        }
        let fences = self.fences.iter_mut().flatten();
        for (sum, count) in fences.zip(other.fences.iter().flatten()) {
            *sum += count;
        }
        self.satp_writes += other.satp_writes;
    }

    /// Counts a walk.
    pub fn walked(&mut self, walk: &Walk, update: bool) {
        let Access {
            privilege, kind, ..
        } = walk.access;
        let figures = self.of_mut(privilege, kind);
        figures.walks += 1;
        figures.update_walks += u64::from(update);
        let length = walk.steps().len();
        figures.entries_read += length as u64;
        if let Some(count) = figures.walk_lengths.get_mut(length) {
            *count += 1;
        }
        if let Outcome::Leaf(leaf) = walk.outcome {
            figures.leaves[leaf.size as usize] += 1;
            figures.updates += u64::from(leaf.update != 0);
        }
    }

    /// Counts a fault.
    pub fn faulted(&mut self, access: Access, reason: FaultReason, from_tlb: bool) {
        let figures = self.of_mut(access.privilege, access.kind);
        figures.faults[reason.index()] += 1;
        figures.faults_from_tlb += u64::from(from_tlb);
    }

    /// Counts a fence.
    pub fn fenced(&mut self, fence: Fence, kind: FenceKind) {
        self.fences[kind as usize][fence.form()] += 1;
    }
}
