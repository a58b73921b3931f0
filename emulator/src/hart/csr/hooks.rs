//! What reads and writes of CSRs do, where they do more than hold a value.

use super::super::{Hart, status};
use crate::isa::{Exception, Extension, Interrupt, Privilege};
use crate::mmu::Satp;

// ---- When a CSR is there, and when it may be touched. ----

pub(super) fn supervisor(hart: &Hart) -> bool {
    hart.isa.has(Extension::S)
}

pub(super) fn user(hart: &Hart) -> bool {
    hart.isa.has(Extension::U)
}

pub(super) fn float(hart: &Hart) -> bool {
    hart.extensions.has(Extension::F)
}

pub(super) fn float_on(hart: &Hart) -> bool {
    hart.float_on()
}

/// A counter is readable below M-mode if `mcounteren` says so, and in U-mode if `scounteren` does
/// too.
pub(super) fn counter_enabled<const N: u32>(hart: &Hart) -> bool {
    let machine = hart.csr.mcounteren >> N & 1 != 0;
    let supervisor = !hart.isa.has(Extension::S) || hart.csr.scounteren >> N & 1 != 0;
    match hart.privilege {
        Privilege::Machine => true,
        Privilege::Supervisor => machine,
        Privilege::User => machine && supervisor,
    }
}

/// `satp` traps in S-mode when TVM is set.
pub(super) fn satp_allowed(hart: &Hart) -> bool {
    hart.privilege == Privilege::Machine || hart.csr.mstatus & status::TVM == 0
}

/// `stimecmp` wants `menvcfg.STCE` and the time counter's enable below M-mode.
pub(super) fn stimecmp_enabled(hart: &Hart) -> bool {
    hart.privilege == Privilege::Machine
        || hart.csr.menvcfg & MENVCFG_STCE != 0 && hart.csr.mcounteren & 2 != 0
}

pub(super) fn senvcfg_enabled(hart: &Hart) -> bool {
    hart.privilege == Privilege::Machine
        || !hart.isa.has(Extension::Smstateen)
        || hart.csr.mstateen[0] & STATEEN0_SENVCFG != 0
}

pub(super) fn sstateen_enabled<const N: usize>(hart: &Hart) -> bool {
    hart.privilege == Privilege::Machine
        || !hart.isa.has(Extension::Smstateen)
        || hart.csr.mstateen[N] & STATEEN_SSTATEEN != 0
}

// ---- Floating point. ----

pub(super) fn read_fflags(hart: &Hart) -> u64 {
    u64::from(hart.csr.fflags)
}

pub(super) fn write_fflags(hart: &mut Hart, value: u64) {
    hart.dirty_float();
    hart.csr.fflags = value as u8 & 0x1f;
}

pub(super) fn read_frm(hart: &Hart) -> u64 {
    u64::from(hart.csr.frm)
}

pub(super) fn write_frm(hart: &mut Hart, value: u64) {
    hart.dirty_float();
    hart.csr.frm = value as u8 & 7;
}

pub(super) fn read_fcsr(hart: &Hart) -> u64 {
    read_frm(hart) << 5 | read_fflags(hart)
}

pub(super) fn write_fcsr(hart: &mut Hart, value: u64) {
    write_frm(hart, value >> 5);
    hart.note_csr(super::FRM, read_frm(hart));
    write_fflags(hart, value);
    hart.note_csr(super::FFLAGS, read_fflags(hart));
}

// ---- Status and ISA. ----

pub(super) fn read_sstatus(hart: &Hart) -> u64 {
    hart.csr.mstatus & status::SSTATUS_READ
}

pub(super) fn write_sstatus(hart: &mut Hart, value: u64) {
    let old = hart.csr.mstatus;
    write_mstatus(
        hart,
        old & !status::SSTATUS_WRITE | value & status::SSTATUS_WRITE,
    );
    hart.note_csr(super::MSTATUS, hart.csr.mstatus);
}

pub(super) fn write_mstatus(hart: &mut Hart, value: u64) {
    let has = |extension| hart.isa.has(extension);
    let mut mask = status::MIE | status::MPIE | status::MPP;
    if has(Extension::F) || has(Extension::S) {
        mask |= status::FS;
    }
    if has(Extension::U) {
        mask |= status::MPRV | status::TW;
    }
    if has(Extension::S) {
        mask |= status::SIE | status::SPIE | status::SPP | status::TSR;
        mask |= status::SUM | status::MXR | status::TVM;
    }
    let mpp = Privilege::from_bits(value >> status::MPP_SHIFT)
        .filter(|&mode| hart.has_mode(mode))
        .unwrap_or(hart.least_privilege());
    let value = value & !status::MPP | (mpp as u64) << status::MPP_SHIFT;
    hart.set_mstatus(hart.csr.mstatus & !mask | value & mask);
}

/// The letters of `misa` that can be switched off.
const MISA_WRITABLE: u64 =
    misa_bit('A') | misa_bit('B') | misa_bit('C') | misa_bit('D') | misa_bit('F') | misa_bit('M');

