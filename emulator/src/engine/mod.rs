//! How instructions are run fast, and what ends a run.

mod decoder;
mod lockstep;
mod observer;
mod reference;
mod threaded;

pub use lockstep::{Difference, Lockstep};
pub use observer::{Observer, Pair, Retired};
pub use reference::Reference;
pub use threaded::Threaded;

use crate::hart::{Hart, TrapTaken};
use crate::mem::Bus;
use decoder::Decoder;

/// Which engine runs a machine's harts. What the guest sees is the same with each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// Fetch, decode, execute, one instruction after the other.
    Reference,
    /// Decoded blocks.
    #[default]
    Threaded,
    /// Both, side by side, compared after each block.
    Lockstep,
}

/// The engine of a machine.
pub enum Engine {
    /// One for each hart.
    Reference(Vec<Reference>),
    /// One for all.
    Threaded(Box<Threaded>),
    /// The same.
    Lockstep(Box<Lockstep>),
}

impl Engine {
    /// An engine for so many harts.
    pub fn new(kind: EngineKind, harts: usize) -> Self {
        match kind {
            EngineKind::Reference => {
                Self::Reference((0..harts).map(|_| Reference::default()).collect())
            }
            EngineKind::Threaded => Self::Threaded(Box::new(Threaded::new(harts))),
            EngineKind::Lockstep => Self::Lockstep(Box::new(Lockstep::new(harts))),
        }
    }

    /// Runs a hart until `budget` instructions have retired, or something else must be looked at.
    pub fn run<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        budget: u64,
        observer: &mut O,
    ) -> Pause {
        match self {
            Self::Reference(engines) => match engines.get_mut(hart.id) {
                Some(engine) => engine.run(hart, bus, budget, observer),
                None => Pause::Budget,
            },
            Self::Threaded(engine) => engine.run(hart, bus, budget, observer),
            Self::Lockstep(engine) => engine.run(hart, bus, budget, observer),
        }
    }

    /// How the two engines of lockstep differed, after [`Pause::Differs`].
    pub fn difference(&self) -> Difference {
        match self {
            Self::Lockstep(engine) => engine.difference().clone(),
            _ => Difference::default(),
        }
    }
}

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
    /// Two engines that should do the same did not ([`Engine::difference`]).
    Differs,
    /// The hart traps at the first instruction of its own trap handler, for ever.
    TrapLoop(TrapTaken),
}
