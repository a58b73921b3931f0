//! The sanitizer's reports as people and programs read them.

mod json;
mod text;

pub use json::write_json;
pub use text::{printed, summary_line, text};

use super::place::Place;
use crate::engine::Observer;
use crate::hart::{Event, Hart, Interest};
use crate::loader::Guest;
use crate::mmu::check::{CheckKind, Checker, Report};
use crate::mmu::{self, Fence};
use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;

/// Reports that nobody wants: of a class, or with a function in them.
#[derive(Clone, Debug, Default)]
pub struct Ignored(BTreeSet<String>);

impl Ignored {
    /// Ignores classes (`spurious`) and functions, by their names.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether a report is not wanted: its class is named, or the function that made the change, or the one that
    /// met it.
    pub fn holds(&self, report: &Report, guest: &Guest) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let by = report.change.and_then(|change| change.by);
        let satp = report.satp.map(|(_, _, by)| by);
        let user = report.used.map(|used| used.site);
        self.0.contains(report.kind.name())
            || [by, satp, user].into_iter().flatten().any(|site| {
                Place::of_code(guest, site.pc.0, site.privilege)
                    .symbol
                    .is_some_and(|(name, _)| self.0.contains(&name))
            })
    }
}

/// Writes each report when it is found.
pub struct CheckObserver<'a, W> {
    guest: &'a Guest,
    ignored: &'a Ignored,
    out: W,
}

impl<'a, W: Write> CheckObserver<'a, W> {
    /// Writes to `out`.
    pub fn new(guest: &'a Guest, ignored: &'a Ignored, out: W) -> Self {
        Self {
            guest,
            ignored,
            out,
        }
    }

    /// Writes a report. What cannot be written is lost: the run goes on.
    pub fn tell(&mut self, report: &Report) {
        if !self.ignored.holds(report, self.guest) {
            let _ = writeln!(self.out, "{}", printed(report, self.guest));
        }
    }
}

impl<W: Write> Observer for CheckObserver<'_, W> {
    const EVENTS: bool = true;

    fn wants_each_instruction(&self) -> bool {
        false
    }

    fn interest(&self) -> Interest {
        Interest::Reports
    }

    fn event(&mut self, hart: &Hart, event: &Event) {
        let _ = hart;
        if let Event::Mmu(mmu::Event::Found(report)) = event {
            self.tell(report);
        }
    }
}

/// How many reports there are of each class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Each class that there are reports of, and how many: first the mistakes.
    pub reports: Vec<(CheckKind, usize)>,
    /// How often the mistakes among them were met again.
    pub repeats: u64,
    /// Findings that are no reports, because there were too many.
    pub left_out: u64,
    /// Reports that nobody wanted.
    pub ignored: usize,
}

impl Count {
    /// Counts what a sanitizer found.
    pub fn of(checker: &Checker, guest: &Guest, ignored: &Ignored) -> Self {
        let all = checker.reports();
        let wanted: Vec<&Report> = (all.iter())
            .filter(|report| !ignored.holds(report, guest))
            .collect();
        let mut kinds = CheckKind::ALL;
        kinds.sort_by_key(|kind| !kind.is_mistake());
        Self {
            reports: (kinds.into_iter())
                .map(|kind| {
                    (
                        kind,
                        wanted.iter().filter(|report| report.kind == kind).count(),
                    )
                })
                .filter(|&(_, count)| count != 0)
                .collect(),
            repeats: (wanted.iter())
                .filter(|report| report.kind.is_mistake())
                .map(|report| report.times - 1)
                .sum(),
            left_out: checker.left_out(),
            ignored: all.len() - wanted.len(),
        }
    }

    /// Whether there is a mistake among them.
    pub fn mistakes(&self) -> bool {
        self.reports.iter().any(|(kind, _)| kind.is_mistake())
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sanitizer found ")?;
        if self.reports.is_empty() {
            f.write_str("nothing")?;
        }
        for (place, (kind, count)) in self.reports.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {}", kind.name())?;
        }
        if self.repeats != 0 {
            match self.repeats {
                1 => f.write_str("; a mistake met again once")?,
                times => write!(f, "; mistakes met again {times} times")?,
            }
        }
        if self.left_out != 0 {
            write!(f, "; {} more of the same are left out", self.left_out)?;
        }
        if self.ignored != 0 {
            write!(f, "; {} ignored", self.ignored)?;
        }
        Ok(())
    }
}

/// A fence as the assembler would have it, with values for registers.
fn fence_words(fence: Fence) -> String {
    match fence {
        Fence {
            va: None,
            asid: None,
        } => "sfence.vma x0, x0".to_owned(),
        Fence {
            va: Some(va),
            asid: None,
        } => format!("sfence.vma {:#x}, x0", va.0),
        Fence {
            va: None,
            asid: Some(asid),
        } => format!("sfence.vma x0, asid {asid}"),
        Fence {
            va: Some(va),
            asid: Some(asid),
        } => format!("sfence.vma {:#x}, asid {asid}", va.0),
    }
}
