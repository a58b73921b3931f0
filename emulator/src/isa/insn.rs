//! Operations, their table rows, and the decoded instruction.

use super::extension::{Requirement, requirement};
use super::format::Format;
use super::table::for_each_instruction;

/// Which operands an encoding has, and its fixed bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) value: u32,
    pub(crate) mask: u32,
    /// 2 or 4.
    pub(crate) len: u8,
    pub(crate) rd: bool,
    pub(crate) rs1: bool,
    pub(crate) rs2: bool,
    pub(crate) rs3: bool,
    pub(crate) rounding: bool,
    pub(crate) ordering: bool,
    /// The bits that the immediate occupies.
    pub(crate) immediate: u32,
}

impl Pattern {
    /// Reads an encoding as the table draws it.
    pub(crate) const fn parse(drawing: &str) -> Self {
        let bytes = drawing.as_bytes();
        let mut p = Self {
            value: 0,
            mask: 0,
            len: 4,
            rd: false,
            rs1: false,
            rs2: false,
            rs3: false,
            rounding: false,
            ordering: false,
            immediate: 0,
        };
        let mut bits = 0;
        let mut at = 0;
        while at < bytes.len() {
            let letter = bytes[at];
            at += 1;
            if letter == b' ' {
                continue;
            }
            bits += 1;
            p.value <<= 1;
            p.mask <<= 1;
            p.immediate <<= 1;
            match letter {
                b'0' => p.mask |= 1,
                b'1' => {
                    p.mask |= 1;
                    p.value |= 1;
                }
                b'd' => p.rd = true,
                b's' => p.rs1 = true,
                b't' => p.rs2 = true,
                b'r' => p.rs3 = true,
                b'm' => p.rounding = true,
                b'a' | b'l' => p.ordering = true,
                b'i' => p.immediate |= 1,
                _ => panic!("a letter that the table does not know"),
            }
        }
        assert!(bits == 32 || bits == 16);
        p.len = bits / 8;
        p
    }
}

/// A row of the instruction table, without its semantics.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The operation.
    pub op: Op,
    /// The mnemonic, without suffixes such as `.aq`.
    pub mnemonic: &'static str,
    /// The operand format.
    pub format: Format,
    /// The extensions that bring the instruction.
    pub requirement: Requirement,
    pub(crate) pattern: Pattern,
}

impl Row {
    /// The fixed bits of the encoding, and which bits are fixed.
    pub fn fixed_bits(&self) -> (u32, u32) {
        (self.pattern.value, self.pattern.mask)
    }

    /// The length of the encoding in bytes, 4; 2 for the rows that have no 32-bit form.
    pub fn length(&self) -> u8 {
        self.pattern.len
    }
}

macro_rules! declare_operations {
    ($($op:ident $mnemonic:literal $encoding:literal $format:ident $required:tt
       $shape:ident ($($function:tt)*);)*) => {
        /// An operation: one row of the instruction table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Op { $(#[doc = $mnemonic] $op,)* }

        static ROWS: &[Row] = &[
            $(Row {
                op: Op::$op,
                mnemonic: $mnemonic,
                format: Format::$format,
                requirement: requirement!($required),
                pattern: const { Pattern::parse($encoding) },
            },)*
        ];
    };
}
for_each_instruction!(declare_operations);

impl Op {
    /// How many operations there are. `op as usize` is below it.
    pub const COUNT: usize = ROWS.len();

    /// The table, in its order; `rows()[op as usize]` is the row of `op`.
    #[inline]
    pub fn rows() -> &'static [Row] {
        ROWS
    }

    /// Every operation, in the table's order.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.op)
    }

    /// This operation's row.
    #[inline]
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The mnemonic, without suffixes such as `.aq`.
    #[inline]
    pub fn mnemonic(self) -> &'static str {
        self.row().mnemonic
    }

    /// The operation of that mnemonic.
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        ROWS.iter()
            .find(|row| row.mnemonic == mnemonic)
            .map(|row| row.op)
    }
}

/// A decoded instruction. Fields that the operation does not have are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Insn {
    /// What to do.
    pub op: Op,
    /// Destination register.
    pub rd: u8,
    /// First source register; the immediate of `csrrwi`, `csrrsi`, `csrrci`; the constant's
    /// number of `fli`.
    pub rs1: u8,
    /// Second source register.
    pub rs2: u8,
    /// Third source register.
    pub rs3: u8,
    /// Rounding mode; `aq << 1 | rl` of an atomic.
    pub rm: u8,
    /// Length in memory: 2 or 4 bytes.
    pub len: u8,
    /// The immediate: a value, an offset, a shift amount, a CSR number, a fence's twelve bits, or
    /// the number of a may-be-operation.
    pub imm: i32,
}

impl Insn {
    /// An instruction of four bytes with every operand zero.
    pub const fn new(op: Op) -> Self {
        Self {
            op,
            rd: 0,
            rs1: 0,
            rs2: 0,
            rs3: 0,
            rm: 0,
            len: 4,
            imm: 0,
        }
    }

    /// Whether an atomic's `aq` bit is set.
    #[inline]
    pub const fn acquires(&self) -> bool {
        self.rm & 2 != 0
    }

    /// Whether an atomic's `rl` bit is set.
    #[inline]
    pub const fn releases(&self) -> bool {
        self.rm & 1 != 0
    }
}
