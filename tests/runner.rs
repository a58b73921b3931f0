//! The test runner: the ways of failing told apart, explanations, selection, files for machines.

use crate::cli::{Done, done, pagewalk};
use crate::support::dwarf;
use crate::support::guest::{CODE, Folder, guest};
use roxmltree::{Document, Node};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn test(options: &[&str], paths: &[&Path]) -> Done {
    done(pagewalk().arg("test").args(options).args(paths))
}

/// Tests, what their failure is called, and what is said about it.
const FAILURES: [(&str, &str, &str, &str); 9] = [
    (
        "check",
        "li gp, 5\n li a4, 2\n li t2, 3\n bne a4, t2, fail\n j pass",
        "check-failed",
        "check 5 failed (tohost = 0xb)",
    ),
    (
        "illegal",
        "la t0, handler\n csrw mtvec, t0\n li gp, 4\n .word 0xffffffff\n j pass\n\
         handler:\n ori gp, gp, 1337\n la t0, tohost\n sd gp, 0(t0)\nspin:\n j spin",
        "illegal-instruction",
        "unexpected illegal instruction in check 4",
    ),
    (
        "load",
        "la t0, handler\n csrw mtvec, t0\n li gp, 4\n ld a0, 0(zero)\n j pass\n\
         handler:\n ori gp, gp, 1337\n la t0, tohost\n sd gp, 0(t0)\nspin:\n j spin",
        "unexpected-trap",
        "unexpected load access fault in check 4",
    ),
    (
        "crash",
        "csrw mtvec, zero\n li gp, 2\n ld a0, 0(zero)\n j pass",
        "trap-loop",
        "crashed: load access fault, then instruction access fault in its trap handler, for ever",
    ),
    (
        "storm",
        "la t0, handler\n csrw mtvec, t0\n .word 0xffffffff\n j pass\n\
         handler:\n nop\n ld a0, 0(zero)",
        "trap-loop",
        "crashed: illegal instruction, then load access fault in its trap handler, for ever",
    ),
    (
        "endless",
        "here:\n j here",
        "instruction-limit",
        "no result after 100,000 instructions",
    ),
    ("asleep", "here:\n wfi\n j here", "asleep", "asleep"),
    (
        "request",
        "la t0, tohost\n li t1, 5\n slli t1, t1, 56\n sd t1, 0(t0)\n j pass",
        "bad-request",
        "bad request to the host: tohost is 0x500000000000000",
    ),
    (
        "slow",
        "here:\n j here",
        "timeout",
        "no result after 0.05 s",
    ),
];

/// A folder with a passing test and every failure, in the environment `p`.
fn failures() -> Folder {
    let folder = Folder::new();
    for (name, source, ..) in FAILURES {
        folder.guest(&format!("tests/rv64fail-p-{name}"), source);
    }
    folder.guest("tests/rv64good-v-pass", "j pass");
    let mut mute = guest("j pass");
    mute.symbols.retain(|symbol| symbol.name != "tohost");
    folder.write("tests/rv64fail-p-mute", &mute.build());
    // A program as far as its first 64 bytes tell.
    let mut broken = guest("j pass");
    broken.entry = 0x10;
    folder.write("tests/rv64fail-p-broken", &broken.build());
    folder.write("tests/README", b"not a test");
    folder
}

const LIMIT: [&str; 4] = ["--skip", "slow", "--max-instructions", "100000"];

#[test]
fn the_ways_of_failing_are_told_apart() {
    let folder = failures();
    let json = folder.path("json");
    let json_option = ["--json", json.to_str().unwrap()];
    let check = |options: &[&str], slow: bool| {
        let options = [options, &json_option].concat();
        let run = test(&options, &[&folder.path("tests")]);
        run.expect(1, &[]);
        let all: Value = serde_json::from_str(&folder.read("json")).unwrap();
        let of = |name: &str| {
            let tests = all["tests"].as_array().unwrap();
            let found = tests
                .iter()
                .find(|test| test["name"] == format!("rv64fail-p-{name}"));
            found.unwrap_or_else(|| panic!("no {name}")).clone()
        };
        for (name, _, class, said) in FAILURES {
            if (name == "slow") != slow {
                continue;
            }
            assert_eq!(of(name)["class"], class, "{name}");
            let line = format!("FAIL  rv64fail-p-{name}: {said}");
            assert!(run.out.contains(&line), "{line:?} is not in:\n{}", run.out);
            assert!(!of(name)["failure"]["text"].as_str().unwrap().is_empty());
        }
        if !slow {
            assert_eq!(of("mute")["class"], "no-tohost");
            assert_eq!(of("broken")["class"], "cannot-load");
            assert_eq!(of("check")["check"], 5);
            assert_eq!(all["format"], "pagewalk-test");
            assert_eq!(
                (all["passed"].clone(), all["failed"].clone()),
                (1.into(), 10.into())
            );
            assert!(run.out.contains("1 passed, 10 failed"), "{}", run.out);
            assert!(run.out.contains("skipped 1 file"), "{}", run.out);
        }
    };
    check(&LIMIT, false);
    check(
        &[
            "--filter",
            "slow",
            "--timeout",
            "50ms",
            "--max-instructions",
            "99999999999",
        ],
        true,
    );
}

