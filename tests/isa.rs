//! The instruction table against itself: rows apart, and every direction back to the start.

mod compressed;
mod objdump;

use pagewalk::isa::{ExtensionSet, Insn, Op, Row, assemble, decode, disassemble, encode};

/// SplitMix64: the same words on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A word of a row. Half of the time each operand bit is random; else most are zero or most
    /// are one, so that aliases and extremes come up.
    fn word(&mut self, row: &Row) -> u32 {
        let (value, mask) = row.fixed_bits();
        let operands = match self.next() % 4 {
            0 => self.next() & self.next() & self.next(),
            1 => self.next() | self.next() | self.next(),
            _ => self.next(),
        };
        let width = if row.length() == 2 { 0xffff } else { u32::MAX };
        value | operands as u32 & !mask & width
    }
}

/// A word of the row that its text says all about. The text leaves out the fields of fences that
/// are reserved and ignored, and does not tell the two reserved rounding modes apart.
fn plain_word(random: &mut Random, row: &Row) -> u32 {
    loop {
        let word = random.word(row);
        match row.op {
            Op::Fence => return word & 0x0ff0_707f,
            Op::FenceI => return word & 0x0000_707f,
            _ => {}
        }
        if !(has_rounding(row) && matches!(word >> 12 & 7, 5 | 6)) {
            return word;
        }
    }
}

/// Whether bits 14:12 are a rounding mode.
fn has_rounding(row: &Row) -> bool {
    let (value, mask) = row.fixed_bits();
    matches!(value & 0x7f, 0x43 | 0x47 | 0x4b | 0x4f | 0x53) && mask >> 12 & 7 == 0
}

#[test]
fn no_two_rows_overlap() {
    let rows = Op::rows();
    for (at, one) in rows.iter().enumerate() {
        for other in &rows[at + 1..] {
            let ((v1, m1), (v2, m2)) = (one.fixed_bits(), other.fixed_bits());
            let overlap = one.length() == other.length() && (v1 ^ v2) & m1 & m2 == 0;
            // zext.h of Zbb is packw of Zbkb with rs2 = x0, and does the same.
            let allowed = (one.op, other.op) == (Op::ZextH, Op::Packw);
            assert_eq!(overlap, allowed, "{} and {}", one.mnemonic, other.mnemonic);
        }
    }
}

#[test]
fn the_table_is_in_order_and_has_no_name_twice() {
    let mut names = std::collections::HashSet::new();
    for (number, row) in Op::rows().iter().enumerate() {
        assert_eq!(row.op as usize, number);
        assert_eq!(row.op.row().mnemonic, row.mnemonic);
        assert!(names.insert(row.mnemonic), "{}", row.mnemonic);
        let camel: String = row
            .mnemonic
            .split('.')
            .map(|part| part[..1].to_uppercase() + &part[1..])
            .collect();
        assert_eq!(format!("{:?}", row.op), camel);
    }
    assert_eq!(names.len(), Op::COUNT);
}

#[test]
fn every_row_goes_there_and_back() {
    let mut random = Random(1);
    for row in Op::rows() {
        for _ in 0..500 {
            let word = plain_word(&mut random, row);
            let pc = random.next() & !1;
            let context = || format!("{} {word:#010x} at {pc:#x}", row.mnemonic);

            let insn = decode(word, ExtensionSet::ALL).unwrap_or_else(|| panic!("{}", context()));
            let zext = row.op == Op::Packw && insn.rs2 == 0;
            assert_eq!(
                insn.op,
                if zext { Op::ZextH } else { row.op },
                "{}",
                context()
            );
            assert_eq!(encode(&insn), Ok(word), "{}", context());

            let text = disassemble(&insn, pc);
            assert_eq!(assemble(&text, pc), Ok(insn), "{} `{text}`", context());
        }
    }
}

#[test]
fn a_row_needs_its_extension() {
    let mut random = Random(2);
    for row in Op::rows() {
        let word = plain_word(&mut random, row);
        let needed = row.requirement.extensions();
        assert!(!needed.is_empty(), "{}", row.mnemonic);
        let without = ExtensionSet::ALL.minus(needed);
        let still = decode(word, without).map(|insn| insn.op);
        assert_ne!(still, Some(row.op), "{}", row.mnemonic);
        let found = decode(word, needed).map(|insn| insn.op);
        assert_eq!(found, Some(row.op), "{}", row.mnemonic);
    }
}

#[test]
fn random_words_decode_to_what_they_encode() {
    let mut random = Random(3);
    let mut legal = 0;
    for _ in 0..2_000_000 {
        let word = random.next() as u32 | 3;
        if let Some(insn) = decode(word, ExtensionSet::ALL) {
            assert_eq!(encode(&insn), Ok(word), "{word:#010x} {insn:?}");
            legal += 1;
        }
    }
    assert!(legal > 100_000, "{legal}");
}

#[test]
fn random_text_is_refused_without_a_panic() {
    let mut random = Random(4);
    let pieces = [
        "add",
        "c.mop.",
        "fence",
        "lr.w",
        ".aq",
        "mop.r.",
        " ",
        ",",
        "(",
        ")",
        "a0",
        "fa1",
        "-",
        "0x",
        "99999999999999999999",
        "0x8000",
        "1",
        "rne",
        "é",
        "\t",
        "lui",
        "beqz",
        "fli.s",
        "inf",
    ];
    for _ in 0..100_000 {
        let count = random.next() % 8;
        let line: String = (0..count)
            .map(|_| pieces[random.next() as usize % pieces.len()])
            .collect();
        if let Ok(insn) = assemble(&line, 0x8000_0000) {
            assert!(encode(&insn).is_ok(), "{line}");
        }
    }
}

#[test]
fn any_instruction_value_disassembles_without_a_panic() {
    let mut random = Random(5);
    for row in Op::rows() {
        for _ in 0..200 {
            let bits = random.next();
            let insn = Insn {
                op: row.op,
                rd: bits as u8,
                rs1: (bits >> 8) as u8,
                rs2: (bits >> 16) as u8,
                rs3: (bits >> 24) as u8,
                rm: (bits >> 32) as u8,
                len: 4,
                imm: random.next() as i32,
            };
            assert!(!disassemble(&insn, random.next()).is_empty());
            let _ = encode(&insn);
        }
    }
}
