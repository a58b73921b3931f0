//! Operations that follow each other often and have one handler together.
//!
//! The handler of a pair stands in its first operation, and the second keeps its own. So whoever leaves a pair in the
//! middle, because the fast arrays do not answer, goes on with the second's own handler, and a block looks the same
//! to everybody else. The same holds for three.
//!
//! Which there are was measured (`pair/table.rs`): pairs that are one instruction in two hundred, or more, of a kernel
//! of `firmware/bench` or of a part of Linux's boot, and threes that are one in seventy.

use super::handlers::{go_either_way, go_out_or_on, link_call, target_of};
use super::leave::go_to;
use super::op::{Handler, Op, Results, SideExit, Trailer, follow, go, handler, next};
use super::step::{
    Binary, Condition, Constant, Immediate, Load, Move, Out, PageRelative, Registers, Step, Store,
    first, immediate, second, set_x,
};
use crate::exec::functions;
use crate::hart::Hart;
use crate::isa;
use std::marker::PhantomData;

/// What an operation is, for pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// `mv`.
    Move,
    /// `li`, `lui`.
    Constant,
    /// `auipc`, and a `jal` in the middle of a block.
    PageRelative,
    /// `jalr` that links nothing.
    Return,
    /// `jalr` that links.
    Call,
    /// A branch in the middle of a block.
    Out(isa::Op),
    /// The operation of an instruction.
    Op(isa::Op),
}

/// An operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) what: What,
    /// Where its sources come from.
    pub(super) k: u8,
}

/// Does a step of a handler, or goes on with another handler.
macro_rules! step {
    ($step:ty, $hart:expr, $op:expr, $acc:expr, $budget:expr, $page:expr) => {
        match <$step>::step($hart, $op, $acc, $page) {
            Some(acc) => acc,
            None => {
                return go!(<$step>::OTHERWISE, $hart, $op, $acc, $budget, $page);
            }
        }
    };
}

/// What the last operation of a handler does, and where it goes on.
pub(super) trait Last {
    /// # Safety
    ///
    /// As for a [`Handler`].
    unsafe fn end(hart: *mut Hart, op: *const Op, acc: Results, budget: i64, page: u64);
}

/// A step, and the next operation has its own handler.
struct Then<S>(PhantomData<S>);

impl<S: Step> Last for Then<S> {
    #[inline(always)]
    unsafe fn end(hart: *mut Hart, op: *const Op, acc: Results, budget: i64, page: u64) {
        // SAFETY: the caller says so.
        unsafe {
            let acc = step!(S, hart, op, acc, budget, page);
            next!(hart, op.add(1), acc, budget, page)
        }
    }
}

/// A branch at the end of a block.
struct Either<C, const K: u8>(PhantomData<C>);

impl<C: Condition, const K: u8> Last for Either<C, K> {
    #[inline(always)]
    unsafe fn end(hart: *mut Hart, op: *const Op, acc: Results, budget: i64, page: u64) {
        // SAFETY: the caller says so.
        unsafe { go_either_way!(C, K, hart, op, acc, budget, page) }
    }
}

/// A branch in the middle of a block.
struct OutOrOn<C, const K: u8>(PhantomData<C>);

impl<C: Condition, const K: u8> Last for OutOrOn<C, K> {
    #[inline(always)]
    unsafe fn end(hart: *mut Hart, op: *const Op, acc: Results, budget: i64, page: u64) {
        // SAFETY: the caller says so.
        unsafe { go_out_or_on!(C, K, hart, op, acc, budget, page) }
    }
}

/// `jalr` that links nothing.
struct Back<const K: u8>;

impl<const K: u8> Last for Back<K> {
    #[inline(always)]
    unsafe fn end(hart: *mut Hart, op: *const Op, acc: Results, budget: i64, _: u64) {
        // SAFETY: the caller says so.
        unsafe {
            let target = target_of!(K, hart, op, acc);
            go_to!(hart, target, op, acc, budget)
        }
    }
}

/// `jalr` that links.
struct LinkBack<const K: u8>;

impl<const K: u8> Last for LinkBack<K> {
    #[inline(always)]
    unsafe fn end(hart: *mut Hart, op: *const Op, acc: Results, budget: i64, page: u64) {
        // SAFETY: the caller says so.
        unsafe {
            let target = target_of!(K, hart, op, acc);
            link_call!(hart, op, page);
            go_to!(hart, target, op, acc, budget)
        }
    }
}

handler! {
    fn pair [A: Step, L: Last] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        L::end(hart, op.add(1), acc, budget, page)
    }

    fn three [A: Step, B: Step, L: Last] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        let acc = step!(B, hart, op, acc, budget, page);
        L::end(hart, op.add(1), acc, budget, page)
    }
}

macro_rules! functions {
    ($($name:ident $function:ident;)*) => {$(
        struct $name;

        impl Binary for $name {
            #[inline(always)]
            fn apply(a: u64, b: u64) -> u64 {
                functions::$function(a, b)
            }
        }
    )*};
}
functions! {
    Add add; Addw addw; Sub sub; Subw subw; And and; Or or; Xor xor; Sll sll; Srl srl; Sllw sllw; Srlw srlw;
    Sltu sltu; Mulw mulw; Mul mul;
}

macro_rules! conditions {
    ($($name:ident $function:ident;)*) => {$(
        struct $name;

        impl Condition for $name {
            #[inline(always)]
            fn holds(a: u64, b: u64) -> bool {
                functions::$function(a, b)
            }
        }
    )*};
}
conditions! {
    Equal eq; NotEqual ne; LessUnsigned ltu; NotLess ge; NotLessUnsigned geu;
}

