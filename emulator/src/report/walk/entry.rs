//! One page-table entry, bit by bit.

use super::Hex;
use crate::mmu::{FaultReason, MappedRange, PageSize, Pbmt, Pte, PteClass, PteRules};
use serde::Serialize;

/// A field of an entry and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its highest bit.
    pub high: u32,
    /// Its lowest bit.
    pub low: u32,
    /// Its name in the manual.
    pub name: &'static str,
    /// Its value.
    pub value: Hex,
    /// What that means here.
    pub meaning: String,
}

/// The rights, A and D of a leaf as letters in a fixed order, `-` where a bit is clear: `rwxugAD`.
/// `g` stands for a mapping that is global through an entry above it too.
pub fn letters(bits: Pte, global: bool) -> String {
    let bit = |set: bool, letter: char| if set { letter } else { '-' };
    [
        bit(bits.readable(), 'r'),
        bit(bits.writable(), 'w'),
        bit(bits.executable(), 'x'),
        bit(bits.user(), 'u'),
        bit(global || bits.global(), 'g'),
        bit(bits.accessed(), 'A'),
        bit(bits.dirty(), 'D'),
    ]
    .into_iter()
    .collect()
}

/// The memory type, if it is not the usual one.
pub fn pbmt(bits: Pte) -> Option<&'static str> {
    match bits.pbmt() {
        Some(Pbmt::Pma) => None,
        Some(Pbmt::NonCacheable) => Some("NC"),
        Some(Pbmt::Io) => Some("IO"),
        None => Some("reserved"),
    }
}

/// What an entry is, in a few words.
pub fn meaning(pte: Pte, level: u8, rules: PteRules) -> String {
    match pte.classify(level, rules) {
        Ok(PteClass::Pointer) if level == 0 => FaultReason::LevelExhausted.to_string(),
        Ok(PteClass::Pointer) => format!(
            "V is set, R, W and X are clear: a pointer to the table of level {} at {}",
            level - 1,
            pte.target()
        ),
        Ok(PteClass::Leaf(PageSize::Kib64)) => {
            "R or X is set, and N: a leaf, part of a 64 KiB NAPOT range".to_owned()
        }
        Ok(PteClass::Leaf(size)) => format!("R or X is set: a leaf, a {size} page"),
        Err(reason) => reason.to_string(),
    }
}