pub(crate) const fn misa_bit(letter: char) -> u64 {
    1 << (letter as u8 - b'A')
}

pub(super) fn write_misa(hart: &mut Hart, value: u64) {
    let old = hart.csr.misa;
    // Ignored if the next instruction would become misaligned.
    let drops_compressed = old & misa_bit('C') != 0 && value & misa_bit('C') == 0;
    if drops_compressed && hart.next_pc & 2 != 0 {
        return;
    }
    let writable = MISA_WRITABLE & hart.isa.misa();
    let mut new = old & !writable | value & writable;
    if new & misa_bit('F') == 0 {
        new &= !misa_bit('D');
    }
    hart.set_misa(new);
    hart.note_csr(super::MISA, new);
}

// ---- Trap set-up. ----

/// Exceptions that S-mode can handle: all but the call from M-mode and, while there are
/// compressed instructions, the misaligned instruction address, which then cannot happen.
pub(super) fn write_medeleg(hart: &mut Hart, value: u64) {
    let misaligned_fetch = u64::from(!hart.extensions.has(Extension::Zca));
    hart.csr.medeleg = value & (MEDELEG_MASK | misaligned_fetch);
}

const MEDELEG_MASK: u64 = 1 << Exception::InstructionAccessFault as u8
    | 1 << Exception::IllegalInstruction as u8
    | 1 << Exception::Breakpoint as u8
    | 1 << Exception::LoadAddressMisaligned as u8
    | 1 << Exception::LoadAccessFault as u8
    | 1 << Exception::StoreAddressMisaligned as u8
    | 1 << Exception::StoreAccessFault as u8
    | 1 << Exception::EnvironmentCallFromU as u8
    | 1 << Exception::EnvironmentCallFromS as u8
    | 1 << Exception::InstructionPageFault as u8
    | 1 << Exception::LoadPageFault as u8
    | 1 << Exception::StorePageFault as u8;

pub(super) const SUPERVISOR_INTERRUPTS: u64 = Interrupt::SupervisorSoftware.mask()
    | Interrupt::SupervisorTimer.mask()
    | Interrupt::SupervisorExternal.mask();

const MACHINE_INTERRUPTS: u64 = Interrupt::MachineSoftware.mask()
    | Interrupt::MachineTimer.mask()
    | Interrupt::MachineExternal.mask();

/// Modes 2 and 3 are reserved; the base is a multiple of four.
pub(super) fn legal_tvec(value: u64) -> u64 {
    value & !2
}

pub(crate) fn read_mepc(hart: &Hart) -> u64 {
    hart.csr.mepc & hart.pc_mask()
}

pub(crate) fn read_sepc(hart: &Hart) -> u64 {
    hart.csr.sepc & hart.pc_mask()
}

// ---- Interrupts. ----

pub(super) fn write_mie(hart: &mut Hart, value: u64) {
    let mut mask = MACHINE_INTERRUPTS;
    if hart.isa.has(Extension::S) {
        mask |= SUPERVISOR_INTERRUPTS;
    }
    hart.csr.mie = hart.csr.mie & !mask | value & mask;
}

pub(super) fn read_sie(hart: &Hart) -> u64 {
    hart.csr.mie & hart.csr.mideleg
}

pub(super) fn write_sie(hart: &mut Hart, value: u64) {
    let mask = hart.csr.mideleg;
    hart.csr.mie = hart.csr.mie & !mask | value & mask;
    hart.note_csr(super::MIE, hart.csr.mie);
}

pub(super) fn write_mip(hart: &mut Hart, value: u64) {
    if !hart.isa.has(Extension::S) {
        return;
    }
    let mut mask = SUPERVISOR_INTERRUPTS;
    if hart.csr.menvcfg & MENVCFG_STCE != 0 {
        mask &= !Interrupt::SupervisorTimer.mask();
    }
    hart.csr.mip_software = hart.csr.mip_software & !mask | value & mask;
}

pub(super) fn read_sip(hart: &Hart) -> u64 {
    hart.mip() & hart.csr.mideleg
}

pub(super) fn write_sip(hart: &mut Hart, value: u64) {
    let mask = hart.csr.mideleg & Interrupt::SupervisorSoftware.mask();
    hart.csr.mip_software = hart.csr.mip_software & !mask | value & mask;
    hart.note_csr(super::MIP, hart.mip());
}

pub(super) fn write_stimecmp(hart: &mut Hart, value: u64) {
    hart.csr.stimecmp = value;
    hart.reschedule();
}

// ---- Environment configuration. ----

const ENVCFG_FIOM: u64 = 1;
/// `CBIE`: `cbo.inval` is allowed below, and how.
pub(crate) const ENVCFG_CBIE: u64 = 3 << 4;
/// `CBCFE`: `cbo.clean` and `cbo.flush` are allowed below.
pub(crate) const ENVCFG_CBCFE: u64 = 1 << 6;
/// `CBZE`: `cbo.zero` is allowed below.
pub(crate) const ENVCFG_CBZE: u64 = 1 << 7;
/// `menvcfg.ADUE`: the hardware sets A and D.
pub(crate) const MENVCFG_ADUE: u64 = 1 << 61;
pub(crate) const MENVCFG_PBMTE: u64 = 1 << 62;
/// `menvcfg.STCE`: `stimecmp` drives the supervisor timer interrupt.
pub(crate) const MENVCFG_STCE: u64 = 1 << 63;

