//! Tells a program for Linux from an ELF file for the bare machine.
//!
//! Neither says what it is in one field. A linker script for the bare machine puts everything to
//! addresses where the board has RAM; Linux's own default is far below. A file that asks for a
//! dynamic loader, or that a C library for Linux has marked, is Linux's wherever it is linked to.

use std::path::{Path, PathBuf};

use goblin::elf::header::{EI_OSABI, ELFOSABI_LINUX, ET_DYN};
use goblin::elf::program_header::{PT_INTERP, PT_LOAD, PT_NOTE, ProgramHeader};
use goblin::elf64::header::Header;
use goblin::elf64::program_header::SIZEOF_PHDR;

use super::error::{LoadError, Reason, Span};
use super::header;
use super::segments::{check_in_file, read_headers, read_interpreter, segment};
use super::source::Source;
use super::symbols::Table;

/// Where the board's RAM begins.
const RAM: u64 = 0x8000_0000;

/// The kernel's pages, where the addresses end that it gives to programs, and how many program
/// headers it reads.
const PAGE: u64 = 4096;
const PROGRAM_END: u64 = (1 << 38) - (32 << 20);
const MOST_HEADERS: usize = 64;

/// No note that says for which system a program is lies further behind.
const NOTES: u64 = 4096;

/// Whether a file is for Linux. What cannot be read is told when it is loaded.
pub(super) fn is_linux_program(source: &Source, header: &Header) -> bool {
    let Ok(headers) = read_headers(source, header) else {
        return false;
    };
    if headers.iter().any(|one| one.p_type == PT_INTERP) {
        return true;
    }
    // Through it a program talks to the host without any system.
    let tohost = || Table::read(source).is_ok_and(|table| table.by_name("tohost").is_some());
    let marked = header.e_ident[EI_OSABI] == ELFOSABI_LINUX
        || headers.iter().any(|one| says_linux(source, one));
    (marked || suits_linux(header, &headers)) && !tohost()
}

/// The dynamic loader that a program asks for, if it asks for one and can be read.
pub fn dynamic_loader(path: &Path) -> Option<PathBuf> {
    let source = Source::open(path).ok()?;
    let headers = read_headers(&source, &header::read(&source).ok()?).ok()?;
    let named = headers.iter().find(|one| one.p_type == PT_INTERP)?;
    Some(read_interpreter(&source, named).into())
}

/// Whether the kernel can make a process of a file. An error names what it would refuse without
/// words: who starts a program gets only a number. Of a file that is not ELF others tell more.
pub fn check_program(path: &Path) -> Result<(), LoadError> {
    match check_file(path) {
        Ok(()) | Err(Reason::NotElf { .. } | Reason::Empty) => Ok(()),
        Err(reason) => Err(LoadError {
            file: path.display().to_string(),
            reason,
        }),
    }
}

fn check_file(path: &Path) -> Result<(), Reason> {
    let source = Source::open(path)?;
    let header = header::read(&source)?;
    let headers = read_headers(&source, &header)?;
    if headers.len() > MOST_HEADERS {
        return Err(Reason::TooManyForProgram {
            count: headers.len(),
            most: MOST_HEADERS,
        });
    }
    let mut loaded = 0;
    for (index, one) in headers.iter().enumerate() {
        match one.p_type {
            PT_LOAD if one.p_memsz > 0 => {
                check_segment(&source, &header, index, one)?;
                loaded += 1;
            }
            PT_INTERP => drop(check_in_file(&source, index, one)?),
            _ => {}
        }
    }
    if loaded == 0 {
        return Err(Reason::NoLoadableSegment(header.e_phnum));
    }
    Ok(())
}

/// Whether the kernel can map a segment (`map_segment` in firmware/supervisor/elf.c).
fn check_segment(
    source: &Source,
    header: &Header,
    index: usize,
    one: &ProgramHeader,
) -> Result<(), Reason> {
    check_in_file(source, index, one)?;
    segment(index, one, true)?;
    // What may lie anywhere is moved, to some place behind the middle.
    let (start, last) = match header.e_type {
        ET_DYN => (0, PROGRAM_END / 4),
        _ => (PAGE, PROGRAM_END),
    };
    let end = one.p_vaddr.saturating_add(one.p_memsz);
    if one.p_vaddr < start || end > last {
        return Err(Reason::NotInProcess {
            segment: index,
            address: one.p_vaddr,
            size: one.p_memsz,
            room: Span {
                start,
                size: last - start,
            },
        });
    }
    if one.p_vaddr % PAGE != one.p_offset % PAGE {
        return Err(Reason::NotInPages {
            segment: index,
            address: one.p_vaddr,
            offset: one.p_offset,
        });
    }
    Ok(())
}

/// Whether Linux would find a program where it is linked to, and the board would not.
fn suits_linux(header: &Header, headers: &[ProgramHeader]) -> bool {
    let mut loaded = headers
        .iter()
        .filter(|one| one.p_type == PT_LOAD && one.p_memsz > 0);
    if header.e_type != ET_DYN {
        return loaded.any(|one| one.p_paddr < RAM);
    }
    // It can be loaded anywhere. Linux's start by looking at their own headers in memory, for
    // which firmware has no use; and a shared library has no entry.
    let end = header
        .e_phoff
        .saturating_add(u64::from(header.e_phnum) * SIZEOF_PHDR as u64);
    let sees_headers = |one: &ProgramHeader| one.p_offset == 0 && one.p_filesz >= end;
    header.e_entry != 0 && loaded.any(|one| one.p_vaddr < RAM && sees_headers(one))
}

/// Whether it is a note of the C library that the program is for Linux (NT_GNU_ABI_TAG).
fn says_linux(source: &Source, header: &ProgramHeader) -> bool {
    const ABI_TAG: u32 = 1;
    const LINUX: u32 = 0;
    if header.p_type != PT_NOTE {
        return false;
    }
    let mut bytes = vec![0; header.p_filesz.min(NOTES) as usize];
    if source.read_at(header.p_offset, &mut bytes).is_err() {
        return false;
    }
    let mut rest = &bytes[..];
    while let Some((fields, after)) = rest.split_first_chunk::<12>() {
        let word = |at: usize| {
            let bytes = fields[at..].first_chunk().copied();
            u32::from_le_bytes(bytes.unwrap_or_default())
        };
        let padded = |length: u32| (length as usize).next_multiple_of(4);
        let Some((name, after)) = after.split_at_checked(padded(word(0))) else {
            return false;
        };
        let Some((says, after)) = after.split_at_checked(padded(word(4))) else {
            return false;
        };
        if name == b"GNU\0" && word(8) == ABI_TAG {
            return says.first_chunk() == Some(&LINUX.to_le_bytes());
        }
        rest = after;
    }
    false
}
