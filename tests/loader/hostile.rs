//! Files made to do harm: they may not panic, hang, or take memory.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::Command;

use pagewalk::loader::{Guest, Piece};

use super::{RAM, RELATIVE, TemporaryFile, pie, program};
use crate::support::elf::{field, put};
use crate::support::random::Random;

/// Does everything that can be done with a guest.
fn exercise(bytes: Vec<u8>) -> bool {
    let Ok(mut guest) = Guest::from_bytes("prog.elf", bytes) else {
        return false;
    };
    for address in [0, 4, 0x1000, 0x8000_0000, 0x8000_0004, u64::MAX] {
        let _ = guest.symbols().by_address(address);
        let _ = guest.line(address);
    }
    let _ = (guest.tohost(), guest.signature(), guest.entry());
    if guest.place(RAM).is_err() {
        return false;
    }
    assert!(RAM.contains(&guest.entry()));
    let loaded = guest.load(|address, piece| {
        let size = match piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::Zero(size) => size,
        };
        assert!(
            RAM.start <= address && size <= RAM.end - address,
            "outside RAM"
        );
    });
    loaded.is_ok()
}

fn rich() -> Vec<u8> {
    let rela = [[0x1008, RELATIVE, 0x1234], [0x17f8, RELATIVE, 8]];
    pie(&rela, &[0x1000, 0b1011]).build()
}

#[test]
fn no_mutation_of_a_valid_file_panics() {
    let mut random = Random(2024);
    for original in [program().build(), rich()] {
        assert!(exercise(original.clone()));
        let (mut loaded, cases) = (0, 10_000);
        for _ in 0..cases {
            let mut bytes = original.clone();
            for _ in 0..=random.below(4) {
                mutate(&mut random, &mut bytes);
            }
            loaded += u32::from(exercise(bytes));
        }
        // Were all refused at once, or none, the mutations would show little.
        assert!((500..cases - 500).contains(&loaded), "{loaded} loaded");
    }
}

/// Changes a byte, or a whole word to one of the values at the edges.
fn mutate(random: &mut Random, bytes: &mut [u8]) {
    let at = random.below(bytes.len());
    if random.below(2) == 0 {
        bytes[at] = random.next() as u8;
        return;
    }
    let at = (at & !7).min(bytes.len() - 8);
    let edges = [
        0,
        1,
        7,
        8,
        0xffff_ffff,
        1 << 32,
        1 << 63,
        u64::MAX,
        u64::MAX - 7,
    ];
    put(bytes, at, &edges[random.below(edges.len())].to_le_bytes());
}

#[test]
fn no_truncation_of_a_valid_file_panics() {
    for original in [program().build(), rich()] {
        for length in 0..original.len() {
            exercise(original[..length].to_vec());
        }
    }
}

#[test]
fn random_bytes_after_the_magic_number_do_not_panic() {
    let mut random = Random(7);
    let header = program().build()[..64].to_vec();
    for _ in 0..2_000 {
        let mut bytes = header.clone();
        bytes.extend((0..random.below(2000)).map(|_| random.next() as u8));
        exercise(bytes);
    }
}

const SIZE: u64 = 10 << 30;
const SHF_COMPRESSED: u64 = 1 << 11;

