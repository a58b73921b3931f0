//! The results by suite.

use super::TestResult;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The results of one suite, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Tests in the environment `p`: bare, in machine mode.
    pub physical: usize,
    /// Tests in the environment `v`: paged, in user mode.
    pub paged: usize,
    /// Tests in another environment, or none.
    pub other: usize,
    /// Tests that passed.
    pub passed: usize,
    /// Tests that did not.
    pub failed: usize,
    /// The time that all of them took, one after the other.
    pub time: Duration,
}

impl Summary {
    fn add(&mut self, environment: &str, result: &TestResult) {
        match environment {
            "p" => self.physical += 1,
            "v" => self.paged += 1,
            _ => self.other += 1,
        }
        if result.outcome.passed() {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
        self.time = self.time.saturating_add(result.time);
    }

    /// How many tests there are.
    pub fn total(&self) -> usize {
        self.passed + self.failed
    }
}

/// The results by suite, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Each suite's.
    pub suites: BTreeMap<String, Summary>,
    /// Everything together.
    pub total: Summary,
}

impl Table {
    /// The table of these results.
    pub fn new(results: &[TestResult]) -> Self {
        let mut table = Self::default();
        for result in results {
            let (suite, environment) = result.test.suite();
            let summary = table.suites.entry(suite).or_default();
            summary.add(environment, result);
            table.total.add(environment, result);
        }
        table
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.suites.keys().map(String::len).max().unwrap_or(0);
        let names = names.max("suite".len());
        let other = self.total.other != 0;
        let count = |number: usize| match number {
            0 => "-".into(),
            _ => number.to_string(),
        };
        let mut row = |name: &str, summary: &Summary| {
            write!(
                f,
                "{name:names$}{:>6}{:>6}",
                count(summary.physical),
                count(summary.paged)
            )?;
            if other {
                write!(f, "{:>7}", count(summary.other))?;
            }
            writeln!(
                f,
                "{:>7}{:>7}{:>9.2} s",
                count(summary.passed),
                count(summary.failed),
                summary.time.as_secs_f64()
            )
        };
        for (name, summary) in &self.suites {
            row(name, summary)?;
        }
        row("total", &self.total)
    }
}

impl Table {
    /// The line above the table.
    pub fn heading(&self) -> String {
        let names = self.suites.keys().map(String::len).max().unwrap_or(0);
        let names = names.max("suite".len());
        let other = if self.total.other == 0 { "" } else { "  other" };
        format!(
            "{:names$}{:>6}{:>6}{other}{:>7}{:>7}{:>11}",
            "suite", "p", "v", "pass", "fail", "time"
        )
    }
}
