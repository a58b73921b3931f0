use super::*;

const ADDRESS: u64 = 0x8000_1000;
const MCONTROL6: u64 = TYPE_MCONTROL6 << TYPE_SHIFT;
const ALL_MODES: u64 = M | S | U;

fn machine() -> TriggerContext {
    TriggerContext {
        privilege: Privilege::Machine,
        mie: true,
        sie: false,
        breakpoint_delegated: false,
        pc: 0x4000,
        insn_len: 4,
    }
}

fn at(pc: u64) -> TriggerContext {
    TriggerContext { pc, ..machine() }
}

fn set(triggers: &mut Triggers, index: u64, tdata1: u64, tdata2: u64) {
    triggers.write_tselect(index);
    triggers.write_tdata1(0);
    triggers.write_tdata2(tdata2);
    triggers.write_tdata1(tdata1);
    assert_eq!(triggers.read_tdata1(), tdata1, "the configuration is legal");
}

fn one(tdata1: u64, tdata2: u64) -> Triggers {
    let mut triggers = Triggers::new();
    set(&mut triggers, 0, tdata1, tdata2);
    triggers
}

const fn matching(comparison: Comparison) -> u64 {
    (comparison as u64) << MATCH_SHIFT
}

fn load(triggers: &mut Triggers, va: u64) -> bool {
    triggers.check_data(va, 4, TriggerAccess::Load, &machine())
}

#[test]
fn after_reset_every_trigger_is_disabled() {
    let mut triggers = Triggers::new();
    for index in 0..TRIGGERS as u64 {
        triggers.write_tselect(index);
        assert_eq!(triggers.read_tselect(), index);
        assert_eq!(triggers.read_tdata1(), 15 << 60);
        assert_eq!(triggers.read_tdata2(), 0);
        assert_eq!(triggers.read_tdata3(), 0);
        assert_eq!(triggers.read_tinfo(), 0x0100_8044);
    }
    triggers.write_tselect(TRIGGERS as u64);
    assert_eq!(triggers.read_tselect(), TRIGGERS as u64 - 1);
    triggers.write_tselect(u64::MAX);
    assert_eq!(triggers.read_tselect(), TRIGGERS as u64 - 1);
}

#[test]
fn an_execute_trigger_fires_on_its_address_only() {
    let mut triggers = one(MCONTROL6 | ALL_MODES | EXECUTE, ADDRESS);
    assert!(triggers.armed_execute(Privilege::Machine));
    assert!(!triggers.armed_load(Privilege::Machine) && !triggers.armed_store(Privilege::Machine));
    assert!(triggers.check_execute(&at(ADDRESS)));
    assert!(!triggers.check_execute(&at(ADDRESS + 2)));
    assert!(!triggers.check_execute(&at(ADDRESS - 4)));
    // Data at the address, and data accesses of the instruction at the address, are no fetches.
    assert!(!load(&mut triggers, ADDRESS));
    assert!(!triggers.check_data(0, 4, TriggerAccess::LoadStore, &at(ADDRESS)));
}

#[test]
fn load_and_store_triggers_fire_on_their_kind_only() {
    use TriggerAccess::{Load, LoadStore, Store};
    for (bit, fires) in [
        (LOAD, [true, false, true]),
        (STORE, [false, true, true]),
        (LOAD | STORE, [true, true, true]),
        (EXECUTE, [false, false, false]),
    ] {
        let mut triggers = one(MCONTROL6 | M | bit, ADDRESS);
        for (access, fires) in [Load, Store, LoadStore].into_iter().zip(fires) {
            let fired = triggers.check_data(ADDRESS, 8, access, &machine());
            assert_eq!(fired, fires, "{bit} {access:?}");
        }
        assert!(!triggers.check_execute(&at(ADDRESS)) || bit == EXECUTE);
    }
}

