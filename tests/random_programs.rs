//! Random programs on random machines: nothing that a guest does panics, hangs, breaks a WARL
//! rule, or depends on who watches.
//!
//! The fuzzing target in `emulator/fuzz` does the same for as long as one likes.

mod found;
mod harness;

use harness::{Report, check, check_harts, check_lockstep};
use pagewalk::board::Stop;

/// Some seed gives each kind of end, and most programs get far.
#[test]
fn random_programs_keep_the_rules() {
    let reports: Vec<Report> = (0..2000u64)
        .map(|seed| check(&seed.to_le_bytes()))
        .collect();
    let instructions: u64 = reports.iter().map(|report| report.instructions).sum();
    let traps: u64 = reports.iter().map(|report| report.traps).sum();
    eprintln!("{instructions} instructions, {traps} traps");
    let far = reports
        .iter()
        .filter(|report| report.instructions > 1000)
        .count();
    assert!(
        far > 300,
        "only {far} programs ran for more than 1,000 instructions"
    );
    assert!(traps > 100_000, "{traps} traps");
}

/// Both engines do the same, block by block, whatever the TLB is like.
#[test]
fn random_programs_are_the_same_on_both_engines() {
    let shapes = ["default", "1x1", "u=4x2", "off", "u74", "d=2x2:lru,i=8x1"];
    for seed in 0..400u64 {
        let tlb = shapes[seed as usize % shapes.len()].parse().unwrap();
        let harts = if seed % 5 == 0 { 3 } else { 1 };
        check_lockstep(&seed.to_le_bytes(), harts, tlb);
    }
}

/// The same with several harts, whose turns end wherever the program makes them.
#[test]
fn random_programs_on_several_harts_keep_the_rules() {
    let stops: Vec<Stop> = (0..200u64)
        .map(|seed| check_harts(&seed.to_le_bytes(), 2 + seed as usize % 3))
        .collect();
    let count = |kind: fn(&Stop) -> bool| stops.iter().filter(|&stop| kind(stop)).count();
    let ran = count(|stop| *stop == Stop::InstructionLimit);
    let looped = count(|stop| matches!(stop, Stop::TrapLoop(_)));
    assert!(ran > 20 && looped > 20, "{ran} ran on, {looped} in a loop");
}
