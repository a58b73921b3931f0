//! What decoded code is made of: operations with their handlers, and how one handler goes on to the next.
//!
//! A block in memory is a header, its operations, and a [`Trailer`]. The eight bytes before the first operation are
//! the block's *charge*, which whoever enters the block takes from the budget:
//!
//! The **budget** is three numbers in one: from bit 42 on the instructions that may still retire, from bit 21 on the
//! loads and below them the stores that the fast arrays answered. So one subtraction pays for a block and counts what
//! it does, and its borrow says whether the instructions sufficed. Who leaves a block early takes back what it did not
//! do.

use super::code::Info;
use super::context::Context;
use crate::hart::Hart;

/// The last two results: what operations before this one wrote to registers. They travel in registers of the host,
/// and who reads them does not wait for memory.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Results {
    pub(super) last: u64,
    pub(super) before: u64,
}

impl Results {
    /// Where nothing was written.
    pub(super) const NONE: Self = Self { last: 0, before: 0 };

    /// With one more.
    #[inline(always)]
    pub(super) const fn then(self, last: u64) -> Self {
        Self {
            last,
            before: self.last,
        }
    }
}

/// The code of an operation. Its arguments: the hart, the operation, the last results, the budget, and the first
/// virtual address of the page of the pc.
///
/// # Safety
///
/// The hart is valid, nobody else uses it, and its `engine` is the address of a valid [`Context`] whose code, bus and
/// jump table are valid and used by nobody else. The operation belongs to a block of that code, and the block has
/// been paid for from the budget. Whatever the hart's fast arrays hold is in the RAM of that bus
/// (`Hart::catch_up` sees to it).
pub(super) type Handler = unsafe extern "C" fn(*mut Hart, *const Op, Results, i64, u64);

/// One operation.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Op {
    pub(super) handler: Handler,
    pub(super) imm: i32,
    /// Where the result goes: 32 is the sink for writes to `x0`.
    pub(super) rd: u8,
    pub(super) rs1: u8,
    pub(super) rs2: u8,
    /// How many operations it is from here to the trailer; 0 in the trailer.
    pub(super) left: u8,
}

/// What stands after a block's last operation.
#[repr(C)]
pub(super) struct Trailer {
    /// Where a branch goes that is taken, and a jump.
    pub(super) taken: *const Op,
    /// Where a branch goes that is not taken. After `jalr`, the place of the next instruction on the page, as a
    /// number.
    pub(super) next: *const Op,
    pub(super) info: *const Info,
    /// The charge of the stub below.
    pub(super) zero: u64,
    /// What `taken` points to until it is known.
    pub(super) taken_stub: Op,
    /// What `next` points to until it is known. The second half of the stub above, which is zero, is its charge.
    pub(super) next_stub: Op,
}

/// Where a branch in the middle of a block goes. These stand after the trailer; the immediate of the branch's
/// operation says how many operations further.
#[repr(C)]
pub(super) struct SideExit {
    pub(super) taken: *const Op,
    /// What the block was charged and has not done: for the budget.
    pub(super) refund: i64,
    pub(super) info: *const Info,
    /// The charge of the stub below.
    pub(super) zero: u64,
    /// What `taken` points to until it is known. Its immediate is where the branch goes, from the start of the page.
    pub(super) stub: Op,
}

// The charges stand where these sizes put them.
const _: () =
    assert!(size_of::<Op>() == 16 && size_of::<Trailer>() == 64 && size_of::<SideExit>() == 48);

/// Where the instructions begin in a budget.
pub(super) const INSTRUCTIONS: u32 = 42;
/// Where the loads begin.
pub(super) const LOADS: u32 = 21;
/// One load or store count's bits.
pub(super) const COUNT_MASK: i64 = (1 << LOADS) - 1;
/// The most instructions that a budget can hold: no count overflows with them.
pub(super) const MOST_INSTRUCTIONS: u64 = 1 << 20;

/// A budget; or a charge, with negative loads and stores.
pub(super) const fn budget(instructions: i64, loads: i64, stores: i64) -> i64 {
    (instructions << INSTRUCTIONS) + (loads << LOADS) + stores
}

