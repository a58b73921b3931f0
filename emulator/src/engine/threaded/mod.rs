//! The threaded engine: instructions are decoded once, into blocks of operations, and each operation's handler jumps
//! to the next one's.
//!
//! - Blocks are found by their *physical* address, and hold nothing that depends on the virtual one. So changes of
//!   translation, address space or privilege leave them alone. Within a page, blocks are linked to each other; from
//!   page to page the way leads through the known places, which are by virtual address, and behind them through the fast
//!   array for fetches and the table of jumps.
//! - Whatever is not plain (a miss of the fast arrays, a CSR, a fence, a trap) is executed by the same functions as in
//!   the reference engine, from the same state: pc, retired instructions and figures are exact then.
//! - A block is paid for when it is entered. One that the budget does not suffice for is stepped by the reference
//!   engine, so that interrupts come at the same instruction.

// One sentence says why a handler's or a helper's accesses are sound, and it is the same for all of them.
#![allow(clippy::multiple_unsafe_ops_per_block)]

#[cfg(not(all(target_pointer_width = "64", target_endian = "little")))]
compile_error!("the threaded engine needs a host with 64-bit pointers and little-endian memory");

mod atomic;
mod build;
mod code;
mod context;
mod float;
mod handlers;
pub(super) mod host;
mod leave;
mod op;
mod pair;
mod slow;
mod step;
mod table;

use super::reference::{Reference, before_instruction, repeats, step, tell_events};
use super::{Decoder, Observer, Pause};
use crate::hart::{Cause, Hart, Interest, TrapTaken};
use crate::mem::{Bus, PAGE_SIZE, PhysAddr};
use code::Code;
use context::{Context, Exit};
use op::{MOST_INSTRUCTIONS, Op, Results, budget};

/// What the engine keeps for each hart.
#[derive(Default)]
struct HartSide {
    decoder: Decoder,
    last_trap: Option<TrapTaken>,
    /// For runs that someone watches instruction by instruction.
    reference: Reference,
}

/// The threaded engine of a machine.
pub struct Threaded {
    code: Code,
    harts: Vec<HartSide>,
}

impl Threaded {
    /// An engine for so many harts.
    pub fn new(harts: usize) -> Self {
        Self {
            code: Code::default(),
            harts: (0..harts).map(|_| HartSide::default()).collect(),
        }
    }

    /// Runs a hart until `instructions` have retired, or something else must be looked at.
    pub fn run<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        instructions: u64,
        observer: &mut O,
    ) -> Pause {
        let interest = if O::EVENTS {
            observer.interest_for(hart, instructions)
        } else {
            Interest::Nothing
        };
        bus.memory_mut().watch_reservations(hart.id);
        let Some(side) = self.harts.get_mut(hart.id) else {
            return Pause::Budget;
        };
        if observer.wants_each_instruction() || interest == Interest::Everything {
            return side.reference.run(hart, bus, instructions, observer);
        }
        let _restored = host::Control::save();
        let end = hart.retired.saturating_add(instructions);
        hart.effects.enabled = false;
        hart.watch(interest);
        hart.catch_up(bus);
        loop {
            if let Some(pause) = before_instruction(hart, observer) {
                return pause;
            }
            if hart.retired >= end {
                return Pause::Budget;
            }
            let left = end - hart.retired;
            if let Some(taken) = self.advance(hart, bus, left, Reach::Far, observer) {
                let side = &mut self.harts[hart.id];
                if repeats(side.last_trap, &taken) {
                    return Pause::TrapLoop(taken);
                }
                side.last_trap = Some(taken);
            }
            if bus.needs_attention() {
                return Pause::Attention;
            }
        }
    }

    /// Runs at least one instruction and at most `instructions`. Gives the trap that ended this, which was taken.
    pub(super) fn advance<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        instructions: u64,
        reach: Reach,
        observer: &mut O,
    ) -> Option<TrapTaken> {
        let side = self.harts.get_mut(hart.id)?;
        let exit = chain(
            &mut self.code,
            &mut side.decoder,
            hart,
            bus,
            instructions,
            reach,
        );
        let done = match exit {
            Exit::Look => Ok(()),
            Exit::Executed(privilege) => {
                if O::EVENTS {
                    tell_events(hart, observer, privilege);
                }
                hart.pc = hart.next_pc;
                hart.retired = hart.retired.wrapping_add(1);
                Ok(())
            }
            Exit::Step => step(hart, bus, &mut side.decoder, observer),
            Exit::Trap(trap) => Err(trap),
        };
        let trap = done.err()?;
        if O::EVENTS {
            tell_events(hart, observer, hart.privilege);
        }
        let taken = hart.take_trap(Cause::Exception(trap.exception), trap.value);
        observer.trapped(hart, &taken);
        Some(taken)
    }
}

