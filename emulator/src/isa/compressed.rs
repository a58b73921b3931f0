//! The compressed instructions: 16-bit patterns, and what each expands to.

use std::sync::LazyLock;

use super::extension::{ExtensionSet, Requirement, requirement};
use super::insn::{Insn, Op};

/// Calls `$callback!` with every row of the table of 16-bit instructions.
///
/// A row reads: name, encoding, layout of the immediate, what must not be zero, required
/// extension, and the instruction it stands for with its fixed operands.
///
/// - In the encoding `d`, `s`, `t` are rd, rs1, rs2 and `u` is both rd and rs1; three bits name
///   x8 to x15. `i` is the immediate.
/// - The layout is written as in the manual, from the most significant bit of the field on; a
///   leading `-` says sign-extended.
/// - Of several rows that match, the first one counts. What the manual reserves matches none, or
///   is refused by the "must not be zero" column. Hints expand to operations without effect.
/// - Rows for floating point hold no `c.flw`: RV32 only.
#[rustfmt::skip]
macro_rules! for_each_compressed {
    ($callback:ident) => {
        $callback! {
            // Quadrant 0.
            "c.addi4spn" "000 iiiiiiii ddd 00"      "5:4|9:6|2|3"           [imm] Zca Addi [rs1: 2];
            "c.fld"      "001 iii sss ii ddd 00"    "5:3|7:6"               []    Zcd Fld [];
            "c.lw"       "010 iii sss ii ddd 00"    "5:3|2|6"               []    Zca Lw [];
            "c.ld"       "011 iii sss ii ddd 00"    "5:3|7:6"               []    Zca Ld [];
            "c.lbu"      "100 000 sss ii ddd 00"    "0|1"                   []    Zcb Lbu [];
            "c.lhu"      "100 001 sss 0i ddd 00"    "1"                     []    Zcb Lhu [];
            "c.lh"       "100 001 sss 1i ddd 00"    "1"                     []    Zcb Lh [];
            "c.sb"       "100 010 sss ii ttt 00"    "0|1"                   []    Zcb Sb [];
            "c.sh"       "100 011 sss 0i ttt 00"    "1"                     []    Zcb Sh [];
            "c.fsd"      "101 iii sss ii ttt 00"    "5:3|7:6"               []    Zcd Fsd [];
            "c.sw"       "110 iii sss ii ttt 00"    "5:3|2|6"               []    Zca Sw [];
            "c.sd"       "111 iii sss ii ttt 00"    "5:3|7:6"               []    Zca Sd [];
            // Quadrant 1.
            "c.addi"     "000 i uuuuu iiiii 01"     "-5|4:0"                []    Zca Addi [];
            "c.addiw"    "001 i uuuuu iiiii 01"     "-5|4:0"                [rd]  Zca Addiw [];
            "c.li"       "010 i ddddd iiiii 01"     "-5|4:0"                []    Zca Addi [];
            "c.mop"      "011 0 0iii1 00000 01"     "3:1"                   []    Zcmop CMop [];
            "c.addi16sp" "011 i 00010 iiiii 01"     "-9|4|6|8:7|5"          [imm] Zca Addi [rd: 2, rs1: 2];
            "c.lui"      "011 i ddddd iiiii 01"     "-17|16:12"             [imm] Zca Lui [];
            "c.srli"     "100 i 00 uuu iiiii 01"    "5|4:0"                 []    Zca Srli [];
            "c.srai"     "100 i 01 uuu iiiii 01"    "5|4:0"                 []    Zca Srai [];
            "c.andi"     "100 i 10 uuu iiiii 01"    "-5|4:0"                []    Zca Andi [];
            "c.sub"      "100 0 11 uuu 00 ttt 01"   ""                      []    Zca Sub [];
            "c.xor"      "100 0 11 uuu 01 ttt 01"   ""                      []    Zca Xor [];
            "c.or"       "100 0 11 uuu 10 ttt 01"   ""                      []    Zca Or [];
            "c.and"      "100 0 11 uuu 11 ttt 01"   ""                      []    Zca And [];
            "c.subw"     "100 1 11 uuu 00 ttt 01"   ""                      []    Zca Subw [];
            "c.addw"     "100 1 11 uuu 01 ttt 01"   ""                      []    Zca Addw [];
            "c.mul"      "100 1 11 uuu 10 ttt 01"   ""                      []    (Zcb & Zmmul) Mul [];
            "c.zext.b"   "100 1 11 uuu 11 000 01"   ""                      []    Zcb Andi [imm: 255];
            "c.sext.b"   "100 1 11 uuu 11 001 01"   ""                      []    (Zcb & Zbb) SextB [];
            "c.zext.h"   "100 1 11 uuu 11 010 01"   ""                      []    (Zcb & Zbb) ZextH [];
            "c.sext.h"   "100 1 11 uuu 11 011 01"   ""                      []    (Zcb & Zbb) SextH [];
            "c.zext.w"   "100 1 11 uuu 11 100 01"   ""                      []    (Zcb & Zba) AddUw [];
            "c.not"      "100 1 11 uuu 11 101 01"   ""                      []    Zcb Xori [imm: -1];
            "c.j"        "101 iiiiiiiiiii 01"       "-11|4|9:8|10|6|7|3:1|5" []   Zca Jal [];
            "c.beqz"     "110 iii sss iiiii 01"     "-8|4:3|7:6|2:1|5"      []    Zca Beq [];
            "c.bnez"     "111 iii sss iiiii 01"     "-8|4:3|7:6|2:1|5"      []    Zca Bne [];
            // Quadrant 2.
            "c.slli"     "000 i uuuuu iiiii 10"     "5|4:0"                 []    Zca Slli [];
            "c.fldsp"    "001 i ddddd iiiii 10"     "5|4:3|8:6"             []    Zcd Fld [rs1: 2];
            "c.lwsp"     "010 i ddddd iiiii 10"     "5|4:2|7:6"             [rd]  Zca Lw [rs1: 2];
            "c.ldsp"     "011 i ddddd iiiii 10"     "5|4:3|8:6"             [rd]  Zca Ld [rs1: 2];
            "c.jr"       "100 0 sssss 00000 10"     ""                      [rs1] Zca Jalr [];
            "c.mv"       "100 0 ddddd ttttt 10"     ""                      [rs2] Zca Add [];
            "c.ebreak"   "100 1 00000 00000 10"     ""                      []    Zca Ebreak [];
            "c.jalr"     "100 1 sssss 00000 10"     ""                      []    Zca Jalr [rd: 1];
            "c.add"      "100 1 uuuuu ttttt 10"     ""                      []    Zca Add [];
            "c.fsdsp"    "101 iiiiii ttttt 10"      "5:3|8:6"               []    Zcd Fsd [rs1: 2];
            "c.swsp"     "110 iiiiii ttttt 10"      "5:2|7:6"               []    Zca Sw [rs1: 2];
            "c.sdsp"     "111 iiiiii ttttt 10"      "5:3|8:6"               []    Zca Sd [rs1: 2];
        }
    };
}