#[test]
fn a_failed_check_is_shown_at_its_branch() {
    let folder = Folder::new();
    let mut elf = guest(FAILURES[0].1);
    elf.debug = dwarf::sections(CODE, 4);
    let path = folder.write("rv64x-p-check", &elf.build());
    let out = test(&[], &[&path]).out;
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[1].starts_with("  stopped at    0x8000000c <_start+0xc>"),
        "{out}"
    );
    let source = lines[1].rsplit(' ').next().unwrap();
    assert!(source.contains(':'), "no source line: {out}");
    assert_eq!(
        lines[2].split_whitespace().collect::<Vec<_>>(),
        ["bne", "a4,t2,0x8000002c", "a4=0x2", "t2=0x3"],
        "{out}"
    );
    assert!(out.contains("gp 0000000000000005"), "{out}");
    assert!(out.contains("li a4,2"), "{out}");
}

#[test]
fn an_unexpected_trap_is_shown_where_it_happened() {
    let folder = Folder::new();
    let path = folder.guest("rv64x-p-illegal", FAILURES[1].1);
    let out = test(&[], &[&path]).out;
    assert!(
        out.contains("stopped at    0x80000010 <_start+0x10>"),
        "{out}"
    );
    assert!(
        out.contains("M>M illegal instruction  at 0x80000010"),
        "{out}"
    );
    // The registers are those of the moment, not those that the handler left.
    assert!(out.contains("gp 0000000000000004"), "{out}");
}

#[test]
fn an_instruction_of_an_absent_extension_is_named() {
    let folder = Folder::new();
    let path = folder.guest("rv64x-p-zba", "sh1add a0, a1, a2\n j pass");
    test(&[], &[&path]).expect(0, &[]);
    let run = test(&["--isa", "rv64gc"], &[&path]);
    run.expect(1, &[]);
    assert!(run.out.contains("sh1add a0,a1,a2"), "{}", run.out);
    assert!(run.out.contains("does not have (see --isa)"), "{}", run.out);
}

#[test]
fn what_a_failing_test_prints_is_shown() {
    let folder = Folder::new();
    let print = "la t1, tohost\n li a1, 0x101\n slli a1, a1, 48\n addi a2, a1, 27\n sd a2, 0(t1)\n\
                 addi a2, a1, 60\n sd a2, 0(t1)\n li gp, 3\n j fail";
    folder.guest("tests/rv64x-p-print", print);
    let junit = folder.path("junit");
    let run = test(
        &["--junit", junit.to_str().unwrap()],
        &[&folder.path("tests")],
    );
    run.expect(1, &[]);
    // An escape sequence must not reach the terminal, nor an XML file.
    assert!(run.out.contains("\\u{1b}<"), "{}", run.out);
    let text = folder.read("junit");
    let document = Document::parse(&text).unwrap();
    let printed = document
        .descendants()
        .find(|node| node.has_tag_name("system-out"));
    assert_eq!(printed.unwrap().text(), Some("\u{fffd}<"));
}

