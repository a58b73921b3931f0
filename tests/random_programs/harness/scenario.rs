//! A machine in a random state with a random program.

use super::dice::Dice;
use super::legal;
use super::program;
use pagewalk::board::{Machine, MachineConfig};
use pagewalk::engine::EngineKind;
use pagewalk::hart::{Hart, csr};
use pagewalk::isa::{Isa, Privilege};
use pagewalk::mem::PhysAddr;
use pagewalk::mmu::TlbConfig;

pub(crate) const RAM: u64 = 0x8000_0000;
pub(crate) const RAM_SIZE: u64 = 1 << 20;
/// The pages where the program's instructions are.
const CODE: u64 = 0x1_0000;
pub(crate) const CODE_BYTES: usize = 0x4000;
/// Handlers that skip the instruction that trapped, for M-mode and for S-mode.
const HANDLERS: u64 = 0x2_0000;
/// Page tables are made from here on, one page after the other.
const TABLES: u64 = 0x3_0000;

const MSTATUS: u16 = 0x300;
const MTVEC: u16 = 0x305;
const STVEC: u16 = 0x105;
const MSCRATCH: u16 = 0x340;
const SSCRATCH: u16 = 0x140;
const MISA: u16 = 0x301;
const FCSR: u16 = 0x003;
const PMPCFG0: u16 = 0x3a0;
const PMPADDR0: u16 = 0x3b0;

/// CSRs that are set up at random, each with a chance: those that decide what is allowed.
const SET_UP: &[u16] = &[
    0x302, 0x303, 0x304, 0x306, 0x30a, 0x30c, 0x320, 0x344, 0x106, 0x10a, 0x10c, 0x141, 0x14d,
    0x341, FCSR,
];

/// Makes the machine that `bytes` describe, with this number of harts, which all start alike.
pub(crate) fn machine(bytes: &[u8], harts: usize) -> Machine {
    machine_with(bytes, harts, TlbConfig::default())
}

/// The same with another TLB.
pub(crate) fn machine_with(bytes: &[u8], harts: usize, tlb: TlbConfig) -> Machine {
    machine_on(bytes, harts, tlb, EngineKind::default())
}

/// The same with another engine too.
pub(crate) fn machine_on(
    bytes: &[u8],
    harts: usize,
    tlb: TlbConfig,
    engine: EngineKind,
) -> Machine {
    let dice = &mut Dice::new(bytes);
    let structured = dice.chance(70);
    let config = MachineConfig {
        memory: RAM_SIZE,
        harts,
        isa: isa(dice),
        instructions_per_tick: dice.pick(&[1, 3, 100]),
        tlb,
        engine,
        ..MachineConfig::default()
    };
    let mut machine = Machine::empty(&config, RAM).expect("1 MiB can be had");
    fill(dice, &mut machine, 0, RAM_SIZE / 16);
    // A vectored handler has room for the base and one jump for each interrupt.
    let handlers = program::handlers();
    write(&mut machine, RAM + HANDLERS, &handlers.bytes);
    let code = if structured {
        program::structured(dice)
    } else {
        program::raw(dice)
    };
    write(&mut machine, RAM + CODE, &code);
    for n in 0..32 {
        let (x, f) = (dice.value(), float(dice));
        machine.hart_mut().set_x(n, x);
        machine.hart_mut().set_f(n, f);
    }
    for &n in program::POINTERS {
        let pointer = RAM + 0x8_0000 + dice.below(0x1000) * 8 + u64::from(dice.chance(10));
        machine.hart_mut().set_x(n, pointer);
    }
    set_up_csrs(dice, machine.hart_mut());
    if dice.chance(80) {
        open_pmp(machine.hart_mut());
    }
    if dice.chance(if structured { 85 } else { 30 }) {
        let hart = machine.hart_mut();
        hart.write_csr(MSCRATCH, RAM + HANDLERS + 0x800);
        hart.write_csr(SSCRATCH, RAM + HANDLERS + 0x900);
        hart.write_csr(
            MTVEC,
            RAM + HANDLERS + handlers.machine | u64::from(dice.chance(30)),
        );
        hart.write_csr(
            STVEC,
            RAM + HANDLERS + handlers.supervisor | u64::from(dice.chance(30)),
        );
    }
    let privilege = dice.pick(&[
        Privilege::Machine,
        Privilege::Supervisor,
        Privilege::Supervisor,
        Privilege::User,
    ]);
    if dice.chance(60) {
        let satp = page_tables(dice, &mut machine, privilege);
        machine.hart_mut().write_csr(csr::SATP, satp);
    }
    let hart = machine.hart_mut();
    hart.pc = RAM + CODE;
    hart.privilege = privilege;
    hart.check_interrupts = true;
    copy_to_all(&mut machine);
    machine
}

