//! Loading ELF files: what goes where, and what it is called.

mod boot;
mod cut;
mod errors;
mod hostile;
mod linux;
mod names;

use std::ops::Range;
use std::path::PathBuf;

use pagewalk::loader::{Guest, Kind, Piece};

use crate::support::dwarf;
use crate::support::elf::{self, Elf, PT_DYNAMIC, PT_LOAD, R, W, X, segment};

const RAM: Range<u64> = 0x8000_0000..0x8010_0000;

/// `addi x1, x1, 1` and a jump to itself.
const CODE: [u8; 8] = [0x93, 0x80, 0x10, 0x00, 0x6f, 0x00, 0x00, 0x00];

/// A program with code, data, a zero part and the usual symbols.
fn program() -> Elf {
    let mut data = segment(R | W, 0x8000_1000, &[7; 32]);
    data.size = 0x100;
    let mut elf = Elf::new(vec![segment(R | X, 0x8000_0000, &CODE), data]);
    elf.symbol("_start", 0x8000_0000, 1);
    elf.symbol("loop", 0x8000_0004, 1);
    elf.symbol("tohost", 0x8000_1000, 2);
    elf.symbol("fromhost", 0x8000_1008, 2);
    elf.symbol("begin_signature", 0x8000_1010, 2);
    elf.symbol("end_signature", 0x8000_1020, 2);
    elf
}

fn guest(elf: &Elf) -> Guest {
    Guest::from_bytes("prog.elf", elf.build()).unwrap()
}

fn placed(elf: &Elf) -> Guest {
    let mut guest = guest(elf);
    guest.place(RAM).unwrap();
    guest
}

/// The guest's RAM after loading, which must touch nothing else.
fn memory(guest: &Guest) -> Vec<u8> {
    let mut memory = vec![0xcc; (RAM.end - RAM.start) as usize];
    guest
        .load(|address, piece| {
            let start = (address - RAM.start) as usize;
            match piece {
                Piece::Bytes(bytes) => memory[start..start + bytes.len()].copy_from_slice(bytes),
                Piece::Zero(size) => memory[start..start + size as usize].fill(0),
            }
        })
        .unwrap();
    memory
}

