//! The dynamic relocations of a static position-independent executable.
//!
//! Such a program is linked at some address, mostly 0, and lists the words that hold addresses.
//! Only two lists are left in a static one: `R_RISCV_RELATIVE` entries (RELA: word = slide +
//! addend) and RELR, the same in less space (word = word + slide).

use std::ops::Range;

use goblin::elf::dynamic as tags;
use goblin::elf::reloc;

use super::error::Reason;
use super::segments::Segment;
use super::source::Source;

const DT_RELRSZ: u64 = 35;
const DT_RELR: u64 = 36;
const DT_RELRENT: u64 = 37;

const RELA_SIZE: u64 = 24;
const WORD: u64 = 8;
/// The number of words that one RELR bitmap describes: all its bits but the lowest.
const RELR_BITS: u64 = 63;
/// PT_DYNAMIC has some thirty entries; more than this many bytes are a lie.
const MAX_DYNAMIC: u64 = 1 << 20;
/// The tables are read in pieces of this many bytes, a multiple of both entries' sizes.
const PIECE: u64 = 24 * 2048;

/// A table of relocations: its bytes in the file.
#[derive(Clone, Debug)]
struct Table {
    bytes: Range<u64>,
    relr: bool,
}

/// What PT_DYNAMIC says that matters here.
#[derive(Debug, Default)]
pub(super) struct Dynamic {
    tables: Vec<Table>,
    /// DF_1_PIE: the linker made a program.
    pub(super) pie: bool,
    /// How many shared libraries are needed.
    pub(super) needed: usize,
}

/// One word to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relocation {
    /// The word becomes the slide plus this addend.
    Relative { address: u64, addend: u64 },
    /// The slide is added to what the word holds.
    Add { address: u64 },
}

/// The tags that PT_DYNAMIC gives once.
#[derive(Default)]
struct Tags {
    rela: (u64, u64, u64),
    relr: (u64, u64, u64),
    plt: (u64, u64),
    plt_kind: u64,
    rel_size: u64,
}

impl Dynamic {
    /// Reads PT_DYNAMIC, which lies at `place` in the file.
    pub(super) fn read(
        source: &Source,
        place: Option<Range<u64>>,
        segments: &[Segment],
    ) -> Result<Self, Reason> {
        let mut dynamic = Self::default();
        let Some(place) = place else {
            return Ok(dynamic);
        };
        let size = place.end - place.start;
        if size > MAX_DYNAMIC {
            return Err(bad("p_filesz", size, "more than 1 MiB is not plausible"));
        }
        let mut bytes = vec![0; size as usize];
        source.read(place.start, &mut bytes, "PT_DYNAMIC")?;
        let tags = dynamic.read_tags(&bytes);
        dynamic.find_tables(&tags, segments)?;
        Ok(dynamic)
    }

    fn read_tags(&mut self, bytes: &[u8]) -> Tags {
        let mut tags = Tags::default();
        for entry in bytes.chunks_exact(16) {
            let value = word(&entry[8..]);
            match word(entry) {
                tags::DT_NULL => break,
                tags::DT_NEEDED => self.needed += 1,
                tags::DT_FLAGS_1 => self.pie = value & tags::DF_1_PIE != 0,
                tags::DT_RELA => tags.rela.0 = value,
                tags::DT_RELASZ => tags.rela.1 = value,
                tags::DT_RELAENT => tags.rela.2 = value,
                DT_RELR => tags.relr.0 = value,
                DT_RELRSZ => tags.relr.1 = value,
                DT_RELRENT => tags.relr.2 = value,
                tags::DT_JMPREL => tags.plt.0 = value,
                tags::DT_PLTRELSZ => tags.plt.1 = value,
                tags::DT_PLTREL => tags.plt_kind = value,
                tags::DT_RELSZ => tags.rel_size = value,
                _ => {}
            }
        }
        tags
    }

    fn find_tables(&mut self, tags: &Tags, segments: &[Segment]) -> Result<(), Reason> {
        const NOT_RELA: &str = "RISC-V programs have relocations with addends (RELA)";
        if tags.rel_size != 0 {
            return Err(bad("DT_RELSZ", tags.rel_size, NOT_RELA));
        }
        let (address, size, entry) = tags.rela;
        if size != 0 && entry != RELA_SIZE {
            return Err(bad("DT_RELAENT", entry, "an entry has 24 bytes"));
        }
        self.add(segments, ["DT_RELA", "DT_RELASZ"], address, size, RELA_SIZE)?;
        let (address, size) = tags.plt;
        if size != 0 && tags.plt_kind != tags::DT_RELA {
            return Err(bad("DT_PLTREL", tags.plt_kind, NOT_RELA));
        }
        self.add(
            segments,
            ["DT_JMPREL", "DT_PLTRELSZ"],
            address,
            size,
            RELA_SIZE,
        )?;
        let (address, size, entry) = tags.relr;
        if size != 0 && entry != WORD {
            return Err(bad("DT_RELRENT", entry, "an entry has 8 bytes"));
        }
        self.add(segments, ["DT_RELR", "DT_RELRSZ"], address, size, WORD)
    }

