use super::*;
use crate::mmu::{Fence, FenceKind, Replacement};

fn hart(tlb: &str) -> HartStats {
    let tlb: TlbConfig = tlb.parse().expect("a TLB");
    HartStats {
        id: 0,
        instructions: 1_500_000,
        mmu: Statistics::default(),
        tlb,
        arrays: vec![],
    }
}

fn stats(harts: Vec<HartStats>) -> Stats {
    Stats {
        instructions: 1_500_000,
        time: Duration::from_millis(500),
        mtime: 15_000,
        traps: vec![("illegal instruction".into(), 3), ("breakpoint".into(), 1)],
        harts,
    }
}

/// A hart that did some of everything, in figures so large that columns must hold.
fn busy() -> HartStats {
    let mut hart = hart("i=4x1,d=4x2:random=18446744073709551615,l2=64x4:lru");
    let big = 123_456_789_012;
    hart.instructions = big;
    for privilege in PRIVILEGES {
        for kind in AccessKind::ALL {
            let figures = hart.mmu.of_mut(privilege, kind);
            figures.untranslated = big;
            figures.first_hits = big;
            figures.first_misses = 234_567_890;
            figures.second_hits = 134_567_890;
            figures.second_misses = 100_000_000;
            figures.walks = 100_000_007;
            figures.update_walks = 7;
            figures.entries_read = 300_000_000;
            figures.walk_lengths[3] = 100_000_000;
            figures.walk_lengths[1] = 7;
            figures.leaves[0] = 100_000_000;
            figures.updates = 99;
            figures.faults[1] = 7;
            figures.faults_from_tlb = 3;
            figures.protected = 5;
        }
    }
    hart.mmu.fenced(Fence::ALL, FenceKind::Sfence);
    hart.mmu.satp_writes = 12;
    let ArrayConfig { geometry, .. } = ArrayConfig::fifo(1024, 1024);
    hart.arrays = vec![ArrayStats {
        array: TlbArray::Data,
        config: ArrayConfig {
            geometry,
            replacement: Replacement::Random(99_999_999),
        },
        counters: Counters {
            fills: big,
            evictions: big,
            flushed: big,
        },
    }];
    hart
}

#[test]
fn digits_in_groups() {
    assert_eq!(grouped(0), "0");
    assert_eq!(grouped(999), "999");
    assert_eq!(grouped(1000), "1,000");
    assert_eq!(grouped(1_234_567), "1,234,567");
}

#[test]
fn figures_line_up() {
    let text = stats(vec![hart("u=1x1")]).to_string();
    let width = text.lines().next().map_or(0, str::len);
    assert!(text.lines().all(|line| line.len() == width), "{text}");
    assert!(text.contains("3.0 MIPS"), "{text}");
    assert!(
        !text.contains("translated"),
        "an MMU that was not used is left out: {text}"
    );
}

#[test]
fn tables_fit_a_hundred_columns() {
    let text = stats(vec![busy(), busy()]).to_string();
    for line in text.lines() {
        assert!(line.len() <= 100, "{}: {line}", line.len());
        assert_eq!(line, line.trim_end());
    }
    for what in [
        "hart 0",
        "U fetch",
        "second level",
        "99.8",
        "not-valid",
        "sfence.vma, all",
    ] {
        assert!(text.contains(what), "{what}: {text}");
    }
    assert!(
        !text.contains("sinval"),
        "rows of zeros are left out: {text}"
    );
}

#[test]
fn a_rate_is_rounded_but_never_up_to_all() {
    let mut hart = hart("u=1x1");
    let figures = hart.mmu.of_mut(Privilege::User, AccessKind::Load);
    (figures.first_hits, figures.first_misses) = (1_000_000, 1);
    let text = stats(vec![hart]).to_string();
    assert!(
        text.contains("99.99%") && !text.contains("100.00%"),
        "{text}"
    );
}

#[test]
fn json_has_every_figure() {
    let mut out = Vec::new();
    stats(vec![busy()]).write_json(&mut out).expect("a vector");
    let json: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(json["format"], "pagewalk-stats");
    assert_eq!(json["version"], 1);
    assert_eq!(json["traps"]["breakpoint"], 1);
    let hart = &json["harts"][0];
    assert_eq!(
        hart["tlb"].as_str().map(|text| text.parse()),
        Some(Ok(busy().tlb))
    );
    let rows = hart["accesses"].as_array().expect("a list");
    assert_eq!(rows.len(), 18);
    let load = rows
        .iter()
        .find(|row| row["privilege"] == "S" && row["kind"] == "load")
        .expect("loads of S-mode");
    assert_eq!(load["translated"], 123_456_789_012u64 + 234_567_890);
    assert_eq!(load["first_level"]["misses"], 234_567_890u64);
    assert_eq!(load["second_level"]["hits"], 134_567_890u64);
    assert_eq!(load["walks"]["by_entries_read"][3], 100_000_000);
    assert_eq!(load["walks"]["leaves"]["4 KiB"], 100_000_000);
    assert_eq!(load["faults"]["not-valid"], 7);
    assert_eq!(load["denied_by_pmp"], 5);
    assert_eq!(hart["arrays"][0]["dropped_by_fences"], 123_456_789_012u64);
    assert_eq!(hart["fences"][0]["form"], "all");
    assert_eq!(hart["satp_writes"], 12);
}

#[test]
fn without_a_second_level_it_is_null() {
    let mut hart = hart("u=1x1");
    let figures = hart.mmu.of_mut(Privilege::User, AccessKind::Load);
    figures.first_misses = 1;
    let mut out = Vec::new();
    stats(vec![hart]).write_json(&mut out).expect("a vector");
    let json: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    assert!(json["harts"][0]["accesses"][0]["second_level"].is_null());
}
