//! Floating point against Berkeley SoftFloat, built for RISC-V: the same bits and the same flags
//! over random and directed operands, in all five rounding modes.
//!
//! `SOFTFLOAT_CASES` sets the number of cases for each operation and format. Seeds are fixed.
//! To see the figures of a long run:
//!
//! ```sh
//! SOFTFLOAT_CASES=10000000 cargo test --release --test integration softfloat -- --nocapture
//! ```
//!
//! What SoftFloat lacks (minimum, `fclass`, `fcvtmod`, ...) is put together here from its
//! comparisons and predicates, or from host arithmetic, in the manual's words.

mod manual;
mod operands;
mod oracle;

use operands::{Rng, binary_operands, integer_operand, operand, ternary_operands};
use oracle::{Berkeley, berkeley_mode, bits, with_flags};
use pagewalk::softfloat::{
    self, DZ, Env, F16, F32, F64, Format, NV, NX, OF, Rounding, UF, load_constant,
};
use softfloat_wrapper::{Float, RoundingMode};

const MODES: [Rounding; 5] = [
    Rounding::NearestEven,
    Rounding::TowardZero,
    Rounding::Down,
    Rounding::Up,
    Rounding::NearestMaxMagnitude,
];

/// A result and the flags that came with it.
type Outcome = (u64, u8);

struct Case {
    operands: [u64; 3],
    ours: Outcome,
    theirs: Outcome,
}

fn cases() -> u64 {
    match std::env::var("SOFTFLOAT_CASES") {
        Ok(number) => number.parse().expect("SOFTFLOAT_CASES is a number"),
        Err(_) => 200_000,
    }
}

fn name<F: Format>() -> &'static str {
    std::any::type_name::<F>()
        .rsplit("::")
        .next()
        .unwrap_or_default()
}

fn ours(rounding: Rounding, operation: impl FnOnce(&mut Env) -> u64) -> Outcome {
    let mut env = Env::new(rounding);
    let bits = operation(&mut env);
    (bits, env.flags)
}

/// Runs the cases of one operation and format. `raised` is every flag that it can raise: if
/// the operands do not provoke them all, they are no test.
fn compare(name: &str, raised: u8, case: impl Fn(&mut Rng, Rounding) -> Case) {
    let mut rng = Rng::new(name);
    let mut counts = [0u64; 5];
    for (index, &rounding) in (0..cases()).zip(MODES.iter().cycle()) {
        let Case {
            operands,
            ours,
            theirs,
        } = case(&mut rng, rounding);
        assert_eq!(
            ours, theirs,
            "{name} {rounding:?}, case {index}: operands {operands:x?}; \
             left is Pagewalk's (bits, flags), right SoftFloat's"
        );
        for (bit, count) in counts.iter_mut().enumerate() {
            *count += u64::from(theirs.1 >> bit & 1);
        }
    }
    let seen = (0..5)
        .filter(|&bit| counts[bit] != 0)
        .fold(0, |flags, bit| flags | 1 << bit);
    assert_eq!(
        seen, raised,
        "{name}: the flags provoked, and the flags possible"
    );
    let [nx, uf, of, dz, nv] = counts;
    let cases = cases();
    println!("{name}: {cases} cases, 0 differences; NX {nx} UF {uf} OF {of} DZ {dz} NV {nv}");
}

type Unary = fn(u64, &mut Env) -> u64;
type Binary = fn(u64, u64, &mut Env) -> u64;
type Ternary = fn(u64, u64, u64, &mut Env) -> u64;

fn unary_case<F: Berkeley>(
    a: u64,
    rounding: Rounding,
    operation: Unary,
    oracle: impl Fn(F::Soft, RoundingMode) -> u64,
) -> Case {
    Case {
        operands: [a, 0, 0],
        ours: ours(rounding, |env| operation(a, env)),
        theirs: with_flags(|| oracle(F::soft(a), berkeley_mode(rounding))),
    }
}

fn unary<F: Berkeley>(
    operation_name: &str,
    raised: u8,
    operation: Unary,
    oracle: impl Fn(F::Soft, RoundingMode) -> u64,
) {
    compare(
        &format!("{operation_name} {}", name::<F>()),
        raised,
        |rng, rounding| unary_case::<F>(operand::<F>(rng), rounding, operation, &oracle),
    );
    if F::WIDTH == 16 {
        for (a, rounding) in (0..=0xffff).flat_map(|a| MODES.map(|rounding| (a, rounding))) {
            let case = unary_case::<F>(a, rounding, operation, &oracle);
            assert_eq!(
                case.ours, case.theirs,
                "{operation_name} F16 {rounding:?} {a:x}"
            );
        }
        println!("{operation_name} F16: all 65536 operands in 5 modes, 0 differences");
    }
}

fn binary<F: Berkeley>(
    operation_name: &str,
    raised: u8,
    operation: Binary,
    oracle: impl Fn(F::Soft, F::Soft, RoundingMode) -> u64,
) {
    compare(
        &format!("{operation_name} {}", name::<F>()),
        raised,
        |rng, rounding| {
            let [a, b] = binary_operands::<F>(rng);
            Case {
                operands: [a, b, 0],
                ours: ours(rounding, |env| operation(a, b, env)),
                theirs: with_flags(|| oracle(F::soft(a), F::soft(b), berkeley_mode(rounding))),
            }
        },
    );
}

