//! The modelled TLB.

use super::manual::Random;
use super::tables::Tables;
use crate::isa::Privilege;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    Access, AccessKind, AdPolicy, ArrayConfig, Entry, FaultReason, Fence, Geometry, Layout, Mode,
    PageSize, Pte, Replacement, Tlb, TlbArray, TlbConfig, TlbConfigError, walk,
};

const OPEN: u64 = Pte::V | Pte::R | Pte::W | Pte::X | Pte::A | Pte::D;
const LOAD: AccessKind = AccessKind::Load;
const FETCH: AccessKind = AccessKind::Fetch;

fn first_level(sets: u32, ways: u32, replacement: Replacement) -> TlbConfig {
    let geometry = Geometry { sets, ways };
    TlbConfig {
        layout: Layout::Unified(ArrayConfig {
            geometry,
            replacement,
        }),
        ..TlbConfig::OFF
    }
}

fn unified(sets: u32, ways: u32, replacement: Replacement) -> Tlb {
    Tlb::new(first_level(sets, ways, replacement)).expect("a sound geometry")
}

/// The entry for a page that a real walk makes.
pub(super) fn entry(mode: Mode, va: u64, size: PageSize, asid: u16, bits: u64) -> Entry {
    let mut tables = Tables::new(mode);
    let (leaf_size, pa) = match size {
        PageSize::Kib64 => (PageSize::Kib4, va & 0x0fff_ffff_ffff & !0xffff | 0x8000),
        size => (size, va & 0x0fff_ffff_ffff),
    };
    let napot = if size == PageSize::Kib64 { Pte::N } else { 0 };
    tables.map(va, leaf_size, pa, OPEN | napot | bits);
    let config = tables.config;
    let access = Access::new(LOAD, Privilege::Supervisor).with_sum(true);
    let walk = walk(&config, VirtAddr(va), access, &mut tables);
    Entry::from_walk(&walk, mode, asid, 7).expect("a leaf")
}

pub(super) fn page(number: u64) -> Entry {
    entry(Mode::Sv39, number << 12, PageSize::Kib4, 0, 0)
}

fn holds(tlb: &Tlb, number: u64) -> bool {
    tlb.peek(LOAD, Mode::Sv39, 0, VirtAddr(number << 12))
        .is_some()
}

#[test]
fn an_entry_remembers_where_it_came_from() {
    for mode in [Mode::Sv39, Mode::Sv48, Mode::Sv57] {
        let mut tables = Tables::new(mode);
        let va = 0x12_3456_7000;
        tables.map(va, PageSize::Kib4, 0x8123_4000, OPEN);
        let config = tables.config;
        let access = Access::new(LOAD, Privilege::Supervisor);
        let walk = walk(&config, VirtAddr(va | 0x123), access, &mut tables.clone());
        let entry = Entry::from_walk(&walk, mode, 5, 99).expect("a leaf");
        let expected: Vec<_> = (0..mode.levels())
            .rev()
            .map(|level| PhysAddr(tables.entry_at(va, level)))
            .collect();
        assert_eq!(entry.origin(), expected);
        assert_eq!(
            (entry.va, entry.pa()),
            (VirtAddr(va), PhysAddr(0x8123_4000))
        );
        assert_eq!((entry.asid, entry.filled_at, entry.global), (5, 99, false));
        let denied = Access::new(LOAD, Privilege::User);
        let fault = crate::mmu::walk(&config, VirtAddr(va), denied, &mut tables);
        assert_eq!(
            Entry::from_walk(&fault, mode, 5, 0),
            None,
            "faults are not cached"
        );
    }
}

#[test]
fn every_page_size_is_found_from_any_address_in_it() {
    let mut tlb = Tlb::default();
    // Of different sets.
    let sizes = PageSize::ALL.into_iter().enumerate();
    for (number, size) in sizes.clone() {
        let va = ((number as u64) << 49) + size.bytes() * (5 + number as u64);
        tlb.insert(LOAD, entry(Mode::Sv57, va, size, 1, 0), 0);
    }
    for (number, size) in sizes {
        let va = ((number as u64) << 49) + size.bytes() * (5 + number as u64);
        for offset in [0, 1, size.bytes() / 2, size.mask()] {
            let at = VirtAddr(va + offset);
            let hit = tlb.lookup(LOAD, Mode::Sv57, 1, at);
            let hit = hit.unwrap_or_else(|| panic!("a hit for {size} at {at}"));
            assert_eq!(hit.size, size);
            assert_eq!(hit.map(at).0, (va & 0x0fff_ffff_ffff) + offset, "{size}");
        }
        for outside in [va - 1, va + size.bytes()] {
            assert_eq!(
                tlb.lookup(LOAD, Mode::Sv57, 1, VirtAddr(outside)),
                None,
                "{size}"
            );
        }
    }
}

