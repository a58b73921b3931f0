//! The reset vector: the first instructions of every run.

use super::MemoryMap;
use crate::isa::{Insn, Op, encode};

/// `x` registers of the reset vector.
const T0: u8 = 5;
const A0: u8 = 10;
const A1: u8 = 11;
const A2: u8 = 12;
const MHARTID: i32 = 0xf14;
/// Where the entry's address stands, from the start of the ROM.
const ENTRY: usize = 24;
/// Where the address of the device tree in RAM stands.
const TREE_ADDRESS: usize = 32;
/// Where firmware finds out what comes after it.
const INFO: usize = 40;
/// Where the device tree stands, if it is not in RAM.
const TREE_AFTER_ENTRY: usize = 32;
/// `fw_dynamic` information: "OSBI", the version, and the mode of the next stage.
const INFO_MAGIC: u64 = 0x4942_534f;
const INFO_VERSION: u64 = 2;
const SUPERVISOR: u64 = 1;

/// What firmware is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stages {
    /// Where the kernel starts, in S-mode.
    pub(super) next: u64,
    /// Where the device tree is in RAM.
    pub(super) device_tree: u64,
}

/// The contents of the boot ROM of a machine that starts a program: the reset vector, which puts
/// the hart's number into `a0` and the device tree's address into `a1` and jumps to `entry`, then
/// the device tree.
pub(super) fn for_program(entry: u64, device_tree: &[u8]) -> Vec<u8> {
    let mut rom = code(&[
        insn(Op::Auipc, T0, 0, 0),
        insn(Op::Addi, A1, T0, TREE_AFTER_ENTRY as i32),
        insn(Op::Csrrs, A0, 0, MHARTID),
        insn(Op::Ld, T0, T0, ENTRY as i32),
        insn(Op::Jalr, 0, T0, 0),
    ]);
    rom.resize(ENTRY, 0);
    rom.extend(entry.to_le_bytes());
    rom.extend_from_slice(device_tree);
    rom
}

/// The contents of the boot ROM of a machine that starts firmware: the same with the device tree
/// in RAM, and in `a2` the address of what OpenSBI calls `fw_dynamic` information.
pub(super) fn for_firmware(entry: u64, stages: Stages) -> Vec<u8> {
    let mut rom = code(&[
        insn(Op::Auipc, T0, 0, 0),
        insn(Op::Addi, A2, T0, INFO as i32),
        insn(Op::Csrrs, A0, 0, MHARTID),
        insn(Op::Ld, A1, T0, TREE_ADDRESS as i32),
        insn(Op::Ld, T0, T0, ENTRY as i32),
        insn(Op::Jalr, 0, T0, 0),
    ]);
    rom.resize(ENTRY, 0);
    let options = 0;
    let boot_hart = 0;
    let words = [
        entry,
        stages.device_tree,
        INFO_MAGIC,
        INFO_VERSION,
        stages.next,
        SUPERVISOR,
        options,
        boot_hart,
    ];
    rom.extend(words.into_iter().flat_map(u64::to_le_bytes));
    rom
}

/// The room for a device tree in the ROM, in bytes.
pub(super) fn room() -> usize {
    (MemoryMap::BOOT_ROM.end - MemoryMap::BOOT_ROM.start) as usize - TREE_AFTER_ENTRY
}

fn insn(op: Op, rd: u8, rs1: u8, imm: i32) -> Insn {
    Insn {
        rd,
        rs1,
        imm,
        ..Insn::new(op)
    }
}

fn code(insns: &[Insn]) -> Vec<u8> {
    let words = insns.iter().filter_map(|insn| encode(insn).ok());
    words.flat_map(u32::to_le_bytes).collect()
}
