use super::*;
use Privilege::{Machine, Supervisor, User};

const NAPOT: u8 = 3 << 3;
const BASE: u64 = 0x8000_0000;

/// Sets one entry, through the registers.
fn set(pmp: &mut Pmp, entry: usize, cfg: u8, addr: u64) {
    pmp.write_addr(entry, addr);
    set_cfg(pmp, entry, cfg);
}

fn set_cfg(pmp: &mut Pmp, entry: usize, cfg: u8) {
    let register = entry / 8 * 2;
    let shift = entry % 8 * 8;
    let others = pmp.read_cfg(register) & !(0xff << shift);
    pmp.write_cfg(register, others | u64::from(cfg) << shift);
}

fn cfg(pmp: &Pmp, entry: usize) -> u8 {
    (pmp.read_cfg(entry / 8 * 2) >> (entry % 8 * 8)) as u8
}

fn napot(base: u64, size: u64) -> u64 {
    (base | (size / 2 - 1)) >> 2
}

fn can(pmp: &Pmp, pa: u64, len: u64, access: PmpAccess, privilege: Privilege) -> bool {
    pmp.check(PhysAddr(pa), len, access, privilege)
}

fn reads(pmp: &Pmp, pa: u64, len: u64) -> bool {
    can(pmp, pa, len, PmpAccess::READ, Supervisor)
}

/// What a privilege may do, asked one access at a time.
fn rights(pmp: &Pmp, pa: u64, privilege: Privilege) -> String {
    [
        ('r', PmpAccess::READ),
        ('w', PmpAccess::WRITE),
        ('x', PmpAccess::EXECUTE),
    ]
    .into_iter()
    .map(|(letter, access)| {
        if can(pmp, pa, 4, access, privilege) {
            letter
        } else {
            '-'
        }
    })
    .collect()
}

#[test]
fn after_reset_only_machine_mode_has_memory() {
    let pmp = Pmp::new(true);
    assert_eq!(rights(&pmp, BASE, Machine), "rwx");
    assert_eq!(rights(&pmp, BASE, Supervisor), "---");
    assert_eq!(rights(&pmp, BASE, User), "---");
    for register in 0..16 {
        assert_eq!(pmp.read_cfg(register), 0);
    }
    for entry in 0..64 {
        assert_eq!(pmp.read_addr(entry), 0);
    }
}

#[test]
fn registers_beyond_the_sixteen_entries_read_zero() {
    let mut pmp = Pmp::new(true);
    for register in [4, 6, 14, 100] {
        pmp.write_cfg(register, u64::MAX);
        assert_eq!(pmp.read_cfg(register), 0);
    }
    for entry in [16, 63, usize::MAX] {
        pmp.write_addr(entry, u64::MAX);
        assert_eq!(pmp.read_addr(entry), 0);
    }
    assert_eq!(rights(&pmp, BASE, Machine), "rwx");
}

#[test]
fn an_address_register_has_54_bits() {
    let mut pmp = Pmp::new(true);
    pmp.write_addr(3, u64::MAX);
    assert_eq!(pmp.read_addr(3), (1 << 54) - 1);
}

#[test]
fn cfg_bits_five_and_six_read_zero() {
    let mut pmp = Pmp::new(true);
    set_cfg(&mut pmp, 9, 0x7f);
    assert_eq!(cfg(&pmp, 9), 0x1f);
}

#[test]
fn na4_covers_four_bytes() {
    let mut pmp = Pmp::new(true);
    set(&mut pmp, 0, NA4 | R, BASE >> 2);
    assert!(reads(&pmp, BASE, 4));
    assert!(reads(&pmp, BASE + 3, 1));
    assert!(!reads(&pmp, BASE + 4, 1));
    assert!(!reads(&pmp, BASE - 1, 1));
    assert!(!reads(&pmp, BASE, 8), "half of the access is outside");
}

