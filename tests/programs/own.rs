//! The supervisor's own tests, under each kind of TLB and under the sanitizer.

use super::run;
use crate::cli::done;
use std::path::{Path, PathBuf};

/// Those that have tests of their own, because they need something beside them.
const ELSEWHERE: &[&str] = &["crowd", "escape", "scarce", "window"];

/// Those that are long, and not about translation.
const LONG: &[&str] = &["lengths"];

/// What makes the longer ones short enough for a machine without a TLB.
const SHORT: &[(&str, &str)] = &[
    ("copies", "4"),
    ("files", "400"),
    ("forks", "1"),
    ("mappings", "300"),
    ("pattern", "1"),
    ("pointers", "60"),
    ("threads", "30"),
];

/// Runs all of them, in full or short.
fn passes(options: &[&str], short: bool) {
    let mut count = 0;
    for path in programs() {
        let name = path.file_name().unwrap().to_str().unwrap();
        if short && LONG.contains(&name) {
            continue;
        }
        // This one says that its exit code comes through.
        let code = if name == "hello" { 42 } else { 0 };
        let mut command = run(options);
        command.arg(&path);
        if let Some((_, argument)) = SHORT.iter().find(|row| short && row.0 == name) {
            command.arg(argument);
        }
        let done = done(&mut command);
        assert_eq!(
            done.code,
            Some(code),
            "{path:?}\n{}\n{}",
            done.out,
            done.err
        );
        count += 1;
    }
    assert!(count > 3);
}

/// Those that need nothing but the supervisor.
fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = root.join("firmware/supervisor/tests/elf");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| !ELSEWHERE.iter().any(|name| path.ends_with(name)));
    paths
}

#[test]
fn they_pass() {
    passes(&[], false);
}

#[test]
fn they_pass_under_the_sanitizer() {
    passes(&["--check", "mmu=fail"], false);
}

#[test]
fn they_pass_without_a_tlb_under_the_sanitizer() {
    passes(&["--tlb", "off", "--check", "mmu=fail"], true);
}

#[test]
fn they_pass_with_a_tlb_of_one_entry_under_the_sanitizer() {
    passes(&["--tlb", "u=1x1", "--check", "mmu=fail"], true);
}

#[test]
fn they_pass_on_the_reference_engine() {
    passes(&["--engine", "reference"], true);
}
