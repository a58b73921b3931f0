//! Symbols of kernels, from their own files and from others.

use pagewalk::isa::Privilege;
use pagewalk::loader::Guest;
use pagewalk::mem::{PhysAddr, VirtAddr};
use pagewalk::report::place::Place;
use pagewalk::report::walk::names::Names;
use pagewalk::report::walk::site::Site;

use super::boot::{Folder, KERNEL, MIB, START, boot, files, firmware, gzip, image, vmlinux};
use super::{CODE, pie};
use crate::support::elf::{Elf, R, X, segment};

#[test]
fn symbols_can_come_from_elsewhere() {
    let folder = Folder::new();
    let fw = folder.file("fw", &firmware().build());
    let kernel = folder.file("Image", &image(MIB));
    let high = 0xffff_ffff_8000_0000_u64;
    let map = format!(
        "0000000000fb8e00 A __size\n{high:016x} T _start\n{:016x} t local_one\n\
         {:016x} D jiffies\n{:016x} B _end\n",
        high + 0x10,
        high + 0x10,
        high + MIB
    );
    let list = folder.file("System.map", map.as_bytes());
    let elf = folder.file("vmlinux", &vmlinux().build());
    for path in [&list, &elf] {
        let mut guest = Guest::boot(&files(&kernel, &fw)).unwrap();
        guest.add_symbols(path).unwrap();
        guest.place(START..START + 64 * MIB).unwrap();
        let symbols = guest.symbols();
        assert_eq!(symbols.by_name("_start"), Some(high));
        assert_eq!(symbols.by_address(high + 4), Some(("_start", 4)));
        assert_eq!(symbols.by_name("_fw_start"), Some(START));
        let first = guest.segments().next().unwrap();
        assert_eq!((first.address, first.virtual_address), (KERNEL, high));
        assert_eq!(guest.line(high), None);
    }
    let mut guest = Guest::boot(&files(&kernel, &fw)).unwrap();
    guest.add_symbols(&list).unwrap();
    let symbols = guest.symbols();
    assert_eq!(symbols.by_address(high + 0x12), Some(("local_one", 2)));
    assert_eq!(symbols.by_name("jiffies"), Some(high + 0x10));
    assert_eq!(symbols.by_name("__size"), Some(0xfb_8e00));
    assert_eq!(symbols.by_address(0xfb_8e00), None, "a number is no place");
    assert_eq!(symbols.by_address(high - 1), None);
}

#[test]
fn symbols_of_firmware_that_moves_move_with_it() {
    let folder = Folder::new();
    let mut program = pie(&[], &[]);
    program.symbol("sbi_init", program.entry, 1);
    let elf = folder.file("fw.elf", &program.build());
    let raw = folder.file("fw.bin", &[0x93; 64]);
    let kernel = folder.file("Image", &image(MIB));
    let mut loaded = Guest::boot(&files(&kernel, &elf)).unwrap();
    loaded.place(START..START + 64 * MIB).unwrap();
    let mut apart = Guest::boot(&files(&kernel, &raw)).unwrap();
    apart.add_symbols(&elf).unwrap();
    apart.place(START..START + 64 * MIB).unwrap();
    let place = apart.symbols().by_name("sbi_init");
    assert_eq!(place, loaded.symbols().by_name("sbi_init"));
    assert!(place.unwrap() >= START);
}

#[test]
fn files_without_symbols_say_so() {
    let folder = Folder::new();
    let fw = folder.file("fw", &firmware().build());
    let kernel = folder.file("Image", &image(MIB));
    let mut guest = Guest::boot(&files(&kernel, &fw)).unwrap();
    let mut message = |bytes: &[u8]| {
        let path = folder.file("symbols", bytes);
        let error = guest.add_symbols(&path).unwrap_err().to_string();
        error.replace(&format!("{}: ", path.display()), "")
    };
    assert_eq!(
        message(b"ffffffffffffffff B The real System.map is in the dbg package\n"),
        "holds no symbols; all it says is \"The real System.map is in the dbg package\""
    );
    assert!(message(b"0000000000000000 T _start\n0000000000000000 t x\n").contains("only to root"));
    assert_eq!(
        message(b"ffffffff80000000 T _start\nnonsense\n"),
        "line 2 is no line of a System.map (address, type, name): nonsense"
    );
    assert!(message(b"-1 T _start\n").contains("a text file with no symbol in its first line"));
    assert!(message(&image(MIB)).contains("a Linux Image, which has no symbols"));
    assert!(message(&gzip(b"x")).contains("compressed"));
    assert!(message(&[1, 2, 0xfe]).contains("no text"));
    assert_eq!(message(b""), "is empty");
    let stripped = Elf::new(vec![segment(R | X, START, &CODE)]);
    assert_eq!(message(&stripped.build()), "has no symbols: it is stripped");
}

#[test]
fn a_kernel_has_its_names_where_it_was_loaded_too() {
    let folder = Folder::new();
    let files = files(
        &folder.file("vmlinux", &vmlinux().build()),
        &folder.file("fw", &firmware().build()),
    );
    let guest = boot(&folder, &files, 64).unwrap();
    let text = guest.segments().next().unwrap();
    let high = text.virtual_address;
    assert_eq!(guest.virtual_of(text.address + 2), Some(high + 2));
    assert_eq!(guest.virtual_of(text.address + text.size), None);

    let name = |place: Place| place.name();
    // Before translation is on, and through a mapping that is the same in both.
    let before = |privilege| name(Place::of_code(&guest, text.address + 2, privilege));
    assert_eq!(before(Privilege::Supervisor), "_start+0x2");
    assert_eq!(before(Privilege::Machine), "_start+0x2");
    // A process there is another program.
    assert_eq!(before(Privilege::User), "");
    assert_eq!(
        name(Place::of_code(&guest, high, Privilege::Supervisor)),
        "_start"
    );
    assert_eq!(
        name(Place::of_physical(&guest, text.address + 4 * MIB)),
        "init_task"
    );
    assert_eq!(name(Place::of_physical(&guest, START)), "_fw_start");
}

#[test]
fn memory_that_a_kernel_gave_to_a_process_is_not_named_by_what_was_there() {
    let folder = Folder::new();
    let files = files(
        &folder.file("vmlinux", &vmlinux().build()),
        &folder.file("fw", &firmware().build()),
    );
    let guest = boot(&folder, &files, 64).unwrap();
    let data = guest.segments().nth(1).unwrap();
    let names = Names::new(&guest);
    let name = |va: u64, byte: u8| {
        let site = Site {
            translated: true,
            pa: Some(PhysAddr(data.address)),
            bytes: vec![byte; 16],
        };
        names.data(VirtAddr(va), &site)
    };
    let init_task = Some("init_task".to_owned());
    assert_eq!(name(0x19_6000, 1), None);
    // What still is what the file put there is that.
    assert_eq!(name(0x19_6000, 7), init_task);
    // The kernel's own data changes.
    assert_eq!(name(data.virtual_address, 1), init_task);
    assert_eq!(name(0xff60_0000_0000_0000, 1), init_task);
}