/// Files of 10 GiB, or that claim such a size, and what loading says of them.
fn giants() -> Vec<(&'static str, Vec<u8>, u64)> {
    let small = program().build();
    let segment_size = 64 + 56 + 32; // p_filesz of the second segment
    let mut sparse_segment = small.clone();
    put(
        &mut sparse_segment,
        segment_size,
        &(9u64 << 30).to_le_bytes(),
    );
    put(
        &mut sparse_segment,
        segment_size + 8,
        &(9u64 << 30).to_le_bytes(),
    );
    let mut claimed = sparse_segment.clone();
    put(&mut claimed, segment_size, &(10u64 << 30).to_le_bytes());
    put(&mut claimed, segment_size + 8, &(10u64 << 30).to_le_bytes());
    let mut zeros = small.clone();
    put(&mut zeros, segment_size + 8, &(10u64 << 30).to_le_bytes());
    // The headers of .symtab and .strtab are the last but two and the last but one.
    let sections = small.len() - 3 * 64;
    let mut symbols = small.clone();
    for header in [sections, sections + 64] {
        put(&mut symbols, header + 32, &(9u64 << 30).to_le_bytes());
    }
    let mut many_sections = small.clone();
    put(&mut many_sections, field::SHNUM, &[0, 0]);
    let first = small.len() - 6 * 64;
    put(
        &mut many_sections,
        first + 32,
        &(100u64 << 20).to_le_bytes(),
    );
    let mut unfolds = program();
    let compressed = [
        &1u64.to_le_bytes()[..],
        &(10u64 << 30).to_le_bytes(),
        &[0; 64],
    ]
    .concat();
    unfolds.debug = vec![(".debug_info".into(), SHF_COMPRESSED, compressed)];
    let unfolds = unfolds.build();
    let unfolds_length = unfolds.len() as u64;
    vec![
        (
            "a debug section of 80 bytes that unfolds to 10 GiB",
            unfolds,
            unfolds_length,
        ),
        ("nothing but holes", vec![0], SIZE),
        ("a small program before a hole", small.clone(), SIZE),
        ("a segment of 9 GiB", sparse_segment, SIZE),
        (
            "a segment of 10 GiB that is not there",
            claimed,
            small.len() as u64,
        ),
        ("10 GiB of zeros", zeros, small.len() as u64),
        ("9 GiB of symbols", symbols, SIZE),
        ("6 GiB of section headers", many_sections, SIZE),
    ]
}

/// Loads the giants in a process of its own, where nothing else takes memory.
#[cfg(target_os = "linux")]
#[test]
fn ten_gibibytes_do_not_make_the_process_grow() {
    const CHILD: &str = "PAGEWALK_TEST_GIANT";
    if let Some(path) = std::env::var_os(CHILD) {
        println!("result: {}", grow(Path::new(&path)));
        return;
    }
    for (index, (what, bytes, length)) in giants().into_iter().enumerate() {
        let file = TemporaryFile::with(&format!("giant-{index}"), &bytes);
        let sparse = OpenOptions::new().write(true).open(&file.0).unwrap();
        sparse.set_len(length).unwrap();
        let name = "loader::hostile::ten_gibibytes_do_not_make_the_process_grow";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(CHILD, &file.0)
            .output()
            .unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let grown = output
            .split("result: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let grown: u64 = grown
            .unwrap_or_else(|| panic!("{what}: {output}"))
            .parse()
            .unwrap();
        assert!(grown < 4096, "{what}: the process grew by {grown} KiB");
    }
}

/// How many KiB more the process has needed at its peak after loading a file.
fn grow(path: &Path) -> u64 {
    let before = peak();
    if let Ok(mut guest) = Guest::open(path) {
        let _ = guest.line(0x8000_0000);
        if guest.place(RAM).is_ok() {
            guest.load(|_, _| {}).unwrap();
        }
    }
    peak() - before
}

/// The process's peak resident size in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap().parse().unwrap()
}

/// A sparse file's holes are told apart, so that they need not become memory of the guest.
#[test]
fn holes_in_the_file_are_not_bytes() {
    let mut bytes = program().build();
    let second = 64 + 56;
    let (offset, size) = (bytes.len() as u64, 64u64 << 20);
    put(&mut bytes, second + 8, &offset.to_le_bytes());
    put(&mut bytes, second + 32, &size.to_le_bytes());
    put(&mut bytes, second + 40, &size.to_le_bytes());
    let file = TemporaryFile::with("holes", &bytes);
    let sparse = OpenOptions::new().write(true).open(&file.0).unwrap();
    sparse.set_len(offset + size).unwrap();
    let mut guest = Guest::open(&file.0).unwrap();
    guest.place(0x8000_0000..0x9000_0000).unwrap();
    let (mut full, mut empty) = (0, 0);
    guest
        .load(|_, piece| match piece {
            Piece::Bytes(bytes) => full += bytes.len() as u64,
            Piece::Zero(count) => empty += count,
        })
        .unwrap();
    assert_eq!((full, empty), (8, size));
}

#[test]
fn a_file_that_shrinks_after_it_was_opened_is_an_error() {
    let file = TemporaryFile::with("shrinks", &program().build());
    let mut guest = Guest::open(&file.0).unwrap();
    guest.place(RAM).unwrap();
    File::create(&file.0).unwrap();
    assert_eq!(
        guest.load(|_, _| {}).unwrap_err().to_string(),
        format!(
            "{}: became shorter while a segment was read",
            file.0.display()
        )
    );
}
