//! How instructions are run fast, and what ends a run.

mod decoder;
mod observer;
mod reference;

pub use observer::{Observer, Pair, Retired};
pub use reference::Reference;

use crate::hart::TrapTaken;
use decoder::Decoder;

/// Why an engine returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The budget of instructions is used up.
    Budget,
    /// The last instruction touched a device, the host interface or a timer.
    Attention,
    /// The hart waits for an interrupt, and none is pending.
    Waiting,
    /// An observer stopped the run before the next instruction.
    Break,
    /// The hart traps at the first instruction of its own trap handler, for ever.
    TrapLoop(TrapTaken),
}
