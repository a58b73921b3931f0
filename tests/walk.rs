//! Page walks as text: every file `tests/walk/*.walk`, whose format `tests/walk/README.md` tells.

mod harness;
mod wrong;

use harness::model::{Expected, Scenario, mode_name};
use harness::{Problem, check, file, reason};
use pagewalk::mmu::{AccessKind, Mode, PageSize};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

const PAGED: [Mode; 3] = [Mode::Sv39, Mode::Sv48, Mode::Sv57];

/// Every scenario of every file.
fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/walk");
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "walk")
        })
        .collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let name = format!("tests/walk/{}", path.file_name().unwrap().display());
        let text = fs::read_to_string(&path).unwrap();
        all.extend(file::read(&name, &text).unwrap_or_else(|problem| panic!("{problem}")));
    }
    all
}

#[test]
fn every_scenario_holds() {
    let all = scenarios();
    let problems: Vec<String> = all
        .iter()
        .flat_map(check::check)
        .map(|problem: Problem| problem.to_string())
        .collect();
    let accesses: usize = all.iter().map(|scenario| scenario.asks.len()).sum();
    for scenario in &all {
        println!("{}: {}", scenario.file, scenario.title());
    }
    println!("{} scenarios, {accesses} accesses", all.len());
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert!(all.len() >= 150, "only {} scenarios", all.len());
}

/// Each reason, with each value that matters, for each kind of access it can hit, in each mode.
#[test]
fn no_reason_kind_or_mode_is_missing() {
    let all = scenarios();
    let mut holes = Vec::new();
    let mut wanted = 0;
    for mode in PAGED {
        let shown: HashSet<_> = all
            .iter()
            .filter(|scenario| scenario.config.mode == mode)
            .flat_map(check::shown)
            .collect();
        for &(reason, kind) in &shown {
            assert!(
                reason::kinds(reason).contains(&kind),
                "{} cannot hit a {kind}",
                reason::text(reason)
            );
        }
        for reason in reason::all(mode) {
            for &kind in reason::kinds(reason) {
                wanted += 1;
                if !shown.contains(&(reason, kind)) {
                    let (mode, reason) = (mode_name(mode), reason::text(reason));
                    holes.push(format!("{mode}: {reason}, {kind}"));
                }
            }
        }
    }
    println!("{wanted} combinations of reason, kind of access and mode");
    assert!(holes.is_empty(), "no scenario shows\n{}", holes.join("\n"));
}

/// Each kind of access reaches each size of page that the mode has.
#[test]
fn no_page_size_is_missing() {
    let mut shown = BTreeSet::new();
    for scenario in scenarios() {
        for ask in &scenario.asks {
            if let Expected::Page { size, .. } = ask.expected {
                shown.insert((scenario.config.mode, size, ask.access.kind));
            }
        }
    }
    let mut wanted = BTreeSet::new();
    for mode in PAGED {
        let sizes = [PageSize::Kib4, PageSize::Kib64];
        for size in sizes.into_iter().chain(reason::superpages(mode)) {
            wanted.extend(AccessKind::ALL.map(|kind| (mode, size, kind)));
        }
    }
    let missing: Vec<_> = wanted.difference(&shown).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(shown.is_subset(&wanted), "a size that a mode does not have");
}

#[test]
fn reasons_are_read_back_as_they_are_written() {
    let mut words = HashSet::new();
    for mode in PAGED {
        for reason in reason::all(mode) {
            let text = reason::text(reason);
            assert_eq!(reason::parse(&text), Ok(reason), "{text}");
            words.insert((mode, text));
        }
    }
    assert_eq!(
        words.len(),
        PAGED
            .map(|mode| reason::all(mode).len())
            .iter()
            .sum::<usize>()
    );
}
