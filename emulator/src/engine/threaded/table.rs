//! Which handler an operation has: derived from the instruction table.

use super::atomic::{self, Change};
use super::handlers;
use super::op::Handler;
use super::slow::system;
use super::step::{Binary, Condition, Immediate, Load, Registers, Store};
use super::{float, host};
use crate::exec::functions;
use crate::isa::Op;
use crate::isa::table::for_each_instruction;
use crate::softfloat::{F32, F64};

/// How an operation takes part in a block.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A handler that goes on with the next operation.
    Plain(Handler),
    /// The same, and the fast arrays answer a load.
    Load(Handler),
    /// The same, and the fast arrays answer a store.
    Store(Handler),
    /// A handler of floating-point registers, for rounding to nearest even.
    Float(Handler),
    /// The same, and another for rounding towards zero.
    Rounded(Handler, Handler),
    /// A handler that chooses between two ways on; and one that goes on or leaves the block.
    Branch(Handler, Handler),
    /// Executed as the reference engine does.
    Slow,
    /// The same, at the end of a block: it may change everything.
    System,
    /// `lui`: a constant.
    Upper,
    /// `auipc`.
    PcRelative,
    /// `jal`.
    Jump,
    /// `jalr`.
    JumpRegister,
    /// `fence`.
    Nothing,
}

/// Chooses the handler for where the two sources come from.
macro_rules! of_two {
    ($k:ident, $step:ident, $type:ty) => {
        match $k {
            1 => handlers::one::<$step<$type, 1>>,
            2 => handlers::one::<$step<$type, 2>>,
            3 => handlers::one::<$step<$type, 3>>,
            8 => handlers::one::<$step<$type, 8>>,
            10 => handlers::one::<$step<$type, 10>>,
            16 => handlers::one::<$step<$type, 16>>,
            17 => handlers::one::<$step<$type, 17>>,
            24 => handlers::one::<$step<$type, 24>>,
            _ => handlers::one::<$step<$type, 0>>,
        }
    };
}

/// Chooses the handlers of a branch, whose second source may be `x0`.
macro_rules! of_branch {
    ($k:ident, $type:ty, $($known:literal)*) => {
        match $k {
            $($known => {
                Kind::Branch(handlers::branch::<$type, $known>, handlers::branch_out::<$type, $known>)
            })*
            // No branch has more; if one had, it would be right like this.
            _ => Kind::System,
        }
    };
}

/// Chooses the handler for where the only source comes from.
macro_rules! of_one {
    ($k:ident, $step:ident, $type:ty) => {
        match $k & 9 {
            0 => handlers::one::<$step<$type, 0>>,
            1 => handlers::one::<$step<$type, 1>>,
            _ => handlers::one::<$step<$type, 8>>,
        }
    };
}

/// The same, for handlers of floating-point registers.
macro_rules! of_float {
    ($k:ident, $handler:ident, $type:ty) => {
        match $k & 9 {
            0 => float::$handler::<$type, 0>,
            1 => float::$handler::<$type, 1>,
            _ => float::$handler::<$type, 8>,
        }
    };
}

/// The same, for atomics. Whatever was written to a register is there too, so they need not take the result before the
/// last one.
macro_rules! of_atomic {
    ($k:ident, $handler:ident, $type:ty) => {
        match $k & 3 {
            0 => atomic::$handler::<$type, 0>,
            1 => atomic::$handler::<$type, 1>,
            2 => atomic::$handler::<$type, 2>,
            _ => atomic::$handler::<$type, 3>,
        }
    };
}

macro_rules! binary {
    ($f:ident) => {
        struct F;
        impl Binary for F {
            #[inline(always)]
            fn apply(a: u64, b: u64) -> u64 {
                functions::$f(a, b)
            }
        }
    };
}

