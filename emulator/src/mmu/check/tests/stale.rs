use super::*;
use crate::mmu::check::stale::PATIENCE;
use crate::mmu::check::{CheckKind, MOST_OF_A_KIND, MOST_SUSPECTS};
use crate::mmu::{FaultReason, PageSize};

const BY: u64 = 0x200;
const USER: u64 = 0x300;

#[test]
fn an_unmapped_page_that_is_used() {
    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.store(0, BY, ENTRY, 0);
    world.hit(0, USER, &entry, VA + 8, AccessKind::Load);
    let report = world.only();
    assert_eq!(report.kind, CheckKind::Unsafe);
    let change = report.change.unwrap();
    assert_eq!((change.at.0, change.level), (ENTRY, Some(0)));
    assert_eq!((change.old, change.new), (leaf(FRAME, RIGHTS), 0));
    assert_eq!(change.by.unwrap().pc.0, BY);
    let used = report.used.unwrap();
    assert_eq!((used.site.pc.0, used.va.0), (USER, VA + 8));
    assert_eq!(used.got, Ok(PhysAddr(FRAME + 8)));
    assert_eq!(used.tables_say.unwrap_err().reason, FaultReason::NotValid);
    assert_eq!(used.filled_at, Some(entry.filled_at));
    let right = report.fence.unwrap().fence;
    assert_eq!((right.va, right.asid), (Some(VirtAddr(VA)), Some(1)));
    assert_eq!(report.near, None);
}

#[test]
fn a_store_names_what_must_be_compared() {
    let mut world = World::new();
    world.fill(0, VA);
    let (epoch, count) = (world.checker.epoch(), world.checker.suspect_count());
    world.store(0, BY, ENTRY, leaf(FRAME, Pte::V | Pte::R | Pte::A | Pte::D));
    assert_eq!(world.checker.epoch(), epoch, "one page is named instead");
    let suspects = world.checker.suspects_after(count);
    assert_eq!(suspects.len(), 1);
    assert_eq!(suspects[0].va, VirtAddr(VA));
    assert_eq!(suspects[0].size, PageSize::Kib4);
    world.store(0, BY, MIDDLE, 0);
    assert_eq!(
        world.checker.epoch(),
        epoch + 1,
        "a table concerns many pages"
    );
}

#[test]
fn what_only_adds_concerns_nobody() {
    let mut world = World::new();
    let read = Pte::V | Pte::R;
    world.store(0, BY, ENTRY, leaf(FRAME, read | Pte::A));
    world.fill(0, VA);
    let before = (world.checker.epoch(), world.checker.suspect_count());
    for bits in [
        read | Pte::A | Pte::D,
        RIGHTS,
        RIGHTS | 1 << 8,
        RIGHTS | 2 << 8,
    ] {
        world.store(0, BY, ENTRY, leaf(FRAME, bits));
    }
    // An entry that no walk has read is in no TLB.
    world.store(0, BY, ENTRY + 8, leaf(FRAME, RIGHTS));
    world.store(0, BY, ENTRY + 8, 0);
    assert_eq!(
        before,
        (world.checker.epoch(), world.checker.suspect_count())
    );
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS & !Pte::W));
    assert_ne!(before.1, world.checker.suspect_count());
}

#[test]
fn a_pointer_that_becomes_a_leaf_does_not_only_add() {
    let mut world = World::new();
    world.fill(0, VA);
    let epoch = world.checker.epoch();
    world.store(0, BY, MIDDLE, pointer(LEAVES) | Pte::R | Pte::A);
    assert_eq!(world.checker.epoch(), epoch + 1);
}

#[test]
fn a_value_that_came_back_is_no_mistake() {
    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.store(0, BY, ENTRY, 0);
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS));
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    world.silent();
    // And the entry is watched again.
    world.store(0, BY + 4, ENTRY, leaf(FRAME + 0x1000, RIGHTS));
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    assert_eq!(world.only().kind, CheckKind::Unsafe);
}

