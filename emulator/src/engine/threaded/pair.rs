//! Operations that follow each other often and have one handler together.
//!
//! The handler of a pair stands in its first operation, and the second keeps its own. So whoever leaves a pair in the
//! middle, because the fast arrays do not answer, goes on with the second's own handler, and a block looks the same
//! to everybody else. The same holds for three.
//!
//! Which pairs there are was measured: those that are one instruction in five hundred, or more, of a kernel of
//! `firmware/bench` or of a part of Linux's boot.

use super::handlers::{go_either_way, go_out_or_on, go_there, link_call, link_jump, target_of};
use super::leave::go_to;
use super::op::{Handler, Op, SideExit, Trailer, follow, go, handler, next};
use super::step::{
    Binary, Condition, Constant, Immediate, Load, Memory, Move, Out, Registers, Step, Store, first,
    immediate, is_on, load, second, set_x, slot, store,
};
use crate::exec::functions;
use crate::isa;

/// What an operation is, for pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// `mv`.
    Move,
    /// `li`, `lui`.
    Constant,
    /// `j`.
    Jump,
    /// `jal`.
    JumpAndLink,
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
    pub(super) rd: u8,
    pub(super) rs1: u8,
}

impl Part {
    /// The jump to the next block.
    pub(super) const JUMP: Self = Self {
        what: What::Jump,
        k: 0,
        rd: 0,
        rs1: 0,
    };
}

/// Does a step of a handler, or goes on with another handler.
macro_rules! step {
    ($step:ty, $hart:expr, $op:expr, $acc:expr, $budget:expr, $page:expr) => {
        match <$step>::step($hart, $op, $acc) {
            Some(acc) => acc,
            None => {
                return go!(<$step>::OTHERWISE, $hart, $op, $acc, $budget, $page);
            }
        }
    };
}

