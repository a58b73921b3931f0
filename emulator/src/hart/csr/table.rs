//! The table of CSRs.

use super::super::Hart;
use super::hooks::*;
use crate::isa::Extension;

/// A CSR: what the instruction set calls it, when it is there, and what access to it does.
pub struct Row {
    /// The number that instructions use.
    pub number: u16,
    /// The manual's name.
    pub name: &'static str,
    /// Whether this hart has it.
    pub exists: fn(&Hart) -> bool,
    /// Whether it may be touched now, beyond what its number says.
    pub allowed: fn(&Hart) -> bool,
    /// Its value.
    pub read: fn(&Hart) -> u64,
    /// What a write does, by the register's WARL rules.
    pub write: fn(&mut Hart, u64),
    /// The commit log does not show it: it never changes, or its write says itself what is
    /// logged, mostly because it is a view of another CSR.
    pub silent: bool,
}

/// A row of the table. The forms:
/// `plain(field)` holds any value; `masked(field, mask)` has writable bits; `constant(value)`
/// ignores writes; `hooks(read, write)` has behaviour; `view(read, write)` shows another CSR.
/// `zero()` reads zero, and the commit log shows that.
/// `if exists` and `, allowed` follow where they are not "always".
macro_rules! csrs {
    ($( $number:literal $name:ident : $kind:ident ( $($argument:tt)* ) $(if $exists:expr)? $(; allowed $allowed:expr)? ),* $(,)?) => {
        /// Every CSR that a hart can have.
        pub static ROWS: &[Row] = &[$( Row {
            number: $number,
            name: stringify!($name),
            exists: csrs!(@or always $(, $exists)?),
            allowed: csrs!(@or always $(, $allowed)?),
            ..csrs!(@$kind $($argument)*)
        }, )*];
    };
    (@or $default:expr) => { $default };
    (@or $default:expr, $given:expr) => { $given };
    (@plain $field:ident) => { Row { read: |hart| hart.csr.$field, write: |hart, value| hart.csr.$field = value, ..BLANK } };
    (@masked $field:ident, $mask:expr) => {
        Row {
            read: |hart| hart.csr.$field,
            write: |hart, value| hart.csr.$field = hart.csr.$field & !($mask) | value & ($mask),
            ..BLANK
        }
    };
    (@constant $value:expr) => { Row { read: |_| $value, silent: true, ..BLANK } };
    (@zero) => { BLANK };
    (@reads $read:expr) => { Row { read: $read, ..BLANK } };
    (@hooks $read:expr, $write:expr) => { Row { read: $read, write: $write, ..BLANK } };
    (@view $read:expr, $write:expr) => { Row { read: $read, write: $write, silent: true, ..BLANK } };
}

const BLANK: Row = Row {
    number: 0,
    name: "",
    exists: always,
    allowed: always,
    read: |_| 0,
    write: |_, _| {},
    silent: false,
};

fn always(_: &Hart) -> bool {
    true
}

/// The hart has the extension (whatever `misa` says now).
macro_rules! has {
    ($extension:ident) => {
        |hart| hart.isa.has(Extension::$extension)
    };
}

