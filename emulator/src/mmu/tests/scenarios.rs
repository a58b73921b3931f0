//! The walk, rule by rule, on tables built by hand.

use super::tables::{ROOT, Tables};
use crate::isa::{Exception, Privilege};
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    Access, AccessKind, AdPolicy, Fault, FaultReason, Meaning, Mode, Outcome, PageSize, Pbmt, Pte,
    PteRules, Walk, translate, walk,
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

fn reason(tables: &Tables, access: Access) -> Option<FaultReason> {
    walk_to(tables, VA, access)
        .fault()
        .map(|fault| fault.reason)
}

/// Checks that every kind of access fails for this reason, with the cause that fits.
fn fails_for_all(tables: &Tables, expected: FaultReason) {
    use Exception::*;
    let mode = tables.config.mode;
    for kind in AccessKind::ALL {
        let fault = walk_to(tables, VA, supervisor(kind)).fault();
        let fault = fault.unwrap_or_else(|| panic!("{mode} {kind}: expected {expected:?}"));
        assert_eq!(fault.reason, expected, "{mode} {kind}");
        assert_eq!(fault.va, VirtAddr(VA), "the address is the trap's stval");
        let (page, access) = match kind {
            AccessKind::Fetch => (InstructionPageFault, InstructionAccessFault),
            AccessKind::Load => (LoadPageFault, LoadAccessFault),
            _ => (StorePageFault, StoreAccessFault),
        };
        let is_access = matches!(
            expected,
            FaultReason::EntryOutsideMemory | FaultReason::EntryDenied
        );
        assert_eq!(fault.exception(), if is_access { access } else { page });
    }
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
fn bare_mode_and_machine_mode_translate_nothing() {
    let bare = Tables::new(Mode::Bare);
    let sv39 = Tables::new(Mode::Sv39);
    for va in [0, VA, 1 << 40, u64::MAX] {
        for kind in AccessKind::ALL {
            let machine = Access::new(kind, Privilege::Machine);
            for walk in [
                walk_to(&bare, va, supervisor(kind)),
                walk_to(&bare, va, user(kind)),
                walk_to(&sv39, va, machine),
            ] {
                assert_eq!(walk.outcome, Outcome::Identity(PhysAddr(va)));
                assert!(walk.steps().is_empty());
            }
        }
    }
}

#[test]
fn superpages_of_every_size_take_the_offset_from_the_address() {
    for (size, modes) in [
        (PageSize::Mib2, &MODES[..]),
        (PageSize::Gib1, &MODES[..]),
        (PageSize::Gib512, &MODES[1..]),
        (PageSize::Tib256, &MODES[2..]),
    ] {
        for &mode in modes {
            let mut tables = Tables::new(mode);
            let pa = size.bytes() * 3;
            tables.map(VA & !size.mask(), size, pa, OPEN);
            let walk = walk_to(&tables, VA, supervisor(AccessKind::Load));
            let leaf = walk.leaf().expect("a leaf");
            assert_eq!(
                (leaf.size, leaf.pa),
                (size, PhysAddr(pa | VA & size.mask()))
            );
            assert_eq!(
                walk.steps().len(),
                usize::from(mode.levels() - size.level())
            );
            // Each bit of the page number below the size makes it misaligned.
            for bit in 12..size.bits() {
                let mut tables = tables.clone();
                tables.set(VA, size.level(), 1 << (bit - 2));
                fails_for_all(&tables, FaultReason::MisalignedSuperpage(size));
            }
        }
    }
}

#[test]
fn an_address_must_be_canonical() {
    for (mode, width) in MODES.into_iter().zip([39, 48, 57]) {
        let tables = mapped(mode, OPEN);
        for bit in width..64 {
            let walk = walk_to(&tables, VA | 1 << bit, supervisor(AccessKind::Load));
            let fault = walk.fault().map(|fault| fault.reason);
            assert_eq!(
                fault,
                Some(FaultReason::NonCanonical(width)),
                "{mode} bit {bit}"
            );
            assert!(walk.steps().is_empty(), "nothing is read");
        }
        // The upper half works as well as the lower.
        let high = VA | u64::MAX << (width - 1);
        let mut tables = Tables::new(mode);
        tables.map(high & !0xfff, PageSize::Kib4, TARGET, OPEN);
        let walk = walk_to(&tables, high, supervisor(AccessKind::Load));
        assert_eq!(walk.result(), Ok(PhysAddr(TARGET | high & 0xfff)));
        let walk = walk_to(&tables, high & !(1 << 63), supervisor(AccessKind::Fetch));
        let exception = walk.fault().map(|fault| fault.exception());
        assert_eq!(exception, Some(Exception::InstructionPageFault));
    }
}

#[test]
fn an_invalid_entry_at_any_level() {
    for mode in MODES {
        for level in 0..mode.levels() {
            let mut tables = mapped(mode, OPEN);
            tables.clear(VA, level, Pte::V);
            fails_for_all(&tables, FaultReason::NotValid);
            let walk = walk_to(&tables, VA, supervisor(AccessKind::Load));
            let last = walk.steps().last().expect("a step");
            assert_eq!((last.level, last.meaning), (level, Meaning::Broken));
            // Nothing else in an invalid entry matters.
            tables.set(VA, level, Pte::W | Pte::RESERVED | Pte::N | Pte::PBMT);
            fails_for_all(&tables, FaultReason::NotValid);
        }
    }
}

#[test]
fn write_without_read_at_any_level() {
    for mode in MODES {
        for level in 0..mode.levels() {
            for x in [0, Pte::X] {
                let mut tables = mapped(mode, OPEN);
                tables
                    .clear(VA, level, Pte::R | Pte::X)
                    .set(VA, level, Pte::W | x);
                fails_for_all(&tables, FaultReason::WriteWithoutRead);
            }
        }
    }
}

#[test]
fn each_reserved_bit_at_any_level() {
    for mode in MODES {
        for level in 0..mode.levels() {
            for bit in 54..61 {
                let mut tables = mapped(mode, OPEN);
                tables.set(VA, level, 1 << bit);
                fails_for_all(&tables, FaultReason::ReservedBits(1 << bit));
            }
        }
    }
}

#[test]
fn a_pointer_has_no_a_d_or_u_nor_the_optional_bits() {
    for mode in MODES {
        for level in 1..mode.levels() {
            for bit in [Pte::A, Pte::D, Pte::U] {
                let mut tables = mapped(mode, OPEN);
                tables.set(VA, level, bit);
                fails_for_all(&tables, FaultReason::NonLeafBits(bit));
            }
            for bits in [Pte::N, 1 << 61, 1 << 62] {
                let mut tables = mapped(mode, OPEN);
                tables.set(VA, level, bits);
                fails_for_all(&tables, FaultReason::ReservedBits(bits));
            }
            // G and RSW are fine.
            let mut tables = mapped(mode, OPEN);
            tables.set(VA, level, Pte::G | Pte::RSW);
            assert_eq!(reason(&tables, supervisor(AccessKind::Load)), None);
        }
    }
}

#[test]
fn the_last_level_must_hold_a_leaf() {
    for mode in MODES {
        let tables = mapped(mode, Pte::V);
        fails_for_all(&tables, FaultReason::LevelExhausted);
    }
}

#[test]
fn an_entry_outside_memory_or_denied_is_an_access_fault() {
    for mode in MODES {
        for level in 0..mode.levels() {
            let mut tables = mapped(mode, OPEN);
            let at = tables.entry_at(VA, level);
            tables.denied = at..at + 8;
            fails_for_all(&tables, FaultReason::EntryDenied);
            let walk = walk_to(&tables, VA, supervisor(AccessKind::Load));
            let last = walk.steps().last().expect("a step");
            assert_eq!((last.at.0, last.meaning), (at, Meaning::Unreadable));
        }
        for level in 1..mode.levels() {
            let mut tables = mapped(mode, OPEN);
            tables.clear(VA, level, Pte::PPN);
            fails_for_all(&tables, FaultReason::EntryOutsideMemory);
        }
        let mut tables = mapped(mode, OPEN);
        tables.config.root_ppn = (1 << 44) - 1;
        fails_for_all(&tables, FaultReason::EntryOutsideMemory);
    }
}

/// What each kind needs of R, W, X, with MXR and without: the whole table.
#[test]
fn permissions_for_every_kind_of_access() {
    use AccessKind::*;
    use FaultReason::*;
    for mode in MODES {
        for bits in [Pte::R, Pte::X, Pte::R | Pte::W, Pte::R | Pte::X, RWX] {
            let tables = mapped(mode, Pte::V | Pte::A | Pte::D | bits);
            let (r, w, x) = (bits & Pte::R != 0, bits & Pte::W != 0, bits & Pte::X != 0);
            for mxr in [false, true] {
                for kind in AccessKind::ALL {
                    let expected = match kind {
                        Fetch => (!x).then_some(NotExecutable),
                        Load => (!(r || mxr && x)).then_some(NotReadable),
                        Store | Amo | CacheBlockZero => (!w).then_some(NotWritable),
                        CacheBlockManage => {
                            (!(r || w || mxr && x)).then_some(NotReadableOrWritable)
                        }
                    };
                    let access = supervisor(kind).with_mxr(mxr);
                    assert_eq!(
                        reason(&tables, access),
                        expected,
                        "{mode} {kind} {bits:#x} {mxr}"
                    );
                }
            }
        }
    }
}

#[test]
fn user_and_supervisor_pages() {
    use FaultReason::*;
    for mode in MODES {
        let (ours, theirs) = (mapped(mode, OPEN), mapped(mode, USER));
        for kind in AccessKind::ALL {
            assert_eq!(reason(&ours, supervisor(kind)), None);
            assert_eq!(reason(&ours, user(kind)), Some(SupervisorPage));
            // SUM is nothing to user mode.
            assert_eq!(
                reason(&ours, user(kind).with_sum(true)),
                Some(SupervisorPage)
            );
            assert_eq!(reason(&theirs, user(kind)), None);
            let fetch = kind == AccessKind::Fetch;
            let without = if fetch {
                UserPageFetchedBySupervisor
            } else {
                UserPageWithoutSum
            };
            assert_eq!(reason(&theirs, supervisor(kind)), Some(without));
            let with = fetch.then_some(UserPageFetchedBySupervisor);
            assert_eq!(reason(&theirs, supervisor(kind).with_sum(true)), with);
        }
    }
}

#[test]
fn hardware_sets_a_and_d_after_permission() {
    for mode in MODES {
        for kind in AccessKind::ALL {
            let mut tables = mapped(mode, RWX);
            let needed = if kind.writes() {
                Pte::A | Pte::D
            } else {
                Pte::A
            };
            let access = supervisor(kind);
            let walk = walk_to(&tables, VA, access);
            assert_eq!(walk.leaf().map(|leaf| leaf.update), Some(needed));
            assert_eq!(tables.entry(VA, 0).0 & needed, 0, "the walk writes nothing");
            let config = tables.config;
            let done = translate(&config, VirtAddr(VA), access, &mut tables);
            assert_eq!(done.leaf().map(|leaf| leaf.pte), Some(tables.entry(VA, 0)));
            assert_eq!(tables.entry(VA, 0).0 & (Pte::A | Pte::D), needed);
            // A second time there is nothing left to do.
            let walk = walk_to(&tables, VA, access);
            assert_eq!(walk.leaf().map(|leaf| leaf.update), Some(0));
            // An access that is denied sets nothing.
            let mut denied = mapped(mode, RWX);
            translate(&config, VirtAddr(VA), user(kind), &mut denied);
            assert_eq!(denied.entry(VA, 0).0 & (Pte::A | Pte::D), 0);
        }
    }
}

#[test]
fn under_svade_a_and_d_are_asked_of_software() {
    use FaultReason::{AccessedClear, DirtyClear};
    for mode in MODES {
        for kind in AccessKind::ALL {
            let expect = |bits, expected| {
                let mut tables = mapped(mode, RWX | bits);
                tables.config.ad = AdPolicy::Fault;
                assert_eq!(reason(&tables, supervisor(kind)), expected, "{mode} {kind}");
            };
            expect(0, Some(AccessedClear));
            expect(Pte::D, Some(AccessedClear));
            expect(Pte::A, kind.writes().then_some(DirtyClear));
            expect(Pte::A | Pte::D, None);
        }
        // Permission comes first.
        let mut tables = mapped(mode, Pte::V | Pte::R);
        tables.config.ad = AdPolicy::Fault;
        let denied = reason(&tables, supervisor(AccessKind::Store));
        assert_eq!(denied, Some(FaultReason::NotWritable));
    }
}

#[test]
fn an_update_that_pmp_denies_is_an_access_fault() {
    for (kind, exception) in [
        (AccessKind::Fetch, Exception::InstructionAccessFault),
        (AccessKind::Load, Exception::LoadAccessFault),
        (AccessKind::Amo, Exception::StoreAccessFault),
    ] {
        let mut tables = mapped(Mode::Sv39, RWX);
        let at = tables.entry_at(VA, 0);
        tables.read_only = at..at + 8;
        let config = tables.config;
        let walk = translate(&config, VirtAddr(VA), supervisor(kind), &mut tables);
        let fault = walk.fault().expect("a fault");
        assert_eq!(fault.reason, FaultReason::EntryUpdateDenied);
        assert_eq!(fault.exception(), exception);
        // With nothing to update, nothing is written.
        tables.set(VA, 0, Pte::A | Pte::D);
        let walk = translate(&config, VirtAddr(VA), supervisor(kind), &mut tables);
        assert!(walk.result().is_ok());
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
fn a_napot_range_translates_within_64_kib() {
    for mode in MODES {
        let base = VA & !0xffff;
        for offset in [0, 0x3210, 0x8000, 0xffff] {
            let mut tables = Tables::new(mode);
            tables.map(
                base | offset & !0xfff,
                PageSize::Kib4,
                0x8110_8000,
                OPEN | Pte::N,
            );
            let walk = walk_to(&tables, base | offset, supervisor(AccessKind::Load));
            let leaf = walk.leaf().expect("a leaf");
            assert_eq!(
                (leaf.size, leaf.pa),
                (PageSize::Kib64, PhysAddr(0x8110_0000 | offset))
            );
        }
        for low in (0..16).filter(|&low| low != 8) {
            let mut tables = Tables::new(mode);
            tables.map(PAGE, PageSize::Kib4, 0x8110_0000 | low << 12, OPEN | Pte::N);
            fails_for_all(&tables, FaultReason::ReservedNapot);
        }
        for size in [PageSize::Mib2, PageSize::Gib1] {
            let mut tables = Tables::new(mode);
            tables.map(
                VA & !size.mask(),
                size,
                size.bytes() | 0x8000,
                OPEN | Pte::N,
            );
            fails_for_all(&tables, FaultReason::ReservedNapot);
        }
        let mut tables = mapped(mode, OPEN | Pte::N);
        tables.config.rules = PteRules {
            svnapot: false,
            svpbmt: true,
        };
        fails_for_all(&tables, FaultReason::NapotWithoutSvnapot);
    }
}

#[test]
fn memory_types() {
    for mode in MODES {
        for (bits, pbmt) in [(0, Pbmt::Pma), (1, Pbmt::NonCacheable), (2, Pbmt::Io)] {
            let tables = mapped(mode, OPEN | bits << 61);
            let leaf = walk_to(&tables, VA, supervisor(AccessKind::Load)).leaf();
            assert_eq!(leaf.and_then(|leaf| leaf.pte.pbmt()), Some(pbmt));
        }
        let tables = mapped(mode, OPEN | Pte::PBMT);
        fails_for_all(&tables, FaultReason::ReservedPbmt);
        for bits in 1..4 {
            let mut tables = mapped(mode, OPEN | bits << 61);
            tables.config.rules.svpbmt = false;
            fails_for_all(&tables, FaultReason::PbmtWithoutSvpbmt);
        }
    }
}

#[test]
fn global_is_inherited_from_any_level() {
    for mode in MODES {
        for level in 0..mode.levels() {
            let mut tables = mapped(mode, OPEN);
            tables.set(VA, level, Pte::G);
            let leaf = walk_to(&tables, VA, supervisor(AccessKind::Load)).leaf();
            assert_eq!(
                leaf.map(|leaf| leaf.global),
                Some(true),
                "{mode} level {level}"
            );
        }
    }
}

#[test]
fn the_root_comes_from_satp() {
    let mut tables = Tables::new(Mode::Sv39);
    tables.config.root_ppn = (ROOT + 0x5000) >> 12;
    let walk = walk_to(&tables, VA, supervisor(AccessKind::Load));
    let first = walk.steps().first().expect("a step");
    assert_eq!(first.at.0, ROOT + 0x5000 + (VA >> 30 & 0x1ff) * 8);
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
