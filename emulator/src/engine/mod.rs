//! How instructions are run fast, and what ends a run.

mod decoder;
mod observer;
mod reference;

pub use decoder::Decoder;
pub use observer::{Observer, Pair, Retired};
pub use reference::run;

use crate::hart::TrapTaken;

/// Why an engine returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The budget of instructions is used up.
    Budget,
    /// The last instruction touched a device or the host interface, or set a timer.
    Attention,
    /// The hart waits for an interrupt, and none is pending.
    Waiting,
    /// The hart traps at the first instruction of its own trap handler, for ever.
    TrapLoop(TrapTaken),
}
