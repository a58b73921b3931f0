//! What the scenarios in `tests/walk` cannot say: the steps, the walk apart from the update, another hart's store
//! in between, and how faults read.

use super::tables::Tables;
use crate::isa::Privilege;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    Access, AccessKind, Fault, FaultReason, Meaning, Mode, PageSize, Pte, Walk, translate, walk,
};

const MODES: [Mode; 3] = [Mode::Sv39, Mode::Sv48, Mode::Sv57];
/// An address whose page numbers differ from level to level.
const VA: u64 = 0x0000_0013_7654_3210;
const PAGE: u64 = VA & !0xfff;
const TARGET: u64 = 0x8123_4000;
const RWX: u64 = Pte::V | Pte::R | Pte::W | Pte::X;
/// A leaf that allows everything to the supervisor.
const OPEN: u64 = RWX | Pte::A | Pte::D;
const USER: u64 = OPEN | Pte::U;

fn supervisor(kind: AccessKind) -> Access {
    Access::new(kind, Privilege::Supervisor)
}

fn user(kind: AccessKind) -> Access {
    Access::new(kind, Privilege::User)
}

fn mapped(mode: Mode, bits: u64) -> Tables {
    let mut tables = Tables::new(mode);
    tables.map(PAGE, PageSize::Kib4, TARGET, bits);
    tables
}

fn walk_to(tables: &Tables, va: u64, access: Access) -> Walk {
    walk(&tables.config, VirtAddr(va), access, &mut tables.clone())
}

#[test]
fn a_page_translates_and_the_steps_say_how() {
    for mode in MODES {
        let tables = mapped(mode, OPEN);
        for kind in AccessKind::ALL {
            let walk = walk_to(&tables, VA, supervisor(kind));
            let leaf = walk.leaf().expect("a leaf");
            assert_eq!(leaf.pa, PhysAddr(TARGET | VA & 0xfff));
            assert_eq!(walk.result(), Ok(leaf.pa));
            assert_eq!(
                (leaf.size, leaf.update, leaf.global),
                (PageSize::Kib4, 0, false)
            );
            assert_eq!(leaf.pte, tables.entry(VA, 0));
            let levels = mode.levels();
            assert_eq!(walk.steps().len(), usize::from(levels));
            for (step, level) in walk.steps().iter().zip((0..levels).rev()) {
                assert_eq!(step.level, level);
                assert_eq!(step.at, PhysAddr(tables.entry_at(VA, level)));
                assert_eq!(step.pte, tables.entry(VA, level));
                let leaf = Meaning::Leaf(PageSize::Kib4);
                assert_eq!(
                    step.meaning,
                    if level == 0 { leaf } else { Meaning::Pointer }
                );
            }
            assert_eq!(walk.steps().last().map(|step| step.at), Some(leaf.at));
        }
    }
}

#[test]
fn the_last_step_says_what_stopped_the_walk() {
    let last = |tables: &Tables| {
        let walk = walk_to(tables, VA, supervisor(AccessKind::Load));
        let step = walk.steps().last().copied().expect("a step");
        (step.level, step.at.0, step.meaning)
    };
    for mode in MODES {
        for level in 0..mode.levels() {
            let mut tables = mapped(mode, OPEN);
            let at = tables.entry_at(VA, level);
            tables.denied = at..at + 8;
            assert_eq!(last(&tables), (level, at, Meaning::Unreadable));
            tables.denied = 0..0;
            tables.clear(VA, level, Pte::V);
            assert_eq!(last(&tables), (level, at, Meaning::Broken));
        }
        // A leaf that denies the access is still a leaf.
        let mut tables = mapped(mode, OPEN);
        tables.clear(VA, 0, Pte::R | Pte::W);
        let leaf = Meaning::Leaf(PageSize::Kib4);
        assert_eq!(last(&tables), (0, tables.entry_at(VA, 0), leaf));
    }
}

#[test]
fn the_walk_tells_what_to_set_and_translate_sets_it() {
    for mode in MODES {
        for kind in AccessKind::ALL {
            let mut tables = mapped(mode, RWX);
            let needed = if kind.writes() {
                Pte::A | Pte::D
            } else {
                Pte::A
            };
            let (config, access) = (tables.config, supervisor(kind));
            // On the tables themselves, so that a write would be seen.
            let found = walk(&config, VirtAddr(VA), access, &mut tables);
            assert_eq!(found.leaf().map(|leaf| leaf.update), Some(needed));
            assert_eq!(tables.entry(VA, 0).0 & needed, 0, "the walk writes nothing");
            let done = translate(&config, VirtAddr(VA), access, &mut tables);
            assert_eq!(done.leaf().map(|leaf| leaf.pte), Some(tables.entry(VA, 0)));
            assert_eq!(tables.entry(VA, 0).0 & (Pte::A | Pte::D), needed);
            // A second time there is nothing left to do.
            let again = walk_to(&tables, VA, access);
            assert_eq!(again.leaf().map(|leaf| leaf.update), Some(0));
        }
    }
}

#[test]
fn an_entry_that_changes_under_the_update_is_walked_again() {
    let mut tables = mapped(Mode::Sv39, RWX);
    let config = tables.config;
    let at = tables.entry_at(VA, 0);
    tables.race = Some((at, Pte::new(0x8765_4000 >> 12, RWX).0));
    let access = supervisor(AccessKind::Store);
    let walk = translate(&config, VirtAddr(VA), access, &mut tables);
    assert_eq!(walk.result(), Ok(PhysAddr(0x8765_4000 | VA & 0xfff)));
    assert!(tables.entry(VA, 0).dirty());
    let mut tables = mapped(Mode::Sv39, RWX);
    tables.race = Some((at, 0));
    let walk = translate(&config, VirtAddr(VA), access, &mut tables);
    assert_eq!(
        walk.fault().map(|fault| fault.reason),
        Some(FaultReason::NotValid)
    );
    assert_eq!(tables.entry(VA, 0), Pte(0), "nothing was written");
}

#[test]
fn a_fault_reads_like_a_sentence() {
    let tables = mapped(Mode::Sv39, USER);
    let say = |tables: &Tables, access| {
        let fault: Fault = walk_to(tables, VA, access).fault().expect("a fault");
        fault.to_string()
    };
    assert_eq!(
        say(&tables, supervisor(AccessKind::Store)),
        "store at va:0x1376543210 from S-mode: the page is a user page (U is set) and SUM is clear"
    );
    let mut tables = mapped(Mode::Sv39, OPEN);
    tables.set(VA, 1, Pte::A | Pte::U);
    assert_eq!(
        say(&tables, user(AccessKind::Fetch)),
        "instruction fetch at va:0x1376543210 from U-mode: \
         the entry points to a table but has U, A set, which only a leaf may have"
    );
    tables.set(VA, 1, 1 << 54 | 1 << 60);
    assert_eq!(
        say(&tables, user(AccessKind::Amo)),
        "atomic operation at va:0x1376543210 from U-mode: the entry has reserved bits set: 54, 60"
    );
    assert_eq!(
        FaultReason::NonCanonical(39).to_string(),
        "the address is not canonical: bits 63 to 39 must equal bit 38"
    );
    assert_eq!(
        Pte::new(0x81234, OPEN).to_string(),
        "0x000000002048d0cf DA--XWRV"
    );
}