/// Every field of an entry, highest first.
pub fn fields(pte: Pte, level: u8, rules: PteRules) -> Vec<Field> {
    let leaf = pte.valid() && pte.is_leaf();
    let field = |high: u32, low: u32, name, meaning: String| Field {
        high,
        low,
        name,
        value: Hex(pte.0 << (63 - high) >> (63 - high + low)),
        meaning,
    };
    let flag = |bit: u64, name, set: &str, clear: &str| {
        let place = bit.trailing_zeros();
        let meaning = if pte.has(bit) { set } else { clear };
        field(place, place, name, meaning.to_owned())
    };
    let only_leaf = |bit: u64, name, set: &str, clear: &str| match (pte.has(bit), leaf) {
        (true, false) if pte.valid() => flag(bit, name, "reserved in a pointer: must be 0", ""),
        (false, false) => flag(bit, name, "", "reserved in a pointer"),
        _ => flag(bit, name, set, clear),
    };
    if !pte.valid() {
        let rest = "the hardware looks at no other bit: software may use them";
        return vec![
            field(63, 1, "other", rest.to_owned()),
            flag(Pte::V, "V", "", "not valid"),
        ];
    }
    let napot = match (rules.svnapot, leaf) {
        (false, _) => "reserved: this hart has no Svnapot",
        (true, false) => "reserved in a pointer: must be 0",
        (true, true) => "part of a NAPOT range: 16 entries of 4 KiB make 64 KiB",
    };
    let memory_type = match (rules.svpbmt, pte.pbmt()) {
        (_, Some(Pbmt::Pma)) => "PMA: the memory type is what the physical address has",
        (false, _) => "reserved: Svpbmt is absent or off (menvcfg.PBMTE)",
        (true, _) if !leaf => "reserved in a pointer: must be 0",
        (true, Some(Pbmt::NonCacheable)) => "NC: main memory, not cached, weakly ordered",
        (true, Some(Pbmt::Io)) => "IO: not cached, strongly ordered, as for devices",
        (true, None) => "3 is reserved",
    };
    let reserved = match pte.0 & Pte::RESERVED {
        0 => "reserved, and zero as it must be",
        _ => "reserved: must be zero",
    };
    let frame = match pte.classify(level, rules) {
        Ok(PteClass::Pointer) => format!("the next table is at {}", pte.target()),
        Ok(PteClass::Leaf(PageSize::Kib64)) => format!(
            "the low 4 bits are 1000, which means 64 KiB: the frame is at pa:{:#x}",
            pte.target().0 & !PageSize::Kib64.mask()
        ),
        Ok(PteClass::Leaf(size)) => format!("the {size} frame is at {}", pte.target()),
        Err(FaultReason::MisalignedSuperpage(size)) => format!(
            "{} is not a multiple of {size}: the low {} bits must be zero",
            pte.target(),
            size.bits() - 12
        ),
        Err(_) => format!("{}", pte.target()),
    };
    vec![
        flag(Pte::N, "N", napot, "not part of a NAPOT range"),
        field(62, 61, "PBMT", memory_type.to_owned()),
        field(60, 54, "-", reserved.to_owned()),
        field(53, 10, "PPN", frame),
        field(
            9,
            8,
            "RSW",
            "for software: the hardware ignores it".to_owned(),
        ),
        only_leaf(
            Pte::D,
            "D",
            "dirty: it was written",
            "not dirty: not written since D was cleared",
        ),
        only_leaf(Pte::A, "A", "accessed", "not accessed since A was cleared"),
        flag(
            Pte::G,
            "G",
            "global: in every address space",
            "not global: of this ASID only",
        ),
        only_leaf(
            Pte::U,
            "U",
            "a user page: U-mode may use it, S-mode only loads and stores with SUM",
            "not a user page: S-mode only",
        ),
        flag(
            Pte::X,
            "X",
            "instructions may be fetched",
            if leaf {
                "no instruction may be fetched"
            } else {
                "R, W and X clear: a pointer"
            },
        ),
        flag(
            Pte::W,
            "W",
            if pte.readable() {
                "may be written"
            } else {
                "W without R is reserved"
            },
            if leaf {
                "may not be written"
            } else {
                "R, W and X clear: a pointer"
            },
        ),
        flag(
            Pte::R,
            "R",
            "may be read",
            match (leaf, pte.writable()) {
                (_, true) => "W without R is reserved",
                (true, _) => "may not be read (but for MXR)",
                (false, _) => "R, W and X clear: a pointer",
            },
        ),
        flag(Pte::V, "V", "valid", ""),
    ]
}

/// The bits of a range, for the reports of machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bits {
    /// `rwxugAD`, `-` where a bit is clear.
    pub letters: String,
    /// Whether it is in every address space, through the leaf or an entry above it.
    pub global: bool,
    /// `NC` or `IO`; null for what the physical address has.
    pub pbmt: Option<&'static str>,
    /// The bits for software.
    pub rsw: u64,
}

impl Bits {
    /// The bits of a leaf.
    pub fn new(bits: Pte, global: bool) -> Self {
        Self {
            letters: letters(bits, global),
            global: global || bits.global(),
            pbmt: pbmt(bits),
            rsw: bits.rsw(),
        }
    }

    /// The bits of a range.
    pub fn of(range: &MappedRange) -> Self {
        Self::new(range.bits, range.global)
    }

    /// The memory type and the bits for software, if they say anything.
    pub fn rest(&self) -> String {
        let mut rest = self.pbmt.map(|kind| format!(" {kind}")).unwrap_or_default();
        if self.rsw != 0 {
            rest += &format!(" rsw={}", self.rsw);
        }
        rest
    }
}
