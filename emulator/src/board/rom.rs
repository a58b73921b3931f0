//! The reset vector: the first instructions of every run.

use crate::isa::{Insn, Op, encode};

/// `x` registers of the reset vector.
const T0: u8 = 5;
const A0: u8 = 10;
const A1: u8 = 11;
/// Where the entry's address stands, from the start of the ROM.
const ENTRY: u64 = 24;
/// Where the device tree stands, from the start of the ROM.
const DEVICE_TREE: u64 = 32;

/// The contents of the boot ROM: the reset vector, which puts the hart's number into `a0` and the
/// device tree's address into `a1` and jumps to `entry`, then the device tree.
pub(super) fn contents(entry: u64, device_tree: &[u8]) -> Vec<u8> {
    let insn = |op, rd, rs1, imm| Insn {
        rd,
        rs1,
        imm,
        ..Insn::new(op)
    };
    let code = [
        insn(Op::Auipc, T0, 0, 0),
        insn(Op::Addi, A1, T0, DEVICE_TREE as i32),
        insn(Op::Csrrs, A0, 0, 0xf14),
        insn(Op::Ld, T0, T0, ENTRY as i32),
        insn(Op::Jalr, 0, T0, 0),
    ];
    let mut rom: Vec<u8> = code
        .iter()
        .filter_map(|insn| encode(insn).ok())
        .flat_map(u32::to_le_bytes)
        .collect();
    rom.resize(ENTRY as usize, 0);
    rom.extend(entry.to_le_bytes());
    rom.resize(DEVICE_TREE as usize, 0);
    rom.extend_from_slice(device_tree);
    rom
}
