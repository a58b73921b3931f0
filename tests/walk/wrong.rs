//! The runner itself: it sees what is wrong, says where, and does what the README tells.

use super::harness::{check, file, reason};
use pagewalk::mmu::Mode;
use std::fs;
use std::path::Path;

/// A scenario with one of each kind of expectation, all of them right.
const SAMPLE: &str = "\
manual   step 9
modes    sv39
memory   0x80000000 to 0x80003fff
svpbmt   on
root     0x80000000
level 2 [1] -> 0x80001000
level 1 [2] -> 0x80002000
level 0 [3] = 0x81234000 -AG--WRV PBMT=1
address  x = 0x40403456
scenario A sample
rule     anything
store x from s
  -> pa 0x81234456, page 4KiB, global, memory nc, entry becomes DAG--WRV
load x from u
  -> fault supervisor-page at level 0 => load page fault, stval x
fetch x from m
  -> pa 0x40403456, not translated
";

fn problems(text: &str) -> Vec<String> {
    match file::read("sample.walk", text) {
        Ok(scenarios) => scenarios
            .iter()
            .flat_map(check::check)
            .map(|problem| problem.to_string())
            .collect(),
        Err(problem) => vec![problem.to_string()],
    }
}

/// The runner does see what is wrong: one thing at a time.
#[test]
fn a_wrong_expectation_is_reported_with_its_place() {
    assert_eq!(problems(SAMPLE), Vec::<String>::new());
    for (right, wrong, line, says) in [
        (
            "pa 0x81234456",
            "pa 0x81234457",
            12,
            "physical address: expected 0x81234457, found 0x81234456",
        ),
        (
            "page 4KiB",
            "page 2MiB",
            12,
            "page: expected 2MiB, found 4KiB",
        ),
        (
            "page 4KiB",
            "page 2MiB",
            12,
            "entries read: expected 2, found 3",
        ),
        (", global", "", 12, "global: expected false, found true"),
        (
            ", memory nc",
            "",
            12,
            "memory type: expected Some(Pma), found Some(NonCacheable)",
        ),
        (
            "becomes DAG--WRV",
            "becomes -AG--WRV",
            12,
            "the entry afterwards: expected -AG--WRV, found DAG--WRV",
        ),
        (
            ", entry becomes DAG--WRV",
            "",
            12,
            "the entry at 0x80002018 became",
        ),
        (
            "fault supervisor-page",
            "fault not-valid",
            14,
            "reason: expected not-valid, found supervisor-page",
        ),
        (
            "at level 0",
            "at level 1",
            14,
            "entries read: expected 2, found 3",
        ),
        (
            "load page fault",
            "load access fault",
            14,
            "cause: expected load access fault, found load page fault",
        ),
        (
            "stval x",
            "stval x+4",
            14,
            "stval: expected 0x4040345a, found 0x40403456",
        ),
        (
            "pa 0x40403456, not",
            "pa 0x40403450, not",
            16,
            "physical address: expected 0x40403450",
        ),
        ("load x from u", "load x from s", 14, "expected Fault"),
        ("fetch x from m", "fetch x from s", 16, "expected Identity"),
        (
            "rule     anything",
            "rule     anything\nlevel 0 [9] = 0x81234000 DA--XWRV",
            12,
            "no access reads this entry",
        ),
    ] {
        assert!(SAMPLE.contains(right), "{right}");
        let found = problems(&SAMPLE.replace(right, wrong));
        let place = format!("sample.walk:{line}: A sample [sv39]: ");
        assert!(
            found
                .iter()
                .any(|text| text.starts_with(&place) && text.contains(says)),
            "{right} -> {wrong}: {place}… {says}: {found:#?}"
        );
    }
}

