//! One ELF file that has been checked, and where its parts go.

use std::ops::Range;
use std::sync::Arc;

use goblin::elf::header::ET_DYN;
use goblin::elf64::header::Header;

use super::error::{LoadError, Reason, Span};
use super::guest::Piece;
use super::header;
use super::relocate::Dynamic;
use super::sections::DebugError;
use super::segments::{self, Segment};
use super::source::Source;
use super::symbols::Table as SymbolTable;

/// Segments are read in pieces of this many bytes.
const PIECE: u64 = 64 << 10;

/// What an ELF file is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A program that runs at the addresses it is loaded to.
    Program,
    /// Firmware, which may relocate itself, as on hardware.
    Firmware,
    /// A kernel, which may be linked to the high half and relocate itself.
    Kernel,
}

/// The two kinds of programs that run without a dynamic loader, and what is no program at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Linked to fixed addresses (ET_EXEC).
    Executable,
    /// Position-independent and self-contained (ET_DYN without PT_INTERP).
    StaticPie,
    /// Not an ELF file: a kernel's Image or bytes without a header.
    Binary,
}

/// An entry at or above this address is a virtual one: no board has RAM there.
pub(super) const HIGH_HALF: u64 = 1 << 63;

/// Linux maps itself with pages of this size, and so does what learned from it.
pub(super) const LARGE_PAGE: u64 = 2 << 20;

/// One ELF file: what goes where.
///
/// Making one reads the headers. The bytes are read when they are loaded.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) source: Arc<Source>,
    pub(super) kind: Kind,
    linked_entry: u64,
    pub(super) needs_compressed: bool,
    /// As linked, sorted by address.
    segments: Vec<Segment>,
    align: u64,
    dynamic: Dynamic,
    /// How far a static PIE is moved: where it is loaded, and where it runs.
    slide: u64,
    /// How far a kernel of the high half is moved: only where it is loaded.
    moved: u64,
}

