//! The handlers of computations, loads, stores and jumps. What `K` means, [`super::step`] says.

use super::leave::go_to;
use super::op::{Op, SideExit, Trailer, follow, go, handler, next};
use super::slow::slow;
use super::step::{
    Condition, Memory, Step, first, immediate, load, place_within_page, second, set_x, store,
};

/// Leaves a block where its branch leads, and gives back what was paid for the rest.
macro_rules! go_out {
    ($hart:expr, $op:expr, $acc:expr, $budget:expr, $page:expr) => {{
        let op: *const Op = $op;
        let exit = op.offset((*op).imm as isize).cast::<SideExit>();
        follow!($hart, (*exit).taken, $acc, $budget + (*exit).refund, $page)
    }};
}
pub(super) use go_out;

handler! {
    fn one [S: Step] (hart, op, acc, budget, page) {
        match S::step(hart, op, acc) {
            Some(acc) => next!(hart, op.add(1), acc, budget, page),
            None => go!(S::OTHERWISE, hart, op, acc, budget, page),
        }
    }

    /// The immediate counts from the start of the page.
    fn pc_relative [] (hart, op, _, budget, page) {
        let value = page.wrapping_add(immediate(op));
        set_x(hart, (*op).rd, value);
        next!(hart, op.add(1), value, budget, page)
    }

    fn nothing [] (hart, op, acc, budget, page) {
        next!(hart, op.add(1), acc, budget, page)
    }

    #[cold]
    fn load_unaligned [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc).wrapping_add(immediate(op));
        match place_within_page(&raw const (*hart).fast.load, va, size_of::<T>() as u64) {
            Some(at) => next!(hart, op.add(1), load::<T>(hart, op, at), budget, page),
            None => go!(slow, hart, op, acc, budget, page),
        }
    }

    #[cold]
    fn store_unaligned [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc).wrapping_add(immediate(op));
        match place_within_page(&raw const (*hart).fast.store, va, size_of::<T>() as u64) {
            Some(at) => {
                store::<T, K>(hart, op, acc, at);
                next!(hart, op.add(1), acc, budget, page)
            }
            None => go!(slow, hart, op, acc, budget, page),
        }
    }

    fn branch [C: Condition, const K: u8] (hart, op, acc, budget, page) {
        let trailer = op.add(1).cast::<Trailer>();
        if C::holds(first::<K>(hart, op, acc), second::<K>(hart, op, acc)) {
            follow!(hart, (*trailer).taken, acc, budget, page)
        } else {
            follow!(hart, (*trailer).next, acc, budget, page)
        }
    }

    /// A branch in the middle of a block.
    fn branch_out [C: Condition, const K: u8] (hart, op, acc, budget, page) {
        if C::holds(first::<K>(hart, op, acc), second::<K>(hart, op, acc)) {
            go_out!(hart, op, acc, budget, page)
        } else {
            next!(hart, op.add(1), acc, budget, page)
        }
    }

    fn jump [] (hart, op, acc, budget, page) {
        follow!(hart, (*op.add(1).cast::<Trailer>()).taken, acc, budget, page)
    }

    /// The immediate is where the next instruction stands, from the start of the page.
    fn jump_and_link [] (hart, op, acc, budget, page) {
        set_x(hart, (*op).rd, page.wrapping_add(immediate(op)));
        follow!(hart, (*op.add(1).cast::<Trailer>()).taken, acc, budget, page)
    }

    fn jump_register [const K: u8] (hart, op, acc, budget, _) {
        let target = first::<K>(hart, op, acc).wrapping_add(immediate(op)) & !1;
        go_to!(hart, target, op, acc, budget)
    }

    fn jump_register_and_link [const K: u8] (hart, op, acc, budget, page) {
        let target = first::<K>(hart, op, acc).wrapping_add(immediate(op)) & !1;
        let next = (*op.add(1).cast::<Trailer>()).next.addr() as u64;
        set_x(hart, (*op).rd, page.wrapping_add(next));
        go_to!(hart, target, op, acc, budget)
    }
}