/// A file that cannot be read says which line, and what is wrong with it.
#[test]
fn a_line_that_cannot_be_read_is_reported_with_its_place() {
    for (right, wrong, says) in [
        ("modes    sv39", "modes sv38", "2: 'sv38' is not a mode"),
        ("modes    sv39", "modes bare", "5: bare mode has no root"),
        (
            "0x80003fff",
            "0x80001fff",
            "8: the entry would lie at 0x80002018, where no memory is",
        ),
        (
            "0x80003fff",
            "0x7fffffff",
            "3: the range ends at 0x7fffffff, before it begins",
        ),
        (
            "svpbmt   on",
            "svpbmt maybe",
            "4: 'maybe' is neither on nor off",
        ),
        (
            "svpbmt   on",
            "svbpmt on",
            "4: no line begins with 'svbpmt'",
        ),
        (
            "svpbmt   on",
            "ad software",
            "4: 'software' is neither hardware nor fault",
        ),
        (
            "svpbmt   on",
            "pmp no execute 0x0 to 0x1",
            "4: write: pmp no read RANGE",
        ),
        (
            "root     0x80000000",
            "root 0x80000008",
            "5: 0x80000008 is not the address of a page",
        ),
        ("root     0x80000000", "", "6: no `root` line before this"),
        (
            "level 1 [2] ->",
            "level 1 [512] ->",
            "7: 512 is more than 0x1ff",
        ),
        (
            "level 1 [2] ->",
            "level 1 [2] => ",
            "7: write: level N [INDEX]",
        ),
        (
            "level 1 [2] -> 0x80002000",
            "",
            "8: no entry of level 1 points to a table",
        ),
        ("level 2 [1]", "level 3 [1]", "6: sv39 has no level 3"),
        ("-AG--WRV", "-AG--WR", "8: '-AG--WR' is not an entry's bits"),
        ("PBMT=1", "PBMT=4", "8: 4 is more than 0x3"),
        ("PBMT=1", "X", "8: 'X' is no part of an entry"),
        (
            "address  x = 0x40403456",
            "",
            "12: no address is called 'x'",
        ),
        (
            "rule     anything",
            "",
            "10: the scenario has no `rule` line",
        ),
        (
            "rule     anything",
            "rule anything\nsv48: root 0x80000000",
            "12: the scenario is not for sv48",
        ),
        (
            "rule     anything",
            "rule anything\nfor bit = 1 2",
            "12: nothing uses {bit}",
        ),
        ("manual   step 9", "", "10: no `manual` line"),
        (
            "manual   step 9",
            "rule step 9",
            "1: 'rule' belongs into a scenario",
        ),
        (
            "scenario A sample",
            "scenario A {bit}",
            "10: no `for` line gives a value",
        ),
        ("store x", "sotre x", "12: no line begins with 'sotre'"),
        (
            "store x from s",
            "store, laod x from s",
            "12: 'laod' is not a kind of access",
        ),
        (
            "store x from s",
            "store x",
            "12: an access says where it comes from",
        ),
        (
            "store x from s",
            "store x from h",
            "12: 'h' is not a privilege mode",
        ),
        (
            "store x from s",
            "store x from s smu=1",
            "12: 'smu=1' is neither sum=… nor mxr=…",
        ),
        ("pa 0x81234456, ", "", "13: the physical address is missing"),
        ("page 4KiB, ", "", "13: the page's size is missing"),
        ("page 4KiB", "page 8KiB", "13: '8KiB' is not a page size"),
        (
            "supervisor-page",
            "supervisor-pages",
            "15: no reason is called 'supervisor-pages'",
        ),
        (
            "at level 0 =>",
            "=>",
            "15: a fault is written: fault REASON",
        ),
        (
            "load page fault",
            "page fault",
            "15: 'page fault' is not a cause",
        ),
        (
            "  -> pa 0x40403456, not translated\n",
            "",
            "10: the access of line 16 has no '->'",
        ),
        (
            "load x from u\n",
            "",
            "14: no access stands before this '->'",
        ),
    ] {
        assert!(SAMPLE.contains(right), "{right}");
        let found = problems(&SAMPLE.replacen(right, wrong, 1));
        let [only] = found.as_slice() else {
            panic!("{right} -> {wrong}: {found:?}");
        };
        let says = format!("sample.walk:{says}");
        assert!(
            only.starts_with(&says),
            "{right} -> {wrong}: {only}, not {says}"
        );
    }
    let twice =
        format!("{SAMPLE}scenario A sample\nrule again\nfetch x from m -> pa x, not translated\n");
    assert_eq!(
        problems(&twice),
        ["sample.walk:18: line 10 has a scenario of this name: A sample"]
    );
    assert_eq!(
        problems("# nothing"),
        ["sample.walk:1: there is no scenario in this file"]
    );
}

/// The README's example is right, and its list of reasons is whole.
#[test]
fn the_readme_tells_the_truth() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/walk/README.md");
    let readme = fs::read_to_string(path).unwrap();
    let (_, rest) = readme.split_once("## An example").unwrap();
    let (example, _) = rest.split_once("The address ").unwrap();
    let scenarios = file::read("README.md", example).unwrap();
    assert_eq!(scenarios.len(), 2);
    assert_eq!(problems(example), Vec::<String>::new());
    let (_, rest) = readme.split_once("## The reasons").unwrap();
    for reason in reason::all(Mode::Sv39) {
        let word = format!("`{}", reason::word(reason));
        assert!(rest.contains(&word), "{word}");
    }
}
