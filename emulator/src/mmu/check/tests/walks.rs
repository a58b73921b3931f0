use super::*;
use crate::mmu::FaultReason;
use crate::mmu::check::CheckKind;

const BY: u64 = 0x200;

fn fault_then_map(world: &mut World) {
    let absent = VA + 0x1000;
    assert!(world.miss(0, absent, AccessKind::Load).is_none());
    world.store(0, BY, ENTRY + 8, leaf(FRAME, RIGHTS));
}

#[test]
fn an_entry_made_valid_without_a_fence() {
    let mut world = World::new();
    fault_then_map(&mut world);
    world.fill(0, VA + 0x1000);
    world.fill(0, VA + 0x1000);
    let report = world.only();
    assert_eq!(report.kind, CheckKind::Spurious);
    let change = report.change.unwrap();
    assert_eq!((change.at.0, change.old), (ENTRY + 8, 0));
    assert_eq!(change.by.unwrap().pc.0, BY);
    let used = report.used.unwrap();
    assert_eq!(used.got.unwrap_err().reason, FaultReason::NotValid);
    assert_eq!(used.tables_say, Ok(PhysAddr(FRAME)));
    assert_eq!(report.fence.unwrap().fence.va, Some(VirtAddr(VA + 0x1000)));
}

#[test]
fn an_entry_made_valid_with_a_fence() {
    for (va, asid, silent) in [
        (Some(VA + 0x1000), None, true),
        (Some(VA + 0x1fff), Some(1), true),
        (None, None, true),
        (Some(VA), None, false),
    ] {
        let mut world = World::new();
        fault_then_map(&mut world);
        world.fence(0, va, asid);
        world.fill(0, VA + 0x1000);
        assert_eq!(world.reports().is_empty(), silent, "{va:x?}");
    }
    let mut world = World::new();
    fault_then_map(&mut world);
    world.fence(1, None, None);
    world.fill(0, VA + 0x1000);
    assert_eq!(world.only().near.unwrap().site.hart, 1);
}

#[test]
fn a_new_table_and_its_entry_need_one_fence() {
    let mut world = World::new();
    let va = 0x4020_0000;
    assert!(world.miss(0, va, AccessKind::Load).is_none());
    let table = 0x8000_6000;
    world.store(0, BY, table, leaf(FRAME, RIGHTS));
    world.store(0, BY, MIDDLE + 8, pointer(table));
    world.fence(0, Some(va), None);
    world.fill(0, va);
    world.silent();
}

#[test]
fn one_fence_covers_sixteen_entries_made_valid() {
    let mut world = World::new();
    let va = 0x4001_0000;
    assert!(world.miss(0, va + 0x5000, AccessKind::Load).is_none());
    for page in 0..16 {
        let entry = leaf(FRAME + 0x8000, RIGHTS | Pte::N);
        world.store(0, BY, LEAVES + (16 + page) * 8, entry);
    }
    world.fence(0, Some(va), None);
    world.miss(0, va + 0x5000, AccessKind::Load).unwrap();
    world.silent();
}

#[test]
fn a_fence_for_another_address_space_does_not_count() {
    let mut world = World::new();
    fault_then_map(&mut world);
    world.fence(0, Some(VA + 0x1000), Some(2));
    world.fill(0, VA + 0x1000);
    assert_eq!(world.only().near.unwrap().fence.asid, Some(2));
}

#[test]
fn with_svvptc_no_fence_is_needed() {
    let mut world = World::with(CheckConfig { svvptc: true });
    fault_then_map(&mut world);
    world.fill(0, VA + 0x1000);
    world.silent();
}

#[test]
fn an_entry_that_nobody_saw_invalid_needs_no_fence() {
    let mut world = World::new();
    world.fill(0, VA);
    world.store(0, BY, ENTRY + 8, leaf(FRAME, RIGHTS));
    world.fill(0, VA + 0x1000);
    world.silent();
}

#[test]
fn a_page_without_watched_entries_is_no_table() {
    let mut world = World::new();
    world.fill(0, VA);
    assert!(world.watched.contains(&LEAVES));
    world.store(0, BY, ENTRY, 0);
    assert!(!world.watched.contains(&LEAVES), "it may hold anything now");
    assert!(world.watched.contains(&MIDDLE));
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS));
    world.fill(0, VA);
    assert!(world.watched.contains(&LEAVES), "it is one again");
}

