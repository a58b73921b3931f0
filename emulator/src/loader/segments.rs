//! The program headers: which bytes go where, and whether that makes sense.

use std::ops::Range;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::ProgramHeader;
use goblin::elf::program_header as elf;
use goblin::elf64::header::Header;
use goblin::elf64::program_header::SIZEOF_PHDR;

use super::error::{Reason, Span};
use super::header::MAX_PROGRAM_HEADERS;
use super::source::Source;

/// A piece of the guest's memory that the file describes: first bytes of the file, then zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The index of its program header.
    pub index: usize,
    /// Where it is loaded: a physical address.
    pub address: u64,
    /// Where the program was linked to find it: a virtual address.
    pub virtual_address: u64,
    /// Where its bytes start in the file.
    pub file_offset: u64,
    /// How many bytes the file has for it.
    pub file_size: u64,
    /// How many bytes of memory it takes; what the file does not fill is zero.
    pub size: u64,
    /// `p_flags`.
    pub flags: u32,
}

impl Segment {
    /// Whether `p_flags` has PF_X.
    pub fn executable(&self) -> bool {
        self.flags & elf::PF_X != 0
    }

    /// Whether `p_flags` has PF_W.
    pub fn writable(&self) -> bool {
        self.flags & elf::PF_W != 0
    }

    /// Whether `p_flags` has PF_R.
    pub fn readable(&self) -> bool {
        self.flags & elf::PF_R != 0
    }

    /// The memory it takes.
    pub fn span(&self) -> Span {
        Span {
            start: self.address,
            size: self.size,
        }
    }

    /// The same segment, moved.
    pub(super) fn slid(mut self, slide: u64) -> Self {
        self.address = self.address.wrapping_add(slide);
        self.virtual_address = self.virtual_address.wrapping_add(slide);
        self
    }

    /// How far into the segment a physical address lies.
    pub(super) fn offset_of(&self, address: u64) -> Option<u64> {
        let offset = address.wrapping_sub(self.address);
        (offset < self.size).then_some(offset)
    }

    /// How far into the segment a virtual address lies.
    pub(super) fn offset_of_virtual(&self, address: u64) -> Option<u64> {
        let offset = address.wrapping_sub(self.virtual_address);
        (offset < self.size).then_some(offset)
    }
}

/// The program headers that matter to a loader.
pub(super) struct Table {
    /// PT_LOAD with memory, by address, none overlapping another.
    pub(super) segments: Vec<Segment>,
    /// Where PT_DYNAMIC lies in the file.
    pub(super) dynamic: Option<Range<u64>>,
    /// The greatest p_align, at least 1.
    pub(super) align: u64,
}

/// Reads the program headers and checks them against the file and against each other.
pub(super) fn read(source: &Source, header: &Header, pie: bool) -> Result<Table, Reason> {
    let headers = read_headers(source, header)?;
    if let Some(interpreter) = headers.iter().find(|h| h.p_type == elf::PT_INTERP) {
        return Err(Reason::Dynamic {
            interpreter: read_interpreter(source, interpreter),
        });
    }
    let mut table = Table {
        segments: Vec::new(),
        dynamic: None,
        align: 1,
    };
    for (index, header) in headers.iter().enumerate() {
        match header.p_type {
            elf::PT_LOAD => {
                check_in_file(source, index, header)?;
                if let Some(segment) = segment(index, header, pie)? {
                    table.segments.push(segment);
                }
                if pie {
                    table.align = table.align.max(alignment(index, header)?);
                }
            }
            elf::PT_DYNAMIC => {
                let end = check_in_file(source, index, header)?;
                table.dynamic = Some(header.p_offset..end);
            }
            _ => {}
        }
    }
    if table.segments.is_empty() {
        return Err(Reason::NoLoadableSegment(header.e_phnum));
    }
    table.segments.sort_by_key(|segment| segment.address);
    check_overlap(&table.segments)?;
    Ok(table)
}

