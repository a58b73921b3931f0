//! IEEE 754 binary arithmetic on raw bits, as the RISC-V F, D, Zfh and Zfa
//! extensions define it.
//!
//! Every operation is generic over a [`Format`] ([`F16`], [`F32`] or [`F64`]) and works on
//! the low bits of a `u64`: higher bits of an operand are ignored, those of a result are zero.
//! NaN boxing belongs to the caller. The [`Env`] gives the rounding mode and collects
//! the exception flags, which are only ever added to.
//!
//! No host floating point is used, so the results are the same everywhere. What RISC-V chooses
//! where IEEE 754 leaves a choice (unprivileged manual, "F" chapter):
//!
//! - every NaN result is the canonical NaN;
//! - tininess is detected after rounding;
//! - a conversion to an integer saturates and raises only the invalid flag;
//! - a fused multiply-add of infinity, zero and a quiet NaN raises the invalid flag.
//!
//! ```
//! use pagewalk::softfloat::{self, Env, F32, NX, Rounding};
//!
//! let mut env = Env::new(Rounding::NearestEven);
//! let third = softfloat::div::<F32>(0x3f80_0000, 0x4040_0000, &mut env);
//! assert_eq!((third, env.flags), (0x3eaa_aaab, NX));
//! ```

mod arithmetic;
mod compare;
mod constants;
mod convert;
mod divide;
mod format;
mod round;
mod sign;

pub use arithmetic::{add, fmadd, fmsub, fnmadd, fnmsub, mul, sub};
pub use compare::{eq, le, le_quiet, lt, lt_quiet, max, maxm, min, minm};
pub use constants::load_constant;
pub use convert::{
    convert, from_i32, from_i64, from_u32, from_u64, round, round_exact, to_i32, to_i32_modular,
    to_i64, to_u32, to_u64,
};
pub use divide::{div, sqrt};
pub use format::{F16, F32, F64, Format};
pub use sign::{classify, sgnj, sgnjn, sgnjx};

/// Inexact: the rounded result differs from the exact one.
pub const NX: u8 = 1;
/// Underflow: the result is both tiny and inexact.
pub const UF: u8 = 2;
/// Overflow: the rounded result is too large for the format.
pub const OF: u8 = 4;
/// Divide by zero: an exact infinity from finite operands.
pub const DZ: u8 = 8;
/// Invalid operation.
pub const NV: u8 = 16;

/// A rounding mode, numbered as in `frm` and in the `rm` field of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Rounding {
    /// RNE: to the nearest, ties to the one with an even last digit.
    #[default]
    NearestEven = 0,
    /// RTZ: towards zero.
    TowardZero = 1,
    /// RDN: down, towards minus infinity.
    Down = 2,
    /// RUP: up, towards plus infinity.
    Up = 3,
    /// RMM: to the nearest, ties to the one with the larger magnitude.
    NearestMaxMagnitude = 4,
}

impl Rounding {
    /// The mode with this number. 5 and 6 are reserved; 7 is the dynamic mode, which the caller
    /// replaces by `frm` beforehand.
    #[inline]
    pub fn from_bits(bits: u8) -> Option<Rounding> {
        match bits {
            0 => Some(Rounding::NearestEven),
            1 => Some(Rounding::TowardZero),
            2 => Some(Rounding::Down),
            3 => Some(Rounding::Up),
            4 => Some(Rounding::NearestMaxMagnitude),
            _ => None,
        }
    }
}

/// What an operation needs besides its operands, and what it leaves besides its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Env {
    /// How to round.
    pub rounding: Rounding,
    /// The exception flags raised so far, as in `fflags`: [`NX`], [`UF`], [`OF`], [`DZ`], [`NV`].
    pub flags: u8,
}

impl Env {
    /// An environment with this rounding mode and no flag raised.
    #[inline]
    pub fn new(rounding: Rounding) -> Env {
        Env { rounding, flags: 0 }
    }

    #[inline]
    fn raise(&mut self, flags: u8) {
        self.flags |= flags;
    }
}

#[cfg(test)]
mod tests;