#[test]
fn writable_and_executable_once_for_an_address_space() {
    let mut world = World::new();
    world.fill(0, VA);
    world.silent();
    let all = RIGHTS | Pte::X;
    for page in 3..6 {
        world.store(0, BY, LEAVES + page * 8, leaf(FRAME, all));
        world.fill(0, 0x4000_0000 + page * 0x1000);
        world.fill(0, 0x4000_0000 + page * 0x1000);
    }
    let report = world.only();
    assert_eq!(report.kind, CheckKind::WritableExecutable);
    assert_eq!(report.times, 3, "entries, not walks");
    assert_eq!(report.change.unwrap().by.unwrap().pc.0, BY);
}

#[test]
fn reserved_bits_with_the_store_that_set_them() {
    let mut world = World::new();
    world.fill(0, VA);
    world.store(0, BY, ENTRY + 8, leaf(FRAME, RIGHTS | 1 << 54));
    for _ in 0..2 {
        assert!(world.miss(0, VA + 0x1000, AccessKind::Load).is_none());
    }
    let report = world.only();
    assert_eq!((report.kind, report.times), (CheckKind::Reserved, 2));
    assert_eq!(report.change.unwrap().by.unwrap().pc.0, BY);
}

#[test]
fn reserved_bits_that_were_there_before_translation() {
    let bad = leaf(FRAME, RIGHTS) | 1 << 60;
    for (then, known) in [(bad, true), (bad | Pte::X, false)] {
        let mut world = World::new();
        let site = world.site(0, BY);
        assert!(world.checker.wants_every_store());
        world.checker.stored_early(site, PhysAddr(ENTRY), bad);
        world.checker.satp_written(site, Satp(0), Satp(0));
        assert!(world.checker.wants_every_store());
        world.checker.satp_written(site, Satp(0), world.satp);
        assert!(!world.checker.wants_every_store());
        // Nobody saw this one.
        world.store(0, 0x500, ENTRY, then);
        world.miss(0, VA, AccessKind::Load);
        let by = world.only().change.unwrap().by;
        assert_eq!(by, known.then_some(site));
    }
}

fn without_a() -> World {
    let mut world = World::new();
    world.ad = AdPolicy::Fault;
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS & !Pte::A));
    assert!(world.miss(0, VA, AccessKind::Load).is_none());
    world
}

#[test]
fn a_that_nobody_sets() {
    let mut world = without_a();
    world.silent();
    assert!(world.miss(0, VA, AccessKind::Load).is_none());
    assert_eq!(world.only().kind, CheckKind::AccessedNeverSet);
    world.checker.finish(true);
    assert_eq!(world.reports().len(), 1, "told already");
}

#[test]
fn a_that_is_missing_at_the_end() {
    let mut world = without_a();
    world.checker.finish(true);
    assert_eq!(world.only().kind, CheckKind::AccessedNeverSet);
}

#[test]
fn a_that_software_sets() {
    let mut world = without_a();
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS & !Pte::D));
    world.fill(0, VA);
    assert!(world.miss(0, VA, AccessKind::Store).is_none());
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS));
    world.miss(0, VA, AccessKind::Store).unwrap();
    world.checker.finish(true);
    world.silent();
}

#[test]
fn d_that_nobody_sets() {
    let mut world = World::new();
    world.ad = AdPolicy::Fault;
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS & !Pte::D));
    for _ in 0..3 {
        assert!(world.miss(0, VA, AccessKind::Store).is_none());
    }
    let report = world.only();
    assert_eq!((report.kind, report.times), (CheckKind::DirtyNeverSet, 2));
}

fn as_user() -> Access {
    Access {
        privilege: Privilege::User,
        ..World::access(AccessKind::Load)
    }
}

#[test]
fn user_mode_at_a_table() {
    let mut world = World::new();
    let bits = RIGHTS | Pte::U;
    world.store(0, BY, ENTRY, leaf(LEAVES, bits));
    let site = world.site(0, 0x300);
    world.checker.satp_written(site, Satp(0), world.satp);
    world.miss_as(site, VA, as_user()).unwrap();
    let report = world.only();
    assert_eq!(report.kind, CheckKind::UserReachesTable);
    assert_eq!(report.change.unwrap().at.0, ENTRY);
}

