//! Rounding: from an exact result, or one with a sticky last bit, to the bits of a format.

use super::format::{infinity, zero};
use super::{Env, Format, NX, OF, Rounding, UF};

/// Shifts right; the last bit of the result is also set when any bit shifted out was. Such a
/// "sticky" bit rounds and compares like the exact value as long as it is not the last digit kept
/// nor the one below.
#[inline]
pub(super) fn shift_right_sticky(value: u128, distance: u32) -> u128 {
    match distance {
        0 => value,
        1..=127 => (value >> distance) | u128::from(value << (128 - distance) != 0),
        _ => u128::from(value != 0),
    }
}

/// [`shift_right_sticky`] for 64 bits.
#[inline]
pub(super) fn shift_right_sticky_64(value: u64, distance: u32) -> u64 {
    match distance {
        0 => value,
        1..=63 => (value >> distance) | u64::from(value << (64 - distance) != 0),
        _ => u64::from(value != 0),
    }
}

/// The upper half, its last bit sticky for the lower half.
#[inline]
pub(super) fn upper_half_sticky(value: u128) -> u64 {
    (value >> 64) as u64 | u64::from(value as u64 != 0)
}

/// Whether the magnitude must grow by one in its last digit kept. `remainder` is what was
/// cut off, `half` what half a last digit would have been.
#[inline]
pub(super) fn rounds_up(
    rounding: Rounding,
    negative: bool,
    odd: bool,
    remainder: u64,
    half: u64,
) -> bool {
    match rounding {
        Rounding::NearestEven => remainder > half || (remainder == half && odd),
        Rounding::NearestMaxMagnitude => remainder >= half,
        Rounding::TowardZero => false,
        Rounding::Down => negative && remainder != 0,
        Rounding::Up => !negative && remainder != 0,
    }
}

/// Rounds the number of magnitude `significand * 2^(exponent - 63)` to the format. Bit 63 of the
/// significand must be set; bit 0 may be sticky.
#[inline]
pub(super) fn round_pack<F: Format>(
    negative: bool,
    exponent: i32,
    significand: u64,
    env: &mut Env,
) -> u64 {
    if exponent > F::BIAS {
        return overflow::<F>(negative, env);
    }
    let subnormal = exponent < F::EXPONENT_MIN;
    let (significand, biased, tiny) = if subnormal {
        let below = F::EXPONENT_MIN.wrapping_sub(exponent) as u32;
        let tiny = below > 1 || !Digits::<F>::cut(significand, negative, env.rounding).carries();
        (shift_right_sticky_64(significand, below), 0, tiny)
    } else {
        (
            significand,
            exponent.wrapping_sub(F::EXPONENT_MIN) as u64,
            false,
        )
    };
    let digits = Digits::<F>::cut(significand, negative, env.rounding);
    if digits.inexact {
        env.raise(if tiny { UF | NX } else { NX });
    }
    // The leading digit of a normal number adds one to the exponent field, and so does a carry
    // out of the fraction.
    let magnitude = (biased << F::FRACTION_BITS).wrapping_add(digits.rounded());
    if magnitude >= F::INFINITY {
        return overflow::<F>(negative, env);
    }
    zero::<F>(negative) | magnitude
}

/// A significand cut to the precision of a format.
struct Digits<F> {
    kept: u64,
    up: bool,
    inexact: bool,
    format: std::marker::PhantomData<F>,
}

impl<F: Format> Digits<F> {
    #[inline]
    fn cut(significand: u64, negative: bool, rounding: Rounding) -> Self {
        let dropped = 63 - F::FRACTION_BITS;
        let kept = significand >> dropped;
        let remainder = significand & ((1 << dropped) - 1);
        let up = rounds_up(
            rounding,
            negative,
            kept & 1 != 0,
            remainder,
            1 << (dropped - 1),
        );
        Digits {
            kept,
            up,
            inexact: remainder != 0,
            format: std::marker::PhantomData,
        }
    }

    #[inline]
    fn rounded(&self) -> u64 {
        self.kept + u64::from(self.up)
    }

    /// Whether rounding gives the next power of two. Just below the smallest normal number this
    /// decides whether the result is tiny: RISC-V looks after rounding, as if the exponent
    /// had no lower bound.
    #[inline]
    fn carries(&self) -> bool {
        self.rounded() >> F::FRACTION_BITS > 1
    }
}

#[cold]
fn overflow<F: Format>(negative: bool, env: &mut Env) -> u64 {
    env.raise(OF | NX);
    let to_infinity = match env.rounding {
        Rounding::NearestEven | Rounding::NearestMaxMagnitude => true,
        Rounding::TowardZero => false,
        Rounding::Down => negative,
        Rounding::Up => !negative,
    };
    if to_infinity {
        infinity::<F>(negative)
    } else {
        zero::<F>(negative) | F::LARGEST
    }
}
