//! Runs test programs in the form of riscv-tests: finds them, runs them side by side, tells the
//! ways of failing apart, and explains each failure.
//!
//! A test is an ELF file with a symbol `tohost`. It passes by exiting with code zero through it,
//! as it does by writing 1 there, and in no other way: a test that ends otherwise, or not at all,
//! has not passed.

mod failure;
mod find;
mod json;
mod junit;
mod outcome;
mod partition;
mod pool;
mod single;
mod table;
mod text;

pub use failure::{Failure, Line, Stopped, TrapLine};
pub use find::{Found, Skipped, TestFile, find};
pub use json::write_json;
pub use junit::write_junit;
pub use outcome::Outcome;
pub use partition::{Partition, PartitionError};
pub use pool::run_all;
pub use single::{TestConfig, TestResult, run_test};
pub use table::{Summary, Table};

use crate::isa::Isa;
use std::time::Duration;

/// A whole run of tests, as the files for machines tell it.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The results, by the tests' names.
    pub results: &'a [TestResult],
    /// Files that are not tests.
    pub skipped: &'a [Skipped],
    /// How many tests were not begun after a failure.
    pub not_run: usize,
    /// The machine's extensions.
    pub isa: &'a Isa,
    /// How long it took.
    pub time: Duration,
}