impl Program {
    pub(super) fn read(
        name: String,
        source: impl Into<Arc<Source>>,
        role: Role,
    ) -> Result<Self, LoadError> {
        let source = source.into();
        let parts = match Parts::read(&source, role) {
            Ok(parts) => parts,
            Err(reason) => return Err(LoadError { file: name, reason }),
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
            moved: 0,
        })
    }

    /// Decides where the program goes in RAM, and checks that it fits.
    ///
    /// An executable goes where it is linked. A static PIE goes there too if that is RAM (as
    /// firmware linked with `-pie` expects); otherwise it moves to `start`, or as close to it as
    /// the alignment of its segments allows. Returns how far it moved.
    pub(super) fn place(&mut self, ram: &Range<u64>, start: u64) -> Result<u64, LoadError> {
        self.slide = self.choose_slide(ram, start).map_err(|r| self.error(r))?;
        Ok(self.slide)
    }

    /// As [`Program::place`], for a kernel. One of the high half whose physical addresses are not
    /// RAM (Linux has them count from zero) moves to `base`: its lowest 2 MiB go there. It finds
    /// out by itself where it is.
    pub(super) fn place_kernel(&mut self, ram: &Range<u64>, base: u64) -> Result<u64, LoadError> {
        self.moved = 0;
        let lies_in_ram = self.segments.iter().all(|segment| fits(segment, ram));
        if lies_in_ram || !self.is_high() {
            return self.place(ram, base);
        }
        let lowest = self.segments.first().map_or(0, |segment| segment.address);
        self.moved = base.wrapping_sub(lowest & !(LARGE_PAGE - 1));
        match self.segments().find(|segment| !fits(segment, ram)) {
            None => Ok(0),
            Some(outside) => Err(self.error(Reason::OutsideRam {
                segment: outside.index,
                span: outside.span(),
                ram: span_of(ram),
                headers: false,
            })),
        }
    }

    /// Whether its entry is a virtual address of the high half.
    pub(super) fn is_high(&self) -> bool {
        self.linked_entry >= HIGH_HALF
    }

    /// Whether all of it is loaded to RAM as it is linked.
    pub(super) fn is_linked_to(&self, ram: &Range<u64>) -> bool {
        self.segments.iter().all(|segment| fits(segment, ram))
    }

    fn choose_slide(&self, ram: &Range<u64>, start: u64) -> Result<u64, Reason> {
        let outside = self.segments.iter().find(|segment| !fits(segment, ram));
        let Some(outside) = outside else {
            return Ok(0);
        };
        if self.kind == Kind::Executable {
            return Err(Reason::OutsideRam {
                segment: outside.index,
                span: outside.span(),
                ram: span_of(ram),
                headers: outside.file_offset == 0 && outside.span().last() >= ram.start,
            });
        }
        let slide = self.slide_to(start).ok_or(Reason::NoRoom {
            ram: span_of(ram),
            align: self.align,
            size: self.extent(),
        })?;
        let moved = self.segments.iter().map(|segment| segment.slid(slide));
        match moved.into_iter().find(|segment| !fits(segment, ram)) {
            None => Ok(slide),
            Some(outside) => Err(Reason::OutsideRam {
                segment: outside.index,
                span: outside.span(),
                ram: span_of(ram),
                headers: false,
            }),
        }
    }

    /// How far to move the segments so that the lowest one starts at `start` or as little above
    /// as their alignment allows: the slide is a multiple of it. None if that wraps around.
    pub(super) fn slide_to(&self, start: u64) -> Option<u64> {
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

    /// Hands every byte of the program's memory to `put`. The relocated words of a static PIE come
    /// last and replace what was put there.
    pub(super) fn load(&self, put: &mut impl FnMut(u64, Piece<'_>)) -> Result<(), LoadError> {
        for segment in self.segments() {
            load_segment(&self.source, &segment, "a segment", put)
                .map_err(|reason| self.error(reason))?;
        }
        let put_word = |address, value: u64| put(address, Piece::Bytes(&value.to_le_bytes()));
        self.dynamic
            .apply(&self.source, &self.segments, self.slide, put_word)
            .map_err(|reason| self.error(reason))
    }

    /// The segments at the physical addresses where they go, by address.
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment> {
        self.segments.iter().map(|segment| {
            let mut segment = segment.slid(self.slide);
            segment.address = segment.address.wrapping_add(self.moved);
            segment
        })
    }

    /// The physical address of the first instruction, as e_entry has it.
    pub(super) fn entry(&self) -> u64 {
        self.physical(self.linked_entry.wrapping_add(self.slide))
    }

    /// Where firmware jumps to: the kernel's first byte, as for a kernel without an ELF header.
    /// QEMU does so too, and a kernel may have an entry of its own there for firmware and another
    /// in e_entry for a boot loader (FreeBSD's has).  Only if no code is there it is e_entry.
    pub(super) fn entry_for_firmware(&self) -> u64 {
        let lowest = self.segments().next();
        // At the start of the file are the ELF headers.
        let lowest = lowest.filter(|s| s.file_offset != 0 && (s.executable() || s.flags == 0));
        lowest.map_or_else(|| self.entry(), |segment| segment.address)
    }

    /// The physical address for an address where the program runs.
    pub(super) fn physical(&self, address: u64) -> u64 {
        let linked = address.wrapping_sub(self.slide);
        to_physical(&self.segments, linked)
            .wrapping_add(self.slide)
            .wrapping_add(self.moved)
    }

    /// Its symbols, or why there are none.
    pub(super) fn symbols(&self) -> Result<SymbolTable, DebugError> {
        SymbolTable::read(&self.source)
    }

    fn error(&self, reason: Reason) -> LoadError {
        LoadError {
            file: self.name.clone(),
            reason,
        }
    }
}

fn fits(segment: &Segment, ram: &Range<u64>) -> bool {
    ram.contains(&segment.address) && segment.size <= ram.end - segment.address
}

/// RAM as errors name it.
pub(super) fn span_of(ram: &Range<u64>) -> Span {
    Span {
        start: ram.start,
        size: ram.end.saturating_sub(ram.start),
    }
}

/// Hands the bytes of a segment to `put`, in pieces of at most 64 KiB.
pub(super) fn load_segment(
    source: &Source,
    segment: &Segment,
    what: &'static str,
    put: &mut impl FnMut(u64, Piece<'_>),
) -> Result<(), Reason> {
    let mut buffer = vec![0; segment.file_size.min(PIECE) as usize];
    let mut done = 0;
    while done < segment.file_size {
        let size = (segment.file_size - done).min(PIECE);
        let piece = &mut buffer[..size as usize];
        source.read(segment.file_offset + done, piece, what)?;
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
    fn read(source: &Source, role: Role) -> Result<Self, Reason> {
        let header = header::read(source)?;
        // Linux with CONFIG_RELOCATABLE is ET_DYN, but linked to one address, and applies its
        // relocations itself.
        let fixed = role == Role::Kernel && header.e_entry >= HIGH_HALF;
        let kind = if header.e_type == ET_DYN && !fixed {
            Kind::StaticPie
        } else {
            Kind::Executable
        };
        let pie = kind == Kind::StaticPie;
        let mut table = segments::read(source, &header, pie)?;
        if fixed {
            check_entry(&table.segments, header.e_entry)?;
            return Ok(Self {
                header,
                kind,
                table,
                dynamic: Dynamic::default(),
            });
        }
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
            match dynamic.check(source, &table.segments) {
                // OpenSBI has R_RISCV_64 too, and applies all of them itself.
                Err(Reason::UnsupportedRelocation { .. }) if role != Role::Program => {
                    dynamic = Dynamic::default();
                }
                checked => checked?,
            }
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
