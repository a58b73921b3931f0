//! Instructions that are executed as the reference engine does it: those without a handler of their own, and those
//! whose handler met something that is not plain.

use super::build::static_counts;
use super::context::{Context, Exit};
use super::float;
use super::leave::{count, go_to, leave, retired};
use super::op::{Op, budget, context, handler, info, next};
use crate::exec::execute;
use crate::hart::{Hart, Trap};
use crate::isa::{Exception, Insn, length};
use crate::mem::{Bus, PhysAddr};

/// Says that the chain has ended: no budget is so low.
const LEFT: i64 = i64::MIN;

handler! {
    /// Executes an instruction that writes a register as the reference engine does, and goes on after it.
    #[cold]
    #[inline(never)]
    fn slow [] (hart, op, acc, budget, page) {
        let budget = execute_slowly(hart, op, budget, page);
        if budget != LEFT {
            let result = *(*hart).x.as_ptr().add((*op).rd.into());
            next!(hart, op.add(1), acc.then(result), budget, page)
        }
    }

    /// The same for one that writes none.
    #[cold]
    #[inline(never)]
    fn slow_without_result [] (hart, op, acc, budget, page) {
        let budget = execute_slowly(hart, op, budget, page);
        if budget != LEFT {
            next!(hart, op.add(1), acc, budget, page)
        }
    }

    /// The whole block: an instruction that lies on two pages.
    fn straddle [] (hart, op, acc, budget, page) {
        let budget = execute_straddling(hart, op, budget, page);
        if budget != LEFT {
            let pc = (*hart).pc;
            go_to!(hart, pc, op, acc, budget)
        }
    }

    /// The last instruction of a block, which may change everything.
    fn system [] (hart, op, acc, budget, page) {
        let budget = execute_system(hart, op, budget, page);
        if budget != LEFT {
            let pc = (*hart).pc;
            go_to!(hart, pc, op, acc, budget)
        }
    }
}

/// Executes an instruction that lies on two pages. Gives the budget, and sets the pc, or gives [`LEFT`].
///
/// What it is depends on where the second page is, so the block has not paid for it.
///
/// # Safety
///
/// As for a [`super::op::Handler`].
#[inline(never)]
unsafe fn execute_straddling(hart: *mut Hart, op: *const Op, left: i64, page: u64) -> i64 {
    // SAFETY: nobody else uses them.
    let context = unsafe { &mut *context(hart) };
    // SAFETY: as above.
    let bus = unsafe { &mut *context.bus };
    // SAFETY: as above.
    let decoder = unsafe { &mut *context.decoder };
    // SAFETY: what is known of a block lives as long as it.
    let start = unsafe { &*info(op) }.start;
    let raw = hart;
    // SAFETY: as above.
    let hart = unsafe { &mut *hart };
    hart.pc = page.wrapping_add(start.into());
    let paid = left + budget(-1, 0, 0);
    let half = |hart: &Hart, va: u64| {
        let at = hart.fetch_place(va)?;
        bus.ram().load(PhysAddr(at), 2)
    };
    let halves = half(hart, hart.pc).zip(half(hart, hart.pc.wrapping_add(2)));
    let word = match halves {
        Some((low, high)) if length(low as u16) == 4 && paid >= 0 => (high << 16 | low) as u32,
        _ => {
            // SAFETY: the caller says so.
            unsafe { leave(raw, left, false, Exit::Step) };
            return LEFT;
        }
    };
    // It was fetched in two accesses.
    hart.fast.fetch.hits = hart.fast.fetch.hits.wrapping_add(1);
    let insn = decoder.decode(word, context.extensions);
    // SAFETY: the caller says so.
    unsafe {
        execute_last(raw, insn, 4, paid, |trap, _| match trap.exception {
            Exception::IllegalInstruction => Trap::new(trap.exception, word.into()),
            _ => trap,
        })
    }
}

/// The trap that an instruction raised, with its bits if it is illegal.
fn trap_of(trap: Trap, bus: &Bus, at: PhysAddr) -> Trap {
    if trap.exception != Exception::IllegalInstruction {
        return trap;
    }
    // It was decoded from there, on one page of RAM.
    let low = bus.ram().load(at, 2).unwrap_or(0) as u16;
    let size = length(low);
    let bits = bus.ram().load(at, size).unwrap_or(low.into());
    Trap::new(Exception::IllegalInstruction, bits)
}

/// Whether something has happened that the run loop must look at. `page` is that of the next instruction, if it is
/// the same as before.
fn must_look(hart: &mut Hart, bus: &Bus, context: &Context, page: Option<u64>) -> bool {
    if hart.check_interrupts && (hart.has_timer_changed() || hart.pending_interrupt().is_some()) {
        hart.check_interrupts = true;
        return true;
    }
    hart.waiting
        || bus.needs_attention()
        || bus.memory().decoded_is_stale()
        || !hart.events.is_empty()
        || page.is_some_and(|page| !hart.fast.fetch.holds(page))
        || hart.extensions() != context.extensions
        || hart.triggers.armed(hart.privilege)
}

