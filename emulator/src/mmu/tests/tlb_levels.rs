//! The two levels of the modelled TLB, alone and together.

use super::tlb::{entry, page};
use crate::mem::VirtAddr;
use crate::mmu::{
    AccessKind, Entry, Fence, Mode, PageSize, Pte, Tlb, TlbArray, TlbConfig, TlbLevel,
};

const LOAD: AccessKind = AccessKind::Load;
const FETCH: AccessKind = AccessKind::Fetch;

fn tlb(spec: &str) -> Tlb {
    let config: TlbConfig = spec.parse().expect("a TLB");
    Tlb::new(config).expect("a sound geometry")
}

/// What a hart does with what a walk found.
fn fill(tlb: &mut Tlb, kind: AccessKind, entry: Entry) {
    tlb.insert(kind, entry, 0);
    tlb.insert_second(entry, 0);
}

fn numbers(tlb: &Tlb, array: TlbArray) -> Vec<u64> {
    let mut numbers: Vec<_> = tlb.entries(array).map(|entry| entry.va.0 >> 12).collect();
    numbers.sort_unstable();
    numbers
}

fn level(tlb: &mut Tlb, kind: AccessKind, number: u64) -> Option<TlbLevel> {
    tlb.lookup(kind, Mode::Sv39, 0, VirtAddr(number << 12))
        .map(|hit| hit.level)
}

#[test]
fn the_second_level_answers_what_the_first_lost() {
    let mut tlb = tlb("u=1x2,l2=1x4");
    for number in 1..=3 {
        fill(&mut tlb, LOAD, page(number));
    }
    assert_eq!(numbers(&tlb, TlbArray::Unified), [2, 3]);
    assert_eq!(numbers(&tlb, TlbArray::Second), [1, 2, 3]);
    assert_eq!(level(&mut tlb, LOAD, 1), Some(TlbLevel::Second));
    assert_eq!(level(&mut tlb, LOAD, 2), Some(TlbLevel::First));
    assert_eq!(level(&mut tlb, LOAD, 4), None);
    // A lookup alone copies nothing.
    assert_eq!(level(&mut tlb, LOAD, 1), Some(TlbLevel::Second));
}

#[test]
fn promotion_copies_and_evicts_in_the_first_level_only() {
    let mut tlb = tlb("u=1x2,l2=1x4");
    for number in 1..=3 {
        fill(&mut tlb, LOAD, page(number));
    }
    let va = VirtAddr(0x1000);
    let (entry, inserted) = tlb
        .promote(LOAD, Mode::Sv39, 0, va)
        .expect("a second level");
    assert_eq!(entry.va, va);
    assert_eq!(inserted.evicted.map(|entry| entry.va.0), Some(0x2000));
    assert_eq!(numbers(&tlb, TlbArray::Unified), [1, 3]);
    assert_eq!(numbers(&tlb, TlbArray::Second), [1, 2, 3]);
    assert_eq!(level(&mut tlb, LOAD, 1), Some(TlbLevel::First));
    let (first, second) = (
        tlb.counters(TlbArray::Unified),
        tlb.counters(TlbArray::Second),
    );
    assert_eq!((first.fills, first.evictions), (4, 2));
    assert_eq!((second.fills, second.evictions), (3, 0));
    assert_eq!(tlb.promote(LOAD, Mode::Sv39, 0, VirtAddr(0x9000)), None);
    assert_eq!(
        super::tlb_levels::tlb("u=2").promote(LOAD, Mode::Sv39, 0, va),
        None
    );
}

#[test]
fn a_promoted_entry_keeps_where_it_came_from_and_its_epoch() {
    let mut tlb = tlb("i=1,d=1,l2=4");
    let found = page(1);
    tlb.insert_second(found, 42);
    tlb.promote(FETCH, Mode::Sv39, 0, VirtAddr(0x1000));
    let copy = tlb.peek(FETCH, Mode::Sv39, 0, VirtAddr(0x1000));
    assert_eq!(copy, Some(found));
    let hit = tlb.lookup(FETCH, Mode::Sv39, 0, VirtAddr(0x1000));
    assert_eq!(
        hit.map(|hit| (hit.level, hit.epoch)),
        Some((TlbLevel::First, 42))
    );
}

#[test]
fn the_levels_are_not_inclusive() {
    let mut tlb = tlb("u=1x4,l2=1x2");
    for number in 1..=4 {
        fill(&mut tlb, LOAD, page(number));
    }
    // The smaller second level lost what the first still has.
    assert_eq!(numbers(&tlb, TlbArray::Second), [3, 4]);
    assert_eq!(numbers(&tlb, TlbArray::Unified), [1, 2, 3, 4]);
    assert_eq!(level(&mut tlb, LOAD, 1), Some(TlbLevel::First));
    assert_eq!(tlb.counters(TlbArray::Second).evictions, 2);
    assert_eq!(tlb.counters(TlbArray::Unified).evictions, 0);
}

