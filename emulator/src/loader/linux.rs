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

use super::header;
use super::segments::{read_headers, read_interpreter};
use super::source::Source;
use super::symbols::Table;

/// Where the board's RAM begins.
const RAM: u64 = 0x8000_0000;

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
