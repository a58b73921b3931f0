//! The figures of the MMU: exact, whoever watches; and what a guest computes, whatever the TLB.

mod guests;
mod options;
mod tally;

use guests::GUESTS;
use pagewalk::board::{Limits, Machine, MachineConfig, MemoryMap, Stop};
use pagewalk::engine::Observer;
use pagewalk::hart::{Hart, Interest};
use pagewalk::mem::PhysAddr;
use pagewalk::mmu::{AccessStatistics, Counters, Layout, Statistics, TlbArray, TlbConfig};
use std::collections::BTreeSet;
use tally::Tally;

/// TLBs of every kind: none, the smallest, each policy, one and two levels, presets.
const TLBS: [&str; 10] = [
    "default",
    "off",
    "1x1",
    "4x2:random=7",
    "i=4x1,d=4x2:lru",
    "i=2x1:lru,d=3,l2=4x2",
    "i=2,d=2,l2=16:lru",
    "u=2:random,l2=2x2:random=9",
    "u74",
    "c910",
];

const MEMORY: u64 = 6 << 20;

fn config(tlb: &str) -> MachineConfig {
    MachineConfig {
        memory: MEMORY,
        tlb: tlb
            .parse::<TlbConfig>()
            .unwrap_or_else(|error| panic!("{error}")),
        ..MachineConfig::default()
    }
}

/// What a run left behind.
#[derive(Debug, PartialEq)]
struct Result {
    stop: Stop,
    retired: u64,
    pc: u64,
    registers: Vec<u64>,
    memory: u64,
}

/// What its MMU counted.
#[derive(Debug, PartialEq)]
struct Figures {
    mmu: Statistics,
    arrays: Vec<(TlbArray, Counters)>,
}

