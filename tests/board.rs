//! The `virt` board as programs meet it: devices together, interrupts, resets, the device tree; and
//! our firmware under its own test.

use crate::support::guest::Folder;
use crate::support::machine::machine;
use pagewalk::board::{Limits, Machine, Stop};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(machine: &mut Machine) -> Stop {
    let limits = Limits {
        max_instructions: Some(machine.instructions() + 100_000),
        ..Limits::default()
    };
    machine.run(&limits, &mut ())
}

fn pagewalk(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pagewalk"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What standard error says.
fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_finisher_ends_the_run_with_the_guests_code() {
    for (word, stop) in [
        (0x5555, Stop::Exit(0)),
        (0x3333 | 7 << 16, Stop::Exit(7)),
        (0x7777, Stop::Reset),
    ] {
        let (upper, lower) = (word >> 12, word & 0xfff);
        let program = format!("lui t0,0x100; lui t1,{upper:#x}; addiw t1,t1,{lower}; sw t1,0(t0)");
        let mut machine = machine(&program);
        assert_eq!(run(&mut machine), stop, "{word:#x}");
        assert_eq!(machine.instructions(), 5 + 4, "right after the store");
    }
}

#[test]
fn the_clocks_alarm_comes_through_the_interrupt_controller_at_its_instruction() {
    // Sets an alarm some time ahead, lets line 11 through to M-mode, and sleeps.
    let program = concat!(
        "lui t0,0x101; lw t1,0(t0); lw t2,4(t0); li t3,1000; slli t3,t3,6; add t1,t1,t3;",
        "sw t2,12(t0); sw t1,8(t0); li t4,1; sw t4,16(t0);",
        "lui t5,0xc000; sw t4,44(t5); lui t6,0xc002; li s0,1; slli s0,s0,11; sw s0,0(t6);",
        "csrw mie,s0; wfi; csrr a0,mip; lui t6,0xc200; lw a1,4(t6); csrr a2,time;",
        "sw t4,28(t0); sw a1,4(t6); csrr a3,mip; wfi",
    );
    let mut machine = machine(program);
    assert_eq!(run(&mut machine), Stop::Asleep);
    let hart = machine.hart();
    assert_eq!(hart.x(10) & 1 << 11, 1 << 11, "pending");
    assert_eq!(hart.x(11), 11, "claimed");
    assert!((640..=641).contains(&hart.x(12)), "{}", hart.x(12));
    assert_eq!(hart.x(13) & 1 << 11, 0, "cleared and completed");
}

#[test]
fn a_hole_of_the_address_map_is_an_access_fault() {
    // An empty virtio slot answers; what lies between devices does not.
    let program = concat!(
        "auipc t1,0; addi t1,t1,36; csrw mtvec,t1; lui t0,0x10003; lw a0,0(t0); lw a1,8(t0);",
        "lui t0,0x3000; lw a2,0(t0); wfi; csrr a3,mcause; csrr a4,mtval; wfi",
    );
    let mut machine = machine(program);
    assert_eq!(run(&mut machine), Stop::Asleep);
    let hart = machine.hart();
    assert_eq!((hart.x(10), hart.x(11)), (0x7472_6976, 0));
    assert_eq!((hart.x(13), hart.x(14)), (5, 0x300_0000));
}

#[test]
fn our_firmware_passes_its_test_on_1_2_and_4_harts() {
    for harts in ["1", "2", "4"] {
        let output = pagewalk(&["run", "firmware/sbi-test/sbi-test.elf", "-p", harts]);
        let said = String::from_utf8_lossy(&output.stdout);
        let last = said.trim_end().lines().last().unwrap_or_default();
        assert!(last.ends_with(" 0 failed"), "{said}\n{}", errors(&output));
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn dtc_finds_nothing_wrong_with_the_device_tree() {
    let folder = Folder::new();
    if Command::new("dtc").arg("--version").output().is_err() {
        println!("skipped: there is no dtc here");
        return;
    }
    let (disk, tree) = (folder.write("disk", &[0; 512]), folder.path("tree.dtb"));
    let (disk, tree) = (disk.display().to_string(), tree.display().to_string());
    let initrd = folder.write("initrd", b"070701").display().to_string();
    for harts in ["1", "8"] {
        let options = [
            "run",
            "firmware/sbi-test/sbi-test.elf",
            "-p",
            harts,
            "--drive",
            &disk,
        ];
        let more = [
            "--append",
            "a \"b\"",
            "--initrd",
            &initrd,
            "--net",
            "user",
            "--dump-dtb",
            &tree,
        ];
        let output = pagewalk(&[&options[..], &more[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let output = Command::new("dtc")
            .args(["-I", "dtb", "-O", "dts", &tree])
            .output()
            .unwrap();
        assert_eq!(errors(&output), "");
        let text = String::from_utf8_lossy(&output.stdout);
        for part in [
            "bootargs = \"a \\\"b\\\"\"",
            "linux,initrd-start",
            "riscv,isa-base = \"rv64i\"",
            "mmu-type = \"riscv,sv57\"",
            "riscv,cbom-block-size",
            "syscon-poweroff",
            "virtio@10003000",
        ] {
            assert!(text.contains(part), "{part} is missing: {text}");
        }
        assert!(!text.contains("virtio@10004000"), "{text}");
    }
}

#[test]
fn a_guest_that_resets_starts_again_unless_told_otherwise() {
    let folder = Folder::new();
    // Counts in a word of RAM that a reset leaves alone, and resets twice.
    let program = folder.guest(
        "resets",
        "lui t0, 0x40080
         slli t0, t0, 1
         lw a0, 0(t0)
         addi a0, a0, 1
         sw a0, 0(t0)
         li t1, 3
         lui t2, 0x100
         bgeu a0, t1, done
         lui t3, 0x7
         addiw t3, t3, 0x777
         sw t3, 0(t2)
         done:
         slli a0, a0, 16
         lui t3, 0x3
         addiw t3, t3, 0x333
         or t3, t3, a0
         sw t3, 0(t2)",
    );
    let program = program.display().to_string();
    let output = pagewalk(&["run", &program, "--max-instructions", "1000"]);
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    let output = pagewalk(&["run", &program, "--no-reboot", "--max-instructions", "1000"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
}