/// Makes the other harts start as hart 0 does.
fn copy_to_all(machine: &mut Machine) {
    let Some((first, others)) = machine.harts_mut().split_first_mut() else {
        return;
    };
    let csrs = legal::all(first);
    for other in others {
        for n in 0..32 {
            other.set_f(n, first.f(n));
            other.set_x(n, first.x(n));
        }
        for &(number, value) in &csrs {
            other.write_csr(number, value);
        }
        other.pc = first.pc;
        other.privilege = first.privilege;
        other.changed_from_outside();
    }
}

/// All there is, mostly; sometimes less.
fn isa(dice: &mut Dice) -> Isa {
    let text = dice.pick(&[
        "",
        "",
        "",
        "",
        "",
        "rv64imac_zicsr",
        "rv64imafdc_svade_svadu_sv57",
        "rva22s64",
    ]);
    if text.is_empty() {
        Isa::default()
    } else {
        Isa::parse(text).expect("a good ISA string")
    }
}

/// Floating-point registers: edge values of each format, boxed or not, and anything.
fn float(dice: &mut Dice) -> u64 {
    let high = dice.pick(&[
        0x7ff0, 0x7ff8, 0x7fef, 0x3ff0, 0x0000, 0x8000, 0x0010, 0xfff0, 0x7c00, 0x7e00,
    ]);
    match dice.below(6) {
        0 => high << 48 | u64::from(dice.half()),
        1 => 0xffff_ffff_0000_0000 | high << 16 | u64::from(dice.byte()),
        2 => 0xffff_ffff_ffff_0000 | high,
        3 => 0xffff_ffff_ffff_0000 | u64::from(dice.half()),
        4 => 0xffff_ffff_0000_0000 | u64::from(dice.word()),
        _ => dice.long(),
    }
}

fn set_up_csrs(dice: &mut Dice, hart: &mut Hart) {
    for &number in SET_UP {
        if dice.chance(60) {
            let value = dice.long();
            hart.write_csr(number, value);
        }
    }
    let mut mstatus = dice.long();
    if dice.chance(80) {
        mstatus |= 1 << 13;
    }
    hart.write_csr(MSTATUS, mstatus);
    if dice.chance(30) {
        for entry in 0..16 {
            let value = address_of_region(dice);
            hart.write_csr(PMPADDR0 + entry, value);
        }
        let (low, high) = (dice.long(), dice.long());
        hart.write_csr(PMPCFG0, low);
        hart.write_csr(PMPCFG0 + 2, high);
        if dice.chance(20) {
            let value = u64::from(dice.byte());
            hart.write_csr(0x747, value);
        }
    }
    if dice.chance(30) {
        for trigger in 0..4 {
            let (data, address) = (trigger_type(dice), address(dice));
            hart.write_csr(0x7a0, trigger);
            hart.write_csr(0x7a2, address);
            hart.write_csr(0x7a1, data);
        }
    }
    for vector in [MTVEC, STVEC] {
        let value = address(dice);
        hart.write_csr(vector, value);
    }
    if dice.chance(20) {
        let value = dice.long();
        hart.next_pc = 0;
        hart.write_csr(MISA, value);
    }
}

/// All of memory for everyone, by the last entry, so that the entries before it still count.
fn open_pmp(hart: &mut Hart) {
    hart.write_csr(PMPADDR0 + 15, u64::MAX);
    let old = hart.peek_csr(PMPCFG0 + 2).unwrap_or(0);
    hart.write_csr(PMPCFG0 + 2, old & !(0xff << 56) | 0x1f << 56);
}