#[test]
fn napot_covers_every_size() {
    for shift in 3..=56 {
        let size = 1u64 << shift;
        let base = if shift < 40 { 3 << shift } else { 0 };
        let mut pmp = Pmp::new(true);
        set(&mut pmp, 0, NAPOT | R, napot(base, size));
        assert!(reads(&pmp, base, 8), "2^{shift}");
        assert!(reads(&pmp, base + size - 8, 8), "2^{shift}");
        assert!(!reads(&pmp, base + size, 1), "2^{shift}");
        assert!(base == 0 || !reads(&pmp, base - 1, 1), "2^{shift}");
    }
    // All ones: everything.
    let mut pmp = Pmp::new(true);
    set(&mut pmp, 0, NAPOT | R, u64::MAX);
    assert!(reads(&pmp, 0, 8));
    assert!(reads(&pmp, (1 << 56) - 8, 8));
}

#[test]
fn tor_runs_from_the_entry_before() {
    let mut pmp = Pmp::new(true);
    pmp.write_addr(2, BASE >> 2);
    set(&mut pmp, 3, TOR | R, (BASE + 0x1000) >> 2);
    assert!(reads(&pmp, BASE, 4));
    assert!(reads(&pmp, BASE + 0xffc, 4));
    assert!(!reads(&pmp, BASE + 0x1000, 1));
    assert!(!reads(&pmp, BASE - 1, 1));
    // The first entry runs from zero; an empty or turned range matches nothing.
    let mut pmp = Pmp::new(true);
    set(&mut pmp, 0, TOR | R, 0x1000 >> 2);
    assert!(reads(&pmp, 0, 8) && !reads(&pmp, 0x1000, 1));
    set(&mut pmp, 1, TOR | R | W, 0x800 >> 2);
    set(&mut pmp, 2, TOR | R | W, 0x800 >> 2);
    assert_eq!(rights(&pmp, 0x800, User), "r--");
    assert_eq!(rights(&pmp, 0x1000, User), "---");
}

#[test]
fn the_lowest_matching_entry_decides() {
    let mut pmp = Pmp::new(true);
    set(&mut pmp, 1, NAPOT | R, napot(BASE, 0x1000));
    set(&mut pmp, 5, NAPOT | R | W | X, napot(BASE, 0x10000));
    assert_eq!(rights(&pmp, BASE, User), "r--");
    assert_eq!(rights(&pmp, BASE + 0x1000, User), "rwx");
    // An access that the lower entry matches only in part fails, even in machine mode.
    let across = BASE + 0xffe;
    assert!(!can(&pmp, across, 4, PmpAccess::READ, User));
    assert!(!can(&pmp, across, 4, PmpAccess::READ, Machine));
    set_cfg(&mut pmp, 1, 0);
    assert_eq!(rights(&pmp, BASE, User), "rwx");
    assert!(can(&pmp, across, 4, PmpAccess::READ, User));
}

#[test]
fn an_amo_needs_both_rights() {
    let mut pmp = Pmp::new(true);
    set(&mut pmp, 0, NAPOT | R, napot(BASE, 0x1000));
    assert!(!can(&pmp, BASE, 4, PmpAccess::READ_WRITE, User));
    set(&mut pmp, 0, NAPOT | R | W, napot(BASE, 0x1000));
    assert!(can(&pmp, BASE, 4, PmpAccess::READ_WRITE, User));
}

#[test]
fn write_without_read_is_reserved() {
    let mut pmp = Pmp::new(true);
    set_cfg(&mut pmp, 0, NAPOT | W | X);
    assert_eq!(cfg(&pmp, 0), NAPOT | X);
    set_cfg(&mut pmp, 0, NAPOT | R | W);
    assert_eq!(cfg(&pmp, 0), NAPOT | R | W);
}

