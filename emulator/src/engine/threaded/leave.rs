//! How a chain of handlers ends, and how it goes on at an address.

use super::build::find_or_build;
use super::code::jump_index;
use super::context::{Context, Exit};
use super::op::{
    COUNT_MASK, INSTRUCTIONS, LOADS, Op, Trailer, charge, context, follow, handler, info,
};
use crate::hart::Hart;
use crate::hart::fast::Slot;
use crate::mem::PAGE_SIZE;

/// Counts the fetches up to the instruction that will be number `fetched`, and the loads and stores of a budget.
/// Gives the budget without these.
pub(super) fn count(hart: &mut Hart, context: &mut Context, fetched: u64, budget: i64) -> i64 {
    let fast = &mut hart.fast;
    fast.fetch.hits = fast
        .fetch
        .hits
        .wrapping_add(fetched.wrapping_sub(context.fetched));
    context.fetched = fetched;
    let (loads, stores) = (budget >> LOADS & COUNT_MASK, budget & COUNT_MASK);
    fast.load.hits = fast.load.hits.wrapping_add(loads as u64);
    fast.store.hits = fast.store.hits.wrapping_add(stores as u64);
    budget >> INSTRUCTIONS << INSTRUCTIONS
}

/// How many instructions have retired when the budget is this.
pub(super) fn retired(context: &Context, budget: i64) -> u64 {
    context.end.wrapping_sub((budget >> INSTRUCTIONS) as u64)
}

/// Ends the chain before the instruction at the hart's pc. `fetched` says whether that one has been fetched already.
///
/// # Safety
///
/// As for a [`super::op::Handler`]; the budget is that of the instructions that have retired.
pub(super) unsafe fn leave(hart: *mut Hart, budget: i64, fetched: bool, exit: Exit) {
    // SAFETY: nobody else uses them.
    let context = unsafe { &mut *context(hart) };
    // SAFETY: as above.
    let hart = unsafe { &mut *hart };
    hart.retired = retired(context, budget);
    let upto = hart.retired.wrapping_add(fetched.into());
    count(hart, context, upto, budget);
    context.exit = exit;
}

/// The first operation of the block at an address, if the fast arrays know its page and the jump table knows it;
/// else null.
///
/// # Safety
///
/// As for a [`super::op::Handler`].
#[inline(always)]
pub(super) unsafe fn known(hart: *mut Hart, va: u64) -> *const Op {
    // SAFETY: the array for fetches is where it says.
    let (fetch, table) = unsafe { (&(*hart).fast.fetch, (*context(hart)).jumps) };
    let place = fetch.base + ((va >> 8) as usize & fetch.mask);
    // SAFETY: the mask keeps it within the array.
    let slot = unsafe { *std::ptr::with_exposed_provenance::<Slot>(place) };
    let at = va.wrapping_add(slot.delta);
    // SAFETY: the index is below the table's length.
    let jump = unsafe { *table.add(jump_index(at)) };
    if slot.tag == va & !(PAGE_SIZE - 1) && jump.at == at {
        jump.op
    } else {
        std::ptr::null()
    }
}

/// Goes on at an address.
macro_rules! go_to {
    ($hart:expr, $va:expr, $op:expr, $acc:expr, $budget:expr) => {{
        let va: u64 = $va;
        let first = $crate::engine::threaded::leave::known($hart, va);
        if first.is_null() {
            $crate::engine::threaded::op::go!(
                $crate::engine::threaded::leave::unknown,
                $hart,
                $op,
                va,
                $budget,
                0
            )
        } else {
            $crate::engine::threaded::op::follow!($hart, first, $acc, $budget, va & !0xfff)
        }
    }};
}
pub(super) use go_to;

handler! {
    /// The block was paid for, but the budget does not suffice.
    #[cold]
    fn out_of_budget [] (hart, op, _, budget, page) {
        (*hart).pc = page.wrapping_add((*info(op)).start.into());
        leave(hart, budget - charge(op), false, Exit::Step);
    }

    /// Going on at the address that comes as the last result needs a second look.
    #[cold]
    fn unknown [] (hart, _, target, budget, _) {
        (*hart).pc = target;
        leave(hart, budget, false, Exit::Look);
    }

    /// Stands for the target of a branch or jump that was not taken before.
    #[cold]
    fn taken_stub [] (hart, op, acc, budget, page) {
        let first = link(hart, op, TAKEN_CELLS);
        follow!(hart, first, acc, budget, page)
    }

    /// Stands for what comes after a branch that was always taken before.
    #[cold]
    fn next_stub [] (hart, op, acc, budget, page) {
        let first = link(hart, op, NEXT_CELLS);
        follow!(hart, first, acc, budget, page)
    }

    /// Stands for the target of a branch or jump to another page.
    fn taken_far [] (hart, op, acc, budget, page) {
        let target = (*(*trailer(op, TAKEN_CELLS)).info).taken;
        go_to!(hart, page.wrapping_add(target as u64), op, acc, budget)
    }

    /// Stands for what comes after a branch, on another page.
    fn next_far [] (hart, op, acc, budget, page) {
        let target = (*(*trailer(op, NEXT_CELLS)).info).next;
        go_to!(hart, page.wrapping_add(target as u64), op, acc, budget)
    }
}

/// Operations from the start of a trailer to its stubs.
const TAKEN_CELLS: usize = 2;
const NEXT_CELLS: usize = 3;

/// The trailer in which a stub stands.
#[inline(always)]
unsafe fn trailer(stub: *const Op, cells: usize) -> *mut Trailer {
    // SAFETY: the caller says which of the stubs it is.
    unsafe { stub.sub(cells) }.cast::<Trailer>().cast_mut()
}

/// Finds what a stub stands for, so that it is not asked again. If that is on another page, the stub stays.
///
/// # Safety
///
/// As for a [`super::op::Handler`], for a stub.
#[inline(never)]
unsafe fn link(hart: *mut Hart, stub: *const Op, cells: usize) -> *const Op {
    // SAFETY: the stub is so far behind the trailer's start.
    let trailer = unsafe { &mut *trailer(stub, cells) };
    // SAFETY: what is known of a block lives as long as it.
    let info = unsafe { &*trailer.info };
    let taken = cells == TAKEN_CELLS;
    let target = if taken { info.taken } else { info.next };
    match u16::try_from(target) {
        Ok(start) if u64::from(start) < PAGE_SIZE => {
            // SAFETY: nobody else uses them.
            let first = unsafe { find_or_build(&mut *hart, &mut *context(hart), info.page, start) };
            *(if taken {
                &mut trailer.taken
            } else {
                &mut trailer.next
            }) = first;
            first
        }
        _ if taken => {
            trailer.taken_stub.handler = taken_far;
            stub
        }
        _ => {
            trailer.next_stub.handler = next_far;
            stub
        }
    }
}
