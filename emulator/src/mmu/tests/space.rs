//! Whole address spaces: what is merged, what is bounded.

use super::tables::Tables;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    FaultReason, Mode, PageSize, Pte, Space, SpaceConfig, SpaceLimits, TreeKind, TreeTable,
};

/// Where the tables of the tests have their root.
const ROOT: u64 = 0x8000_0000;
const RW: u64 = Pte::V | Pte::R | Pte::W;
const RWAD: u64 = RW | Pte::A | Pte::D;

fn config(tables: &Tables) -> SpaceConfig {
    SpaceConfig {
        mode: tables.config.mode,
        root: PhysAddr(tables.config.root_ppn << 12),
        rules: tables.config.rules,
        limits: SpaceLimits::default(),
    }
}

fn read(tables: &mut Tables) -> Space {
    let config = config(tables);
    Space::read(&config, tables)
}

/// The ranges as first address, size, physical address and page size.
fn ranges(space: &Space) -> Vec<(u64, u64, u64, PageSize)> {
    let ranges = space.ranges.iter();
    ranges
        .map(|range| (range.va.0, range.size, range.pa.0, range.page))
        .collect()
}

#[test]
fn an_identity_map_of_half_the_space_is_one_range() {
    let mut tables = Tables::new(Mode::Sv39);
    for gib in 0..256 {
        tables.map(gib << 30, PageSize::Gib1, gib << 30, RWAD);
    }
    let space = read(&mut tables);
    assert_eq!(ranges(&space), [(0, 256 << 30, 0, PageSize::Gib1)]);
    assert_eq!((space.leaves, space.entries), (256, 512));
    assert_eq!(space.bytes(), 256 << 30);
}

#[test]
fn neighbours_are_merged_across_tables_but_only_if_all_agrees() {
    let mut tables = Tables::new(Mode::Sv39);
    // The last page below 2 MiB and the first above it lie in two tables.
    tables.map(0x1f_f000, PageSize::Kib4, 0x8100_0000, RWAD);
    tables.map(0x20_0000, PageSize::Kib4, 0x8100_1000, RWAD);
    // Another frame, other bits, another size.
    tables.map(0x20_1000, PageSize::Kib4, 0x8200_0000, RWAD);
    tables.map(0x20_2000, PageSize::Kib4, 0x8200_1000, RW | Pte::A);
    tables.map(0x40_0000, PageSize::Mib2, 0x8220_0000, RW | Pte::A);
    assert_eq!(
        ranges(&read(&mut tables)),
        [
            (0x1f_f000, 0x2000, 0x8100_0000, PageSize::Kib4),
            (0x20_1000, 0x1000, 0x8200_0000, PageSize::Kib4),
            (0x20_2000, 0x1000, 0x8200_1000, PageSize::Kib4),
            (0x40_0000, 0x20_0000, 0x8220_0000, PageSize::Mib2),
        ]
    );
}

#[test]
fn the_upper_half_is_canonical_and_comes_last() {
    for (mode, top) in [
        (Mode::Sv39, 0xffff_ffc0_0000_0000),
        (Mode::Sv48, 0xffff_8000_0000_0000),
        (Mode::Sv57, 0xff00_0000_0000_0000),
    ] {
        let mut tables = Tables::new(mode);
        tables.map(top, PageSize::Kib4, 0x8100_0000, RWAD);
        tables.map(u64::MAX - 0xfff, PageSize::Kib4, 0x8100_1000, RWAD);
        tables.map(0x1000, PageSize::Kib4, 0x8100_2000, RWAD);
        let space = read(&mut tables);
        let starts: Vec<u64> = space.ranges.iter().map(|range| range.va.0).collect();
        assert_eq!(starts, [0x1000, top, u64::MAX - 0xfff], "{mode}");
        assert_eq!(space.ranges[2].last(), VirtAddr(u64::MAX));
    }
}

#[test]
fn sixteen_napot_entries_are_one_range() {
    let mut tables = Tables::new(Mode::Sv39);
    for page in 0..16 {
        let va = 0x10_0000 + page * 0x1000;
        tables.map(va, PageSize::Kib4, 0x8101_8000, RWAD | Pte::N);
    }
    let expected = [(0x10_0000, 0x1_0000, 0x8101_0000, PageSize::Kib64)];
    assert_eq!(ranges(&read(&mut tables)), expected);
}

#[test]
fn g_in_a_pointer_makes_what_is_below_global() {
    let mut tables = Tables::new(Mode::Sv39);
    tables.map(0x1000, PageSize::Kib4, 0x8100_0000, RWAD);
    tables.map(0x4000_0000, PageSize::Kib4, 0x8100_0000, RWAD);
    tables.set(0x1000, 1, Pte::G);
    let space = read(&mut tables);
    let global: Vec<bool> = space.ranges.iter().map(|range| range.global).collect();
    assert_eq!(global, [true, false]);
}

