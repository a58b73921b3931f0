//! Division and square root.

use super::format::{infinity, invalid, propagate_nan, unpack, zero};
use super::round::round_pack;
use super::{DZ, Env, Format};

/// `fdiv`: a / b.
#[inline]
pub fn div<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    let (x, y) = (unpack::<F>(a), unpack::<F>(b));
    let negative = x.negative != y.negative;
    if x.is_nan() || y.is_nan() {
        return propagate_nan::<F>(&[a, b], env);
    }
    if (x.is_infinity() && y.is_infinity()) || (x.is_zero() && y.is_zero()) {
        return invalid::<F>(env);
    }
    if x.is_infinity() {
        return infinity::<F>(negative);
    }
    if x.is_zero() || y.is_infinity() {
        return zero::<F>(negative);
    }
    if y.is_zero() {
        env.raise(DZ);
        return infinity::<F>(negative);
    }
    // Either way the quotient has its leading digit in bit 63.
    let smaller = u32::from(x.significand < y.significand);
    let dividend = u128::from(x.significand) << (63 + smaller);
    let divisor = u128::from(y.significand);
    let quotient = (dividend / divisor) as u64;
    let remainder = dividend.wrapping_sub(u128::from(quotient) * divisor);
    let exponent = x
        .exponent
        .wrapping_sub(y.exponent)
        .wrapping_sub(smaller as i32);
    round_pack::<F>(
        negative,
        exponent,
        quotient | u64::from(remainder != 0),
        env,
    )
}

/// `fsqrt`: the square root of a.
#[inline]
pub fn sqrt<F: Format>(a: u64, env: &mut Env) -> u64 {
    let x = unpack::<F>(a);
    if x.is_nan() {
        return propagate_nan::<F>(&[a], env);
    }
    if x.is_zero() {
        return zero::<F>(x.negative);
    }
    if x.negative {
        return invalid::<F>(env);
    }
    if x.is_infinity() {
        return infinity::<F>(false);
    }
    // An odd exponent leaves one factor of two under the root. Either way the root has its
    // leading digit in bit 63.
    let odd = (x.exponent & 1) as u32;
    let square = u128::from(x.significand) << (63 + odd);
    let root = square.isqrt();
    let inexact = root * root != square;
    round_pack::<F>(
        false,
        x.exponent >> 1,
        root as u64 | u64::from(inexact),
        env,
    )
}
