//! A guest program: an ELF file that has been checked, and where its parts go.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use goblin::elf::header::ET_DYN;
use goblin::elf64::header::Header;

use super::error::{LoadError, Reason, Span};
use super::header;
use super::lines::{Lines, SourceLine};
use super::relocate::Dynamic;
use super::sections::DebugError;
use super::segments::{self, Segment};
use super::source::Source;
use super::symbols::Symbols;

/// Segments are read in pieces of this many bytes.
const PIECE: usize = 64 << 10;

/// The two kinds of programs that run without a dynamic loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Linked to fixed addresses (ET_EXEC).
    Executable,
    /// Position-independent and self-contained (ET_DYN without PT_INTERP).
    StaticPie,
}

/// What [`Guest::load`] puts into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// This many zeros. Memory that is zero already can be left alone.
    Zero(u64),
}

/// A guest program, from an ELF file.
///
/// Making one reads headers and symbols. The program's bytes are read when they are loaded, and
/// its debug information when a source line is asked for.
pub struct Guest {
    name: String,
    source: Source,
    kind: Kind,
    linked_entry: u64,
    needs_compressed: bool,
    /// As linked, sorted by address.
    segments: Vec<Segment>,
    align: u64,
    dynamic: Dynamic,
    /// How far a static PIE is moved.
    slide: u64,
    symbols: Symbols,
    symbols_error: Option<DebugError>,
    lines: OnceLock<Option<Mutex<Lines>>>,
}