#[test]
fn an_address_that_is_not_canonical_misses() {
    let mut tlb = Tlb::default();
    let high = 0xffff_ffc0_0000_0000;
    tlb.insert(LOAD, entry(Mode::Sv39, high, PageSize::Kib4, 0, 0), 0);
    for bit in 39..64 {
        let va = VirtAddr(high ^ 1 << bit);
        assert_eq!(tlb.lookup(LOAD, Mode::Sv39, 0, va), None, "bit {bit}");
    }
}

#[test]
fn entries_belong_to_an_address_space_unless_global() {
    let mut tlb = Tlb::default();
    let (ours, global) = (0x1000, 0x2000);
    tlb.insert(LOAD, entry(Mode::Sv39, ours, PageSize::Kib4, 3, 0), 0);
    tlb.insert(
        LOAD,
        entry(Mode::Sv39, global, PageSize::Kib4, 3, Pte::G),
        0,
    );
    let mut hit = |va, mode, asid| tlb.lookup(LOAD, mode, asid, VirtAddr(va)).is_some();
    assert!(hit(ours, Mode::Sv39, 3));
    assert!(!hit(ours, Mode::Sv39, 4));
    assert!(hit(global, Mode::Sv39, 3) && hit(global, Mode::Sv39, 0xffff));
    // Another mode reads other tables.
    assert!(!hit(ours, Mode::Sv48, 3) && !hit(global, Mode::Sv48, 3));
}

#[test]
fn two_address_spaces_share_a_set() {
    let mut tlb = unified(1, 2, Replacement::Fifo);
    tlb.insert(LOAD, entry(Mode::Sv39, 0x1000, PageSize::Kib4, 1, 0), 0);
    tlb.insert(
        LOAD,
        entry(Mode::Sv39, 0x1000, PageSize::Kib4, 2, Pte::U),
        0,
    );
    let mut user = |asid| {
        let hit = tlb
            .lookup(LOAD, Mode::Sv39, asid, VirtAddr(0x1000))
            .expect("a hit");
        hit.pte.user()
    };
    assert!(!user(1) && user(2));
}

#[test]
fn a_hit_checks_permission_each_time() {
    let mut tlb = Tlb::default();
    let user_page = Pte::U;
    tlb.insert(
        LOAD,
        entry(Mode::Sv39, 0x1000, PageSize::Kib4, 0, user_page),
        0,
    );
    let hit = tlb
        .lookup(LOAD, Mode::Sv39, 0, VirtAddr(0x1000))
        .expect("a hit");
    let supervisor = Access::new(LOAD, Privilege::Supervisor);
    let check = |access| hit.check(access, AdPolicy::Hardware);
    assert_eq!(check(supervisor), Err(FaultReason::UserPageWithoutSum));
    assert_eq!(check(supervisor.with_sum(true)), Ok(0));
    assert_eq!(check(Access::new(LOAD, Privilege::User)), Ok(0));
}

#[test]
fn a_hit_on_a_clean_page_asks_for_d() {
    let mut tables = Tables::new(Mode::Sv39);
    tables.map(0x1000, PageSize::Kib4, 0x8123_4000, OPEN & !Pte::D);
    let config = tables.config;
    let load = Access::new(LOAD, Privilege::Supervisor);
    let found = walk(&config, VirtAddr(0x1000), load, &mut tables);
    let mut tlb = Tlb::default();
    tlb.insert(
        LOAD,
        Entry::from_walk(&found, Mode::Sv39, 0, 0).expect("a leaf"),
        0,
    );
    let hit = tlb
        .lookup(LOAD, Mode::Sv39, 0, VirtAddr(0x1000))
        .expect("a hit");
    let store = Access::new(AccessKind::Store, Privilege::Supervisor);
    assert_eq!(hit.check(load, AdPolicy::Hardware), Ok(0));
    assert_eq!(hit.check(store, AdPolicy::Hardware), Ok(Pte::D));
    assert_eq!(
        hit.check(store, AdPolicy::Fault),
        Err(FaultReason::DirtyClear)
    );
}

