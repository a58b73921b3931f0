//! What an instruction does: the semantics, one file per extension.
//!
//! The last column of the instruction table names, for each row, a *shape* and a function of this
//! room. The shape says which operands the function gets and where its result goes; the function
//! is the manual's definition and nothing else. A row without its function does not compile.

mod atomic;
mod bits;
mod cache;
mod control;
mod csr;
mod float;
mod integer;
mod multiply;
mod system;

use crate::hart::{Hart, Trap};
use crate::isa::table::for_each_instruction;
use crate::isa::{Exception, Insn, Op};
use crate::mem::{Bus, VirtAddr};
use crate::softfloat::{self, F16, F32, F64};

use atomic::*;
use bits::*;
use cache::*;
use control::*;
use csr::*;
use integer::*;
use multiply::*;
use system::*;

/// The functions of the shapes that are computations and comparisons, for engines that have their own way to operands.
pub(crate) mod functions {
    pub(crate) use super::{atomic::*, bits::*, integer::*, multiply::*};
}

/// What executing an instruction comes to: it completes, or it traps and has changed nothing.
pub type Outcome = Result<(), Trap>;

/// Where an instruction's result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere.
    None,
    /// `x[rd]`.
    Integer,
    /// `x[rd]` and `x[rd + 1]`.
    IntegerPair,
    /// `f[rd]`.
    Float,
}

/// The trap of an instruction that is not allowed, or does not exist.
///
/// The trap value is left zero here; whoever fetched the instruction puts its bits in.
pub(crate) fn illegal() -> Trap {
    Trap::new(Exception::IllegalInstruction, 0)
}

/// The address of a load or a store.
#[inline]
fn address(hart: &Hart, insn: Insn) -> VirtAddr {
    VirtAddr(hart.x(insn.rs1).wrapping_add(insn.imm as u64))
}

/// The shapes. `$h` is the hart, `$b` the bus, `$i` the instruction.
macro_rules! run {
    // x[rd] = f(x[rs1], x[rs2])
    ($h:ident $b:ident $i:ident rr($f:ident)) => {{
        let value = $f($h.x($i.rs1), $h.x($i.rs2));
        $h.set_x($i.rd, value);
        Ok(())
    }};
    // x[rd] = f(x[rs1], immediate)
    ($h:ident $b:ident $i:ident ri($f:ident)) => {{
        let value = $f($h.x($i.rs1), $i.imm as u64);
        $h.set_x($i.rd, value);
        Ok(())
    }};
    // x[rd] = f(x[rs1])
    ($h:ident $b:ident $i:ident r1($f:ident)) => {{
        let value = $f($h.x($i.rs1));
        $h.set_x($i.rd, value);
        Ok(())
    }};
    // x[rd] = f(pc, immediate)
    ($h:ident $b:ident $i:ident ui($f:ident)) => {{
        let value = $f($h.pc, $i.imm as u64);
        $h.set_x($i.rd, value);
        Ok(())
    }};
    ($h:ident $b:ident $i:ident branch($f:ident)) => {
        branch($h, $i, $f($h.x($i.rs1), $h.x($i.rs2)))
    };
    ($h:ident $b:ident $i:ident load($type:ty)) => {{
        let value = $h.load($b, address($h, $i), size_of::<$type>() as u8)?;
        $h.set_x($i.rd, value as $type as u64);
        Ok(())
    }};
    ($h:ident $b:ident $i:ident store($type:ty)) => {
        $h.store(
            $b,
            address($h, $i),
            size_of::<$type>() as u8,
            $h.x($i.rs2) as $type as u64,
        )
    };
    ($h:ident $b:ident $i:ident amo($type:ty, $f:ident)) => {
        amo::<$type>($h, $b, $i, $f)
    };
    ($h:ident $b:ident $i:ident amocas($type:ty)) => {
        amocas::<$type>($h, $b, $i)
    };
    ($h:ident $b:ident $i:ident lr($type:ty)) => {
        load_reserved::<$type>($h, $b, $i)
    };
    ($h:ident $b:ident $i:ident sc($type:ty)) => {
        store_conditional::<$type>($h, $b, $i)
    };
    ($h:ident $b:ident $i:ident fload($format:ident)) => {
        float::load::<$format>($h, $b, $i)
    };
    ($h:ident $b:ident $i:ident fstore($format:ident)) => {
        float::store::<$format>($h, $b, $i)
    };
    // f[rd] = f(f[rs1], …)
    ($h:ident $b:ident $i:ident fp1($format:ident, $f:ident)) => {
        float::to_float::<$format>($h, $i, |hart, env| {
            softfloat::$f::<$format>(float::read::<$format>(hart, $i.rs1), env)
        })
    };
    ($h:ident $b:ident $i:ident fp2($format:ident, $f:ident)) => {
        float::to_float::<$format>($h, $i, |hart, env| {
            softfloat::$f::<$format>(
                float::read::<$format>(hart, $i.rs1),
                float::read::<$format>(hart, $i.rs2),
                env,
            )
        })
    };
    ($h:ident $b:ident $i:ident fp3($format:ident, $f:ident)) => {
        float::to_float::<$format>($h, $i, |hart, env| {
            softfloat::$f::<$format>(
                float::read::<$format>(hart, $i.rs1),
                float::read::<$format>(hart, $i.rs2),
                float::read::<$format>(hart, $i.rs3),
                env,
            )
        })
    };
    // x[rd] = f(f[rs1], …)
    ($h:ident $b:ident $i:ident fcmp($format:ident, $f:ident)) => {
        float::to_integer($h, $i, |hart, env| {
            softfloat::$f::<$format>(
                float::read::<$format>(hart, $i.rs1),
                float::read::<$format>(hart, $i.rs2),
                env,
            )
        })
    };
    ($h:ident $b:ident $i:ident fto($format:ident, $f:ident)) => {
        float::to_integer($h, $i, |hart, env| {
            softfloat::$f::<$format>(float::read::<$format>(hart, $i.rs1), env)
        })
    };
    // f[rd] = f(x[rs1])
    ($h:ident $b:ident $i:ident ffrom($format:ident, $f:ident)) => {
        float::to_float::<$format>($h, $i, |hart, env| {
            softfloat::$f::<$format>(hart.x($i.rs1), env)
        })
    };
    ($h:ident $b:ident $i:ident fcvt($to:ident, $from:ident)) => {
        float::to_float::<$to>($h, $i, |hart, env| {
            softfloat::convert::<$to, $from>(float::read::<$from>(hart, $i.rs1), env)
        })
    };
    ($h:ident $b:ident $i:ident fmv_to_x($format:ident)) => {
        float::move_to_integer::<$format>($h, $i)
    };
    ($h:ident $b:ident $i:ident fmv_from_x($format:ident)) => {
        float::move_from_integer::<$format>($h, $i)
    };
    ($h:ident $b:ident $i:ident fli($format:ident)) => {
        float::load_immediate::<$format>($h, $i)
    };
    ($h:ident $b:ident $i:ident sys($f:ident)) => {
        $f($h, $b, $i)
    };
}

