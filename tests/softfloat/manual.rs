//! What SoftFloat lacks, put together as the manual tells it (chapters F and Zfa) from SoftFloat's
//! comparisons and predicates, or from host arithmetic.

use super::oracle::{Soft, bits, raise, value};
use pagewalk::softfloat::{NV, NX};
use softfloat_wrapper::RoundingMode;

/// The order of `fmin` and `fmax`: by value, and -0 before +0. Neither is a NaN.
fn comes_first<T: Soft>(a: T, b: T) -> bool {
    a.lt_quiet(b) || (a.eq(b) && a.is_negative())
}

/// `fmin` and `fmax`: of a number and a NaN the number, of two NaNs the canonical one. A
/// signaling NaN is invalid even if the result is a number.
fn number<T: Soft>(a: T, b: T, choose: impl Fn(T, T) -> T) -> u64 {
    signal(a, b);
    match (a.is_nan(), b.is_nan()) {
        (true, true) => bits(T::quiet_nan()),
        (true, false) => bits(b),
        (false, true) => bits(a),
        (false, false) => bits(choose(a, b)),
    }
}

/// `fminm` and `fmaxm`: the canonical NaN if there is any NaN.
fn number_or_nan<T: Soft>(a: T, b: T, choose: impl Fn(T, T) -> T) -> u64 {
    signal(a, b);
    if a.is_nan() || b.is_nan() {
        bits(T::quiet_nan())
    } else {
        bits(choose(a, b))
    }
}

fn signal<T: Soft>(a: T, b: T) {
    if a.is_signaling_nan() || b.is_signaling_nan() {
        raise(NV);
    }
}

fn first<T: Soft>(a: T, b: T) -> T {
    if comes_first(a, b) { a } else { b }
}

fn last<T: Soft>(a: T, b: T) -> T {
    if comes_first(a, b) { b } else { a }
}

pub(super) fn min<T: Soft>(a: T, b: T) -> u64 {
    number(a, b, first)
}

pub(super) fn max<T: Soft>(a: T, b: T) -> u64 {
    number(a, b, last)
}

pub(super) fn minm<T: Soft>(a: T, b: T) -> u64 {
    number_or_nan(a, b, first)
}

pub(super) fn maxm<T: Soft>(a: T, b: T) -> u64 {
    number_or_nan(a, b, last)
}

pub(super) fn with_sign<T: Soft>(a: T, negative: bool) -> u64 {
    bits(if a.is_negative() == negative {
        a
    } else {
        a.neg()
    })
}

/// The table of `fclass`.
pub(super) fn classify<T: Soft>(a: T) -> u64 {
    let table = [
        a.is_negative_infinity(),
        a.is_negative_normal(),
        a.is_negative_subnormal(),
        a.is_negative_zero(),
        a.is_positive_zero(),
        a.is_positive_subnormal(),
        a.is_positive_normal(),
        a.is_positive_infinity(),
        a.is_signaling_nan(),
        a.is_nan() && !a.is_signaling_nan(),
    ];
    (0..)
        .zip(table)
        .fold(0, |mask, (bit, holds)| mask | u64::from(holds) << bit)
}

/// `froundnx`: inexact if the result differs from the operand, NaNs apart.
pub(super) fn round_exact<T: Soft>(a: T, mode: RoundingMode) -> u64 {
    let rounded = bits(a.round_to_integral(mode));
    if !a.is_nan() && rounded != bits(a) {
        raise(NX);
    }
    rounded
}

/// `fcvtmod.w.d` has the flags of a conversion that rounds towards zero, and the integer
/// modulo 2^32. The host's truncation and remainder are exact.
pub(super) fn to_i32_modular<T: Soft>(a: T) -> u64 {
    a.to_i32(RoundingMode::TowardZero, true);
    let exact = value(a);
    if exact.is_finite() {
        (exact.trunc() % 4_294_967_296.0) as i64 as i32 as u64
    } else {
        0
    }
}
