//! Source lines, from the guest's debug information. Nothing is read before the first question.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use addr2line::Context;
use gimli::{Dwarf, EndianArcSlice, LittleEndian, SectionId};
use object::read::{CompressedData, CompressionFormat};
use object::{elf, pod};

use super::sections::{DebugError, Place, Sections, read_part};
use super::source::Source;

/// A bound on each debug section, compressed or not.
const MAX_SECTION: u64 = 512 << 20;

/// A bound on how far a section unfolds: debug information shrinks to a fifth, rarely a twentieth.
const MAX_RATIO: u64 = 256;

/// A place in the guest's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    /// The path of the source file, as the compiler noted it.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// The debug information of one guest.
pub(super) struct Lines(Context<EndianArcSlice<LittleEndian>>);

impl Lines {
    pub(super) fn read(source: &Source) -> Result<Self, DebugError> {
        let sections = Sections::read(source)?;
        let load = |id: SectionId| -> Result<_, DebugError> {
            let bytes = match sections.by_name(id.name()) {
                Some(place) => read_section(source, place)?,
                None => Vec::new(),
            };
            Ok(EndianArcSlice::new(Arc::from(bytes), LittleEndian))
        };
        let context = Context::from_dwarf(Dwarf::load(load)?).map_err(DebugError::Dwarf)?;
        Ok(Self(context))
    }

    /// The line that the instruction at `address` (as linked) comes from.
    pub(super) fn find(&self, address: u64) -> Option<SourceLine> {
        // addr2line looks for the range that ends at the address after this one.
        address.checked_add(1)?;
        let location = self.0.find_location(address).ok().flatten()?;
        Some(SourceLine {
            file: location.file?.to_owned(),
            line: location.line,
            column: location.column.filter(|&column| column != 0),
        })
    }
}

fn read_section(source: &Source, place: Place) -> Result<Vec<u8>, DebugError> {
    let what = "a debug section";
    let size = place.range.end.saturating_sub(place.range.start);
    let bytes = read_part(source, place.range.start, size, MAX_SECTION, what)?;
    if !place.compressed {
        return Ok(bytes);
    }
    type Header = elf::CompressionHeader64<object::LittleEndian>;
    let Ok((header, data)) = pod::from_bytes::<Header>(&bytes) else {
        return Err(DebugError::Truncated {
            what,
            offset: place.range.start,
            size: size_of::<Header>() as u64,
            length: source.length(),
        });
    };
    let uncompressed_size = header.ch_size.get(object::LittleEndian);
    let limit = size.saturating_mul(MAX_RATIO).min(MAX_SECTION);
    if uncompressed_size > limit {
        return Err(DebugError::TooLarge {
            what,
            size: uncompressed_size,
            limit,
        });
    }
    let format = match header.ch_type.get(object::LittleEndian) {
        elf::ELFCOMPRESS_ZLIB => CompressionFormat::Zlib,
        elf::ELFCOMPRESS_ZSTD => CompressionFormat::Zstandard,
        _ => CompressionFormat::Unknown,
    };
    let compressed = CompressedData {
        format,
        data,
        uncompressed_size,
    };
    Ok(compressed.decompress().map(Cow::into_owned)?)
}
