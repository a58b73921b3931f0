//! `--log-filter`: what it leaves, and which are refused.

use super::{after, first, own, prefix, run, run_any};
use crate::cli::{done, pagewalk};

#[test]
fn a_filter_leaves_what_it_admits_and_nothing_else() {
    let log = "exec=trace,mmu=trace,csr=debug,trap=info";
    let guest = own("pw64si-p-permissions");
    let all = run(&guest, &["--log", log]).err;
    let narrowed = |filter: &str| run(&guest, &["--log", log, "--log-filter", filter]).err;
    let expect = |filter: &str, admits: &dyn Fn(&str) -> bool| {
        let expected: Vec<&str> = all.lines().filter(|line| admits(prefix(line))).collect();
        let found = narrowed(filter);
        assert!(!expected.is_empty() && expected.len() < all.lines().count());
        assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{filter}");
    };
    expect("priv=u,s", &|at| !at.contains(" M asid"));
    expect("insn=300..400", &|at| {
        (300..400).contains(&after(at, " #").parse::<u64>().unwrap())
    });
    expect("pc=_start+4.. hart=0", &|at| {
        u64::from_str_radix(after(at, "va:0x"), 16).unwrap() > 0x8000_0000
    });
    assert_eq!(narrowed("insn=1_000_000_000.."), "");
    // What has no virtual address passes no term that asks for one.
    let addressed = narrowed("va=..");
    assert!(addressed.contains("mmu::fault") && addressed.contains(" trap hart"));
    assert!(!addressed.contains(" exec hart") && !addressed.contains(" csr hart"));
}

#[test]
fn a_wrong_filter_is_pointed_at() {
    let run = |filter: &str| {
        let path = first();
        done(pagewalk().args(["run", "--log-filter", filter]).arg(path))
    };
    run("priv=u bar=3").expect(2, &["no key `bar`", "    priv=u bar=3\n           ^^^"]);
    run("va=5..4").expect(2, &["an empty range", "^^^^"]);
    let symbol = run("hart=0 pc=nowhere");
    symbol.expect(
        2,
        &[
            "no symbol `nowhere`",
            "    hart=0 pc=nowhere\n              ^^^^^^^",
        ],
    );
    assert_eq!(symbol.out, "", "the guest has not run");
}

#[test]
fn a_filter_that_cannot_admit_anything_is_refused() {
    for (filter, said) in [
        ("hart=9", "no hart 9: the machine has hart 0 alone"),
        ("asid=70000", "no ASID 70000"),
        ("insn=0..10 insn=100..", "exclude each other"),
    ] {
        let options = ["--log", "trap=info", "--log-filter", filter];
        run_any(&first(), &options).expect(2, &["--log-filter", said, filter, "^"]);
    }
    let two = ["-p", "2", "--max-instructions", "1000"];
    let options = ["--log", "trap=info", "--log-filter", "hart=1"];
    run_any(&first(), &[&two[..], &options].concat()).expect(124, &[]);
}

#[test]
fn a_filter_of_nothing_is_told() {
    let said = "--log-filter has nothing to narrow";
    run(&first(), &["--log-filter", "priv=u"]).expect(0, &[said]);
    for options in [
        &["--log", "trap=info"][..],
        &["--trace-mmu", "/dev/null"],
        &["--log", "mmu::check=info", "--check", "mmu"],
    ] {
        let done = run(&first(), &[options, &["--log-filter", "priv=u"]].concat());
        assert!(!done.err.contains(said), "{options:?}: {}", done.err);
    }
}
