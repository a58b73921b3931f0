//! The section headers, and the few sections that symbols and source lines need.
//!
//! A guest runs without sections, so nothing that is wrong here keeps it from being loaded.

use std::io;
use std::ops::Range;

use object::read::elf::{FileHeader as _, SectionHeader as _, SectionTable};
use object::{LittleEndian, ReadRef, SectionIndex, elf};

use super::source::Source;

type Header = elf::FileHeader64<LittleEndian>;
const ENDIAN: LittleEndian = LittleEndian;

/// Bounds on what is read into memory, far above what programs have.
const MAX_SECTION_HEADERS: u64 = 16 << 20;
const MAX_SECTION_NAMES: u64 = 16 << 20;
/// No name is looked at further than this.
const MAX_NAME: u64 = 4096;

/// Why a guest's symbols or source lines are not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DebugError {
    /// The operating system does not read it.
    #[error("cannot read {what}: {error}")]
    CannotRead {
        /// The part that was to be read.
        what: &'static str,
        /// The operating system's reason.
        error: io::Error,
    },
    /// A part does not lie in the file.
    #[error(
        "truncated: {size} bytes at byte {offset} are needed for {what}, the file has {length}"
    )]
    Truncated {
        /// The part.
        what: &'static str,
        /// Where it is said to start.
        offset: u64,
        /// How long it is said to be.
        size: u64,
        /// The file's length.
        length: u64,
    },
    /// A part is larger than Pagewalk reads.
    #[error("{size} bytes are claimed for {what}; Pagewalk reads up to {limit}")]
    TooLarge {
        /// The part.
        what: &'static str,
        /// Its size.
        size: u64,
        /// The bound.
        limit: u64,
    },
    /// The section headers, the symbols or the names are malformed.
    #[error("{0}")]
    Malformed(object::Error),
    /// The debug information is malformed.
    #[error("malformed debug information: {0}")]
    Dwarf(gimli::Error),
}

impl From<object::Error> for DebugError {
    fn from(error: object::Error) -> Self {
        Self::Malformed(error)
    }
}

/// Reads a part of the file that has at most `limit` bytes.
pub(super) fn read_part(
    source: &Source,
    offset: u64,
    size: u64,
    limit: u64,
    what: &'static str,
) -> Result<Vec<u8>, DebugError> {
    let length = source.length();
    if offset.checked_add(size).is_none_or(|end| end > length) {
        return Err(DebugError::Truncated {
            what,
            offset,
            size,
            length,
        });
    }
    if size > limit {
        return Err(DebugError::TooLarge { what, size, limit });
    }
    let mut bytes = vec![0; size as usize];
    source
        .read_at(offset, &mut bytes)
        .map_err(|error| DebugError::CannotRead { what, error })?;
    Ok(bytes)
}

/// The parts of the file that have been read: the rest of it looks absent.
#[derive(Default)]
pub(super) struct View {
    parts: Vec<(u64, Vec<u8>)>,
}

impl View {
    /// Reads one more part.
    pub(super) fn add(
        &mut self,
        source: &Source,
        place: Range<u64>,
        limit: u64,
        what: &'static str,
    ) -> Result<(), DebugError> {
        let size = place.end.saturating_sub(place.start);
        if size != 0 {
            let bytes = read_part(source, place.start, size, limit, what)?;
            self.parts.push((place.start, bytes));
        }
        Ok(())
    }

    fn part(&self, start: u64, size: u64) -> Option<&[u8]> {
        self.parts.iter().find_map(|(offset, bytes)| {
            let skip = usize::try_from(start.checked_sub(*offset)?).ok()?;
            let rest = bytes.get(skip..)?;
            rest.get(..usize::try_from(size).ok()?)
        })
    }
}

impl<'a> ReadRef<'a> for &'a View {
    fn len(self) -> Result<u64, ()> {
        let ends = self.parts.iter().map(|(o, bytes)| o + bytes.len() as u64);
        Ok(ends.max().unwrap_or(0))
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        if size == 0 {
            return Ok(&[]);
        }
        self.part(offset, size).ok_or(())
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        let size = range.end.checked_sub(range.start).ok_or(())?;
        let bytes = self.part(range.start, size).ok_or(())?;
        let bytes = &bytes[..bytes.len().min(MAX_NAME as usize)];
        ReadRef::read_bytes_at_until(bytes, 0..bytes.len() as u64, delimiter)
    }
}