#[test]
fn fetches_and_data_share_the_second_level() {
    let mut tlb = tlb("i=1,d=1,l2=4");
    fill(&mut tlb, FETCH, page(1));
    assert_eq!(level(&mut tlb, FETCH, 1), Some(TlbLevel::First));
    assert_eq!(level(&mut tlb, LOAD, 1), Some(TlbLevel::Second));
}

#[test]
fn fences_reach_both_levels() {
    let global = |number: u64| entry(Mode::Sv39, number << 12, PageSize::Kib4, 1, Pte::G);
    let of = |asid, number: u64| entry(Mode::Sv39, number << 12, PageSize::Kib4, asid, 0);
    let (va, asid) = (Some(VirtAddr(0x1fff)), Some(1));
    for (fence, first, second) in [
        (Fence::ALL, vec![], vec![]),
        (Fence { va, asid: None }, vec![2, 3], vec![2, 3]),
        (Fence { va: None, asid }, vec![3], vec![1, 2, 3]),
        (Fence { va, asid }, vec![2, 3], vec![1, 2, 3]),
    ] {
        let mut tlb = tlb("u=8,l2=8");
        // In the second level pages 1 and 2 belong to ASID 2, in the first to ASID 1.
        for (one, two) in [
            (of(1, 1), of(2, 1)),
            (of(1, 2), of(2, 2)),
            (global(3), global(3)),
        ] {
            tlb.insert(LOAD, one, 0);
            tlb.insert_second(two, 0);
        }
        let mut told = vec![];
        let dropped = tlb.flush_with(fence, |array, _| told.push(array));
        assert_eq!(numbers(&tlb, TlbArray::Unified), first, "{fence:?}");
        assert_eq!(numbers(&tlb, TlbArray::Second), second, "{fence:?}");
        let left = (first.len() + second.len()) as u64;
        assert_eq!(dropped, 6 - left, "{fence:?}");
        assert_eq!(told.len() as u64, dropped);
        for (array, kept) in [(TlbArray::Unified, first), (TlbArray::Second, second)] {
            assert_eq!(tlb.counters(array).flushed, 3 - kept.len() as u64);
        }
    }
}

/// A hit of the first level is not seen by the second, so there it does not age; a hit of its own does.
#[test]
fn the_second_level_ages_by_its_own_hits() {
    for (policy, victim) in [("lru", 2), ("fifo", 1)] {
        let mut tlb = tlb(&format!("u=1x1,l2=1x3:{policy}"));
        for number in 1..=3 {
            fill(&mut tlb, LOAD, page(number));
        }
        assert_eq!(level(&mut tlb, LOAD, 3), Some(TlbLevel::First));
        assert_eq!(level(&mut tlb, LOAD, 1), Some(TlbLevel::Second));
        let inserted = tlb.insert_second(page(4), 0).expect("a second level");
        let evicted = inserted.evicted.expect("it was full");
        assert_eq!(evicted.va.0 >> 12, victim, "{policy}");
    }
}

#[test]
fn a_page_that_changed_its_size_leaves_both_levels() {
    let mut tlb = tlb("i=4,d=4,l2=8");
    fill(
        &mut tlb,
        LOAD,
        entry(Mode::Sv39, 0x20_0000, PageSize::Mib2, 0, 0),
    );
    fill(&mut tlb, FETCH, page(0x201));
    let mut removed = vec![];
    let at = VirtAddr(0x20_1234);
    tlb.remove(LOAD, Mode::Sv39, 0, at, PageSize::Mib2, |array, entry| {
        removed.push((array, entry.size));
    });
    assert_eq!(
        removed,
        [
            (TlbArray::Data, PageSize::Mib2),
            (TlbArray::Second, PageSize::Mib2)
        ]
    );
    // The page of 4 KiB is another entry, and fetches have their own array.
    assert_eq!(numbers(&tlb, TlbArray::Second), [0x201]);
    assert_eq!(numbers(&tlb, TlbArray::Instruction), [0x201]);
    assert_eq!(tlb.counters(TlbArray::Data).evictions, 0);
}

#[test]
fn each_array_says_its_shape() {
    for spec in ["off", "u=2x3:lru", "i=4,d=8x2", "c910"] {
        let tlb = tlb(spec);
        for array in [
            TlbArray::Instruction,
            TlbArray::Data,
            TlbArray::Unified,
            TlbArray::Second,
        ] {
            let there = tlb.arrays().contains(&array);
            assert_eq!(tlb.array_config(array).is_some(), there, "{spec} {array}");
        }
    }
}
