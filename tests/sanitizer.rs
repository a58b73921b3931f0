//! The seeded bugs of `riscv-tests/mmu`: each ends well with its bug and without it, the bug shows
//! while the TLB keeps what it holds, and the headers are right about what is in the files.

mod header;
mod reports;
mod trace;

use crate::cli::{Done, done, pagewalk};
use crate::support::guest::Folder;
use header::{Bug, folder};
use pagewalk::loader::Guest;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The ways of running every guest, whatever it asks for itself.
const WAYS: [&[&str]; 2] = [&["--ad", "hardware"], &["--ad", "fault"]];

/// Runs a guest to its end. Also returns the number of the check that went wrong, 0 if all held.
fn run(guest: &Path, options: &[&str]) -> (Done, u64) {
    let folder = Folder::new();
    let signature = folder.path("signature");
    let done = done(
        pagewalk()
            .args(["run", "--max-instructions", "10000000"])
            .args(["--signature-granularity", "8", "--signature"])
            .arg(&signature)
            .args(options)
            .arg(guest),
    );
    let wrong = match fs::read_to_string(signature) {
        Ok(text) => u64::from_str_radix(text.lines().next().unwrap(), 16).unwrap(),
        Err(_) => 0,
    };
    (done, wrong)
}

#[test]
fn each_source_has_its_two_files() {
    let bugs = Bug::all();
    assert!(bugs.len() >= 18, "only {} bugs", bugs.len());
    let built: BTreeSet<String> = fs::read_dir(folder().join("elf"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = bugs
        .iter()
        .flat_map(|bug| ["bug", "fixed"].map(|twin| format!("{}-{twin}", bug.name)))
        .collect();
    assert_eq!(built, expected);
}

#[test]
fn headers_name_what_exists() {
    for bug in Bug::all() {
        bug.check();
    }
}

#[test]
fn twins_end_well_however_they_are_run() {
    for bug in Bug::all() {
        for options in WAYS {
            for guest in [bug.with_bug(), bug.fixed()] {
                let (done, _) = run(&guest, options);
                assert_eq!(
                    (done.code, done.out.as_str(), done.err.as_str()),
                    (Some(0), "", ""),
                    "{} {options:?}",
                    guest.display()
                );
            }
        }
    }
}

#[test]
fn a_bug_shows_while_the_tlb_keeps_its_entries() {
    for bug in Bug::all() {
        for (guest, expected) in [(bug.with_bug(), bug.wrong), (bug.fixed(), 0)] {
            let (done, wrong) = run(&guest, &bug.options());
            done.expect(0, &[]);
            assert_eq!(wrong, expected, "{}", guest.display());
        }
    }
}

#[test]
fn a_run_does_once_what_the_header_says() {
    let folder = Folder::new();
    let log = folder.path("log");
    for bug in Bug::all() {
        let guest = bug.with_bug();
        let options = [
            &bug.options()[..],
            &["--log-commits", log.to_str().unwrap()],
        ]
        .concat();
        run(&guest, &options).0.expect(0, &[]);
        trace::check(&bug, &Guest::open(&guest).unwrap(), &folder.read("log"));
    }
}

#[test]
fn each_bug_is_reported_once_and_its_twin_is_not() {
    for bug in Bug::all() {
        let of = |path: &Path| {
            let mut guest = Guest::open(path).unwrap();
            let reports = reports::reports(&mut guest, &bug.options());
            (guest, reports)
        };
        let (_, silent) = of(&bug.fixed());
        assert_eq!(silent, [], "{}, fixed", bug.name);
        let (guest, found) = of(&bug.with_bug());
        assert_eq!(found.len(), 1, "{}: {found:#?}", bug.name);
        reports::check(&bug, &guest, &found[0]);
    }
}
