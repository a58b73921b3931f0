//! The figures of a run: instructions, traps, time, and what the MMU of each hart did.
//!
//! As text for people, and as JSON for programs ([`Stats::write_json`]).

mod json;
mod text;

pub use text::grouped;

use super::traps::TrapHistory;
use crate::hart::Hart;
use crate::isa::Privilege;
use crate::mmu::{
    AccessKind, AccessStatistics, ArrayConfig, Counters, PRIVILEGES, Statistics, TlbArray,
    TlbConfig,
};
use std::time::Duration;

/// The figures of a run.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Instructions retired, by all harts.
    pub instructions: u64,
    /// How long they took.
    pub time: Duration,
    /// The guest's clock at the end, in ticks of 10 MHz.
    pub mtime: u64,
    /// The causes of traps, and how often.
    pub traps: Vec<(String, u64)>,
    /// Each hart.
    pub harts: Vec<HartStats>,
}

/// The figures of one hart.
#[derive(Clone, Debug)]
pub struct HartStats {
    /// Its number.
    pub id: usize,
    /// Instructions retired.
    pub instructions: u64,
    /// What its MMU did.
    pub mmu: Statistics,
    /// The shape of its TLB.
    pub tlb: TlbConfig,
    /// What the arrays of its TLB took in and lost.
    pub arrays: Vec<ArrayStats>,
}

/// The figures of one array of a TLB.
#[derive(Clone, Copy, Debug)]
pub struct ArrayStats {
    /// Which one.
    pub array: TlbArray,
    /// Its shape.
    pub config: ArrayConfig,
    /// What it took in and lost.
    pub counters: Counters,
}

/// What a fence can be called: its instruction, by [`crate::mmu::FenceKind`].
const FENCES: [&str; 2] = ["sfence.vma", "sinval.vma"];
/// What it can cover, by [`crate::mmu::Fence::form`].
const FORMS: [&str; 4] = ["all", "address", "asid", "address and asid"];

impl HartStats {
    /// The figures of a hart that has run.
    pub fn new(hart: &Hart) -> Self {
        let tlb = *hart.tlb.config();
        let arrays = hart.tlb.arrays().into_iter().filter_map(|array| {
            Some(ArrayStats {
                array,
                config: hart.tlb.array_config(array)?,
                counters: hart.tlb.counters(array),
            })
        });
        Self {
            id: hart.id,
            instructions: hart.retired,
            mmu: hart.mmu_statistics(),
            tlb,
            arrays: arrays.collect(),
        }
    }

    /// Adds what the hart did before a reset.
    pub fn add(&mut self, earlier: &Self) {
        self.instructions += earlier.instructions;
        self.mmu.add(&earlier.mmu);
        for (array, earlier) in self.arrays.iter_mut().zip(&earlier.arrays) {
            array.counters.add(&earlier.counters);
        }
    }

    /// Each kind of access in each privilege that made any.
    fn rows(&self) -> Vec<(Privilege, AccessKind, &AccessStatistics)> {
        let nothing = AccessStatistics::default();
        let all = PRIVILEGES.into_iter().flat_map(|privilege| {
            let kinds = AccessKind::ALL.into_iter();
            kinds.map(move |kind| (privilege, kind, self.mmu.of(privilege, kind)))
        });
        all.filter(|(_, _, figures)| **figures != nothing).collect()
    }

    /// Each form of fence that was executed: instruction, form, how often.
    fn fences(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let kinds = FENCES.into_iter().zip(self.mmu.fences);
        kinds
            .flat_map(|(instruction, counts)| {
                let forms = FORMS.into_iter().zip(counts);
                forms.map(move |(form, count)| (instruction, form, count))
            })
            .filter(|(_, _, count)| *count != 0)
    }
}

/// The short name of a kind of access.
const fn kind_name(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Fetch => "fetch",
        AccessKind::Load => "load",
        AccessKind::Store => "store",
        AccessKind::Amo => "amo",
        AccessKind::CacheBlockZero => "cbo.zero",
        AccessKind::CacheBlockManage => "cbo",
    }
}

impl Stats {
    /// The figures of harts that have run together, with what they did before resets, if there
    /// were any: each time the harts by their numbers.
    pub fn new(
        harts: &[Hart],
        earlier: &[Vec<HartStats>],
        traps: &TrapHistory,
        time: Duration,
    ) -> Self {
        let counts = traps.counts();
        let mtime = harts.iter().map(Hart::mtime).max().unwrap_or(0);
        let mut harts: Vec<_> = harts.iter().map(HartStats::new).collect();
        for earlier in earlier {
            for (hart, earlier) in harts.iter_mut().zip(earlier) {
                hart.add(earlier);
            }
        }
        Self {
            instructions: harts.iter().map(|hart| hart.instructions).sum(),
            time,
            mtime,
            traps: counts
                .into_iter()
                .map(|(cause, count)| (cause.to_string(), count))
                .collect(),
            harts,
        }
    }

    /// Millions of instructions in a second.
    pub fn mips(&self) -> f64 {
        self.instructions as f64 / self.time.as_secs_f64().max(1e-9) / 1e6
    }

    /// The guest's clock at the end, in seconds.
    fn guest_seconds(&self) -> f64 {
        self.mtime as f64 / 1e7
    }
}

#[cfg(test)]
mod tests;