fn address(dice: &mut Dice) -> u64 {
    match dice.below(4) {
        0 => dice.value(),
        _ => RAM + dice.below(1 << 16) * 16,
    }
}

fn address_of_region(dice: &mut Dice) -> u64 {
    let ones = (1u64 << dice.below(20)) - 1;
    address(dice) >> 2 | ones >> 1
}

/// A `tdata1` that has a fair chance to be armed.
fn trigger_type(dice: &mut Dice) -> u64 {
    let kind = dice.pick(&[2u64, 6, 6, 6, 15, 0]);
    kind << 60 | u64::from(dice.word()) & 0x07ff_ffff
}

fn write(machine: &mut Machine, at: u64, bytes: &[u8]) {
    if let Some(place) = machine
        .bus_mut()
        .ram_mut()
        .slice_mut(PhysAddr(at), bytes.len() as u64)
    {
        place.copy_from_slice(bytes);
    }
}

fn write_entry(machine: &mut Machine, at: u64, value: u64) {
    write(machine, at, &value.to_le_bytes());
}

/// Random bytes over part of RAM.
fn fill(dice: &mut Dice, machine: &mut Machine, from: u64, length: u64) {
    let seed = dice.word().to_le_bytes();
    let mut noise = Dice::new(&seed);
    let bytes: Vec<u8> = (0..length / 8)
        .flat_map(|_| noise.long().to_le_bytes())
        .collect();
    write(machine, RAM + from, &bytes);
}

/// Page tables that map RAM where it is, mostly, and other addresses to anything. Gives `satp`.
fn page_tables(dice: &mut Dice, machine: &mut Machine, privilege: Privilege) -> u64 {
    let (mode, levels) = dice.pick(&[(8u64, 3u64), (9, 4), (10, 5)]);
    let mut next = RAM + TABLES;
    let mut page = || {
        next += 0x1000;
        next - 0x1000
    };
    let root = page();
    let mut table = root;
    // Down to the table whose entries are for 4 KiB each.
    for level in (1..levels).rev() {
        let index = RAM >> (12 + 9 * level) & 511;
        for _ in 0..dice.below(6) {
            let (at, entry) = (dice.below(512), any_entry(dice));
            write_entry(machine, table + at * 8, entry);
        }
        let below = page();
        let flags = if dice.chance(3) {
            dice.long() & 0x3ff
        } else {
            1
        };
        write_entry(machine, table + index * 8, below >> 2 | flags);
        table = below;
    }
    let user = if privilege == Privilege::User {
        0x10
    } else {
        0
    };
    for n in 0..RAM_SIZE >> 12 {
        let flags = match dice.below(24) {
            0 => u64::from(dice.byte()),
            1 => dice.long() & (0xffc0_0000_0000_03ff),
            2 => 0xcf ^ user ^ 0x10,
            3 => (0xcf | user) & !0x80,
            4 => (0xcf | user) & !0xc0,
            5 => (0xcf | user) & !4,
            _ => 0xcf | user,
        };
        let target = if dice.chance(4) {
            dice.below(RAM_SIZE >> 12)
        } else {
            n
        };
        write_entry(machine, table + n * 8, (RAM >> 12) + target << 10 | flags);
    }
    for _ in 0..dice.below(16) {
        let (at, entry) = (dice.below(256) + 256, any_entry(dice));
        write_entry(machine, table + at * 8, entry);
    }
    let asid = if dice.chance(50) {
        u64::from(dice.half())
    } else {
        0
    };
    let root = if dice.chance(2) {
        dice.long() >> 8
    } else {
        root
    };
    mode << 60 | asid << 44 | root >> 12 & 0xfff_ffff_ffff
}

/// An entry that may point into RAM, or anywhere.
fn any_entry(dice: &mut Dice) -> u64 {
    let flags = u64::from(dice.byte());
    match dice.below(4) {
        0 => dice.long(),
        1 => dice.long() & !0x3ff | flags,
        _ => (RAM >> 12) + dice.below(RAM_SIZE >> 12) << 10 | flags,
    }
}