#[test]
fn the_same_page_is_replaced_in_place() {
    let mut tlb = unified(1, 4, Replacement::Fifo);
    tlb.insert(LOAD, page(1), 0);
    let changed = entry(Mode::Sv39, 0x1000, PageSize::Kib4, 0, Pte::U);
    assert_eq!(tlb.insert(LOAD, changed, 0).evicted, None);
    assert_eq!(tlb.entries(TlbArray::Unified).count(), 1);
    let hit = tlb
        .lookup(LOAD, Mode::Sv39, 0, VirtAddr(0x1000))
        .expect("a hit");
    assert!(hit.pte.user());
    assert_eq!(tlb.counters(TlbArray::Unified).evictions, 0);
    assert_eq!(tlb.counters(TlbArray::Unified).fills, 2);
}

#[test]
fn fifo_drops_the_oldest_fill_and_lru_the_longest_unused() {
    for (replacement, victim) in [(Replacement::Fifo, 1), (Replacement::Lru, 2)] {
        let mut tlb = unified(1, 3, replacement);
        for number in 1..=3 {
            assert_eq!(tlb.insert(LOAD, page(number), 0).evicted, None);
        }
        tlb.lookup(LOAD, Mode::Sv39, 0, VirtAddr(0x1000));
        let evicted = tlb
            .insert(LOAD, page(4), 0)
            .evicted
            .expect("the set is full");
        assert_eq!(evicted.va.0 >> 12, victim);
        assert!(!holds(&tlb, victim) && holds(&tlb, 4));
        assert_eq!(tlb.counters(TlbArray::Unified).evictions, 1);
    }
}

#[test]
fn fifo_keeps_its_order_over_fences() {
    let mut tlb = unified(1, 3, Replacement::Fifo);
    for number in 1..=3 {
        tlb.insert(LOAD, page(number), 0);
    }
    tlb.flush(Fence {
        va: Some(VirtAddr(0x2000)),
        asid: None,
    });
    assert_eq!(
        tlb.insert(LOAD, page(4), 0).evicted,
        None,
        "the fence made room"
    );
    let order: Vec<_> = (5..8)
        .filter_map(|number| tlb.insert(LOAD, page(number), 0).evicted)
        .map(|entry| entry.va.0 >> 12)
        .collect();
    assert_eq!(order, [1, 3, 4]);
}

