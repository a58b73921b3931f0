//! The formats, and a number of any format taken apart.

use super::{Env, NV};

/// A binary interchange format of IEEE 754: a sign, a biased exponent and a fraction.
///
/// The two sizes define a format; the rest follows.
pub trait Format: sealed::Sealed + Copy + 'static {
    /// Width of the exponent field.
    const EXPONENT_BITS: u32;
    /// Width of the fraction field, which leaves out the leading digit.
    const FRACTION_BITS: u32;

    /// Width of the whole format.
    const WIDTH: u32 = 1 + Self::EXPONENT_BITS + Self::FRACTION_BITS;
    /// All bits of the format.
    const MASK: u64 = u64::MAX >> (64 - Self::WIDTH);
    /// The sign bit.
    const SIGN: u64 = 1 << (Self::WIDTH - 1);
    /// The fraction field.
    const FRACTION: u64 = (1 << Self::FRACTION_BITS) - 1;
    /// The bit that tells a quiet NaN from a signaling one.
    const QUIET: u64 = 1 << (Self::FRACTION_BITS - 1);
    /// Plus infinity, which is also the exponent field full of ones.
    const INFINITY: u64 = Self::MASK & !Self::SIGN & !Self::FRACTION;
    /// The largest finite number.
    const LARGEST: u64 = Self::INFINITY - 1;
    /// The NaN that every operation with a NaN result gives.
    const CANONICAL_NAN: u64 = Self::INFINITY | Self::QUIET;
    /// What is added to an exponent to store it; also the largest exponent of a finite number.
    const BIAS: i32 = (1 << (Self::EXPONENT_BITS - 1)) - 1;
    /// The smallest exponent of a normal number.
    const EXPONENT_MIN: i32 = 1 - Self::BIAS;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! format {
    ($name:ident, $exponent:literal, $fraction:literal, $what:literal) => {
        #[doc = $what]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name;

        impl sealed::Sealed for $name {}

        impl Format for $name {
            const EXPONENT_BITS: u32 = $exponent;
            const FRACTION_BITS: u32 = $fraction;
        }
    };
}

format!(F16, 5, 10, "Half precision (binary16).");
format!(F32, 8, 23, "Single precision (binary32).");
format!(F64, 11, 52, "Double precision (binary64).");

#[inline]
pub(super) fn is_nan<F: Format>(bits: u64) -> bool {
    bits & F::MASK & !F::SIGN > F::INFINITY
}

#[inline]
pub(super) fn is_signaling_nan<F: Format>(bits: u64) -> bool {
    is_nan::<F>(bits) && bits & F::QUIET == 0
}

#[inline]
pub(super) fn is_negative<F: Format>(bits: u64) -> bool {
    bits & F::SIGN != 0
}

/// A zero of the given sign.
#[inline]
pub(super) fn zero<F: Format>(negative: bool) -> u64 {
    if negative { F::SIGN } else { 0 }
}

/// An infinity of the given sign.
#[inline]
pub(super) fn infinity<F: Format>(negative: bool) -> u64 {
    zero::<F>(negative) | F::INFINITY
}

/// The result of an operation that has none: the canonical NaN, and the invalid flag.
#[cold]
pub(super) fn invalid<F: Format>(env: &mut Env) -> u64 {
    env.raise(NV);
    F::CANONICAL_NAN
}

/// The result of an operation with a NaN among its operands.
#[cold]
pub(super) fn propagate_nan<F: Format>(operands: &[u64], env: &mut Env) -> u64 {
    if operands.iter().any(|&bits| is_signaling_nan::<F>(bits)) {
        env.raise(NV);
    }
    F::CANONICAL_NAN
}

/// The exponent that [`unpack`] gives a zero: below that of any product of numbers.
const ZERO_EXPONENT: i32 = -0x10000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// A number, zero included.
    Finite,
    Infinity,
    Nan,
}

/// A number taken apart. When finite, its magnitude is `significand * 2^(exponent - 63)`, where
/// bit 63 of the significand is set unless the number is zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unpacked {
    pub(super) class: Class,
    pub(super) negative: bool,
    pub(super) exponent: i32,
    pub(super) significand: u64,
}

impl Unpacked {
    #[inline]
    pub(super) fn is_nan(&self) -> bool {
        self.class == Class::Nan
    }

    #[inline]
    pub(super) fn is_infinity(&self) -> bool {
        self.class == Class::Infinity
    }

    /// The sign of an infinity.
    #[inline]
    pub(super) fn infinity(&self) -> Option<bool> {
        self.is_infinity().then_some(self.negative)
    }

    #[inline]
    pub(super) fn is_zero(&self) -> bool {
        self.class == Class::Finite && self.significand == 0
    }
}

#[inline]
pub(super) fn unpack<F: Format>(bits: u64) -> Unpacked {
    let negative = is_negative::<F>(bits);
    let fraction = bits & F::FRACTION;
    let biased = (bits & F::INFINITY) >> F::FRACTION_BITS;
    let finite = |exponent, significand| Unpacked {
        class: Class::Finite,
        negative,
        exponent,
        significand,
    };
    if biased == F::INFINITY >> F::FRACTION_BITS {
        let class = if fraction == 0 {
            Class::Infinity
        } else {
            Class::Nan
        };
        Unpacked {
            class,
            negative,
            exponent: 0,
            significand: 0,
        }
    } else if biased != 0 {
        let significand = (1 << F::FRACTION_BITS) | fraction;
        finite(
            biased as i32 - F::BIAS,
            significand << (63 - F::FRACTION_BITS),
        )
    } else if fraction != 0 {
        let zeros = fraction.leading_zeros();
        let exponent = F::EXPONENT_MIN + (63 - F::FRACTION_BITS as i32) - zeros as i32;
        finite(exponent, fraction << zeros)
    } else {
        finite(ZERO_EXPONENT, 0)
    }
}
