//! One line of assembly back to an instruction: what the disassembler writes, aliases included.

use thiserror::Error;

use super::alias::{ALIASES, CONSTANTS, Condition, FENCE_SETS, ROUNDING};
use super::csr_names::csr_number;
use super::disassemble::default_rounding;
use super::encode::{EncodeError, encode};
use super::format::Format;
use super::insn::{Insn, Op};
use super::registers::{f_number, x_number};

/// Why a line is not an instruction.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AssembleError {
    /// No instruction and no alias of that name.
    #[error("unknown instruction `{0}`")]
    Mnemonic(String),
    /// The operands are not those of the instruction.
    #[error("`{mnemonic}` does not take the operands `{operands}`")]
    Operands {
        /// The instruction named.
        mnemonic: String,
        /// The operands given.
        operands: String,
    },
    /// An operand does not fit.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Reads one line, such as `addi sp,sp,-16` or `beqz a0,0x80000010`. `pc` is where the instruction
/// is to stand. Names that begin with `c.` give an instruction of two bytes, others of four.
pub fn assemble(line: &str, pc: u64) -> Result<Insn, AssembleError> {
    let line = line.trim();
    let (mnemonic, operands) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let operands: String = operands.chars().filter(|c| !c.is_whitespace()).collect();

    let mut refused = None;
    let mut known = false;
    for (template, conditions, syntax) in candidates(mnemonic) {
        known = true;
        let Some(mut insn) = read(template, syntax, &operands, pc) else {
            continue;
        };
        for condition in conditions {
            condition.apply(&mut insn);
        }
        match encode(&insn) {
            Ok(_) => return Ok(insn),
            Err(error) => refused = Some(error),
        }
    }
    match refused {
        Some(error) => Err(error.into()),
        None if known => Err(AssembleError::Operands {
            mnemonic: mnemonic.into(),
            operands,
        }),
        None => Err(AssembleError::Mnemonic(mnemonic.into())),
    }
}

type Candidate = (Insn, &'static [Condition], &'static str);

/// What a mnemonic may mean: aliases first, then the instruction itself.
fn candidates(mnemonic: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = ALIASES
        .iter()
        .filter(|alias| alias.name == mnemonic)
        .map(|alias| (Insn::new(alias.op), alias.conditions, alias.operands))
        .collect();
    if let Some(insn) = plain(mnemonic) {
        found.push((insn, &[], insn.op.row().format.operands()));
    }
    found
}

/// The instruction of that name, with what the name itself says: ordering, number.
fn plain(mnemonic: &str) -> Option<Insn> {
    if let Some(op) = Op::from_mnemonic(mnemonic) {
        let numbered = matches!(
            op.row().format,
            Format::MayBeUnary | Format::MayBeBinary | Format::MayBeCompressed
        );
        return (!numbered).then(|| Insn::new(op));
    }
    let (stem, suffix) = mnemonic.rsplit_once('.')?;
    let op = Op::from_mnemonic(stem)?;
    let mut insn = Insn::new(op);
    insn.len = op.row().length();
    match op.row().format {
        Format::Atomic | Format::LoadReserved => {
            insn.rm = match suffix {
                "rl" => 1,
                "aq" => 2,
                "aqrl" => 3,
                _ => return None,
            };
        }
        Format::MayBeUnary | Format::MayBeBinary | Format::MayBeCompressed => {
            insn.imm = suffix.parse().ok()?;
        }
        _ => return None,
    }
    Some(insn)
}

/// Reads operands by their syntax.
fn read(mut insn: Insn, syntax: &str, text: &str, pc: u64) -> Option<Insn> {
    let mut rest = text;
    let mut letters = syntax.chars().peekable();
    while let Some(letter) = letters.next() {
        // A rounding mode may be left out, with the comma before it.
        if letter == ','
            && rest.is_empty()
            && let Some(&mode @ ('m' | 'n')) = letters.peek()
        {
            insn.rm = default_rounding(mode);
            return Some(insn);
        }
        if matches!(letter, ',' | '(' | ')') {
            rest = rest.strip_prefix(letter)?;
            continue;
        }
        let end = rest.find([',', '(', ')']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        operand(&mut insn, letter, word, pc)?;
    }
    rest.is_empty().then_some(insn)
}

fn operand(insn: &mut Insn, letter: char, word: &str, pc: u64) -> Option<()> {
    let place = |names: &[&str]| {
        names
            .iter()
            .position(|&name| name == word)
            .and_then(|n| u8::try_from(n).ok())
    };
    match letter {
        'd' => insn.rd = x_number(word)?,
        's' => insn.rs1 = x_number(word)?,
        't' => insn.rs2 = x_number(word)?,
        'D' => insn.rd = f_number(word)?,
        'S' => insn.rs1 = f_number(word)?,
        'T' => insn.rs2 = f_number(word)?,
        'R' => insn.rs3 = f_number(word)?,
        'i' | 'x' => insn.imm = i32::try_from(integer(word)?).ok()?,
        'f' => {
            insn.imm = i32::try_from(integer(word)?)
                .ok()
                .filter(|imm| imm & 31 == 0)?
        }
        'u' => {
            let upper = u32::try_from(integer(word)?)
                .ok()
                .filter(|&upper| upper < 1 << 20)?;
            insn.imm = (upper << 12) as i32;
        }
        'p' => {
            let target = integer(word)? as u64;
            insn.imm = i32::try_from(target.wrapping_sub(pc) as i64).ok()?;
        }
        'z' => insn.rs1 = u8::try_from(integer(word)?).ok()?,
        'c' => {
            let number = csr_number(word).map(i128::from).or_else(|| integer(word))?;
            insn.imm = i32::try_from(number).ok()?;
        }
        'P' => insn.imm |= fence_set(word)? << 4,
        'Q' => insn.imm |= fence_set(word)?,
        'l' => insn.rs1 = place(&CONSTANTS)?,
        'm' | 'n' => insn.rm = place(&ROUNDING)?,
        'Z' => return (word == "rtz").then_some(()),
        _ => return None,
    }
    Some(())
}

/// A number, decimal or with `0x`, that may have a sign.
fn integer(word: &str) -> Option<i128> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    let value = i128::from(value.ok()?);
    Some(if negative { -value } else { value })
}

