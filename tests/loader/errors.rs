//! Every reason not to load a file, by its message.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use pagewalk::loader::{Guest, Probe, Reason, probe};

use super::{
    CODE, DT_NEEDED, DT_RELA, DT_RELAENT, DT_RELASZ, DT_RELR, DT_RELRENT, DT_RELRSZ, RAM, RELATIVE,
    TemporaryFile, pie, program, words,
};
use crate::support::elf::{self, Elf, R, X, field, put, segment};

/// The message for these bytes, whether opening or placing finds the fault.
fn message(bytes: Vec<u8>) -> String {
    let mut guest = match Guest::from_bytes("prog.elf", bytes) {
        Ok(guest) => guest,
        Err(error) => return error.to_string(),
    };
    guest.place(RAM).unwrap_err().to_string()
}

/// The message for a valid program in which one field is changed.
fn with_field(offset: usize, value: &[u8]) -> String {
    let mut bytes = program().build();
    put(&mut bytes, offset, value);
    message(bytes)
}

fn message_of_file(path: &Path) -> String {
    let error = Guest::open(path).err().expect("an error").to_string();
    let rest = error.strip_prefix(&path.display().to_string());
    rest.expect("the path first").to_owned()
}

#[test]
fn files_that_cannot_be_opened() {
    let absent = TemporaryFile::new("absent");
    assert_eq!(
        message_of_file(&absent.0),
        ": cannot be opened: No such file or directory (os error 2)"
    );
    assert_eq!(
        message_of_file(Path::new("/")),
        ": is a directory, not an ELF file"
    );
    assert!(probe(&absent.0).is_err());
}

#[test]
fn files_that_are_not_regular() {
    let null = Path::new("/dev/null");
    assert_eq!(
        message_of_file(null),
        ": is a character device, not a regular file"
    );
    let socket = TemporaryFile::new("socket");
    let _listener = UnixListener::bind(&socket.0).unwrap();
    assert_eq!(
        message_of_file(&socket.0),
        ": is a socket, not a regular file"
    );
    let pipe = TemporaryFile::new("pipe");
    let made = Command::new("mkfifo").arg(&pipe.0).status().unwrap();
    assert!(made.success());
    assert_eq!(message_of_file(&pipe.0), ": is a pipe, not a regular file");
    for path in [null, &socket.0, &pipe.0, Path::new("/")] {
        assert!(matches!(probe(path), Ok(Probe::NotElf)), "{path:?}");
    }
}

#[test]
fn not_an_elf_file() {
    assert_eq!(message(Vec::new()), "prog.elf: is empty");
    assert_eq!(
        message(b"{\"a\": 1}".to_vec()),
        "prog.elf: not an ELF file (it starts with 7b 22 61 22)"
    );
    assert_eq!(
        message(b"#".to_vec()),
        "prog.elf: not an ELF file (it starts with 23)"
    );
    let empty = TemporaryFile::with("empty", b"");
    assert_eq!(message_of_file(&empty.0), ": is empty");
    assert!(matches!(probe(&empty.0), Ok(Probe::NotElf)));
}

#[test]
fn an_elf_file_of_another_kind() {
    assert_eq!(
        with_field(field::CLASS, &[1]),
        "prog.elf: a 32-bit ELF file (EI_CLASS is 1); Pagewalk runs 64-bit ones (2)"
    );
    assert_eq!(
        with_field(field::CLASS, &[9]),
        "prog.elf: EI_CLASS is 9; a 64-bit ELF file has 2"
    );
    assert_eq!(
        with_field(field::DATA, &[2]),
        "prog.elf: a big-endian ELF file (EI_DATA is 2); Pagewalk runs little-endian ones (1)"
    );
    assert_eq!(
        with_field(field::DATA, &[0]),
        "prog.elf: EI_DATA is 0; a little-endian ELF file has 1"
    );
    assert_eq!(
        with_field(field::IDENT_VERSION, &[0]),
        "prog.elf: EI_VERSION is 0; the only ELF version is 1"
    );
    assert_eq!(
        with_field(field::VERSION, &[2]),
        "prog.elf: e_version is 2; the only ELF version is 1"
    );
}

