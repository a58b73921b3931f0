//! Zicbom, Zicboz: cache-block operations on blocks of 64 bytes.

use super::{Outcome, illegal};
use crate::hart::Hart;
use crate::hart::csr::{ENVCFG_CBCFE, ENVCFG_CBIE, ENVCFG_CBZE};
use crate::isa::{Extension, Insn, Privilege};
use crate::mem::{Bus, VirtAddr};

/// Whether the environment configuration allows the operation in the current mode.
fn allowed(hart: &Hart, field: u64) -> bool {
    let machine = hart.csr.menvcfg & field != 0;
    let supervisor = !hart.isa().has(Extension::S) || hart.csr.senvcfg & field != 0;
    match hart.privilege {
        Privilege::Machine => true,
        Privilege::Supervisor => machine,
        Privilege::User => machine && supervisor,
    }
}

fn block(hart: &Hart, insn: Insn) -> VirtAddr {
    VirtAddr(hart.x(insn.rs1))
}

/// There are no caches to manage: only the permission to the block matters.
fn manage(hart: &mut Hart, bus: &mut Bus, insn: Insn, field: u64) -> Outcome {
    if !allowed(hart, field) {
        return Err(illegal());
    }
    hart.manage_cache_block(bus, block(hart, insn))
}

pub(super) fn cbo_inval(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    manage(hart, bus, insn, ENVCFG_CBIE)
}

pub(super) fn cbo_clean(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    manage(hart, bus, insn, ENVCFG_CBCFE)
}

pub(super) fn cbo_flush(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    manage(hart, bus, insn, ENVCFG_CBCFE)
}

pub(super) fn cbo_zero(hart: &mut Hart, bus: &mut Bus, insn: Insn) -> Outcome {
    if !allowed(hart, ENVCFG_CBZE) {
        return Err(illegal());
    }
    hart.zero_cache_block(bus, block(hart, insn))
}
