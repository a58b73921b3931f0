//! The walk against a second implementation, written from the privileged manual's "Virtual Address Translation
//! Process" with nothing of the first: no shared types but the question's, one number per field, steps in the
//! manual's order.

use crate::isa::{Exception, Privilege};
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    Access, AccessKind, AdPolicy, Entry, EntryError, Mode, Outcome, PageTableMemory, PteRules, Tlb,
    WalkConfig, walk,
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
}

impl Memory {
    fn entry(&self, at: u64) -> Result<u64, EntryError> {
        let mut random = Random((at ^ self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        random.next();
        match random.below(80) {
            0 => return Err(EntryError::OutsideMemory),
            1 => return Err(EntryError::Denied),
            _ => {}
        }
        let ppn = random.next() >> 20;
        let mut pte = ppn << 10 | random.next() & 0x300 | 1;
        if random.one_in(2) {
            // A pointer.
            if random.one_in(10) {
                pte |= random.next() & 0xf0;
            }
        } else {
            pte |= random.next() & 0xfe;
            if random.one_in(2) {
                pte |= 0xc0;
            }
            if random.one_in(2) {
                pte |= 2;
            }
            if !random.one_in(4) {
                // Aligned, at one level or another.
                pte &= !(((1 << (9 * random.below(5))) - 1) << 10);
            }
            if random.one_in(8) {
                pte |= 1 << 63;
                if !random.one_in(4) {
                    pte = pte & !(0xf << 10) | 8 << 10;
                }
            }
            if random.one_in(8) {
                pte |= random.below(4) << 61;
            }
        }
        if random.one_in(40) {
            pte ^= 1 << random.below(64);
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

#[derive(Debug, PartialEq, Eq)]
struct Translated {
    pa: u64,
    set_a: bool,
    set_d: bool,
    page_bits: u32,
}

const PAGESIZE: u128 = 4096;
const PTESIZE: u128 = 8;

fn bit(value: u64, place: u32) -> bool {
    value & (1 << place) != 0
}

/// The manual's algorithm. The error is the cause's number.
fn manual(
    config: &WalkConfig,
    va: u64,
    access: Access,
    memory: &Memory,
    reads: &mut Vec<u64>,
) -> Result<Translated, u64> {
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
    let levels: u32 = match config.mode {
        Mode::Sv39 => 3,
        Mode::Sv48 => 4,
        Mode::Sv57 => 5,
        Mode::Bare => unreachable!("not asked"),
    };
    // "bits 63-39 all equal to bit 38, or else a page-fault exception will occur"
    let top = 12 + 9 * levels - 1;
    if (top + 1..64).any(|place| bit(va, place) != bit(va, top)) {
        return Err(page_fault);
    }
    // 1. Let a be satp.ppn x PAGESIZE, and let i = LEVELS-1.
    let mut a = u128::from(config.root_ppn) * PAGESIZE;
    let mut i = levels - 1;
    let pte = loop {
        // 2. Let pte be the value of the PTE at address a + va.vpn[i] x PTESIZE.
        let vpn_i = u128::from(va) / 2u128.pow(12 + 9 * i) % 512;
        let address = (a + vpn_i * PTESIZE) as u64;
        reads.push(address);
        let Ok(pte) = memory.entry(address) else {
            return Err(access_fault);
        };
        // 3. V=0, R=0 and W=1, or anything reserved.
        let (v, r, w, x) = (bit(pte, 0), bit(pte, 1), bit(pte, 2), bit(pte, 3));
        if !v || !r && w {
            return Err(page_fault);
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
            return Err(page_fault);
        }
        // 4. A pointer to the next level, if there is one.
        if !pointer {
            break pte;
        }
        if i == 0 {
            return Err(page_fault);
        }
        i -= 1;
        a = u128::from(ppn) * PAGESIZE;
    };
    // 5. i > 0 and pte.ppn[i-1:0] != 0: a misaligned superpage.
    let ppn = pte / (1 << 10) % (1 << 44);
    if i > 0 && ppn % (1 << (9 * i)) != 0 {
        return Err(page_fault);
    }
    // 6. Allowed by pte.u, given the privilege mode, SUM and MXR?
    let u = bit(pte, 4);
    let by_u = match access.privilege {
        Privilege::User => u,
        Privilege::Supervisor => !u || access.sum && !fetch,
        Privilege::Machine => unreachable!("not asked"),
    };
    // 7. Allowed by r, w and x?
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
    if !by_u || !by_rwx {
        return Err(page_fault);
    }
    // 8. pte.a=0, or a store and pte.d=0.
    let set_a = !bit(pte, 6);
    let set_d = store && !bit(pte, 7);
    if (set_a || set_d) && config.ad == AdPolicy::Fault {
        return Err(page_fault);
    }
    // 9. The translation. A NAPOT range counts as a page of 64 KiB.
    let page_bits = if bit(pte, 63) { 16 } else { 12 + 9 * i };
    let size = 1u128 << page_bits;
    let base = u128::from(ppn) * PAGESIZE / size * size;
    Ok(Translated {
        pa: (base + u128::from(va) % size) as u64,
        set_a,
        set_d,
        page_bits,
    })
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
    let mut random = Random(0x5eed_0001);
    let mut seen = [0u32; 16];
    let mut translated = 0;
    for _ in 0..1_000_000 {
        let config = random_config(&mut random);
        let access = random_access(&mut random);
        let va = random_va(&mut random, config.mode);
        let mut memory = Memory {
            seed: random.next(),
            reads: Vec::new(),
        };
        let mut reads = Vec::new();
        let expected = manual(&config, va, access, &memory, &mut reads);
        let found = walk(&config, VirtAddr(va), access, &mut memory);
        let context = || format!("{config:x?} {va:#x} {access:?} {found:x?}");
        assert_eq!(memory.reads, reads, "{}", context());
        assert_eq!(found.steps().len(), reads.len(), "{}", context());
        let answer = match found.outcome {
            Outcome::Leaf(leaf) => Ok(Translated {
                pa: leaf.pa.0,
                set_a: leaf.update & 0x40 != 0,
                set_d: leaf.update & 0x80 != 0,
                page_bits: leaf.size.bits(),
            }),
            Outcome::Fault(fault) => Err(fault.exception() as u64),
            Outcome::Identity(_) => unreachable!("translation is on"),
        };
        assert_eq!(answer, expected, "{}", context());
        match expected {
            Ok(_) => translated += 1,
            Err(cause) => seen[cause as usize] += 1,
        }
    }
    // The tables are rich enough to say something.
    assert!(translated > 50_000, "{translated}");
    for cause in [
        Exception::InstructionAccessFault,
        Exception::LoadAccessFault,
        Exception::StoreAccessFault,
        Exception::InstructionPageFault,
        Exception::LoadPageFault,
        Exception::StorePageFault,
    ] {
        assert!(
            seen[cause as usize] > 1_000,
            "{cause}: {}",
            seen[cause as usize]
        );
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
        let mut memory = Memory {
            seed: random.next(),
            reads: Vec::new(),
        };
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