#[test]
fn an_elf_file_for_another_machine() {
    for (machine, name) in [
        (62u16, "x86-64"),
        (183, "AArch64"),
        (3, "x86"),
        (258, "LoongArch"),
        (0, "no machine"),
        (9999, "another machine"),
    ] {
        assert_eq!(
            with_field(field::MACHINE, &machine.to_le_bytes()),
            format!("prog.elf: made for {name} (e_machine is {machine}), not for RISC-V (243)")
        );
    }
}

#[test]
fn an_elf_file_that_is_not_a_program() {
    for (kind, name) in [
        (0u8, "an ELF file of no type"),
        (1, "a relocatable object"),
        (4, "a core dump"),
        (77, "an ELF file of an unknown type"),
    ] {
        assert_eq!(
            with_field(field::TYPE, &[kind]),
            format!(
                "prog.elf: {name} (e_type is {kind}), not an executable (2) or a static PIE (3)"
            )
        );
    }
    let mut library = Elf::new(vec![segment(R | X, 0, &CODE)]);
    library.kind = elf::ET_DYN;
    assert_eq!(
        message(library.build()),
        "prog.elf: a shared library (e_type is 3, e_entry is 0 and DF_1_PIE is not set), \
         not a program"
    );
}

#[test]
fn dynamic_programs() {
    let mut interpreter = segment(R, 0, b"/lib/ld-linux-riscv64-lp64d.so.1\0");
    interpreter.kind = elf::PT_INTERP;
    let mut elf = program();
    elf.segments.push(interpreter);
    assert_eq!(
        message(elf.build()),
        "prog.elf: a dynamic executable: it needs the loader /lib/ld-linux-riscv64-lp64d.so.1 \
         (PT_INTERP); link it with -static"
    );
    let mut elf = pie(&[], &[]);
    elf.segments[4].bytes = words(&[
        DT_NEEDED,
        1,
        DT_NEEDED,
        9,
        super::DT_FLAGS_1,
        super::DF_1_PIE,
    ]);
    assert_eq!(
        message(elf.build()),
        "prog.elf: needs a shared library (2 DT_NEEDED in PT_DYNAMIC); link it with -static"
    );
}

#[test]
fn instruction_sets_that_pagewalk_has_not() {
    assert_eq!(
        with_field(field::FLAGS, &[0x9]),
        "prog.elf: e_flags is 0x9: made for RV64E (bit 3), which has 16 registers; Pagewalk has 32"
    );
    assert_eq!(
        with_field(field::FLAGS, &[0x7]),
        "prog.elf: e_flags is 0x7: it uses the quad-precision float ABI (bits 2:1 are 3); \
         Pagewalk has no Q extension"
    );
}

#[test]
fn truncated_files() {
    let whole = program().build();
    let cut = |length: usize| message(whole[..length].to_vec());
    assert_eq!(
        cut(3),
        "prog.elf: truncated: the ELF header has 64 bytes, the file 3"
    );
    assert_eq!(
        cut(63),
        "prog.elf: truncated: the ELF header has 64 bytes, the file 63"
    );
    assert_eq!(
        cut(100),
        "prog.elf: truncated: the 2 program headers (e_phnum) at byte 64 (e_phoff) need bytes up \
         to 176, the file has 100"
    );
    assert_eq!(
        cut(180),
        "prog.elf: truncated: segment 0 needs bytes up to 184 (p_offset 0xb0, p_filesz 0x8), \
         the file has 180"
    );
    assert_eq!(
        cut(184),
        "prog.elf: truncated: segment 1 needs bytes up to 216 (p_offset 0xb8, p_filesz 0x20), \
         the file has 184"
    );
    assert_eq!(
        with_field(field::PHOFF, &u64::MAX.to_le_bytes()),
        "prog.elf: truncated: the 2 program headers (e_phnum) at byte 18446744073709551615 \
         (e_phoff) need bytes up to 18446744073709551727, the file has LENGTH"
            .replace("LENGTH", &whole.len().to_string())
    );
}

