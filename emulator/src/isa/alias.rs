//! The names that GNU objdump gives to special cases of instructions.

use super::insn::{Insn, Op};

/// A condition on one part of an instruction; assembling makes it true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "spelt as in the table's columns")]
pub(super) enum Condition {
    rd(u8),
    rs1(u8),
    rs2(u8),
    imm(i32),
    /// The low five bits of the immediate.
    imm5(i32),
    len(u8),
    /// rs1 and rs2 are the same register.
    same(u8),
}

impl Condition {
    fn holds(self, insn: &Insn) -> bool {
        match self {
            Self::rd(value) => insn.rd == value,
            Self::rs1(value) => insn.rs1 == value,
            Self::rs2(value) => insn.rs2 == value,
            Self::imm(value) => insn.imm == value,
            Self::imm5(value) => insn.imm & 31 == value,
            Self::len(value) => insn.len == value,
            Self::same(_) => insn.rs1 == insn.rs2,
        }
    }

    /// Makes the condition true of an instruction whose written operands are filled in.
    pub(super) fn apply(self, insn: &mut Insn) {
        match self {
            Self::rd(value) => insn.rd = value,
            Self::rs1(value) => insn.rs1 = value,
            Self::rs2(value) => insn.rs2 = value,
            Self::imm(value) => insn.imm = value,
            Self::imm5(value) => insn.imm = insn.imm & !31 | value,
            Self::len(value) => insn.len = value,
            Self::same(_) => insn.rs2 = insn.rs1,
        }
    }
}

/// Another name for an operation under conditions.
pub(super) struct Alias {
    pub(super) name: &'static str,
    pub(super) op: Op,
    pub(super) conditions: &'static [Condition],
    pub(super) operands: &'static str,
}

macro_rules! declare_aliases {
    ($($name:literal $op:ident [$($part:ident $value:literal)*] $operands:literal;)*) => {
        /// The aliases; of those that hold for an instruction, the first one counts. The operand
        /// letters are those of `format.rs`, and `f`: the immediate without its low five bits.
        pub(super) static ALIASES: &[Alias] = &[
            $(Alias {
                name: $name,
                op: Op::$op,
                conditions: &[$(Condition::$part($value)),*],
                operands: $operands,
            },)*
        ];
    };
}

