//! Runs test programs in the form of riscv-tests: finds them, runs them side by side, tells the
//! ways of failing apart, and explains each failure.
//!
//! A test is an ELF file with a symbol `tohost`. It passes by writing 1 there, and in no other
//! way: a test that ends otherwise, or not at all, has not passed.

mod failure;
mod find;
mod json;
mod junit;
mod outcome;
mod partition;
mod pool;
mod single;
mod table;

pub use failure::Failure;
pub use find::{Found, Skipped, TestFile, find};
pub use json::write_json;
pub use junit::write_junit;
pub use outcome::Outcome;
pub use partition::{Partition, PartitionError};
pub use pool::run_all;
pub use single::{TestConfig, TestResult, run_test};
pub use table::{Summary, Table};