#[test]
fn implausible_program_headers() {
    assert_eq!(
        with_field(field::PHENTSIZE, &[32]),
        "prog.elf: e_phentsize is 32; a 64-bit program header has 56 bytes"
    );
    assert_eq!(
        with_field(field::PHNUM, &[0xff, 0xff]),
        "prog.elf: e_phnum is 65535; more than 1024 program headers are not plausible"
    );
    assert_eq!(
        with_field(field::PHNUM, &[0]),
        "prog.elf: no loadable segment: none of its 0 program headers is a PT_LOAD with memory"
    );
    assert_eq!(
        message(Elf::new(vec![segment(R | X, 0x8000_0000, &[])]).build()),
        "prog.elf: no loadable segment: none of its 1 program headers is a PT_LOAD with memory"
    );
}

#[test]
fn segments_that_make_no_sense() {
    let mut elf = program();
    elf.segments[1].size = 31;
    assert_eq!(
        message(elf.build()),
        "prog.elf: segment 1 has more bytes in the file (p_filesz 0x20) than in memory \
         (p_memsz 0x1f)"
    );
    let mut elf = program();
    elf.segments[1].physical_address = 0xffff_ffff_ffff_ff01;
    assert_eq!(
        message(elf.build()),
        "prog.elf: segment 1 wraps around the address space (p_paddr 0xffffffffffffff01, \
         p_memsz 0x100)"
    );
    let mut elf = program();
    elf.segments[1].virtual_address = u64::MAX;
    assert_eq!(
        message(elf.build()),
        "prog.elf: segment 1 wraps around the address space (p_vaddr 0xffffffffffffffff, \
         p_memsz 0x100)"
    );
    let mut elf = program();
    elf.segments[1].physical_address = 0x8000_0007;
    assert_eq!(
        message(elf.build()),
        "prog.elf: segments 0 (0x80000000-0x80000007) and 1 (0x80000007-0x80000106) overlap in \
         memory"
    );
    elf.segments[1].physical_address = 0x8000_0008;
    let mut touching = Guest::from_bytes("prog.elf", elf.build()).unwrap();
    assert!(touching.place(RAM).is_ok(), "they may touch");
}

#[test]
fn segments_outside_ram() {
    let mut elf = program();
    elf.segments[1].size = 0x10_0000;
    assert_eq!(
        message(elf.build()),
        "prog.elf: segment 1 lies at 0x80001000-0x80100fff, outside RAM (0x80000000-0x800fffff); \
         give the guest more memory (-m 2M)"
    );
    let linux = Elf::new(vec![segment(R | X, 0x1_0000, &CODE)]);
    assert_eq!(
        message(linux.build()),
        "prog.elf: segment 0 lies at 0x10000-0x10007, outside RAM (0x80000000-0x800fffff); \
         link it to addresses from 0x80000000 on"
    );
    let high = Elf::new(vec![segment(R | X, 0xffff_ffff_8000_0000, &CODE)]);
    assert_eq!(
        message(high.build()),
        "prog.elf: segment 0 lies at 0xffffffff80000000-0xffffffff80000007, outside RAM \
         (0x80000000-0x800fffff); link it to addresses from 0x80000000 on"
    );
    let below = Elf::new(vec![segment(R | X, 0x7fff_fffc, &CODE)]);
    assert_eq!(
        message(below.build()),
        "prog.elf: segment 0 lies at 0x7ffffffc-0x80000003, outside RAM (0x80000000-0x800fffff); \
         link it to addresses from 0x80000000 on"
    );
    // What GNU ld makes of -Ttext=0x80000000 alone.
    let mut headers = vec![0; 0x1008];
    headers[0x1000..].copy_from_slice(&CODE);
    let mut elf = Elf::new(vec![segment(R | X, 0x7fff_f000, &headers)]);
    elf.entry = 0x8000_0000;
    let mut bytes = elf.build();
    put(&mut bytes, 64 + 8, &0u64.to_le_bytes());
    assert_eq!(
        message(bytes),
        "prog.elf: segment 0 lies at 0x7ffff000-0x80000007, outside RAM (0x80000000-0x800fffff); \
         the linker put the ELF headers before the code: link with -Wl,--nmagic"
    );
    let mut pie = pie(&[], &[]);
    pie.segments[1].size = 0x1000;
    pie.segments[3].size = 0x20_0000;
    assert_eq!(
        message(pie.build()),
        "prog.elf: segment 3 lies at 0x80003000-0x80202fff, outside RAM (0x80000000-0x800fffff); \
         give the guest more memory (-m 3M)"
    );
}

