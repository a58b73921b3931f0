//! Berkeley SoftFloat behind the types of `pagewalk::softfloat`.

use pagewalk::softfloat::{self, Format, Rounding};
use softfloat_wrapper::{ExceptionFlags, Float, RoundingMode};

/// A number as SoftFloat has it.
pub(super) trait Soft: Float<Payload: Into<u64>> + Copy {}

impl<T: Float<Payload: Into<u64>> + Copy> Soft for T {}

pub(super) fn bits<T: Soft>(soft: T) -> u64 {
    soft.to_bits().into()
}

/// A format that SoftFloat has too.
pub(super) trait Berkeley: Format {
    type Soft: Soft;

    fn soft(bits: u64) -> Self::Soft;

    /// SoftFloat's conversion into this format.
    fn from<S: Soft>(soft: S, mode: RoundingMode) -> Self::Soft;
}

macro_rules! berkeley {
    ($format:ident, $payload:ty, $convert:ident) => {
        impl Berkeley for softfloat::$format {
            type Soft = softfloat_wrapper::$format;

            fn soft(bits: u64) -> Self::Soft {
                Self::Soft::from_bits(bits as $payload)
            }

            fn from<S: Soft>(soft: S, mode: RoundingMode) -> Self::Soft {
                soft.$convert(mode)
            }
        }
    };
}

berkeley!(F16, u16, to_f16);
berkeley!(F32, u32, to_f32);
berkeley!(F64, u64, to_f64);

pub(super) fn berkeley_mode(rounding: Rounding) -> RoundingMode {
    match rounding {
        Rounding::NearestEven => RoundingMode::TiesToEven,
        Rounding::TowardZero => RoundingMode::TowardZero,
        Rounding::Down => RoundingMode::TowardNegative,
        Rounding::Up => RoundingMode::TowardPositive,
        Rounding::NearestMaxMagnitude => RoundingMode::TiesToAway,
    }
}

/// Runs an operation of SoftFloat and takes the flags that it leaves in its (thread-local) state.
pub(super) fn with_flags(operation: impl FnOnce() -> u64) -> (u64, u8) {
    ExceptionFlags::default().set();
    let bits = operation();
    (bits, flags())
}

/// Raises flags as SoftFloat does.
pub(super) fn raise(raised: u8) {
    ExceptionFlags::from_bits(flags() | raised).set();
}

fn flags() -> u8 {
    let mut flags = ExceptionFlags::default();
    flags.get();
    flags.to_bits()
}

/// The exact value as the host has it.
pub(super) fn value<S: Soft>(soft: S) -> f64 {
    let before = flags();
    let wide = soft.to_f64(RoundingMode::TiesToEven);
    ExceptionFlags::from_bits(before).set();
    f64::from_bits(wide.to_bits())
}
