//! The constants of `fli` (Zfa).

use super::convert::from_magnitude;
use super::{Env, Format};

/// Constants 2 to 29, in units of 2^-16.
const CONSTANTS: [u64; 28] = [
    0x0_0001, // 2^-16
    0x0_0002, // 2^-15
    0x0_0100, // 2^-8
    0x0_0200, // 2^-7
    0x0_1000, // 0.0625
    0x0_2000, // 0.125
    0x0_4000, // 0.25
    0x0_5000, // 0.3125
    0x0_6000, // 0.375
    0x0_7000, // 0.4375
    0x0_8000, // 0.5
    0x0_a000, // 0.625
    0x0_c000, // 0.75
    0x0_e000, // 0.875
    0x1_0000, // 1
    0x1_4000, // 1.25
    0x1_8000, // 1.5
    0x1_c000, // 1.75
    0x2_0000, // 2
    0x2_8000, // 2.5
    0x3_0000, // 3
    0x4_0000, // 4
    0x8_0000, // 8
    16 << 16,
    128 << 16,
    256 << 16,
    1 << 31, // 2^15
    1 << 32, // 2^16
];

/// `fli`: the constant with this number, 0 to 31; higher bits are ignored. In half precision
/// constants 2 and 3 are subnormal, and 29 does not fit: it is plus infinity.
#[inline]
pub fn load_constant<F: Format>(index: u8) -> u64 {
    let constant = |index: u8| {
        from_magnitude::<F>(
            false,
            CONSTANTS[usize::from(index) - 2],
            -16,
            &mut Env::default(),
        )
    };
    match index & 31 {
        0 => F::SIGN | constant(16),
        // The smallest positive normal number.
        1 => 1 << F::FRACTION_BITS,
        30 => F::INFINITY,
        31 => F::CANONICAL_NAN,
        index => constant(index),
    }
}
