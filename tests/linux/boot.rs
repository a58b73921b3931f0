//! The kernel boots to a shell with each firmware, and each run is the same.

use super::support::{Machine, Run, file};

/// Boots with some firmware and some harts, and says what a run came to.
fn boot(firmware: &str, harts: usize) -> Run {
    boot_on("threaded", firmware, harts)
}

/// The same with an engine.
fn boot_on(engine: &str, firmware: &str, harts: usize) -> Run {
    let run = Machine::new("harts")
        .option("--engine")
        .option(engine)
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

/// What `--stats` says, but for how long it took.
fn figures(run: &Run) -> String {
    let begins = run.errors.find("instructions").expect("--stats");
    let lines = run.errors[begins..].lines();
    let kept = lines.filter(|line| !line.starts_with("time ") && !line.starts_with("speed "));
    kept.collect::<Vec<_>>().join("\n")
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
    let firmware = file("fw_jump.bin").display().to_string();
    let (one, other) = (boot(&firmware, 2), boot(&firmware, 2));
    assert_eq!(one.console, other.console);
    assert_eq!(figures(&one), figures(&other));
}

/// To the last instruction, and in every figure.
#[test]
#[ignore = "needs scripts/guests debian"]
fn a_boot_is_the_same_on_both_engines() {
    let [threaded, reference] =
        ["threaded", "reference"].map(|engine| boot_on(engine, "builtin", 4));
    assert_eq!(threaded.console, reference.console);
    assert_eq!(figures(&threaded), figures(&reference));
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn engines_in_lockstep_agree_on_the_first_hundred_million_instructions() {
    for harts in ["1", "2"] {
        let machine = Machine::new("harts");
        let mut command = machine.command();
        command.args(["--engine", "lockstep", "-p", harts]);
        command.args(["--max-instructions", "100000000"]);
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(124), "{errors}");
        assert!(
            errors.contains("the limit of 100,000,000 instructions"),
            "{errors}"
        );
    }
}
