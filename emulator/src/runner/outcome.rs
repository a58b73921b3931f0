//! How a test ends: one pass, and the ways of failing told apart.

use crate::hart::{Cause, TrapTaken};
use crate::report::stats::grouped;
use std::fmt;
use std::time::Duration;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It exited with code zero: it wrote 1 to `tohost`.
    Passed,
    /// It said that a check failed.
    CheckFailed {
        /// The check's number.
        number: u64,
    },
    /// A trap that it did not expect made it give up.
    UnexpectedTrap {
        /// The trap.
        trap: TrapTaken,
        /// The number of the check it was in, as far as it told.
        number: u64,
    },
    /// It traps at the first instruction of its trap handler, for ever.
    TrapLoop {
        /// The trap that led there.
        first: TrapTaken,
        /// The trap that repeats.
        repeated: TrapTaken,
    },
    /// It ran into the limit on time.
    Timeout(Duration),
    /// It ran into the limit on instructions.
    InstructionLimit(u64),
    /// It waits for an interrupt that nothing will raise.
    Asleep,
    /// It asked the host for something that does not exist.
    BadRequest(String),
    /// Two engines that ran side by side did not do the same.
    Differs(String),
    /// The file has no symbol `tohost`, so it cannot say that it passed. It was not run.
    NoTohost,
    /// It cannot be loaded.
    CannotLoad(String),
}

impl Outcome {
    /// Whether the test passed.
    pub fn passed(&self) -> bool {
        *self == Self::Passed
    }

    /// The class in a word or two, for machines: JSON and JUnit.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::CheckFailed { .. } => "check-failed",
            Self::UnexpectedTrap { trap, .. } => match trap.cause {
                Cause::Exception(crate::isa::Exception::IllegalInstruction) => {
                    "illegal-instruction"
                }
                _ => "unexpected-trap",
            },
            Self::TrapLoop { .. } => "trap-loop",
            Self::Timeout(_) => "timeout",
            Self::InstructionLimit(_) => "instruction-limit",
            Self::Asleep => "asleep",
            Self::BadRequest(_) => "bad-request",
            Self::Differs(_) => "engines-differ",
            Self::NoTohost => "no-tohost",
            Self::CannotLoad(_) => "cannot-load",
        }
    }

    /// The number of the check that failed, or in which a trap came.
    pub fn number(&self) -> Option<u64> {
        match *self {
            Self::CheckFailed { number } | Self::UnexpectedTrap { number, .. } => Some(number),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => write!(f, "passed"),
            Self::CheckFailed { number } => {
                write!(f, "check {number} failed (tohost = {:#x})", number << 1 | 1)
            }
            Self::UnexpectedTrap { trap, number } => {
                write!(f, "unexpected {} in check {number}", trap.cause)
            }
            Self::TrapLoop { first, repeated } => {
                write!(f, "crashed: {}", first.cause)?;
                if first != repeated {
                    write!(f, ", then {} in its trap handler, for ever", repeated.cause)?;
                }
                Ok(())
            }
            Self::Timeout(limit) => write!(f, "no result after {} s", limit.as_secs_f64()),
            Self::InstructionLimit(limit) => {
                write!(f, "no result after {} instructions", grouped(*limit))
            }
            Self::Asleep => write!(
                f,
                "asleep: it waits for an interrupt that nothing will raise"
            ),
            Self::BadRequest(what) => write!(f, "bad request to the host: {what}"),
            Self::Differs(how) => f.write_str(how),
            Self::NoTohost => write!(f, "no symbol tohost, so it cannot say that it passed"),
            Self::CannotLoad(why) => write!(f, "cannot be loaded: {why}"),
        }
    }
}
