//! What the page holds: what `--json` tells, and figures and the heat map besides.

use crate::hart::Hart;
use crate::loader::Guest;
use crate::mmu::{
    AccessKind, AccessStatistics, ArrayConfig, FaultReason, FenceKind, Layout, PRIVILEGES,
    PageSize, Replacement, Statistics, TlbArray,
};
use crate::report::heat::Heat;
use crate::report::walk::map::MapReport;
use crate::report::walk::tree::{KindReport, TableReport};
use crate::report::walk::{Document, Hex, SatpReport, names::Names};
use serde::Serialize;

/// How much is put into a page. The page says what is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Address spaces.
    pub spaces: usize,
    /// Ranges of each map, those that work and those that do not apart.
    pub ranges: usize,
    /// Runs of entries in the trees, all address spaces together.
    pub runs: usize,
    /// TLB entries of each array.
    pub tlb_entries: usize,
    /// Cells of the heat map of each address space.
    pub heat_cells: usize,
    /// Symbols.
    pub symbols: usize,
}

impl Default for Limits {
    /// A browser still draws the page in a few seconds.
    fn default() -> Self {
        Self {
            spaces: 32,
            ranges: 12_000,
            runs: 40_000,
            tlb_entries: 4096,
            heat_cells: 4096,
            symbols: 8192,
        }
    }
}

/// What the page holds. What it says of address spaces and the TLB is what `--json` says.
#[derive(Clone, Debug, Serialize)]
pub struct Data {
    walk: Document,
    /// Options of the machine, as name and value.
    machine: Vec<(String, String)>,
    shapes: Vec<Shape>,
    statistics: Figures,
    heat: Vec<HeatData>,
    symbols: Vec<(Hex, String)>,
    left_out: LeftOut,
}

/// What was left out, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Address spaces of which there is no map.
    pub spaces: usize,
    /// Ranges.
    pub ranges: usize,
    /// Tables.
    pub tables: usize,
    /// TLB entries.
    pub tlb_entries: usize,
    /// Address spaces without a heat map.
    pub heat_spaces: usize,
    /// Symbols.
    pub symbols: usize,
}

/// The shape of an array of the TLB, and what went in and out.
#[derive(Clone, Debug, Serialize)]
struct Shape {
    name: &'static str,
    sets: u32,
    ways: u32,
    replacement: &'static str,
    fills: u64,
    evictions: u64,
    flushed: u64,
}

impl Shape {
    fn all(hart: &Hart) -> Vec<Self> {
        let config = hart.tlb.config();
        let mut shapes = Vec::new();
        for name in hart.tlb.arrays() {
            let array: Option<ArrayConfig> = match (config.layout, name) {
                (Layout::Unified(array), TlbArray::Unified) => Some(array),
                (Layout::Split { instruction, .. }, TlbArray::Instruction) => Some(instruction),
                (Layout::Split { data, .. }, TlbArray::Data) => Some(data),
                (_, TlbArray::Second) => config.second,
                _ => None,
            };
            let Some(array) = array else { continue };
            let counters = hart.tlb.counters(name);
            shapes.push(Self {
                name: name.name(),
                sets: array.geometry.sets,
                ways: array.geometry.ways,
                replacement: match array.replacement {
                    Replacement::Fifo => "FIFO",
                    Replacement::Random(_) => "random",
                    Replacement::Lru => "LRU",
                },
                fills: counters.fills,
                evictions: counters.evictions,
                flushed: counters.flushed,
            });
        }
        shapes
    }
}

/// The figures of a hart's MMU.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    rows: Vec<Row>,
    fences: Vec<(&'static str, u64)>,
    satp_writes: u64,
}

