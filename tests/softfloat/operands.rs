//! Operands that mix random bits with what goes wrong: edges of the format, ties, numbers
//! that nearly cancel, results near overflow and underflow.

use pagewalk::softfloat::{self, Env, Format};

/// A small deterministic generator (splitmix64), seeded by a name.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(name: &str) -> Rng {
        Rng(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// Below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// From `low` to `high`, both included.
    fn range(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// One operand, of any class.
pub(super) fn operand<F: Format>(rng: &mut Rng) -> u64 {
    match rng.below(16) {
        0..=2 => rng.next() & F::MASK,
        3 | 4 => special::<F>(rng),
        // Subnormal, of any size.
        5 => sign::<F>(rng) | ((rng.next() & F::FRACTION) >> rng.below(F::FRACTION_BITS.into())),
        6 => sign::<F>(rng) | F::INFINITY | fraction::<F>(rng),
        // A square that is exact, or nearly.
        7 => {
            let root = build::<F>(rng) & !(F::FRACTION >> (F::FRACTION_BITS / 2));
            let square = softfloat::mul::<F>(root, root, &mut Env::default());
            nudge::<F>(rng, square)
        }
        _ => sign::<F>(rng) | build::<F>(rng),
    }
}

/// Two operands, unrelated or with a result at an edge.
pub(super) fn binary_operands<F: Format>(rng: &mut Rng) -> [u64; 2] {
    let a = operand::<F>(rng);
    let exponent = exponent_of::<F>(a);
    let precision = i64::from(F::FRACTION_BITS) + 1;
    let (lowest, highest) = (i64::from(F::EXPONENT_MIN), i64::from(F::BIAS));
    // Down to half of the smallest subnormal and a little below.
    let tiny = rng.range(lowest - precision - 2, lowest + 1);
    let huge = rng.range(highest - 1, highest + 1);
    let b = match rng.below(12) {
        // The same number but for a few last digits: sums cancel, quotients are near one.
        0 | 1 => nudge::<F>(rng, a) ^ sign::<F>(rng),
        // Sums whose digits overlap, or just do not.
        2 | 3 => {
            let near = exponent + rng.range(-precision - 3, precision + 3);
            with_exponent::<F>(rng, near)
        }
        // Products and quotients near underflow and overflow.
        4 => with_exponent::<F>(rng, tiny - exponent),
        5 => with_exponent::<F>(rng, huge - exponent),
        6 => with_exponent::<F>(rng, exponent - tiny),
        7 => with_exponent::<F>(rng, exponent - huge),
        // A quotient that is exact, or nearly.
        8 => {
            let divisor = build::<F>(rng);
            let product = softfloat::mul::<F>(a, divisor, &mut Env::default());
            return [nudge::<F>(rng, product), divisor ^ sign::<F>(rng)];
        }
        _ => operand::<F>(rng),
    };
    if rng.below(2) == 0 { [a, b] } else { [b, a] }
}

/// Three operands, for a * b + c.
pub(super) fn ternary_operands<F: Format>(rng: &mut Rng) -> [u64; 3] {
    let [a, b] = binary_operands::<F>(rng);
    let precision = i64::from(F::FRACTION_BITS) + 1;
    let exponent = exponent_of::<F>(a) + exponent_of::<F>(b);
    let c = match rng.below(8) {
        // The rounded product but for a few last digits: what remains are the low digits.
        0..=2 => {
            let product = softfloat::mul::<F>(a, b, &mut Env::default());
            nudge::<F>(rng, product) ^ sign::<F>(rng)
        }
        // Anywhere from far below the product's last digit to far above its first.
        3 | 4 => {
            let exponent = exponent + rng.range(-2 * precision - 3, 2 * precision + 3);
            with_exponent::<F>(rng, exponent)
        }
        _ => operand::<F>(rng),
    };
    [a, b, c]
}

/// The value of an x register.
pub(super) fn integer_operand(rng: &mut Rng) -> u64 {
    let value = match rng.below(8) {
        0 => rng.next(),
        1 => rng.pick(&[
            0,
            1,
            i32::MAX as u64,
            i64::MAX as u64,
            u32::MAX.into(),
            u64::MAX,
        ]),
        2 => 1 << rng.below(64),
        // Around a tie: some leading digits, a half, and perhaps a little more or less.
        3 | 4 => {
            let cut = rng.range(1, 63);
            let kept = (rng.next() >> rng.below(64)) >> cut << cut;
            (kept | 1 << (cut - 1)).wrapping_add(rng.range(-1, 1) as u64)
        }
        _ => rng.next() >> rng.below(64),
    };
    let value = value.wrapping_add(rng.pick(&[0, 0, 0, 1, u64::MAX]));
    if rng.below(2) == 0 {
        value
    } else {
        value.wrapping_neg()
    }
}

fn sign<F: Format>(rng: &mut Rng) -> u64 {
    if rng.below(2) == 0 { 0 } else { F::SIGN }
}

fn special<F: Format>(rng: &mut Rng) -> u64 {
    let one = (F::BIAS as u64) << F::FRACTION_BITS;
    let magnitude = rng.pick(&[
        0,
        1,
        2,
        F::FRACTION - 1,
        F::FRACTION,
        F::FRACTION + 1,
        F::FRACTION + 2,
        one - 1,
        one,
        one + 1,
        F::LARGEST - 1,
        F::LARGEST,
        F::INFINITY,
        F::INFINITY + 1,
        F::CANONICAL_NAN - 1,
        F::CANONICAL_NAN,
        F::CANONICAL_NAN + 1,
        F::INFINITY | F::FRACTION,
    ]);
    sign::<F>(rng) | magnitude
}

/// The neighbour a few steps away, now and then the number itself.
fn nudge<F: Format>(rng: &mut Rng, bits: u64) -> u64 {
    bits.wrapping_add(rng.range(-3, 3) as u64) & F::MASK
}

fn fraction<F: Format>(rng: &mut Rng) -> u64 {
    let position = rng.below(F::FRACTION_BITS.into());
    let pattern = match rng.below(8) {
        0 => 0,
        1 => F::FRACTION,
        2 => 1 << position,
        3 => (1 << position) - 1,
        4 => F::FRACTION << position,
        // A tie at any digit, or next to one.
        5 => {
            let tie = (rng.next() >> position << position) | (1 << position >> 1);
            tie.wrapping_add(rng.range(-1, 1) as u64)
        }
        _ => rng.next(),
    };
    pattern & F::FRACTION
}

/// A finite positive number, with an exponent where something happens or any other.
fn build<F: Format>(rng: &mut Rng) -> u64 {
    let precision = i64::from(F::FRACTION_BITS) + 1;
    let (lowest, highest) = (i64::from(F::EXPONENT_MIN), i64::from(F::BIAS));
    let exponent = match rng.below(6) {
        0 => rng.range(lowest - 1, highest),
        1 => rng.range(-precision - 2, precision + 2),
        2 => rng.range(lowest - 1, lowest + 2),
        3 => rng.range(highest - 2, highest),
        // The edges of narrower formats, of integers, of a square root.
        4 => {
            let edge = [-149, -126, -25, -24, -14, 15, 31, 32, 63, 64, 84, 127];
            rng.pick(&edge) + rng.range(-1, 1)
        }
        _ => rng.range(lowest / 2 - precision, lowest / 2 + precision),
    };
    with_exponent::<F>(rng, exponent) & !F::SIGN
}

/// A number with this exponent, or the nearest that the format has.
fn with_exponent<F: Format>(rng: &mut Rng, exponent: i64) -> u64 {
    let bias = i64::from(F::BIAS);
    let biased = (exponent + bias).clamp(0, 2 * bias) as u64;
    sign::<F>(rng) | biased << F::FRACTION_BITS | fraction::<F>(rng)
}

fn exponent_of<F: Format>(bits: u64) -> i64 {
    ((bits & F::INFINITY) >> F::FRACTION_BITS) as i64 - i64::from(F::BIAS)
}
