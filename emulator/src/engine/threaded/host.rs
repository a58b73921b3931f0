//! The host's floating-point unit. Where there is none that we know, everything is left to `softfloat`.
//!
//! Each operation is one instruction, so that the host's flags are those of the operation.

use super::float::{Arithmetic, FromInteger, HostFormat, ToInteger};
use crate::softfloat::{DZ, F32, F64, NV, NX, OF, UF};
use std::marker::PhantomData;

/// The result, unless it is a NaN: those differ.
#[inline(always)]
fn number<F: HostFormat>(bits: u64) -> Option<u64> {
    (!F::is_nan(bits)).then_some(bits)
}

#[cfg(target_arch = "x86_64")]
mod unit {
    use super::*;
    use std::arch::asm;

    /// All exceptions masked, to nearest even, no flag raised.
    const DEFAULT: u32 = 0x1f80;

    fn control() -> u32 {
        let mut word = 0u32;
        // SAFETY: it writes the control word to `word`.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    fn set_control(word: u32) {
        // SAFETY: it is the default, or a word that was there before.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack)) };
    }

    #[inline]
    pub(in super::super) fn clear_flags() {
        if control() != DEFAULT {
            set_control(DEFAULT);
        }
    }

    /// The control word of this thread, which is put back at the end: whoever runs a machine may have one of his own.
    pub(crate) struct Control(u32);

    impl Control {
        pub(crate) fn save() -> Self {
            Self(control())
        }
    }

    impl Drop for Control {
        fn drop(&mut self) {
            if control() != self.0 {
                set_control(self.0);
            }
        }
    }

    /// The flags that the host has raised, as in `fflags`. It also has one for denormal operands.
    #[inline]
    pub(in super::super) fn flags() -> u8 {
        let word = control();
        if word & 0x3d == 0 {
            return 0;
        }
        [(0x01, NV), (0x04, DZ), (0x08, OF), (0x10, UF), (0x20, NX)]
            .into_iter()
            .filter(|(bit, _)| word & bit != 0)
            .fold(0, |flags, (_, flag)| flags | flag)
    }

    /// Whether the host multiplies and adds in one step.
    pub(in super::super) fn has_fma() -> bool {
        std::arch::is_x86_feature_detected!("fma")
    }

