//! Privileged instructions: calls and returns, waiting, translation fences.

use super::{Outcome, illegal};
use crate::hart::{Hart, Trap, status};
use crate::isa::{Exception, Extension, Insn, Privilege};
use crate::mem::{Bus, VirtAddr};
use crate::mmu::FenceKind;

pub(super) fn ecall(hart: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    Err(Trap::new(hart.environment_call(), 0))
}

pub(super) fn ebreak(hart: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    Err(Trap::new(Exception::Breakpoint, hart.pc))
}

pub(super) fn mret(hart: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    if hart.privilege != Privilege::Machine {
        return Err(illegal());
    }
    hart.return_from_machine();
    Ok(())
}

/// Allowed in S-mode unless TSR is set, and in M-mode.
pub(super) fn sret(hart: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    if !supervisor_may(hart, status::TSR) {
        return Err(illegal());
    }
    hart.return_from_supervisor();
    Ok(())
}

/// Whether S-mode instructions are allowed now: never in U-mode, and not in S-mode if the bit of
/// `mstatus` that traps them is set.
fn supervisor_may(hart: &Hart, trap_bit: u64) -> bool {
    match hart.privilege {
        Privilege::Machine => true,
        Privilege::Supervisor => hart.csr.mstatus & trap_bit == 0,
        Privilege::User => false,
    }
}

/// Below M-mode TW makes it trap. In U-mode it traps where there is an S-mode.
pub(super) fn wfi(hart: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    let below_machine = hart.privilege < Privilege::Machine;
    if below_machine && hart.csr.mstatus & status::TW != 0
        || hart.privilege == Privilege::User && hart.isa().has(Extension::S)
    {
        return Err(illegal());
    }
    hart.waiting = true;
    Ok(())
}

/// Waiting on a reservation may end at any time; here it ends at once.
pub(super) fn wrs_nto(_: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    Ok(())
}

pub(super) fn wrs_sto(_: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    Ok(())
}

pub(super) fn sfence_vma(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    fence(hart, insn, FenceKind::Sfence)
}

fn fence(hart: &mut Hart, insn: Insn, kind: FenceKind) -> Outcome {
    if !supervisor_may(hart, status::TVM) {
        return Err(illegal());
    }
    let address = (insn.rs1 != 0).then(|| VirtAddr(hart.x(insn.rs1)));
    let asid = (insn.rs2 != 0).then(|| hart.x(insn.rs2) as u16);
    hart.fence_translation(address, asid, kind);
    Ok(())
}

/// Invalidates as `sfence.vma` does, and no later.
pub(super) fn sinval_vma(hart: &mut Hart, _: &mut Bus, insn: Insn) -> Outcome {
    fence(hart, insn, FenceKind::Sinval)
}

/// Orders earlier stores before later `sinval.vma`, which are in order here. TVM does not matter.
pub(super) fn sfence_w_inval(hart: &mut Hart, _: &mut Bus, _: Insn) -> Outcome {
    if hart.privilege == Privilege::User {
        return Err(illegal());
    }
    Ok(())
}

pub(super) fn sfence_inval_ir(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    sfence_w_inval(hart, bus, insn)
}
