//! A whole Debian from a disk: a login, its own tools, and programs that check themselves.

use super::support::{Machine, Run};
use std::io::{Read, Write};
use std::process::Stdio;

#[test]
#[ignore = "needs scripts/guests debian --root, and takes minutes"]
fn long_debian_has_dpkg_python_and_apt() {
    let run = Machine::new("debian").root().minutes(30).run();
    assert!(
        run.line("DPKG").ends_with(" packages 5 other lines"),
        "{run:?}"
    );
    let python = run.line("PYTHON");
    assert!(python.starts_with(PAGEWALK_SUM), "{run:?}");
    assert!(python.contains("[1267650600228229401496703205376, 3.141592653589793]"));
    assert!(run.line("  Installed:").starts_with("0."), "{run:?}");
}

/// The first 16 digits of the SHA-256 of "pagewalk".
const PAGEWALK_SUM: &str = "f80b7a9d55120db9";

#[test]
#[ignore = "needs scripts/guests debian --root, and takes minutes"]
fn long_debian_lets_root_log_in_and_powers_off() {
    let machine = Machine::login().minutes(30);
    let mut child = machine
        .command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let mut said = String::new();
    let steps = [
        ("pagewalk login: ", "root"),
        (
            "root@pagewalk:~# ",
            "tty; id -u; sum=$((2 ** 40 + 1)); echo SUM $sum",
        ),
        ("SUM 1099511627777", "poweroff"),
    ];
    for (prompt, line) in steps {
        let mut seen = String::new();
        while !seen.contains(prompt) {
            let mut byte = [0];
            assert_eq!(screen.read(&mut byte).unwrap(), 1, "{said}{seen}");
            seen.push(char::from(byte[0]));
        }
        said.push_str(&seen);
        writeln!(keys, "{line}").unwrap();
    }
    let mut output = child.wait_with_output().unwrap();
    let mut rest = Vec::new();
    screen.read_to_end(&mut rest).unwrap();
    output.stdout = [said.into_bytes(), rest].concat();
    let run = Run::of(&output);
    assert!(run.console.contains("/dev/ttyS0"), "{run:?}");
    assert!(run.console.contains("reboot: Power down"), "{run:?}");
}

#[test]
#[ignore = "needs scripts/guests debian --root, and takes minutes"]
fn long_stress_ng_finds_no_mistake_on_1_and_2_harts() {
    for harts in ["1", "2"] {
        let run = Machine::new("stress")
            .root()
            .append("SECONDS_EACH=10")
            .option("-p")
            .option(harts)
            // A slow machine: the seconds are the guest's.
            .option("--instructions-per-tick")
            .option("5")
            .minutes(60)
            .run();
        for stressor in ["vm", "mmap", "fork", "futex", "switch", "atomic"] {
            assert!(
                run.console.contains(&format!("STRESS {stressor} 0\n")),
                "{run:?}"
            );
        }
    }
}