/// The figures of a kind of access in a privilege.
#[derive(Clone, Debug, Serialize)]
struct Row {
    privilege: String,
    kind: &'static str,
    untranslated: u64,
    first_hits: u64,
    first_misses: u64,
    second_hits: u64,
    second_misses: u64,
    walks: u64,
    update_walks: u64,
    entries_read: u64,
    walk_lengths: [u64; 6],
    leaves: Vec<(String, u64)>,
    updates: u64,
    faults: Vec<(&'static str, u64)>,
    faults_from_tlb: u64,
    protected: u64,
}

/// The forms of a fence, in the order of [`crate::mmu::Fence::form`].
const FENCES: [[&str; 4]; 2] = [
    [
        "sfence.vma (all)",
        "sfence.vma va",
        "sfence.vma (ASID)",
        "sfence.vma va, ASID",
    ],
    [
        "sinval.vma (all)",
        "sinval.vma va",
        "sinval.vma (ASID)",
        "sinval.vma va, ASID",
    ],
];

impl Figures {
    fn new(statistics: &Statistics) -> Self {
        let mut rows = Vec::new();
        for privilege in PRIVILEGES {
            for kind in AccessKind::ALL {
                let figures = statistics.of(privilege, kind);
                if *figures != AccessStatistics::default() {
                    rows.push(Row::new(privilege.to_string(), kind.describe(), figures));
                }
            }
        }
        let kinds = [FenceKind::Sfence, FenceKind::Sinval];
        let fences = kinds.into_iter().flat_map(|kind| {
            let counts = statistics.fences[kind as usize];
            FENCES[kind as usize].into_iter().zip(counts)
        });
        Self {
            rows,
            fences: fences.filter(|(_, count)| *count != 0).collect(),
            satp_writes: statistics.satp_writes,
        }
    }
}

impl Row {
    fn new(privilege: String, kind: &'static str, figures: &AccessStatistics) -> Self {
        let leaves = PageSize::ALL.iter().map(PageSize::to_string);
        let leaves = leaves.zip(figures.leaves);
        let faults = FaultReason::NAMES.into_iter().zip(figures.faults);
        Self {
            privilege,
            kind,
            untranslated: figures.untranslated,
            first_hits: figures.first_hits,
            first_misses: figures.first_misses,
            second_hits: figures.second_hits,
            second_misses: figures.second_misses,
            walks: figures.walks,
            update_walks: figures.update_walks,
            entries_read: figures.entries_read,
            walk_lengths: figures.walk_lengths,
            leaves: leaves.filter(|(_, count)| *count != 0).collect(),
            updates: figures.updates,
            faults: faults.filter(|(_, count)| *count != 0).collect(),
            faults_from_tlb: figures.faults_from_tlb,
            protected: figures.protected,
        }
    }
}

/// The heat map of an address space.
#[derive(Clone, Debug, Serialize)]
struct HeatData {
    /// None for the address spaces that are not kept apart.
    satp: Option<SatpReport>,
    /// How many low bits of an address a cell covers.
    bits: u32,
    /// Address, fetches, loads, stores, misses, faults.
    cells: Vec<(Hex, u64, u64, u64, u64, u64)>,
}

/// What a page is made from, besides the reports of `pagewalk walk`.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The hart.
    pub hart: &'a Hart,
    /// The guest.
    pub guest: &'a Guest,
    /// Names for addresses.
    pub names: &'a Names<'a>,
    /// What was accessed, if that was counted.
    pub heat: &'a Heat,
    /// How much is put in.
    pub limits: Limits,
}

impl Data {
    /// The data of a page. `walk` has the maps, the trees and the TLB that it shall show.
    pub fn new(walk: Document, machine: Vec<(String, String)>, sources: Sources<'_>) -> Self {
        let limits = sources.limits;
        let mut data = Self {
            walk,
            machine,
            shapes: Shape::all(sources.hart),
            statistics: Figures::new(&sources.hart.mmu_statistics()),
            heat: Vec::new(),
            symbols: Vec::new(),
            left_out: LeftOut::default(),
        };
        data.cut_spaces(limits);
        data.cut_tlb(limits);
        data.add_heat(sources);
        data.add_symbols(sources);
        data
    }