#[test]
fn junit_xml_is_as_ci_systems_read_it() {
    let folder = failures();
    let junit = folder.path("junit.xml");
    let options = [&LIMIT[..], &["--junit", junit.to_str().unwrap()]].concat();
    test(&options, &[&folder.path("tests")]).expect(1, &[]);
    let text = folder.read("junit.xml");
    let document = Document::parse(&text).unwrap();
    let root = document.root_element();
    assert!(root.has_tag_name("testsuites"));
    let number = |node: Node<'_, '_>, name: &str| -> usize {
        node.attribute(name).unwrap().parse().unwrap()
    };
    assert_eq!(
        ["tests", "failures", "errors"].map(|name| number(root, name)),
        [11, 8, 2]
    );
    let mut tests = 0;
    for suite in root.children().filter(Node::is_element) {
        assert!(suite.has_tag_name("testsuite"));
        let cases: Vec<_> = suite
            .children()
            .filter(|node| node.has_tag_name("testcase"))
            .collect();
        assert_eq!(cases.len(), number(suite, "tests"));
        let count = |tag: &str| {
            let with = cases
                .iter()
                .filter(|case| case.children().any(|c| c.has_tag_name(tag)));
            with.count()
        };
        assert_eq!(count("failure"), number(suite, "failures"));
        assert_eq!(count("error"), number(suite, "errors"));
        for case in &cases {
            assert_eq!(case.attribute("classname"), suite.attribute("name"));
            case.attribute("time").unwrap().parse::<f64>().unwrap();
        }
        tests += cases.len();
    }
    assert_eq!(tests, 11);
    let mut failures = document
        .descendants()
        .filter(|node| node.has_tag_name("failure"));
    let check = failures
        .find(|node| node.attribute("type") == Some("check-failed"))
        .unwrap();
    assert_eq!(
        check.attribute("message"),
        Some("check 5 failed (tohost = 0xb)")
    );
    assert!(check.text().unwrap().contains("bne a4,t2"), "{text}");
}

#[test]
fn the_order_does_not_depend_on_the_jobs() {
    let folder = failures();
    let print = |jobs: &str| {
        let options = [&LIMIT[..], &["--jobs", jobs, "--quiet"]].concat();
        let out = test(&options, &[&folder.path("tests")]).out;
        let (failures, _) = out.rsplit_once(" in ").unwrap();
        failures.to_owned()
    };
    assert_eq!(print("1"), print("4"));
}

#[test]
fn partitions_cover_everything_once() {
    let folder = Folder::new();
    for number in 0..23 {
        folder.guest(&format!("tests/deeper/rv64x-p-{number}"), "j pass");
    }
    let tests = folder.path("tests");
    let list = |options: &[&str]| -> Vec<String> {
        let run = test(&[options, &["--list"]].concat(), &[&tests]);
        run.expect(0, &[]);
        run.out.lines().map(str::to_owned).collect()
    };
    let all = list(&[]);
    assert_eq!(all.len(), 23);
    for kind in ["", "count:", "hash:"] {
        let mut seen = Vec::new();
        for share in 1..=4 {
            let mine = list(&["--partition", &format!("{kind}{share}/4")]);
            assert!(mine.is_sorted());
            seen.extend(mine);
        }
        seen.sort();
        let mut sorted = all.clone();
        sorted.sort();
        assert_eq!(seen, sorted, "{kind}");
    }
    // A share of a single test may be empty, and that is no failure.
    let one = [
        test(&["--filter", "p-22", "--partition", "1/2"], &[&tests]),
        test(&["--filter", "p-22", "--partition", "2/2"], &[&tests]),
    ];
    assert_eq!(one.each_ref().map(|run| run.code), [Some(0), Some(0)]);
    assert!(one[0].out.contains("1 passed"), "{}", one[0].out);
    assert!(
        one[1].out.contains("none of the selected tests"),
        "{}",
        one[1].out
    );
    test(&["--partition", "5/4"], &[&tests]).expect(2, &["K from 1 to N"]);
}

#[test]
fn filters_select_by_parts_of_names() {
    let folder = Folder::new();
    for name in ["rv64ui-p-add", "rv64ui-v-add", "rv64um-p-mul"] {
        folder.guest(&format!("tests/{name}"), "j pass");
    }
    let tests = folder.path("tests");
    let list = |options: &[&str]| test(&[options, &["--list"]].concat(), &[&tests]).out;
    assert_eq!(list(&["--filter", "add"]), "rv64ui-p-add\nrv64ui-v-add\n");
    assert_eq!(
        list(&["--filter", "v-", "--filter", "um-"]),
        "rv64ui-v-add\nrv64um-p-mul\n"
    );
    assert_eq!(
        list(&["--filter", "add", "--skip", "-v-"]),
        "rv64ui-p-add\n"
    );
    test(&["--filter", "sub"], &[&tests]).expect(4, &["none of the 3 tests"]);
}