/// Executes what may be an instruction.
fn execute_one(hart: &mut Hart, bus: &mut Bus, insn: Option<Insn>) -> Result<(), Trap> {
    match insn {
        Some(insn) => execute(hart, bus, insn),
        None => Err(Trap::new(Exception::IllegalInstruction, 0)),
    }
}

/// Executes an instruction that is not plain. Gives the budget, or [`LEFT`].
///
/// # Safety
///
/// As for a [`super::op::Handler`].
#[inline(never)]
unsafe fn execute_slowly(hart: *mut Hart, op: *const Op, left: i64, page: u64) -> i64 {
    // SAFETY: nobody else uses them.
    let context = unsafe { &mut *context(hart) };
    // SAFETY: as above.
    let bus = unsafe { &mut *context.bus };
    // SAFETY: what is known of a block lives as long as it.
    let info = unsafe { &*info(op) };
    // SAFETY: the operation is valid.
    let to_trailer = usize::from(unsafe { (*op).left });
    // The last operation of a block may be none of its instructions.
    let ops = info.insns.len() + usize::from(info.ends_with_jump);
    let index = ops - to_trailer;
    let decoded = info.insns[index];
    let remaining = i64::from(info.count - decoded.number);
    // The instruction counts its access itself.
    let (loads, stores) = static_counts(decoded.insn);
    let left = left - budget(0, loads, stores);
    // SAFETY: as above. Only now, since all others come from it.
    let (raw, hart) = (hart, unsafe { &mut *hart });
    float::fold_flags(hart);
    hart.pc = page.wrapping_add(decoded.offset.into());
    hart.next_pc = hart.pc.wrapping_add(decoded.length());
    hart.retired = retired(context, left + budget(remaining, 0, 0));
    let privilege = hart.privilege;
    let done = execute_one(hart, bus, decoded.insn);
    float::prepare(hart);
    let exit = match done {
        Ok(()) if !must_look(hart, bus, context, Some(page)) => return left,
        Ok(()) => Exit::Executed(privilege),
        Err(trap) => Exit::Trap(trap_of(trap, bus, info.page.offset(decoded.offset.into()))),
    };
    // Neither this instruction nor those after it have retired.
    let mut left = left + budget(remaining, 0, 0);
    for decoded in info.insns.iter().skip(index + 1) {
        let (loads, stores) = static_counts(decoded.insn);
        left -= budget(0, loads, stores);
    }
    // SAFETY: the caller says so.
    unsafe { leave(raw, left, true, exit) };
    LEFT
}

/// Executes the last instruction of a block. Gives the budget, and sets the pc, or gives [`LEFT`].
///
/// # Safety
///
/// As for a [`super::op::Handler`].
#[inline(never)]
unsafe fn execute_system(hart: *mut Hart, op: *const Op, left: i64, page: u64) -> i64 {
    // SAFETY: what is known of a block lives as long as it.
    let info = unsafe { &*info(op) };
    let Some(decoded) = info.insns.last() else {
        return left;
    };
    let at = info.page.offset(decoded.offset.into());
    // SAFETY: nobody else uses it.
    unsafe { (*hart).pc = page.wrapping_add(decoded.offset.into()) };
    // SAFETY: the caller says so.
    unsafe {
        execute_last(hart, decoded.insn, decoded.length(), left, |trap, bus| {
            trap_of(trap, bus, at)
        })
    }
}

/// Executes the instruction at the pc, which has been paid for, and after which a chain goes on at an address. Gives
/// the budget, and sets the pc, or gives [`LEFT`]. `with_bits` puts its bits into a trap.
///
/// # Safety
///
/// As for a [`super::op::Handler`].
#[inline(always)]
unsafe fn execute_last(
    hart: *mut Hart,
    insn: Option<Insn>,
    length: u64,
    left: i64,
    with_bits: impl FnOnce(Trap, &Bus) -> Trap,
) -> i64 {
    // SAFETY: nobody else uses them.
    let context = unsafe { &mut *context(hart) };
    // SAFETY: as above.
    let bus = unsafe { &mut *context.bus };
    let raw = hart;
    // SAFETY: as above.
    let hart = unsafe { &mut *hart };
    float::fold_flags(hart);
    let after = retired(context, left);
    hart.retired = after.wrapping_sub(1);
    // It may choose other arrays, so what these have answered is counted now.
    let left = count(hart, context, after, left);
    hart.next_pc = hart.pc.wrapping_add(length);
    let privilege = hart.privilege;
    let done = execute_one(hart, bus, insn);
    float::prepare(hart);
    let exit = match done {
        Ok(()) if !must_look(hart, bus, context, None) => {
            hart.pc = hart.next_pc;
            hart.retired = after;
            return left;
        }
        Ok(()) => Exit::Executed(privilege),
        Err(trap) => Exit::Trap(with_bits(trap, bus)),
    };
    // SAFETY: the caller says so.
    unsafe { leave(raw, left + budget(1, 0, 0), true, exit) };
    LEFT
}
