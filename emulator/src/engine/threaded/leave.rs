//! How a chain of handlers ends, and how it goes on at an address.

use super::build::find_or_build;
use super::code::{Info, jump_index};
use super::context::{Context, Exit};
use super::op::{
    COUNT_MASK, INSTRUCTIONS, LOADS, Op, SideExit, Trailer, charge, context, follow, handler, info,
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
unsafe fn known(hart: *mut Hart, va: u64) -> *const Op {
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
        let place = $crate::engine::threaded::code::place(&raw const (*$hart).fast.known, va);
        if (*place).is_for(va, (*$hart).fast.known.key) {
            $crate::engine::threaded::op::follow!($hart, (*place).op, $acc, $budget, va & !0xfff)
        } else {
            $crate::engine::threaded::op::go!(
                $crate::engine::threaded::leave::look_up,
                $hart,
                $op,
                $acc.then(va),
                $budget,
                0
            )
        }
    }};
}
pub(super) use go_to;

handler! {
    /// The block was paid for, but the budget does not suffice.
    #[cold]
    fn out_of_budget [] (hart, op, _, budget, page) {
        (*hart).pc = page.wrapping_add((*info(op)).start.into());
        leave(hart, budget + charge(op), false, Exit::Step);
    }

    /// Goes on at the address that comes as the last result, which is not among the known places.
    #[cold]
    fn look_up [] (hart, _, acc, budget, _) {
        let va = acc.last;
        let first = known(hart, va);
        if first.is_null() {
            (*hart).pc = va;
            leave(hart, budget, false, Exit::Look);
        } else {
            (*(*context(hart)).code).remember(&mut (*hart).fast, va, first);
            follow!(hart, first, acc, budget, va & !0xfff)
        }
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

    /// Stands for the target of a side exit that was not taken before.
    #[cold]
    fn exit_stub [] (hart, op, acc, budget, page) {
        let first = link_exit(hart, op);
        follow!(hart, first, acc, budget, page)
    }

    /// Stands for the target of a side exit to another page.
    fn exit_far [] (hart, op, acc, budget, page) {
        let target = i64::from((*op).imm);
        go_to!(hart, page.wrapping_add(target as u64), op, acc, budget)
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

/// Operations from the start of a trailer, or of a side exit, to its stubs.
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
    // SAFETY: the caller says so.
    match unsafe { find_on_page(hart, info, target) } {
        Some(first) => {
            *(if taken {
                &mut trailer.taken
            } else {
                &mut trailer.next
            }) = first;
            first
        }
        None if taken => {
            trailer.taken_stub.handler = taken_far;
            stub
        }
        None => {
            trailer.next_stub.handler = next_far;
            stub
        }
    }
}

/// The same for the stub of a side exit.
///
/// # Safety
///
/// As for a [`super::op::Handler`], for such a stub.
#[inline(never)]
unsafe fn link_exit(hart: *mut Hart, stub: *const Op) -> *const Op {
    // SAFETY: the stub is so far behind the exit's start.
    let exit = unsafe { &mut *stub.sub(TAKEN_CELLS).cast::<SideExit>().cast_mut() };
    // SAFETY: what is known of a block lives as long as it.
    let info = unsafe { &*exit.info };
    // SAFETY: the caller says so.
    match unsafe { find_on_page(hart, info, exit.stub.imm.into()) } {
        Some(first) => {
            exit.taken = first;
            first
        }
        None => {
            exit.stub.handler = exit_far;
            stub
        }
    }
}

/// The block that begins so far from the start of the page on which another is, if that is on the page.
///
/// # Safety
///
/// As for a [`super::op::Handler`].
unsafe fn find_on_page(hart: *mut Hart, info: &Info, target: i64) -> Option<*const Op> {
    let start = u16::try_from(target).ok()?;
    // SAFETY: nobody else uses them.
    (u64::from(start) < PAGE_SIZE)
        .then(|| unsafe { find_or_build(&mut *hart, &mut *context(hart), info.page, start) })
}
