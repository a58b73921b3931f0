//! Reads the scenarios, runs each through the MMU, and says what does not hold.

pub(crate) mod check;
pub(crate) mod file;
pub(crate) mod model;
pub(crate) mod reason;
pub(crate) mod words;

use std::fmt;

/// Something wrong, and where: a line that does not parse, or an expectation that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}