    /// The guest's file.
    pub(super) fn guest(&self) -> &str {
        &self.walk.guest
    }

    /// What was left out.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    fn cut_spaces(&mut self, limits: Limits) {
        let (maps, trees) = (&mut self.walk.maps, &mut self.walk.trees);
        // The present address space comes first, so that it is not the one that is cut.
        maps.sort_by_key(|map: &MapReport| !map.present);
        let order: Vec<_> = maps.iter().map(|map| map.satp.clone()).collect();
        trees.sort_by_key(|tree| order.iter().position(|satp| *satp == tree.satp));
        maps.truncate(limits.spaces);
        trees.truncate(limits.spaces);
        let seen = self.walk.roots.iter();
        let shown = |satp: &SatpReport| maps.iter().any(|map| map.satp.value == satp.value);
        self.left_out.spaces = seen.filter(|root| !shown(&root.satp)).count();
        for map in maps {
            let left = |list: usize| list.saturating_sub(limits.ranges);
            self.left_out.ranges += left(map.ranges.len()) + left(map.broken.len());
            map.ranges.truncate(limits.ranges);
            map.broken.truncate(limits.ranges);
        }
        let mut runs = limits.runs;
        for root in trees.iter_mut().filter_map(|tree| tree.root.as_mut()) {
            self.left_out.tables += cut_table(root, &mut runs);
        }
    }

    fn cut_tlb(&mut self, limits: Limits) {
        for array in self.walk.tlb.iter_mut().flat_map(|tlb| &mut tlb.arrays) {
            self.left_out.tlb_entries += array.entries.len().saturating_sub(limits.tlb_entries);
            array.entries.truncate(limits.tlb_entries);
        }
    }

    fn add_heat(&mut self, sources: Sources<'_>) {
        let limits = sources.limits;
        let spaces = sources.heat.spaces();
        self.left_out.heat_spaces = spaces.len().saturating_sub(limits.spaces);
        for space in spaces.iter().take(limits.spaces) {
            let mut space = space.clone();
            space.coarsen(limits.heat_cells);
            let cells = space.cells().into_iter().map(|(va, counts)| {
                (
                    Hex(va.0),
                    counts.fetches,
                    counts.loads,
                    counts.stores,
                    counts.misses,
                    counts.faults,
                )
            });
            self.heat.push(HeatData {
                satp: space.satp.map(|satp| SatpReport::new(satp, sources.names)),
                bits: space.bits,
                cells: cells.collect(),
            });
        }
    }

    fn add_symbols(&mut self, sources: Sources<'_>) {
        let mut all: Vec<(u64, &str)> = sources.guest.symbols().iter().collect();
        all.sort_by_key(|(address, _)| *address);
        // Of several at one address the first is the best name.
        all.dedup_by_key(|(address, _)| *address);
        // Of too many, every so-manieth: enough to tell where an address is.
        let each = all.len().div_ceil(sources.limits.symbols.max(1)).max(1);
        self.left_out.symbols = all.len() - all.iter().step_by(each).count();
        let kept = all.into_iter().step_by(each);
        self.symbols = kept.map(|(at, name)| (Hex(at), name.to_owned())).collect();
    }
}

/// Leaves tables out once `runs` runs are told, and says how many.
fn cut_table(table: &mut TableReport, runs: &mut usize) -> usize {
    let mut left_out = 0;
    *runs = runs.saturating_sub(table.entries.len());
    for run in &mut table.entries {
        if let KindReport::Table { table } = &mut run.kind {
            if *runs >= table.entries.len() {
                left_out += cut_table(table, runs);
            } else {
                left_out += count_tables(table);
                run.kind = KindReport::LeftOut { table: table.at };
            }
        }
    }
    left_out
}

fn count_tables(table: &TableReport) -> usize {
    let below = table.entries.iter().map(|run| match &run.kind {
        KindReport::Table { table } => count_tables(table),
        _ => 0,
    });
    1 + below.sum::<usize>()
}
