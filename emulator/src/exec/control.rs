//! Jumps, branches, fences, and the instructions that may come to be something else.

use super::Outcome;
use crate::hart::{Hart, Trap};
use crate::isa::{Exception, Extension, Insn};
use crate::mem::Bus;

/// Goes to `target`, which must be aligned to four bytes where there is no C extension.
fn jump(hart: &mut Hart, target: u64) -> Outcome {
    if target & 2 != 0 && !hart.extensions().has(Extension::Zca) {
        return Err(Trap::new(Exception::InstructionAddressMisaligned, target));
    }
    hart.next_pc = target;
    Ok(())
}

#[inline]
pub(super) fn branch(hart: &mut Hart, insn: Insn, taken: bool) -> Outcome {
    if taken {
        jump(hart, hart.pc.wrapping_add(insn.imm as u64))
    } else {
        Ok(())
    }
}

pub(super) fn jal(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    let link = hart.next_pc;
    jump(hart, hart.pc.wrapping_add(insn.imm as u64))?;
    hart.set_x(insn.rd, link);
    Ok(())
}

pub(super) fn jalr(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    let link = hart.next_pc;
    jump(hart, hart.x(insn.rs1).wrapping_add(insn.imm as u64) & !1)?;
    hart.set_x(insn.rd, link);
    Ok(())
}

/// Memory is always in program order here.
pub(super) fn fence(_: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    Ok(())
}

/// Decoded code never outlives a store to it, so there is nothing to bring up to date.
pub(super) fn fence_i(hart: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    hart.fence_instructions();
    Ok(())
}

/// Zimop and Zcmop: write zero, until an extension gives them a meaning.
pub(super) fn mop(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    hart.set_x(insn.rd, 0);
    Ok(())
}
