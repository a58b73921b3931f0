//! Conversion to and from integers, between formats, and to an integer in the same format.

use super::format::{Unpacked, infinity, propagate_nan, unpack, zero};
use super::round::{round_pack, rounds_up, shift_right_sticky};
use super::{Env, Format, NV, NX, Rounding};

/// `fcvt.D.S`: a number of format S in format D.
#[inline]
pub fn convert<D: Format, S: Format>(a: u64, env: &mut Env) -> u64 {
    let x = unpack::<S>(a);
    if x.is_nan() {
        propagate_nan::<S>(&[a], env);
        return D::CANONICAL_NAN;
    }
    if x.is_infinity() {
        return infinity::<D>(x.negative);
    }
    if x.is_zero() {
        return zero::<D>(x.negative);
    }
    round_pack::<D>(x.negative, x.exponent, x.significand, env)
}

/// `fcvt.w`: to a signed 32-bit integer.
#[inline]
pub fn to_i32<F: Format>(a: u64, env: &mut Env) -> u64 {
    to_integer::<F>(a, i32::MIN.into(), i32::MAX.into(), env) as u64
}

/// `fcvt.wu`: to an unsigned 32-bit integer, which is sign-extended like every word in
/// an x register.
#[inline]
pub fn to_u32<F: Format>(a: u64, env: &mut Env) -> u64 {
    to_integer::<F>(a, 0, u32::MAX.into(), env) as i32 as u64
}

/// `fcvt.l`: to a signed 64-bit integer.
#[inline]
pub fn to_i64<F: Format>(a: u64, env: &mut Env) -> u64 {
    to_integer::<F>(a, i64::MIN.into(), i64::MAX.into(), env) as u64
}

/// `fcvt.lu`: to an unsigned 64-bit integer.
#[inline]
pub fn to_u64<F: Format>(a: u64, env: &mut Env) -> u64 {
    to_integer::<F>(a, 0, u64::MAX.into(), env) as u64
}

/// `fcvtmod.w.d` (Zfa): cut towards zero whatever the rounding mode, the low 32 bits of
/// the integer kept and sign-extended. Flags are those of [`to_i32`] when it rounds towards zero;
/// infinities and NaNs become zero.
#[inline]
pub fn to_i32_modular<F: Format>(a: u64, env: &mut Env) -> u64 {
    let mut to_zero = Env {
        rounding: Rounding::TowardZero,
        ..*env
    };
    to_i32::<F>(a, &mut to_zero);
    env.flags = to_zero.flags;

    let x = unpack::<F>(a);
    if x.is_nan() || x.is_infinity() {
        return 0;
    }
    let word = match x.exponent {
        ..0 => 0,
        0..=63 => x.significand >> (63 - x.exponent),
        // From 2^95 on the last digit counts for at least 2^32.
        64..=94 => x.significand << (x.exponent - 63),
        _ => 0,
    } as i32;
    let word = if x.negative {
        word.wrapping_neg()
    } else {
        word
    };
    i64::from(word) as u64
}

/// `fcvt` from a signed word, the low 32 bits of `a`.
#[inline]
pub fn from_i32<F: Format>(a: u64, env: &mut Env) -> u64 {
    from_i64::<F>(i64::from(a as i32) as u64, env)
}

/// `fcvt` from an unsigned word, the low 32 bits of `a`.
#[inline]
pub fn from_u32<F: Format>(a: u64, env: &mut Env) -> u64 {
    from_u64::<F>(u64::from(a as u32), env)
}

/// `fcvt` from a signed 64-bit integer.
#[inline]
pub fn from_i64<F: Format>(a: u64, env: &mut Env) -> u64 {
    let a = a as i64;
    from_magnitude::<F>(a < 0, a.unsigned_abs(), 0, env)
}

/// `fcvt` from an unsigned 64-bit integer.
#[inline]
pub fn from_u64<F: Format>(a: u64, env: &mut Env) -> u64 {
    from_magnitude::<F>(false, a, 0, env)
}

/// `fround` (Zfa): to an integer in the same format. Only a signaling NaN raises a flag.
#[inline]
pub fn round<F: Format>(a: u64, env: &mut Env) -> u64 {
    let (rounded, _) = round_to_integral::<F>(a, env);
    rounded
}

/// `froundnx` (Zfa): [`round`], and the inexact flag if the number was not an integer.
#[inline]
pub fn round_exact<F: Format>(a: u64, env: &mut Env) -> u64 {
    let (rounded, inexact) = round_to_integral::<F>(a, env);
    if inexact {
        env.raise(NX);
    }
    rounded
}

/// Rounds `magnitude * 2^scale`. Zero is positive.
#[inline]
pub(super) fn from_magnitude<F: Format>(
    negative: bool,
    magnitude: u64,
    scale: i32,
    env: &mut Env,
) -> u64 {
    if magnitude == 0 {
        return 0;
    }
    let zeros = magnitude.leading_zeros();
    round_pack::<F>(negative, 63 - zeros as i32 + scale, magnitude << zeros, env)
}

/// The rounded magnitude of a finite number below 2^64, and whether rounding changed it. It may
/// be 2^64 itself.
#[inline]
fn integer_magnitude(x: &Unpacked, rounding: Rounding) -> (u128, bool) {
    // Fixed point, with 64 digits after the point.
    let fixed = shift_right_sticky(u128::from(x.significand) << 64, (63 - x.exponent) as u32);
    let (integer, remainder) = (fixed >> 64, fixed as u64);
    let up = rounds_up(rounding, x.negative, integer & 1 != 0, remainder, 1 << 63);
    (integer + u128::from(up), remainder != 0)
}

/// Rounds to an integer and saturates: out of range raises the invalid flag and no other.
#[inline]
fn to_integer<F: Format>(a: u64, min: i128, max: i128, env: &mut Env) -> i128 {
    let x = unpack::<F>(a);
    if x.is_nan() {
        env.raise(NV);
        return max;
    }
    let limit = if x.negative { min } else { max };
    if x.is_infinity() || x.exponent > 63 {
        env.raise(NV);
        return limit;
    }
    let (magnitude, inexact) = integer_magnitude(&x, env.rounding);
    let integer = if x.negative {
        -(magnitude as i128)
    } else {
        magnitude as i128
    };
    if integer < min || integer > max {
        env.raise(NV);
        return limit;
    }
    if inexact {
        env.raise(NX);
    }
    integer
}

/// The rounded number, and whether rounding changed it.
#[inline]
fn round_to_integral<F: Format>(a: u64, env: &mut Env) -> (u64, bool) {
    let x = unpack::<F>(a);
    if x.is_nan() {
        return (propagate_nan::<F>(&[a], env), false);
    }
    // From this exponent on there are no digits after the point.
    if x.is_infinity() || x.is_zero() || x.exponent >= F::FRACTION_BITS as i32 {
        return (a & F::MASK, false);
    }
    let (magnitude, inexact) = integer_magnitude(&x, env.rounding);
    // No more digits than the format holds: nothing is left to round.
    let rounded = from_magnitude::<F>(x.negative, magnitude as u64, 0, env);
    (rounded | zero::<F>(x.negative), inexact)
}