/// The program headers, as they are.
pub(super) fn read_headers(source: &Source, header: &Header) -> Result<Vec<ProgramHeader>, Reason> {
    let count = header.e_phnum;
    if count == 0 {
        return Err(Reason::NoLoadableSegment(0));
    }
    if usize::from(header.e_phentsize) != SIZEOF_PHDR {
        return Err(Reason::ProgramHeaderSize(header.e_phentsize));
    }
    if count > MAX_PROGRAM_HEADERS {
        return Err(Reason::TooManyProgramHeaders(count));
    }
    let size = usize::from(count) * SIZEOF_PHDR;
    let truncated = Reason::TruncatedProgramHeaders {
        count,
        offset: header.e_phoff,
        end: u128::from(header.e_phoff) + size as u128,
        length: source.length(),
    };
    let end = header.e_phoff.checked_add(size as u64);
    if end.is_none_or(|end| end > source.length()) {
        return Err(truncated);
    }
    let mut bytes = vec![0; size];
    source.read(header.e_phoff, &mut bytes, "the program headers")?;
    let context = Ctx::new(Container::Big, Endian::Little);
    ProgramHeader::parse(&bytes, 0, count.into(), context).map_err(|_| truncated)
}

/// The path in PT_INTERP, as far as it can be read: it is only for the message.
pub(super) fn read_interpreter(source: &Source, header: &ProgramHeader) -> String {
    let mut bytes = vec![0; header.p_filesz.min(256) as usize];
    if source.read_at(header.p_offset, &mut bytes).is_err() {
        return String::from("?");
    }
    let path = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(path).escape_debug().collect()
}

/// Where a segment's bytes end in the file, if they are all there.
pub(super) fn check_in_file(
    source: &Source,
    index: usize,
    header: &ProgramHeader,
) -> Result<u64, Reason> {
    let end = header.p_offset.checked_add(header.p_filesz);
    // A segment without bytes may name any offset.
    let end = end.filter(|&end| header.p_filesz == 0 || end <= source.length());
    end.ok_or(Reason::TruncatedSegment {
        segment: index,
        offset: header.p_offset,
        size: header.p_filesz,
        end: u128::from(header.p_offset) + u128::from(header.p_filesz),
        length: source.length(),
    })
}

/// A segment, unless it takes no memory.
///
/// An executable is loaded to its physical addresses, as Spike and QEMU do. In a
/// position-independent one only virtual addresses have a meaning.
pub(super) fn segment(
    index: usize,
    header: &ProgramHeader,
    pie: bool,
) -> Result<Option<Segment>, Reason> {
    if header.p_filesz > header.p_memsz {
        return Err(Reason::MoreFileThanMemory {
            segment: index,
            file_size: header.p_filesz,
            memory_size: header.p_memsz,
        });
    }
    if header.p_memsz == 0 {
        return Ok(None);
    }
    let physical = if pie {
        ("p_vaddr", header.p_vaddr)
    } else {
        ("p_paddr", header.p_paddr)
    };
    for (field, address) in [physical, ("p_vaddr", header.p_vaddr)] {
        if address.checked_add(header.p_memsz - 1).is_none() {
            return Err(Reason::SegmentWraps {
                segment: index,
                field,
                address,
                size: header.p_memsz,
            });
        }
    }
    Ok(Some(Segment {
        index,
        address: physical.1,
        virtual_address: header.p_vaddr,
        file_offset: header.p_offset,
        file_size: header.p_filesz,
        size: header.p_memsz,
        flags: header.p_flags,
    }))
}

/// 0 and 1 both stand for no alignment.
fn alignment(index: usize, header: &ProgramHeader) -> Result<u64, Reason> {
    let align = header.p_align.max(1);
    if align.is_power_of_two() {
        Ok(align)
    } else {
        Err(Reason::BadAlignment {
            segment: index,
            align,
        })
    }
}

/// `segments` are sorted by address, so only neighbours can overlap.
fn check_overlap(segments: &[Segment]) -> Result<(), Reason> {
    for pair in segments.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        if first.offset_of(second.address).is_some() {
            return Err(Reason::Overlap {
                first: first.index,
                first_span: first.span(),
                second: second.index,
                second_span: second.span(),
            });
        }
    }
    Ok(())
}