/// A run of immediate bits: they go from `shift` (with `mask`) up by `to`.
#[derive(Clone, Copy, Debug)]
struct Piece {
    shift: u32,
    mask: u32,
    to: u32,
}

/// A register field: its place, and whether three bits name x8 to x15.
#[derive(Clone, Copy, Debug)]
struct Field {
    shift: u32,
    short: bool,
}

impl Field {
    fn read(self, half: u16) -> u8 {
        let bits = half >> self.shift;
        if self.short {
            (bits & 7) as u8 + 8
        } else {
            (bits & 31) as u8
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "spelt as in the table's columns")]
enum Part {
    rd,
    rs1,
    rs2,
    imm,
}

/// A row of the table, ready for use.
#[derive(Debug)]
struct Compressed {
    name: &'static str,
    mask: u16,
    value: u16,
    requirement: Requirement,
    nonzero: &'static [Part],
    rd: Option<Field>,
    rs1: Option<Field>,
    rs2: Option<Field>,
    pieces: Vec<Piece>,
    /// The sign bit of the immediate, or 31 when it has none.
    sign: u32,
    template: Insn,
}

impl Compressed {
    fn new(
        name: &'static str,
        encoding: &str,
        layout: &str,
        nonzero: &'static [Part],
        requirement: Requirement,
        op: Op,
        fixed: &[(Part, i32)],
    ) -> Self {
        let letters: Vec<u8> = encoding.bytes().filter(|&b| b != b' ').collect();
        assert_eq!(letters.len(), 16, "{name}");
        let at = |letter: u8| {
            let positions: Vec<u32> = (0..16)
                .filter(|&i| letters[15 - i as usize] == letter)
                .collect();
            positions.first().map(|&shift| Field {
                shift,
                short: positions.len() == 3,
            })
        };
        let bits_of = |wanted: u8| {
            letters.iter().fold(0u16, |bits, &letter| {
                bits << 1 | u16::from(letter == wanted)
            })
        };
        let mut template = Insn::new(op);
        template.len = 2;
        for &(part, value) in fixed {
            match part {
                Part::rd => template.rd = value as u8,
                Part::rs1 => template.rs1 = value as u8,
                Part::rs2 => template.rs2 = value as u8,
                Part::imm => template.imm = value,
            }
        }
        if op == Op::CMop {
            // The low bit of the number, which the encoding holds at one.
            template.imm = 1;
        }
        let (pieces, sign) = pieces(layout, bits_of(b'i'));
        Self {
            name,
            mask: bits_of(b'0') | bits_of(b'1'),
            value: bits_of(b'1'),
            requirement,
            nonzero,
            rd: at(b'd').or(at(b'u')),
            rs1: at(b's').or(at(b'u')),
            rs2: at(b't'),
            pieces,
            sign,
            template,
        }
    }

