//! `--tlb`, `--stats` and `--stats-json` on the command line.

use crate::cli::{done, pagewalk};
use crate::support::guest::Folder;
use pagewalk::board::{Machine, MachineConfig, MemoryMap};
use std::path::{Path, PathBuf};

fn paging() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../riscv-tests/own/elf");
    folder.join("pw64ui-v-paging")
}

#[test]
fn a_wrong_tlb_is_told_at_its_term() {
    for (command, file) in [("run", paging()), ("test", paging())] {
        let wrong = ["--tlb", "i=8,d=63x4"];
        let answer = done(pagewalk().arg(command).args(wrong).arg(file));
        let said = "`d=63x4`: a TLB needs a power of two sets, not 63";
        answer.expect(2, &["--tlb", said]);
    }
}

#[test]
fn the_test_runner_takes_a_tlb() {
    for tlb in ["off", "1x1", "u74", "c910,asid=3"] {
        let command = &mut pagewalk();
        let answer = done(command.args(["test", "--tlb", tlb]).arg(paging()));
        assert_eq!(answer.code, Some(0), "{tlb}: {}{}", answer.out, answer.err);
    }
}

#[test]
fn the_table_and_the_json_say_the_same() {
    let folder = Folder::new();
    let json = folder.path("stats.json");
    let command = &mut pagewalk();
    command.args(["run", "--tlb", "i=4,d=8,l2=32", "--stats", "--stats-json"]);
    let answer = done(command.arg(&json).arg(paging()));
    answer.expect(
        0,
        &[
            "hit rate",
            "second level",
            "L2 TLB",
            "not-valid",
            "sfence.vma",
        ],
    );
    for line in answer.err.lines() {
        assert!(line.len() <= 100, "{line}");
    }
    let json: serde_json::Value = serde_json::from_str(&folder.read("stats.json")).unwrap();
    let hart = &json["harts"][0];
    assert_eq!(hart["tlb"], "i=1x4:fifo,d=1x8:fifo,l2=1x32:fifo,asid=16");
    assert_eq!(hart["arrays"].as_array().map(Vec::len), Some(3));
    let rows = hart["accesses"].as_array().unwrap();
    let loads = rows
        .iter()
        .find(|row| row["privilege"] == "U" && row["kind"] == "load")
        .unwrap();
    let hits = loads["first_level"]["hits"].as_u64().unwrap();
    let misses = loads["first_level"]["misses"].as_u64().unwrap();
    assert_eq!(loads["translated"], hits + misses);
    assert!(hits > 0 && misses > 0, "{loads}");
    let line = answer
        .err
        .lines()
        .find(|line| line.starts_with("  U load "));
    let cells: Vec<String> = line
        .unwrap()
        .split_whitespace()
        .map(|cell| cell.replace(',', ""))
        .collect();
    assert_eq!(cells[4..6], [hits.to_string(), misses.to_string()]);
}

#[test]
fn figures_need_a_place_to_go() {
    let folder = Folder::new();
    let json = folder.path("no/such/folder/stats.json");
    let command = &mut pagewalk();
    let answer = done(
        command
            .args(["run", "--stats-json"])
            .arg(&json)
            .arg(paging()),
    );
    answer.expect(125, &["cannot write", "stats.json"]);
    // Nor over the guest.
    let copy = folder.write("guest", &std::fs::read(paging()).unwrap());
    let command = &mut pagewalk();
    let answer = done(command.args(["run", "--stats-json"]).arg(&copy).arg(&copy));
    answer.expect(2, &["is both the guest and --stats-json"]);
}

#[test]
fn a_machine_with_a_tlb_that_cannot_be_is_refused() {
    let mut config = MachineConfig::default();
    config.tlb.asid_bits = 17;
    let made = Machine::empty(&config, MemoryMap::RAM);
    let said = made.err().map(|error| error.to_string());
    assert_eq!(said.as_deref(), Some("an ASID has at most 16 bits, not 17"));
}

#[test]
fn the_figures_are_those_of_the_whole_run_with_its_resets() {
    let folder = Folder::new();
    // Counts in a word of RAM that a reset leaves alone, fences, and resets twice.
    let program = folder.guest(
        "resets",
        "lui t0, 0x40080
         slli t0, t0, 1
         lw a0, 0(t0)
         addi a0, a0, 1
         sw a0, 0(t0)
         sfence.vma zero, zero
         li t1, 3
         lui t2, 0x100
         bgeu a0, t1, pass
         lui t3, 0x7
         addiw t3, t3, 0x777
         sw t3, 0(t2)",
    );
    let json = folder.path("stats.json");
    for harts in ["1", "2"] {
        let command = &mut pagewalk();
        command.args(["run", "-p", harts, "--stats", "--stats-json"]);
        done(command.arg(&json).arg(&program)).expect(0, &["sfence.vma, all"]);
        let json: serde_json::Value = serde_json::from_str(&folder.read("stats.json")).unwrap();
        let all = json["harts"].as_array().unwrap();
        let sum: u64 = all
            .iter()
            .map(|hart| hart["instructions"].as_u64().unwrap())
            .sum();
        assert_eq!(json["instructions"], sum);
        let fences: u64 = all
            .iter()
            .flat_map(|hart| hart["fences"].as_array().unwrap())
            .map(|fence| fence["count"].as_u64().unwrap())
            .sum();
        assert_eq!(fences, 3, "{json:#}");
        let fetched: u64 = all
            .iter()
            .flat_map(|hart| hart["accesses"].as_array().unwrap())
            .filter(|row| row["kind"] == "fetch")
            .map(|row| row["untranslated"].as_u64().unwrap())
            .sum();
        assert!(fetched >= sum && sum > 3 * 10, "{json:#}");
    }
}
