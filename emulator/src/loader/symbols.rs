//! The guest's symbols: names for addresses and addresses for names.

use std::ops::Range;

use object::read::elf::{SectionHeader as _, Sym as _};
use object::{LittleEndian, SectionIndex, elf};

use super::sections::{DebugError, Sections};
use super::source::Source;

const ENDIAN: LittleEndian = LittleEndian;
/// A bound on each of the parts that hold symbols: 2.7 million symbols.
const MAX_PART: u64 = 64 << 20;

/// The symbols of one guest: those of all its files.
///
/// A kernel's have virtual addresses, and its firmware's physical ones.
#[derive(Default)]
pub struct Symbols {
    tables: Vec<Table>,
}

impl Symbols {
    /// The nearest symbol at or before an address in the same section, and how far the address
    /// is from it.
    pub fn by_address(&self, address: u64) -> Option<(&str, u64)> {
        let mut tables = self.tables.iter();
        tables.find_map(|table| table.by_address(address))
    }

    /// The nearest symbol at or before an address in the same section, and the addresses up to the
    /// next one or the section's end.
    pub fn around(&self, address: u64) -> Option<(&str, Range<u64>)> {
        let mut tables = self.tables.iter();
        tables.find_map(|table| table.around(address))
    }

    /// The address of the symbol of this name. A global one goes before a local one, and a
    /// kernel's before its firmware's.
    pub fn by_name(&self, name: &str) -> Option<u64> {
        self.tables.iter().find_map(|table| table.by_name(name))
    }

    /// The addresses that the symbol of this name stands for, the last one included: its size if
    /// the file tells it, or else up to the next symbol.
    pub fn extent(&self, name: &str) -> Option<(u64, u64)> {
        self.tables.iter().find_map(|table| table.extent(name))
    }

    /// Every symbol: its address and name, file by file, sorted by section and address.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &str)> {
        self.tables.iter().flat_map(Table::iter)
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.tables.iter().map(|table| table.entries.len()).sum()
    }

    /// Whether the files have no symbols, or none that can be read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds those of one more file and returns its number.
    pub(super) fn add(&mut self, table: Table) -> usize {
        self.tables.push(table);
        self.tables.len() - 1
    }

    pub(super) fn tables(&self) -> &[Table] {
        &self.tables
    }

    pub(super) fn set_slide(&mut self, table: usize, slide: u64) {
        if let Some(table) = self.tables.get_mut(table) {
            table.slide = slide;
        }
    }
}

/// The symbols of one file.
#[derive(Default)]
pub(super) struct Table {
    /// Sorted by section, then address; of several at one address, the best comes first.
    entries: Vec<Entry>,
    /// The memory that sections take, sorted by address.
    sections: Vec<(Range<u64>, u32)>,
    names: Vec<u8>,
    /// How far the guest was moved from the addresses that it was linked to.
    pub(super) slide: u64,
}

/// Sections 1 and up are real; this one stands for symbols that name a number or have none.
const NO_SECTION: u32 = 0;

/// The one section of a list that tells none.
const LISTED: u32 = 1;

/// A symbol of a list.
pub(super) struct Listed<'a> {
    pub(super) address: u64,
    /// As nm has it: small for a local one.
    pub(super) kind: char,
    pub(super) name: &'a str,
}

impl Listed<'_> {
    /// As [`rank`].
    fn rank(&self) -> u8 {
        let kind = match self.kind {
            'T' | 't' => 0,
            'W' | 'w' => 1,
            _ => 2,
        };
        kind << 1 | u8::from(self.kind.is_ascii_lowercase())
    }
}

struct Entry {
    section: u32,
    address: u64,
    size: u64,
    rank: u8,
    name: (u32, u32),
}

impl Table {
    pub(super) fn read(source: &Source) -> Result<Self, DebugError> {
        let mut sections = Sections::read(source)?;
        for place in sections.symbol_places()? {
            let what = "a symbol table";
            sections.view.add(source, place, MAX_PART, what)?;
        }
        Self::parse(&sections)
    }

