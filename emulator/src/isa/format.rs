//! Operand formats: where an instruction's immediate lies, and how its operands are written.

/// How the immediate is scattered over the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Immediate {
    None,
    /// imm\[11:0\] at 31:20, sign-extended.
    I,
    /// imm\[11:5\] at 31:25, imm\[4:0\] at 11:7, sign-extended.
    S,
    /// imm\[12|10:5\] at 31:25, imm\[4:1|11\] at 11:7, sign-extended.
    B,
    /// imm\[31:12\] at 31:12.
    U,
    /// imm\[20|10:1|11|19:12\] at 31:12, sign-extended.
    J,
    /// A shift amount at 25:20; the rows of the 32-bit shifts hold bit 25 at zero.
    Shift,
    /// Twelve bits at 31:20, not extended: CSR number, fence sets.
    Unsigned12,
    /// The number of a `mop.r`: n\[4\] at 30, n\[3:2\] at 27:26, n\[1:0\] at 21:20.
    MopR,
    /// The number of a `mop.rr`: n\[2\] at 30, n\[1:0\] at 27:26.
    MopRr,
    /// The number of a `c.mop`: n\[3:1\] at 10:8 of the halfword, n\[0\] is one.
    CMop,
}

impl Immediate {
    /// The immediate that `word` carries.
    pub(crate) fn extract(self, word: u32) -> i32 {
        let signed = word as i32;
        let field = |shift: u32, mask: u32| -> i32 { ((word >> shift) & mask) as i32 };
        match self {
            Self::None => 0,
            Self::I => signed >> 20,
            Self::S => (signed >> 25 << 5) | field(7, 0x1f),
            Self::B => {
                (signed >> 31 << 12) | field(7, 1) << 11 | field(25, 0x3f) << 5 | field(8, 0xf) << 1
            }
            Self::U => signed & !0xfff,
            Self::J => {
                (signed >> 31 << 20)
                    | field(12, 0xff) << 12
                    | field(20, 1) << 11
                    | field(21, 0x3ff) << 1
            }
            Self::Shift => field(20, 0x3f),
            Self::Unsigned12 => field(20, 0xfff),
            Self::MopR => field(30, 1) << 4 | field(26, 3) << 2 | field(20, 3),
            Self::MopRr => field(30, 1) << 2 | field(26, 3),
            Self::CMop => field(8, 7) << 1 | 1,
        }
    }

    /// The word's bits for an immediate. Bits that do not fit are lost: `extract` tells.
    pub(crate) fn insert(self, immediate: i32) -> u32 {
        let value = immediate as u32;
        let field = |from: u32, mask: u32, to: u32| -> u32 { ((value >> from) & mask) << to };
        match self {
            Self::None => 0,
            Self::I | Self::Unsigned12 => field(0, 0xfff, 20),
            Self::S => field(5, 0x7f, 25) | field(0, 0x1f, 7),
            Self::B => field(12, 1, 31) | field(5, 0x3f, 25) | field(1, 0xf, 8) | field(11, 1, 7),
            Self::U => value & !0xfff,
            Self::J => {
                field(20, 1, 31) | field(1, 0x3ff, 21) | field(11, 1, 20) | field(12, 0xff, 12)
            }
            Self::Shift => field(0, 0x3f, 20),
            Self::MopR => field(4, 1, 30) | field(2, 3, 26) | field(0, 3, 20),
            Self::MopRr => field(2, 1, 30) | field(0, 3, 26),
            Self::CMop => field(1, 7, 8),
        }
    }
}

/// Declares the formats: name, immediate, operands as written.
///
/// The operand text is read by the disassembler and the assembler alike. Letters stand for
/// operands, anything else for itself:
///
/// `d s t` integer rd, rs1, rs2 · `D S T R` floating-point rd, rs1, rs2, rs3 ·
/// `i` immediate in decimal · `x` shift amount in hexadecimal · `u` upper immediate ·
/// `p` branch target · `c` CSR · `z` the five-bit immediate of `csr*i` (held in rs1) ·
/// `P Q` predecessor and successor set of a fence · `m` rounding mode, left out when dynamic ·
/// `n` rounding mode, left out when it is `rne` ·
/// `l` constant of `fli` · `Z` the word `rtz`.
macro_rules! declare_formats {
    ($($(#[$doc:meta])* $name:ident $immediate:ident $operands:literal;)*) => {
        /// The operand format of an instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Format { $($(#[$doc])* $name,)* }

        impl Format {
            pub(crate) const fn immediate(self) -> Immediate {
                match self { $(Self::$name => Immediate::$immediate,)* }
            }

            pub(crate) const fn operands(self) -> &'static str {
                match self { $(Self::$name => $operands,)* }
            }
        }
    };
}

declare_formats! {
    /// No operands.
    Bare None "";
    /// `lui`, `auipc`.
    Upper U "d,u";
    /// `jal`.
    Jump J "d,p";
    /// `jalr`.
    Jalr I "d,i(s)";
    /// Conditional branches.
    Branch B "s,t,p";
    /// Integer loads.
    Load I "d,i(s)";
    /// Integer stores.
    Store S "t,i(s)";
    /// Register and 12-bit immediate.
    Immediate I "d,s,i";
    /// Shifts and other operations with a bit number.
    Shift Shift "d,s,x";
    /// Two source registers.
    Register None "d,s,t";
    /// One source register.
    Unary None "d,s";
    /// `fence`.
    Fence Unsigned12 "P,Q";
    /// `fence.i`, whose other fields are ignored.
    FenceI I "";
    /// CSR instructions with a register.
    Csr Unsigned12 "d,c,s";
    /// CSR instructions with an immediate.
    CsrImmediate Unsigned12 "d,c,z";
    /// Fences over an address and an address space.
    AddressSpace None "s,t";
    /// Cache-block operations.
    CacheBlock None "(s)";
    /// Atomic memory operations and store-conditional.
    Atomic None "d,t,(s)";
    /// Load-reserved.
    LoadReserved None "d,(s)";
    /// `mop.r.n`.
    MayBeUnary MopR "d,s";
    /// `mop.rr.n`.
    MayBeBinary MopRr "d,s,t";
    /// `c.mop.n`.
    MayBeCompressed CMop "";
    /// Floating-point loads.
    FloatLoad I "D,i(s)";
    /// Floating-point stores.
    FloatStore S "T,i(s)";
    /// Three floating-point sources, rounded.
    Float3Rounded None "D,S,T,R,m";
    /// Two floating-point sources, rounded.
    Float2Rounded None "D,S,T,m";
    /// One floating-point source, rounded.
    Float1Rounded None "D,S,m";
    /// Floating-point conversion that is exact: the rounding mode does not matter.
    Float1Exact None "D,S,n";
    /// Two floating-point sources.
    Float2 None "D,S,T";
    /// Floating-point comparisons.
    FloatCompare None "d,S,T";
    /// Floating-point register to integer register.
    FloatToInteger None "d,S";
    /// Floating point to integer, rounded.
    FloatToIntegerRounded None "d,S,m";
    /// Floating point to integer, always toward zero.
    FloatToIntegerTowardZero None "d,S,Z";
    /// Integer register to floating-point register.
    IntegerToFloat None "D,s";
    /// Integer to floating point, rounded.
    IntegerToFloatRounded None "D,s,m";
    /// Integer to floating point, always exact.
    IntegerToFloatExact None "D,s,n";
    /// `fli`; the constant's number is in rs1.
    FloatConstant None "D,l";
}
