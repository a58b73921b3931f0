//! Random programs: plain bytes, or instructions of the table with random operands.

use super::dice::Dice;
use super::scenario::CODE_BYTES;
use pagewalk::hart::csr;
use pagewalk::isa::{Op, assemble, encode};

/// Registers that hold addresses in RAM and are rarely written.
pub(crate) const POINTERS: &[u8] = &[8, 9, 10, 11, 12];

pub(crate) fn raw(dice: &mut Dice) -> Vec<u8> {
    (0..CODE_BYTES / 8)
        .flat_map(|_| dice.long().to_le_bytes())
        .collect()
}

pub(crate) fn structured(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CODE_BYTES);
    // The mix of one program: some programs are all arithmetic, others all CSRs.
    let mut favourites: Vec<Op> = Vec::new();
    for _ in 0..dice.below(12) {
        favourites.push(any_op(dice));
    }
    while bytes.len() < CODE_BYTES - 4 {
        match dice.below(20) {
            0 | 1 => {
                let half = dice.half();
                if half & 3 != 3 {
                    bytes.extend(half.to_le_bytes());
                }
            }
            2 => bytes.extend(dice.word().to_le_bytes()),
            _ => {
                let op = if favourites.is_empty() || dice.chance(60) {
                    any_op(dice)
                } else {
                    dice.pick(&favourites)
                };
                bytes.extend(&instruction(dice, op)[..usize::from(op.row().length())]);
            }
        }
    }
    bytes.resize(CODE_BYTES, 0);
    bytes
}

fn any_op(dice: &mut Dice) -> Op {
    let rows = Op::rows();
    rows[dice.below(rows.len() as u64) as usize].op
}

/// An instruction word with random operands: its fixed bits, and what makes it go deep.
fn instruction(dice: &mut Dice, op: Op) -> [u8; 4] {
    let (value, mask) = op.row().fixed_bits();
    let mut operands = dice.word();
    let set = |operands: &mut u32, shift: u32, width: u32, value: u32| {
        let field = ((1u32 << width) - 1) << shift;
        *operands = *operands & !field | value << shift & field;
    };
    let opcode = value & 0x7f;
    if op.row().length() == 4 {
        let rd = operands >> 7 & 31;
        // Stores and branches have part of their immediate there.
        if POINTERS.contains(&(rd as u8))
            && !matches!(opcode, 0x23 | 0x27 | 0x63)
            && dice.chance(95)
        {
            set(&mut operands, 7, 5, rd + 16);
        }
        match opcode {
            // Loads, stores, atomics, cache blocks.
            0x03 | 0x07 | 0x23 | 0x27 | 0x2f | 0x0f if dice.chance(90) => {
                let pointer = dice.pick(POINTERS);
                set(&mut operands, 15, 5, pointer.into());
            }
            // Branches and jumps: mostly a little forward.
            0x63 if dice.chance(90) => {
                set(&mut operands, 25, 7, 0);
                set(&mut operands, 7, 1, 0);
            }
            0x6f if dice.chance(90) => {
                set(&mut operands, 12, 20, 0);
                let forward = u32::from(dice.byte() & 0x1e);
                set(&mut operands, 21, 10, forward >> 1 | 2);
            }
            0x67 if dice.chance(90) => {
                // `jalr` with a link from before: rarely anything but a wild jump.
                return 0x0000_0013u32.to_le_bytes();
            }
            // CSRs: mostly such as exist.
            0x73 if mask & 0xfff0_0000 == 0 && dice.chance(90) => {
                let row = &csr::ROWS[dice.below(csr::ROWS.len().min(120) as u64) as usize];
                set(&mut operands, 20, 12, row.number.into());
            }
            // Rounding modes: mostly such as exist.
            0x43 | 0x47 | 0x4b | 0x4f | 0x53 if dice.chance(90) => {
                let mode = dice.below(5) as u32;
                set(&mut operands, 12, 3, mode);
            }
            _ => {}
        }
    }
    (value | operands & !mask).to_le_bytes()
}

/// The handlers: each skips four bytes and returns; interrupts just return.
pub(crate) struct Handlers {
    pub(crate) bytes: Vec<u8>,
    pub(crate) machine: u64,
    pub(crate) supervisor: u64,
}

pub(crate) fn handlers() -> Handlers {
    let mut bytes = Vec::new();
    let mut handler = |cause: &str, epc: &str, ret: &str, ie: &str| {
        bytes.resize(bytes.len().next_multiple_of(128), 0);
        let start = bytes.len() as u64;
        // Vectored interrupts land on the way too: they skip a little more of it.
        let lines = [
            format!("csrrw x31,{cause}scratch,x31"),
            "nop".into(),
            "nop".into(),
            "nop".into(),
            "nop".into(),
            "nop".into(),
            "nop".into(),
            "nop".into(),
            "nop".into(),
            "nop".into(),
            "nop".into(),
            "nop".into(),
            format!("csrrw x31,{cause}cause,x0"),
            "blt x31,x0,16".into(),
            format!("csrrs x31,{epc},x0"),
            "addi x31,x31,4".into(),
            format!("csrrw x0,{epc},x31"),
            // An interrupt would come again: it is switched off.
            format!("csrrw x0,{ie},x0"),
            format!("csrrw x31,{cause}scratch,x31"),
            ret.into(),
        ];
        for line in lines {
            let insn = assemble(&line, 0).unwrap_or_else(|error| panic!("{line}: {error}"));
            bytes.extend(encode(&insn).expect("it was just assembled").to_le_bytes());
        }
        start
    };
    let machine = handler("m", "mepc", "mret", "mie");
    let supervisor = handler("s", "sepc", "sret", "sie");
    Handlers {
        bytes,
        machine,
        supervisor,
    }
}