    fn parse(sections: &Sections) -> Result<Self, DebugError> {
        let table = sections.table()?;
        let mut symbols = Self::default();
        for (index, section) in table.enumerate() {
            // TLS sections take no memory of their own: their addresses are those of a template.
            let flags = section.sh_flags(ENDIAN);
            let (start, size) = (section.sh_addr(ENDIAN), section.sh_size(ENDIAN));
            if flags.contains(elf::SHF_ALLOC) && !flags.contains(elf::SHF_TLS) && size != 0 {
                let range = start..start.saturating_add(size);
                symbols.sections.push((range, index.0 as u32));
            }
        }
        symbols.sections.sort_by_key(|(range, _)| range.start);
        let found = table.symbols(ENDIAN, &sections.view, elf::SHT_SYMTAB)?;
        let names = table.section(found.string_section());
        if let Ok(names) = names {
            symbols.names = names.data(ENDIAN, &sections.view)?.to_vec();
        }
        for (index, symbol) in found.enumerate() {
            let Ok(name) = found.symbol_name(ENDIAN, symbol) else {
                continue;
            };
            let section = match found.symbol_section(ENDIAN, symbol, index) {
                Ok(Some(SectionIndex(section))) => section as u32,
                _ if symbol.st_shndx(ENDIAN) == elf::SHN_ABS => NO_SECTION,
                _ => continue,
            };
            if !wanted(symbol.st_type(), name) {
                continue;
            }
            symbols.entries.push(Entry {
                section,
                address: symbol.st_value(ENDIAN),
                size: symbol.st_size(ENDIAN),
                rank: rank(symbol),
                name: (symbol.st_name(ENDIAN), name.len() as u32),
            });
        }
        // A stable sort: equals stay in the order of the file.
        symbols
            .entries
            .sort_by_key(|entry| (entry.section, entry.address, entry.rank));
        Ok(symbols)
    }

    /// The symbols of a list. It tells nothing of sections: all addresses are taken for one.
    pub(super) fn of_list(symbols: &[Listed<'_>]) -> Self {
        let mut table = Self::default();
        let mut range: Option<(u64, u64)> = None;
        for symbol in symbols {
            let is_number = matches!(symbol.kind, 'A' | 'a');
            if symbol.kind == 'U' || !wanted(elf::STT_NOTYPE, symbol.name.as_bytes()) {
                continue;
            }
            let start = table.names.len() as u32;
            table.names.extend_from_slice(symbol.name.as_bytes());
            if !is_number {
                let (low, high) = range.unwrap_or((symbol.address, symbol.address));
                range = Some((low.min(symbol.address), high.max(symbol.address)));
            }
            table.entries.push(Entry {
                section: if is_number { NO_SECTION } else { LISTED },
                address: symbol.address,
                size: 0,
                rank: symbol.rank(),
                name: (start, symbol.name.len() as u32),
            });
        }
        if let Some((low, high)) = range {
            // The size of the last one is not known: a page stands for it.
            let end = high.saturating_add(4096);
            table.sections.push((low..end, LISTED));
        }
        table
            .entries
            .sort_by_key(|entry| (entry.section, entry.address, entry.rank));
        table
    }

    /// Whether there is not one.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The nearest symbol at or before an address in the same section, and how far the address
    /// is from it.
    pub(super) fn by_address(&self, address: u64) -> Option<(&str, u64)> {
        let address = address.wrapping_sub(self.slide);
        let section = self.section(address)?;
        let key = (section, address);
        let after = self
            .entries
            .partition_point(|entry| (entry.section, entry.address) <= key);
        let nearest = self.entries[..after].last()?;
        if nearest.section != section {
            return None;
        }
        // Several symbols may have this address; the first of them is the best name.
        let key = (section, nearest.address);
        let first = self
            .entries
            .partition_point(|entry| (entry.section, entry.address) < key);
        let best = self.entries.get(first)?;
        Some((self.name(best), address.checked_sub(best.address)?))
    }

    /// The nearest symbol at or before an address in the same section, and the addresses up to the
    /// next one or the section's end.
    fn around(&self, address: u64) -> Option<(&str, Range<u64>)> {
        let (name, offset) = self.by_address(address)?;
        let linked = address.wrapping_sub(self.slide);
        let section = self.section(linked)?;
        let key = (section, linked);
        let after = self
            .entries
            .partition_point(|entry| (entry.section, entry.address) <= key);
        let next = self.entries.get(after);
        let next = next.filter(|next| next.section == section);
        let holds = |(range, of): &&(Range<u64>, u32)| *of == section && range.contains(&linked);
        let (range, _) = self.sections.iter().find(holds)?;
        let end = next.map_or(range.end, |next| next.address.min(range.end));
        let start = address.wrapping_sub(offset);
        Some((name, start..end.wrapping_add(self.slide)))
    }

    /// The address of the symbol of this name. A global one goes before a local one.
    pub(super) fn by_name(&self, name: &str) -> Option<u64> {
        self.named(name).map(|(_, address)| address)
    }

    /// The addresses that the symbol of this name stands for, the last one included: its size if
    /// the file tells it, or else up to the next symbol.
    pub(super) fn extent(&self, name: &str) -> Option<(u64, u64)> {
        let (entry, first) = self.named(name)?;
        let size = match entry.size {
            0 => {
                let key = (entry.section, entry.address);
                let after = self
                    .entries
                    .partition_point(|other| (other.section, other.address) <= key);
                let next = self.entries.get(after);
                let next = next.filter(|next| next.section == entry.section);
                let end = next.map(|next| next.address).or_else(|| {
                    let of = |(_, section): &&(Range<u64>, u32)| *section == entry.section;
                    self.sections.iter().find(of).map(|(range, _)| range.end)
                });
                end.map_or(1, |end| end.saturating_sub(entry.address))
            }
            size => size,
        };
        Some((first, first.saturating_add(size.max(1) - 1)))
    }

    fn named(&self, name: &str) -> Option<(&Entry, u64)> {
        let named = |entry: &&Entry| self.name(entry) == name;
        let best = self
            .entries
            .iter()
            .filter(named)
            .min_by_key(|entry| entry.rank & LOCAL)?;
        // A symbol without a section is a number, which does not move.
        let slide = if best.section == NO_SECTION {
            0
        } else {
            self.slide
        };
        Some((best, best.address.wrapping_add(slide)))
    }

    /// Every symbol: its address and name, sorted by section and address.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &str)> {
        let placed = self.entries.iter().filter(|e| e.section != NO_SECTION);
        placed.map(|entry| (entry.address.wrapping_add(self.slide), self.name(entry)))
    }

