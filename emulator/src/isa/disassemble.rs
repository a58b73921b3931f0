//! Instructions as text, in the spelling of GNU objdump.

use std::fmt::Write;

use super::alias::{self, CONSTANTS, FENCE_SETS, ROUNDING};
use super::compressed::compressed_name;
use super::csr_names::csr_name;
use super::decode::{decode, length};
use super::extension::ExtensionSet;
use super::format::Format;
use super::insn::Insn;
use super::registers::{f_name, x_name};

/// An instruction as text: mnemonic or alias, a tab, operands. `pc` is where it stands, for the
/// targets of branches, which are written as addresses.
pub fn disassemble(insn: &Insn, pc: u64) -> String {
    let (name, operands) = match alias::find(insn) {
        Some(alias) => (alias.name, alias.operands),
        None => (insn.op.mnemonic(), insn.op.row().format.operands()),
    };
    let mut text = String::from(name);
    match insn.op.row().format {
        Format::Atomic | Format::LoadReserved => {
            text.push_str(["", ".rl", ".aq", ".aqrl"][usize::from(insn.rm & 3)]);
        }
        Format::MayBeUnary | Format::MayBeBinary | Format::MayBeCompressed => {
            put(&mut text, format_args!(".{}", insn.imm));
        }
        _ => {}
    }
    if !operands.is_empty() {
        text.push('\t');
        for letter in operands.chars() {
            operand(&mut text, letter, insn, pc);
        }
    }
    text
}

/// The instruction word at `pc` as text; what is not an instruction becomes a `.insn` directive.
pub fn disassemble_word(word: u32, extensions: ExtensionSet, pc: u64) -> String {
    match decode(word, extensions) {
        Some(insn) => match compressed_name(word as u16, extensions) {
            // Hints that expand to the same instruction as `c.nop` and `c.add` with x0.
            Some("c.li") if insn.rd == 0 => format!("c.li\tzero,{}", insn.imm),
            Some("c.mv") if insn.rd == 0 => format!("c.mv\tzero,{}", x_name(insn.rs2)),
            _ => disassemble(&insn, pc),
        },
        None if word as u16 == 0 => "unimp".into(),
        None if length(word as u16) == 2 => format!(".insn\t2, {:#06x}", word as u16),
        None => format!(".insn\t4, {word:#010x}"),
    }
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what)
        .expect("a String takes what it is given");
}

fn operand(text: &mut String, letter: char, insn: &Insn, pc: u64) {
    match letter {
        'd' => text.push_str(x_name(insn.rd)),
        's' => text.push_str(x_name(insn.rs1)),
        't' => text.push_str(x_name(insn.rs2)),
        'D' => text.push_str(f_name(insn.rd)),
        'S' => text.push_str(f_name(insn.rs1)),
        'T' => text.push_str(f_name(insn.rs2)),
        'R' => text.push_str(f_name(insn.rs3)),
        'i' => put(text, format_args!("{}", insn.imm)),
        'f' => put(text, format_args!("{}", insn.imm & !31)),
        'x' => put(text, format_args!("{:#x}", insn.imm)),
        'u' => put(text, format_args!("{:#x}", insn.imm as u32 >> 12)),
        'p' => put(
            text,
            format_args!("{:#x}", pc.wrapping_add(insn.imm as i64 as u64)),
        ),
        'z' => put(text, format_args!("{}", insn.rs1)),
        'c' => match csr_name(insn.imm as u16) {
            Some(name) => text.push_str(name),
            None => put(text, format_args!("{:#x}", insn.imm)),
        },
        'P' => fence_set(text, insn.imm >> 4),
        'Q' => fence_set(text, insn.imm),
        'l' => text.push_str(CONSTANTS[usize::from(insn.rs1 & 31)]),
        'Z' => text.push_str("rtz"),
        // The mode that goes without saying is left out, with the comma before it.
        'm' | 'n' if insn.rm == default_rounding(letter) => {
            text.pop();
        }
        'm' | 'n' => text.push_str(ROUNDING[usize::from(insn.rm & 7)]),
        other => text.push(other),
    }
}

/// The rounding mode that is not written: dynamic, or, where rounding cannot happen, nearest even.
pub(super) fn default_rounding(letter: char) -> u8 {
    if letter == 'n' { 0 } else { 7 }
}

fn fence_set(text: &mut String, bits: i32) {
    if bits & 15 == 0 {
        text.push_str("unknown");
    }
    for (place, letter) in FENCE_SETS.into_iter().enumerate() {
        if bits >> (3 - place) & 1 != 0 {
            text.push(letter);
        }
    }
}
