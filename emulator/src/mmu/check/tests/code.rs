use super::*;
use crate::mmu::check::CheckKind;

const PAGE: PhysAddr = PhysAddr(0x8010_0000);

fn fetched(world: &mut World, hart: usize, at: u64) {
    let site = world.site(hart, at);
    world.checker.fetched(site, VirtAddr(at), PhysAddr(at), 4);
}

fn changed(world: &mut World, at: u64, old: u64, new: u64) -> bool {
    let site = world.site(0, 0x200);
    world
        .checker
        .code_stored(Some(site), PhysAddr(at), old, new)
}

#[test]
fn changed_code_that_runs() {
    let mut world = World::new();
    assert!(world.checker.fetched_from(0, PAGE));
    assert!(!world.checker.fetched_from(0, PAGE), "known already");
    assert!(!world.checker.code_changed(0, PAGE));
    assert!(changed(&mut world, PAGE.0 + 8, 0x1111_2222, 0x1111_3333));
    assert!(world.checker.code_changed(0, PAGE));
    assert!(
        !world.checker.code_changed(1, PAGE),
        "it never fetched there"
    );
    fetched(&mut world, 0, PAGE.0);
    fetched(&mut world, 0, PAGE.0 + 10);
    world.silent();
    fetched(&mut world, 0, PAGE.0 + 6);
    fetched(&mut world, 0, PAGE.0 + 8);
    let report = world.only();
    assert_eq!((report.kind, report.times), (CheckKind::StaleCode, 2));
    let change = report.change.unwrap();
    assert_eq!((change.old, change.new), (0x1111_2222, 0x1111_3333));
    assert_eq!(change.by.unwrap().pc.0, 0x200);
}

#[test]
fn a_fence_of_this_hart_is_needed() {
    let mut world = World::new();
    world.checker.fetched_from(0, PAGE);
    changed(&mut world, PAGE.0, 1, 2);
    world.checker.fence_i(1);
    assert!(world.checker.code_changed(0, PAGE));
    world.checker.fence_i(0);
    assert!(!world.checker.code_changed(0, PAGE));
    // It has not fetched from there since, so the next store concerns nobody.
    assert!(!changed(&mut world, PAGE.0, 2, 3));
    assert_eq!(world.checker.take_abandoned_code(), [PAGE]);
    assert!(world.checker.fetched_from(0, PAGE), "a new page of code");
    assert!(changed(&mut world, PAGE.0, 3, 4));
}

#[test]
fn bytes_that_came_back_are_not_changed() {
    let mut world = World::new();
    world.checker.fetched_from(0, PAGE);
    changed(&mut world, PAGE.0, 1, 2);
    changed(&mut world, PAGE.0, 2, 1);
    assert!(!world.checker.code_changed(0, PAGE));
}

#[test]
fn harts_look_anew_only_at_the_first_change() {
    let mut world = World::new();
    world.checker.fetched_from(0, PAGE);
    world.checker.fetched_from(1, PAGE);
    let epoch = world.checker.code_epoch();
    changed(&mut world, PAGE.0, 1, 2);
    changed(&mut world, PAGE.0, 2, 3);
    changed(&mut world, PAGE.0 + 8, 2, 3);
    assert_eq!(world.checker.code_epoch(), epoch + 1);
    assert!(world.checker.code_changed(1, PAGE));
}

#[test]
fn a_page_of_code_and_data_is_left_alone_in_the_end() {
    let mut world = World::new();
    world.checker.fetched_from(0, PAGE);
    changed(&mut world, PAGE.0, 1, 2);
    let mut fetches = 0_u64;
    while world.checker.code_changed(0, PAGE) {
        fetched(&mut world, 0, PAGE.0 + 0x100);
        fetches += 1;
        assert!(fetches <= 1 << 21);
    }
    assert_eq!(world.checker.take_abandoned_code(), [PAGE]);
    assert!(!world.checker.fetched_from(0, PAGE), "and stays so");
    world.silent();
}
