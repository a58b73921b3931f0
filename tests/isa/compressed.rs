//! All 65,536 halfwords against a second decoder, written from the listings of the manual's
//! chapter on the C extension (and those on Zcb and Zcmop) without the table.

use pagewalk::isa::{
    Extension, ExtensionSet, Insn, Op, compressed_name, decode, disassemble, disassemble_word,
    encode,
};

/// Bits `high` to `low` of a halfword.
fn bits(half: u16, high: u32, low: u32) -> u32 {
    (u32::from(half) >> low) & ((1 << (high - low + 1)) - 1)
}

fn bit(half: u16, at: u32) -> u32 {
    bits(half, at, at)
}

fn sign(value: u32, width: u32) -> i32 {
    ((value << (32 - width)) as i32) >> (32 - width)
}

fn make(op: Op, rd: u32, rs1: u32, rs2: u32, imm: i32) -> Option<Insn> {
    let (rd, rs1, rs2) = (rd as u8, rs1 as u8, rs2 as u8);
    Some(Insn {
        rd,
        rs1,
        rs2,
        imm,
        len: 2,
        ..Insn::new(op)
    })
}

fn expected(h: u16, have: ExtensionSet) -> Option<Insn> {
    let has = |extension| have.has(extension);
    if !has(Extension::Zca) {
        return None;
    }
    let funct3 = bits(h, 15, 13);
    match bits(h, 1, 0) {
        0 => quadrant_0(h, funct3, have),
        1 => quadrant_1(h, funct3, have),
        2 => quadrant_2(h, funct3, have),
        _ => unreachable!("not a 16-bit instruction"),
    }
}

fn quadrant_0(h: u16, funct3: u32, have: ExtensionSet) -> Option<Insn> {
    let low = bits(h, 4, 2) + 8;
    let high = bits(h, 9, 7) + 8;
    let word = (bits(h, 12, 10) << 3 | bit(h, 6) << 2 | bit(h, 5) << 6) as i32;
    let double = (bits(h, 12, 10) << 3 | bits(h, 6, 5) << 6) as i32;
    let zcb = have.has(Extension::Zcb);
    let zcd = have.has(Extension::Zcd);
    match funct3 {
        0 => {
            let imm = bits(h, 12, 11) << 4 | bits(h, 10, 7) << 6 | bit(h, 6) << 2 | bit(h, 5) << 3;
            if imm == 0 {
                None
            } else {
                make(Op::Addi, low, 2, 0, imm as i32)
            }
        }
        1 if zcd => make(Op::Fld, low, high, 0, double),
        2 => make(Op::Lw, low, high, 0, word),
        3 => make(Op::Ld, low, high, 0, double),
        4 if zcb => {
            let byte = (bit(h, 6) | bit(h, 5) << 1) as i32;
            let halfword = (bit(h, 5) << 1) as i32;
            match (bits(h, 12, 10), bit(h, 6)) {
                (0, _) => make(Op::Lbu, low, high, 0, byte),
                (1, 0) => make(Op::Lhu, low, high, 0, halfword),
                (1, _) => make(Op::Lh, low, high, 0, halfword),
                (2, _) => make(Op::Sb, 0, high, low, byte),
                (3, 0) => make(Op::Sh, 0, high, low, halfword),
                _ => None,
            }
        }
        5 if zcd => make(Op::Fsd, 0, high, low, double),
        6 => make(Op::Sw, 0, high, low, word),
        7 => make(Op::Sd, 0, high, low, double),
        _ => None,
    }
}

