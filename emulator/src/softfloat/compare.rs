//! Comparison, minimum and maximum.

use super::format::{is_nan, is_signaling_nan, propagate_nan};
use super::{Env, Format, NV};

/// `feq`: 1 if a = b. Quiet: only a signaling NaN raises the invalid flag.
#[inline]
pub fn eq<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    let holds = ordered_quiet::<F>(a, b, env) && equal::<F>(a, b);
    u64::from(holds)
}

/// `flt`: 1 if a < b. Signaling: any NaN raises the invalid flag.
#[inline]
pub fn lt<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    let holds = ordered_signaling::<F>(a, b, env) && less::<F>(a, b);
    u64::from(holds)
}

/// `fle`: 1 if a <= b. Signaling: any NaN raises the invalid flag.
#[inline]
pub fn le<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    let holds = ordered_signaling::<F>(a, b, env) && !less::<F>(b, a);
    u64::from(holds)
}

/// `fltq` (Zfa): [`lt`], but quiet.
#[inline]
pub fn lt_quiet<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    let holds = ordered_quiet::<F>(a, b, env) && less::<F>(a, b);
    u64::from(holds)
}

/// `fleq` (Zfa): [`le`], but quiet.
#[inline]
pub fn le_quiet<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    let holds = ordered_quiet::<F>(a, b, env) && !less::<F>(b, a);
    u64::from(holds)
}

/// `fmin`: the smaller one (minimumNumber of IEEE 754-2019). -0 is smaller than +0, and
/// a number is preferred to a NaN.
#[inline]
pub fn min<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    number::<F>(a, b, env).unwrap_or_else(|| smaller::<F>(a, b).0)
}

/// `fmax`: the larger one (maximumNumber). -0 is smaller than +0, and a number is preferred to
/// a NaN.
#[inline]
pub fn max<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    number::<F>(a, b, env).unwrap_or_else(|| smaller::<F>(a, b).1)
}

/// `fminm` (Zfa): [`min`], but any NaN makes the result the canonical NaN.
#[inline]
pub fn minm<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    if is_nan::<F>(a) || is_nan::<F>(b) {
        return propagate_nan::<F>(&[a, b], env);
    }
    smaller::<F>(a, b).0
}

/// `fmaxm` (Zfa): [`max`], but any NaN makes the result the canonical NaN.
#[inline]
pub fn maxm<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    if is_nan::<F>(a) || is_nan::<F>(b) {
        return propagate_nan::<F>(&[a, b], env);
    }
    smaller::<F>(a, b).1
}

/// The bits as an integer that sorts like the number, with -0 just below +0.
#[inline]
fn rank<F: Format>(bits: u64) -> i64 {
    let magnitude = (bits & F::MASK & !F::SIGN) as i64;
    if bits & F::SIGN != 0 {
        !magnitude
    } else {
        magnitude
    }
}

#[inline]
fn both_zero<F: Format>(a: u64, b: u64) -> bool {
    (a | b) & F::MASK & !F::SIGN == 0
}

#[inline]
fn equal<F: Format>(a: u64, b: u64) -> bool {
    rank::<F>(a) == rank::<F>(b) || both_zero::<F>(a, b)
}

#[inline]
fn less<F: Format>(a: u64, b: u64) -> bool {
    rank::<F>(a) < rank::<F>(b) && !both_zero::<F>(a, b)
}

/// Both operands, the smaller first.
#[inline]
fn smaller<F: Format>(a: u64, b: u64) -> (u64, u64) {
    let (a, b) = (a & F::MASK, b & F::MASK);
    if rank::<F>(a) <= rank::<F>(b) {
        (a, b)
    } else {
        (b, a)
    }
}

/// Whether neither is a NaN; a signaling NaN raises the invalid flag.
#[inline]
fn ordered_quiet<F: Format>(a: u64, b: u64, env: &mut Env) -> bool {
    if is_signaling_nan::<F>(a) || is_signaling_nan::<F>(b) {
        env.raise(NV);
    }
    !is_nan::<F>(a) && !is_nan::<F>(b)
}

/// Whether neither is a NaN; any NaN raises the invalid flag.
#[inline]
fn ordered_signaling<F: Format>(a: u64, b: u64, env: &mut Env) -> bool {
    let ordered = !is_nan::<F>(a) && !is_nan::<F>(b);
    if !ordered {
        env.raise(NV);
    }
    ordered
}

/// What [`min`] and [`max`] give when a NaN is among the operands: the other one, or
/// the canonical NaN when both are.
#[inline]
fn number<F: Format>(a: u64, b: u64, env: &mut Env) -> Option<u64> {
    if ordered_quiet::<F>(a, b, env) {
        None
    } else if !is_nan::<F>(a) {
        Some(a & F::MASK)
    } else if !is_nan::<F>(b) {
        Some(b & F::MASK)
    } else {
        Some(F::CANONICAL_NAN)
    }
}