/// A file's section headers and their names.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) view: View,
}

/// Where a section lies in the file.
pub(super) struct Place {
    pub(super) range: Range<u64>,
    pub(super) compressed: bool,
}

impl Sections {
    /// Reads the section headers, if the file has any.
    pub(super) fn read(source: &Source) -> Result<Self, DebugError> {
        let mut view = View::default();
        let size = size_of::<Header>() as u64;
        view.add(source, 0..size, size, "the ELF header")?;
        let header = Header::parse(&view)?;
        let start = header.e_shoff(ENDIAN);
        if start == 0 {
            return Ok(Self::default());
        }
        // With 0xff00 sections or more, e_shnum is 0 and the first header's sh_size counts them.
        let one = size_of::<elf::SectionHeader64<LittleEndian>>() as u64;
        let mut count = u64::from(header.e_shnum(ENDIAN));
        if count == 0 {
            let what = "the first section header";
            let mut first = View::default();
            first.add(source, start..start.saturating_add(one), one, what)?;
            let first: &elf::SectionHeader64<LittleEndian> =
                (&first)
                    .read_at(start)
                    .map_err(|()| DebugError::Truncated {
                        what,
                        offset: start,
                        size: one,
                        length: source.length(),
                    })?;
            count = first.sh_size(ENDIAN);
        }
        let end = start.saturating_add(count.saturating_mul(one));
        let what = "the section headers";
        view.add(source, start..end, MAX_SECTION_HEADERS, what)?;
        let mut sections = Self { view };
        let names = sections.names()?;
        let what = "the section names";
        sections.view.add(source, names, MAX_SECTION_NAMES, what)?;
        Ok(sections)
    }

    fn header(&self) -> Result<&Header, DebugError> {
        Ok(Header::parse(&self.view)?)
    }

    /// The section headers as `object` has them.
    pub(super) fn table(&self) -> Result<SectionTable<'_, Header, &View>, DebugError> {
        if self.view.parts.is_empty() {
            return Ok(SectionTable::default());
        }
        Ok(self.header()?.sections(ENDIAN, &self.view)?)
    }

    /// Where the section names lie.
    fn names(&self) -> Result<Range<u64>, DebugError> {
        let header = self.header()?;
        let headers = header.section_headers(ENDIAN, &self.view)?;
        let index = header.shstrndx(ENDIAN, &self.view)?;
        let range = headers.get(index as usize).and_then(file_range);
        Ok(range.unwrap_or(0..0))
    }

    /// The file's parts that hold its symbols: the symbols, their names, and their section
    /// indexes if those do not fit in a symbol.
    pub(super) fn symbol_places(&self) -> Result<Vec<Range<u64>>, DebugError> {
        let table = self.table()?;
        let mut places = Vec::new();
        for section in table.iter() {
            match section.sh_type(ENDIAN) {
                // One file has one symbol table.
                elf::SHT_SYMTAB if places.is_empty() => {
                    let names = table.section(SectionIndex(section.sh_link(ENDIAN) as usize))?;
                    places.extend(file_range(section));
                    places.extend(file_range(names));
                }
                elf::SHT_SYMTAB_SHNDX => places.extend(file_range(section)),
                _ => {}
            }
        }
        Ok(places)
    }

    /// Where the section of this name lies in the file.
    pub(super) fn by_name(&self, name: &str) -> Option<Place> {
        let table = self.table().ok()?;
        let (_, section) = table.section_by_name(ENDIAN, name.as_bytes())?;
        Some(Place {
            range: file_range(section)?,
            compressed: section.sh_flags(ENDIAN).contains(elf::SHF_COMPRESSED),
        })
    }
}

fn file_range(section: &elf::SectionHeader64<LittleEndian>) -> Option<Range<u64>> {
    let (start, size) = section.file_range(ENDIAN)?;
    Some(start..start.saturating_add(size))
}