#[test]
fn the_store_that_took_the_right_away_is_named() {
    let mut world = World::new();
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS & !Pte::D));
    let entry = world.fill(0, VA);
    world.store(0, BY + 4, ENTRY, leaf(FRAME, RIGHTS));
    world.store(0, BY + 8, ENTRY, leaf(FRAME, RIGHTS & !Pte::R & !Pte::W));
    world.store(0, BY + 12, ENTRY, 0);
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    let change = world.only().change.unwrap();
    assert_eq!(change.by.unwrap().pc.0, BY + 8);
    assert_eq!(
        change.old,
        leaf(FRAME, RIGHTS & !Pte::D),
        "as it was cached"
    );
    assert_eq!(change.new, 0, "as it is now");
}

#[test]
fn a_store_before_the_fill_is_not_named() {
    let mut world = World::new();
    world.fill(0, VA);
    world.store(0, BY, ENTRY, leaf(FRAME + 0x1000, RIGHTS));
    let entry = world.fill(0, VA);
    world.store(1, BY + 4, ENTRY, leaf(FRAME + 0x2000, RIGHTS));
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    world.checker.finish(true);
    let by = world.only().change.unwrap().by.unwrap();
    assert_eq!((by.hart, by.pc.0), (1, BY + 4));
}

#[test]
fn clear_a_is_spurious_and_clear_d_is_not() {
    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS & !Pte::A));
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    world.hit(0, USER + 4, &entry, VA, AccessKind::Load);
    assert_eq!(world.only().kind, CheckKind::Spurious);
    assert_eq!(world.only().times, 2);

    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS & !Pte::D));
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    world.silent();
    world.hit(0, USER, &entry, VA, AccessKind::Store);
    assert_eq!(world.only().kind, CheckKind::Unsafe);
}

#[test]
fn clear_a_is_spurious_too_where_software_sets_it() {
    let mut world = World::new();
    world.ad = AdPolicy::Fault;
    let entry = world.fill(0, VA);
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS & !Pte::A));
    world.hit(0, USER, &entry, VA, AccessKind::Store);
    assert_eq!(world.only().kind, CheckKind::Spurious);
    world.store(0, BY + 4, ENTRY, leaf(FRAME, RIGHTS & !Pte::A & !Pte::D));
    world.hit(0, USER, &entry, VA, AccessKind::Store);
    assert_eq!(world.reports()[1].kind, CheckKind::Unsafe);
}

#[test]
fn a_table_that_was_taken_away() {
    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.store(0, BY, MIDDLE, 0);
    world.store(0, BY + 4, ENTRY, 0);
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    let report = world.only();
    let change = report.change.unwrap();
    assert_eq!((change.at.0, change.level), (MIDDLE, Some(1)));
    assert_eq!((change.old, change.new), (pointer(LEAVES), 0));
    let right = report.fence.unwrap().fence;
    assert_eq!((right.va, right.asid), (None, Some(1)));
}

#[test]
fn a_global_page_needs_a_fence_for_all_spaces() {
    let mut world = World::new();
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS | Pte::G));
    let entry = world.fill(0, VA);
    world.store(0, BY, ENTRY, 0);
    world.fence(0, Some(VA), Some(1));
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    let report = world.only();
    assert_eq!(report.fence.unwrap().fence.asid, None);
    assert_eq!(report.near.unwrap().fence.asid, Some(1));
}

#[test]
fn the_last_fence_after_the_change_is_near() {
    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.fence(0, Some(VA + 0x5000), None);
    world.store(0, BY, ENTRY, 0);
    world.fence(1, Some(VA), None);
    let before = world.checker.clock();
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    assert_eq!(
        world.only().near.unwrap().site.hart,
        1,
        "no fence on this hart"
    );
    assert_eq!(world.checker.clock(), before, "a use is no event");

    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.store(0, BY, ENTRY, 0);
    world.fence(0, Some(VA + 0x1000), None);
    world.fence(0, Some(VA + 0x2000), None);
    world.fence(1, None, None);
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    let near = world.only().near.unwrap();
    assert_eq!(
        (near.site.hart, near.fence.va),
        (0, Some(VirtAddr(VA + 0x2000)))
    );
}