/// The charge of the block that begins with an operation.
///
/// # Safety
///
/// It does begin a block, or is one of the stubs.
#[inline(always)]
pub(super) unsafe fn charge(first: *const Op) -> i64 {
    // SAFETY: the charge stands before the first operation.
    unsafe { *first.cast::<i64>().sub(1) }
}

/// How many instructions the block has that begins with an operation.
///
/// # Safety
///
/// It does begin a block.
pub(super) unsafe fn instructions(first: *const Op) -> u64 {
    // SAFETY: what is known of a block lives as long as it.
    unsafe { &*info(first) }.count.into()
}

/// What is known of the block of an operation.
///
/// # Safety
///
/// The operation belongs to a block and is not one of the stubs.
#[inline(always)]
pub(super) unsafe fn info(op: *const Op) -> *const Info {
    // SAFETY: so many operations further is the trailer.
    unsafe { (*op.add((*op).left.into()).cast::<Trailer>()).info }
}

/// The engine's state.
///
/// # Safety
///
/// As for a [`Handler`].
#[inline(always)]
pub(super) unsafe fn context(hart: *mut Hart) -> *mut Context {
    // SAFETY: the hart is valid.
    std::ptr::with_exposed_provenance_mut(unsafe { (*hart).engine })
}

/// Declares handlers. In brackets: generic parameters.
macro_rules! handler {
    ($($(#[$meta:meta])* fn $name:ident [$($generics:tt)*] ($hart:pat, $op:pat, $acc:pat, $budget:pat, $page:pat) $body:block)*) => {$(
        $(#[$meta])*
        #[allow(clippy::multiple_unsafe_ops_per_block)]
        pub(super) unsafe extern "C" fn $name<$($generics)*>(
            $hart: *mut $crate::hart::Hart,
            $op: *const $crate::engine::threaded::op::Op,
            $acc: $crate::engine::threaded::op::Results,
            $budget: i64,
            $page: u64,
        ) {
            // SAFETY: `Handler` says what holds of the arguments.
            unsafe { $body }
        }
    )*};
}
pub(super) use handler;

/// Goes on with a handler: the last thing that a handler does. Where the compiler optimises, this is a jump.
#[cfg(tail_calls)]
macro_rules! go {
    ($handler:expr, $hart:expr, $op:expr, $acc:expr, $budget:expr, $page:expr) => {
        ($handler)($hart, $op, $acc, $budget, $page)
    };
}

/// Goes on with a handler: the last thing that a handler does. Where the compiler does not optimise, the handler
/// returns, and [`super::context::Relay`] says what comes next.
#[cfg(not(tail_calls))]
macro_rules! go {
    ($handler:expr, $hart:expr, $op:expr, $acc:expr, $budget:expr, $page:expr) => {{
        let hart = $hart;
        (*$crate::engine::threaded::op::context(hart)).relay =
            Some($crate::engine::threaded::context::Relay {
                handler: $handler,
                op: $op,
                acc: $acc,
                budget: $budget,
                page: $page,
            });
    }};
}
pub(super) use go;

/// Goes on with an operation of the same block.
macro_rules! next {
    ($hart:expr, $op:expr, $acc:expr, $budget:expr, $page:expr) => {{
        let next: *const $crate::engine::threaded::op::Op = $op;
        $crate::engine::threaded::op::go!((*next).handler, $hart, next, $acc, $budget, $page)
    }};
}
pub(super) use next;

/// Goes on with the first operation of a block, or with a stub, and pays for it.
macro_rules! follow {
    ($hart:expr, $first:expr, $acc:expr, $budget:expr, $page:expr) => {{
        let first: *const $crate::engine::threaded::op::Op = $first;
        let charge = $crate::engine::threaded::op::charge(first) as u64;
        let (budget, short) = ($budget as u64).overflowing_sub(charge);
        let budget = budget as i64;
        if short {
            $crate::engine::threaded::op::go!(
                $crate::engine::threaded::leave::out_of_budget,
                $hart,
                first,
                $acc,
                budget,
                $page
            )
        } else {
            $crate::engine::threaded::op::next!($hart, first, $acc, budget, $page)
        }
    }};
}
pub(super) use follow;