#[test]
fn alignments_that_cannot_be() {
    let mut elf = pie(&[], &[]);
    elf.segments[1].align = 0x1800;
    assert_eq!(
        message(elf.build()),
        "prog.elf: segment 1 has p_align 0x1800, which is not a power of two"
    );
    let mut elf = pie(&[], &[]);
    elf.segments[0].align = 1 << 63;
    let mut guest = Guest::from_bytes("prog.elf", elf.build()).unwrap();
    assert_eq!(
        guest
            .place(0x8000_0000_0000_1000..0x8000_0000_0010_1000)
            .unwrap_err()
            .to_string(),
        "prog.elf: cannot be moved into RAM (0x8000000000001000-0x8000000000100fff): an alignment \
         of 0x8000000000000000 (p_align) leaves no room for 0x1800 bytes"
    );
}

#[test]
fn entries_that_cannot_be() {
    let mut elf = program();
    let mut entry = |address| {
        elf.entry = address;
        message(elf.build())
    };
    assert_eq!(
        entry(0x8000_0001),
        "prog.elf: e_entry is 0x80000001, an odd address; instructions lie at even ones"
    );
    assert_eq!(
        entry(0x8000_0008),
        "prog.elf: e_entry is 0x80000008, which no segment holds"
    );
    assert_eq!(entry(0), "prog.elf: e_entry is 0x0, which no segment holds");
    assert_eq!(
        entry(0x8000_1000),
        "prog.elf: e_entry is 0x80001000, in segment 1, which is not executable (p_flags 0x6)"
    );
}

#[test]
fn relocations_that_cannot_be() {
    assert_eq!(
        message(pie(&[[0x1000, RELATIVE, 0], [0x1008, 7 << 32 | 2, 0]], &[]).build()),
        "prog.elf: has a dynamic relocation of type 2 (R_RISCV_64) at 0x1008; a static PIE has \
         only R_RISCV_RELATIVE (3)"
    );
    assert_eq!(
        message(pie(&[[0x1008, 58, 0]], &[]).build()),
        "prog.elf: has a dynamic relocation of type 58 (R_RISCV_IRELATIVE) at 0x1008; a static \
         PIE has only R_RISCV_RELATIVE (3)"
    );
    for elf in [pie(&[[0x17fc, RELATIVE, 0]], &[]), pie(&[], &[0x17fc])] {
        assert_eq!(
            message(elf.build()),
            "prog.elf: has a dynamic relocation at 0x17fc, where no segment has 8 bytes"
        );
    }
    assert_eq!(
        message(pie(&[], &[0x17f0, 0b111]).build()),
        "prog.elf: has a dynamic relocation at 0x1800, where no segment has 8 bytes"
    );
}