    fn expand(&self, half: u16) -> Option<Insn> {
        let mut insn = self.template;
        if let Some(field) = self.rd {
            insn.rd = field.read(half);
        }
        if let Some(field) = self.rs1 {
            insn.rs1 = field.read(half);
        }
        if let Some(field) = self.rs2 {
            insn.rs2 = field.read(half);
        }
        let mut immediate = 0;
        for piece in &self.pieces {
            immediate |= (u32::from(half) >> piece.shift & piece.mask) << piece.to;
        }
        let unused = 31 - self.sign;
        insn.imm |= (immediate << unused) as i32 >> unused;
        let refused = self.nonzero.iter().any(|part| match part {
            Part::rd => insn.rd == 0,
            Part::rs1 => insn.rs1 == 0,
            Part::rs2 => insn.rs2 == 0,
            Part::imm => insn.imm == 0,
        });
        (!refused).then_some(insn)
    }
}

/// Reads a layout such as `-9|4|6|8:7|5` against the bits that the encoding gives the immediate.
fn pieces(layout: &str, field: u16) -> (Vec<Piece>, u32) {
    let mut places = (0..16u32).rev().filter(|&i| field >> i & 1 != 0);
    let mut pieces = Vec::new();
    let mut sign = 31;
    let unsigned = layout.strip_prefix('-');
    for run in unsigned
        .unwrap_or(layout)
        .split('|')
        .filter(|run| !run.is_empty())
    {
        let (high, low) = run.split_once(':').unwrap_or((run, run));
        let high: u32 = high.parse().expect("a bit number");
        let low: u32 = low.parse().expect("a bit number");
        if unsigned.is_some() && pieces.is_empty() {
            sign = high;
        }
        // One bit at a time: a run may cross the gap between two parts of the field.
        for to in (low..=high).rev() {
            let shift = places.next().expect("a layout no longer than its field");
            pieces.push(Piece { shift, mask: 1, to });
        }
    }
    assert!(places.next().is_none(), "a layout as long as its field");
    (join(pieces), sign)
}

/// Joins neighbouring bits that stay neighbours.
fn join(bits: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for bit in bits {
        match joined.last_mut() {
            Some(last) if last.shift == bit.shift + 1 && last.to == bit.to + 1 => {
                *last = Piece {
                    mask: last.mask << 1 | 1,
                    ..bit
                };
            }
            _ => joined.push(bit),
        }
    }
    joined
}

/// The table, by quadrant and bits 15:13.
static ROWS: LazyLock<[Vec<Compressed>; 32]> = LazyLock::new(|| {
    let mut index: [Vec<Compressed>; 32] = Default::default();
    macro_rules! build {
        ($($name:literal $encoding:literal $layout:literal [$($nonzero:ident)*] $required:tt
           $op:ident [$($fixed:ident: $value:literal),*];)*) => {
            $({
                let row = Compressed::new(
                    $name,
                    $encoding,
                    $layout,
                    &[$(Part::$nonzero),*],
                    requirement!($required),
                    Op::$op,
                    &[$((Part::$fixed, $value)),*],
                );
                index[slot(row.value)].push(row);
            })*
        };
    }
    for_each_compressed!(build);
    index
});

fn slot(half: u16) -> usize {
    usize::from((half & 3) << 3 | half >> 13)
}

/// Expands a 16-bit instruction. `None` is an illegal instruction.
pub(super) fn decode(half: u16, extensions: ExtensionSet) -> Option<Insn> {
    find(half, extensions).and_then(|row| row.expand(half))
}

/// The row that a halfword belongs to.
fn find(half: u16, extensions: ExtensionSet) -> Option<&'static Compressed> {
    ROWS[slot(half)]
        .iter()
        .find(|row| half & row.mask == row.value && row.requirement.met_by(extensions))
}

/// The manual's name of a 16-bit instruction (`c.addi16sp`). `None` where `decode` finds an
/// illegal instruction.
pub fn compressed_name(half: u16, extensions: ExtensionSet) -> Option<&'static str> {
    find(half, extensions)
        .filter(|row| row.expand(half).is_some())
        .map(|row| row.name)
}