#[test]
fn a_user_page_that_becomes_a_table() {
    let table = 0x8000_7000;
    for unmapped in [false, true] {
        let mut world = World::new();
        let site = world.site(0, 0x300);
        world.checker.satp_written(site, Satp(0), world.satp);
        world.store(0, BY, ENTRY, leaf(table, RIGHTS | Pte::U));
        world.miss_as(site, VA, as_user()).unwrap();
        world.silent();
        if unmapped {
            world.store(0, BY, ENTRY, 0);
        }
        world.store(0, BY, table, leaf(FRAME, RIGHTS));
        world.store(0, BY, MIDDLE + 8, pointer(table));
        world.fill(0, 0x4020_0000);
        if unmapped {
            world.silent();
        } else {
            let report = world.only();
            assert_eq!(report.kind, CheckKind::UserReachesTable);
            let entry = leaf(table, RIGHTS | Pte::U);
            assert_eq!(
                report.change.unwrap().new & !Pte::A & !Pte::D,
                entry & !Pte::A & !Pte::D
            );
        }
    }
}

/// As with a page that is copied when it is written to, and its first frame freed.
#[test]
fn an_entry_that_found_another_page_reaches_the_first_no_more() {
    let table = 0x8000_7000;
    for read_only_first in [false, true] {
        let mut world = World::new();
        let site = world.site(0, 0x300);
        let bits = RIGHTS | Pte::U;
        world.checker.satp_written(site, Satp(0), world.satp);
        world.store(0, BY, ENTRY, leaf(table, bits));
        world.miss_as(site, VA, as_user()).unwrap();
        if read_only_first {
            world.store(0, BY, ENTRY, leaf(table, bits & !Pte::W));
        }
        world.store(0, BY, ENTRY, leaf(FRAME, bits));
        world.fence(0, None, None);
        world.miss_as(site, VA, as_user()).unwrap();
        world.store(0, BY, table, leaf(FRAME, RIGHTS));
        world.store(0, BY, MIDDLE + 8, pointer(table));
        world.fill(0, 0x4020_0000);
        world.silent();
    }
}

/// A table that was freed and is one again: what it said before, it does not say now.
#[test]
fn a_table_that_was_freed_reaches_no_page_by_what_it_said() {
    let table = 0x8000_7000;
    let mut world = World::new();
    let site = world.site(0, 0x300);
    let bits = RIGHTS | Pte::U;
    world.checker.satp_written(site, Satp(0), world.satp);
    world.store(0, BY, ENTRY, leaf(table, bits));
    world.miss_as(site, VA, as_user()).unwrap();
    // Freed, changed while nobody watches, and found again.
    world.store(0, BY, MIDDLE, 0);
    world.fence(0, None, None);
    world.memory.0.insert(ENTRY, leaf(FRAME, bits));
    world.store(0, BY, MIDDLE, pointer(LEAVES));
    world.fence(0, None, None);
    world.miss_as(site, VA, as_user()).unwrap();
    world.store(0, BY, table, leaf(FRAME, RIGHTS));
    world.store(0, BY, MIDDLE + 8, pointer(table));
    world.fill(0, 0x4020_0000);
    world.silent();
}

#[test]
fn a_frame_of_a_dead_address_space_is_no_table() {
    let mut world = World::new();
    let site = world.site(0, 0x300);
    world.checker.satp_written(site, Satp(0), world.satp);
    world.fill(0, VA);
    // The space is dropped as it is, and its tables become a user's pages in another one.
    let old = world.satp;
    world.satp = Satp::new(Mode::Sv39, 2, OTHER_ROOT >> 12);
    world.checker.satp_written(site, old, world.satp);
    let (middle, leaves) = (0x8000_8000, 0x8000_9000);
    world.store(0, BY, OTHER_ROOT + 8, pointer(middle));
    world.store(0, BY, middle, pointer(leaves));
    world.store(0, BY, leaves, leaf(LEAVES, RIGHTS | Pte::U));
    world.miss_as(site, 0x4000_0000, as_user()).unwrap();
    let user = Site {
        privilege: Privilege::User,
        ..site
    };
    world.store_by(Some(user), ENTRY, 77);
    world.silent();
}

