//! From instructions to instruction words.

use thiserror::Error;

use super::decode::operands;
use super::insn::{Insn, Op};

/// Why an instruction has no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A register that the operation does not have, or a number that its field cannot hold.
    #[error("{op}: register operand out of range", op = .0.mnemonic())]
    Register(Op),
    /// A rounding mode or ordering that the operation does not have.
    #[error("{op}: rounding mode or ordering out of range", op = .0.mnemonic())]
    Rounding(Op),
    /// An immediate that the encoding cannot hold.
    #[error("{op}: immediate {1} out of range", op = .0.mnemonic())]
    Immediate(Op, i32),
}

/// The word that decodes to `insn`: 32 bits wide, even for an instruction that was decoded from a
/// compressed form (`len` does not count); 16 bits wide for `c.mop`, which has no other form.
pub fn encode(insn: &Insn) -> Result<u32, EncodeError> {
    let row = insn.op.row();
    let p = &row.pattern;
    for (there, value) in [
        (p.rd, insn.rd),
        (p.rs1, insn.rs1),
        (p.rs2, insn.rs2),
        (p.rs3, insn.rs3),
    ] {
        if value > 31 || !there && value != 0 {
            return Err(EncodeError::Register(insn.op));
        }
    }
    let mut word = p.value
        | u32::from(insn.rd) << 7
        | u32::from(insn.rs1) << 15
        | u32::from(insn.rs2) << 20
        | u32::from(insn.rs3) << 27;
    if word & p.mask != p.value {
        // An operand that reaches into fixed bits: an odd register of amocas.q.
        return Err(EncodeError::Register(insn.op));
    }
    if p.rounding && insn.rm < 8 {
        word |= u32::from(insn.rm) << 12;
    } else if p.ordering && insn.rm < 4 {
        word |= u32::from(insn.rm) << 25;
    } else if insn.rm != 0 {
        return Err(EncodeError::Rounding(insn.op));
    }
    let immediate = row.format.immediate().insert(insn.imm);
    word |= immediate;
    if immediate & !p.immediate != 0 || operands(row, word).imm != insn.imm {
        return Err(EncodeError::Immediate(insn.op, insn.imm));
    }
    Ok(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused() {
        let insn = |op, rd, rs1, rs2, imm| Insn {
            rd,
            rs1,
            rs2,
            imm,
            ..Insn::new(op)
        };
        assert_eq!(encode(&insn(Op::Addi, 1, 2, 0, 2047)), Ok(0x7ff1_0093));
        for bad in [2048, -2049] {
            assert_eq!(
                encode(&insn(Op::Addi, 1, 2, 0, bad)),
                Err(EncodeError::Immediate(Op::Addi, bad))
            );
        }
        for (op, bad) in [
            (Op::Slliw, 32),
            (Op::Slli, 64),
            (Op::Beq, 3),
            (Op::Lui, 1),
            (Op::Add, 1),
        ] {
            assert_eq!(
                encode(&insn(op, 0, 0, 0, bad)),
                Err(EncodeError::Immediate(op, bad))
            );
        }
        for (op, rd, rs1, rs2) in [
            (Op::Add, 32, 0, 0),
            (Op::Addi, 0, 0, 1),
            (Op::AmocasQ, 1, 0, 0),
        ] {
            assert_eq!(
                encode(&insn(op, rd, rs1, rs2, 0)),
                Err(EncodeError::Register(op))
            );
        }
        let rounded = Insn {
            rm: 1,
            ..Insn::new(Op::Add)
        };
        assert_eq!(encode(&rounded), Err(EncodeError::Rounding(Op::Add)));
        let message = EncodeError::Immediate(Op::Addi, 2048).to_string();
        assert_eq!(message, "addi: immediate 2048 out of range");
    }
}