#[test]
fn an_address_space_number_that_was_used_again() {
    let mut world = World::new();
    let old = world.satp;
    let site = world.site(0, 0x80);
    world.checker.satp_written(site, Satp(0), old);
    let entry = world.fill(0, VA);
    let epoch = world.checker.epoch();
    let new = Satp::new(Mode::Sv39, 1, OTHER_ROOT >> 12);
    let site = world.site(0, BY);
    world.checker.satp_written(site, old, new);
    assert_eq!(world.checker.epoch(), epoch + 1);
    world.satp = new;
    world.hit(0, USER, &entry, VA, AccessKind::Load);
    let report = world.only();
    assert_eq!(report.kind, CheckKind::Unsafe);
    let (from, to, by) = report.satp.unwrap();
    assert_eq!((from, to, by.pc.0), (old.0, new.0, BY));
    assert_eq!(report.change.unwrap().at.0, ENTRY);
    let right = report.fence.unwrap().fence;
    assert_eq!((right.va, right.asid), (None, Some(1)));
    // The same value again is no news.
    let epoch = world.checker.epoch();
    let site = world.site(0, BY);
    world.checker.satp_written(site, new, new);
    assert_eq!(world.checker.epoch(), epoch);
}

#[test]
fn a_denial_that_the_tables_would_not_make() {
    let mut world = World::new();
    world.store(0, BY, ENTRY, leaf(FRAME, RIGHTS & !Pte::W));
    let entry = world.fill(0, VA);
    world.hit(0, USER, &entry, VA, AccessKind::Store);
    world.silent();
    world.store(0, BY + 4, ENTRY, leaf(FRAME, RIGHTS));
    world.hit(0, USER, &entry, VA, AccessKind::Store);
    let report = world.only();
    assert_eq!(report.kind, CheckKind::Spurious);
    assert_eq!(report.change.unwrap().by.unwrap().pc.0, BY + 4);
    let used = report.used.unwrap();
    assert_eq!(used.got.unwrap_err().reason, FaultReason::NotWritable);
    assert_eq!(used.tables_say, Ok(PhysAddr(FRAME)));
}

#[test]
fn one_stale_entry_is_one_report() {
    let mut world = World::new();
    let entry = world.fill(0, VA);
    world.store(0, BY, ENTRY, 0);
    for pc in [USER, USER, USER + 4, USER + 8] {
        world.hit(0, pc, &entry, VA, AccessKind::Load);
    }
    assert_eq!(world.only().times, 4);
}

#[test]
fn the_same_mistake_with_many_pages_is_told_a_few_times() {
    let mut world = World::new();
    let pages = 20;
    for page in 0..pages {
        let at = LEAVES + (16 + page) * 8;
        let va = 0x4000_0000 + (16 + page) * 0x1000;
        world.store(0, 0, at, leaf(FRAME, RIGHTS));
        let entry = world.fill(0, va);
        world.store(0, BY, at, 0);
        world.hit(0, USER, &entry, va, AccessKind::Load);
    }
    assert_eq!(world.reports().len() as u64, MOST_OF_A_KIND);
    assert_eq!(world.checker.left_out(), pages - MOST_OF_A_KIND);
}

#[test]
fn suspects_that_are_too_many_become_an_epoch() {
    let mut world = World::new();
    let epoch = world.checker.epoch();
    for _ in 0..=MOST_SUSPECTS {
        world.store(0, 0, ENTRY, leaf(FRAME, RIGHTS));
        world.fill(0, VA);
        world.store(0, BY, ENTRY, 0);
    }
    assert_eq!(world.checker.epoch(), epoch + 1);
    assert_eq!(world.checker.suspect_count(), MOST_SUSPECTS as u64 + 1);
    assert_eq!(world.checker.suspects_after(0).len(), 1);
}

/// Sixteen entries that are one page for the TLB (Svnapot).
fn napot(world: &mut World, bits: u64) -> u64 {
    for page in 16..32 {
        let entry = leaf(FRAME + 0x8000, bits | Pte::N);
        world.store(0, BY, LEAVES + page * 8, entry);
    }
    0x4001_0000
}