/// The step of an operation of the table.
macro_rules! step_of {
    ([Addi $k:literal]) => { Immediate<Add, $k> };
    ([Addiw $k:literal]) => { Immediate<Addw, $k> };
    ([Andi $k:literal]) => { Immediate<And, $k> };
    ([Ori $k:literal]) => { Immediate<Or, $k> };
    ([Slli $k:literal]) => { Immediate<Sll, $k> };
    ([Srli $k:literal]) => { Immediate<Srl, $k> };
    ([Slliw $k:literal]) => { Immediate<Sllw, $k> };
    ([Srliw $k:literal]) => { Immediate<Srlw, $k> };
    ([Xori $k:literal]) => { Immediate<Xor, $k> };
    ([Sltiu $k:literal]) => { Immediate<Sltu, $k> };
    ([Add $k:literal]) => { Registers<Add, $k> };
    ([Addw $k:literal]) => { Registers<Addw, $k> };
    ([Sub $k:literal]) => { Registers<Sub, $k> };
    ([Subw $k:literal]) => { Registers<Subw, $k> };
    ([And $k:literal]) => { Registers<And, $k> };
    ([Or $k:literal]) => { Registers<Or, $k> };
    ([Xor $k:literal]) => { Registers<Xor, $k> };
    ([Sll $k:literal]) => { Registers<Sll, $k> };
    ([Sltu $k:literal]) => { Registers<Sltu, $k> };
    ([Srl $k:literal]) => { Registers<Srl, $k> };
    ([Mul $k:literal]) => { Registers<Mul, $k> };
    ([Mulw $k:literal]) => { Registers<Mulw, $k> };
    ([Ld $k:literal]) => { Load<u64, $k> };
    ([Lw $k:literal]) => { Load<i32, $k> };
    ([Lwu $k:literal]) => { Load<u32, $k> };
    ([Lh $k:literal]) => { Load<i16, $k> };
    ([Lhu $k:literal]) => { Load<u16, $k> };
    ([Lb $k:literal]) => { Load<i8, $k> };
    ([Lbu $k:literal]) => { Load<u8, $k> };
    ([Sd $k:literal]) => { Store<u64, $k> };
    ([Sw $k:literal]) => { Store<u32, $k> };
    ([Sh $k:literal]) => { Store<u16, $k> };
    ([Sb $k:literal]) => { Store<u8, $k> };
    ([Move $k:literal]) => { Move<$k> };
    ([Constant $k:literal]) => { Constant<$k> };
    ([PageRelative 0]) => { PageRelative };
    ([out $op:ident $k:literal]) => { Out<condition!($op), $k> };
}

macro_rules! condition {
    (Beq) => {
        Equal
    };
    (Bne) => {
        NotEqual
    };
    (Bltu) => {
        LessUnsigned
    };
    (Bge) => {
        NotLess
    };
    (Bgeu) => {
        NotLessUnsigned
    };
}

/// What an operation of the table is, and where its sources come from.
macro_rules! what {
    ([Move $k:literal]) => {
        (What::Move, $k)
    };
    ([Constant $k:literal]) => {
        (What::Constant, $k)
    };
    ([PageRelative 0]) => {
        (What::PageRelative, 0)
    };
    ([Return $k:literal]) => {
        (What::Return, $k)
    };
    ([Call $k:literal]) => {
        (What::Call, $k)
    };
    ([out $op:ident $k:literal]) => {
        (What::Out(isa::Op::$op), $k)
    };
    ([$op:ident $k:literal]) => {
        (What::Op(isa::Op::$op), $k)
    };
}

/// The last operation of a handler.
macro_rules! last {
    ([Return $k:literal]) => { Back<$k> };
    ([Call $k:literal]) => { LinkBack<$k> };
    ([Beq $k:literal]) => { Either<Equal, $k> };
    ([Bne $k:literal]) => { Either<NotEqual, $k> };
    ([Bge $k:literal]) => { Either<NotLess, $k> };
    ([Bltu $k:literal]) => { Either<LessUnsigned, $k> };
    ([Bgeu $k:literal]) => { Either<NotLessUnsigned, $k> };
    ([out $op:ident $k:literal]) => { OutOrOn<condition!($op), $k> };
    ($step:tt) => { Then<step_of!($step)> };
}

/// Declares the table: an operation, and those that may follow it. The number is where the sources come from.
macro_rules! pairs {
    ($($a:tt: $([$($b:tt)*])*;)*) => {
        pub(super) fn pair_of(a: Part, b: Part) -> Option<Handler> {
            Some(match (a.what, a.k) {
                $(what!($a) => match (b.what, b.k) {
                    $(what!([$($b)*]) => pair::<step_of!($a), last!([$($b)*])>,)*
                    _ => return None,
                },)*
                _ => return None,
            })
        }
    };
}

/// The same for three: the first two, and those that may follow.
macro_rules! threes {
    ($($a:tt $b:tt: $([$($c:tt)*])*;)*) => {
        pub(super) fn three_of(a: Part, b: Part, c: Part) -> Option<Handler> {
            Some(match ((a.what, a.k), (b.what, b.k)) {
                $((what!($a), what!($b)) => match (c.what, c.k) {
                    $(what!([$($c)*]) => three::<step_of!($a), step_of!($b), last!([$($c)*])>,)*
                    _ => return None,
                },)*
                _ => return None,
            })
        }
    };
}

mod table;

/// What the operations begin with that are left of a block: the handler that does two or three of them, and how many
/// it does.
pub(super) fn of(parts: &[Option<Part>]) -> Option<(Handler, usize)> {
    let &[Some(a), Some(b), ..] = parts else {
        return None;
    };
    if let &[_, _, Some(c), ..] = parts
        && let Some(handler) = table::three_of(a, b, c)
    {
        return Some((handler, 3));
    }
    table::pair_of(a, b).map(|handler| (handler, 2))
}