    /// Whether one of the file's sections holds the address.
    pub(super) fn covers(&self, address: u64) -> bool {
        self.section(address.wrapping_sub(self.slide)).is_some()
    }

    fn section(&self, address: u64) -> Option<u32> {
        let after = self
            .sections
            .partition_point(|(range, _)| range.start <= address);
        let (range, section) = self.sections[..after].last()?;
        range.contains(&address).then_some(*section)
    }

    fn name(&self, entry: &Entry) -> &str {
        let (start, length) = (entry.name.0 as usize, entry.name.1 as usize);
        let bytes = self.names.get(start..).and_then(|rest| rest.get(..length));
        bytes
            .and_then(|bytes| str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

/// Whether a symbol names a place in memory that a reader of the source would know.
fn wanted(kind: elf::SymbolType, name: &[u8]) -> bool {
    let named_place = matches!(kind, elf::STT_NOTYPE | elf::STT_FUNC | elf::STT_OBJECT);
    named_place
        && !name.is_empty()
        && !name.starts_with(b".L")
        && !is_mapping_symbol(name)
        && str::from_utf8(name).is_ok()
}

/// `$x` and `$d` mark where code and data begin (RISC-V psABI, "Mapping symbol"): alone, with an
/// ISA string, or with a dot and anything.
fn is_mapping_symbol(name: &[u8]) -> bool {
    match name.strip_prefix(b"$x").or(name.strip_prefix(b"$d")) {
        Some(rest) => rest.is_empty() || rest.starts_with(b".") || rest.starts_with(b"rv"),
        None => false,
    }
}

/// The bit of a rank that says that the symbol is local.
const LOCAL: u8 = 1;

/// Which of two symbols at one address is the better name; the least is the best: functions
/// before labels before data, global ones first in each.
fn rank(symbol: &elf::Sym64<LittleEndian>) -> u8 {
    let kind = match symbol.st_type() {
        elf::STT_FUNC => 0,
        elf::STT_NOTYPE => 1,
        _ => 2,
    };
    let local = if symbol.st_bind() == elf::STB_LOCAL {
        LOCAL
    } else {
        0
    };
    kind << 1 | local
}
