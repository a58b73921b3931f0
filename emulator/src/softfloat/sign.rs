//! Sign injection and classification: they look at bits and never raise a flag.

use super::format::{is_nan, is_negative};
use super::{Env, Format};

/// `fsgnj`: a with the sign of b.
#[inline]
pub fn sgnj<F: Format>(a: u64, b: u64, _env: &mut Env) -> u64 {
    with_sign::<F>(a, b)
}

/// `fsgnjn`: a with the opposite of the sign of b.
#[inline]
pub fn sgnjn<F: Format>(a: u64, b: u64, _env: &mut Env) -> u64 {
    with_sign::<F>(a, !b)
}

/// `fsgnjx`: a, its sign flipped if b is negative.
#[inline]
pub fn sgnjx<F: Format>(a: u64, b: u64, _env: &mut Env) -> u64 {
    with_sign::<F>(a, a ^ b)
}

#[inline]
fn with_sign<F: Format>(a: u64, sign: u64) -> u64 {
    (a & F::MASK & !F::SIGN) | (sign & F::SIGN)
}

/// `fclass`: one bit set, which says what kind of number a is.
#[inline]
pub fn classify<F: Format>(a: u64, _env: &mut Env) -> u64 {
    if is_nan::<F>(a) {
        return if a & F::QUIET == 0 { 1 << 8 } else { 1 << 9 };
    }
    // Bits 0 to 3 go from minus infinity to -0; bits 4 to 7 mirror them.
    let magnitude = a & F::MASK & !F::SIGN;
    let smallness = if magnitude == F::INFINITY {
        0
    } else if magnitude > F::FRACTION {
        1
    } else if magnitude != 0 {
        2
    } else {
        3
    };
    1 << if is_negative::<F>(a) {
        smallness
    } else {
        7 - smallness
    }
}
