//! The walk against a second implementation, written from the privileged manual's "Virtual Address Translation
//! Process" with nothing of the first: no shared types but the question's, one number per field, steps in the
//! manual's order.

use crate::isa::Privilege;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    Access, AccessKind, AdPolicy, Entry, EntryError, FaultReason, Mode, Outcome, PageSize,
    PageTableMemory, PageTableWriter, Pte, PteRules, Tlb, WalkConfig, translate, walk,
};

/// xorshift64*.
#[derive(Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    pub(super) fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

/// An endless memory of random tables: each entry is a function of its address and the seed.
struct Memory {
    seed: u64,
    reads: Vec<u64>,
    /// What the walk wrote, and where.
    written: Option<(u64, u64)>,
}

impl Memory {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            reads: Vec::new(),
            written: None,
        }
    }

    /// What is at an address depends on nothing but the address and the seed.
    fn random_at(&self, at: u64) -> Random {
        let mut random = Random((at ^ self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        random.next();
        random
    }

    /// Whether PMP lets an entry be written.
    fn writable(&self, at: u64) -> bool {
        !self.random_at(!at).one_in(6)
    }

    fn entry(&self, at: u64) -> Result<u64, EntryError> {
        let mut random = self.random_at(at);
        match random.below(80) {
            0 => return Err(EntryError::OutsideMemory),
            1 => return Err(EntryError::Denied),
            _ => {}
        }
        let ppn = random.next() >> 20;
        let mut pte = ppn << 10 | random.next() & 0x300 | 1;
        if !random.one_in(3) {
            // A pointer.
            if random.one_in(25) {
                pte |= random.next() & 0xf0;
            }
        } else {
            pte |= random.next() & 0xfe;
            match random.below(4) {
                0 | 1 => pte |= 0xc0,
                2 => pte = pte & !0x80 | 0x40,
                _ => {}
            }
            if !random.one_in(4) {
                pte |= 2;
            } else if random.one_in(2) {
                // Execute-only.
                pte = pte & !6 | 8;
            }
            if !random.one_in(6) {
                // Aligned, at one level or another.
                pte &= !(((1 << (9 * random.below(8).min(4))) - 1) << 10);
            }
            if random.one_in(6) {
                pte |= 1 << 63;
                if !random.one_in(8) {
                    pte = pte & !(0xf << 10) | 8 << 10;
                }
            }
            if random.one_in(6) {
                pte |= random.below(4) << 61;
            }
        }
        if random.one_in(40) {
            pte ^= 1 << random.below(64);
        }
        if random.one_in(100) {
            pte &= !1;
        }
        Ok(pte)
    }
}

impl PageTableMemory for Memory {
    fn read_entry(&mut self, at: PhysAddr) -> Result<u64, EntryError> {
        self.reads.push(at.0);
        self.entry(at.0)
    }
}

impl PageTableWriter for Memory {
    fn replace_entry(&mut self, at: PhysAddr, old: Pte, new: Pte) -> Result<bool, EntryError> {
        assert_eq!(self.entry(at.0), Ok(old.0), "it compares with what it read");
        assert_eq!(self.written, None, "one update is enough");
        if !self.writable(at.0) {
            return Err(EntryError::Denied);
        }
        self.written = Some((at.0, new.0));
        Ok(true)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Translated {
    pa: u64,
    page_bits: u32,
    /// The entry that was written, and its new value.
    written: Option<(u64, u64)>,
    global: bool,
}

/// A fault: the number of the cause, and the step of the manual that raised it (0 for the canonical form).
#[derive(Debug, PartialEq, Eq)]
struct Raised {
    cause: u64,
    step: u32,
}

const PAGESIZE: u128 = 4096;
const PTESIZE: u128 = 8;

fn bit(value: u64, place: u32) -> bool {
    value & (1 << place) != 0
}

/// The manual's algorithm.
fn manual(
    config: &WalkConfig,
    va: u64,
    access: Access,
    memory: &Memory,
    reads: &mut Vec<u64>,
) -> Result<Translated, Raised> {
    let fetch = access.kind == AccessKind::Fetch;
    let load = access.kind == AccessKind::Load;
    let manage = access.kind == AccessKind::CacheBlockManage;
    let store = !fetch && !load && !manage;
    let (page_fault, access_fault) = if fetch {
        (12, 1)
    } else if load {
        (13, 5)
    } else {
        (15, 7)
    };
    let page_fault = |step| {
        Err(Raised {
            cause: page_fault,
            step,
        })
    };
    let access_fault = |step| {
        Err(Raised {
            cause: access_fault,
            step,
        })
    };
    let levels: u32 = match config.mode {
        Mode::Sv39 => 3,
        Mode::Sv48 => 4,
        Mode::Sv57 => 5,
        Mode::Bare => unreachable!("not asked"),
    };
    // "bits 63-39 all equal to bit 38, or else a page-fault exception will occur"
    let top = 12 + 9 * levels - 1;
    if (top + 1..64).any(|place| bit(va, place) != bit(va, top)) {
        return page_fault(0);
    }
    // 1. Let a be satp.ppn x PAGESIZE, and let i = LEVELS-1.
    let mut a = u128::from(config.root_ppn) * PAGESIZE;
    let mut i = levels - 1;
    let mut global = false;
    let (address, pte) = loop {
        // 2. Let pte be the value of the PTE at address a + va.vpn[i] x PTESIZE.
        let vpn_i = u128::from(va) / 2u128.pow(12 + 9 * i) % 512;
        let address = (a + vpn_i * PTESIZE) as u64;
        reads.push(address);
        let Ok(pte) = memory.entry(address) else {
            return access_fault(2);
        };
        // 3. V=0, R=0 and W=1, or anything reserved.
        let (v, r, w, x) = (bit(pte, 0), bit(pte, 1), bit(pte, 2), bit(pte, 3));
        if !v || !r && w {
            return page_fault(3);
        }
        let pointer = !r && !x;
        let pbmt = pte / (1 << 61) % 4;
        let n = bit(pte, 63);
        let ppn = pte / (1 << 10) % (1 << 44);
        let reserved = (54..=60).any(|place| bit(pte, place))
            || pbmt == 3
            || pbmt != 0 && (pointer || !config.rules.svpbmt)
            || n && (pointer || !config.rules.svnapot || i != 0 || ppn % 16 != 8)
            || pointer && (bit(pte, 4) || bit(pte, 6) || bit(pte, 7));
        if reserved {
            return page_fault(3);
        }
        global |= bit(pte, 5);
        // 4. A pointer to the next level, if there is one.
        if !pointer {
            break (address, pte);
        }
        if i == 0 {
            return page_fault(4);
        }
        i -= 1;
        a = u128::from(ppn) * PAGESIZE;
    };
    // 5. i > 0 and pte.ppn[i-1:0] != 0: a misaligned superpage.
    let ppn = pte / (1 << 10) % (1 << 44);
    if i > 0 && ppn % (1 << (9 * i)) != 0 {
        return page_fault(5);
    }
    // 6. Allowed by pte.u, given the privilege mode, SUM and MXR?
    let u = bit(pte, 4);
    let by_u = match access.privilege {
        Privilege::User => u,
        Privilege::Supervisor => !u || access.sum && !fetch,
        Privilege::Machine => unreachable!("not asked"),
    };
    if !by_u {
        return page_fault(6);
    }
    // 7 is about shadow stacks. 8. Allowed by r, w and x?
    let readable = bit(pte, 1) || bit(pte, 3) && access.mxr;
    let by_rwx = if fetch {
        bit(pte, 3)
    } else if load {
        readable
    } else if manage {
        readable || bit(pte, 2)
    } else {
        bit(pte, 2)
    };
    if !by_rwx {
        return page_fault(8);
    }
    // 9. pte.a=0, or a store and pte.d=0.
    let mut written = None;
    if !bit(pte, 6) || store && !bit(pte, 7) {
        if config.ad == AdPolicy::Fault {
            return page_fault(9);
        }
        if !memory.writable(address) {
            return access_fault(9);
        }
        let dirty = if store { 1 << 7 } else { 0 };
        written = Some((address, pte | 1 << 6 | dirty));
    }
    // 10. The translation. A NAPOT range counts as a page of 64 KiB.
    let page_bits = if bit(pte, 63) { 16 } else { 12 + 9 * i };
    let size = 1u128 << page_bits;
    let base = u128::from(ppn) * PAGESIZE / size * size;
    Ok(Translated {
        pa: (base + u128::from(va) % size) as u64,
        page_bits,
        written,
        global,
    })
}

/// A row for each reason, so that none can be forgotten: its number, its name, and the manual's step.
fn row(reason: FaultReason) -> (usize, &'static str, u32) {
    match reason {
        FaultReason::NonCanonical(_) => (0, "not canonical", 0),
        FaultReason::EntryOutsideMemory => (1, "entry outside memory", 2),
        FaultReason::EntryDenied => (2, "entry denied", 2),
        FaultReason::NotValid => (3, "not valid", 3),
        FaultReason::WriteWithoutRead => (4, "W without R", 3),
        FaultReason::ReservedBits(_) => (5, "reserved bits", 3),
        FaultReason::NonLeafBits(_) => (6, "A, D or U in a pointer", 3),
        FaultReason::NapotWithoutSvnapot => (7, "N without Svnapot", 3),
        FaultReason::ReservedNapot => (8, "N reserved", 3),
        FaultReason::PbmtWithoutSvpbmt => (9, "PBMT without Svpbmt", 3),
        FaultReason::ReservedPbmt => (10, "PBMT reserved", 3),
        FaultReason::LevelExhausted => (11, "level exhausted", 4),
        FaultReason::MisalignedSuperpage(_) => (12, "misaligned superpage", 5),
        FaultReason::UserPageWithoutSum => (13, "user page without SUM", 6),
        FaultReason::UserPageFetchedBySupervisor => (14, "user page fetched", 6),
        FaultReason::SupervisorPage => (15, "supervisor page", 6),
        FaultReason::NotReadable => (16, "not readable", 8),
        FaultReason::NotWritable => (17, "not writable", 8),
        FaultReason::NotExecutable => (18, "not executable", 8),
        FaultReason::NotReadableOrWritable => (19, "neither R nor W", 8),
        FaultReason::AccessedClear => (20, "A clear", 9),
        FaultReason::DirtyClear => (21, "D clear", 9),
        FaultReason::EntryUpdateDenied => (22, "update denied", 9),
    }
}

/// How many rows [`row`] has.
const REASONS: usize = 23;

/// How often each outcome came, in Sv39, Sv48 and Sv57.
#[derive(Default)]
struct Shares {
    pages: [[u32; 3]; 6],
    updates: [u32; 3],
    faults: [[u32; 3]; REASONS],
    names: [&'static str; REASONS],
}

impl Shares {
    fn report(&self, cases: u32) {
        let line = |name: &str, counts: &[u32; 3]| {
            let sum: u32 = counts.iter().sum();
            let share = 100.0 * f64::from(sum) / f64::from(cases);
            println!("{name:24} {sum:8} {share:5.2} %  {counts:?}");
        };
        for (size, counts) in PageSize::ALL.iter().zip(&self.pages) {
            line(&format!("page of {size}"), counts);
        }
        line("of these, A or D set", &self.updates);
        for (name, counts) in self.names.iter().zip(&self.faults) {
            line(name, counts);
        }
    }
}

fn random_access(random: &mut Random) -> Access {
    Access {
        kind: AccessKind::ALL[random.below(6) as usize],
        privilege: if random.one_in(2) {
            Privilege::User
        } else {
            Privilege::Supervisor
        },
        sum: random.one_in(2),
        mxr: random.one_in(2),
    }
}

fn random_config(random: &mut Random) -> WalkConfig {
    WalkConfig {
        mode: [Mode::Sv39, Mode::Sv48, Mode::Sv57][random.below(3) as usize],
        root_ppn: random.next() >> 20,
        rules: PteRules {
            svnapot: !random.one_in(4),
            svpbmt: !random.one_in(4),
        },
        ad: if random.one_in(3) {
            AdPolicy::Fault
        } else {
            AdPolicy::Hardware
        },
    }
}

fn random_va(random: &mut Random, mode: Mode) -> u64 {
    let unused = 64 - mode.va_bits();
    let canonical = ((random.next() << unused) as i64 >> unused) as u64;
    if random.one_in(20) {
        canonical ^ 1 << random.below(64)
    } else {
        canonical
    }
}

#[test]
fn the_walk_is_the_manuals_over_random_tables() {
    const CASES: u32 = 2_500_000;
    let mut random = Random(0x5eed_0001);
    let mut shares = Shares::default();
    for _ in 0..CASES {
        let config = random_config(&mut random);
        let access = random_access(&mut random);
        let va = random_va(&mut random, config.mode);
        let mut memory = Memory::new(random.next());
        let mut reads = Vec::new();
        let expected = manual(&config, va, access, &memory, &mut reads);
        let found = translate(&config, VirtAddr(va), access, &mut memory);
        let context = || format!("{config:x?} {va:#x} {access:?} {found:x?}");
        assert_eq!(memory.reads, reads, "{}", context());
        assert!(
            found.steps().iter().map(|step| step.at.0).eq(reads),
            "{}",
            context()
        );
        let column = usize::from(config.mode.levels() - 3);
        let answer = match found.outcome {
            Outcome::Leaf(leaf) => {
                shares.pages[leaf.size as usize][column] += 1;
                shares.updates[column] += u32::from(leaf.update != 0);
                Ok(Translated {
                    pa: leaf.pa.0,
                    page_bits: leaf.size.bits(),
                    written: memory.written,
                    global: leaf.global,
                })
            }
            Outcome::Fault(fault) => {
                assert_eq!(memory.written, None, "{}", context());
                assert_eq!((fault.va.0, fault.access), (va, access), "{}", context());
                let (number, name, step) = row(fault.reason);
                shares.faults[number][column] += 1;
                shares.names[number] = name;
                let cause = fault.exception() as u64;
                Err(Raised { cause, step })
            }
            Outcome::Identity(_) => unreachable!("translation is on"),
        };
        assert_eq!(answer, expected, "{}", context());
    }
    shares.report(CASES);
    // The tables are rich enough to say something of each mode.
    for (size, counts) in PageSize::ALL.iter().zip(shares.pages) {
        for (levels, count) in (3..).zip(counts) {
            let exists = size.level() < levels;
            assert!(
                exists == (count >= 1_000),
                "{size}, {levels} levels: {count}"
            );
        }
    }
    assert!(shares.updates.iter().all(|&count| count >= 1_000));
    for (number, (name, counts)) in shares.names.iter().zip(shares.faults).enumerate() {
        let enough = counts.iter().all(|&count| count >= 1_000);
        assert!(enough, "reason {number} ({name}): {counts:?}");
    }
}

/// A TLB that holds what a walk found answers every other access to that page as a walk would.
#[test]
fn a_hit_answers_as_the_walk_does() {
    let mut random = Random(0x5eed_0002);
    let mut compared = 0;
    for _ in 0..60_000 {
        let config = random_config(&mut random);
        let va = random_va(&mut random, config.mode);
        let mut memory = Memory::new(random.next());
        let first = walk(
            &config,
            VirtAddr(va),
            random_access(&mut random),
            &mut memory,
        );
        let Some(entry) = Entry::from_walk(&first, config.mode, 1, 0) else {
            continue;
        };
        let mut tlb = Tlb::default();
        tlb.insert(first.access.kind, entry, 0);
        for _ in 0..4 {
            let access = random_access(&mut random);
            if (access.kind == AccessKind::Fetch) != (first.access.kind == AccessKind::Fetch) {
                continue;
            }
            let near = VirtAddr(va & !entry.size.mask() | random.next() & entry.size.mask());
            let hit = tlb
                .lookup(access.kind, config.mode, 1, near)
                .expect("it is there");
            let by_hit = hit
                .check(access, config.ad)
                .map(|update| (hit.map(near), update));
            // NAPOT ranges are many entries in memory; these random ones differ.
            let by_walk = if hit.pte.napot() {
                let at_first = walk(&config, VirtAddr(va), access, &mut memory);
                match at_first.outcome {
                    Outcome::Leaf(leaf) => Ok((leaf.pte.map(near, leaf.size), leaf.update)),
                    Outcome::Fault(fault) => Err(fault.reason),
                    Outcome::Identity(pa) => Ok((pa, 0)),
                }
            } else {
                match walk(&config, near, access, &mut memory).outcome {
                    Outcome::Leaf(leaf) => Ok((leaf.pa, leaf.update)),
                    Outcome::Fault(fault) => Err(fault.reason),
                    Outcome::Identity(pa) => Ok((pa, 0)),
                }
            };
            assert_eq!(by_hit, by_walk, "{config:x?} {near} {access:?} {entry:x?}");
            compared += 1;
        }
    }
    assert!(compared > 10_000, "{compared}");
}
