//! Files of a run that cannot be written, that nobody reads, or that is interrupted.

use super::{first, run_any};
use crate::cli::{done, pagewalk};
use crate::support::guest::Folder;
use serde_json::Value;
use std::io::Read;
use std::process::{Command, Stdio};

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_ends_the_run_with_its_name() {
    let full = "/dev/full";
    for options in [
        &["--log", "mmu=debug", "--log-file", full][..],
        &["--trace-mmu", full],
        &["--log-commits", full],
    ] {
        let done = done(pagewalk().arg("run").args(options).arg(first()));
        done.expect(125, &["cannot write /dev/full: No space left on device"]);
        assert_eq!(done.err.matches("cannot write").count(), 1, "{}", done.err);
    }
}

/// Runs for ever.
#[cfg(target_os = "linux")]
const ENDLESS: &str = "again:\n sfence.vma x0, x0\n j again";

#[cfg(target_os = "linux")]
#[test]
fn a_guest_without_end_ends_when_its_files_cannot_be_written() {
    let folder = Folder::new();
    let path = folder.guest("endless", ENDLESS);
    for options in [
        &["--log", "mmu=debug", "--log-file", "/dev/full"][..],
        &["--trace-mmu", "/dev/full"],
        &["--log-commits", "/dev/full"],
    ] {
        let done = run_any(&path, &[options, &["--timeout", "60s"]].concat());
        done.expect(125, &["cannot write /dev/full: No space left on device"]);
        assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_guest_without_end_ends_when_nobody_reads_its_files() {
    let folder = Folder::new();
    let path = folder.guest("endless", ENDLESS);
    for options in [
        &["--log", "mmu=debug", "--log-file", "/dev/stdout"][..],
        &["--trace-mmu", "/dev/stdout"],
        &["--log-commits", "/dev/stdout"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pagewalk"))
            .args(["run", "--timeout", "60s"])
            .args(options)
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 6]).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(141), "{options:?}: {said}");
        assert_eq!(said, "", "{options:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_whole_files() {
    let folder = Folder::new();
    // Prints a line feed, then fences and never ends.
    let path = folder.guest(
        "endless",
        "
        la t1, tohost
        li a1, 0x101
        slli a1, a1, 48
        addi a1, a1, 10
        sd a1, 0(t1)
        again:
        sfence.vma x0, x0
        j again
        ",
    );
    for (signal, code) in [("-INT", 130), ("-QUIT", 131), ("-TERM", 143)] {
        let trace = folder.path("trace.json");
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagewalk"));
        command
            .args(["run", "--timeout", "60", "--trace-mmu"])
            .arg(&trace);
        command
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = [0];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut said)
            .unwrap();
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("interrupted by SIG"), "{text}");
        assert!(text.contains("in M-mode at "), "{text}");
        let trace: Value = serde_json::from_str(&folder.read("trace.json")).unwrap();
        assert!(trace["traceEvents"].is_array());
    }
}