handler! {
    fn pair [A: Step, B: Step] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        let acc = step!(B, hart, op, acc, budget, page);
        next!(hart, op.add(1), acc, budget, page)
    }

    fn and_branch [A: Step, C: Condition, const K: u8] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        go_either_way!(C, K, hart, op, acc, budget, page)
    }

    fn and_branch_out [A: Step, C: Condition, const K: u8] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        go_out_or_on!(C, K, hart, op, acc, budget, page)
    }

    fn and_jump [A: Step] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        go_there!(hart, op, acc, budget, page)
    }

    fn and_jump_and_link [A: Step] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        link_jump!(hart, op, page);
        go_there!(hart, op, acc, budget, page)
    }

    fn and_return [A: Step, const K: u8] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        let target = target_of!(K, hart, op, acc);
        go_to!(hart, target, op, acc, budget)
    }

    fn and_call [A: Step, const K: u8] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        let target = target_of!(K, hart, op, acc);
        link_call!(hart, op, page);
        go_to!(hart, target, op, acc, budget)
    }

    fn two_and_branch [A: Step, B: Step, C: Condition, const K: u8] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        let acc = step!(B, hart, op, acc, budget, page);
        let op = op.add(1);
        go_either_way!(C, K, hart, op, acc, budget, page)
    }

    fn two_and_return [A: Step, B: Step, const K: u8] (hart, op, acc, budget, page) {
        let acc = step!(A, hart, op, acc, budget, page);
        let op = op.add(1);
        let acc = step!(B, hart, op, acc, budget, page);
        let op = op.add(1);
        let target = target_of!(K, hart, op, acc);
        go_to!(hart, target, op, acc, budget)
    }

    /// Two loads relative to one register, mostly from one page.
    fn two_loads [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let size = size_of::<T>() as u64;
        let base = first::<K>(hart, op, acc);
        let va = base.wrapping_add(immediate(op));
        let Some(slot) = slot(&raw const (*hart).fast.load, va, size) else {
            return go!(Load::<T, K>::OTHERWISE, hart, op, acc, budget, page);
        };
        let acc = load::<T>(hart, op, va.wrapping_add(slot.delta) as usize);
        let op = op.add(1);
        let va = base.wrapping_add(immediate(op));
        if is_on(&slot, va, size) {
            let acc = load::<T>(hart, op, va.wrapping_add(slot.delta) as usize);
            next!(hart, op.add(1), acc, budget, page)
        } else {
            next!(hart, op, acc, budget, page)
        }
    }

    /// Two stores relative to one register, mostly to one page.
    fn two_stores [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let size = size_of::<T>() as u64;
        let base = first::<K>(hart, op, acc);
        let va = base.wrapping_add(immediate(op));
        let Some(slot) = slot(&raw const (*hart).fast.store, va, size) else {
            return go!(Store::<T, K>::OTHERWISE, hart, op, acc, budget, page);
        };
        store::<T, K>(hart, op, acc, va.wrapping_add(slot.delta) as usize);
        let op = op.add(1);
        let va = base.wrapping_add(immediate(op));
        if is_on(&slot, va, size) {
            store::<T, 0>(hart, op, acc, va.wrapping_add(slot.delta) as usize);
            next!(hart, op.add(1), acc, budget, page)
        } else {
            next!(hart, op, acc, budget, page)
        }
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
    Mulw mulw;
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
    ([Add $k:literal]) => { Registers<Add, $k> };
    ([Addw $k:literal]) => { Registers<Addw, $k> };
    ([Sub $k:literal]) => { Registers<Sub, $k> };
    ([Subw $k:literal]) => { Registers<Subw, $k> };
    ([And $k:literal]) => { Registers<And, $k> };
    ([Or $k:literal]) => { Registers<Or, $k> };
    ([Xor $k:literal]) => { Registers<Xor, $k> };
    ([Mulw $k:literal]) => { Registers<Mulw, $k> };
    ([Ld $k:literal]) => { Load<u64, $k> };
    ([Lw $k:literal]) => { Load<i32, $k> };
    ([Lwu $k:literal]) => { Load<u32, $k> };
    ([Lh $k:literal]) => { Load<i16, $k> };
    ([Lb $k:literal]) => { Load<i8, $k> };
    ([Lbu $k:literal]) => { Load<u8, $k> };
    ([Sd $k:literal]) => { Store<u64, $k> };
    ([Sb $k:literal]) => { Store<u8, $k> };
    ([Move $k:literal]) => { Move<$k> };
    ([Constant $k:literal]) => { Constant<$k> };
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
    ([Jump 0]) => {
        (What::Jump, 0)
    };
    ([JumpAndLink 0]) => {
        (What::JumpAndLink, 0)
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

/// The handler of an operation and the next.
macro_rules! joined {
    ($a:tt [Jump 0]) => {
        and_jump::<step_of!($a)>
    };
    ($a:tt [JumpAndLink 0]) => {
        and_jump_and_link::<step_of!($a)>
    };
    ($a:tt [Return $k:literal]) => {
        and_return::<step_of!($a), $k>
    };
    ($a:tt [Call $k:literal]) => {
        and_call::<step_of!($a), $k>
    };
    ($a:tt [Beq $k:literal]) => {
        and_branch::<step_of!($a), Equal, $k>
    };
    ($a:tt [Bne $k:literal]) => {
        and_branch::<step_of!($a), NotEqual, $k>
    };
    ($a:tt [Bltu $k:literal]) => {
        and_branch::<step_of!($a), LessUnsigned, $k>
    };
    ($a:tt [out $op:ident $k:literal]) => {
        and_branch_out::<step_of!($a), condition!($op), $k>
    };
    ($a:tt $b:tt) => {
        pair::<step_of!($a), step_of!($b)>
    };
}

/// The same for three.
macro_rules! joined_three {
    ($a:tt $b:tt [Return $k:literal]) => {
        two_and_return::<step_of!($a), step_of!($b), $k>
    };
    ($a:tt $b:tt [$op:ident $k:literal]) => {
        two_and_branch::<step_of!($a), step_of!($b), condition!($op), $k>
    };
}

/// The table: an operation, and those that may follow it. The number is where the sources come from.
macro_rules! pairs {
    ($($a:tt: $([$($b:tt)*])*;)*) => {
        fn pair_of(a: Part, b: Part) -> Option<Handler> {
            Some(match (a.what, a.k) {
                $(what!($a) => match (b.what, b.k) {
                    $(what!([$($b)*]) => joined!($a [$($b)*]),)*
                    _ => return None,
                },)*
                _ => return None,
            })
        }
    };
}

/// The same for the last three operations of a block.
macro_rules! threes {
    ($($a:tt $b:tt $c:tt;)*) => {
        fn three_of(a: Part, b: Part, c: Part) -> Option<Handler> {
            Some(match ((a.what, a.k), (b.what, b.k), (c.what, c.k)) {
                $((what!($a), what!($b), what!($c)) => joined_three!($a $b $c),)*
                _ => return None,
            })
        }
    };
}

threes! {
    [Lbu 0] [Addi 0] [Bne 4];
    [Addi 0] [Sb 0] [Bne 4];
    [out Beq 4] [Ld 0] [Bne 5];
    [Mulw 0] [Addw 2] [Bne 0];
    [Xor 1] [Addiw 1] [Bne 0];
    [Ld 0] [Addi 0] [Return 0];
    [Srli 0] [Sub 1] [Return 0];
    [Add 0] [Sd 1] [Return 0];
}

pairs! {
    [Addi 0]: [Addi 0] [Andi 0] [Sd 1] [Return 0] [Add 0] [Bne 4] [Ld 0] [Constant 0] [Move 0] [Mulw 0] [out Bge 0]
        [Slli 0] [Lw 0] [Sd 2] [Subw 0] [Sd 0] [Srliw 0] [Bltu 0] [Xor 0] [Call 0] [Bne 0] [Sb 0] [out Beq 4]
        [Lbu 0] [out Bgeu 0] [Andi 1];
    [Ld 0]: [Ld 0] [Addi 0] [Move 0] [out Beq 5] [out Bltu 1] [Call 1] [Constant 0] [Srli 0] [Add 0] [Andi 1] [Lw 0]
        [out Beq 0] [Bne 5] [Slli 0] [Sd 0] [Add 2] [Jump 0] [Sd 2] [out Beq 4] [Xor 1] [Lw 1] [Bne 4];
    [Sd 0]: [Sd 0] [Addi 0] [Ld 0] [Move 0] [Add 0] [Constant 0] [Lw 0] [Bne 0];
    [Add 0]: [out Beq 0] [Add 0] [Bne 0] [Addi 0] [Ld 0] [Sub 0] [Bne 4] [Lw 0] [Slli 0] [Xor 0] [Srliw 0] [Andi 0]
        [Sd 1] [Lbu 1] [JumpAndLink 0];
    [Move 0]: [Move 0] [Constant 0] [out Beq 4] [Add 0] [out Bge 0] [Sd 0] [Bne 4] [Jump 0] [Addi 0] [Slli 1]
        [Srli 0] [out Beq 0] [And 0] [JumpAndLink 0] [out Bgeu 0];
    [Lw 0]: [Lw 0] [Add 0] [Xor 0] [Slli 0] [Addi 0] [Subw 0] [Andi 0] [out Beq 2] [Srliw 0] [Move 0] [out Bgeu 2]
        [Addiw 1] [Addiw 0] [out Beq 5] [out Beq 4];
    [Constant 0]: [out Beq 0] [Constant 0] [out Beq 2] [Add 0] [Jump 0] [Addi 0] [Move 0] [out Bne 2] [Slliw 0]
        [Ld 0] [Sd 0] [out Bgeu 2] [out Bgeu 0] [out Bne 4] [JumpAndLink 0] [Addi 1];
    [Lbu 0]: [Bne 5] [Addi 0] [Beq 1] [Lbu 0] [Srliw 0] [Bne 4];
    [Andi 0]: [out Bne 5] [Andi 0] [Addi 0] [Srliw 0] [Lw 0] [Slli 0] [Add 0] [Add 1] [Addi 1];
    [Slli 0]: [Slli 0] [Lw 0] [Addi 0] [Andi 0] [Add 1] [Add 0] [Srli 1] [Srliw 0] [Bne 0] [Srli 0] [Addi 1] [Sd 0];
    [Xor 0]: [Xor 0] [out Beq 4] [Lw 0] [Slli 0] [Srliw 0] [Xor 1] [Add 0] [Andi 1] [Addi 0];
    [out Beq 0]: [Lbu 1] [Constant 0] [Lbu 0] [out Bltu 0];
    [Srliw 0]: [Srliw 0] [Andi 0] [Slli 0] [Addi 0] [Add 0] [Lw 0] [Slliw 0] [And 1] [Xor 0] [Addw 2];
    [Lbu 1]: [Addi 0] [Bne 1] [Andi 1] [Andi 0];
    [Slli 1]: [Add 1] [Constant 0] [Ld 0] [Move 0] [Or 1] [Slli 0] [Srli 1];
    [Sd 1]: [Sd 0] [Constant 0] [Return 0];
    [Add 1]: [Ld 1] [Add 2] [Sd 0] [Lbu 1] [out Bne 4] [Lw 1] [Slli 1] [Andi 0] [Add 1];
    [Ld 1]: [Andi 1] [Ld 0] [Call 1] [Addi 0] [JumpAndLink 0] [Constant 0] [Add 1] [Slli 0];
    [Srli 0]: [out Beq 4] [Andi 1] [Move 0] [Sub 1] [Slli 1] [Srli 0] [Addi 0];
    [Andi 1]: [Slli 1] [Srli 0] [out Bne 5];
    [out Beq 4]: [Slli 1] [Ld 0] [Addiw 1] [Addi 0] [Sd 0] [Lw 0];
    [Add 2]: [Move 0] [out Bgeu 1] [Lbu 1];
    [Slliw 0]: [Addw 1] [Addiw 0] [Xor 0];
    [Sub 0]: [Add 0] [And 1];
    [Lh 0]: [Lh 0] [Addi 0];
    [Addiw 1]: [Slliw 0] [Bne 4] [Bne 0] [out Bltu 2];
    [out Beq 5]: [Ld 0] [Lw 1] [Sd 0];
    [Srli 1]: [Add 2] [Srli 0] [Add 1];
    [out Beq 2]: [Move 0] [Slli 0];
    [Sub 2]: [Srli 1] [Return 0];
    [And 1]: [Sub 2] [Slliw 1];
    [Addi 1]: [Ld 1] [Add 1] [Srliw 0] [Slli 1];
    [out Bne 5]: [Addi 0] [out Beq 0] [Srliw 0];
    [And 0]: [Addiw 1] [Addi 0];
    [Subw 0]: [Beq 5] [out Bgeu 1] [Constant 0];
    [out Bgeu 1]: [Move 0] [out Bne 4];
    [Addiw 0]: [Xor 0] [Slli 1];
    [Addw 1]: [Addiw 1];
    [Lw 1]: [Bne 1] [Xor 1];
    [Lwu 0]: [Lwu 0] [Sub 2];
    [Sb 0]: [Sb 0] [Addi 0] [Bne 4];
    [Mulw 0]: [Addw 2];
    [Addw 2]: [Bne 0];
    [Sd 2]: [Addi 0] [Constant 0] [Add 0];
    [Xor 1]: [Constant 0] [Addiw 1] [Xor 0];
    [out Bltu 1]: [Ld 0];
    [out Bge 0]: [Move 0];
    [Sub 1]: [Return 0];
    [out Bgeu 2]: [Move 0];
    [Or 1]: [Ori 1];
    [Ori 1]: [Return 0];
    [Lb 0]: [Addi 0];
    [out Bne 4]: [Ld 0];
    [out Bgeu 0]: [Ld 0];
    [out Bltu 0]: [Add 1];
    [Slliw 1]: [Constant 0];
    [Or 0]: [Or 0];
    [out Bne 0]: [Lbu 0];
    [out Bltu 2]: [Srliw 0];
    [out Bne 2]: [Constant 0];
}

/// Two accesses of one kind relative to the same register.
fn accesses_of(a: Part, b: Part) -> Option<Handler> {
    macro_rules! loads {
        ($type:ty) => {
            match a.k & 1 {
                0 => two_loads::<$type, 0>,
                _ => two_loads::<$type, 1>,
            }
        };
    }
    macro_rules! stores {
        ($type:ty) => {
            match a.k {
                0 => two_stores::<$type, 0>,
                1 => two_stores::<$type, 1>,
                2 => two_stores::<$type, 2>,
                _ => two_stores::<$type, 3>,
            }
        };
    }
    if a.what != b.what || a.rs1 != b.rs1 || b.k != 0 {
        return None;
    }
    match a.what {
        What::Op(isa::Op::Sd) => return Some(stores!(u64)),
        What::Op(isa::Op::Sw) => return Some(stores!(u32)),
        _ => {}
    }
    // The first load must not change the register.
    if a.rd == a.rs1 {
        return None;
    }
    Some(match a.what {
        What::Op(isa::Op::Ld) => loads!(u64),
        What::Op(isa::Op::Lw) => loads!(i32),
        What::Op(isa::Op::Lwu) => loads!(u32),
        What::Op(isa::Op::Lh) => loads!(i16),
        What::Op(isa::Op::Lhu) => loads!(u16),
        What::Op(isa::Op::Lbu) => loads!(u8),
        _ => return None,
    })
}

/// The handler of the first operations of some that are the rest of a block, and how many these are, if they are not
/// one.
pub(super) fn of(parts: &[Option<Part>]) -> Option<(Handler, usize)> {
    if let &[Some(a), Some(b), Some(c)] = parts
        && let Some(handler) = three_of(a, b, c)
    {
        return Some((handler, 3));
    }
    let &[Some(a), Some(b), ..] = parts else {
        return None;
    };
    let handler = accesses_of(a, b).or_else(|| pair_of(a, b))?;
    Some((handler, 2))
}
