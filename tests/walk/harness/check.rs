//! Runs a scenario through the MMU and compares.

use super::model::{Ask, Expected, Memory, Range, Scenario};
use super::{Problem, reason, words};
use pagewalk::mem::{PhysAddr, VirtAddr};
use pagewalk::mmu::{
    AccessKind, EntryError, Meaning, Outcome, PageTableMemory, PageTableWriter, Pte, Walk,
    translate,
};
use std::collections::HashSet;

pub(crate) fn within(ranges: &[Range], at: u64) -> bool {
    ranges
        .iter()
        .any(|&(first, last)| first <= at && at <= last)
}

/// The scenario's memory, and what the MMU did to it.
struct Watched {
    memory: Memory,
    reads: Vec<u64>,
}

impl PageTableMemory for Watched {
    fn read_entry(&mut self, at: PhysAddr) -> Result<u64, EntryError> {
        assert_eq!(at.0 % 8, 0, "entries are aligned");
        self.reads.push(at.0);
        if !within(&self.memory.present, at.0) {
            Err(EntryError::OutsideMemory)
        } else if within(&self.memory.no_read, at.0) {
            Err(EntryError::Denied)
        } else {
            Ok(self.memory.words.get(&at.0).copied().unwrap_or(0))
        }
    }
}

impl PageTableWriter for Watched {
    fn replace_entry(&mut self, at: PhysAddr, old: Pte, new: Pte) -> Result<bool, EntryError> {
        if !within(&self.memory.present, at.0) {
            return Err(EntryError::OutsideMemory);
        }
        if within(&self.memory.no_write, at.0) {
            return Err(EntryError::Denied);
        }
        let word = self.memory.words.entry(at.0).or_default();
        assert_eq!(*word, old.0, "nobody else writes");
        *word = new.0;
        Ok(true)
    }
}

/// Everything about a scenario that does not hold.
pub(crate) fn check(scenario: &Scenario) -> Vec<Problem> {
    let mut problems = Vec::new();
    let problem = |line, what| Problem {
        file: scenario.file.clone(),
        line,
        what: format!("{}: {what}", scenario.title()),
    };
    let mut looked_at: HashSet<u64> = HashSet::new();
    for ask in &scenario.asks {
        let mut watched = Watched {
            memory: scenario.memory.clone(),
            reads: Vec::new(),
        };
        let found = translate(&scenario.config, VirtAddr(ask.va), ask.access, &mut watched);
        looked_at.extend(&watched.reads);
        for what in compare(scenario, ask, &found, &watched) {
            let kind = ask.access.kind;
            problems.push(problem(ask.line, format!("{kind}: {what}")));
        }
    }
    for &(at, line) in &scenario.own_entries {
        if !looked_at.contains(&at) {
            problems.push(problem(line, "no access reads this entry".to_owned()));
        }
    }
    problems
}

/// Collects the differences of one access.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn expect<T: PartialEq>(
        &mut self,
        what: &str,
        expected: T,
        found: T,
        show: impl Fn(&T) -> String,
    ) {
        if expected != found {
            let (expected, found) = (show(&expected), show(&found));
            self.0
                .push(format!("{what}: expected {expected}, found {found}"));
        }
    }

    fn address(&mut self, what: &str, expected: u64, found: u64) {
        self.expect(what, expected, found, |address| format!("{address:#x}"));
    }
}

fn compare(scenario: &Scenario, ask: &Ask, found: &Walk, after: &Watched) -> Vec<String> {
    let mut differences = Differences::default();
    let mut words = scenario.memory.words.clone();
    let levels = scenario.config.mode.levels();
    let last = after.reads.last().copied();
    let read = match (&ask.expected, found.outcome) {
        (Expected::Identity { pa }, Outcome::Identity(at)) => {
            differences.address("physical address", *pa, at.0);
            0
        }
        (
            Expected::Page {
                pa,
                size,
                becomes,
                global,
                memory_type,
            },
            Outcome::Leaf(leaf),
        ) => {
            differences.address("physical address", *pa, leaf.pa.0);
            differences.expect("page", *size, leaf.size, |&size| {
                words::page_size_name(size)
            });
            differences.expect("global", *global, leaf.global, bool::to_string);
            let types = (Some(*memory_type), leaf.pte.pbmt());
            differences.expect("memory type", types.0, types.1, |kind| format!("{kind:?}"));
            let before = words.get(&leaf.at.0).copied().unwrap_or(0);
            let new = match becomes {
                Some(low) => before & !0xff | low,
                None => before,
            };
            let letters = |&pte: &u64| words::letters_of(pte);
            differences.expect("the entry afterwards", new, leaf.pte.0, letters);
            let set = words::letters_of(leaf.update);
            let needed = words::letters_of(new ^ before);
            differences.expect("bits set", needed, set, String::clone);
            words.insert(leaf.at.0, new);
            differences.expect("the leaf lies at", last, Some(leaf.at.0), |at| {
                format!("{at:x?}")
            });
            levels - size.level()
        }
        (
            Expected::Fault {
                reason,
                level,
                cause,
                stval,
            },
            Outcome::Fault(fault),
        ) => {
            differences.expect("reason", *reason, fault.reason, |&reason| {
                reason::text(reason)
            });
            differences.expect("cause", *cause, fault.exception(), |cause| {
                cause.to_string()
            });
            differences.address("stval", *stval, fault.va.0);
            let same = fault.access == ask.access;
            differences.expect("the fault tells the access", true, same, bool::to_string);
            level.map_or(0, |level| levels.saturating_sub(level))
        }
        (expected, outcome) => {
            differences
                .0
                .push(format!("expected {expected:x?}, found {outcome:x?}"));
            return differences.0;
        }
    };
    differences.expect(
        "entries read",
        usize::from(read),
        after.reads.len(),
        usize::to_string,
    );
    steps(&mut differences, levels, found, after);
    // Nothing else was written.
    let changed = after
        .memory
        .words
        .iter()
        .filter(|(at, word)| words.get(at) != Some(word));
    for (at, word) in changed {
        let found = words::letters_of(*word);
        differences
            .0
            .push(format!("the entry at {at:#x} became {word:#x} {found}"));
    }
    differences.0
}

/// The steps that the walk tells are the reads that it made.
fn steps(differences: &mut Differences, levels: u8, found: &Walk, after: &Watched) {
    let told: Vec<(u8, u64)> = found
        .steps()
        .iter()
        .map(|step| (step.level, step.at.0))
        .collect();
    let made: Vec<(u8, u64)> = (0..levels).rev().zip(after.reads.iter().copied()).collect();
    differences.expect("the steps", made, told, |steps| format!("{steps:x?}"));
    let unreadable = found
        .steps()
        .last()
        .is_some_and(|step| step.meaning == Meaning::Unreadable);
    let expected = found.fault().is_some_and(|fault| {
        use pagewalk::mmu::FaultReason::{EntryDenied, EntryOutsideMemory};
        matches!(fault.reason, EntryOutsideMemory | EntryDenied)
    });
    differences.expect(
        "the last step is unreadable",
        expected,
        unreadable,
        bool::to_string,
    );
}

/// What the scenarios of a mode show: (reason, kind of access).
pub(crate) fn shown(scenario: &Scenario) -> Vec<(pagewalk::mmu::FaultReason, AccessKind)> {
    scenario
        .asks
        .iter()
        .filter_map(|ask| match ask.expected {
            Expected::Fault { reason, .. } => Some((reason, ask.access.kind)),
            _ => None,
        })
        .collect()
}