#[test]
fn dynamic_tables_that_cannot_be() {
    let with_tags = |tags: &[u64]| {
        let mut elf = pie(&[[0x1000, RELATIVE, 0]], &[]);
        elf.segments[4].bytes = words(tags);
        elf.entry = 4;
        message(elf.build())
    };
    let rela = [DT_RELA, 0x2000, DT_RELASZ, 24, DT_RELAENT];
    assert_eq!(
        with_tags(&[&rela[..], &[12]].concat()),
        "prog.elf: PT_DYNAMIC: DT_RELAENT is 0xc; an entry has 24 bytes"
    );
    assert_eq!(
        with_tags(&[DT_RELA, 0x2000, DT_RELAENT, 24, DT_RELASZ, 23]),
        "prog.elf: PT_DYNAMIC: DT_RELASZ is 0x17; not a whole number of entries"
    );
    assert_eq!(
        with_tags(&[DT_RELA, 0x2008, DT_RELAENT, 24, DT_RELASZ, 24]),
        "prog.elf: PT_DYNAMIC: DT_RELA is 0x2008; no segment has the table's bytes"
    );
    assert_eq!(
        with_tags(&[DT_RELA, 0x2000, DT_RELAENT, 24, DT_RELASZ, 24 << 56]),
        "prog.elf: PT_DYNAMIC: DT_RELA is 0x2000; no segment has the table's bytes"
    );
    assert_eq!(
        with_tags(&[DT_RELR, 0x3000, DT_RELRSZ, 8, DT_RELRENT, 4]),
        "prog.elf: PT_DYNAMIC: DT_RELRENT is 0x4; an entry has 8 bytes"
    );
    let (dt_relsz, dt_pltrelsz, dt_pltrel) = (18, 2, 20);
    assert_eq!(
        with_tags(&[dt_relsz, 16]),
        "prog.elf: PT_DYNAMIC: DT_RELSZ is 0x10; RISC-V programs have relocations with addends \
         (RELA)"
    );
    assert_eq!(
        with_tags(&[dt_pltrelsz, 16, dt_pltrel, 17]),
        "prog.elf: PT_DYNAMIC: DT_PLTREL is 0x11; RISC-V programs have relocations with addends \
         (RELA)"
    );
    let huge = vec![0; (1 << 20) + 16];
    let mut elf = pie(&[], &[]);
    elf.segments[4].bytes = huge;
    assert_eq!(
        message(elf.build()),
        "prog.elf: PT_DYNAMIC: p_filesz is 0x100010; more than 1 MiB is not plausible"
    );
}

#[test]
fn a_probe_tells_programs_from_the_rest() {
    let probe_bytes = |name: &str, bytes: &[u8]| {
        let file = TemporaryFile::with(name, bytes);
        probe(&file.0).unwrap()
    };
    let whole = program().build();
    assert!(matches!(
        probe_bytes("probe-whole", &whole),
        Probe::RiscvExecutable
    ));
    assert!(matches!(
        probe_bytes("probe-text", b"#!/bin/sh\n"),
        Probe::NotElf
    ));
    assert!(matches!(
        probe_bytes("probe-short", &whole[..20]),
        Probe::OtherElf(Reason::TruncatedHeader { length: 20 })
    ));
    let mut other = whole;
    put(&mut other, field::CLASS, &[1]);
    assert!(matches!(
        probe_bytes("probe-32", &other),
        Probe::OtherElf(Reason::ThirtyTwoBit)
    ));
}

#[test]
fn broken_symbols_do_not_keep_a_guest_from_loading() {
    let mut bytes = program().build();
    let length = bytes.len();
    put(
        &mut bytes,
        field::SHOFF,
        &(length as u64 - 10).to_le_bytes(),
    );
    let guest = Guest::from_bytes("prog.elf", bytes).unwrap();
    assert!(guest.symbols().is_empty());
    let error = guest.symbols_error().unwrap().to_string();
    assert_eq!(
        error,
        format!(
            "truncated: 384 bytes at byte {} are needed for the section headers, the file has {length}",
            length - 10
        )
    );
    assert_eq!(guest.line(0x8000_0000), None);
}