#[test]
fn one_of_sixteen_entries_is_enough_for_a_and_d() {
    let bits = Pte::V | Pte::R | Pte::W;
    for ad in [AdPolicy::Hardware, AdPolicy::Fault] {
        let mut world = World::new();
        world.ad = ad;
        let va = napot(&mut world, bits);
        if ad == AdPolicy::Fault {
            let entry = leaf(FRAME + 0x8000, RIGHTS | Pte::N);
            world.store(0, BY, LEAVES + 16 * 8, entry);
        }
        let entry = world.miss(0, va, AccessKind::Store).unwrap();
        world.hit(0, USER, &entry, va + 0x1000, AccessKind::Store);
        world.hit(0, USER + 4, &entry, va + 0x2000, AccessKind::Load);
        world.silent();
        // But they must be set where the TLB has them from.
        let clear = leaf(FRAME + 0x8000, bits | Pte::A | Pte::N);
        world.store(0, BY, LEAVES + 16 * 8, clear);
        world.hit(0, USER, &entry, va + 0x1000, AccessKind::Load);
        world.silent();
        world.hit(0, USER, &entry, va + 0x1000, AccessKind::Store);
        assert_eq!(world.only().kind, CheckKind::Unsafe);
    }
}

#[test]
fn one_of_sixteen_entries_that_is_gone_counts() {
    let mut world = World::new();
    let va = napot(&mut world, RIGHTS);
    let entry = world.fill(0, va);
    world.fill(0, va + 0x1000);
    world.store(0, BY + 4, LEAVES + 17 * 8, 0);
    world.hit(0, USER, &entry, va + 0x1000, AccessKind::Load);
    let change = world.only().change.unwrap();
    assert_eq!(change.at.0, LEAVES + 17 * 8);
    assert_eq!(change.by.unwrap().pc.0, BY + 4);
}

#[test]
fn another_frame_is_a_mistake_though_a_is_clear_too() {
    for ad in [AdPolicy::Hardware, AdPolicy::Fault] {
        let mut world = World::new();
        world.ad = ad;
        let entry = world.fill(0, VA);
        let elsewhere = leaf(FRAME + 0x1000, RIGHTS & !Pte::A);
        world.store(0, BY, ENTRY, elsewhere);
        world.hit(0, USER, &entry, VA, AccessKind::Load);
        assert_eq!(world.only().kind, CheckKind::Unsafe);
    }
}

/// Hart 0 unmaps a page that hart 1 then uses.
fn used_by_another() -> (World, Entry) {
    let mut world = World::new();
    let entry = world.fill(1, VA);
    world.store(0, BY, ENTRY, 0);
    world.fence(0, Some(VA), None);
    world.hit(1, USER, &entry, VA, AccessKind::Load);
    world.silent();
    (world, entry)
}

#[test]
fn another_hart_may_use_a_page_until_it_is_asked_to_fence() {
    for (va, asid) in [
        (Some(VA), None),
        (Some(VA + 8), Some(1)),
        (None, Some(1)),
        (None, None),
    ] {
        let (mut world, entry) = used_by_another();
        world.hit(1, USER + 4, &entry, VA, AccessKind::Load);
        world.retired += PATIENCE - 10;
        world.fence(1, va, asid);
        world.retired += 2 * PATIENCE;
        world.fence(1, None, None);
        world.checker.finish(true);
        world.silent();
    }
}

#[test]
fn another_hart_that_does_not_fence_in_time() {
    for (va, asid) in [(Some(VA + 0x1000), None), (Some(VA), Some(2))] {
        let (mut world, entry) = used_by_another();
        world.hit(1, USER, &entry, VA, AccessKind::Load);
        world.fence(1, va, asid);
        world.fence(0, None, None);
        world.retired += PATIENCE + 1;
        // What other harts do does not make it later for this one.
        world.miss(0, VA + 0x2000, AccessKind::Load);
        world.silent();
        world.fence(1, None, None);
        let report = world.only();
        assert_eq!((report.kind, report.times), (CheckKind::Unsafe, 2));
        assert_eq!(report.used.unwrap().site.pc.0, USER);
        let near = report.near.unwrap();
        assert_eq!((near.site.hart, near.fence.asid), (1, asid));
        // From now on it is known.
        world.hit(1, USER, &entry, VA, AccessKind::Load);
        assert_eq!(world.only().times, 3);
    }
}

#[test]
fn another_hart_that_never_fences() {
    let (mut world, _) = used_by_another();
    world.checker.finish(true);
    assert_eq!(world.only().near.unwrap().site.hart, 0);
    let (mut world, _) = used_by_another();
    world.checker.finish(false);
    world.silent();
}