/// A file that is removed when the test ends.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str) -> Self {
        let name = format!("pagewalk-test-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn with(name: &str, bytes: &[u8]) -> Self {
        let file = Self::new(name);
        std::fs::write(&file.0, bytes).unwrap();
        file
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn an_executable_goes_where_it_is_linked() {
    let guest = placed(&program());
    assert_eq!(guest.kind(), Kind::Executable);
    assert_eq!(guest.entry(), 0x8000_0000);
    let memory = memory(&guest);
    assert_eq!(memory[..8], CODE);
    assert_eq!(memory[8..0x1000], [0xcc; 0xff8], "between the segments");
    assert_eq!(memory[0x1000..0x1020], [7; 32]);
    assert_eq!(memory[0x1020..0x1100], [0; 0xe0], "the zero part");
    assert_eq!(memory[0x1100], 0xcc, "after the zero part");
}

#[test]
fn a_file_loads_as_its_bytes_do() {
    let file = TemporaryFile::with("program", &program().build());
    let mut guest = Guest::open(&file.0).unwrap();
    guest.place(RAM).unwrap();
    assert_eq!(memory(&guest), memory(&placed(&program())));
    assert_eq!(guest.name(), file.0.display().to_string());
}

#[test]
fn segments_say_where_they_go_and_what_they_allow() {
    let guest = placed(&program());
    let segments: Vec<_> = guest.segments().collect();
    let facts: Vec<_> = segments
        .iter()
        .map(|s| (s.address, s.file_size, s.size, s.writable(), s.executable()))
        .collect();
    assert_eq!(
        facts,
        [
            (0x8000_0000, 8, 8, false, true),
            (0x8000_1000, 32, 0x100, true, false)
        ]
    );
}

#[test]
fn segments_without_memory_are_left_out() {
    let mut elf = program();
    elf.segments.push(segment(R, 0x10, &[]));
    assert_eq!(placed(&elf).segments().count(), 2);
}

#[test]
fn large_segments_come_in_pieces() {
    let bytes: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();
    let elf = Elf::new(vec![segment(R | X, 0x8000_0000, &bytes)]);
    assert_eq!(memory(&placed(&elf))[..bytes.len()], bytes);
}

#[test]
fn the_symbols_that_a_board_asks_for() {
    let guest = placed(&program());
    assert_eq!(guest.tohost(), Some(0x8000_1000));
    assert_eq!(guest.fromhost(), Some(0x8000_1008));
    assert_eq!(guest.signature(), Some(0x8000_1010..0x8000_1020));
    let bare = placed(&Elf::new(vec![segment(R | X, 0x8000_0000, &CODE)]));
    assert_eq!(bare.tohost(), None);
    assert_eq!(bare.signature(), None);
    assert!(bare.symbols().is_empty());
    assert!(bare.symbols_error().is_none());
}

#[test]
fn a_signature_that_ends_before_it_begins_is_none() {
    let mut elf = program();
    elf.symbols[4].address = 0x8000_1028;
    assert_eq!(placed(&elf).signature(), None);
}

#[test]
fn an_address_gets_the_nearest_symbol_before_it_in_its_section() {
    let guest = placed(&program());
    let symbols = guest.symbols();
    assert_eq!(symbols.by_address(0x8000_0000), Some(("_start", 0)));
    assert_eq!(symbols.by_address(0x8000_0003), Some(("_start", 3)));
    assert_eq!(symbols.by_address(0x8000_0006), Some(("loop", 2)));
    assert_eq!(symbols.by_address(0x8000_0008), None, "past the section");
    assert_eq!(
        symbols.by_address(0x8000_10ff),
        Some(("end_signature", 0xdf))
    );
    assert_eq!(symbols.by_address(0x7fff_ffff), None);
    assert_eq!(symbols.by_name("loop"), Some(0x8000_0004));
    assert_eq!(symbols.by_name("absent"), None);
}

#[test]
fn functions_and_global_symbols_are_the_better_names() {
    let mut elf = program();
    elf.symbol("aaa_data", 0x8000_0004, 1).kind = elf::STT_OBJECT;
    elf.symbol("the_function", 0x8000_0004, 1).kind = elf::STT_FUNC;
    elf.symbol("local", 0x8000_0000, 1).global = false;
    let guest = placed(&elf);
    assert_eq!(
        guest.symbols().by_address(0x8000_0005),
        Some(("the_function", 1))
    );
    assert_eq!(guest.symbols().by_address(0x8000_0001), Some(("_start", 1)));
}

#[test]
fn a_global_symbol_goes_before_a_local_one_of_the_same_name() {
    let mut elf = program();
    elf.symbol("twice", 0x8000_0000, 1).global = false;
    elf.symbol("twice", 0x8000_0004, 1);
    assert_eq!(placed(&elf).symbols().by_name("twice"), Some(0x8000_0004));
}

#[test]
fn marks_of_the_assembler_are_not_names() {
    let mut elf = program();
    for name in ["$x", "$d", "$xrv64i2p1_c2p0", "$d.3", ".L0", ".L42 "] {
        elf.symbol(name, 0x8000_0006, 1);
        assert_eq!(placed(&elf).symbols().by_name(name), None, "{name}");
    }
    assert_eq!(
        placed(&elf).symbols().by_address(0x8000_0006),
        Some(("loop", 2))
    );
    elf.symbol("$dollar", 0x8000_0006, 1);
    assert_eq!(
        placed(&elf).symbols().by_address(0x8000_0006),
        Some(("$dollar", 0))
    );
}

#[test]
fn numbers_have_a_name_but_no_address_does() {
    let mut elf = program();
    elf.symbol("SIZE", 0x8000_0006, elf::SHN_ABS);
    let guest = placed(&elf);
    assert_eq!(guest.symbols().by_name("SIZE"), Some(0x8000_0006));
    assert_eq!(guest.symbols().by_address(0x8000_0006), Some(("loop", 2)));
}

#[test]
fn an_executable_is_loaded_to_its_physical_addresses() {
    // A kernel: linked high, loaded low.
    let high = 0xffff_ffff_8000_0000;
    let mut code = segment(R | X, high, &CODE);
    code.physical_address = 0x8000_2000;
    let mut elf = Elf::new(vec![code]);
    elf.entry = high + 4;
    elf.symbol("tohost", high, 1);
    let guest = placed(&elf);
    assert_eq!(memory(&guest)[0x2000..0x2008], CODE);
    assert_eq!(guest.entry(), 0x8000_2004, "a virtual entry, translated");
    assert_eq!(guest.tohost(), Some(0x8000_2000));
    assert_eq!(guest.symbols().by_name("tohost"), Some(high));
    elf.entry = 0x8000_2000;
    assert_eq!(placed(&elf).entry(), 0x8000_2000, "a physical entry, kept");
}

#[test]
fn segments_without_any_flags_may_be_entered() {
    // So are the official riscv-tests linked.
    let elf = Elf::new(vec![segment(0, 0x8000_0000, &CODE)]);
    assert_eq!(placed(&elf).entry(), 0x8000_0000);
}

#[test]
fn compressed_code_is_announced() {
    let mut elf = program();
    assert!(!placed(&elf).needs_compressed());
    elf.flags = 0x15; // RVC, double-precision float ABI, TSO
    assert!(placed(&elf).needs_compressed());
}

#[test]
fn source_lines_come_from_the_debug_information() {
    let mut elf = program();
    assert_eq!(placed(&elf).line(0x8000_0000), None);
    elf.debug = dwarf::sections(0x8000_0000, 2);
    let guest = placed(&elf);
    let line = guest.line(0x8000_0000).unwrap();
    assert_eq!(line.to_string(), "/src/demo.S:10");
    assert_eq!(guest.line(0x8000_0006).unwrap().line, Some(11));
    assert_eq!(guest.line(0x8000_0008), None);
}

/// The tags of PT_DYNAMIC.
const DT_NEEDED: u64 = 1;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_RELAENT: u64 = 9;
const DT_RELRSZ: u64 = 35;
const DT_RELR: u64 = 36;
const DT_RELRENT: u64 = 37;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_1_PIE: u64 = 0x0800_0000;
const RELATIVE: u64 = 3;

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A program linked at 0 with these RELA entries at 0x2000, this RELR table at 0x3000, and a
/// writable segment at 0x1000 whose words hold 0x100, 0x101 and so on. It is linked in such a
/// way that only data and the dynamic table change from test to test.
fn pie(rela: &[[u64; 3]], relr: &[u64]) -> Elf {
    let data: Vec<u64> = (0x100..0x180).collect();
    let mut writable = segment(R | W, 0x1000, &words(&data));
    writable.size = 0x800;
    let tags = [
        [DT_RELA, 0x2000],
        [DT_RELASZ, 24 * rela.len() as u64],
        [DT_RELAENT, 24],
        [DT_RELR, 0x3000],
        [DT_RELRSZ, 8 * relr.len() as u64],
        [DT_RELRENT, 8],
        [DT_FLAGS_1, DF_1_PIE],
        [0, 0],
    ];
    let mut dynamic = segment(R, 0x4000, &words(&tags.concat()));
    dynamic.kind = PT_DYNAMIC;
    let mut elf = Elf::new(vec![
        segment(R | X, 0, &CODE),
        writable,
        segment(R, 0x2000, &words(&rela.concat())),
        segment(R, 0x3000, &words(relr)),
        dynamic,
    ]);
    elf.kind = elf::ET_DYN;
    elf.symbol("_start", 0, 1);
    elf.symbol("tohost", 0x1000, 2);
    elf.symbol("SIZE", 0x30, elf::SHN_ABS);
    elf.debug = dwarf::sections(0, 2);
    elf
}

fn word_at(memory: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(memory[offset..offset + 8].try_into().unwrap())
}

#[test]
fn a_static_pie_moves_to_the_start_of_ram_with_all_its_addresses() {
    let guest = placed(&pie(&[], &[]));
    assert_eq!(guest.kind(), Kind::StaticPie);
    assert_eq!(guest.entry(), 0x8000_0000);
    assert_eq!(guest.tohost(), Some(0x8000_1000));
    assert_eq!(
        guest.symbols().by_name("SIZE"),
        Some(0x30),
        "a number stays"
    );
    assert_eq!(guest.symbols().by_address(0x8000_0004), Some(("_start", 4)));
    assert_eq!(guest.line(0x8000_0004).unwrap().line, Some(11));
    assert_eq!(memory(&guest)[..8], CODE);
}

#[test]
fn rela_writes_addends_relative_to_where_it_was_moved() {
    let guest = placed(&pie(
        &[
            [0x1008, RELATIVE, 0x1234],
            [0x1000, RELATIVE, (-16i64) as u64],
            [0x17f8, RELATIVE, 0x10], // in the zero part
            [0, 0, 0],                // R_RISCV_NONE
        ],
        &[],
    ));
    let memory = memory(&guest);
    assert_eq!(word_at(&memory, 0x1000), 0x7fff_fff0);
    assert_eq!(word_at(&memory, 0x1008), 0x8000_1234);
    assert_eq!(word_at(&memory, 0x1010), 0x102, "not named");
    assert_eq!(word_at(&memory, 0x17f8), 0x8000_0010);
    assert_eq!(word_at(&memory, 0), word_at(&CODE, 0), "not named");
}

#[test]
fn relr_moves_the_words_that_it_names() {
    // The word at 0x1000, then a bitmap for 63 words from 0x1008 on, of which the first, the
    // third and the last are named, then one for those from 0x1200 on, of which the second is.
    let bitmap = 1 | 1 << 1 | 1 << 3 | 1 << 63;
    let guest = placed(&pie(&[], &[0x1000, bitmap, 0b101, 0x1600]));
    let memory = memory(&guest);
    for index in 0..0x80usize {
        let moved = [0, 1, 3, 63, 65].contains(&index);
        let slide = if moved { 0x8000_0000 } else { 0 };
        assert_eq!(
            word_at(&memory, 0x1000 + 8 * index),
            0x100 + index as u64 + slide,
            "{index}"
        );
    }
    assert_eq!(word_at(&memory, 0x1600), 0x8000_0000, "in the zero part");
}

#[test]
fn a_static_pie_keeps_the_alignment_of_its_segments() {
    let mut elf = Elf::new(vec![segment(R | X, 0x1_0040, &CODE)]);
    elf.kind = elf::ET_DYN;
    let start = |ram: Range<u64>, elf: &Elf| {
        let mut guest = guest(elf);
        guest.place(ram).unwrap();
        let (first, entry) = (guest.segments().next().unwrap().address, guest.entry());
        assert_eq!(first, entry);
        entry
    };
    assert_eq!(start(0x8000_0000..0x9000_0000, &elf), 0x8000_0040);
    assert_eq!(start(0x8000_0800..0x9000_0000, &elf), 0x8000_1040);
    elf.segments[0].align = 0x20_0000;
    // Its offset in the 2 MiB stays what it was.
    assert_eq!(start(0x8010_0000..0x9000_0000, &elf), 0x8021_0040);
    assert_eq!(start(0..0x100_0000, &elf), 0x1_0040, "in RAM already");
}

#[test]
fn placing_again_starts_from_where_it_was_linked() {
    let mut guest = placed(&pie(&[[0x1000, RELATIVE, 0]], &[]));
    let ram = 0x4000_0000..0x4010_0000;
    guest.place(ram).unwrap();
    assert_eq!(guest.entry(), 0x4000_0000);
    assert_eq!(guest.symbols().by_name("tohost"), Some(0x4000_1000));
    let mut last = None;
    guest
        .load(|address, piece| last = Some((address, format!("{piece:?}"))))
        .unwrap();
    let word = Piece::Bytes(&0x4000_0000u64.to_le_bytes()[..]);
    assert_eq!(last, Some((0x4000_1000, format!("{word:?}"))));
}

#[test]
fn the_relocations_of_an_executable_are_its_own_business() {
    let mut elf = pie(&[[0x1008, 99, 0]], &[]);
    elf.kind = elf::ET_EXEC;
    for segment in elf.segments.iter_mut().filter(|s| s.kind == PT_LOAD) {
        segment.physical_address += 0x8000_0000;
    }
    let memory = memory(&placed(&elf));
    assert_eq!(word_at(&memory, 0x1008), 0x101);
}

#[test]
fn threads_can_share_a_guest() {
    let guest = placed(&program());
    let names = std::thread::scope(|scope| {
        let threads = [0u64, 4].map(|offset| {
            let guest = &guest;
            scope.spawn(move || guest.symbols().by_address(0x8000_0000 + offset))
        });
        threads.map(|thread| thread.join().unwrap().unwrap().0)
    });
    assert_eq!(names, ["_start", "loop"]);
}