#[test]
fn random_replacement_is_the_same_for_the_same_seed() {
    let run = |seed| {
        let mut tlb = unified(1, 8, Replacement::Random(seed));
        (0..200)
            .filter_map(|number| tlb.insert(LOAD, page(number), 0).evicted)
            .map(|entry| entry.va.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert_eq!(run(0).len(), 192);
}

#[test]
fn pages_of_different_sets_do_not_compete() {
    let mut tlb = unified(4, 1, Replacement::Fifo);
    for number in 0..4 {
        assert_eq!(tlb.insert(LOAD, page(number), 0).evicted, None);
    }
    let evicted = tlb.insert(LOAD, page(6), 0).evicted.expect("set 2 is full");
    assert_eq!(evicted.va.0 >> 12, 2);
}

/// Which of: a page and a megapage of ASID 1, the page of ASID 2, a global page elsewhere.
fn survivors(fence: Fence) -> [bool; 4] {
    let mut tlb = Tlb::default();
    let high = 0xffff_ffc0_0000_0000;
    tlb.insert(LOAD, entry(Mode::Sv39, high, PageSize::Kib4, 1, 0), 0);
    tlb.insert(LOAD, entry(Mode::Sv39, 0x20_0000, PageSize::Mib2, 1, 0), 0);
    tlb.insert(LOAD, entry(Mode::Sv39, high, PageSize::Kib4, 2, 0), 0);
    tlb.insert(
        LOAD,
        entry(Mode::Sv39, 0x40_0000, PageSize::Kib4, 1, Pte::G),
        0,
    );
    let before = tlb.entries(TlbArray::Data).count();
    let dropped = tlb.flush(fence);
    assert_eq!(
        tlb.entries(TlbArray::Data).count() as u64,
        before as u64 - dropped
    );
    assert_eq!(tlb.counters(TlbArray::Data).flushed, dropped);
    [(high, 1), (0x20_0000, 1), (high, 2), (0x40_0000, 9)]
        .map(|(va, asid)| tlb.lookup(LOAD, Mode::Sv39, asid, VirtAddr(va)).is_some())
}

#[test]
fn fences_in_all_four_forms() {
    let fence = |va: Option<u64>, asid| {
        survivors(Fence {
            va: va.map(VirtAddr),
            asid,
        })
    };
    let high = 0xffff_ffc0_0000_0000;
    assert_eq!(survivors(Fence::ALL), [false; 4]);
    assert_eq!(fence(None, Some(1)), [false, false, true, true]);
    assert_eq!(fence(Some(high), None), [false, true, false, true]);
    assert_eq!(fence(Some(high | 0xfff), None), [false, true, false, true]);
    assert_eq!(fence(Some(high), Some(2)), [true, true, false, true]);
    // Any address of a superpage names it.
    assert_eq!(fence(Some(0x3f_f123), None), [true, false, true, true]);
    // The address forms reach global entries, the ASID forms do not.
    assert_eq!(fence(Some(0x40_0000), None), [true, true, true, false]);
    assert_eq!(fence(Some(0x40_0000), Some(1)), [true; 4]);
    // An address that is not canonical, or not mapped, names nothing.
    assert_eq!(fence(Some(high & !(1 << 63)), None), [true; 4]);
    assert_eq!(fence(Some(0x7000), None), [true; 4]);
    assert_eq!(fence(None, Some(3)), [true; 4]);
}

#[test]
fn a_split_tlb_keeps_fetches_and_data_apart() {
    let mut split = Tlb::default();
    assert!(matches!(split.config().layout, Layout::Split { .. }));
    split.insert(FETCH, page(1), 0);
    assert!(
        split
            .lookup(FETCH, Mode::Sv39, 0, VirtAddr(0x1000))
            .is_some()
    );
    assert!(
        split
            .lookup(LOAD, Mode::Sv39, 0, VirtAddr(0x1000))
            .is_none()
    );
    let mut unified = unified(4, 4, Replacement::Fifo);
    unified.insert(FETCH, page(1), 0);
    assert!(
        unified
            .lookup(LOAD, Mode::Sv39, 0, VirtAddr(0x1000))
            .is_some()
    );
}

#[test]
fn without_a_tlb_everything_misses() {
    let mut tlb = Tlb::new(TlbConfig::OFF).expect("off is sound");
    assert_eq!(tlb.insert(LOAD, page(1), 0).evicted, None);
    assert_eq!(tlb.lookup(LOAD, Mode::Sv39, 0, VirtAddr(0x1000)), None);
    assert_eq!(tlb.flush(Fence::ALL), 0);
    let counters = tlb.counters(TlbArray::Unified);
    assert_eq!(counters.fills, 0);
}

#[test]
fn geometries_that_cannot_be_are_refused() {
    let build = |sets, ways| Tlb::new(first_level(sets, ways, Replacement::Fifo)).err();
    assert_eq!(build(1, 1), None);
    assert_eq!(build(1, 40), None);
    assert_eq!(build(0, 4), Some(TlbConfigError::Sets(0)));
    assert_eq!(build(3, 4), Some(TlbConfigError::Sets(3)));
    assert_eq!(build(4, 0), Some(TlbConfigError::NoWays));
    let (sets, ways) = (1 << 31, u32::MAX);
    assert_eq!(
        build(sets, ways),
        Some(TlbConfigError::TooLarge { sets, ways })
    );
    assert_eq!(
        TlbConfigError::Sets(3).to_string(),
        "a TLB needs a power of two sets, not 3"
    );
}

/// A model of lists against the arrays: the same hits, evictions and counts over random use.
#[test]
fn random_use_agrees_with_a_model_of_lists() {
    const SETS: u64 = 4;
    const WAYS: usize = 3;
    let spaces = |a: &Entry, b: &Entry| a.global || b.global || a.asid == b.asid;
    for (replacement, lru) in [(Replacement::Fifo, false), (Replacement::Lru, true)] {
        let mut random = Random(0x5eed_0003);
        let mut tlb = unified(SETS as u32, WAYS as u32, replacement);
        // Each list is a set, oldest first.
        let mut sets: Vec<Vec<Entry>> = vec![Vec::new(); SETS as usize];
        let (mut hits, mut misses, mut evictions) = (0, 0, 0);
        for _ in 0..20_000 {
            let size = [
                PageSize::Kib4,
                PageSize::Kib4,
                PageSize::Kib64,
                PageSize::Mib2,
            ][random.below(4) as usize];
            let va = random.below(0x80_0000) & !0xfff;
            let asid = random.below(3) as u16;
            match random.below(10) {
                0..=5 => {
                    // A lookup; the smallest page size answers first.
                    let mut found = None;
                    for size in PageSize::ALL {
                        let set = &mut sets[(va >> size.bits()) as usize % SETS as usize];
                        let position = set.iter().position(|entry| {
                            entry.size == size
                                && entry.va.0 == va & !size.mask()
                                && (entry.global || entry.asid == asid)
                        });
                        if let Some(position) = position {
                            found = Some(set[position]);
                            if lru {
                                let entry = set.remove(position);
                                set.push(entry);
                            }
                            break;
                        }
                    }
                    let hit = tlb.lookup(LOAD, Mode::Sv39, asid, VirtAddr(va));
                    assert_eq!(
                        hit.map(|hit| (hit.pte, hit.size)),
                        found.map(|entry| (entry.pte, entry.size))
                    );
                    if found.is_some() {
                        hits += 1
                    } else {
                        misses += 1
                    }
                    if found.is_none() {
                        // A walk would fill it now, and only now.
                        let global = if random.one_in(5) { Pte::G } else { 0 };
                        let new = entry(Mode::Sv39, va & !size.mask(), size, asid, global);
                        let set = &mut sets[(va >> size.bits()) as usize % SETS as usize];
                        // A global page may meet pages of single address spaces: leave those out.
                        if set
                            .iter()
                            .any(|old| old.size == size && old.va == new.va && spaces(old, &new))
                        {
                            continue;
                        }
                        let expected = (set.len() == WAYS).then(|| set.remove(0));
                        set.push(new);
                        evictions += u64::from(expected.is_some());
                        assert_eq!(tlb.insert(LOAD, new, 0).evicted, expected);
                    }
                }
                6..=8 => {
                    let fence = Fence {
                        va: random.one_in(2).then_some(VirtAddr(va | 0x123)),
                        asid: random.one_in(2).then_some(asid),
                    };
                    if fence == Fence::ALL && !random.one_in(10) {
                        continue;
                    }
                    let mut dropped = 0;
                    for set in &mut sets {
                        let before = set.len();
                        set.retain(|entry| {
                            let va_hit = fence.va.is_none_or(|at| {
                                entry.va.0 <= at.0 && at.0 < entry.va.0 + entry.size.bytes()
                            });
                            let asid_hit = match fence.asid {
                                None => true,
                                Some(asid) => entry.asid == asid && !entry.global,
                            };
                            !(va_hit && asid_hit)
                        });
                        dropped += before - set.len();
                    }
                    assert_eq!(tlb.flush(fence), dropped as u64);
                }
                _ => {
                    let mut held: Vec<_> = tlb
                        .entries(TlbArray::Unified)
                        .map(|e| (e.va, e.asid, e.size))
                        .collect();
                    let mut expected: Vec<_> = sets
                        .iter()
                        .flatten()
                        .map(|e| (e.va, e.asid, e.size))
                        .collect();
                    held.sort_unstable();
                    expected.sort_unstable();
                    assert_eq!(held, expected);
                }
            }
        }
        let counters = tlb.counters(TlbArray::Unified);
        assert_eq!(counters.evictions, evictions);
        assert!(hits > 1_000 && misses > 1_000 && evictions > 1_000);
    }
}
