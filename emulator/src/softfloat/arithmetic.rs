//! Addition, multiplication, and the two fused.

use super::format::{Unpacked, infinity, invalid, propagate_nan, unpack, zero};
use super::round::{round_pack, shift_right_sticky, upper_half_sticky};
use super::{Env, Format, Rounding};

/// `fadd`: a + b.
#[inline]
pub fn add<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    let (x, y) = (unpack::<F>(a), unpack::<F>(b));
    if x.is_nan() || y.is_nan() {
        return propagate_nan::<F>(&[a, b], env);
    }
    if let Some(sum) = add_infinite::<F>(x.infinity(), y.infinity(), env) {
        return sum;
    }
    add_finite::<F>(Exact::from(x), Exact::from(y), env)
}

/// `fsub`: a - b.
#[inline]
pub fn sub<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    add::<F>(a, b ^ F::SIGN, env)
}

/// `fmul`: a * b.
#[inline]
pub fn mul<F: Format>(a: u64, b: u64, env: &mut Env) -> u64 {
    let (x, y) = (unpack::<F>(a), unpack::<F>(b));
    let negative = x.negative != y.negative;
    if x.is_nan() || y.is_nan() {
        return propagate_nan::<F>(&[a, b], env);
    }
    if x.is_infinity() || y.is_infinity() {
        if x.is_zero() || y.is_zero() {
            return invalid::<F>(env);
        }
        return infinity::<F>(negative);
    }
    let product = multiply(&x, &y);
    if product.significand == 0 {
        return zero::<F>(negative);
    }
    product.round::<F>(env)
}

/// `fmadd`: a * b + c, rounded once.
#[inline]
pub fn fmadd<F: Format>(a: u64, b: u64, c: u64, env: &mut Env) -> u64 {
    let (x, y, z) = (unpack::<F>(a), unpack::<F>(b), unpack::<F>(c));
    let infinite = x.is_infinity() || y.is_infinity();
    // Before NaNs are looked at: RISC-V raises the invalid flag here even if c is a quiet NaN.
    if infinite && (x.is_zero() || y.is_zero()) {
        return invalid::<F>(env);
    }
    if x.is_nan() || y.is_nan() || z.is_nan() {
        return propagate_nan::<F>(&[a, b, c], env);
    }
    let product = infinite.then_some(x.negative != y.negative);
    if let Some(sum) = add_infinite::<F>(product, z.infinity(), env) {
        return sum;
    }
    add_finite::<F>(multiply(&x, &y), Exact::from(z), env)
}

/// `fmsub`: a * b - c, rounded once.
#[inline]
pub fn fmsub<F: Format>(a: u64, b: u64, c: u64, env: &mut Env) -> u64 {
    fmadd::<F>(a, b, c ^ F::SIGN, env)
}

/// `fnmsub`: -(a * b) + c, rounded once.
#[inline]
pub fn fnmsub<F: Format>(a: u64, b: u64, c: u64, env: &mut Env) -> u64 {
    fmadd::<F>(a ^ F::SIGN, b, c, env)
}

/// `fnmadd`: -(a * b) - c, rounded once.
#[inline]
pub fn fnmadd<F: Format>(a: u64, b: u64, c: u64, env: &mut Env) -> u64 {
    fmadd::<F>(a ^ F::SIGN, b, c ^ F::SIGN, env)
}

/// A finite number or the exact product of two: its magnitude is
/// `significand * 2^(exponent - 126)`. Bit 127 is clear and, unless the number is zero, bit 126
/// is set: the sum of two fits.
struct Exact {
    negative: bool,
    exponent: i32,
    significand: u128,
}

impl From<Unpacked> for Exact {
    #[inline]
    fn from(x: Unpacked) -> Exact {
        Exact {
            negative: x.negative,
            exponent: x.exponent,
            significand: u128::from(x.significand) << 63,
        }
    }
}

impl Exact {
    /// Rounds a number that is not zero, whatever its leading bit.
    #[inline]
    fn round<F: Format>(&self, env: &mut Env) -> u64 {
        let zeros = self.significand.leading_zeros();
        let significand = upper_half_sticky(self.significand << zeros);
        let exponent = self.exponent.wrapping_add(1).wrapping_sub(zeros as i32);
        round_pack::<F>(self.negative, exponent, significand, env)
    }
}

#[inline]
fn multiply(x: &Unpacked, y: &Unpacked) -> Exact {
    let product = u128::from(x.significand) * u128::from(y.significand);
    // Each factor has at least eleven zeros at its end, so that the shift loses nothing.
    let carry = (product >> 127) as u32;
    Exact {
        negative: x.negative != y.negative,
        exponent: x
            .exponent
            .wrapping_add(y.exponent)
            .wrapping_add(carry as i32),
        significand: product >> carry,
    }
}

#[inline]
fn add_finite<F: Format>(x: Exact, y: Exact, env: &mut Env) -> u64 {
    let (high, low) = if x.exponent >= y.exponent {
        (x, y)
    } else {
        (y, x)
    };
    // A sticky bit stands for digits far below the result's last: bits are lost only when the
    // exponents differ by more than one, and then at most one leading digit cancels.
    let distance = high.exponent.wrapping_sub(low.exponent) as u32;
    let aligned = shift_right_sticky(low.significand, distance);
    let (negative, significand) = if high.negative == low.negative {
        (high.negative, high.significand + aligned)
    } else if high.significand >= aligned {
        (high.negative, high.significand - aligned)
    } else {
        (low.negative, aligned - high.significand)
    };
    if significand == 0 {
        // IEEE 754, 6.3: opposite numbers add up to +0, or -0 when rounding down.
        let opposite = high.negative != low.negative;
        return zero::<F>(if opposite {
            env.rounding == Rounding::Down
        } else {
            negative
        });
    }
    Exact {
        negative,
        exponent: high.exponent,
        significand,
    }
    .round::<F>(env)
}

/// The sum if at least one term is an infinity, given by its sign.
#[inline]
fn add_infinite<F: Format>(x: Option<bool>, y: Option<bool>, env: &mut Env) -> Option<u64> {
    match (x, y) {
        (None, None) => None,
        (Some(x), Some(y)) if x != y => Some(invalid::<F>(env)),
        (Some(negative), _) | (_, Some(negative)) => Some(infinity::<F>(negative)),
    }
}
