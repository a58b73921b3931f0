//! The figures as JSON.
//!
//! One object. `format` is always `"pagewalk-stats"`; `version` is 1, and grows when a field changes its meaning or
//! goes; fields may be added without that, so readers skip what they do not know. `docs/tlb.md` describes each field.

use super::{ArrayStats, HartStats, Stats, kind_name};
use crate::isa::Privilege;
use crate::mmu::{AccessKind, AccessStatistics, FaultReason, PageSize};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

#[derive(Serialize)]
struct JsonStats<'a> {
    format: &'static str,
    version: u32,
    instructions: u64,
    seconds: f64,
    mips: f64,
    guest_seconds: f64,
    traps: BTreeMap<&'a str, u64>,
    harts: Vec<JsonHart>,
}

#[derive(Serialize)]
struct JsonHart {
    hart: usize,
    instructions: u64,
    tlb: String,
    accesses: Vec<JsonAccesses>,
    arrays: Vec<JsonArray>,
    fences: Vec<JsonFence>,
    satp_writes: u64,
}

#[derive(Serialize)]
struct JsonAccesses {
    privilege: char,
    kind: &'static str,
    untranslated: u64,
    translated: u64,
    first_level: JsonLevel,
    second_level: Option<JsonLevel>,
    walks: JsonWalks,
    faults: BTreeMap<&'static str, u64>,
    faults_from_tlb: u64,
    denied_by_pmp: u64,
}

#[derive(Serialize)]
struct JsonLevel {
    hits: u64,
    misses: u64,
}

#[derive(Serialize)]
struct JsonWalks {
    count: u64,
    entries_read: u64,
    by_entries_read: [u64; 6],
    leaves: BTreeMap<String, u64>,
    set_a_or_d: u64,
    for_a_or_d_only: u64,
}

#[derive(Serialize)]
struct JsonArray {
    name: &'static str,
    sets: u32,
    ways: u32,
    replacement: String,
    fills: u64,
    evictions: u64,
    dropped_by_fences: u64,
}

#[derive(Serialize)]
struct JsonFence {
    instruction: &'static str,
    form: &'static str,
    count: u64,
}

impl Stats {
    /// Writes the figures as JSON.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let traps = self.traps.iter();
        let all = JsonStats {
            format: "pagewalk-stats",
            version: 1,
            instructions: self.instructions,
            seconds: self.time.as_secs_f64(),
            mips: self.mips(),
            guest_seconds: self.guest_seconds(),
            traps: traps
                .map(|(cause, count)| (cause.as_str(), *count))
                .collect(),
            harts: self.harts.iter().map(hart).collect(),
        };
        serde_json::to_writer_pretty(&mut *out, &all)?;
        writeln!(out)
    }
}

fn hart(hart: &HartStats) -> JsonHart {
    let two_levels = hart.tlb.second.is_some();
    let fences = hart.fences();
    JsonHart {
        hart: hart.id,
        instructions: hart.instructions,
        tlb: hart.tlb.to_string(),
        accesses: hart
            .rows()
            .into_iter()
            .map(|(privilege, kind, figures)| accesses(privilege, kind, figures, two_levels))
            .collect(),
        arrays: hart.arrays.iter().map(array).collect(),
        fences: fences
            .map(|(instruction, form, count)| JsonFence {
                instruction,
                form,
                count,
            })
            .collect(),
        satp_writes: hart.mmu.satp_writes,
    }
}

fn accesses(
    privilege: Privilege,
    kind: AccessKind,
    figures: &AccessStatistics,
    two_levels: bool,
) -> JsonAccesses {
    let sizes = PageSize::ALL.iter().zip(figures.leaves);
    let faults = FaultReason::NAMES.into_iter().zip(figures.faults);
    JsonAccesses {
        privilege: privilege.letter(),
        kind: kind_name(kind),
        untranslated: figures.untranslated,
        translated: figures.translated(),
        first_level: JsonLevel {
            hits: figures.first_hits,
            misses: figures.first_misses,
        },
        second_level: two_levels.then_some(JsonLevel {
            hits: figures.second_hits,
            misses: figures.second_misses,
        }),
        walks: JsonWalks {
            count: figures.walks,
            entries_read: figures.entries_read,
            by_entries_read: figures.walk_lengths,
            leaves: sizes
                .filter(|(_, count)| *count != 0)
                .map(|(size, count)| (size.to_string(), count))
                .collect(),
            set_a_or_d: figures.updates,
            for_a_or_d_only: figures.update_walks,
        },
        faults: faults.filter(|(_, count)| *count != 0).collect(),
        faults_from_tlb: figures.faults_from_tlb,
        denied_by_pmp: figures.protected,
    }
}

fn array(array: &ArrayStats) -> JsonArray {
    JsonArray {
        name: array.array.name(),
        sets: array.config.geometry.sets,
        ways: array.config.geometry.ways,
        replacement: array.config.replacement.to_string(),
        fills: array.counters.fills,
        evictions: array.counters.evictions,
        dropped_by_fences: array.counters.flushed,
    }
}
