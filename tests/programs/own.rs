//! The supervisor's own tests, under each kind of TLB and under the sanitizer.

use super::run;
use crate::cli::done;
use std::path::Path;

/// Those that take a second without a TLB.
const SHORT: &[&str] = &["hello", "pointers", "signals", "threads"];

/// Runs all of them, or those that are named.
fn passes(options: &[&str], names: Option<&[&str]>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = root.join("firmware/supervisor/tests/elf");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if names.is_some_and(|names| !names.contains(&name)) {
            continue;
        }
        // This one says that its exit code comes through.
        let code = if name == "hello" { 42 } else { 0 };
        let done = done(run(options).arg(&path));
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

#[test]
fn they_pass() {
    passes(&[], None);
}

#[test]
fn they_pass_under_the_sanitizer() {
    passes(&["--check", "mmu=fail"], None);
}

#[test]
fn they_pass_without_a_tlb() {
    passes(&["--tlb", "off"], Some(SHORT));
}

#[test]
fn they_pass_with_a_tlb_of_one_entry() {
    passes(&["--tlb", "u=1x1"], Some(SHORT));
}

#[test]
fn they_pass_on_the_reference_engine() {
    passes(&["--engine", "reference"], Some(SHORT));
}