#[test]
fn a_locked_entry_binds_machine_mode_and_cannot_be_changed() {
    let mut pmp = Pmp::new(true);
    set(&mut pmp, 2, NAPOT | R, napot(BASE, 0x1000));
    assert_eq!(rights(&pmp, BASE, Machine), "rwx");
    set_cfg(&mut pmp, 2, L | NAPOT | R);
    assert_eq!(rights(&pmp, BASE, Machine), "r--");
    set(&mut pmp, 2, 0, 0);
    assert_eq!(cfg(&pmp, 2), L | NAPOT | R);
    assert_eq!(pmp.read_addr(2), napot(BASE, 0x1000));
    // Its neighbours in the register are free.
    set(&mut pmp, 1, NA4 | R, 1);
    set(&mut pmp, 3, NA4 | X, 1);
    assert_eq!((cfg(&pmp, 1), cfg(&pmp, 3)), (NA4 | R, NA4 | X));
    // It locks even while it is off.
    set(&mut pmp, 4, L, 77);
    set(&mut pmp, 4, NA4, 5);
    assert_eq!((cfg(&pmp, 4), pmp.read_addr(4)), (L, 77));
}

#[test]
fn a_locked_tor_locks_the_address_before_it() {
    let mut pmp = Pmp::new(true);
    pmp.write_addr(2, 0x100);
    set(&mut pmp, 3, L | TOR | R, 0x200);
    pmp.write_addr(2, 0x80);
    assert_eq!(pmp.read_addr(2), 0x100);
    set_cfg(&mut pmp, 2, NA4 | R);
    assert_eq!(cfg(&pmp, 2), NA4 | R, "its configuration stays free");
    // A locked entry of another mode does not.
    pmp.write_addr(6, 0x100);
    set(&mut pmp, 7, L | NA4 | R, 0x200);
    pmp.write_addr(6, 0x80);
    assert_eq!(pmp.read_addr(6), 0x80);
    // Across the boundary of the two configuration registers.
    pmp.write_addr(8, 0x300);
    set(&mut pmp, 9, L | TOR | R, 0x400);
    pmp.write_addr(8, 1);
    assert_eq!(pmp.read_addr(8), 0x300);
    pmp.write_addr(15, 7);
    assert_eq!(pmp.read_addr(15), 7, "the last entry has none after it");
}

#[test]
fn mml_and_mmwp_stay_set() {
    let mut pmp = Pmp::new(true);
    pmp.write_mseccfg(u64::MAX);
    assert_eq!(pmp.read_mseccfg(), MML | MMWP | RLB);
    pmp.write_mseccfg(0);
    assert_eq!(pmp.read_mseccfg(), MML | MMWP);
    let mut pmp = Pmp::new(true);
    pmp.write_mseccfg(MMWP);
    pmp.write_mseccfg(MML);
    assert_eq!(pmp.read_mseccfg(), MML | MMWP);
}

#[test]
fn without_smepmp_mseccfg_keeps_nothing() {
    let mut pmp = Pmp::new(false);
    pmp.write_mseccfg(u64::MAX);
    assert_eq!(pmp.read_mseccfg(), 0);
}

#[test]
fn rlb_lifts_locks_and_cannot_be_set_once_one_holds() {
    let mut pmp = Pmp::new(true);
    pmp.write_mseccfg(RLB);
    pmp.write_addr(0, 0x10);
    set(&mut pmp, 1, L | TOR | R, 0x100);
    pmp.write_addr(0, 0x20);
    set(&mut pmp, 1, L | TOR | X, 0x200);
    assert_eq!(pmp.read_addr(0), 0x20);
    assert_eq!((cfg(&pmp, 1), pmp.read_addr(1)), (L | TOR | X, 0x200));
    pmp.write_mseccfg(0);
    pmp.write_mseccfg(RLB);
    assert_eq!(pmp.read_mseccfg(), 0, "an entry is locked");
    set(&mut pmp, 1, 0, 0);
    assert_eq!(pmp.read_addr(1), 0x200);
}

#[test]
fn mmwp_denies_machine_mode_what_no_entry_gives() {
    let mut pmp = Pmp::new(true);
    set(&mut pmp, 0, NAPOT, napot(BASE, 0x1000));
    pmp.write_mseccfg(MMWP);
    assert_eq!(
        rights(&pmp, BASE, Machine),
        "rwx",
        "an unlocked entry matches"
    );
    assert_eq!(rights(&pmp, BASE + 0x1000, Machine), "---");
}

