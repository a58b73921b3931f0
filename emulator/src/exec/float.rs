//! F, D, Zfh, Zfa: floating point. The arithmetic itself is in `softfloat`; here are the registers,
//! the rounding mode, the flags, and NaN boxing.

use super::{Outcome, address, illegal};
use crate::hart::{Hart, Trap};
use crate::isa::Insn;
use crate::mem::Bus;
use crate::softfloat::{self, Env, Format, Rounding};

/// `rm` that says: use `frm`.
const DYNAMIC: u8 = 7;

/// A narrow value as a 64-bit register holds it: all higher bits are ones.
fn boxed<F: Format>(value: u64) -> u64 {
    value | !F::MASK
}

/// The narrow value in a register; the canonical NaN if it is not boxed.
fn unboxed<F: Format>(register: u64) -> u64 {
    if register | F::MASK == u64::MAX || F::MASK == u64::MAX {
        register & F::MASK
    } else {
        F::CANONICAL_NAN
    }
}

/// A register's value in a format.
pub(super) fn read<F: Format>(hart: &Hart, register: u8) -> u64 {
    unboxed::<F>(hart.f(register))
}

fn check_on(hart: &Hart) -> Outcome {
    if hart.float_on() {
        Ok(())
    } else {
        Err(illegal())
    }
}

/// The rounding mode of an instruction. Reserved modes are illegal, whether they stand in the
/// instruction or in `frm`.
fn environment(hart: &Hart, insn: Insn) -> Result<Env, Trap> {
    check_on(hart)?;
    let mode = if insn.rm == DYNAMIC {
        hart.csr.frm
    } else {
        insn.rm
    };
    Rounding::from_bits(mode).map(Env::new).ok_or_else(illegal)
}

/// Writes to `f[rd]` what `f` computes in the instruction's rounding mode.
pub(super) fn to_float<F: Format>(
    hart: &mut Hart,
    insn: Insn,
    f: impl FnOnce(&Hart, &mut Env) -> u64,
) -> Outcome {
    let mut env = environment(hart, insn)?;
    let value = f(hart, &mut env);
    hart.set_f(insn.rd, boxed::<F>(value));
    hart.raise_float_flags(env.flags);
    Ok(())
}

/// Writes to `x[rd]` what `f` computes in the instruction's rounding mode.
pub(super) fn to_integer(
    hart: &mut Hart,
    insn: Insn,
    f: impl FnOnce(&Hart, &mut Env) -> u64,
) -> Outcome {
    let mut env = environment(hart, insn)?;
    let value = f(hart, &mut env);
    hart.set_x(insn.rd, value);
    hart.raise_float_flags(env.flags);
    Ok(())
}

pub(super) fn load<F: Format>(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    check_on(hart)?;
    let value = hart.load(bus, address(hart, insn), (F::WIDTH / 8) as u8)?;
    hart.set_f(insn.rd, boxed::<F>(value));
    Ok(())
}

/// Stores the low bits, boxed or not.
pub(super) fn store<F: Format>(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    check_on(hart)?;
    let value = hart.f(insn.rs2) & F::MASK;
    hart.store(bus, address(hart, insn), (F::WIDTH / 8) as u8, value)
}

/// The low bits of the register, boxed or not, with the sign of the format extended.
pub(super) fn move_to_integer<F: Format>(hart: &mut Hart, insn: Insn) -> Outcome {
    check_on(hart)?;
    let unused = 64 - F::WIDTH;
    let value = ((hart.f(insn.rs1) << unused) as i64 >> unused) as u64;
    hart.set_x(insn.rd, value);
    Ok(())
}

pub(super) fn move_from_integer<F: Format>(hart: &mut Hart, insn: Insn) -> Outcome {
    check_on(hart)?;
    let value = hart.x(insn.rs1) & F::MASK;
    hart.set_f(insn.rd, boxed::<F>(value));
    Ok(())
}

/// Zfa: one of 32 constants; its index stands in the place of `rs1`.
pub(super) fn load_immediate<F: Format>(hart: &mut Hart, insn: Insn) -> Outcome {
    check_on(hart)?;
    hart.set_f(insn.rd, boxed::<F>(softfloat::load_constant::<F>(insn.rs1)));
    Ok(())
}