#[test]
fn any_byte_of_an_access_matches() {
    let mut triggers = one(MCONTROL6 | M | LOAD, ADDRESS + 3);
    assert!(load(&mut triggers, ADDRESS));
    assert!(load(&mut triggers, ADDRESS + 3));
    assert!(!load(&mut triggers, ADDRESS + 4));
    assert!(!load(&mut triggers, ADDRESS - 1));
    // At the end of the address space too.
    let mut triggers = one(MCONTROL6 | M | LOAD, 1);
    assert!(load(&mut triggers, u64::MAX - 1));
}

#[test]
fn each_comparison() {
    use Comparison::*;
    let low = 0x0000_fff0_8000_1230;
    let high = 0x0000_ffff_0000_0012;
    for (comparison, tdata2, matching_byte, other) in [
        (Equal, ADDRESS, ADDRESS, ADDRESS + 1),
        (NotEqual, ADDRESS, ADDRESS + 1, ADDRESS),
        // 0b0111: sixteen bytes.
        (Napot, ADDRESS + 7, ADDRESS + 15, ADDRESS + 16),
        (Napot, ADDRESS + 7, ADDRESS, ADDRESS - 1),
        (Napot, ADDRESS, ADDRESS + 1, ADDRESS + 2),
        (NotNapot, ADDRESS + 7, ADDRESS + 16, ADDRESS + 15),
        (AtLeast, ADDRESS, ADDRESS, ADDRESS - 1),
        (AtLeast, ADDRESS, u64::MAX, 0),
        (Below, ADDRESS, ADDRESS - 1, ADDRESS),
        // The low half of the value, masked by the high half of tdata2.
        (
            MaskLow,
            low & 0xfff0_0000_1230 | 0x1230,
            0x77_1234,
            0x77_1244,
        ),
        (
            NotMaskLow,
            low & 0xfff0_0000_1230 | 0x1230,
            0x77_1244,
            0x77_1234,
        ),
        (MaskHigh, high, 0x5550_0012_7777_7777, 0x0000_0013_0000_0000),
        (
            NotMaskHigh,
            high,
            0x0000_0013_0000_0000,
            0x0000_0012_7777_7777,
        ),
    ] {
        let mut triggers = one(MCONTROL6 | M | LOAD | self::matching(comparison), tdata2);
        let mut byte = |va| triggers.check_data(va, 1, TriggerAccess::Load, &machine());
        let number = comparison as u8;
        assert!(byte(matching_byte), "match {number} at {matching_byte:#x}");
        assert!(!byte(other), "match {number} at {other:#x}");
    }
}

#[test]
fn a_negated_match_needs_every_byte_to_differ() {
    let mut triggers = one(
        MCONTROL6 | M | LOAD | matching(Comparison::NotEqual),
        ADDRESS + 3,
    );
    assert!(!load(&mut triggers, ADDRESS));
    assert!(load(&mut triggers, ADDRESS + 4));
}

#[test]
fn a_size_limits_the_accesses_that_match() {
    for (size, len) in [(1, 1), (2, 2), (3, 4), (5, 8), (6, 16)] {
        let mut triggers = one(MCONTROL6 | M | LOAD | size << SIZE_SHIFT, ADDRESS);
        for tried in [1, 2, 4, 8, 16] {
            let fired = triggers.check_data(ADDRESS, tried, TriggerAccess::Load, &machine());
            assert_eq!(fired, tried == len, "size {size}, {tried} bytes");
        }
    }
    let mut triggers = one(MCONTROL6 | M | EXECUTE | 2 << SIZE_SHIFT, ADDRESS);
    assert!(!triggers.check_execute(&at(ADDRESS)));
    assert!(triggers.check_execute(&TriggerContext {
        insn_len: 2,
        ..at(ADDRESS)
    }));
}

#[test]
fn only_the_modes_asked_for() {
    use Privilege::{Machine, Supervisor, User};
    for (bit, mode) in [(M, Machine), (S, Supervisor), (U, User)] {
        let mut triggers = one(MCONTROL6 | bit | EXECUTE, ADDRESS);
        for privilege in [Machine, Supervisor, User] {
            let context = TriggerContext {
                privilege,
                ..at(ADDRESS)
            };
            assert_eq!(triggers.armed_execute(privilege), privilege == mode);
            assert_eq!(triggers.check_execute(&context), privilege == mode);
        }
    }
}