fn quadrant_1(h: u16, funct3: u32, have: ExtensionSet) -> Option<Insn> {
    let rd = bits(h, 11, 7);
    let short = bits(h, 9, 7) + 8;
    let second = bits(h, 4, 2) + 8;
    let imm6 = sign(bit(h, 12) << 5 | bits(h, 6, 2), 6);
    let shift = (bit(h, 12) << 5 | bits(h, 6, 2)) as i32;
    match funct3 {
        0 => make(Op::Addi, rd, rd, 0, imm6),
        1 if rd == 0 => None,
        1 => make(Op::Addiw, rd, rd, 0, imm6),
        2 => make(Op::Addi, rd, 0, 0, imm6),
        3 if rd == 2 => {
            let imm = bit(h, 12) << 9
                | bit(h, 6) << 4
                | bit(h, 5) << 6
                | bits(h, 4, 3) << 7
                | bit(h, 2) << 5;
            if imm == 0 {
                None
            } else {
                make(Op::Addi, 2, 2, 0, sign(imm, 10))
            }
        }
        3 if imm6 != 0 => make(Op::Lui, rd, 0, 0, imm6 << 12),
        3 if have.has(Extension::Zcmop) && rd % 2 == 1 && rd < 16 => {
            make(Op::CMop, 0, 0, 0, rd as i32)
        }
        3 => None,
        4 => match bits(h, 11, 10) {
            0 => make(Op::Srli, short, short, 0, shift),
            1 => make(Op::Srai, short, short, 0, shift),
            2 => make(Op::Andi, short, short, 0, imm6),
            _ => arithmetic(h, short, second, have),
        },
        5 => {
            let imm = bit(h, 12) << 11
                | bit(h, 11) << 4
                | bits(h, 10, 9) << 8
                | bit(h, 8) << 10
                | bit(h, 7) << 6
                | bit(h, 6) << 7
                | bits(h, 5, 3) << 1
                | bit(h, 2) << 5;
            make(Op::Jal, 0, 0, 0, sign(imm, 12))
        }
        _ => {
            let imm = bit(h, 12) << 8
                | bits(h, 11, 10) << 3
                | bits(h, 6, 5) << 6
                | bits(h, 4, 3) << 1
                | bit(h, 2) << 5;
            let op = if funct3 == 6 { Op::Beq } else { Op::Bne };
            make(op, 0, short, 0, sign(imm, 9))
        }
    }
}

fn arithmetic(h: u16, rd: u32, rs2: u32, have: ExtensionSet) -> Option<Insn> {
    let zcb = have.has(Extension::Zcb);
    let with = |extension| zcb && have.has(extension);
    match (bit(h, 12), bits(h, 6, 5), bits(h, 4, 2)) {
        (0, 0, _) => make(Op::Sub, rd, rd, rs2, 0),
        (0, 1, _) => make(Op::Xor, rd, rd, rs2, 0),
        (0, 2, _) => make(Op::Or, rd, rd, rs2, 0),
        (0, 3, _) => make(Op::And, rd, rd, rs2, 0),
        (1, 0, _) => make(Op::Subw, rd, rd, rs2, 0),
        (1, 1, _) => make(Op::Addw, rd, rd, rs2, 0),
        (1, 2, _) if with(Extension::Zmmul) => make(Op::Mul, rd, rd, rs2, 0),
        (1, 3, 0) if zcb => make(Op::Andi, rd, rd, 0, 255),
        (1, 3, 1) if with(Extension::Zbb) => make(Op::SextB, rd, rd, 0, 0),
        (1, 3, 2) if with(Extension::Zbb) => make(Op::ZextH, rd, rd, 0, 0),
        (1, 3, 3) if with(Extension::Zbb) => make(Op::SextH, rd, rd, 0, 0),
        (1, 3, 4) if with(Extension::Zba) => make(Op::AddUw, rd, rd, 0, 0),
        (1, 3, 5) if zcb => make(Op::Xori, rd, rd, 0, -1),
        _ => None,
    }
}