/// How far a chain goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the end of the first block.
    Block,
    /// As far as it can.
    Far,
}

/// Runs blocks from the pc on, until `instructions` have retired or something else happens.
fn chain(
    code: &mut Code,
    decoder: &mut Decoder,
    hart: &mut Hart,
    bus: &mut Bus,
    instructions: u64,
    reach: Reach,
) -> Exit {
    if bus.memory().decoded_is_stale() {
        match bus.memory_mut().take_stale_decoded() {
            Some(pages) => pages.into_iter().for_each(|page| code.drop_page(page)),
            None => code.clear(),
        }
    }
    if hart.triggers.armed(hart.privilege) {
        return Exit::Step;
    }
    let Some(pa) = hart.fetch_place(hart.pc) else {
        return Exit::Step;
    };
    let bias = bus.ram().bias();
    code.prepare(bus, hart.extensions());
    code.point(&mut hart.fast.known);
    let known = code.known(pa.wrapping_add(bias));
    let instructions = instructions.min(MOST_INSTRUCTIONS);
    let mut context = Context {
        jumps: code.jumps(),
        code,
        bus,
        decoder,
        end: hart.retired.wrapping_add(instructions),
        fetched: hart.retired,
        extensions: hart.extensions(),
        exit: Exit::Look,
        #[cfg(not(tail_calls))]
        relay: None,
    };
    let page = hart.pc & !(PAGE_SIZE - 1);
    let start = (pa % PAGE_SIZE) as u16;
    let first = known
        .unwrap_or_else(|| build::find_or_build(hart, &mut context, PhysAddr(pa).page(), start));
    if first.is_null() {
        return Exit::Step;
    }
    let instructions = match reach {
        Reach::Far => instructions,
        // SAFETY: it begins a block.
        Reach::Block => instructions.min(unsafe { op::instructions(first) }.max(1)),
    };
    let end = hart.retired.wrapping_add(instructions);
    context.end = end;
    float::prepare(hart);
    let context = &raw mut context;
    hart.engine = context.expose_provenance();
    let left = budget(instructions as i64, 0, 0);
    // SAFETY: the block was just found in this code; the hart, the code and the bus are borrowed by this function
    // alone, and used through these pointers only until the chain ends.
    unsafe { enter(hart, first, left, page) };
    float::fold_flags(hart);
    hart.engine = 0;
    // SAFETY: it is on this function's stack.
    match unsafe { (*context).exit } {
        // The last instruction that there was room for was the end of a block.
        Exit::Step if hart.retired == end => Exit::Look,
        exit => exit,
    }
}

/// Pays for a block and runs the chain that begins with it.
///
/// # Safety
///
/// As for an [`op::Handler`], but that the block has not been paid for.
unsafe fn enter(hart: *mut Hart, first: *const Op, left: i64, page: u64) {
    // SAFETY: it begins a block.
    let left = left - unsafe { op::charge(first) };
    if left < 0 {
        // SAFETY: the caller says so.
        unsafe { leave::out_of_budget(hart, first, Results::NONE, left, page) };
        return;
    }
    // SAFETY: the operation is valid, and paid for.
    unsafe { ((*first).handler)(hart, first, Results::NONE, left, page) };
    #[cfg(not(tail_calls))]
    loop {
        // SAFETY: as above.
        let context = unsafe { &mut *op::context(hart) };
        let Some(relay) = context.relay.take() else {
            return;
        };
        let context::Relay {
            handler,
            op,
            acc,
            budget,
            page,
        } = relay;
        // SAFETY: the handler before asked for it.
        unsafe { handler(hart, op, acc, budget, page) };
    }
}
