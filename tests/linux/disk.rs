//! Disks keep what was written, and lose nothing that was flushed.

use super::support::Machine;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;

/// An empty disk in a folder of its own.
fn disk(mebibytes: u64) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("disk.img");
    File::create(&path)
        .unwrap()
        .set_len(mebibytes << 20)
        .unwrap();
    (folder, path)
}

fn written_and_verified(mebibytes: u64) {
    let (_folder, disk) = disk(mebibytes + 128);
    let with = |scripts: &str, drive: &str| {
        Machine::new(scripts)
            .append(&format!("MIB={mebibytes}"))
            .option("--drive")
            .option(&format!("{}{drive}", disk.display()))
            .run()
    };
    let first = with("disk-write", "");
    let files = mebibytes / 4;
    let written = first.line("DISK-WRITTEN");
    assert!(written.starts_with(&format!("{files} files ")), "{first:?}");
    let before = std::fs::read(&disk).unwrap();
    // What is written to a snapshot, even a new file system, is not there afterwards.
    with("disk-write", ",snapshot=on");
    assert!(
        std::fs::read(&disk).unwrap() == before,
        "a snapshot was written"
    );
    let second = with("disk-verify", ",ro");
    assert_eq!(second.line("DISK-VERIFIED"), written);
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn a_file_system_is_there_after_the_next_boot() {
    written_and_verified(8);
}

#[test]
#[ignore = "needs scripts/guests debian, and takes minutes"]
fn long_a_file_system_of_256_mib_is_there_after_the_next_boot() {
    written_and_verified(256);
}

/// Kills the machine so many times while it writes, and looks at the disk each time.
fn killed(times: u64) {
    let (_folder, disk) = disk(64);
    let drive = disk.display().to_string();
    let mut flushed = 0;
    for time in 0..times {
        let machine = Machine::new("disk-records")
            .option("--drive")
            .option(&drive);
        let mut child = machine.command().stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let before = flushed;
        let mut told = Vec::new();
        let mut kept = None;
        // Each time at another point.
        let more = 1 + time * 7 % 13;
        for line in output.lines() {
            let line = line.unwrap();
            assert!(!line.contains("DISK-BROKEN"), "{told:?}");
            if let Some(number) = line.strip_prefix("KEPT ") {
                kept = number.trim().parse::<u64>().ok();
            }
            if let Some(number) = line.strip_prefix("FLUSHED ") {
                let number = number.trim().parse().unwrap();
                let enough = kept.is_some_and(|kept| number >= kept + more);
                flushed = flushed.max(number);
                if enough {
                    break;
                }
            }
            told.push(line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = kept.unwrap_or_else(|| panic!("no word of records: {told:?}"));
        assert!(kept >= before, "{kept} records, {before} were flushed");
    }
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn what_was_flushed_outlives_a_killed_machine() {
    killed(3);
}

#[test]
#[ignore = "needs scripts/guests debian, and takes minutes"]
fn long_what_was_flushed_outlives_fifty_killed_machines() {
    killed(50);
}