fn result(machine: &Machine, stop: Stop) -> Result {
    let hart = machine.hart();
    let ram = machine.bus().ram();
    let memory = ram.slice(PhysAddr(MemoryMap::RAM), MEMORY);
    let (words, _) = memory.expect("all of RAM").as_chunks();
    let checksum = words.iter().fold(0u64, |sum, word| {
        let mixed = (sum ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed.rotate_left(29)
    });
    Result {
        stop,
        retired: hart.retired,
        pc: hart.pc,
        registers: [hart.integer_registers(), hart.float_registers()].concat(),
        memory: checksum,
    }
}

fn figures(hart: &Hart) -> Figures {
    let arrays = hart.tlb.arrays().into_iter();
    Figures {
        mmu: hart.mmu_statistics(),
        arrays: arrays
            .map(|array| (array, hart.tlb.counters(array)))
            .collect(),
    }
}

fn run(guest: &guests::Guest, tlb: &str, observer: &mut impl Observer) -> (Result, Figures) {
    run_on(guest, &config(tlb), observer)
}

fn run_on(
    guest: &guests::Guest,
    config: &MachineConfig,
    observer: &mut impl Observer,
) -> (Result, Figures) {
    let mut machine = guest.machine(config);
    let limits = Limits {
        max_instructions: Some(2_000_000),
        ..Limits::default()
    };
    let stop = machine.run(&limits, observer);
    let figures = figures(machine.hart());
    (result(&machine, stop), figures)
}

/// What must hold of the figures of one kind of access, and of all together.
fn check_sums(what: &str, tlb: &TlbConfig, figures: &AccessStatistics) {
    let last_misses = if tlb.second.is_some() {
        assert_eq!(
            figures.second_hits + figures.second_misses,
            figures.first_misses,
            "{what}: the second level is asked what the first misses"
        );
        figures.second_misses
    } else {
        assert_eq!((figures.second_hits, figures.second_misses), (0, 0));
        figures.first_misses
    };
    assert_eq!(
        figures.walks,
        last_misses + figures.update_walks,
        "{what}: a walk for each miss, and to set A or D"
    );
    let leaves: u64 = figures.leaves.iter().sum();
    let faults: u64 = figures.faults.iter().sum();
    assert_eq!(
        leaves + faults - figures.faults_from_tlb,
        figures.walks,
        "{what}: a walk ends in a leaf or a fault"
    );
    let lengths = figures.walk_lengths.iter();
    assert_eq!(lengths.clone().sum::<u64>(), figures.walks, "{what}");
    let read: u64 = lengths
        .enumerate()
        .map(|(length, count)| length as u64 * count)
        .sum();
    assert_eq!(read, figures.entries_read, "{what}");
    if tlb.layout == Layout::Off {
        assert_eq!(figures.first_hits, 0, "{what}");
    }
}

/// The fast run, the watched run and the run in which each hit is seen count the same, and what an
/// observer saw adds up to it.
#[test]
fn figures_are_the_same_whoever_watches() {
    for guest in GUESTS {
        for tlb in TLBS {
            let what = format!("{} with {tlb}", guest.name);
            let fast = run(guest, tlb, &mut ());
            assert_eq!(fast.0.stop, Stop::Exit(0), "{what}");
            for interest in [Interest::Slow, Interest::Everything] {
                let mut tally = Tally::new(interest);
                let watched = run(guest, tlb, &mut tally);
                assert_eq!(fast, watched, "{what}, {interest:?}");
                tally.check(&what, &watched.1.mmu, &watched.1.arrays);
            }
        }
    }
}

#[test]
fn the_sanitizer_changes_no_figure() {
    for guest in GUESTS {
        for tlb in ["default", "i=4x1,d=4x2"] {
            let checked = MachineConfig {
                check: true,
                ..config(tlb)
            };
            let what = format!("{} with {tlb}", guest.name);
            let plain = run(guest, tlb, &mut ());
            assert_eq!(plain, run_on(guest, &checked, &mut ()), "{what}");
        }
    }
}

#[test]
fn figures_add_up() {
    for guest in GUESTS {
        for tlb in TLBS {
            let (_, figures) = run(guest, tlb, &mut ());
            let config = config(tlb).tlb;
            for privilege in pagewalk::mmu::PRIVILEGES {
                for kind in pagewalk::mmu::AccessKind::ALL {
                    let what = format!("{} with {tlb}, {privilege} {kind}", guest.name);
                    check_sums(&what, &config, figures.mmu.of(privilege, kind));
                }
            }
            let total = figures.mmu.total();
            check_sums(guest.name, &config, &total);
            assert!(total.walks > 0, "{} does not use the MMU", guest.name);
            // What a walk found goes into each level; what the second level had, into the first.
            let leaves: u64 = total.leaves.iter().sum();
            let fills = |second: bool| -> u64 {
                let arrays = figures.arrays.iter();
                arrays
                    .filter(|(array, _)| (*array == TlbArray::Second) == second)
                    .map(|(_, counters)| counters.fills)
                    .sum()
            };
            if config.layout != Layout::Off {
                assert_eq!(fills(false), leaves + total.second_hits, "{}", guest.name);
            }
            if config.second.is_some() {
                assert_eq!(fills(true), leaves, "{}", guest.name);
            }
            for (array, counters) in &figures.arrays {
                assert!(
                    counters.evictions + counters.flushed <= counters.fills,
                    "{array}"
                );
            }
        }
    }
}

/// A correct guest computes the same with every TLB; only the figures differ.
#[test]
fn a_guest_that_fences_computes_the_same_with_every_tlb() {
    let mut walks = [0; TLBS.len()];
    for guest in GUESTS.iter().filter(|guest| guest.fences) {
        let expected = run(guest, TLBS[0], &mut ()).0;
        for (tlb, walks) in TLBS.iter().zip(&mut walks) {
            // The width of an ASID is something a guest can see.
            let tlb = format!("{tlb},asid=16");
            let (result, figures) = run(guest, &tlb, &mut ());
            assert_eq!(result, expected, "{} with {tlb}", guest.name);
            *walks += figures.mmu.total().walks;
        }
    }
    let different: BTreeSet<_> = walks.iter().collect();
    assert_eq!(
        different.len(),
        TLBS.len(),
        "no two TLBs walk as often: {walks:?}"
    );
}

/// More entries, fewer walks: the figures say what the options mean.
#[test]
fn figures_follow_the_size_of_the_tlb() {
    let guest = guests::named("thrash");
    let walks = |tlb: &str| run(guest, tlb, &mut ()).1.mmu.total().walks;
    let (off, smallest) = (walks("off"), walks("1x1"));
    let (small, two_levels, large) = (walks("i=4,d=8"), walks("i=4,d=8,l2=128"), walks("default"));
    assert!(off > smallest && smallest > small && small > two_levels);
    assert!(two_levels >= large);
    // No access walks twice: 64 pages of data, 16 of code beside those of the program itself,
    // and a walk for D after each page's load.
    let pages = run(guest, "default", &mut ()).1.mmu.total().leaves[0];
    assert!((64 + 16..64 + 64 + 16 + 8).contains(&pages), "{pages}");
}

/// Writing all ones to the ASID and reading them back finds its width; fences know only that much.
#[test]
fn the_width_of_an_asid_can_be_found() {
    for bits in 0..=16 {
        let guest = guests::named("asid width");
        let tlb = format!("u=16,asid={bits}");
        let (result, figures) = run(guest, &tlb, &mut ());
        assert_eq!(result.stop, Stop::Exit((1 << bits) - 1), "{bits}");
        // The fence names an ASID whose low bits are the present one's: it reaches the page.
        let (_, counters) = figures.arrays[0];
        assert_eq!(counters.flushed, 1, "{bits}");
    }
}
