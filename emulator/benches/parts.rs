//! How long the parts take that a guest's speed is made of: `cargo bench --bench parts`.
//!
//! What they come to together is for `scripts/bench`.

use divan::{Bencher, black_box};
use pagewalk::board::{Limits, Machine, MachineConfig, MemoryMap};
use pagewalk::engine::EngineKind;
use pagewalk::isa::{Isa, Op, Privilege, assemble, decode, encode};
use pagewalk::mem::{PhysAddr, VirtAddr};
use pagewalk::mmu::{
    Access, AccessKind, AdPolicy, Entry, EntryError, Mode, PageTableMemory, Pte, PteRules, Tlb,
    TlbConfig, Walk, WalkConfig, walk,
};

fn main() {
    divan::main();
}

/// Page tables in which every pointer leads to the same table, and every last entry to a page of its own.
struct Tables(Vec<u64>);

const ROOT: u64 = 0x8000_0000;
const LEAF: u64 = Pte::V | Pte::R | Pte::W | Pte::X | Pte::U | Pte::A | Pte::D;

impl Tables {
    fn new() -> Self {
        let pointer = |table: u64| (ROOT + 0x1000 * table) >> 12 << 10 | Pte::V;
        let leaf = |n: u64| (0x9_0000 + n) << 10 | LEAF;
        let pointers = |table| (0..512).map(move |_| pointer(table));
        Self(
            pointers(1)
                .chain(pointers(2))
                .chain((0..512).map(leaf))
                .collect(),
        )
    }
}

impl PageTableMemory for Tables {
    fn read_entry(&mut self, at: PhysAddr) -> Result<u64, EntryError> {
        let index = (at.0 - ROOT) / 8;
        self.0
            .get(index as usize)
            .copied()
            .ok_or(EntryError::OutsideMemory)
    }
}

const USER_LOAD: Access = Access::new(AccessKind::Load, Privilege::User);

fn walked(tables: &mut Tables, va: u64) -> Walk {
    let config = WalkConfig {
        mode: Mode::Sv39,
        root_ppn: ROOT >> 12,
        rules: PteRules::default(),
        ad: AdPolicy::Hardware,
    };
    walk(&config, VirtAddr(va), USER_LOAD, tables)
}

/// A walk of Sv39 to a page of 4 KiB.
#[divan::bench]
fn walk_three_levels(bencher: Bencher) {
    let mut tables = Tables::new();
    assert!(walked(&mut tables, 0x12_3456_7000).leaf().is_some());
    bencher.bench_local(|| walked(&mut tables, black_box(0x12_3456_7000)));
}

/// A full TLB, and the entries to fill it with.
fn tlb() -> (Tlb, Vec<Entry>) {
    let mut tables = Tables::new();
    let mut tlb = Tlb::new(TlbConfig::default()).unwrap();
    let entries: Vec<Entry> = (0..8192)
        .filter_map(|n| Entry::from_walk(&walked(&mut tables, n << 12), Mode::Sv39, 1, n))
        .collect();
    for entry in &entries {
        tlb.insert(AccessKind::Load, *entry, 0);
    }
    (tlb, entries)
}

/// Lookups of 1,024 pages that the TLB holds.
#[divan::bench]
fn tlb_hit_1024(bencher: Bencher) {
    let (mut tlb, entries) = tlb();
    let last = &entries[entries.len() - 1024..];
    bencher.bench_local(|| {
        let hits = last.iter().filter(|entry| {
            tlb.lookup(AccessKind::Load, Mode::Sv39, 1, entry.va)
                .is_some()
        });
        assert_eq!(hits.count(), 1024);
    });
}

/// 1,024 entries go in, and as many go out.
#[divan::bench]
fn tlb_insert_1024(bencher: Bencher) {
    let (mut tlb, entries) = tlb();
    bencher.bench_local(|| {
        for entry in &entries[..1024] {
            black_box(tlb.insert(AccessKind::Load, *entry, 0));
        }
    });
}

/// One word of each 32-bit row of the table.
#[divan::bench]
fn decode_each_row(bencher: Bencher) {
    let extensions = Isa::default().extensions();
    let words: Vec<u32> = Op::rows()
        .iter()
        .filter(|row| row.length() == 4)
        .map(|row| row.fixed_bits().0)
        .collect();
    bencher.bench_local(|| {
        for word in &words {
            black_box(decode(black_box(*word), extensions));
        }
    });
}

/// A machine with 4,000 instructions, in blocks of eight, that were never run.
fn fresh(engine: EngineKind) -> Machine {
    let config = MachineConfig {
        memory: 1 << 20,
        engine,
        ..MachineConfig::default()
    };
    let mut machine = Machine::empty(&config, MemoryMap::RAM).unwrap();
    for n in 0..4_000u64 {
        let at = MemoryMap::RAM + 4 * n;
        let line = match n % 8 {
            7 => format!("bne\tzero,zero,{:#x}", at - 28),
            _ => format!("addi\ta{},a1,{}", n % 8, n % 2_000),
        };
        let word = encode(&assemble(&line, at).unwrap()).unwrap();
        let ram = machine.bus_mut().ram_mut();
        ram.store(PhysAddr(at), 4, word.into()).unwrap();
    }
    machine
}

/// Code that runs for the first time: 500 blocks are built.
#[divan::bench(args = [EngineKind::Threaded, EngineKind::Reference])]
fn first_run_of_4000(bencher: Bencher, engine: EngineKind) {
    let limits = Limits {
        max_instructions: Some(4_000),
        ..Limits::default()
    };
    bencher
        .with_inputs(|| fresh(engine))
        .bench_local_values(|mut machine| {
            machine.run(&limits, &mut ());
            machine
        });
}
