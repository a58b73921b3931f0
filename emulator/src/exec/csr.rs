//! Zicsr: instructions on control and status registers.

use super::Outcome;
use crate::hart::Hart;
use crate::isa::Insn;
use crate::mem::Bus;

/// Replaces a CSR's value by what `change` makes of it, if anything; `rd` gets the old value.
fn update(hart: &mut Hart, insn: Insn, change: Option<impl FnOnce(u64) -> u64>) -> Outcome {
    let number = insn.imm as u16 & 0xfff;
    let old = hart.read_csr(number, change.is_some())?;
    if let Some(change) = change {
        hart.write_csr(number, change(hart.csr_to_modify(number, old)));
    }
    hart.set_x(insn.rd, old);
    Ok(())
}

pub(super) fn csrrw(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    let value = hart.x(insn.rs1);
    update(hart, insn, Some(|_| value))
}

/// With `rs1 = x0` nothing is written, so a read-only CSR does not trap.
pub(super) fn csrrs(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    let mask = hart.x(insn.rs1);
    update(hart, insn, (insn.rs1 != 0).then_some(|old| old | mask))
}

pub(super) fn csrrc(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    let mask = hart.x(insn.rs1);
    update(hart, insn, (insn.rs1 != 0).then_some(|old| old & !mask))
}

pub(super) fn csrrwi(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    let value = u64::from(insn.rs1);
    update(hart, insn, Some(|_| value))
}

pub(super) fn csrrsi(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    let mask = u64::from(insn.rs1);
    update(hart, insn, (mask != 0).then_some(|old| old | mask))
}

pub(super) fn csrrci(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    let mask = u64::from(insn.rs1);
    update(hart, insn, (mask != 0).then_some(|old| old & !mask))
}