macro_rules! kind {
    ($k:ident rr($f:ident)) => {{
        binary!($f);
        Kind::Plain(of_two!($k, Registers, F))
    }};
    ($k:ident ri($f:ident)) => {{
        binary!($f);
        Kind::Plain(of_one!($k, Immediate, F))
    }};
    ($k:ident r1($f:ident)) => {{
        struct F;
        impl Binary for F {
            #[inline(always)]
            fn apply(a: u64, _: u64) -> u64 {
                functions::$f(a)
            }
        }
        Kind::Plain(of_one!($k, Immediate, F))
    }};
    ($k:ident branch($f:ident)) => {{
        struct C;
        impl Condition for C {
            #[inline(always)]
            fn holds(a: u64, b: u64) -> bool {
                functions::$f(a, b)
            }
        }
        of_branch!($k, C, 0 1 2 3 4 5 8 10 12 16 17 24)
    }};
    ($k:ident load($type:ty)) => {
        Kind::Load(of_one!($k, Load, $type))
    };
    ($k:ident store($type:ty)) => {
        Kind::Store(of_two!($k, Store, $type))
    };
    ($k:ident fp2(F64, add)) => {
        Kind::Float(float::arithmetic::<host::AddD>)
    };
    ($k:ident fp2(F64, sub)) => {
        Kind::Float(float::arithmetic::<host::SubD>)
    };
    ($k:ident fp2(F64, mul)) => {
        Kind::Float(float::arithmetic::<host::MulD>)
    };
    ($k:ident fp2(F64, div)) => {
        Kind::Float(float::arithmetic::<host::DivD>)
    };
    ($k:ident fp1(F64, sqrt)) => {
        Kind::Float(float::arithmetic::<host::SqrtD>)
    };
    ($k:ident fp3(F64, fmadd)) => {
        if host::has_fma() {
            Kind::Float(float::arithmetic::<host::FmaddD>)
        } else {
            Kind::Slow
        }
    };
    ($k:ident fp3(F64, fmsub)) => {
        if host::has_fma() {
            Kind::Float(float::arithmetic::<host::FmsubD>)
        } else {
            Kind::Slow
        }
    };
    ($k:ident fp3(F64, fnmsub)) => {
        if host::has_fma() {
            Kind::Float(float::arithmetic::<host::FnmsubD>)
        } else {
            Kind::Slow
        }
    };
    ($k:ident fp3(F64, fnmadd)) => {
        if host::has_fma() {
            Kind::Float(float::arithmetic::<host::FnmaddD>)
        } else {
            Kind::Slow
        }
    };
    ($k:ident fp2(F64, sgnj)) => {
        Kind::Float(float::arithmetic::<host::Sign<F64, host::Copied>>)
    };
    ($k:ident fp2(F64, sgnjn)) => {
        Kind::Float(float::arithmetic::<host::Sign<F64, host::Negated>>)
    };
    ($k:ident fp2(F64, sgnjx)) => {
        Kind::Float(float::arithmetic::<host::Sign<F64, host::Multiplied>>)
    };
    ($k:ident fp2(F64, min)) => {
        Kind::Float(float::arithmetic::<host::Extreme<F64, false>>)
    };
    ($k:ident fp2(F64, max)) => {
        Kind::Float(float::arithmetic::<host::Extreme<F64, true>>)
    };
    ($k:ident fcmp(F64, eq)) => {
        Kind::Float(float::to_integer::<host::EqD>)
    };
    ($k:ident fcmp(F64, lt)) => {
        Kind::Float(float::to_integer::<host::LtD>)
    };
    ($k:ident fcmp(F64, le)) => {
        Kind::Float(float::to_integer::<host::LeD>)
    };
    ($k:ident fto(F64, to_i32)) => {
        Kind::Rounded(
            float::to_integer::<host::DToW>,
            float::to_integer::<host::TruncateDToW>,
        )
    };
    ($k:ident fto(F64, to_i64)) => {
        Kind::Rounded(
            float::to_integer::<host::DToL>,
            float::to_integer::<host::TruncateDToL>,
        )
    };
    ($k:ident ffrom(F64, from_i32)) => {
        Kind::Float(of_float!($k, from_integer, host::WToD))
    };
    ($k:ident ffrom(F64, from_u32)) => {
        Kind::Float(of_float!($k, from_integer, host::WuToD))
    };
    ($k:ident ffrom(F64, from_i64)) => {
        Kind::Float(of_float!($k, from_integer, host::LToD))
    };
    ($k:ident ffrom(F64, from_u64)) => {
        Kind::Float(of_float!($k, from_integer, host::LuToD))
    };
    ($k:ident fmv_to_x(F64)) => {
        Kind::Float(float::move_to_integer::<F64>)
    };
    ($k:ident fmv_from_x(F64)) => {
        Kind::Float(of_float!($k, move_from_integer, F64))
    };
    ($k:ident fp2(F32, add)) => {
        Kind::Float(float::arithmetic::<host::AddS>)
    };
    ($k:ident fp2(F32, sub)) => {
        Kind::Float(float::arithmetic::<host::SubS>)
    };
    ($k:ident fp2(F32, mul)) => {
        Kind::Float(float::arithmetic::<host::MulS>)
    };
    ($k:ident fp2(F32, div)) => {
        Kind::Float(float::arithmetic::<host::DivS>)
    };
    ($k:ident fp1(F32, sqrt)) => {
        Kind::Float(float::arithmetic::<host::SqrtS>)
    };
    ($k:ident fp3(F32, fmadd)) => {
        if host::has_fma() {
            Kind::Float(float::arithmetic::<host::FmaddS>)
        } else {
            Kind::Slow
        }
    };
    ($k:ident fp3(F32, fmsub)) => {
        if host::has_fma() {
            Kind::Float(float::arithmetic::<host::FmsubS>)
        } else {
            Kind::Slow
        }
    };
    ($k:ident fp3(F32, fnmsub)) => {
        if host::has_fma() {
            Kind::Float(float::arithmetic::<host::FnmsubS>)
        } else {
            Kind::Slow
        }
    };
    ($k:ident fp3(F32, fnmadd)) => {
        if host::has_fma() {
            Kind::Float(float::arithmetic::<host::FnmaddS>)
        } else {
            Kind::Slow
        }
    };
    ($k:ident fp2(F32, sgnj)) => {
        Kind::Float(float::arithmetic::<host::Sign<F32, host::Copied>>)
    };
    ($k:ident fp2(F32, sgnjn)) => {
        Kind::Float(float::arithmetic::<host::Sign<F32, host::Negated>>)
    };
    ($k:ident fp2(F32, sgnjx)) => {
        Kind::Float(float::arithmetic::<host::Sign<F32, host::Multiplied>>)
    };
    ($k:ident fp2(F32, min)) => {
        Kind::Float(float::arithmetic::<host::Extreme<F32, false>>)
    };
    ($k:ident fp2(F32, max)) => {
        Kind::Float(float::arithmetic::<host::Extreme<F32, true>>)
    };
    ($k:ident fcmp(F32, eq)) => {
        Kind::Float(float::to_integer::<host::EqS>)
    };
    ($k:ident fcmp(F32, lt)) => {
        Kind::Float(float::to_integer::<host::LtS>)
    };
    ($k:ident fcmp(F32, le)) => {
        Kind::Float(float::to_integer::<host::LeS>)
    };
    ($k:ident fto(F32, to_i32)) => {
        Kind::Rounded(
            float::to_integer::<host::SToW>,
            float::to_integer::<host::TruncateSToW>,
        )
    };
    ($k:ident fto(F32, to_i64)) => {
        Kind::Rounded(
            float::to_integer::<host::SToL>,
            float::to_integer::<host::TruncateSToL>,
        )
    };
    ($k:ident ffrom(F32, from_i32)) => {
        Kind::Float(of_float!($k, from_integer, host::WToS))
    };
    ($k:ident ffrom(F32, from_u32)) => {
        Kind::Float(of_float!($k, from_integer, host::WuToS))
    };
    ($k:ident ffrom(F32, from_i64)) => {
        Kind::Float(of_float!($k, from_integer, host::LToS))
    };
    ($k:ident ffrom(F32, from_u64)) => {
        Kind::Float(of_float!($k, from_integer, host::LuToS))
    };
    ($k:ident fmv_to_x(F32)) => {
        Kind::Float(float::move_to_integer::<F32>)
    };
    ($k:ident fmv_from_x(F32)) => {
        Kind::Float(of_float!($k, move_from_integer, F32))
    };
    ($k:ident fcvt(F64, F32)) => {
        Kind::Float(float::arithmetic::<host::SToD>)
    };
    ($k:ident fcvt(F32, F64)) => {
        Kind::Float(float::arithmetic::<host::DToS>)
    };
    ($k:ident fload(F64)) => {
        Kind::Load(of_float!($k, load, u64))
    };
    ($k:ident fstore(F64)) => {
        Kind::Store(of_float!($k, store, u64))
    };
    ($k:ident fload(F32)) => {
        Kind::Load(of_float!($k, load, u32))
    };
    ($k:ident fstore(F32)) => {
        Kind::Store(of_float!($k, store, u32))
    };
    ($k:ident fload(F16)) => {
        Kind::Load(of_float!($k, load, u16))
    };
    ($k:ident fstore(F16)) => {
        Kind::Store(of_float!($k, store, u16))
    };
    ($k:ident amo($type:ty, $f:ident)) => {{
        struct C;
        impl Change for C {
            type Value = $type;
            #[inline(always)]
            fn apply(old: $type, operand: $type) -> $type {
                functions::$f(old, operand)
            }
        }
        Kind::Plain(of_atomic!($k, read_modify_write, C))
    }};
    ($k:ident lr($type:ty)) => {
        Kind::Plain(of_atomic!($k, load_reserved, $type))
    };
    ($k:ident sc($type:ty)) => {
        Kind::Plain(of_atomic!($k, store_conditional, $type))
    };
    ($k:ident ui(lui)) => {
        Kind::Upper
    };
    ($k:ident ui(auipc)) => {
        Kind::PcRelative
    };
    ($k:ident sys(jal)) => {
        Kind::Jump
    };
    ($k:ident sys(jalr)) => {
        Kind::JumpRegister
    };
    ($k:ident sys(fence)) => {
        Kind::Nothing
    };
    ($k:ident sys(amocas_q)) => {
        Kind::Slow
    };
    ($k:ident sys(mop)) => {
        Kind::Slow
    };
    ($k:ident sys($f:ident)) => {
        Kind::System
    };
    ($k:ident $($rest:tt)*) => {
        Kind::Slow
    };
}

macro_rules! kinds {
    ($($op:ident $mnemonic:literal $encoding:literal $format:ident $required:tt
       $shape:ident ($($function:tt)*);)*) => {
        /// The kind of an operation; `k` says where its sources come from.
        pub(super) fn kind(op: Op, k: u8) -> Kind {
            match op {
                $(Op::$op => kind!(k $shape($($function)*)),)*
            }
        }
    };
}
for_each_instruction!(kinds);

/// The handler of the last instruction of a block.
pub(super) const SYSTEM: Handler = system;