    /// Notes a table, if it lies in one segment's bytes.
    fn add(
        &mut self,
        segments: &[Segment],
        [address_tag, size_tag]: [&'static str; 2],
        address: u64,
        size: u64,
        entry: u64,
    ) -> Result<(), Reason> {
        if size == 0 {
            return Ok(());
        }
        if !size.is_multiple_of(entry) {
            return Err(bad(size_tag, size, "not a whole number of entries"));
        }
        let start = segments.iter().find_map(|segment| {
            let offset = segment.offset_of_virtual(address)?;
            let left = segment.file_size.checked_sub(offset)?;
            (size <= left).then(|| segment.file_offset + offset)
        });
        let Some(start) = start else {
            return Err(bad(
                address_tag,
                address,
                "no segment has the table's bytes",
            ));
        };
        self.tables.push(Table {
            bytes: start..start + size,
            relr: entry == WORD,
        });
        Ok(())
    }

    /// Checks every relocation, so that [`Dynamic::apply`] finds nothing to complain about.
    pub(super) fn check(&self, source: &Source, segments: &[Segment]) -> Result<(), Reason> {
        self.each(source, |relocation| {
            find_word(segments, relocation.address()).map(|_| ())
        })
    }

    /// Hands each relocated word to `write`: its physical address and its value. `segments` are
    /// as linked; `slide` is how far they were moved.
    pub(super) fn apply(
        &self,
        source: &Source,
        segments: &[Segment],
        slide: u64,
        mut write: impl FnMut(u64, u64),
    ) -> Result<(), Reason> {
        self.each(source, |relocation| {
            let (segment, offset) = find_word(segments, relocation.address())?;
            let value = match relocation {
                Relocation::Relative { addend, .. } => addend,
                Relocation::Add { .. } => read_word(source, segment, offset)?,
            };
            let address = segment.address.wrapping_add(offset).wrapping_add(slide);
            write(address, value.wrapping_add(slide));
            Ok(())
        })
    }

    fn each(
        &self,
        source: &Source,
        mut act: impl FnMut(Relocation) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        // RELR first: where both name a word, RELA's addend counts.
        let (relr, rela): (Vec<_>, Vec<_>) = self.tables.iter().partition(|table| table.relr);
        let mut buffer = vec![0; PIECE as usize];
        for table in relr {
            let mut next = 0;
            pieces(source, table, &mut buffer, |piece| {
                for entry in piece.chunks_exact(WORD as usize) {
                    next = relr_entry(word(entry), next, &mut act)?;
                }
                Ok(())
            })?;
        }
        for table in rela {
            pieces(source, table, &mut buffer, |piece| {
                for entry in piece.chunks_exact(RELA_SIZE as usize) {
                    rela_entry(entry, &mut act)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Relocation {
    fn address(self) -> u64 {
        match self {
            Self::Relative { address, .. } | Self::Add { address } => address,
        }
    }
}

fn rela_entry(
    entry: &[u8],
    act: &mut impl FnMut(Relocation) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let (address, info, addend) = (word(entry), word(&entry[8..]), word(&entry[16..]));
    match info as u32 {
        reloc::R_RISCV_NONE => Ok(()),
        reloc::R_RISCV_RELATIVE => act(Relocation::Relative { address, addend }),
        kind => Err(Reason::UnsupportedRelocation { kind, address }),
    }
}

/// An even entry is the address of a word. An odd one is a bitmap of the words that follow the
/// last one named: bit 1 is the first of them. Returns the address that the next bitmap is for.
fn relr_entry(
    entry: u64,
    next: u64,
    act: &mut impl FnMut(Relocation) -> Result<(), Reason>,
) -> Result<u64, Reason> {
    if entry & 1 == 0 {
        act(Relocation::Add { address: entry })?;
        return Ok(entry.wrapping_add(WORD));
    }
    for bit in 0..RELR_BITS {
        if entry >> (bit + 1) & 1 != 0 {
            let address = next.wrapping_add(bit * WORD);
            act(Relocation::Add { address })?;
        }
    }
    Ok(next.wrapping_add(RELR_BITS * WORD))
}

fn pieces(
    source: &Source,
    table: &Table,
    buffer: &mut [u8],
    mut act: impl FnMut(&[u8]) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let mut at = table.bytes.start;
    while at < table.bytes.end {
        let size = (table.bytes.end - at).min(PIECE);
        let piece = &mut buffer[..size as usize];
        source.read(at, piece, "the relocations")?;
        act(piece)?;
        at += size;
    }
    Ok(())
}

/// The segment that holds all eight bytes of the word at a virtual address, and where in it.
fn find_word(segments: &[Segment], address: u64) -> Result<(&Segment, u64), Reason> {
    segments
        .iter()
        .find_map(|segment| {
            let offset = segment.offset_of_virtual(address)?;
            (segment.size - offset >= WORD).then_some((segment, offset))
        })
        .ok_or(Reason::RelocationOutside(address))
}

/// A word of a segment as the file has it, with zeros where the file has no more bytes.
fn read_word(source: &Source, segment: &Segment, offset: u64) -> Result<u64, Reason> {
    let mut bytes = [0; WORD as usize];
    let there = segment.file_size.saturating_sub(offset).min(WORD);
    let from_file = &mut bytes[..there as usize];
    // Without bytes of its own, a segment's offset says nothing.
    if !from_file.is_empty() {
        source.read(segment.file_offset + offset, from_file, "a relocated word")?;
    }
    Ok(u64::from_le_bytes(bytes))
}

/// The first eight bytes of a table's entry, which has as many.
fn word(bytes: &[u8]) -> u64 {
    bytes
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn bad(field: &'static str, value: u64, problem: &'static str) -> Reason {
    Reason::BadDynamic {
        field,
        value,
        problem,
    }
}