#[test]
fn nothing_to_test_is_not_a_pass() {
    let folder = Folder::new();
    folder.write("tests/notes", b"nothing here");
    test(&[], &[&folder.path("tests")]).expect(4, &["no test found", "1 files are not"]);
    test(&[], &[&folder.path("missing")]).expect(125, &["missing"]);
    done(pagewalk().arg("test")).expect(2, &["PATHS"]);
}

#[test]
fn an_elf_file_that_is_cut_short_fails_instead_of_vanishing() {
    let folder = Folder::new();
    folder.write("tests/rv64x-p-short", b"\x7fELF\x02\x01\x01");
    let run = test(&[], &[&folder.path("tests")]);
    run.expect(1, &[]);
    let said = "FAIL  rv64x-p-short: cannot be loaded: truncated";
    assert!(run.out.contains(said), "{}", run.out);
}

#[test]
fn reports_are_written_anew_even_if_nothing_ran() {
    let folder = Folder::new();
    let guest = folder.guest("tests/rv64x-p-good", "j pass");
    let report = folder.write("report", b"of another run");
    let report = report.to_str().unwrap();
    test(&["--json", report, "--filter", "none"], &[&guest]).expect(4, &["none of the 1 tests"]);
    let json: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    assert_eq!(json["tests"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_report_may_not_overwrite_a_test_or_another_report() {
    let folder = Folder::new();
    let guest = folder.guest("tests/rv64x-p-good", "j pass");
    let name = guest.to_str().unwrap();
    test(&["--json", name], &[&guest]).expect(2, &["is both a test and --json"]);
    let both = folder.path("both");
    let both = both.to_str().unwrap();
    let twice = ["--json", both, "--junit", both];
    test(&twice, &[&guest]).expect(2, &["is both --junit and --json"]);
    test(&[], &[&guest]).expect(0, &[]);
}

#[test]
fn our_user_mode_tests_tell_an_unexpected_trap_from_a_failed_check() {
    let path = repository().join("riscv-tests/own/elf/pw64uzimop-v-mop_r");
    let run = test(&["--isa", "rva22s64"], &[&path]);
    run.expect(1, &[]);
    let said = "pw64uzimop-v-mop_r: unexpected illegal instruction in check 1";
    assert!(run.out.contains(said), "{}", run.out);
    assert!(run.out.contains("mop.r.0 a0,a1"), "{}", run.out);
}

#[test]
fn a_file_that_is_named_must_be_a_test() {
    let folder = Folder::new();
    let text = folder.write("text", b"hello");
    let run = test(&[], &[&text]);
    run.expect(1, &[]);
    assert!(
        run.out
            .contains("FAIL  text: cannot be loaded: not an ELF file"),
        "{}",
        run.out
    );
    let verbose = test(
        &["-v"],
        &[&folder.path(""), &folder.guest("rv64x-p-good", "j pass")],
    );
    verbose.expect(0, &[]);
    assert!(verbose.out.contains("SKIP  "), "{}", verbose.out);
    assert!(
        verbose.out.contains("PASS  rv64x-p-good: "),
        "{}",
        verbose.out
    );
}

#[test]
fn fail_fast_begins_nothing_after_a_failure() {
    let folder = Folder::new();
    for name in ["1", "2", "3"] {
        folder.guest(&format!("tests/rv64x-p-{name}"), "li gp, 2\n j fail");
    }
    let run = test(&["--fail-fast", "--jobs", "1"], &[&folder.path("tests")]);
    run.expect(1, &[]);
    assert!(run.out.contains("0 passed, 1 failed"), "{}", run.out);
    assert!(
        run.out.contains("2 not run after the first failure"),
        "{}",
        run.out
    );
}

/// The names of the ELF files in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn our_own_tests_pass() {
    let folder = repository().join("riscv-tests/own/elf");
    let count = names(&folder).len();
    assert!(count > 200, "only {count} files");
    let run = test(&[], &[&folder]);
    assert_eq!(run.code, Some(0), "{}", run.out);
    let sum = format!("{count} passed, 0 failed");
    assert!(run.out.contains(&sum), "{}", run.out);
}

/// With `RISCV_TESTS=DIR`, a built copy of the official suite. Pagewalk has no hypervisor
/// extension, so those tests are left out.
#[test]
fn the_official_suite_passes() {
    let Some(folder) = std::env::var_os("RISCV_TESTS") else {
        eprintln!("RISCV_TESTS is not set: the official suite is not run");
        return;
    };
    let run = test(&["--skip", "hypervisor"], &[Path::new(&folder)]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    assert!(!run.out.contains("\n0 passed"), "{}", run.out);
}