    macro_rules! arithmetic {
        ($($(#[$meta:meta])* $name:ident $format:ident $host:ident $operands:literal: $code:literal;)*) => {$(
            $(#[$meta])*
            pub(in super::super) struct $name;

            impl Arithmetic for $name {
                type To = $format;
                type From = $format;
                const OPERANDS: u32 = $operands;

                #[inline(always)]
                fn apply(a: u64, b: u64, c: u64) -> Option<u64> {
                    let mut a = $host::from_bits(a as _);
                    let (b, c) = ($host::from_bits(b as _), $host::from_bits(c as _));
                    // SAFETY: the instruction computes with registers alone, and changes no flags but those meant.
                    unsafe {
                        asm!(
                            concat!($code, " // {2}"),
                            inout(xmm_reg) a, in(xmm_reg) b, in(xmm_reg) c, options(nomem, nostack)
                        );
                    }
                    number::<$format>(a.to_bits().into())
                }
            }
        )*};
    }
    arithmetic! {
        AddD F64 f64 2: "addsd {0}, {1}";
        SubD F64 f64 2: "subsd {0}, {1}";
        MulD F64 f64 2: "mulsd {0}, {1}";
        DivD F64 f64 2: "divsd {0}, {1}";
        SqrtD F64 f64 1: "sqrtsd {0}, {0} // {1}";
        FmaddD F64 f64 3: "vfmadd213sd {0}, {1}, {2}";
        FmsubD F64 f64 3: "vfmsub213sd {0}, {1}, {2}";
        FnmsubD F64 f64 3: "vfnmadd213sd {0}, {1}, {2}";
        FnmaddD F64 f64 3: "vfnmsub213sd {0}, {1}, {2}";
        AddS F32 f32 2: "addss {0}, {1}";
        SubS F32 f32 2: "subss {0}, {1}";
        MulS F32 f32 2: "mulss {0}, {1}";
        DivS F32 f32 2: "divss {0}, {1}";
        SqrtS F32 f32 1: "sqrtss {0}, {0} // {1}";
        FmaddS F32 f32 3: "vfmadd213ss {0}, {1}, {2}";
        FmsubS F32 f32 3: "vfmsub213ss {0}, {1}, {2}";
        FnmsubS F32 f32 3: "vfnmadd213ss {0}, {1}, {2}";
        FnmaddS F32 f32 3: "vfnmsub213ss {0}, {1}, {2}";
    }

    macro_rules! convert {
        ($($name:ident $from:ident $from_host:ident $to:ident $to_host:ident: $code:literal;)*) => {$(
            pub(in super::super) struct $name;

            impl Arithmetic for $name {
                type To = $to;
                type From = $from;
                const OPERANDS: u32 = 1;

                #[inline(always)]
                fn apply(a: u64, _: u64, _: u64) -> Option<u64> {
                    let a = $from_host::from_bits(a as _);
                    let value: $to_host;
                    // SAFETY: as for arithmetic.
                    unsafe { asm!($code, out(xmm_reg) value, in(xmm_reg) a, options(nomem, nostack)) };
                    number::<$to>(value.to_bits().into())
                }
            }
        )*};
    }
    convert! {
        SToD F32 f32 F64 f64: "cvtss2sd {0}, {1}";
        DToS F64 f64 F32 f32: "cvtsd2ss {0}, {1}";
    }

    macro_rules! compare {
        ($($name:ident $format:ident $host:ident: $code:literal;)*) => {$(
            pub(in super::super) struct $name;

            impl ToInteger for $name {
                type From = $format;
                const OPERANDS: u32 = 2;

                #[inline(always)]
                fn apply(a: u64, b: u64) -> Option<u64> {
                    let mut a = $host::from_bits(a as _);
                    let b = $host::from_bits(b as _);
                    // SAFETY: as for arithmetic.
                    unsafe { asm!($code, inout(xmm_reg) a, in(xmm_reg) b, options(nomem, nostack)) };
                    Some((a.to_bits() & 1).into())
                }
            }
        )*};
    }
    compare! {
        EqD F64 f64: "cmpeqsd {0}, {1}";
        LtD F64 f64: "cmpltsd {0}, {1}";
        LeD F64 f64: "cmplesd {0}, {1}";
        EqS F32 f32: "cmpeqss {0}, {1}";
        LtS F32 f32: "cmpltss {0}, {1}";
        LeS F32 f32: "cmpless {0}, {1}";
    }

    macro_rules! to_integer {
        ($($name:ident $format:ident $host:ident $integer:ident: $code:literal;)*) => {$(
            pub(in super::super) struct $name;

            impl ToInteger for $name {
                type From = $format;
                const OPERANDS: u32 = 1;

                #[inline(always)]
                fn apply(a: u64, _: u64) -> Option<u64> {
                    let a = $host::from_bits(a as _);
                    let value: $integer;
                    // SAFETY: as for arithmetic.
                    unsafe { asm!($code, out(reg) value, in(xmm_reg) a, options(nomem, nostack)) };
                    // What is out of range gives this too.
                    (value != $integer::MIN).then_some(value as u64)
                }
            }
        )*};
    }
    to_integer! {
        DToW F64 f64 i32: "cvtsd2si {0:e}, {1}";
        DToL F64 f64 i64: "cvtsd2si {0:r}, {1}";
        SToW F32 f32 i32: "cvtss2si {0:e}, {1}";
        SToL F32 f32 i64: "cvtss2si {0:r}, {1}";
        TruncateDToW F64 f64 i32: "cvttsd2si {0:e}, {1}";
        TruncateDToL F64 f64 i64: "cvttsd2si {0:r}, {1}";
        TruncateSToW F32 f32 i32: "cvttss2si {0:e}, {1}";
        TruncateSToL F32 f32 i64: "cvttss2si {0:r}, {1}";
    }

    macro_rules! from_integer {
        ($($name:ident $format:ident $host:ident $integer:ident: $code:literal;)*) => {$(
            pub(in super::super) struct $name;

            impl FromInteger for $name {
                type To = $format;

                #[inline(always)]
                fn apply(a: u64) -> Option<u64> {
                    let a = i64::try_from(a as $integer).ok()?;
                    let value: $host;
                    // SAFETY: as for arithmetic.
                    unsafe { asm!($code, out(xmm_reg) value, in(reg) a, options(nomem, nostack)) };
                    Some(value.to_bits().into())
                }
            }
        )*};
    }
    from_integer! {
        WToD F64 f64 i32: "cvtsi2sd {0}, {1:r}";
        WuToD F64 f64 u32: "cvtsi2sd {0}, {1:r}";
        LToD F64 f64 i64: "cvtsi2sd {0}, {1:r}";
        LuToD F64 f64 u64: "cvtsi2sd {0}, {1:r}";
        WToS F32 f32 i32: "cvtsi2ss {0}, {1:r}";
        WuToS F32 f32 u32: "cvtsi2ss {0}, {1:r}";
        LToS F32 f32 i64: "cvtsi2ss {0}, {1:r}";
        LuToS F32 f32 u64: "cvtsi2ss {0}, {1:r}";
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod unit {
    use super::*;

    pub(in super::super) fn clear_flags() {}

    /// Nothing is changed that would have to be put back.
    pub(crate) struct Control;

    impl Control {
        pub(crate) fn save() -> Self {
            Self
        }
    }

    pub(in super::super) fn flags() -> u8 {
        0
    }

    pub(in super::super) fn has_fma() -> bool {
        false
    }

    macro_rules! none {
        ($($from:ident $to:ident: $($name:ident)*;)*) => {$($(
            pub(in super::super) struct $name;

            impl Arithmetic for $name {
                type To = $to;
                type From = $from;
                const OPERANDS: u32 = 1;

                fn apply(_: u64, _: u64, _: u64) -> Option<u64> {
                    None
                }
            }
            impl ToInteger for $name {
                type From = $from;
                const OPERANDS: u32 = 1;

                fn apply(_: u64, _: u64) -> Option<u64> {
                    None
                }
            }
            impl FromInteger for $name {
                type To = $to;

                fn apply(_: u64) -> Option<u64> {
                    None
                }
            }
        )*)*};
    }
    none! {
        F64 F64: AddD SubD MulD DivD SqrtD FmaddD FmsubD FnmsubD FnmaddD EqD LtD LeD
            DToW DToL TruncateDToW TruncateDToL WToD WuToD LToD LuToD;
        F32 F32: AddS SubS MulS DivS SqrtS FmaddS FmsubS FnmsubS FnmaddS EqS LtS LeS
            SToW SToL TruncateSToW TruncateSToL WToS WuToS LToS LuToS;
        F32 F64: SToD;
        F64 F32: DToS;
    }
}

pub(crate) use unit::Control;
pub(super) use unit::*;

/// `fsgnj`: the bits of the first, with a sign made of both.
pub(super) struct Sign<F, S>(PhantomData<(F, S)>);

/// How the sign is made.
pub(super) trait ChooseSign {
    fn choose(a: u64, b: u64) -> u64;
}

macro_rules! signs {
    ($($name:ident $a:ident $b:ident: $sign:expr;)*) => {$(
        pub(super) struct $name;

        impl ChooseSign for $name {
            #[inline(always)]
            fn choose($a: u64, $b: u64) -> u64 {
                $sign
            }
        }
    )*};
}
signs! {
    Copied _a b: b;
    Negated _a b: !b;
    Multiplied a b: a ^ b;
}

impl<F: HostFormat, S: ChooseSign> Arithmetic for Sign<F, S> {
    type To = F;
    type From = F;
    const OPERANDS: u32 = 2;

    #[inline(always)]
    fn apply(a: u64, b: u64, _: u64) -> Option<u64> {
        Some(a & !F::SIGN | S::choose(a, b) & F::SIGN)
    }
}

/// `fmin` and `fmax`.
pub(super) struct Extreme<F, const MAX: bool>(PhantomData<F>);

impl<F: HostFormat, const MAX: bool> Arithmetic for Extreme<F, MAX> {
    type To = F;
    type From = F;
    const OPERANDS: u32 = 2;

    /// Numbers order as their bits do, but negative ones the other way round.
    #[inline(always)]
    fn apply(a: u64, b: u64, _: u64) -> Option<u64> {
        if F::is_nan(a) || F::is_nan(b) {
            return None;
        }
        let order = |bits: u64| {
            if bits & F::SIGN != 0 {
                !bits
            } else {
                bits | F::SIGN
            }
        };
        let (x, y) = (order(a) & F::MASK, order(b) & F::MASK);
        Some(if (x < y) == MAX { b } else { a })
    }
}