#[test]
fn mml_denies_machine_mode_code_that_no_entry_gives() {
    let mut pmp = Pmp::new(true);
    pmp.write_mseccfg(MML);
    assert_eq!(rights(&pmp, BASE, Machine), "rw-");
    assert_eq!(rights(&pmp, BASE, Supervisor), "---");
}

/// The Smepmp specification's table for `mseccfg.MML` = 1: L, R, W, X; what M-mode, then what S- and U-mode may do.
const MML_TABLE: [(u8, &str, &str); 16] = [
    (0, "---", "---"),
    (X, "---", "--x"),
    (W, "rw-", "r--"),
    (W | X, "rw-", "rw-"),
    (R, "---", "r--"),
    (R | X, "---", "r-x"),
    (R | W, "---", "rw-"),
    (R | W | X, "---", "rwx"),
    (L, "---", "---"),
    (L | X, "--x", "---"),
    (L | W, "--x", "--x"),
    (L | W | X, "r-x", "--x"),
    (L | R, "r--", "---"),
    (L | R | X, "r-x", "---"),
    (L | R | W, "rw-", "---"),
    (L | R | W | X, "r--", "r--"),
];

#[test]
fn every_row_of_the_smepmp_truth_table() {
    for (bits, machine, others) in MML_TABLE {
        let mut pmp = Pmp::new(true);
        pmp.write_mseccfg(MML | RLB);
        set(&mut pmp, 0, NAPOT | bits, napot(BASE, 0x1000));
        assert_eq!(cfg(&pmp, 0), NAPOT | bits);
        assert_eq!(rights(&pmp, BASE, Machine), machine, "{bits:#x}");
        assert_eq!(rights(&pmp, BASE, Supervisor), others, "{bits:#x}");
        assert_eq!(rights(&pmp, BASE, User), others, "{bits:#x}");
    }
}

#[test]
fn without_mml_the_lock_alone_binds_machine_mode() {
    for (bits, _, _) in MML_TABLE
        .into_iter()
        .filter(|(bits, _, _)| bits & (R | W) != W)
    {
        let mut pmp = Pmp::new(true);
        set(&mut pmp, 0, NAPOT | bits, napot(BASE, 0x1000));
        let plain: String = [(R, 'r'), (W, 'w'), (X, 'x')]
            .into_iter()
            .map(|(bit, letter)| if bits & bit != 0 { letter } else { '-' })
            .collect();
        let machine = if bits & L != 0 { plain.as_str() } else { "rwx" };
        assert_eq!(rights(&pmp, BASE, Machine), machine);
        assert_eq!(rights(&pmp, BASE, User), plain);
    }
}

#[test]
fn under_mml_no_rule_may_be_added_that_machine_mode_executes() {
    for (bits, machine, _) in MML_TABLE {
        let mut pmp = Pmp::new(true);
        set(&mut pmp, 1, NA4 | R, 5);
        pmp.write_mseccfg(MML);
        set_cfg(&mut pmp, 0, NAPOT | bits);
        let refused = bits & L != 0 && machine.contains('x');
        let expected = if refused { 0 } else { NAPOT | bits };
        assert_eq!(cfg(&pmp, 0), expected, "{bits:#x}");
        assert_eq!(
            cfg(&pmp, 1),
            NA4 | R,
            "the rest of the register is untouched"
        );
    }
}

#[test]
fn the_generation_changes_with_every_write_that_counts() {
    let mut pmp = Pmp::new(true);
    let mut last = pmp.generation();
    let mut changed = |pmp: &Pmp| {
        let now = pmp.generation();
        let changed = now != last;
        last = now;
        changed
    };
    pmp.write_addr(0, 1);
    assert!(changed(&pmp));
    set_cfg(&mut pmp, 0, NA4 | R | L);
    assert!(changed(&pmp));
    pmp.write_addr(0, 2);
    assert!(!changed(&pmp), "the entry is locked");
    pmp.write_mseccfg(MMWP);
    assert!(changed(&pmp));
    assert!(!changed(&pmp), "reading changes nothing");
}