#[test]
fn none_fires_in_the_handler_that_would_handle_it() {
    let mut triggers = one(MCONTROL6 | ALL_MODES | EXECUTE, ADDRESS);
    let mut fires = |privilege, mie, sie, breakpoint_delegated| {
        triggers.check_execute(&TriggerContext {
            privilege,
            mie,
            sie,
            breakpoint_delegated,
            ..at(ADDRESS)
        })
    };
    for other in [false, true] {
        assert!(!fires(Privilege::Machine, false, other, other));
        assert!(fires(Privilege::Machine, true, other, other));
        assert!(!fires(Privilege::Supervisor, other, false, true));
        assert!(fires(Privilege::Supervisor, other, true, true));
        assert!(fires(Privilege::Supervisor, other, false, false));
        assert!(fires(Privilege::User, other, other, other));
    }
}

#[test]
fn a_fired_trigger_says_so_until_software_clears_it() {
    let mut triggers = one(MCONTROL6 | M | LOAD, ADDRESS);
    assert!(!load(&mut triggers, ADDRESS + 8));
    assert_eq!(triggers.read_tdata1() & MCONTROL6_HIT0, 0);
    assert!(load(&mut triggers, ADDRESS));
    assert_eq!(
        triggers.read_tdata1(),
        MCONTROL6 | M | LOAD | MCONTROL6_HIT0
    );
    triggers.write_tdata1(MCONTROL6 | M | LOAD);
    assert_eq!(triggers.read_tdata1(), MCONTROL6 | M | LOAD);
    assert!(load(&mut triggers, ADDRESS), "and it still fires");
}

#[test]
fn triggers_are_independent_and_all_that_fire_are_marked() {
    let mut triggers = Triggers::new();
    for index in 0..4 {
        set(&mut triggers, index, MCONTROL6 | M | LOAD, ADDRESS + index);
    }
    assert!(load(&mut triggers, ADDRESS + 1), "touches 1, 2 and 3");
    for index in 0..4 {
        triggers.write_tselect(index);
        let hit = triggers.read_tdata1() & MCONTROL6_HIT0 != 0;
        assert_eq!(hit, index != 0);
    }
}

#[test]
fn a_chain_fires_when_all_its_triggers_match() {
    let mut triggers = Triggers::new();
    let base = MCONTROL6 | M | LOAD;
    set(
        &mut triggers,
        0,
        base | CHAIN | matching(Comparison::AtLeast),
        ADDRESS,
    );
    set(
        &mut triggers,
        1,
        base | matching(Comparison::Below),
        ADDRESS + 0x100,
    );
    assert!(load(&mut triggers, ADDRESS));
    assert!(load(&mut triggers, ADDRESS + 0xfc));
    assert!(!load(&mut triggers, ADDRESS - 4));
    assert!(!load(&mut triggers, ADDRESS + 0x100));
    // A trigger after the chain stands alone.
    set(&mut triggers, 2, base, 0x10);
    assert!(load(&mut triggers, 0x10));
}

#[test]
fn a_chain_joins_an_instruction_with_its_access() {
    let mut triggers = Triggers::new();
    set(&mut triggers, 0, MCONTROL6 | M | EXECUTE | CHAIN, 0x4000);
    set(&mut triggers, 1, MCONTROL6 | M | STORE, ADDRESS);
    let mut store = |pc, va| triggers.check_data(va, 4, TriggerAccess::Store, &at(pc));
    assert!(store(0x4000, ADDRESS));
    assert!(!store(0x4000, ADDRESS + 4));
    assert!(!store(0x4004, ADDRESS));
    assert!(
        !triggers.check_execute(&at(0x4000)),
        "the fetch alone is not enough"
    );
}