fn legal_envcfg(hart: &Hart, old: u64, value: u64, mut mask: u64) -> u64 {
    if hart.isa.has(Extension::Zicbom) {
        mask |= ENVCFG_CBIE | ENVCFG_CBCFE;
    }
    if hart.isa.has(Extension::Zicboz) {
        mask |= ENVCFG_CBZE;
    }
    let mut value = value;
    if value & ENVCFG_CBIE == 2 << 4 {
        value &= !ENVCFG_CBIE;
    }
    old & !mask | value & mask
}

pub(super) fn write_senvcfg(hart: &mut Hart, value: u64) {
    hart.csr.senvcfg = legal_envcfg(hart, hart.csr.senvcfg, value, ENVCFG_FIOM);
}

pub(super) fn write_menvcfg(hart: &mut Hart, value: u64) {
    let mut mask = 0;
    for (extension, bit) in [
        (Extension::S, ENVCFG_FIOM),
        (Extension::Svadu, MENVCFG_ADUE),
        (Extension::Svpbmt, MENVCFG_PBMTE),
        (Extension::Sstc, MENVCFG_STCE),
    ] {
        if hart.isa.has(extension) {
            mask |= bit;
        }
    }
    let new = legal_envcfg(hart, hart.csr.menvcfg, value, mask);
    let changed = hart.csr.menvcfg ^ new;
    hart.csr.menvcfg = new;
    if changed & (MENVCFG_ADUE | MENVCFG_PBMTE) != 0 {
        hart.forget_translations();
    }
    hart.reschedule();
}

// ---- State enables. ----

const STATEEN_SSTATEEN: u64 = 1 << 63;
const STATEEN0_SENVCFG: u64 = 1 << 62;

pub(super) fn write_mstateen<const N: usize>(hart: &mut Hart, value: u64) {
    let mask = STATEEN_SSTATEEN | if N == 0 { STATEEN0_SENVCFG } else { 0 };
    hart.csr.mstateen[N] = value & mask;
}

/// No state that U-mode could be denied is implemented beyond what `mstateen` covers.
const SSTATEEN_MASK: u64 = 0;

pub(super) fn read_sstateen<const N: usize>(hart: &Hart) -> u64 {
    hart.csr.sstateen[N] & hart.csr.mstateen[N]
}

pub(super) fn write_sstateen<const N: usize>(hart: &mut Hart, value: u64) {
    hart.csr.sstateen[N] = value & SSTATEEN_MASK;
}

// ---- Translation and protection. ----

pub(super) fn write_satp(hart: &mut Hart, value: u64) {
    let asid_bits = hart.tlb.config().asid_bits;
    let new = Satp(hart.csr.satp).write(value, hart.widest_mode(), asid_bits);
    hart.set_satp(new);
}

pub(super) fn read_pmpcfg<const N: usize>(hart: &Hart) -> u64 {
    hart.pmp.read_cfg(N)
}

pub(super) fn write_pmpcfg<const N: usize>(hart: &mut Hart, value: u64) {
    hart.pmp.write_cfg(N, value);
    hart.forget_translations();
}

pub(super) fn read_pmpaddr<const N: usize>(hart: &Hart) -> u64 {
    hart.pmp.read_addr(N)
}

pub(super) fn write_pmpaddr<const N: usize>(hart: &mut Hart, value: u64) {
    if hart.pmp.write_addr(N, value) {
        hart.note_csr(super::PMPADDR0 + N as u16, hart.pmp.read_addr(N));
    }
    hart.forget_translations();
}

pub(super) fn write_mseccfg(hart: &mut Hart, value: u64) {
    hart.pmp.write_mseccfg(value);
    hart.forget_translations();
}

// ---- Counters. ----

const INHIBIT_CYCLE: u64 = 1;
const INHIBIT_INSTRET: u64 = 4;
/// All but bit 1: time cannot be stopped.
const INHIBIT_MASK: u64 = 0xffff_fffd;

pub(super) fn read_mcycle(hart: &Hart) -> u64 {
    hart.mcycle.read(hart.retired)
}

pub(super) fn write_mcycle(hart: &mut Hart, value: u64) {
    hart.mcycle.write(hart.retired, value);
}

pub(super) fn read_minstret(hart: &Hart) -> u64 {
    hart.minstret.read(hart.retired)
}

pub(super) fn write_minstret(hart: &mut Hart, value: u64) {
    hart.minstret.write(hart.retired, value);
}

pub(super) fn write_mcountinhibit(hart: &mut Hart, value: u64) {
    hart.csr.mcountinhibit = value & INHIBIT_MASK;
    let retired = hart.retired;
    hart.mcycle.inhibit(retired, value & INHIBIT_CYCLE != 0);
    hart.minstret.inhibit(retired, value & INHIBIT_INSTRET != 0);
}
