//! The heat map counts each translated access once, as the figures of the MMU do.

use pagewalk::board::{Limits, Machine, MachineConfig};
use pagewalk::isa::Privilege;
use pagewalk::loader::Guest;
use pagewalk::mmu::{AccessKind, PRIVILEGES, Statistics, TlbConfig};
use pagewalk::report::heat::{Counts, Heat};
use std::io;
use std::path::{Path, PathBuf};

fn guest(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match name {
        "first" => root.join("firmware/first/first.elf"),
        _ => root.join("riscv-tests/own/elf").join(name),
    }
}

const LIMITS: Limits = Limits {
    max_instructions: Some(200_000),
    deadline: None,
    stop: None,
};

fn run(name: &str, tlb: TlbConfig, heat: Option<&mut Heat>) -> Statistics {
    let mut guest = Guest::open(&guest(name)).unwrap();
    let config = MachineConfig {
        tlb,
        ..MachineConfig::default()
    };
    let mut machine = Machine::new(&config, &mut guest, Box::new(io::sink())).unwrap();
    match heat {
        Some(heat) => machine.run(&LIMITS, heat),
        None => machine.run(&LIMITS, &mut ()),
    };
    machine.hart().mmu_statistics()
}

/// What the figures of the MMU say of the same things.
fn expected(statistics: &Statistics) -> Counts {
    let translated = |kinds: &[AccessKind]| -> u64 {
        let pairs = |&kind| PRIVILEGES.map(|privilege: Privilege| (privilege, kind));
        let all = kinds.iter().flat_map(pairs);
        all.map(|(privilege, kind)| statistics.of(privilege, kind).translated())
            .sum()
    };
    let total = statistics.total();
    Counts {
        fetches: translated(&AccessKind::ALL[..1]),
        loads: translated(&AccessKind::ALL[1..2]),
        stores: translated(&AccessKind::ALL[2..]),
        misses: total.walks - total.update_walks,
        faults: total.all_faults(),
    }
}

#[test]
fn heat_agrees_with_the_figures_of_the_mmu() {
    let guests = [
        "first",
        "pw64ua-v-amo-pages",
        "pw64ua-v-misaligned",
        "pw64si-p-asid",
        "pw64si-p-permissions",
        "pw64si-p-superpages",
        "pw64si-p-sv48-sv57",
        "pw64si-p-svade",
        "pw64si-p-straddle-fetch",
        "pw64mi-p-pmp-translated",
    ];
    let mut accesses = 0;
    for name in guests {
        for tlb in [TlbConfig::default(), TlbConfig::OFF] {
            let mut heat = Heat::default();
            let watched = run(name, tlb, Some(&mut heat));
            assert_eq!(heat.total(), expected(&watched), "{name}");
            assert_eq!(watched, run(name, tlb, None), "{name}: watching changed it");
            accesses += heat.total().accesses();
        }
    }
    assert!(
        accesses > 10_000,
        "only {accesses} accesses were translated"
    );
}

#[test]
fn few_cells_lose_no_access() {
    let name = "pw64ua-v-misaligned";
    let (mut fine, mut coarse) = (Heat::default(), Heat::new(0));
    run(name, TlbConfig::default(), Some(&mut fine));
    run(name, TlbConfig::default(), Some(&mut coarse));
    assert_eq!(fine.total(), coarse.total());
}

#[test]
fn address_spaces_are_told_apart() {
    let mut heat = Heat::default();
    run("pw64si-p-asid", TlbConfig::default(), Some(&mut heat));
    let asids: Vec<_> = heat
        .spaces()
        .iter()
        .filter_map(|space| space.satp)
        .collect();
    assert!(asids.len() > 1, "{asids:?}");
    for (n, satp) in asids.iter().enumerate() {
        assert!(!asids[..n].contains(satp), "{satp:?} is there twice");
        assert!(heat.space(*satp).is_some_and(|space| !space.is_empty()));
    }
}

#[test]
fn a_run_can_be_watched_from_its_middle() {
    let mut guest = Guest::open(&guest("first")).unwrap();
    let config = MachineConfig::default();
    let mut machine = Machine::new(&config, &mut guest, Box::new(io::sink())).unwrap();
    let until = |instructions| Limits {
        max_instructions: Some(instructions),
        deadline: None,
        stop: None,
    };
    machine.run(&until(6_000), &mut ());
    let before = machine.hart().mmu_statistics().total();
    assert!(before.translated() > 0, "it translates by then");
    let mut heat = Heat::default();
    machine.run(&until(6_500), &mut heat);
    let after = machine.hart().mmu_statistics().total();
    assert!(heat.total().accesses() >= 500);
    assert_eq!(
        heat.total().accesses(),
        after.translated() - before.translated()
    );
}