fn ternary<F: Berkeley>(
    operation_name: &str,
    raised: u8,
    operation: Ternary,
    oracle: impl Fn(F::Soft, F::Soft, F::Soft, RoundingMode) -> u64,
) {
    compare(
        &format!("{operation_name} {}", name::<F>()),
        raised,
        |rng, rounding| {
            let [a, b, c] = ternary_operands::<F>(rng);
            let (x, y, z) = (F::soft(a), F::soft(b), F::soft(c));
            Case {
                operands: [a, b, c],
                ours: ours(rounding, |env| operation(a, b, c, env)),
                theirs: with_flags(|| oracle(x, y, z, berkeley_mode(rounding))),
            }
        },
    );
}

fn from_integer<F: Berkeley>(
    operation_name: &str,
    raised: u8,
    operation: Unary,
    oracle: impl Fn(u64, RoundingMode) -> F::Soft,
) {
    compare(
        &format!("{operation_name} {}", name::<F>()),
        raised,
        |rng, rounding| {
            let a = integer_operand(rng);
            Case {
                operands: [a, 0, 0],
                ours: ours(rounding, |env| operation(a, env)),
                theirs: with_flags(|| bits(oracle(a, berkeley_mode(rounding)))),
            }
        },
    );
}

/// A test of one operation over the three formats.
macro_rules! test {
    ($shape:ident $operation:ident, $raised:expr, $oracle:expr) => {
        #[test]
        fn $operation() {
            let name = stringify!($operation);
            $shape::<F16>(name, $raised, softfloat::$operation::<F16>, $oracle);
            $shape::<F32>(name, $raised, softfloat::$operation::<F32>, $oracle);
            $shape::<F64>(name, $raised, softfloat::$operation::<F64>, $oracle);
        }
    };
}

test!(binary add, NX | OF | NV, |a, b, mode| bits(a.add(b, mode)));
test!(binary sub, NX | OF | NV, |a, b, mode| bits(a.sub(b, mode)));
test!(binary mul, NX | UF | OF | NV, |a, b, mode| bits(a.mul(b, mode)));
test!(binary div, NX | UF | OF | DZ | NV, |a, b, mode| bits(a.div(b, mode)));
test!(unary sqrt, NX | NV, |a, mode| bits(a.sqrt(mode)));

test!(ternary fmadd, NX | UF | OF | NV, |a, b, c, mode| bits(a.fused_mul_add(b, c, mode)));
test!(ternary fmsub, NX | UF | OF | NV, |a, b, c, mode| bits(a.fused_mul_add(b, c.neg(), mode)));
test!(ternary fnmsub, NX | UF | OF | NV, |a, b, c, mode| {
    bits(a.neg().fused_mul_add(b, c, mode))
});
test!(ternary fnmadd, NX | UF | OF | NV, |a, b, c, mode| {
    bits(a.neg().fused_mul_add(b, c.neg(), mode))
});

test!(binary eq, NV, |a, b, _| a.eq(b).into());
test!(binary lt, NV, |a, b, _| a.lt(b).into());
test!(binary le, NV, |a, b, _| a.le(b).into());
test!(binary lt_quiet, NV, |a, b, _| a.lt_quiet(b).into());
test!(binary le_quiet, NV, |a, b, _| a.le_quiet(b).into());

test!(unary to_i32, NX | NV, |a, mode| a.to_i32(mode, true) as u64);
test!(unary to_u32, NX | NV, |a, mode| a.to_u32(mode, true) as i32 as u64);
test!(unary to_i64, NX | NV, |a, mode| a.to_i64(mode, true) as u64);
test!(unary to_u64, NX | NV, |a, mode| a.to_u64(mode, true));

test!(unary round, NV, |a, mode| bits(a.round_to_integral(mode)));

#[test]
fn from_i32() {
    fn check<F: Berkeley>(raised: u8) {
        from_integer::<F>("from_i32", raised, softfloat::from_i32::<F>, |a, mode| {
            F::Soft::from_i32(a as i32, mode)
        });
    }
    check::<F16>(NX | OF);
    check::<F32>(NX);
    check::<F64>(0);
}

#[test]
fn from_u32() {
    fn check<F: Berkeley>(raised: u8) {
        from_integer::<F>("from_u32", raised, softfloat::from_u32::<F>, |a, mode| {
            F::Soft::from_u32(a as u32, mode)
        });
    }
    check::<F16>(NX | OF);
    check::<F32>(NX);
    check::<F64>(0);
}

#[test]
fn from_i64() {
    fn check<F: Berkeley>(raised: u8) {
        from_integer::<F>("from_i64", raised, softfloat::from_i64::<F>, |a, mode| {
            F::Soft::from_i64(a as i64, mode)
        });
    }
    check::<F16>(NX | OF);
    check::<F32>(NX);
    check::<F64>(NX);
}