#[test]
fn broken_entries_are_told_by_their_reason() {
    let mut tables = Tables::new(Mode::Sv39);
    tables.map(0x1000, PageSize::Kib4, 0x8100_0000, Pte::V | Pte::W);
    tables.map(0x2000, PageSize::Kib4, 0x8100_0000, Pte::V | Pte::W);
    // A pointer at the last level, and a table where there is no memory.
    tables.map(0x3000, PageSize::Kib4, 0x8100_0000, Pte::V);
    tables.set(0x4000_0000, 2, Pte::new(0x10, Pte::V).0);
    let space = read(&mut tables);
    let broken: Vec<_> = (space.broken.iter())
        .map(|broken| (broken.va.0, broken.size, broken.reason, broken.count))
        .collect();
    assert_eq!(
        broken,
        [
            (0x1000, 0x2000, FaultReason::WriteWithoutRead, 2),
            (0x3000, 0x1000, FaultReason::LevelExhausted, 1),
            (0x4000_0000, 1 << 30, FaultReason::EntryOutsideMemory, 512),
        ]
    );
    assert_eq!(space.ranges, []);
}

#[test]
fn a_table_that_points_to_itself_is_read_once_for_each_level() {
    for (mode, levels) in [(Mode::Sv39, 3), (Mode::Sv48, 4), (Mode::Sv57, 5)] {
        let mut tables = Tables::new(mode);
        tables.set(0, mode.levels() - 1, Pte::new(ROOT >> 12, Pte::V).0);
        let space = read(&mut tables);
        assert_eq!(space.entries, levels * 512, "{mode}");
        assert_eq!(space.tables.len() as u64, levels);
        assert_eq!(space.cut_at, None);
        // At level 0 it is no pointer any more.
        assert_eq!(space.broken.len(), 1);
        assert_eq!(space.broken[0].reason, FaultReason::LevelExhausted);
        let tree = TreeTable::read(&config(&tables), &mut tables).unwrap();
        let top = mode.levels() - 1;
        assert_eq!(tree.runs[0].kind, TreeKind::Loop(PhysAddr(ROOT), top));
        assert_eq!(tree.runs.len(), 2);
    }
}

#[test]
fn tables_that_point_to_each_other_all_over_are_cut_short() {
    let mut tables = Tables::new(Mode::Sv57);
    for index in 0..512_u64 {
        let va = ((index << 48 << 7) as i64 >> 7) as u64;
        tables.set(va, 4, Pte::new(ROOT >> 12, Pte::V).0);
    }
    let mut config = config(&tables);
    config.limits.entries = 100_000;
    let space = Space::read(&config, &mut tables);
    assert_eq!(space.entries, 100_000);
    assert!(space.cut_at.is_some());
    // The tree tells the loop once, for all 512.
    let tree = TreeTable::read(&config, &mut tables).unwrap();
    assert_eq!(tree.runs.len(), 1);
    assert_eq!((tree.runs[0].first, tree.runs[0].last), (0, 511));
}

#[test]
fn ranges_are_bounded_too() {
    let mut tables = Tables::new(Mode::Sv39);
    for page in 0..100 {
        // Every frame twice, so that nothing can be merged.
        tables.map(page << 12, PageSize::Kib4, 0x8100_0000, RWAD);
    }
    let mut config = config(&tables);
    config.limits.ranges = 10;
    let space = Space::read(&config, &mut tables);
    assert_eq!(space.ranges.len(), 11);
    assert_eq!(space.cut_at, Some(VirtAddr(11 << 12)));
}

#[test]
fn who_maps_a_frame() {
    let mut tables = Tables::new(Mode::Sv39);
    tables.map(0x1000, PageSize::Kib4, 0x8100_3000, RWAD);
    tables.map(0x4000_0000, PageSize::Mib2, 0x8100_0000, RWAD);
    tables.map(0x5000, PageSize::Kib4, 0x8100_4000, RWAD);
    let space = read(&mut tables);
    let found: Vec<u64> = (space.mapping(PhysAddr(0x8100_3000), 0x1000))
        .map(|range| range.va.0)
        .collect();
    assert_eq!(found, [0x1000, 0x4000_0000]);
}

#[test]
fn the_tree_folds_runs_and_tells_a_shared_table_once() {
    let mut tables = Tables::new(Mode::Sv39);
    for page in 0..4 {
        tables.map(page << 12, PageSize::Kib4, 0x8100_0000 + (page << 12), RWAD);
    }
    let shared = tables.entry(0, 1).0;
    tables.set(0x20_0000, 1, shared);
    let tree = TreeTable::read(&config(&tables), &mut tables).unwrap();
    let [pointer, rest] = tree.runs.as_slice() else {
        panic!("{tree:?}");
    };
    assert_eq!(
        (rest.first, rest.last, &rest.kind),
        (1, 511, &TreeKind::NotValid)
    );
    let TreeKind::Table(middle) = &pointer.kind else {
        panic!("{pointer:?}");
    };
    assert_eq!(middle.runs[1].kind, TreeKind::Again(Pte(shared).target()));
    let TreeKind::Table(last) = &middle.runs[0].kind else {
        panic!("{middle:?}");
    };
    assert_eq!((last.runs[0].first, last.runs[0].last), (0, 3));
    let leaves = TreeKind::Leaves {
        pa: PhysAddr(0x8100_0000),
        page: PageSize::Kib4,
    };
    assert_eq!(last.runs[0].kind, leaves);
}

#[test]
fn bare_mode_has_no_tables() {
    let mut tables = Tables::new(Mode::Bare);
    assert_eq!(read(&mut tables), Space::default());
    assert_eq!(TreeTable::read(&config(&tables), &mut tables), None);
}