#[test]
fn large_tables_are_forgotten_when_every_hart_has_fenced() {
    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.fill(1, VA);
    world.fence(0, None, None);
    assert!(world.checker.walks.all_fenced(1, world.checker.clock() + 1));
    assert!(!world.checker.walks.all_fenced(0, world.checker.clock() + 2));
    // Nothing is forgotten while little is known.
    world.store(0, BY, ENTRY, 0);
    world.hit(0, 0x300, &entry, VA, AccessKind::Load);
    assert_eq!(world.only().kind, CheckKind::Unsafe);
}

#[test]
fn a_table_that_was_freed_is_user_memory() {
    let mut world = World::new();
    let site = world.site(0, 0x300);
    world.checker.satp_written(site, Satp(0), world.satp);
    let (freed, next, va) = (0x8000_7000, 0x8000_8000, 0x4020_0000);
    world.store(0, BY, MIDDLE + 8, pointer(freed));
    assert!(world.miss(0, va, AccessKind::Load).is_none());
    assert!(world.watched.contains(&freed));
    world.store(0, BY, MIDDLE + 8, 0);
    assert!(!world.watched.contains(&freed), "stores there cost nothing");
    world.fence(0, None, None);
    world.store(0, BY, next, leaf(FRAME, RIGHTS));
    world.store(0, BY, MIDDLE + 8, pointer(next));
    world.fence(0, None, None);
    world.fill(0, va);
    world.store(0, BY, ENTRY, leaf(freed, RIGHTS | Pte::U));
    world.fence(0, None, None);
    world.miss_as(site, VA, as_user()).unwrap();
    let user = Site {
        privilege: Privilege::User,
        ..site
    };
    world.store_by(Some(user), freed, 77);
    world.silent();
}

#[test]
fn a_pointer_that_changes_frees_a_table_until_its_next_use() {
    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.store(0, BY, MIDDLE, pointer(LEAVES) | 1 << 8);
    assert!(!world.watched.contains(&LEAVES));
    world.hit(0, 0x300, &entry, VA, AccessKind::Load);
    assert!(world.watched.contains(&LEAVES), "the target is the same");
    world.store(0, BY, ENTRY, 0);
    world.hit(0, 0x300, &entry, VA, AccessKind::Load);
    assert_eq!(world.only().change.unwrap().by.unwrap().pc.0, BY);
}

#[test]
fn the_tables_below_a_freed_one_go_too() {
    let mut world = World::new();
    world.fill(0, VA);
    world.store(0, BY, ROOT + 8, 0);
    assert!(!world.watched.contains(&MIDDLE));
    assert!(!world.watched.contains(&LEAVES));
    // The way back makes them tables again.
    world.store(0, BY, ROOT + 8, pointer(MIDDLE));
    world.fill(0, VA);
    assert!(world.watched.contains(&MIDDLE) && world.watched.contains(&LEAVES));
}

#[test]
fn a_change_in_a_table_that_has_another_way_to_it() {
    let mut world = World::new();
    // The same leaves through the root's next entry, by another middle table.
    let (other, va) = (0x8000_7000, VA + 0x4000_0000);
    world.store(0, BY, ROOT + 16, pointer(other));
    world.store(0, BY, other, pointer(LEAVES));
    let entry = world.fill(0, VA);
    world.fill(0, va);
    // That way is taken away, and the leaf changes afterwards: the first page was cached through the first way.
    world.store(0, BY, other, 0);
    let epoch = world.checker.epoch();
    world.store(0, BY + 4, ENTRY, 0);
    assert!(epoch > 1, "every translation is compared");
    world.hit(0, 0x300, &entry, VA, AccessKind::Load);
    assert_eq!(world.only().kind, CheckKind::Unsafe);
}