/// Where the result of each shape goes.
macro_rules! destination {
    (branch $($rest:tt)*) => {
        Destination::None
    };
    (store $($rest:tt)*) => {
        Destination::None
    };
    (fstore $($rest:tt)*) => {
        Destination::None
    };
    (fcmp $($rest:tt)*) => {
        Destination::Integer
    };
    (fto $($rest:tt)*) => {
        Destination::Integer
    };
    (fmv_to_x $($rest:tt)*) => {
        Destination::Integer
    };
    (fload $($rest:tt)*) => {
        Destination::Float
    };
    (fp1 $($rest:tt)*) => {
        Destination::Float
    };
    (fp2 $($rest:tt)*) => {
        Destination::Float
    };
    (fp3 $($rest:tt)*) => {
        Destination::Float
    };
    (ffrom $($rest:tt)*) => {
        Destination::Float
    };
    (fcvt $($rest:tt)*) => {
        Destination::Float
    };
    (fmv_from_x $($rest:tt)*) => {
        Destination::Float
    };
    (fli $($rest:tt)*) => {
        Destination::Float
    };
    (sys (jal)) => {
        Destination::Integer
    };
    (sys (jalr)) => {
        Destination::Integer
    };
    (sys (mop)) => {
        Destination::Integer
    };
    (sys (amocas_q)) => {
        Destination::IntegerPair
    };
    (sys (csrrw)) => {
        Destination::Integer
    };
    (sys (csrrs)) => {
        Destination::Integer
    };
    (sys (csrrc)) => {
        Destination::Integer
    };
    (sys (csrrwi)) => {
        Destination::Integer
    };
    (sys (csrrsi)) => {
        Destination::Integer
    };
    (sys (csrrci)) => {
        Destination::Integer
    };
    (sys $($rest:tt)*) => {
        Destination::None
    };
    ($shape:ident $($rest:tt)*) => {
        Destination::Integer
    };
}

macro_rules! dispatch {
    ($($op:ident $mnemonic:literal $encoding:literal $format:ident $required:tt
       $shape:ident ($($function:tt)*);)*) => {
        /// Executes one instruction. `hart.next_pc` holds the address after it, and becomes the
        /// target of a jump.
        pub fn execute(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
            match insn.op {
                $(Op::$op => run!(hart bus insn $shape($($function)*)),)*
            }
        }

        /// Where the instruction's result goes.
        pub fn destination(op: Op) -> Destination {
            match op {
                $(Op::$op => destination!($shape ($($function)*)),)*
            }
        }
    };
}
for_each_instruction!(dispatch);
