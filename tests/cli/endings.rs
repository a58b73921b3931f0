//! What is said at the end of a run, and where.

use super::{done, kernel, pagewalk};
use crate::support::guest::Folder;
use std::fs::File;
use std::process::{Command, Stdio};

/// Prints `hi`, and no line feed.
const HI: &str = "
    la t1, tohost
    li a1, 0x101
    slli a1, a1, 48
    addi a2, a1, 104
    sd a2, 0(t1)
    addi a2, a1, 105
    sd a2, 0(t1)
";

#[test]
fn an_unfinished_line_of_the_guests_is_ended_before_ours() {
    let folder = Folder::new();
    for (then, options, both) in [
        (
            "li a0, 3\n j exit",
            &[][..],
            "hi\npagewalk: the guest exited",
        ),
        ("j pass", &["--stats"], "hi\ninstructions"),
        ("j pass", &["--check", "mmu"], "hi\npagewalk: the sanitizer"),
    ] {
        let path = folder.guest("guest", &format!("{HI}{then}"));
        let file = folder.path("output");
        let out = File::create(&file).unwrap();
        Command::new(env!("CARGO_BIN_EXE_pagewalk"))
            .arg("run")
            .args(options)
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .status()
            .unwrap();
        let said = folder.read("output");
        assert!(said.starts_with(both), "{said}");
        // Where they are apart, each is as it was.
        let apart = done(pagewalk().arg("run").args(options).arg(&path));
        assert_eq!(apart.out, "hi");
        assert!(!apart.err.starts_with('\n'), "{}", apart.err);
    }
    let path = folder.guest("guest", &format!("{HI}j pass"));
    let quiet = done(pagewalk().arg("run").arg(&path));
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("hi", ""));
}

#[test]
fn a_kernel_that_printed_nothing_gives_a_hint() {
    let folder = Folder::new();
    // The second one prints a letter and a line feed through the firmware.
    let silent = folder.write("silent", &kernel("jal zero, 0x80000040"));
    let speaks = "addi a7,zero,1; addi a0,zero,75; ecall; addi a0,zero,10; ecall; \
                  jal zero, 0x80000054";
    let speaks = folder.write("speaks", &kernel(speaks));
    let run = |guest, more: &[&str]| {
        let command = &mut pagewalk();
        command.args(["run", "--max-instructions", "1M", "-m", "64M"]);
        let found = done(command.args(more).arg(guest));
        found.expect(124, &[]);
        assert!(found.out.starts_with("Pagewalk firmware"), "{}", found.out);
        found.err
    };
    let hint = "the kernel printed nothing";
    let said = run(&silent, &[]);
    for part in [hint, "earlycon=sbi", "64 MiB"] {
        assert!(said.contains(part), "{said}");
    }
    let said = run(&silent, &["--append", "earlycon=sbi"]);
    assert!(said.contains(hint) && !said.contains("earlycon"), "{said}");
    let said = run(&speaks, &[]);
    assert!(!said.contains(hint), "{said}");
}
