//! What a run did, from its commit log: who changed the entry, and who used the page afterwards.

use super::header::{Bug, User, value};
use pagewalk::loader::Guest;

/// One instruction of a commit log.
struct Line {
    pc: u64,
    /// Addresses, with the value if it is a store.
    memory: Vec<(u64, Option<u64>)>,
    /// Whether it wrote `satp`.
    satp: bool,
}

fn lines(log: &str) -> Vec<Line> {
    log.lines().map(line).collect()
}

/// `core   0: 1 0xPC (0xBITS) x10 0xVALUE mem 0xADDRESS 0xVALUE`.
fn line(text: &str) -> Line {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |at: usize| {
        let digits = words.get(at)?.strip_prefix("0x")?;
        u64::from_str_radix(digits, 16).ok()
    };
    let memory = (0..words.len())
        .filter(|&at| words[at] == "mem")
        .map(|at| (number(at + 1).unwrap(), number(at + 2)))
        .collect();
    Line {
        pc: number(3).unwrap_or_else(|| panic!("no pc: {text}")),
        memory,
        satp: words.contains(&"c384_satp"),
    }
}

/// The supervisor itself is mapped where it lies.
fn is_the_supervisors(va: u64) -> bool {
    va >> 30 == 2
}

/// That a run with the bug did what its header says, once.
pub(super) fn check(bug: &Bug, guest: &Guest, log: &str) {
    let name = &bug.name;
    let lines = lines(log);
    let by = |line: &Line, function: &str| {
        guest
            .symbols()
            .by_address(line.pc)
            .is_some_and(|(symbol, _)| symbol == function)
    };
    let at = bug.entry.address(guest);
    let stores = |line: &Line| {
        line.memory
            .iter()
            .find_map(|&(address, value)| value.filter(|_| address == at))
    };

    let changes: Vec<usize> = (0..lines.len())
        .filter(|&n| by(&lines[n], &bug.changed_by))
        .filter(|&n| match bug.entry_changes() {
            true => stores(&lines[n]).is_some(),
            false => lines[n].satp,
        })
        .collect();
    let &[change] = &changes[..] else {
        panic!("{name}: {} changes", changes.len());
    };
    if let Some((old, new)) = &bug.values {
        let before = lines[..change].iter().rev().find_map(stores).unwrap_or(0);
        assert_eq!(before, value(guest, old), "{name}: the old value");
        assert_eq!(
            stores(&lines[change]),
            Some(value(guest, new)),
            "{name}: the new value"
        );
        assert!(
            !lines[change + 1..]
                .iter()
                .any(|line| stores(line).is_some()),
            "{name}: changed again"
        );
    }

    // Fetches are told by the pc, and the first instruction of each call counts.
    let touches: Vec<&Line> = lines[change + 1..]
        .iter()
        .filter(|line| match bug.used_by {
            User::Address(address) => line.pc == address,
            User::Function(_) => line.memory.iter().any(|&(va, _)| !is_the_supervisors(va)),
        })
        .collect();
    if let User::Function(function) = &bug.used_by {
        assert!(
            touches.iter().all(|line| by(line, function)),
            "{name}: used by another"
        );
        let stored = touches.iter().any(|line| line.memory[0].1.is_some());
        assert_eq!(
            stored,
            bug.access == "store" && !touches.is_empty(),
            "{name}: used"
        );
    }
    // An access that faults for good is not in the log.
    let faults =
        ["reserved", "accessed-never-set", "dirty-never-set"].contains(&bug.report.as_str());
    assert_eq!(touches.len(), usize::from(!faults), "{name}: uses");
}