fn fence_set(word: &str) -> Option<i32> {
    if word == "unknown" {
        return Some(0);
    }
    let mut bits = 0;
    for letter in word.chars() {
        let place = FENCE_SETS.iter().position(|&l| l == letter)?;
        bits |= 8 >> place;
    }
    (bits != 0).then_some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_instructions() {
        let insn = |op, rd, rs1, rs2, imm| Insn {
            rd,
            rs1,
            rs2,
            imm,
            ..Insn::new(op)
        };
        for (line, expected) in [
            ("addi sp,sp,-16", insn(Op::Addi, 2, 2, 0, -16)),
            ("  addi\tx2, x2, -0x10 ", insn(Op::Addi, 2, 2, 0, -16)),
            ("ret", insn(Op::Jalr, 0, 1, 0, 0)),
            ("beqz a0,0x1010", insn(Op::Beq, 0, 10, 0, 16)),
            ("j 0xff0", insn(Op::Jal, 0, 0, 0, -16)),
            ("lui a0,0xfffff", insn(Op::Lui, 10, 0, 0, -4096)),
            ("csrw satp,t0", insn(Op::Csrrw, 0, 5, 0, 0x180)),
            ("csrw 0x7c0,t0", insn(Op::Csrrw, 0, 5, 0, 0x7c0)),
            ("fence rw,w", insn(Op::Fence, 0, 0, 0, 0x031)),
            ("prefetch.w -32(a0)", insn(Op::Ori, 0, 10, 0, -29)),
            ("fmv.d fa0,fa1", insn(Op::FsgnjD, 10, 11, 11, 0)),
            (
                "amoswap.w.aqrl a0,a1,(a2)",
                Insn {
                    rm: 3,
                    ..insn(Op::AmoswapW, 10, 12, 11, 0)
                },
            ),
            (
                "fadd.s fa0,fa1,fa2",
                Insn {
                    rm: 7,
                    ..insn(Op::FaddS, 10, 11, 12, 0)
                },
            ),
            (
                "fadd.s fa0,fa1,fa2,rup",
                Insn {
                    rm: 3,
                    ..insn(Op::FaddS, 10, 11, 12, 0)
                },
            ),
            ("mop.r.31 a0,a1", insn(Op::MopR, 10, 11, 0, 31)),
            (
                "c.mop.5",
                Insn {
                    len: 2,
                    ..insn(Op::CMop, 0, 0, 0, 5)
                },
            ),
        ] {
            assert_eq!(assemble(line, 0x1000), Ok(expected), "{line}");
        }
    }

    #[test]
    fn lines_that_are_not() {
        for (line, message) in [
            ("", "unknown instruction ``"),
            ("frobnicate a0", "unknown instruction `frobnicate`"),
            ("add.aq a0,a1,a2", "unknown instruction `add.aq`"),
            ("mop.r a0,a1", "unknown instruction `mop.r`"),
            ("add a0,a1", "`add` does not take the operands `a0,a1`"),
            (
                "add a0,a1,a2,a3",
                "`add` does not take the operands `a0,a1,a2,a3`",
            ),
            (
                "add a0,a1,q2",
                "`add` does not take the operands `a0,a1,q2`",
            ),
            ("fence ,", "`fence` does not take the operands `,`"),
            ("addi a0,a1,4096", "addi: immediate 4096 out of range"),
            ("slliw a0,a1,32", "slliw: immediate 32 out of range"),
            ("mop.r.32 a0,a1", "mop.r: immediate 32 out of range"),
            ("c.mop.2", "c.mop: immediate 2 out of range"),
        ] {
            let error = assemble(line, 0).expect_err(line).to_string();
            assert_eq!(error, message, "{line}");
        }
    }
}
