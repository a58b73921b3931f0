//! A, Zabha, Zacas: atomic memory operations.

use super::Outcome;
use crate::hart::Hart;
use crate::isa::Insn;
use crate::mem::{Bus, VirtAddr};

/// The unsigned integers that atomics work on.
pub(crate) trait Word: Copy + Ord + PartialEq {
    /// The signed integer of the same width.
    type Signed: Ord;
    /// The low bits of a register.
    fn truncate(register: u64) -> Self;
    /// The value as a register holds it: sign-extended.
    fn extend(self) -> u64;
    /// The bits alone.
    fn bits(self) -> u64;
    fn signed(self) -> Self::Signed;
    fn wrapping_add(self, other: Self) -> Self;
    /// A bitwise operation, done on 64 bits.
    fn bitwise(self, other: Self, f: impl FnOnce(u64, u64) -> u64) -> Self {
        Self::truncate(f(self.bits(), other.bits()))
    }
}

macro_rules! word {
    ($($unsigned:ident $signed:ident),*) => {$(
        impl Word for $unsigned {
            type Signed = $signed;
            fn truncate(register: u64) -> Self {
                register as Self
            }
            fn extend(self) -> u64 {
                self as $signed as u64
            }
            fn bits(self) -> u64 {
                u64::from(self)
            }
            fn signed(self) -> $signed {
                self as $signed
            }
            fn wrapping_add(self, other: Self) -> Self {
                $unsigned::wrapping_add(self, other)
            }
        }
    )*};
}
word!(u8 i8, u16 i16, u32 i32, u64 i64);

pub(crate) fn amo_swap<T: Word>(_: T, operand: T) -> T {
    operand
}

pub(crate) fn amo_add<T: Word>(old: T, operand: T) -> T {
    old.wrapping_add(operand)
}

pub(crate) fn amo_and<T: Word>(old: T, operand: T) -> T {
    old.bitwise(operand, |a, b| a & b)
}

pub(crate) fn amo_or<T: Word>(old: T, operand: T) -> T {
    old.bitwise(operand, |a, b| a | b)
}

pub(crate) fn amo_xor<T: Word>(old: T, operand: T) -> T {
    old.bitwise(operand, |a, b| a ^ b)
}

pub(crate) fn amo_min<T: Word>(old: T, operand: T) -> T {
    if operand.signed() < old.signed() {
        operand
    } else {
        old
    }
}

pub(crate) fn amo_max<T: Word>(old: T, operand: T) -> T {
    if operand.signed() > old.signed() {
        operand
    } else {
        old
    }
}

pub(crate) fn amo_minu<T: Word>(old: T, operand: T) -> T {
    old.min(operand)
}

pub(crate) fn amo_maxu<T: Word>(old: T, operand: T) -> T {
    old.max(operand)
}

fn target(hart: &Hart, insn: Insn) -> VirtAddr {
    VirtAddr(hart.x(insn.rs1))
}

/// Reads, lets `f` change, writes back; `rd` gets what was read.
pub(super) fn amo<T: Word>(
    hart: &mut Hart,
    bus: &mut Bus,
    insn: Insn,
    f: fn(T, T) -> T,
) -> Outcome {
    let operand = T::truncate(hart.x(insn.rs2));
    let old = hart.read_modify_write(bus, target(hart, insn), size_of::<T>() as u8, |old| {
        Some(f(T::truncate(old), operand).bits())
    })?;
    hart.set_x(insn.rd, T::truncate(old).extend());
    Ok(())
}

/// Compares memory with `rd` and stores `rs2` if they are equal; `rd` gets what was read.
pub(super) fn amocas<T: Word>(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    let expected = T::truncate(hart.x(insn.rd));
    let new = T::truncate(hart.x(insn.rs2));
    let old = hart.read_modify_write(bus, target(hart, insn), size_of::<T>() as u8, |old| {
        (T::truncate(old) == expected).then(|| new.bits())
    })?;
    hart.set_x(insn.rd, T::truncate(old).extend());
    Ok(())
}

/// The 128-bit form works on register pairs; the pair of `x0` reads as zero and is not written.
pub(super) fn amocas_q(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    let pair = |register: u8| match register {
        0 => [0, 0],
        _ => [hart.x(register), hart.x(register | 1)],
    };
    let (expected, new) = (pair(insn.rd), pair(insn.rs2));
    let old = hart.compare_and_swap_pair(bus, target(hart, insn), expected, new)?;
    if insn.rd != 0 {
        hart.set_x(insn.rd, old[0]);
        hart.set_x(insn.rd | 1, old[1]);
    }
    Ok(())
}

pub(super) fn load_reserved<T: Word>(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    let value = hart.load_reserved(bus, target(hart, insn), size_of::<T>() as u8)?;
    hart.set_x(insn.rd, T::truncate(value).extend());
    Ok(())
}

/// `rd` gets 0 if the store was made and 1 if not.
pub(super) fn store_conditional<T: Word>(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    let value = T::truncate(hart.x(insn.rs2)).bits();
    let stored = hart.store_conditional(bus, target(hart, insn), size_of::<T>() as u8, value)?;
    hart.set_x(insn.rd, u64::from(!stored));
    Ok(())
}
