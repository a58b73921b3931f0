//! What the comparison with Berkeley SoftFloat in `tests/softfloat.rs` does not see.

use super::*;

const MODES: [Rounding; 5] = [
    Rounding::NearestEven,
    Rounding::TowardZero,
    Rounding::Down,
    Rounding::Up,
    Rounding::NearestMaxMagnitude,
];

const ONE: u64 = 0x3ff0_0000_0000_0000;
const SIGNALING: u64 = 0x7ff0_0000_0000_0001;
const QUIET: u64 = 0x7ff8_0000_0000_0001;

#[test]
fn rounding_modes_have_the_numbers_of_frm() {
    for (bits, mode) in (0..).zip(MODES) {
        assert_eq!(Rounding::from_bits(bits), Some(mode));
        assert_eq!(mode as u8, bits);
    }
    for reserved in 5..=255 {
        assert_eq!(Rounding::from_bits(reserved), None);
    }
}

#[test]
fn flags_add_up() {
    let mut env = Env::default();
    div::<F64>(ONE, 0, &mut env);
    assert_eq!(env.flags, DZ);
    div::<F64>(ONE, 0x4008_0000_0000_0000, &mut env);
    assert_eq!(env.flags, DZ | NX);
    add::<F64>(ONE, ONE, &mut env);
    assert_eq!(env.flags, DZ | NX, "an exact result clears nothing");
    add::<F64>(ONE, SIGNALING, &mut env);
    assert_eq!(env.flags, DZ | NX | NV);
    to_i32_modular::<F64>(QUIET, &mut env);
    assert_eq!(env.flags, DZ | NX | NV);
}

#[test]
fn bits_above_the_format_do_not_matter() {
    let one = 0x3c00;
    let junk = 0xdead_beef_0123_0000;
    type Binary = fn(u64, u64, &mut Env) -> u64;
    let binary: [Binary; 15] = [
        add::<F16>,
        sub::<F16>,
        mul::<F16>,
        div::<F16>,
        min::<F16>,
        max::<F16>,
        minm::<F16>,
        maxm::<F16>,
        sgnj::<F16>,
        sgnjn::<F16>,
        sgnjx::<F16>,
        eq::<F16>,
        lt::<F16>,
        le::<F16>,
        le_quiet::<F16>,
    ];
    for (index, op) in binary.iter().enumerate() {
        for (a, b) in [
            (one, 0x8400),
            (one, one),
            (0, 0x8000),
            (0x7e00, 0x0001),
            (0x7c00, one),
        ] {
            let mut clean = Env::default();
            let mut dirty = Env::default();
            let expected = op(a, b, &mut clean);
            assert_eq!(
                op(a | junk, b | !0xffff, &mut dirty),
                expected,
                "{index}: {a:x} {b:x}"
            );
            assert_eq!(dirty, clean);
            assert!(expected <= 0xffff);
        }
    }
    type Unary = fn(u64, &mut Env) -> u64;
    let unary: [Unary; 7] = [
        sqrt::<F16>,
        round::<F16>,
        round_exact::<F16>,
        classify::<F16>,
        to_i32::<F16>,
        to_u64::<F16>,
        convert::<F64, F16>,
    ];
    for (index, op) in unary.iter().enumerate() {
        for a in [0, 0x8000, one, 0x7c00, 0x7e01, 0x0001, 0x6bcd] {
            let mut env = Env::default();
            assert_eq!(op(a | junk, &mut env), op(a, &mut env), "{index}: {a:x}");
        }
    }
}

/// The words of an x register: the upper half in is ignored, the upper half out is a copy
/// of bit 31, unsigned or not.
#[test]
fn words_are_sign_extended() {
    let mut env = Env::default();
    let big = 0x41ef_ffff_ffe0_0000; // 2^32 - 1
    assert_eq!(to_u32::<F64>(big, &mut env), u64::MAX);
    assert_eq!(to_u64::<F64>(big, &mut env), 0xffff_ffff);
    assert_eq!(to_u32::<F64>(QUIET, &mut env), u64::MAX);
    assert_eq!(to_i32::<F64>(QUIET, &mut env), 0x7fff_ffff);
    assert_eq!(
        to_i32::<F64>(F64::SIGN | F64::INFINITY, &mut env),
        0xffff_ffff_8000_0000
    );
    env.flags = 0;
    assert_eq!(
        from_i32::<F64>(0x1234_5678_ffff_ffff, &mut env),
        F64::SIGN | ONE
    );
    assert_eq!(from_u32::<F64>(0x1234_5678_ffff_ffff, &mut env), big);
    assert_eq!(env.flags, 0);
}

#[test]
fn a_product_of_infinity_and_zero_is_invalid_whatever_is_added() {
    for f in [fmadd::<F64>, fmsub::<F64>, fnmsub::<F64>, fnmadd::<F64>] {
        for (a, b) in [(F64::INFINITY, 0), (F64::SIGN, F64::INFINITY)] {
            for c in [QUIET, SIGNALING, ONE, F64::INFINITY] {
                let mut env = Env::default();
                assert_eq!(f(a, b, c, &mut env), F64::CANONICAL_NAN);
                assert_eq!(env.flags, NV);
            }
        }
    }
}

/// Just below the smallest normal number, the result is tiny only if it would still be below
/// after rounding to full precision.
#[test]
fn tininess_is_detected_after_rounding() {
    let mut env = Env::default();
    // (2 - 2^-23)^2 * 2^-128 = (1 - 2^-23 + 2^-48) * 2^-126
    let result = mul::<F32>(0x1fff_ffff, 0x1fff_ffff, &mut env);
    assert_eq!((result, env.flags), (0x007f_ffff, UF | NX));
    // (1 - 2^-24) * 2^-126 is exact with an unbounded exponent: tiny, and rounds to normal.
    env.flags = 0;
    let result = mul::<F32>(0x00ff_ffff, 0x3f00_0000, &mut env);
    assert_eq!((result, env.flags), (0x0080_0000, UF | NX));
    // (1 + 2^-23) * (1 - 2^-23) * 2^-126: rounds to 2^-126 at full precision, so it is not tiny.
    env.flags = 0;
    let result = mul::<F32>(0x2000_0001, 0x1fff_fffe, &mut env);
    assert_eq!((result, env.flags), (0x0080_0000, NX));
}
