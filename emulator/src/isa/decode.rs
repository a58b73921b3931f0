//! From instruction words to instructions.

use std::sync::LazyLock;

use super::compressed;
use super::extension::ExtensionSet;
use super::insn::{Insn, Op, Row};

/// The length in bytes of the instruction whose first halfword is `half`: 2 or 4. Lengths beyond 4
/// are not defined by any ratified extension; they count as 4 and decode to nothing.
#[inline]
pub const fn length(half: u16) -> u8 {
    if half & 3 == 3 { 4 } else { 2 }
}

/// Decodes an instruction word, of which only the low half counts when it is compressed. `None` is
/// an illegal instruction: reserved, or of an extension that is not in the set.
#[inline]
pub fn decode(word: u32, extensions: ExtensionSet) -> Option<Insn> {
    if word & 3 == 3 {
        decode_word(word, extensions)
    } else {
        compressed::decode(word as u16, extensions)
    }
}

/// Rows by bits 6:2, 14:12 and 31:27 of the word, the bits that tell most rows apart.
struct Index {
    start: Vec<u16>,
    rows: Vec<Candidate>,
}

/// What the search compares, kept together.
#[derive(Clone, Copy)]
struct Candidate {
    mask: u32,
    value: u32,
    row: u16,
}

const KEYS: u32 = 1 << 13;

const fn key(word: u32) -> u32 {
    (word >> 2 & 0x1f) << 8 | (word >> 12 & 7) << 5 | word >> 27
}

/// A word that has the bits of `key` and is otherwise that of a 32-bit instruction.
const fn word_of_key(key: u32) -> u32 {
    (key >> 8) << 2 | (key >> 5 & 7) << 12 | key << 27 | 3
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let key_bits = word_of_key(KEYS - 1);
    let mut index = Index {
        start: Vec::with_capacity(KEYS as usize + 1),
        rows: Vec::new(),
    };
    // First by opcode, so that building stays cheap.
    let mut by_opcode: Vec<Vec<&Row>> = vec![Vec::new(); 32];
    for row in Op::rows().iter().filter(|row| row.length() == 4) {
        by_opcode[(row.pattern.value >> 2 & 0x1f) as usize].push(row);
    }
    for key in 0..KEYS {
        index.start.push(index.rows.len() as u16);
        let word = word_of_key(key);
        for row in &by_opcode[(key >> 8) as usize] {
            if (word ^ row.pattern.value) & row.pattern.mask & key_bits == 0 {
                let (value, mask) = row.fixed_bits();
                index.rows.push(Candidate {
                    mask,
                    value,
                    row: row.op as u16,
                });
            }
        }
    }
    index.start.push(index.rows.len() as u16);
    index
});

fn decode_word(word: u32, extensions: ExtensionSet) -> Option<Insn> {
    let index = &*INDEX;
    let key = key(word) as usize;
    let candidates = &index.rows[usize::from(index.start[key])..usize::from(index.start[key + 1])];
    for candidate in candidates {
        if word & candidate.mask == candidate.value {
            let row = &Op::rows()[usize::from(candidate.row)];
            if row.requirement.met_by(extensions) {
                return Some(operands(row, word));
            }
        }
    }
    None
}