#[test]
fn an_invalid_entry_is_watched_while_a_hart_may_remember_it() {
    let mut world = World::new();
    let (table, va) = (0x8000_7000, 0x4020_0000);
    world.store(0, BY, MIDDLE + 8, pointer(table));
    assert!(world.miss(0, va, AccessKind::Load).is_none());
    assert!(world.miss(1, va, AccessKind::Load).is_none());
    world.fence(0, None, None);
    world.store(0, BY, table + 8, 1);
    assert!(world.watched.contains(&table), "hart 1 may remember");
    world.fence(1, Some(va), None);
    world.store(0, BY, table + 8, 3);
    assert!(!world.watched.contains(&table));
    // One that became valid stays.
    assert!(world.miss(0, va, AccessKind::Load).is_none());
    world.store(0, BY, table, leaf(FRAME, RIGHTS));
    let entry = world.fill(1, va);
    world.fence(0, None, None);
    world.store(1, BY, table, 0);
    world.hit(1, 0x300, &entry, va, AccessKind::Load);
    assert_eq!(world.only().kind, CheckKind::Unsafe);
}

#[test]
fn another_address_space_remembers_nothing() {
    for (bits, silent) in [(RIGHTS, true), (RIGHTS | Pte::G, false)] {
        let mut world = World::new();
        assert!(world.miss(0, VA + 0x1000, AccessKind::Load).is_none());
        world.store(0, BY, ENTRY + 8, leaf(FRAME, bits));
        // The second space shares the tables.
        let first = world.satp;
        world.satp = Satp::new(Mode::Sv39, 2, ROOT >> 12);
        world.fill(0, VA + 0x1000);
        assert_eq!(world.reports().is_empty(), silent);
        if silent {
            // The first still needs its fence.
            world.satp = first;
            world.fill(0, VA + 0x1000);
            assert_eq!(world.only().kind, CheckKind::Spurious);
        }
    }
}

#[test]
fn a_that_may_still_be_set_when_the_run_is_cut_off() {
    let mut world = without_a();
    world.checker.finish(false);
    world.silent();
}

#[test]
fn each_place_that_makes_entries_has_its_own_count() {
    let mut world = World::new();
    world.fill(0, VA);
    for place in 0..3 {
        for page in 0..6 {
            let index = 16 + 8 * place + page;
            let bad = leaf(FRAME, RIGHTS | 1 << 54);
            world.store(0, BY + 4 * place, LEAVES + index * 8, bad);
            let va = 0x4000_0000 + index * 0x1000;
            assert!(world.miss(0, va, AccessKind::Load).is_none());
        }
    }
    assert_eq!(world.reports().len(), 3 * 4);
    assert_eq!(world.checker.left_out(), 3 * 2);
}

#[test]
fn a_that_was_set_before_the_table_was_used_again() {
    let entry = leaf(FRAME, RIGHTS & !Pte::A);
    for (set, told) in [(true, false), (false, true)] {
        let mut world = without_a();
        // The page-fault handler sets A, or gives the page as it was.
        if set {
            world.store(0, BY, ENTRY, entry | Pte::A);
            assert!(world.miss(0, VA, AccessKind::Load).is_some());
        }
        // The process ends, and another one gets the table and the page.
        world.store(0, BY, ENTRY, 0);
        world.store(0, BY, ENTRY, entry);
        assert!(world.miss(0, VA, AccessKind::Load).is_none());
        let kinds: Vec<_> = (world.reports().iter()).map(|r| r.kind).collect();
        assert_eq!(kinds.contains(&CheckKind::AccessedNeverSet), told);
    }
}

#[test]
fn a_store_that_left_another_value_made_not_the_entry() {
    let mut world = World::new();
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS));
    world.miss(0, VA, AccessKind::Load);
    // The last store that is seen: afterwards nothing is watched in the table.
    world.store(0, BY, ENTRY, 0);
    let site = world.site(0, BY);
    world.checker.fenced(site, Fence::ALL);
    let bad = leaf(FRAME, RIGHTS) | 1 << 60;
    world.memory.0.insert(ENTRY, bad);
    world.miss(0, VA, AccessKind::Load);
    let reports = world.reports();
    let report = (reports.iter()).find(|report| report.kind == CheckKind::Reserved);
    let change = report.and_then(|report| report.change).unwrap();
    assert_eq!((change.old, change.new, change.by), (bad, bad, None));
}