fn quadrant_2(h: u16, funct3: u32, have: ExtensionSet) -> Option<Insn> {
    let rd = bits(h, 11, 7);
    let rs2 = bits(h, 6, 2);
    let zcd = have.has(Extension::Zcd);
    let load_word = (bit(h, 12) << 5 | bits(h, 6, 4) << 2 | bits(h, 3, 2) << 6) as i32;
    let load_double = (bit(h, 12) << 5 | bits(h, 6, 5) << 3 | bits(h, 4, 2) << 6) as i32;
    let store_word = (bits(h, 12, 9) << 2 | bits(h, 8, 7) << 6) as i32;
    let store_double = (bits(h, 12, 10) << 3 | bits(h, 9, 7) << 6) as i32;
    match funct3 {
        0 => make(Op::Slli, rd, rd, 0, (bit(h, 12) << 5 | rs2) as i32),
        1 if zcd => make(Op::Fld, rd, 2, 0, load_double),
        2 if rd != 0 => make(Op::Lw, rd, 2, 0, load_word),
        3 if rd != 0 => make(Op::Ld, rd, 2, 0, load_double),
        4 => match (bit(h, 12), rd, rs2) {
            (0, 0, 0) => None,
            (0, _, 0) => make(Op::Jalr, 0, rd, 0, 0),
            (0, _, _) => make(Op::Add, rd, 0, rs2, 0),
            (_, 0, 0) => make(Op::Ebreak, 0, 0, 0, 0),
            (_, _, 0) => make(Op::Jalr, 1, rd, 0, 0),
            _ => make(Op::Add, rd, rd, rs2, 0),
        },
        5 if zcd => make(Op::Fsd, 0, 2, rs2, store_double),
        6 => make(Op::Sw, 0, 2, rs2, store_word),
        7 => make(Op::Sd, 0, 2, rs2, store_double),
        _ => None,
    }
}

fn halfwords() -> impl Iterator<Item = u16> {
    (0..=u16::MAX).filter(|half| half & 3 != 3)
}

#[test]
fn every_halfword_is_what_the_manual_says() {
    use Extension::{C, Zba, Zbb, Zca, Zcb, Zcd, Zcmop, Zmmul};
    let all = ExtensionSet::ALL;
    for set in [
        all,
        all.without(Zcb),
        all.without(Zcmop),
        all.without(Zcd),
        all.without(Zba),
        all.without(Zbb),
        all.without(Zmmul),
        all.disabled(C),
        ExtensionSet::of(Zca),
    ] {
        let mut legal = 0;
        for half in halfwords() {
            let found = decode(u32::from(half), set);
            let text = || found.map(|insn| disassemble(&insn, 0));
            assert_eq!(found, expected(half, set), "{half:#06x} {:?}", text());
            assert_eq!(
                compressed_name(half, set).is_some(),
                found.is_some(),
                "{half:#06x}"
            );
            legal += u32::from(found.is_some());
        }
        assert_eq!(legal == 0, !set.has(Zca));
    }
}

#[test]
fn every_expansion_is_an_instruction() {
    for half in halfwords() {
        let Some(insn) = decode(u32::from(half), ExtensionSet::ALL) else {
            continue;
        };
        let word = encode(&insn).unwrap_or_else(|error| panic!("{half:#06x} {error}"));
        if insn.op == Op::CMop {
            assert_eq!(word, u32::from(half));
        } else {
            assert_eq!(
                decode(word, ExtensionSet::ALL),
                Some(Insn { len: 4, ..insn })
            );
        }
    }
}

#[test]
fn names() {
    let all = ExtensionSet::ALL;
    for (half, name, text) in [
        (0x0001, "c.addi", "nop"),
        (0x1141, "c.addi", "addi\tsp,sp,-16"),
        (0x717d, "c.addi16sp", "addi\tsp,sp,-16"),
        (0x0800, "c.addi4spn", "addi\ts0,sp,16"),
        (0x4505, "c.li", "li\ta0,1"),
        (0x852e, "c.mv", "mv\ta0,a1"),
        (0x8082, "c.jr", "ret"),
        (0x9002, "c.ebreak", "ebreak"),
        (0xc119, "c.beqz", "beqz\ta0,0x1006"),
        (0x9c61, "c.zext.b", "zext.b\ts0,s0"),
        (0x6081, "c.mop", "c.mop.1"),
        (0x4005, "c.li", "c.li\tzero,1"),
        (0x0005, "c.addi", "c.nop\t1"),
        (0x800a, "c.mv", "c.mv\tzero,sp"),
        (0x900a, "c.add", "ntl.p1"),
    ] {
        assert_eq!(compressed_name(half, all), Some(name), "{half:#06x}");
        assert_eq!(disassemble_word(u32::from(half), all, 0x1000), text);
    }
    assert_eq!(disassemble_word(0, all, 0), "unimp");
    assert_eq!(disassemble_word(0x8002, all, 0), ".insn\t2, 0x8002");
    assert_eq!(
        disassemble_word(0x0000_707f, all, 0),
        ".insn\t4, 0x0000707f"
    );
}