/// Fills in the operands of a word that matches `row`.
pub(super) fn operands(row: &Row, word: u32) -> Insn {
    let pattern = &row.pattern;
    let field = |there: bool, shift: u32| {
        if there {
            (word >> shift & 0x1f) as u8
        } else {
            0
        }
    };
    let mut insn = Insn::new(row.op);
    insn.len = pattern.len;
    insn.rd = field(pattern.rd, 7);
    insn.rs1 = field(pattern.rs1, 15);
    insn.rs2 = field(pattern.rs2, 20);
    insn.rs3 = field(pattern.rs3, 27);
    if pattern.rounding {
        insn.rm = (word >> 12 & 7) as u8;
    } else if pattern.ordering {
        insn.rm = (word >> 25 & 3) as u8;
    }
    insn.imm = row.format.immediate().extract(word);
    insn
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Extension;

    fn all(word: u32) -> Option<Insn> {
        decode(word, ExtensionSet::ALL)
    }

    fn insn(op: Op, rd: u8, rs1: u8, rs2: u8, imm: i32) -> Option<Insn> {
        Some(Insn {
            rd,
            rs1,
            rs2,
            imm,
            ..Insn::new(op)
        })
    }

    #[test]
    fn known_words() {
        assert_eq!(all(0xff01_0113), insn(Op::Addi, 2, 2, 0, -16));
        assert_eq!(all(0x8000_0537), insn(Op::Lui, 10, 0, 0, i32::MIN));
        assert_eq!(all(0xfea5_8ee3), insn(Op::Beq, 0, 11, 10, -4));
        assert_eq!(all(0xffdf_f06f), insn(Op::Jal, 0, 0, 0, -4));
        assert_eq!(all(0x0281_3423), insn(Op::Sd, 0, 2, 8, 40));
        assert_eq!(all(0x03f5_1513), insn(Op::Slli, 10, 10, 0, 63));
        assert_eq!(all(0x3052_9073), insn(Op::Csrrw, 0, 5, 0, 0x305));
        let amo = Insn {
            rm: 3,
            ..insn(Op::AmoaddW, 10, 11, 12, 0).unwrap()
        };
        assert_eq!(all(0x06c5_a52f), Some(amo));
        let fused = Insn {
            rs3: 4,
            rm: 7,
            ..insn(Op::FmaddD, 1, 2, 3, 0).unwrap()
        };
        assert_eq!(all(0x2231_70c3), Some(fused));
    }

    #[test]
    fn compressed_words() {
        let two = |insn: Option<Insn>| insn.map(|insn| Insn { len: 2, ..insn });
        assert_eq!(all(0x1141), two(insn(Op::Addi, 2, 2, 0, -16)));
        assert_eq!(all(0x8082), two(insn(Op::Jalr, 0, 1, 0, 0)));
        assert_eq!(
            all(0xabcd_8082),
            two(insn(Op::Jalr, 0, 1, 0, 0)),
            "only the low half counts"
        );
        assert_eq!(all(0x6081), two(insn(Op::CMop, 0, 0, 0, 1)));
        assert_eq!(all(0), None);
    }

    #[test]
    fn reserved_words_are_illegal() {
        for (word, why) in [
            (0x0205_151b, "slliw with bit 5 of the shift amount"),
            (0x0410_151b, "srliw likewise"),
            (0x1015_a52f, "lr.w with rs2"),
            (0xc043_7553, "fcvt.w.s with rs2 4"),
            (0xffff_ffff, "the defined illegal word of all ones"),
            (0x2830_452f, "amocas.q with an odd register"),
        ] {
            assert_eq!(all(word | 3), None, "{why}");
        }
        assert!(all(0x2820_452f).is_some());
    }

    #[test]
    fn an_absent_extension_is_illegal() {
        let multiply = 0x02c5_8533;
        assert_eq!(decode(multiply, ExtensionSet::of(Extension::I)), None);
        let with = ExtensionSet::of(Extension::M).closed();
        assert_eq!(decode(multiply, with).map(|i| i.op), Some(Op::Mul));
        // packw with rs2 = x0 is zext.h where Zbb is there, and packw where only Zbkb is.
        let word = 0x0805_453b;
        assert_eq!(all(word).map(|i| i.op), Some(Op::ZextH));
        let only = ExtensionSet::of(Extension::Zbkb);
        assert_eq!(decode(word, only).map(|i| i.op), Some(Op::Packw));
    }

    #[test]
    fn lengths() {
        assert_eq!(length(0x4501), 2);
        assert_eq!(length(0x0513), 4);
    }
}