#[test]
fn a_disabled_trigger_in_a_chain_keeps_it_from_firing() {
    let mut triggers = Triggers::new();
    set(&mut triggers, 0, MCONTROL6 | M | LOAD | CHAIN, ADDRESS);
    assert!(!load(&mut triggers, ADDRESS));
}

#[test]
fn illegal_fields_become_legal() {
    let mut triggers = Triggers::new();
    let mut written = |value| {
        triggers.write_tdata1(value);
        triggers.read_tdata1()
    };
    let dmode = 1 << 59;
    let plain = MCONTROL6 | M | LOAD;
    assert_eq!(written(plain | dmode), plain);
    for action in 1..16 {
        assert_eq!(written(plain | action << 12), plain, "action {action}");
    }
    for comparison in [6, 7, 10, 11, 14, 15] {
        assert_eq!(
            written(plain | comparison << 7),
            plain,
            "match {comparison}"
        );
    }
    for size in [4, 7] {
        assert_eq!(written(plain | size << 16), plain, "size {size}");
    }
    let (select, hit1, uncertain, vs, vu, uncertainen) =
        (1 << 21, 1 << 25, 1 << 26, 1 << 24, 1 << 23, 1 << 5);
    assert_eq!(
        written(plain | select | hit1 | uncertain | vs | vu | uncertainen),
        plain
    );
    for kind in [0, 1, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15] {
        let disabled = 15 << 60;
        assert_eq!(written(kind << 60 | M | LOAD), disabled, "type {kind}");
    }
    assert!(!triggers.armed_load(Privilege::Machine));
    triggers.write_tdata3(u64::MAX);
    assert_eq!(triggers.read_tdata3(), 0);
}

#[test]
fn the_last_trigger_cannot_chain() {
    let mut triggers = Triggers::new();
    triggers.write_tselect(3);
    triggers.write_tdata1(MCONTROL6 | M | LOAD | CHAIN);
    assert_eq!(triggers.read_tdata1(), MCONTROL6 | M | LOAD);
}

#[test]
fn the_largest_napot_range_is_found_as_the_specification_says() {
    let mut triggers = one(MCONTROL6 | M | LOAD | matching(Comparison::Napot), 0);
    triggers.write_tdata2(u64::MAX);
    assert_eq!(triggers.read_tdata2(), !(1 << 62));
    // The upper half of the address space, and nothing else.
    assert!(load(&mut triggers, 1 << 63));
    assert!(!load(&mut triggers, (1 << 63) - 4));
    triggers.write_tdata2(ADDRESS);
    assert_eq!(triggers.read_tdata2(), ADDRESS);
}

#[test]
fn the_deprecated_type_works_too() {
    let mcontrol = TYPE_MCONTROL << TYPE_SHIFT;
    let mut triggers = one(mcontrol | M | LOAD, ADDRESS);
    assert!(load(&mut triggers, ADDRESS));
    assert_eq!(triggers.read_tdata1(), mcontrol | M | LOAD | MCONTROL_HIT);
    for (size, len) in [(1u64, 1), (2, 2), (3, 4), (5, 8), (9, 16)] {
        let bits = (size & 3) << 16 | (size >> 2) << 21;
        let mut triggers = one(mcontrol | M | LOAD | bits, ADDRESS);
        for tried in [1, 2, 4, 8, 16] {
            let fired = triggers.check_data(ADDRESS, tried, TriggerAccess::Load, &machine());
            assert_eq!(fired, tried == len, "size {size}, {tried} bytes");
        }
    }
    let mut written = |value| {
        triggers.write_tdata1(value);
        triggers.read_tdata1()
    };
    let plain = mcontrol | M | STORE;
    let (maskmax, select, timing) = (0x3f << 53, 1 << 19, 1 << 18);
    assert_eq!(written(plain | maskmax | select | timing | 1 << 12), plain);
    for comparison in [1, 9] {
        assert_eq!(written(plain | comparison << 7), plain, "no NAPOT matches");
    }
    for size in [4u64, 6, 7, 8, 10, 15] {
        assert_eq!(written(plain | (size & 3) << 16 | (size >> 2) << 21), plain);
    }
}
