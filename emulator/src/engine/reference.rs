//! The reference engine: fetch, decode, execute, one instruction after the other.

use super::{Decoder, Observer, Pause, Retired};
use crate::exec::execute;
use crate::hart::{Cause, Hart, Interest, Trap, TrapTaken};
use crate::isa::{Exception, Privilege};
use crate::mem::Bus;
use crate::mmu::Satp;

/// The reference engine of one hart.
#[derive(Default)]
pub struct Reference {
    decoder: Decoder,
    last_trap: Option<TrapTaken>,
}

impl Reference {
    /// Runs until `budget` instructions have retired, or something else must be looked at.
    pub fn run<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        budget: u64,
        observer: &mut O,
    ) -> Pause {
        let end = hart.retired.saturating_add(budget);
        hart.effects.enabled = O::EFFECTS;
        hart.watch(if O::EVENTS {
            observer.interest_for(hart, budget)
        } else {
            Interest::Nothing
        });
        hart.catch_up(bus);
        loop {
            if let Some(pause) = before_instruction(hart, observer) {
                return pause;
            }
            if hart.retired >= end {
                return Pause::Budget;
            }
            if O::STOPS && observer.stops(hart, bus) {
                return Pause::Break;
            }
            if let Err(trap) = step(hart, bus, &mut self.decoder, observer) {
                if O::EVENTS {
                    // Nothing has changed, so the privilege has not.
                    tell_events(hart, observer, hart.privilege);
                }
                let taken = hart.take_trap(Cause::Exception(trap.exception), trap.value);
                observer.trapped(hart, &taken);
                if repeats(self.last_trap, &taken) {
                    return Pause::TrapLoop(taken);
                }
                self.last_trap = Some(taken);
            }
            if bus.needs_attention() {
                return Pause::Attention;
            }
        }
    }
}

/// Takes an interrupt if there is one to take. Says whether the hart cannot go on.
#[inline]
pub(super) fn before_instruction<O: Observer>(hart: &mut Hart, observer: &mut O) -> Option<Pause> {
    if hart.check_interrupts {
        if let Some(interrupt) = hart.pending_interrupt() {
            hart.waiting = false;
            let taken = hart.take_trap(Cause::Interrupt(interrupt), 0);
            observer.trapped(hart, &taken);
        }
        if hart.take_timer_changed() {
            return Some(Pause::Attention);
        }
    }
    if hart.waiting {
        if !hart.has_wakeup() {
            return Some(Pause::Waiting);
        }
        hart.waiting = false;
    }
    None
}

/// Whether a trap is the last one over again, at the first instruction of its own handler. No
/// instruction retired in between, so neither time nor anything else has changed, nor ever will.
pub(super) fn repeats(last: Option<TrapTaken>, taken: &TrapTaken) -> bool {
    last == Some(*taken) && taken.epc == taken.handler && taken.from == taken.to
}

/// Executes the instruction at the pc. If it traps, nothing has changed.
pub(super) fn step<O: Observer>(
    hart: &mut Hart,
    bus: &mut Bus,
    decoder: &mut Decoder,
    observer: &mut O,
) -> Result<(), Trap> {
    if O::EFFECTS {
        hart.effects.clear();
    }
    let privilege = hart.privilege;
    let fetched = hart.fetch(bus)?;
    let illegal = Trap::new(Exception::IllegalInstruction, u64::from(fetched.word));
    let insn = decoder
        .decode(fetched.word, hart.extensions())
        .ok_or(illegal)?;
    let pc = hart.pc;
    hart.next_pc = pc.wrapping_add(u64::from(fetched.len));
    if let Err(trap) = execute(hart, bus, insn) {
        return Err(if trap.exception == Exception::IllegalInstruction {
            illegal
        } else {
            trap
        });
    }
    if O::EVENTS {
        tell_events(hart, observer, privilege);
    }
    hart.pc = hart.next_pc;
    hart.retired = hart.retired.wrapping_add(1);
    observer.retired(
        hart,
        &Retired {
            pc,
            fetched,
            insn,
            privilege,
        },
    );
    Ok(())
}

/// Tells what happened while the instruction at the pc ran, which began with `privilege`.
#[inline(always)]
pub(super) fn tell_events<O: Observer>(hart: &mut Hart, observer: &mut O, privilege: Privilege) {
    if !hart.events.is_empty() {
        tell_each(hart, observer, privilege);
    }
}

#[inline(never)]
fn tell_each<O: Observer>(hart: &mut Hart, observer: &mut O, privilege: Privilege) {
    let mut list = hart.events.take(privilege, Satp(hart.csr.satp));
    for event in list.drain(..) {
        observer.event(hart, &event);
    }
    hart.events.reuse(list);
}
