//! The kernel boots to a shell with each firmware, and each run is the same.

use super::support::{Machine, Run, file};

/// Boots with some firmware and some harts, and says what a run came to.
fn boot(firmware: &str, harts: usize) -> Run {
    let run = Machine::new("harts")
        .option("--bios")
        .option(firmware)
        .option("-p")
        .option(&harts.to_string())
        .option("--stats")
        .run();
    assert!(run.line("BOOT-OK").starts_with("Linux 6.12"), "{run:?}");
    assert_eq!(run.line("HARTS"), harts.to_string());
    let each: Vec<String> = (0..harts).map(|hart| hart.to_string()).collect();
    assert_eq!(run.line("RAN-ON").trim(), each.join(" "));
    assert!(run.console.contains("reboot: Power down"), "{run:?}");
    run
}

/// The number of instructions that a run took.
fn instructions(run: &Run) -> &str {
    let mut lines = run.errors.lines();
    let found = lines.find_map(|line| line.strip_prefix("instructions"));
    found.unwrap().trim()
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn our_firmware_boots_it_on_1_2_and_4_harts() {
    for harts in [1, 2, 4] {
        let run = boot("builtin", harts);
        assert!(run.line("Pagewalk").contains("SBI 2.0"), "{run:?}");
    }
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn opensbi_boots_it_on_1_2_and_4_harts() {
    let forms = ["fw_jump.bin", "fw_dynamic.bin", "fw_dynamic.elf"];
    for (harts, form) in [1, 2, 4].into_iter().zip(forms) {
        let run = boot(&file(form).display().to_string(), harts);
        assert!(run.line("OpenSBI").starts_with("v1.6"), "{run:?}");
    }
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn two_runs_are_the_same() {
    let firmwares = [
        "builtin".to_owned(),
        file("fw_jump.bin").display().to_string(),
    ];
    for (harts, firmware) in [4, 2].into_iter().zip(firmwares) {
        let (one, other) = (boot(&firmware, harts), boot(&firmware, harts));
        assert_eq!(one.console, other.console);
        assert_eq!(instructions(&one), instructions(&other));
    }
}