declare_aliases! {
    // Hints among the compressed instructions keep their compressed names.
    "nop" Addi [rd 0 rs1 0 imm 0] "";
    "c.nop" Addi [rd 0 rs1 0 len 2] "i";
    "li" Addi [rs1 0] "d,i";
    "mv" Addi [imm 0 len 4] "d,s";
    "c.lui" Lui [rd 0 len 2] "d,u";
    "c.slli64" Slli [imm 0 len 2] "d";
    "c.srli64" Srli [imm 0 len 2] "d";
    "c.srai64" Srai [imm 0 len 2] "d";
    "c.slli" Slli [rd 0 len 2] "d,x";
    "ntl.p1" Add [rd 0 rs1 0 rs2 2] "";
    "ntl.pall" Add [rd 0 rs1 0 rs2 3] "";
    "ntl.s1" Add [rd 0 rs1 0 rs2 4] "";
    "ntl.all" Add [rd 0 rs1 0 rs2 5] "";
    "c.add" Add [rd 0 rs1 0 len 2] "d,t";
    "mv" Add [rs1 0 len 2] "d,t";
    "not" Xori [imm -1] "d,s";
    "zext.b" Andi [imm 255] "d,s";
    "prefetch.i" Ori [rd 0 imm5 0] "f(s)";
    "prefetch.r" Ori [rd 0 imm5 1] "f(s)";
    "prefetch.w" Ori [rd 0 imm5 3] "f(s)";
    "neg" Sub [rs1 0] "d,t";
    "negw" Subw [rs1 0] "d,t";
    "sext.w" Addiw [imm 0] "d,s";
    "zext.w" AddUw [rs2 0] "d,s";
    "seqz" Sltiu [imm 1] "d,s";
    "snez" Sltu [rs1 0] "d,t";
    "sltz" Slt [rs2 0] "d,s";
    "sgtz" Slt [rs1 0] "d,t";
    "beqz" Beq [rs2 0] "s,p";
    "bnez" Bne [rs2 0] "s,p";
    "bltz" Blt [rs2 0] "s,p";
    "bgtz" Blt [rs1 0] "t,p";
    "blez" Bge [rs1 0] "t,p";
    "bgez" Bge [rs2 0] "s,p";
    "j" Jal [rd 0] "p";
    "jal" Jal [rd 1] "p";
    "ret" Jalr [rd 0 rs1 1 imm 0] "";
    "jr" Jalr [rd 0 imm 0] "s";
    "jr" Jalr [rd 0] "i(s)";
    "jalr" Jalr [rd 1 imm 0] "s";
    "jalr" Jalr [rd 1] "i(s)";
    "jalr" Jalr [imm 0] "d,s";
    "fence" Fence [rd 0 rs1 0 imm 0x0ff] "";
    "fence.tso" Fence [rd 0 rs1 0 imm 0x833] "";
    "pause" Fence [rd 0 rs1 0 imm 0x010] "";
    "sfence.vma" SfenceVma [rs1 0 rs2 0] "";
    "sfence.vma" SfenceVma [rs2 0] "s";
    "unimp" Csrrw [rd 0 rs1 0 imm 0xc00] "";
    "fscsr" Csrrw [rd 0 imm 3] "s";
    "fscsr" Csrrw [imm 3] "d,s";
    "fsrm" Csrrw [rd 0 imm 2] "s";
    "fsrm" Csrrw [imm 2] "d,s";
    "fsflags" Csrrw [rd 0 imm 1] "s";
    "fsflags" Csrrw [imm 1] "d,s";
    "csrw" Csrrw [rd 0] "c,s";
    "frcsr" Csrrs [rs1 0 imm 3] "d";
    "frrm" Csrrs [rs1 0 imm 2] "d";
    "frflags" Csrrs [rs1 0 imm 1] "d";
    "rdcycle" Csrrs [rs1 0 imm 0xc00] "d";
    "rdtime" Csrrs [rs1 0 imm 0xc01] "d";
    "rdinstret" Csrrs [rs1 0 imm 0xc02] "d";
    "csrr" Csrrs [rs1 0] "d,c";
    "csrs" Csrrs [rd 0] "c,s";
    "csrc" Csrrc [rd 0] "c,s";
    "fsrmi" Csrrwi [imm 2] "d,z";
    "fsflagsi" Csrrwi [imm 1] "d,z";
    "csrwi" Csrrwi [rd 0] "c,z";
    "csrsi" Csrrsi [rd 0] "c,z";
    "csrci" Csrrci [rd 0] "c,z";
    "fmv.s" FsgnjS [same 1] "D,S";
    "fmv.d" FsgnjD [same 1] "D,S";
    "fmv.h" FsgnjH [same 1] "D,S";
    "fneg.s" FsgnjnS [same 1] "D,S";
    "fneg.d" FsgnjnD [same 1] "D,S";
    "fneg.h" FsgnjnH [same 1] "D,S";
    "fabs.s" FsgnjxS [same 1] "D,S";
    "fabs.d" FsgnjxD [same 1] "D,S";
    "fabs.h" FsgnjxH [same 1] "D,S";
}

/// The alias that an instruction goes by.
pub(super) fn find(insn: &Insn) -> Option<&'static Alias> {
    ALIASES
        .iter()
        .find(|alias| alias.op == insn.op && alias.conditions.iter().all(|c| c.holds(insn)))
}

/// The names of the rounding modes; 5 and 6 are reserved.
pub(super) const ROUNDING: [&str; 8] = [
    "rne", "rtz", "rdn", "rup", "rmm", "unknown", "unknown", "dyn",
];

/// The constants of `fli`, as objdump writes them.
pub(super) const CONSTANTS: [&str; 32] = [
    "-0x1p+0", "min", "0x1p-16", "0x1p-15", "0x1p-8", "0x1p-7", "0x1p-4", "0x1p-3", "0x1p-2",
    "0x1.4p-2", "0x1.8p-2", "0x1.cp-2", "0x1p-1", "0x1.4p-1", "0x1.8p-1", "0x1.cp-1", "0x1p+0",
    "0x1.4p+0", "0x1.8p+0", "0x1.cp+0", "0x1p+1", "0x1.4p+1", "0x1.8p+1", "0x1p+2", "0x1p+3",
    "0x1p+4", "0x1p+7", "0x1p+8", "0x1p+15", "0x1p+16", "inf", "nan",
];

/// The letters of a fence's set, from its most significant bit on.
pub(super) const FENCE_SETS: [char; 4] = ['i', 'o', 'r', 'w'];