csrs! {
    // Unprivileged floating point.
    0x001 fflags: hooks(read_fflags, write_fflags) if float; allowed float_on,
    0x002 frm: hooks(read_frm, write_frm) if float; allowed float_on,
    0x003 fcsr: view(read_fcsr, write_fcsr) if float; allowed float_on,

    // Unprivileged counters.
    0xc00 cycle: reads(read_mcycle) if has!(Zicntr); allowed counter_enabled::<0>,
    0xc01 time: reads(Hart::mtime) if has!(Zicntr); allowed counter_enabled::<1>,
    0xc02 instret: reads(read_minstret) if has!(Zicntr); allowed counter_enabled::<2>,

    // Supervisor.
    0x100 sstatus: view(read_sstatus, write_sstatus) if supervisor,
    0x104 sie: hooks(read_sie, write_sie) if supervisor,
    0x105 stvec: hooks(|hart| hart.csr.stvec, |hart, value| hart.csr.stvec = legal_tvec(value)) if supervisor,
    0x106 scounteren: masked(scounteren, 0xffff_ffff) if supervisor,
    0x10a senvcfg: hooks(|hart| hart.csr.senvcfg, write_senvcfg) if supervisor; allowed senvcfg_enabled,
    0x10c sstateen0: hooks(read_sstateen::<0>, write_sstateen::<0>) if has!(Ssstateen); allowed sstateen_enabled::<0>,
    0x10d sstateen1: hooks(read_sstateen::<1>, write_sstateen::<1>) if has!(Ssstateen); allowed sstateen_enabled::<1>,
    0x10e sstateen2: hooks(read_sstateen::<2>, write_sstateen::<2>) if has!(Ssstateen); allowed sstateen_enabled::<2>,
    0x10f sstateen3: hooks(read_sstateen::<3>, write_sstateen::<3>) if has!(Ssstateen); allowed sstateen_enabled::<3>,
    0x140 sscratch: plain(sscratch) if supervisor,
    0x141 sepc: hooks(read_sepc, |hart, value| hart.csr.sepc = value & !1) if supervisor,
    0x142 scause: plain(scause) if supervisor,
    0x143 stval: plain(stval) if supervisor,
    0x144 sip: view(read_sip, write_sip) if supervisor,
    0x14d stimecmp: hooks(|hart| hart.csr.stimecmp, write_stimecmp) if has!(Sstc); allowed stimecmp_enabled,
    0x180 satp: hooks(|hart| hart.csr.satp, write_satp) if supervisor; allowed satp_allowed,

    // Machine.
    0xf11 mvendorid: constant(0),
    0xf12 marchid: constant(0),
    0xf13 mimpid: constant(0),
    0xf14 mhartid: reads(|hart| hart.id as u64),
    0xf15 mconfigptr: constant(0),
    0x300 mstatus: hooks(|hart| hart.csr.mstatus, write_mstatus),
    0x301 misa: view(|hart| hart.csr.misa, write_misa),
    0x302 medeleg: hooks(|hart| hart.csr.medeleg, write_medeleg) if supervisor,
    0x303 mideleg: masked(mideleg, SUPERVISOR_INTERRUPTS) if supervisor,
    0x304 mie: hooks(|hart| hart.csr.mie, write_mie),
    0x305 mtvec: hooks(|hart| hart.csr.mtvec, |hart, value| hart.csr.mtvec = legal_tvec(value)),
    0x306 mcounteren: masked(mcounteren, 0xffff_ffff) if user,
    0x30a menvcfg: hooks(|hart| hart.csr.menvcfg, write_menvcfg) if user,
    0x30c mstateen0: hooks(|hart| hart.csr.mstateen[0], write_mstateen::<0>) if has!(Smstateen),
    0x30d mstateen1: hooks(|hart| hart.csr.mstateen[1], write_mstateen::<1>) if has!(Smstateen),
    0x30e mstateen2: hooks(|hart| hart.csr.mstateen[2], write_mstateen::<2>) if has!(Smstateen),
    0x30f mstateen3: hooks(|hart| hart.csr.mstateen[3], write_mstateen::<3>) if has!(Smstateen),
    0x320 mcountinhibit: hooks(|hart| hart.csr.mcountinhibit, write_mcountinhibit),
    0x340 mscratch: plain(mscratch),
    0x341 mepc: hooks(read_mepc, |hart, value| hart.csr.mepc = value & !1),
    0x342 mcause: plain(mcause),
    0x343 mtval: plain(mtval),
    0x344 mip: hooks(Hart::mip, write_mip),
    0xb00 mcycle: hooks(read_mcycle, write_mcycle),
    0xb02 minstret: hooks(read_minstret, write_minstret),
    0x747 mseccfg: hooks(|hart| hart.pmp.read_mseccfg(), write_mseccfg) if has!(Smepmp),

    // Triggers.
    0x7a0 tselect: hooks(|hart| hart.triggers.read_tselect(), |hart, value| hart.triggers.write_tselect(value)) if has!(Sdtrig),
    0x7a1 tdata1: hooks(|hart| hart.triggers.read_tdata1(), |hart, value| hart.triggers.write_tdata1(value)) if has!(Sdtrig),
    0x7a2 tdata2: hooks(|hart| hart.triggers.read_tdata2(), |hart, value| hart.triggers.write_tdata2(value)) if has!(Sdtrig),
    0x7a3 tdata3: hooks(|hart| hart.triggers.read_tdata3(), |hart, value| hart.triggers.write_tdata3(value)) if has!(Sdtrig),
    0x7a4 tinfo: reads(|hart| hart.triggers.read_tinfo()) if has!(Sdtrig),

    // The numbered families: physical memory protection, then performance counters.
    0x3a0 pmpcfg0: hooks(read_pmpcfg::<0>, write_pmpcfg::<0>),
    0x3a2 pmpcfg2: hooks(read_pmpcfg::<2>, write_pmpcfg::<2>),
    0x3b0 pmpaddr0: view(read_pmpaddr::<0>, write_pmpaddr::<0>),
    0x3b1 pmpaddr1: view(read_pmpaddr::<1>, write_pmpaddr::<1>),
    0x3b2 pmpaddr2: view(read_pmpaddr::<2>, write_pmpaddr::<2>),
    0x3b3 pmpaddr3: view(read_pmpaddr::<3>, write_pmpaddr::<3>),
    0x3b4 pmpaddr4: view(read_pmpaddr::<4>, write_pmpaddr::<4>),
    0x3b5 pmpaddr5: view(read_pmpaddr::<5>, write_pmpaddr::<5>),
    0x3b6 pmpaddr6: view(read_pmpaddr::<6>, write_pmpaddr::<6>),
    0x3b7 pmpaddr7: view(read_pmpaddr::<7>, write_pmpaddr::<7>),
    0x3b8 pmpaddr8: view(read_pmpaddr::<8>, write_pmpaddr::<8>),
    0x3b9 pmpaddr9: view(read_pmpaddr::<9>, write_pmpaddr::<9>),
    0x3ba pmpaddr10: view(read_pmpaddr::<10>, write_pmpaddr::<10>),
    0x3bb pmpaddr11: view(read_pmpaddr::<11>, write_pmpaddr::<11>),
    0x3bc pmpaddr12: view(read_pmpaddr::<12>, write_pmpaddr::<12>),
    0x3bd pmpaddr13: view(read_pmpaddr::<13>, write_pmpaddr::<13>),
    0x3be pmpaddr14: view(read_pmpaddr::<14>, write_pmpaddr::<14>),
    0x3bf pmpaddr15: view(read_pmpaddr::<15>, write_pmpaddr::<15>),
    0x3a4 pmpcfg4: constant(0),
    0x3a6 pmpcfg6: constant(0),
    0x3a8 pmpcfg8: constant(0),
    0x3aa pmpcfg10: constant(0),
    0x3ac pmpcfg12: constant(0),
    0x3ae pmpcfg14: constant(0),
    0x3c0 pmpaddr16: zero(),
    0x3c1 pmpaddr17: zero(),
    0x3c2 pmpaddr18: zero(),
    0x3c3 pmpaddr19: zero(),
    0x3c4 pmpaddr20: zero(),
    0x3c5 pmpaddr21: zero(),
    0x3c6 pmpaddr22: zero(),
    0x3c7 pmpaddr23: zero(),
    0x3c8 pmpaddr24: zero(),
    0x3c9 pmpaddr25: zero(),
    0x3ca pmpaddr26: zero(),
    0x3cb pmpaddr27: zero(),
    0x3cc pmpaddr28: zero(),
    0x3cd pmpaddr29: zero(),
    0x3ce pmpaddr30: zero(),
    0x3cf pmpaddr31: zero(),
    0x3d0 pmpaddr32: zero(),
    0x3d1 pmpaddr33: zero(),
    0x3d2 pmpaddr34: zero(),
    0x3d3 pmpaddr35: zero(),
    0x3d4 pmpaddr36: zero(),
    0x3d5 pmpaddr37: zero(),
    0x3d6 pmpaddr38: zero(),
    0x3d7 pmpaddr39: zero(),
    0x3d8 pmpaddr40: zero(),
    0x3d9 pmpaddr41: zero(),
    0x3da pmpaddr42: zero(),
    0x3db pmpaddr43: zero(),
    0x3dc pmpaddr44: zero(),
    0x3dd pmpaddr45: zero(),
    0x3de pmpaddr46: zero(),
    0x3df pmpaddr47: zero(),
    0x3e0 pmpaddr48: zero(),
    0x3e1 pmpaddr49: zero(),
    0x3e2 pmpaddr50: zero(),
    0x3e3 pmpaddr51: zero(),
    0x3e4 pmpaddr52: zero(),
    0x3e5 pmpaddr53: zero(),
    0x3e6 pmpaddr54: zero(),
    0x3e7 pmpaddr55: zero(),
    0x3e8 pmpaddr56: zero(),
    0x3e9 pmpaddr57: zero(),
    0x3ea pmpaddr58: zero(),
    0x3eb pmpaddr59: zero(),
    0x3ec pmpaddr60: zero(),
    0x3ed pmpaddr61: zero(),
    0x3ee pmpaddr62: zero(),
    0x3ef pmpaddr63: zero(),
    0xc03 hpmcounter3: constant(0) if has!(Zihpm); allowed counter_enabled::<3>,
    0xc04 hpmcounter4: constant(0) if has!(Zihpm); allowed counter_enabled::<4>,
    0xc05 hpmcounter5: constant(0) if has!(Zihpm); allowed counter_enabled::<5>,
    0xc06 hpmcounter6: constant(0) if has!(Zihpm); allowed counter_enabled::<6>,
    0xc07 hpmcounter7: constant(0) if has!(Zihpm); allowed counter_enabled::<7>,
    0xc08 hpmcounter8: constant(0) if has!(Zihpm); allowed counter_enabled::<8>,
    0xc09 hpmcounter9: constant(0) if has!(Zihpm); allowed counter_enabled::<9>,
    0xc0a hpmcounter10: constant(0) if has!(Zihpm); allowed counter_enabled::<10>,
    0xc0b hpmcounter11: constant(0) if has!(Zihpm); allowed counter_enabled::<11>,
    0xc0c hpmcounter12: constant(0) if has!(Zihpm); allowed counter_enabled::<12>,
    0xc0d hpmcounter13: constant(0) if has!(Zihpm); allowed counter_enabled::<13>,
    0xc0e hpmcounter14: constant(0) if has!(Zihpm); allowed counter_enabled::<14>,
    0xc0f hpmcounter15: constant(0) if has!(Zihpm); allowed counter_enabled::<15>,
    0xc10 hpmcounter16: constant(0) if has!(Zihpm); allowed counter_enabled::<16>,
    0xc11 hpmcounter17: constant(0) if has!(Zihpm); allowed counter_enabled::<17>,
    0xc12 hpmcounter18: constant(0) if has!(Zihpm); allowed counter_enabled::<18>,
    0xc13 hpmcounter19: constant(0) if has!(Zihpm); allowed counter_enabled::<19>,
    0xc14 hpmcounter20: constant(0) if has!(Zihpm); allowed counter_enabled::<20>,
    0xc15 hpmcounter21: constant(0) if has!(Zihpm); allowed counter_enabled::<21>,
    0xc16 hpmcounter22: constant(0) if has!(Zihpm); allowed counter_enabled::<22>,
    0xc17 hpmcounter23: constant(0) if has!(Zihpm); allowed counter_enabled::<23>,
    0xc18 hpmcounter24: constant(0) if has!(Zihpm); allowed counter_enabled::<24>,
    0xc19 hpmcounter25: constant(0) if has!(Zihpm); allowed counter_enabled::<25>,
    0xc1a hpmcounter26: constant(0) if has!(Zihpm); allowed counter_enabled::<26>,
    0xc1b hpmcounter27: constant(0) if has!(Zihpm); allowed counter_enabled::<27>,
    0xc1c hpmcounter28: constant(0) if has!(Zihpm); allowed counter_enabled::<28>,
    0xc1d hpmcounter29: constant(0) if has!(Zihpm); allowed counter_enabled::<29>,
    0xc1e hpmcounter30: constant(0) if has!(Zihpm); allowed counter_enabled::<30>,
    0xc1f hpmcounter31: constant(0) if has!(Zihpm); allowed counter_enabled::<31>,
    0xb03 mhpmcounter3: constant(0),
    0xb04 mhpmcounter4: constant(0),
    0xb05 mhpmcounter5: constant(0),
    0xb06 mhpmcounter6: constant(0),
    0xb07 mhpmcounter7: constant(0),
    0xb08 mhpmcounter8: constant(0),
    0xb09 mhpmcounter9: constant(0),
    0xb0a mhpmcounter10: constant(0),
    0xb0b mhpmcounter11: constant(0),
    0xb0c mhpmcounter12: constant(0),
    0xb0d mhpmcounter13: constant(0),
    0xb0e mhpmcounter14: constant(0),
    0xb0f mhpmcounter15: constant(0),
    0xb10 mhpmcounter16: constant(0),
    0xb11 mhpmcounter17: constant(0),
    0xb12 mhpmcounter18: constant(0),
    0xb13 mhpmcounter19: constant(0),
    0xb14 mhpmcounter20: constant(0),
    0xb15 mhpmcounter21: constant(0),
    0xb16 mhpmcounter22: constant(0),
    0xb17 mhpmcounter23: constant(0),
    0xb18 mhpmcounter24: constant(0),
    0xb19 mhpmcounter25: constant(0),
    0xb1a mhpmcounter26: constant(0),
    0xb1b mhpmcounter27: constant(0),
    0xb1c mhpmcounter28: constant(0),
    0xb1d mhpmcounter29: constant(0),
    0xb1e mhpmcounter30: constant(0),
    0xb1f mhpmcounter31: constant(0),
    0x323 mhpmevent3: hooks(|_| 0, |_, _| {}),
    0x324 mhpmevent4: hooks(|_| 0, |_, _| {}),
    0x325 mhpmevent5: hooks(|_| 0, |_, _| {}),
    0x326 mhpmevent6: hooks(|_| 0, |_, _| {}),
    0x327 mhpmevent7: hooks(|_| 0, |_, _| {}),
    0x328 mhpmevent8: hooks(|_| 0, |_, _| {}),
    0x329 mhpmevent9: hooks(|_| 0, |_, _| {}),
    0x32a mhpmevent10: hooks(|_| 0, |_, _| {}),
    0x32b mhpmevent11: hooks(|_| 0, |_, _| {}),
    0x32c mhpmevent12: hooks(|_| 0, |_, _| {}),
    0x32d mhpmevent13: hooks(|_| 0, |_, _| {}),
    0x32e mhpmevent14: hooks(|_| 0, |_, _| {}),
    0x32f mhpmevent15: hooks(|_| 0, |_, _| {}),
    0x330 mhpmevent16: hooks(|_| 0, |_, _| {}),
    0x331 mhpmevent17: hooks(|_| 0, |_, _| {}),
    0x332 mhpmevent18: hooks(|_| 0, |_, _| {}),
    0x333 mhpmevent19: hooks(|_| 0, |_, _| {}),
    0x334 mhpmevent20: hooks(|_| 0, |_, _| {}),
    0x335 mhpmevent21: hooks(|_| 0, |_, _| {}),
    0x336 mhpmevent22: hooks(|_| 0, |_, _| {}),
    0x337 mhpmevent23: hooks(|_| 0, |_, _| {}),
    0x338 mhpmevent24: hooks(|_| 0, |_, _| {}),
    0x339 mhpmevent25: hooks(|_| 0, |_, _| {}),
    0x33a mhpmevent26: hooks(|_| 0, |_, _| {}),
    0x33b mhpmevent27: hooks(|_| 0, |_, _| {}),
    0x33c mhpmevent28: hooks(|_| 0, |_, _| {}),
    0x33d mhpmevent29: hooks(|_| 0, |_, _| {}),
    0x33e mhpmevent30: hooks(|_| 0, |_, _| {}),
    0x33f mhpmevent31: hooks(|_| 0, |_, _| {}),
}