impl Guest {
    /// Opens an ELF file.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let name = path.display().to_string();
        match Source::open(path) {
            Ok(source) => Self::new(name, source),
            Err(reason) => Err(LoadError { file: name, reason }),
        }
    }

    /// Takes an ELF file's bytes. `name` is what errors call it.
    pub fn from_bytes(name: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, LoadError> {
        Self::new(name.to_owned(), Source::Bytes(bytes.into()))
    }

    fn new(name: String, source: Source) -> Result<Self, LoadError> {
        let parts = Parts::read(&source);
        let parts = match parts {
            Ok(parts) => parts,
            Err(reason) => return Err(LoadError { file: name, reason }),
        };
        let (symbols, symbols_error) = match Symbols::read(&source) {
            Ok(symbols) => (symbols, None),
            Err(error) => {
                log::warn!(target: crate::trace::LOADER, "{name}: no symbols: {error}");
                (Symbols::default(), Some(error))
            }
        };
        Ok(Self {
            name,
            source,
            kind: parts.kind,
            linked_entry: parts.header.e_entry,
            needs_compressed: header::needs_compressed(&parts.header),
            segments: parts.table.segments,
            align: parts.table.align,
            dynamic: parts.dynamic,
            slide: 0,
            symbols,
            symbols_error,
            lines: OnceLock::new(),
        })
    }

    /// Decides where the guest goes in a board's RAM, and checks that it fits.
    ///
    /// An executable goes where it is linked. A static PIE goes there too if that is RAM (as
    /// firmware linked with `-pie` expects); otherwise it moves to the start of RAM, or as close
    /// to it as the alignment of its segments allows.
    pub fn place(&mut self, ram: Range<u64>) -> Result<(), LoadError> {
        let slide = self.choose_slide(&ram).map_err(|r| self.error(r))?;
        self.slide = slide;
        self.symbols.set_slide(slide);
        Ok(())
    }

    fn choose_slide(&self, ram: &Range<u64>) -> Result<u64, Reason> {
        let span = Span {
            start: ram.start,
            size: ram.end.saturating_sub(ram.start),
        };
        let fits = |segment: &Segment| {
            ram.contains(&segment.address) && segment.size <= ram.end - segment.address
        };
        let Some(outside) = self.segments.iter().find(|segment| !fits(segment)) else {
            return Ok(0);
        };
        if self.kind == Kind::Executable {
            return Err(Reason::OutsideRam {
                segment: outside.index,
                span: outside.span(),
                ram: span,
                headers: outside.file_offset == 0 && outside.span().last() >= ram.start,
            });
        }
        let slide = self.slide_to(ram.start).ok_or(Reason::NoRoom {
            ram: span,
            align: self.align,
            size: self.extent(),
        })?;
        let moved = self.segments.iter().map(|segment| segment.slid(slide));
        match moved.into_iter().find(|segment| !fits(segment)) {
            None => Ok(slide),
            Some(outside) => Err(Reason::OutsideRam {
                segment: outside.index,
                span: outside.span(),
                ram: span,
                headers: false,
            }),
        }
    }

    /// How far to move the segments so that the lowest one starts at `start` or as little above
    /// as their alignment allows: the slide is a multiple of it. None if that wraps around.
    fn slide_to(&self, start: u64) -> Option<u64> {
        let lowest = self.segments.first()?.address & !(self.align - 1);
        let base = start.checked_next_multiple_of(self.align)?;
        base.checked_add(self.extent())?;
        Some(base.wrapping_sub(lowest))
    }

    /// The bytes from the (aligned) start of the lowest segment to the end of the highest.
    fn extent(&self) -> u64 {
        match (self.segments.first(), self.segments.last()) {
            (Some(first), Some(last)) => {
                let lowest = first.address & !(self.align - 1);
                (last.span().last() - lowest).saturating_add(1)
            }
            _ => 0,
        }
    }

    /// Hands every byte of the guest's memory to `put`, as physical address and bytes, in pieces
    /// of at most 64 KiB. Call [`Guest::place`] first: then all of them lie in RAM. The
    /// relocated words of a static PIE come last and replace what was put there.
    pub fn load(&self, mut put: impl FnMut(u64, Piece<'_>)) -> Result<(), LoadError> {
        let mut buffer = vec![0; PIECE];
        for segment in self.segments() {
            self.load_segment(&segment, &mut buffer, &mut put)
                .map_err(|reason| self.error(reason))?;
        }
        self.dynamic
            .apply(
                &self.source,
                &self.segments,
                self.slide,
                |address, value| {
                    put(address, Piece::Bytes(&value.to_le_bytes()));
                },
            )
            .map_err(|reason| self.error(reason))
    }

    fn load_segment(
        &self,
        segment: &Segment,
        buffer: &mut [u8],
        put: &mut impl FnMut(u64, Piece<'_>),
    ) -> Result<(), Reason> {
        let mut done = 0;
        while done < segment.file_size {
            let size = (segment.file_size - done).min(buffer.len() as u64);
            let piece = &mut buffer[..size as usize];
            self.source
                .read(segment.file_offset + done, piece, "a segment")?;
            // A sparse file's holes stay holes in the guest's memory.
            if piece.iter().all(|&byte| byte == 0) {
                put(segment.address + done, Piece::Zero(size));
            } else {
                put(segment.address + done, Piece::Bytes(piece));
            }
            done += size;
        }
        if done < segment.size {
            put(segment.address + done, Piece::Zero(segment.size - done));
        }
        Ok(())
    }

    /// The name that errors call it: the path, if it was opened from one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which kind of program it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it holds compressed instructions (EF_RISCV_RVC).
    pub fn needs_compressed(&self) -> bool {
        self.needs_compressed
    }

    /// The segments at the physical addresses where they go, by address.
    pub fn segments(&self) -> impl Iterator<Item = Segment> {
        self.segments.iter().map(|segment| segment.slid(self.slide))
    }

    /// The physical address of the first instruction.
    pub fn entry(&self) -> u64 {
        to_physical(&self.segments, self.linked_entry).wrapping_add(self.slide)
    }

    /// The physical address of the symbol `tohost`, through which a guest talks to the host.
    pub fn tohost(&self) -> Option<u64> {
        self.physical_symbol("tohost")
    }

    /// The physical address of the symbol `fromhost`.
    pub fn fromhost(&self) -> Option<u64> {
        self.physical_symbol("fromhost")
    }

    /// The physical memory from `begin_signature` to `end_signature`, if it has both in order.
    pub fn signature(&self) -> Option<Range<u64>> {
        let begin = self.symbols.by_name("begin_signature")?;
        let end = self.symbols.by_name("end_signature")?;
        let size = end.checked_sub(begin)?;
        let start = self.physical_symbol("begin_signature")?;
        Some(start..start.checked_add(size)?)
    }

    /// Its symbols, by the addresses where the program runs (virtual ones).
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Why there are no symbols, if the file's could not be read.
    pub fn symbols_error(&self) -> Option<&DebugError> {
        self.symbols_error.as_ref()
    }

    /// The source line of the instruction at a virtual address. The first question reads the
    /// debug information.
    pub fn line(&self, address: u64) -> Option<SourceLine> {
        let lines = self.lines.get_or_init(|| match Lines::read(&self.source) {
            Ok(lines) => Some(Mutex::new(lines)),
            Err(error) => {
                log::warn!(target: crate::trace::LOADER, "{}: no source lines: {error}", self.name);
                None
            }
        });
        let lines = lines.as_ref()?.lock().ok()?;
        lines.find(address.wrapping_sub(self.slide))
    }

    fn physical_symbol(&self, name: &str) -> Option<u64> {
        let address = self.symbols.by_name(name)?;
        let linked = address.wrapping_sub(self.slide);
        Some(to_physical(&self.segments, linked).wrapping_add(self.slide))
    }

    fn error(&self, reason: Reason) -> LoadError {
        LoadError {
            file: self.name.clone(),
            reason,
        }
    }
}

/// The physical address for an address that the file names.
///
/// Where a segment is loaded to another address than the program is linked to, Spike takes
/// e_entry for physical, and QEMU for virtual. Here an address that some segment is loaded to is
/// taken as it is, and any other one is translated as its segment was.
fn to_physical(segments: &[Segment], address: u64) -> u64 {
    if segments.iter().any(|s| s.offset_of(address).is_some()) {
        return address;
    }
    let translated = segments.iter().find_map(|segment| {
        let offset = segment.offset_of_virtual(address)?;
        Some(segment.address + offset)
    });
    translated.unwrap_or(address)
}

/// What must be right before a guest is one.
struct Parts {
    header: Header,
    kind: Kind,
    table: segments::Table,
    dynamic: Dynamic,
}

impl Parts {
    fn read(source: &Source) -> Result<Self, Reason> {
        let header = header::read(source)?;
        let kind = if header.e_type == ET_DYN {
            Kind::StaticPie
        } else {
            Kind::Executable
        };
        let pie = kind == Kind::StaticPie;
        let mut table = segments::read(source, &header, pie)?;
        let mut dynamic = Dynamic::read(source, table.dynamic.take(), &table.segments)?;
        if pie && header.e_entry == 0 && !dynamic.pie {
            return Err(Reason::SharedLibrary);
        }
        if dynamic.needed != 0 {
            return Err(Reason::NeedsLibrary {
                count: dynamic.needed,
            });
        }
        check_entry(&table.segments, header.e_entry)?;
        if pie {
            dynamic.check(source, &table.segments)?;
        } else {
            dynamic = Dynamic::default();
        }
        Ok(Self {
            header,
            kind,
            table,
            dynamic,
        })
    }
}

fn check_entry(segments: &[Segment], entry: u64) -> Result<(), Reason> {
    if entry & 1 != 0 {
        return Err(Reason::EntryMisaligned(entry));
    }
    let physical = to_physical(segments, entry);
    let holds = |segment: &&Segment| segment.offset_of(physical).is_some();
    let segment = segments
        .iter()
        .find(holds)
        .ok_or(Reason::EntryOutside(entry))?;
    // The official riscv-tests' linker script leaves p_flags 0, which then says nothing.
    if segment.executable() || segment.flags == 0 {
        Ok(())
    } else {
        Err(Reason::EntryNotExecutable {
            entry,
            segment: segment.index,
            flags: segment.flags,
        })
    }
}
