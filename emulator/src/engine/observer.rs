//! Who watches a run. The engine is compiled for each observer, so that nobody pays for what
//! nobody sees.

use crate::hart::{Fetched, Hart, TrapTaken};
use crate::isa::{Insn, Privilege};

/// An instruction that completed.
#[derive(Clone, Copy, Debug)]
pub struct Retired {
    /// Where it stood.
    pub pc: u64,
    /// Its bits.
    pub fetched: Fetched,
    /// What they mean.
    pub insn: Insn,
    /// The privilege it ran in.
    pub privilege: Privilege,
}

/// Watches instructions and traps.
pub trait Observer {
    /// Whether the hart should note CSR writes, loads and stores ([`Hart::effects`]).
    const EFFECTS: bool = false;

    /// An instruction completed; `hart` is as it left it.
    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        let _ = (hart, retired);
    }

    /// A trap was taken; `hart` is at the handler.
    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        let _ = (hart, trap);
    }
}

/// Nobody.
impl Observer for () {}

impl<T: Observer> Observer for &mut T {
    const EFFECTS: bool = T::EFFECTS;

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        (**self).retired(hart, retired);
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        (**self).trapped(hart, trap);
    }
}

impl<T: Observer> Observer for Option<T> {
    const EFFECTS: bool = T::EFFECTS;

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        if let Some(observer) = self {
            observer.retired(hart, retired);
        }
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        if let Some(observer) = self {
            observer.trapped(hart, trap);
        }
    }
}

/// Two observers, one after the other.
pub struct Pair<A, B>(pub A, pub B);

impl<A: Observer, B: Observer> Observer for Pair<A, B> {
    const EFFECTS: bool = A::EFFECTS || B::EFFECTS;

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        self.0.retired(hart, retired);
        self.1.retired(hart, retired);
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        self.0.trapped(hart, trap);
        self.1.trapped(hart, trap);
    }
}
