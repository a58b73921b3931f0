//! Who watches a run. The engine is compiled for each observer, so that nobody pays for what
//! nobody sees.

use crate::hart::{Event, Fetched, Hart, Interest, TrapTaken};
use crate::isa::{Insn, Privilege};
use crate::mem::Bus;

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
    /// Whether it may want to hear of events ([`Observer::event`]).
    const EVENTS: bool = false;
    /// Whether it may want to stop the run ([`Observer::stops`]).
    const STOPS: bool = false;

    /// Whether it must hear of each instruction ([`Observer::retired`], [`Observer::stops`], [`Hart::effects`]). If
    /// not, faster engines may run the hart. Asked at the start of each slice.
    fn wants_each_instruction(&self) -> bool {
        true
    }

    /// How much it wants to hear of events. Asked at the start of each slice.
    fn interest(&self) -> Interest {
        Interest::Nothing
    }

    /// The same for the next slice alone: `budget` instructions of this hart.
    fn interest_for(&self, hart: &Hart, budget: u64) -> Interest {
        let _ = (hart, budget);
        self.interest()
    }

    /// Something happened while an instruction ran. `hart.pc` is still that instruction, and
    /// [`Observer::retired`] or [`Observer::trapped`] comes afterwards.
    fn event(&mut self, hart: &Hart, event: &Event) {
        let _ = (hart, event);
    }

    /// Whether to stop before the instruction at `hart.pc`; the bus is there to be looked at only. The run can go on from there, and then
    /// this is asked again.
    fn stops(&mut self, hart: &Hart, bus: &mut Bus) -> bool {
        let _ = (hart, bus);
        false
    }

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
impl Observer for () {
    fn wants_each_instruction(&self) -> bool {
        false
    }
}

impl<T: Observer> Observer for &mut T {
    const EFFECTS: bool = T::EFFECTS;
    const EVENTS: bool = T::EVENTS;
    const STOPS: bool = T::STOPS;

    fn wants_each_instruction(&self) -> bool {
        (**self).wants_each_instruction()
    }

    fn interest(&self) -> Interest {
        (**self).interest()
    }

    fn interest_for(&self, hart: &Hart, budget: u64) -> Interest {
        (**self).interest_for(hart, budget)
    }

    fn event(&mut self, hart: &Hart, event: &Event) {
        (**self).event(hart, event);
    }

    fn stops(&mut self, hart: &Hart, bus: &mut Bus) -> bool {
        (**self).stops(hart, bus)
    }

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        (**self).retired(hart, retired);
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        (**self).trapped(hart, trap);
    }
}

impl<T: Observer> Observer for Option<T> {
    const EFFECTS: bool = T::EFFECTS;
    const EVENTS: bool = T::EVENTS;
    const STOPS: bool = T::STOPS;

    fn wants_each_instruction(&self) -> bool {
        (self.as_ref()).is_some_and(Observer::wants_each_instruction)
    }

    fn interest(&self) -> Interest {
        self.as_ref().map_or(Interest::Nothing, Observer::interest)
    }

    fn interest_for(&self, hart: &Hart, budget: u64) -> Interest {
        let observer = self.as_ref();
        observer.map_or(Interest::Nothing, |it| it.interest_for(hart, budget))
    }

    fn event(&mut self, hart: &Hart, event: &Event) {
        if let Some(observer) = self {
            observer.event(hart, event);
        }
    }

    fn stops(&mut self, hart: &Hart, bus: &mut Bus) -> bool {
        self.as_mut()
            .is_some_and(|observer| observer.stops(hart, bus))
    }

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
    const EVENTS: bool = A::EVENTS || B::EVENTS;
    const STOPS: bool = A::STOPS || B::STOPS;

    fn wants_each_instruction(&self) -> bool {
        self.0.wants_each_instruction() || self.1.wants_each_instruction()
    }

    fn interest(&self) -> Interest {
        self.0.interest().max(self.1.interest())
    }

    fn interest_for(&self, hart: &Hart, budget: u64) -> Interest {
        let first = self.0.interest_for(hart, budget);
        first.max(self.1.interest_for(hart, budget))
    }

    fn event(&mut self, hart: &Hart, event: &Event) {
        self.0.event(hart, event);
        self.1.event(hart, event);
    }

    fn stops(&mut self, hart: &Hart, bus: &mut Bus) -> bool {
        // Both are asked, since asking may change them.
        let first = self.0.stops(hart, bus);
        self.1.stops(hart, bus) || first
    }

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        self.0.retired(hart, retired);
        self.1.retired(hart, retired);
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        self.0.trapped(hart, trap);
        self.1.trapped(hart, trap);
    }
}