#[test]
fn a_page_is_uniform_if_one_rule_covers_it() {
    let mut pmp = Pmp::new(true);
    set(&mut pmp, 0, NA4 | R, (BASE + 0x1ffc) >> 2);
    set(&mut pmp, 1, NAPOT | R | W, napot(BASE, 0x10000));
    let uniform = |pa| pmp.uniform(PhysAddr(pa), User);
    assert_eq!(uniform(BASE), Some(PmpAccess::READ_WRITE));
    assert_eq!(uniform(BASE + 0x123), Some(PmpAccess::READ_WRITE));
    assert_eq!(uniform(BASE + 0x1000), None, "four bytes of it differ");
    assert_eq!(uniform(BASE + 0x2000), Some(PmpAccess::READ_WRITE));
    assert_eq!(uniform(BASE + 0x10000), Some(PmpAccess::NONE));
    assert_eq!(pmp.uniform(PhysAddr(BASE), Machine), Some(PmpAccess::ALL));
    assert_eq!(
        pmp.uniform(PhysAddr(u64::MAX), Machine),
        Some(PmpAccess::ALL)
    );
}

/// A second implementation, byte by byte and straight from the manual's words, over random configurations.
#[test]
fn random_configurations_agree_with_the_manual_read_byte_by_byte() {
    fn matches(pmp: &Pmp, entry: usize, byte: u64) -> bool {
        let addr = u128::from(pmp.read_addr(entry));
        let word = u128::from(byte) >> 2;
        match cfg(pmp, entry) >> 3 & 3 {
            0 => false,
            1 => {
                let low = if entry == 0 {
                    0
                } else {
                    u128::from(pmp.read_addr(entry - 1))
                };
                low <= word && word < addr
            }
            2 => addr == word,
            _ => {
                let ignored = addr.trailing_ones() + 1;
                addr >> ignored == word >> ignored
            }
        }
    }
    fn allowed(pmp: &Pmp, pa: u64, len: u64, access: PmpAccess, privilege: Privilege) -> bool {
        for entry in 0..ENTRIES {
            let hits = (0..len).filter(|&i| matches(pmp, entry, pa + i)).count() as u64;
            if hits == 0 {
                continue;
            }
            let bits = cfg(pmp, entry);
            return hits == len
                && (privilege == Machine && bits & L == 0
                    || (!access.read || bits & R != 0)
                        && (!access.write || bits & W != 0)
                        && (!access.execute || bits & X != 0));
        }
        privilege == Machine
    }
    let mut state = 0x1234_5678_9abc_def1u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 8
    };
    for _ in 0..2000 {
        let mut pmp = Pmp::new(true);
        for entry in 0..ENTRIES {
            // A small space, so that entries meet: 16 pages, NAPOT sizes up to all of it.
            let addr = random() & 0x3fff | ((1 << (random() % 14)) - 1) >> (random() % 2 * 13);
            let off = random() % 3 == 0;
            pmp.write_addr(entry, addr);
            set_cfg(
                &mut pmp,
                entry,
                random() as u8 & if off { !A } else { 0xff },
            );
        }
        for _ in 0..20 {
            let len = 1 << (random() % 4);
            let pa = random() & 0xffff;
            let privilege = [Machine, Supervisor, User][random() as usize % 3];
            let access = [
                PmpAccess::READ,
                PmpAccess::WRITE,
                PmpAccess::EXECUTE,
                PmpAccess::READ_WRITE,
            ][random() as usize % 4];
            let expected = allowed(&pmp, pa, len, access, privilege);
            assert_eq!(
                can(&pmp, pa, len, access, privilege),
                expected,
                "{pmp:x?} {pa:#x}+{len}"
            );
            let within = pa % PAGE_SIZE + len <= PAGE_SIZE;
            if let Some(rights) = pmp.uniform(PhysAddr(pa), privilege).filter(|_| within) {
                assert_eq!(rights.allows(access), expected, "{pmp:x?} {pa:#x}+{len}");
            }
        }
    }
}
