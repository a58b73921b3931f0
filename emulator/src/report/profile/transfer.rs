//! What a jump is for.

use crate::isa::{Insn, Op};

/// What a jump is for, as the manual's table of return-address prediction hints tells it ("Unconditional
/// Jumps").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    /// Not a jump.
    None,
    /// A branch, taken or not; or a jump that neither calls nor returns.
    Jump,
    /// The return address is pushed.
    Call,
    /// It is popped.
    Return,
    /// It is popped, and another one pushed: a coroutine.
    Swap,
    /// `mret` or `sret`.
    TrapReturn,
}

/// Registers that hold return addresses: `ra` and `t0`.
fn is_link(register: u8) -> bool {
    matches!(register, 1 | 5)
}

impl Transfer {
    #[inline(always)]
    pub(super) fn of(insn: &Insn) -> Self {
        match insn.op {
            Op::Beq | Op::Bne | Op::Blt | Op::Bge | Op::Bltu | Op::Bgeu => Self::Jump,
            Op::Jal if is_link(insn.rd) => Self::Call,
            Op::Jal => Self::Jump,
            Op::Jalr => match (is_link(insn.rd), is_link(insn.rs1)) {
                (false, false) => Self::Jump,
                (false, true) => Self::Return,
                (true, true) if insn.rd != insn.rs1 => Self::Swap,
                (true, _) => Self::Call,
            },
            Op::Mret | Op::Sret => Self::TrapReturn,
            _ => Self::None,
        }
    }
}
