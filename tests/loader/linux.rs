//! Programs for Linux, told from what runs on the bare machine.

use crate::support::elf::{ET_DYN, Elf, PT_INTERP, R, Segment, X, field, put, segment};
use crate::support::guest::Folder;
use pagewalk::loader::{FileKind, sniff};

const CODE: [u8; 8] = [0x13, 0, 0, 0, 0x6f, 0, 0, 0];
const PT_NOTE: u32 = 4;
const RAM: u64 = 0x8000_0000;

fn kind(file: &[u8]) -> FileKind {
    let folder = Folder::new();
    sniff(&folder.write("guest", file)).unwrap()
}

fn other(kind: u32, bytes: &[u8]) -> Segment {
    Segment {
        kind,
        ..segment(R, 0x400, bytes)
    }
}

/// The note of a C library: owner, type, and what the type means.
fn note(owner: &[u8; 4], number: u32, says: &[u32]) -> Segment {
    let words = [4, 4 * says.len() as u32, number];
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend(owner);
    bytes.extend(says.iter().flat_map(|word| word.to_le_bytes()));
    other(PT_NOTE, &bytes)
}

#[test]
fn a_program_linked_where_linux_puts_it_is_linuxs() {
    let low = Elf::new(vec![segment(R | X, 0x1_0000, &CODE)]);
    assert_eq!(kind(&low.build()), FileKind::LinuxProgram);
    let mut for_host = low.clone();
    for_host.symbol("tohost", 0x1_0000, 1);
    // What cannot run is told why.
    assert!(try_kind(&for_host.build()).is_ok_and(|kind| kind == FileKind::Program));
    let high = Elf::new(vec![segment(R | X, RAM, &CODE)]);
    assert_eq!(kind(&high.build()), FileKind::Program);
    let kernel = Elf::new(vec![segment(R | X, RAM + 0x20_0000, &CODE)]);
    assert_eq!(kind(&kernel.build()), FileKind::Kernel);
}

fn try_kind(file: &[u8]) -> Result<FileKind, String> {
    let folder = Folder::new();
    sniff(&folder.write("guest", file)).map_err(|error| error.to_string())
}

#[test]
fn marks_of_linux_count_wherever_a_program_is_linked() {
    let plain = Elf::new(vec![segment(R | X, RAM, &CODE)]);
    let with = |segment: Segment| {
        let mut elf = plain.clone();
        elf.segments.push(segment);
        elf.build()
    };
    let interpreter = b"/lib/ld-linux-riscv64-lp64d.so.1\0";
    assert_eq!(
        kind(&with(other(PT_INTERP, interpreter))),
        FileKind::LinuxProgram
    );
    assert_eq!(
        kind(&with(note(b"GNU\0", 1, &[0, 4, 15, 0]))),
        FileKind::LinuxProgram
    );
    // Another system's, another note, notes that end early.
    for wrong in [
        note(b"GNU\0", 1, &[1, 0, 0, 0]),
        note(b"GNU\0", 3, &[0, 0, 0, 0]),
        note(b"Xen\0", 1, &[0, 4, 15, 0]),
        note(b"GNU\0", 1, &[]),
        other(PT_NOTE, &[4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0]),
        other(PT_NOTE, &[0xff; 12]),
        other(PT_NOTE, b"short"),
    ] {
        assert_eq!(kind(&with(wrong)), FileKind::Program);
    }
    const OSABI: usize = 7;
    let mut marked = plain.build();
    put(&mut marked, OSABI, &[3]);
    assert_eq!(kind(&marked), FileKind::LinuxProgram);
}

#[test]
fn a_position_independent_program_that_sees_its_headers_is_linuxs() {
    let mut elf = Elf::new(vec![segment(R | X, 0x1000, &CODE)]);
    elf.kind = ET_DYN;
    // Firmware maps only its code.
    let firmware = elf.build();
    assert_eq!(try_kind(&firmware), Ok(FileKind::Program));
    let mut program = firmware.clone();
    let size = (program.len() as u64).to_le_bytes();
    // p_offset, p_filesz and p_memsz of the only segment; then its addresses.
    put(&mut program, 64 + 8, &0_u64.to_le_bytes());
    put(&mut program, 64 + 32, &size);
    put(&mut program, 64 + 40, &size);
    assert_eq!(kind(&program), FileKind::LinuxProgram);
    // A shared library has no entry.
    let mut library = program.clone();
    put(&mut library, 24, &0_u64.to_le_bytes());
    assert!(try_kind(&library).is_err());
}

#[test]
fn what_cannot_be_run_says_what_it_is() {
    let mut x86 = Elf::new(vec![segment(R | X, 0x40_0000, &CODE)]).build();
    put(&mut x86, field::MACHINE, &[62, 0]);
    for (file, said) in [
        (&x86[..], "made for x86-64"),
        (
            b"#!/usr/bin/env python3\nprint(1)\n",
            "it is a script for /usr/bin/env; run that",
        ),
        (b"#! /bin/sh -e\n", "it is a script for /bin/sh; run that"),
        (b"#!\n", "it is a script"),
    ] {
        let error = try_kind(file).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}
