//! The handlers of computations, loads, stores and jumps. What `K` means, [`super::step`] says.

use super::leave::go_to;
use super::op::{Op, SideExit, Trailer, follow, go, handler, next};
use super::slow::{slow, slow_without_result};
use super::step::{
    Condition, Memory, Step, first, immediate, load, place_within_page, second, set_x, store,
};

/// Goes one of a branch's two ways, at the end of a block.
macro_rules! go_either_way {
    ($condition:ty, $k:ident, $hart:expr, $op:expr, $acc:expr, $budget:expr, $page:expr) => {{
        let op: *const Op = $op;
        let trailer = op.add(1).cast::<Trailer>();
        if <$condition>::holds(first::<$k>($hart, op, $acc), second::<$k>($hart, op, $acc)) {
            follow!($hart, (*trailer).taken, $acc, $budget, $page)
        } else {
            follow!($hart, (*trailer).next, $acc, $budget, $page)
        }
    }};
}
pub(super) use go_either_way;

/// Leaves a block by a branch in its middle, or goes on.
macro_rules! go_out_or_on {
    ($condition:ty, $k:ident, $hart:expr, $op:expr, $acc:expr, $budget:expr, $page:expr) => {{
        let op: *const Op = $op;
        if <$condition>::holds(first::<$k>($hart, op, $acc), second::<$k>($hart, op, $acc)) {
            // What was paid for the rest is given back.
            let exit = op.offset((*op).imm as isize).cast::<SideExit>();
            follow!($hart, (*exit).taken, $acc, $budget + (*exit).refund, $page)
        } else {
            next!($hart, op.add(1), $acc, $budget, $page)
        }
    }};
}
pub(super) use go_out_or_on;

/// Writes the link of a jump through a register, whose trailer has it.
macro_rules! link_call {
    ($hart:expr, $op:expr, $page:expr) => {{
        let next = (*$op.add(1).cast::<Trailer>()).next.addr() as u64;
        set_x($hart, (*$op).rd, $page.wrapping_add(next))
    }};
}
pub(super) use link_call;

/// Where a jump through a register goes.
macro_rules! target_of {
    ($k:ident, $hart:expr, $op:expr, $acc:expr) => {
        first::<$k>($hart, $op, $acc).wrapping_add(immediate($op)) & !1
    };
}
pub(super) use target_of;

handler! {
    fn one [S: Step] (hart, op, acc, budget, page) {
        match S::step(hart, op, acc, page) {
            Some(acc) => next!(hart, op.add(1), acc, budget, page),
            None => go!(S::OTHERWISE, hart, op, acc, budget, page),
        }
    }

    fn nothing [] (hart, op, acc, budget, page) {
        next!(hart, op.add(1), acc, budget, page)
    }

    #[cold]
    fn load_unaligned [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc).wrapping_add(immediate(op));
        match place_within_page(&raw const (*hart).fast.load, va, size_of::<T>() as u64) {
            Some(at) => next!(hart, op.add(1), acc.then(load::<T>(hart, op, at)), budget, page),
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
            None => go!(slow_without_result, hart, op, acc, budget, page),
        }
    }

    fn branch [C: Condition, const K: u8] (hart, op, acc, budget, page) {
        go_either_way!(C, K, hart, op, acc, budget, page)
    }

    /// A branch in the middle of a block.
    fn branch_out [C: Condition, const K: u8] (hart, op, acc, budget, page) {
        go_out_or_on!(C, K, hart, op, acc, budget, page)
    }

    fn jump [] (hart, op, acc, budget, page) {
        follow!(hart, (*op.add(1).cast::<Trailer>()).taken, acc, budget, page)
    }

    fn jump_and_link [] (hart, op, acc, budget, page) {
        // The immediate is where the next instruction stands, from the start of the page.
        set_x(hart, (*op).rd, page.wrapping_add(immediate(op)));
        follow!(hart, (*op.add(1).cast::<Trailer>()).taken, acc, budget, page)
    }

    fn jump_register [const K: u8] (hart, op, acc, budget, _) {
        let target = target_of!(K, hart, op, acc);
        go_to!(hart, target, op, acc, budget)
    }

    fn jump_register_and_link [const K: u8] (hart, op, acc, budget, page) {
        let target = target_of!(K, hart, op, acc);
        link_call!(hart, op, page);
        go_to!(hart, target, op, acc, budget)
    }
}
