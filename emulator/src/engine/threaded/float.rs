//! Floating point: the handlers, and when they may be used.
//!
//! The handlers work while [`Hart::float_ready`] says that the unit is on, its state dirty, and the rounding mode to
//! nearest even; and only on instructions that ask for that mode. The host's unit raises its own flags meanwhile, which
//! stay there until [`fold_flags`] adds them to `fflags`: before whatever may read these, and at the end of a chain.
//! NaN results, numbers that are not boxed, and conversions out of range are left to `softfloat`.

use super::host;
use super::op::{Op, go, handler, next};
use super::slow::{slow, slow_without_result};
use super::step::{Memory, first, place, set_x};
use crate::hart::Hart;
use crate::isa::Extension;
use crate::softfloat::{F32, F64, Format};

/// Before handlers run: the host's flags are clear, and the hart says whether the handlers may be used.
pub(super) fn prepare(hart: &mut Hart) {
    host::clear_flags();
    hart.float_ready =
        hart.float_is_dirty() && hart.csr.frm == 0 && hart.extensions().has(Extension::F);
}

/// Adds the host's flags to `fflags`.
pub(super) fn fold_flags(hart: &mut Hart) {
    let flags = host::flags();
    if flags != 0 {
        hart.raise_float_flags(flags);
    }
}

/// A format that the host has.
pub(super) trait HostFormat: Format {
    /// Whether a register holds a number of the format.
    #[inline(always)]
    fn is_boxed(register: u64) -> bool {
        register | Self::MASK == u64::MAX || Self::MASK == u64::MAX
    }

    #[inline(always)]
    fn is_nan(bits: u64) -> bool {
        bits & !Self::SIGN & Self::MASK > Self::INFINITY
    }

    #[inline(always)]
    fn boxed(bits: u64) -> u64 {
        bits | !Self::MASK
    }
}

impl HostFormat for F32 {}
impl HostFormat for F64 {}

/// `f[rd] = f(a, b)`; operations with one operand leave the second alone, those with two the third. `None` is for
/// `softfloat`.
pub(super) trait Arithmetic {
    type To: HostFormat;
    type From: HostFormat;
    /// How many operands it has.
    const OPERANDS: u32;
    fn apply(a: u64, b: u64, c: u64) -> Option<u64>;
}

/// `x[rd] = f(a, b)`.
pub(super) trait ToInteger {
    type From: HostFormat;
    const OPERANDS: u32;
    fn apply(a: u64, b: u64) -> Option<u64>;
}

/// `f[rd] = f(x[rs1])`.
pub(super) trait FromInteger {
    type To: HostFormat;
    fn apply(a: u64) -> Option<u64>;
}

#[inline(always)]
unsafe fn f(hart: *mut Hart, index: u8) -> u64 {
    // SAFETY: an instruction's registers are below 32.
    unsafe {
        *(&raw const (*hart).f)
            .cast::<u64>()
            .add((index & 31).into())
    }
}

#[inline(always)]
unsafe fn set_f(hart: *mut Hart, index: u8, value: u64) {
    // SAFETY: an instruction's registers are below 32.
    unsafe { *(&raw mut (*hart).f).cast::<u64>().add((index & 31).into()) = value };
}

/// The result, unless it must be computed otherwise.
#[inline(always)]
unsafe fn compute<A: Arithmetic>(hart: *mut Hart, op: *const Op) -> Option<u64> {
    // SAFETY: both are valid.
    let (ready, a, b, c) = unsafe {
        let (b, c) = ((*op).rs2, (*op).imm as u8);
        (
            (*hart).float_ready,
            f(hart, (*op).rs1),
            if A::OPERANDS > 1 {
                f(hart, b)
            } else {
                u64::MAX
            },
            if A::OPERANDS > 2 {
                f(hart, c)
            } else {
                u64::MAX
            },
        )
    };
    if !ready || !A::From::is_boxed(a & b & c) {
        return None;
    }
    A::apply(a, b, c)
}

handler! {
    fn arithmetic [A: Arithmetic] (hart, op, acc, budget, page) {
        match compute::<A>(hart, op) {
            Some(value) => {
                set_f(hart, (*op).rd, A::To::boxed(value));
                next!(hart, op.add(1), acc, budget, page)
            }
            None => go!(slow_without_result, hart, op, acc, budget, page),
        }
    }

    fn to_integer [A: ToInteger] (hart, op, acc, budget, page) {
        let a = f(hart, (*op).rs1);
        let b = if A::OPERANDS > 1 { f(hart, (*op).rs2) } else { u64::MAX };
        let value = if (*hart).float_ready && A::From::is_boxed(a & b) { A::apply(a, b) } else { None };
        match value {
            Some(value) => {
                set_x(hart, (*op).rd, value);
                next!(hart, op.add(1), acc.then(value), budget, page)
            }
            None => go!(slow, hart, op, acc, budget, page),
        }
    }

    fn from_integer [A: FromInteger, const K: u8] (hart, op, acc, budget, page) {
        let a = first::<K>(hart, op, acc);
        match if (*hart).float_ready { A::apply(a) } else { None } {
            Some(value) => {
                set_f(hart, (*op).rd, A::To::boxed(value));
                next!(hart, op.add(1), acc, budget, page)
            }
            None => go!(slow_without_result, hart, op, acc, budget, page),
        }
    }

    /// The bits of a register, whatever they are, with the sign of the format extended.
    fn move_to_integer [F: Format] (hart, op, acc, budget, page) {
        if (*hart).float_ready {
            let unused = 64 - F::WIDTH;
            let value = ((f(hart, (*op).rs1) << unused) as i64 >> unused) as u64;
            set_x(hart, (*op).rd, value);
            next!(hart, op.add(1), acc.then(value), budget, page)
        } else {
            go!(slow, hart, op, acc, budget, page)
        }
    }

    fn move_from_integer [F: Format, const K: u8] (hart, op, acc, budget, page) {
        if (*hart).float_ready {
            set_f(hart, (*op).rd, first::<K>(hart, op, acc) | !F::MASK);
            next!(hart, op.add(1), acc, budget, page)
        } else {
            go!(slow_without_result, hart, op, acc, budget, page)
        }
    }

    fn load [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc).wrapping_add((*op).imm as u64);
        match place(&raw const (*hart).fast.load, va, size_of::<T>() as u64) {
            Some(at) if (*hart).float_ready => {
                let value = std::ptr::with_exposed_provenance::<T>(at).read_unaligned().extend();
                let unused = if size_of::<T>() == 8 { 0 } else { u64::MAX << (8 * (size_of::<T>() & 7)) };
                set_f(hart, (*op).rd, value | unused);
                next!(hart, op.add(1), acc, budget, page)
            }
            _ => go!(slow_without_result, hart, op, acc, budget, page),
        }
    }

    fn store [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc).wrapping_add((*op).imm as u64);
        match place(&raw const (*hart).fast.store, va, size_of::<T>() as u64) {
            Some(at) if (*hart).float_ready => {
                let value = T::truncate(f(hart, (*op).rs2));
                std::ptr::with_exposed_provenance_mut::<T>(at).write_unaligned(value);
                next!(hart, op.add(1), acc, budget, page)
            }
            _ => go!(slow_without_result, hart, op, acc, budget, page),
        }
    }
}