#[test]
fn from_u64() {
    fn check<F: Berkeley>(raised: u8) {
        from_integer::<F>("from_u64", raised, softfloat::from_u64::<F>, |a, mode| {
            F::Soft::from_u64(a, mode)
        });
    }
    check::<F16>(NX | OF);
    check::<F32>(NX);
    check::<F64>(NX);
}

#[test]
fn convert() {
    fn check<D: Berkeley, S: Berkeley>(raised: u8) {
        let name = format!("convert to {} from", name::<D>());
        unary::<S>(&name, raised, softfloat::convert::<D, S>, |a, mode| {
            bits(<D as Berkeley>::from(a, mode))
        });
    }
    check::<F32, F16>(NV);
    check::<F64, F16>(NV);
    check::<F64, F32>(NV);
    check::<F16, F32>(NX | UF | OF | NV);
    check::<F16, F64>(NX | UF | OF | NV);
    check::<F32, F64>(NX | UF | OF | NV);
}

// What SoftFloat lacks.

test!(binary min, NV, |a, b, _| manual::min(a, b));
test!(binary max, NV, |a, b, _| manual::max(a, b));
test!(binary minm, NV, |a, b, _| manual::minm(a, b));
test!(binary maxm, NV, |a, b, _| manual::maxm(a, b));
test!(binary sgnj, 0, |a, b, _| manual::with_sign(a, b.is_negative()));
test!(binary sgnjn, 0, |a, b, _| manual::with_sign(a, b.is_positive()));
test!(binary sgnjx, 0, |a, b, _| manual::with_sign(a, a.is_negative() != b.is_negative()));
test!(unary classify, 0, |a, _| manual::classify(a));
test!(unary round_exact, NX | NV, manual::round_exact);
test!(unary to_i32_modular, NX | NV, |a, _| manual::to_i32_modular(a));

/// The table of `fli` in the Zfa chapter, apart from 1 (the smallest normal number) and 31.
#[test]
fn constants_of_fli() {
    #[rustfmt::skip]
    let table = [
        -1.0, 0.0, 1.0 / 65536.0, 1.0 / 32768.0, 1.0 / 256.0, 1.0 / 128.0, 0.0625, 0.125,
        0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875,
        1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0,
        8.0, 16.0, 128.0, 256.0, 32768.0, 65536.0, f64::INFINITY, 0.0,
    ];
    for (index, value) in (0u8..).zip(table) {
        let (half, single, double) = match index {
            1 => (
                0x0400,
                f32::MIN_POSITIVE.to_bits(),
                f64::MIN_POSITIVE.to_bits(),
            ),
            31 => (0x7e00, 0x7fc0_0000, 0x7ff8_0000_0000_0000),
            _ => {
                // In half precision 2^16 becomes infinity by overflow.
                let soft = <F64 as Berkeley>::soft(value.to_bits());
                let half = bits(<F16 as Berkeley>::from(soft, RoundingMode::TiesToEven));
                (half, (value as f32).to_bits(), value.to_bits())
            }
        };
        assert_eq!(load_constant::<F16>(index), half, "fli.h {index}");
        assert_eq!(
            load_constant::<F32>(index),
            u64::from(single),
            "fli.s {index}"
        );
        assert_eq!(load_constant::<F64>(index), double, "fli.d {index}");
        assert_eq!(
            load_constant::<F64>(index | 32),
            double,
            "only five bits count"
        );
    }
    assert_eq!(load_constant::<F16>(2), 0x0100);
    assert_eq!(load_constant::<F16>(3), 0x0200);
    assert_eq!(load_constant::<F16>(29), 0x7c00);
}

/// The oracle really is the RISC-V build of SoftFloat: its other builds differ in these.
#[test]
fn the_oracle_is_riscv() {
    type Single = <F32 as Berkeley>::Soft;
    let mode = RoundingMode::TiesToEven;
    let soft = |bits: u32| Single::from_bits(bits);
    // Payloads are not propagated, and the generated NaN is positive.
    assert_eq!(soft(0xffc1_2345).add(soft(0), mode).to_bits(), 0x7fc0_0000);
    assert_eq!(soft(0).div(soft(0), mode).to_bits(), 0x7fc0_0000);
    // Saturation, and what a NaN becomes.
    assert_eq!(soft(0x7fc0_0000).to_i32(mode, true), i32::MAX);
    assert_eq!(soft(0x7fc0_0000).to_u64(mode, true), u64::MAX);
    assert_eq!(soft(0xcf80_0000).to_u32(mode, true), 0);
    assert_eq!(soft(0xff80_0000).to_i64(mode, true), i64::MIN);
    // Tininess after rounding.
    let product = with_flags(|| bits(soft(0x2000_0001).mul(soft(0x1fff_fffe), mode)));
    assert_eq!(product, (0x0080_0000, NX));
    // Infinity times zero plus a quiet NaN.
    let (infinity, quiet) = (soft(0x7f80_0000), soft(0x7fc0_0000));
    let fused = with_flags(|| bits(infinity.fused_mul_add(soft(0), quiet, mode)));
    assert_eq!(fused, (0x7fc0_0000, NV));
}
