//! Boot sets: kernels, firmware, initrd, device tree, and where they go.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use pagewalk::loader::{BootFiles, FileKind, Firmware, Guest, Kind, Piece, sniff};

use super::{CODE, pie};
use crate::support::elf::{ET_DYN, Elf, R, W, X, field, put, segment};

pub(super) const START: u64 = 0x8000_0000;
pub(super) const MIB: u64 = 1 << 20;
/// Where kernels with firmware go.
pub(super) const KERNEL: u64 = START + 2 * MIB;

/// A folder of files for one test.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// A Linux Image with `size` bytes of memory, of which the file has 256.
pub(super) fn image(size: u64) -> Vec<u8> {
    let mut bytes = vec![0x13; 256];
    put(&mut bytes, 0x08, &(2 * MIB).to_le_bytes());
    put(&mut bytes, 0x10, &size.to_le_bytes());
    put(&mut bytes, 0x18, &0u64.to_le_bytes());
    put(&mut bytes, 0x20, &2u32.to_le_bytes());
    put(&mut bytes, 0x30, b"RISCV\0\0\0RSC\x05");
    bytes
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// As Linux's vmlinux: virtual addresses in the high half, physical ones from zero.
pub(super) fn vmlinux() -> Elf {
    let high = 0xffff_ffff_8000_0000;
    let mut text = segment(R | X, high, &CODE);
    text.physical_address = 0;
    let mut data = segment(R | W, high + 4 * MIB, &[7; 16]);
    data.physical_address = 4 * MIB;
    data.size = 0x100;
    let mut elf = Elf::new(vec![text, data]);
    elf.symbol("_start", high, 1);
    elf.symbol("init_task", high + 4 * MIB, 2);
    elf
}

/// Firmware, linked to the start of RAM.
pub(super) fn firmware() -> Elf {
    let mut elf = Elf::new(vec![segment(R | X, START, &CODE)]);
    elf.symbol("_fw_start", START, 1);
    elf.symbol("tohost", START + 4, 1);
    elf
}

pub(super) fn files(kernel: &Path, firmware: &Path) -> BootFiles {
    BootFiles {
        kernel: Some(kernel.into()),
        firmware: Firmware::File(firmware.into()),
        ..BootFiles::default()
    }
}

/// The guest placed in so many MiB of RAM, or the message without the folder's path.
pub(super) fn boot(folder: &Folder, files: &BootFiles, mebibytes: u64) -> Result<Guest, String> {
    let placed = Guest::boot(files).and_then(|mut guest| {
        guest.place(START..START + mebibytes * MIB)?;
        Ok(guest)
    });
    let prefix = format!("{}/", folder.0.path().display());
    placed.map_err(|error| error.to_string().replace(&prefix, ""))
}

/// The message for a kernel with these bytes.
fn message(kernel: &[u8]) -> String {
    let folder = Folder::new();
    let files = files(
        &folder.file("kernel", kernel),
        &folder.file("fw", &firmware().build()),
    );
    boot(&folder, &files, 64).err().expect("an error")
}

/// Every piece that is loaded: address and length, and the bytes if they are not zero.
fn pieces(guest: &Guest) -> Vec<(u64, u64, Vec<u8>)> {
    let mut pieces = Vec::new();
    guest
        .load(|at, piece| {
            pieces.push(match piece {
                Piece::Bytes(bytes) => (at, bytes.len() as u64, bytes.to_vec()),
                Piece::Zero(size) => (at, size, Vec::new()),
            });
        })
        .unwrap();
    pieces
}

#[test]
fn an_image_lies_behind_its_firmware_with_the_memory_that_it_claims() {
    let folder = Folder::new();
    let kernel = folder.file("Image", &image(0x10_0000));
    let files = files(&kernel, &folder.file("fw", &firmware().build()));
    let guest = boot(&folder, &files, 64).unwrap();
    assert_eq!(guest.start(), START);
    assert_eq!(guest.entry(), START);
    assert_eq!(guest.next_stage(), Some(KERNEL));
    assert_eq!(guest.initrd(), None);
    assert_eq!(guest.kind(), Kind::Binary);
    assert_eq!(guest.name(), kernel.display().to_string());
    assert_eq!(guest.tohost(), None, "the firmware's is for other boards");
    assert!(guest.is_boot() && guest.has_firmware());
    let pieces = pieces(&guest);
    assert!(pieces.contains(&(KERNEL, 256, image(0x10_0000))));
    assert!(pieces.contains(&(KERNEL + 256, 0x10_0000 - 256, Vec::new())));
    assert!(pieces.contains(&(START, 8, CODE.to_vec())));
}

#[test]
fn a_compressed_image_is_the_same_guest() {
    let folder = Folder::new();
    let fw = folder.file("fw", &firmware().build());
    let plain = folder.file("Image", &image(0x10_0000));
    let gz = folder.file("Image.gz", &gzip(&image(0x10_0000)));
    let mut zboot = vec![0; 64];
    put(&mut zboot, 0, b"MZ\0\0zimg");
    let packed = gzip(&image(0x10_0000));
    put(&mut zboot, 8, &64u32.to_le_bytes());
    put(&mut zboot, 12, &(packed.len() as u32).to_le_bytes());
    put(&mut zboot, 24, b"gzip");
    zboot.extend(&packed);
    let zboot = folder.file("vmlinuz.efi", &zboot);
    let expected = pieces(&boot(&folder, &files(&plain, &fw), 64).unwrap());
    for kernel in [&gz, &zboot] {
        let guest = boot(&folder, &files(kernel, &fw), 64).unwrap();
        assert_eq!(pieces(&guest), expected, "{}", kernel.display());
        assert_eq!(sniff(kernel).unwrap(), FileKind::CompressedImage);
    }
}

#[test]
fn a_vmlinux_of_the_high_half_moves_to_where_a_kernel_goes() {
    let folder = Folder::new();
    let mut kernel = vmlinux();
    for kind in [kernel.kind, ET_DYN] {
        kernel.kind = kind;
        let path = folder.file("vmlinux", &kernel.build());
        let files = files(&path, &folder.file("fw", &firmware().build()));
        let guest = boot(&folder, &files, 64).unwrap();
        assert_eq!(guest.next_stage(), Some(KERNEL));
        let places: Vec<_> = guest
            .segments()
            .map(|s| (s.address, s.virtual_address))
            .collect();
        let high = 0xffff_ffff_8000_0000;
        assert_eq!(
            places,
            [
                (KERNEL, high),
                (KERNEL + 4 * MIB, high + 4 * MIB),
                (START, START)
            ]
        );
        let symbols = guest.symbols();
        assert_eq!(symbols.by_name("_fw_start"), Some(START));
        assert_eq!(symbols.by_address(high + 2), Some(("_start", 2)));
        assert_eq!(symbols.by_address(START + 2), Some(("_fw_start", 2)));
        assert_eq!(sniff(&path).unwrap(), FileKind::Kernel);
    }
}

#[test]
fn a_kernel_linked_to_ram_stays_there_and_starts_at_its_first_byte() {
    let folder = Folder::new();
    let mut kernel = Elf::new(vec![segment(R | X, KERNEL, &CODE)]);
    kernel.entry = KERNEL + 4;
    let path = folder.file("kernel", &kernel.build());
    let fw = folder.file("fw", &firmware().build());
    let guest = boot(&folder, &files(&path, &fw), 64).unwrap();
    assert_eq!(guest.next_stage(), Some(KERNEL));
    assert_eq!(sniff(&path).unwrap(), FileKind::Kernel);
    let none = BootFiles {
        firmware: Firmware::None,
        ..files(&path, &fw)
    };
    let guest = boot(&folder, &none, 64).unwrap();
    assert_eq!((guest.start(), guest.next_stage()), (KERNEL + 4, None));
}

#[test]
fn a_program_for_machine_mode_is_itself_without_firmware() {
    let folder = Folder::new();
    let path = folder.file("xv6", &firmware().build());
    assert_eq!(sniff(&path).unwrap(), FileKind::Program);
    let none = BootFiles {
        firmware: Firmware::None,
        ..files(&path, &path)
    };
    let guest = boot(&folder, &none, 64).unwrap();
    assert_eq!(guest.start(), START);
    assert_eq!(guest.tohost(), Some(START + 4));
    assert_eq!(
        boot(&folder, &files(&path, &path), 64).err().unwrap(),
        "xv6: the kernel (0x80000000-0x80000007) overlaps the firmware xv6 \
         (0x80000000-0x80000007); a kernel for M-mode takes no firmware: use --bios none"
    );
}

#[test]
fn bytes_without_a_header_are_firmware_and_kernel() {
    let folder = Folder::new();
    let raw = folder.file("u-boot.bin", &[0x2a, 0x82, 0xae, 0x84]);
    // Firmware of more than 2 MiB pushes the kernel up.
    for (length, kernel) in [(0x1000, KERNEL), (2 * MIB + 1, START + 4 * MIB)] {
        let fw = folder.file("fw.bin", &vec![0x93; length as usize]);
        let guest = boot(&folder, &files(&raw, &fw), 64).unwrap();
        assert_eq!((guest.start(), guest.next_stage()), (START, Some(kernel)));
    }
    let moved = folder.file("fw.elf", &pie(&[], &[]).build());
    let guest = boot(&folder, &files(&raw, &moved), 64).unwrap();
    assert_eq!(guest.start() & !0xfff, START, "a static PIE");
    assert_eq!(guest.next_stage(), Some(KERNEL));
}

#[test]
fn firmware_may_relocate_itself() {
    const R_RISCV_64: u64 = 2;
    let folder = Folder::new();
    let raw = folder.file("kernel", &[0x2a, 0x82]);
    let program = pie(&[[0x1000, R_RISCV_64, 5]], &[]).build();
    let fw = folder.file("fw.elf", &program);
    let guest = boot(&folder, &files(&raw, &fw), 64).unwrap();
    assert_eq!(guest.start(), START);
    let loaded = pieces(&guest);
    let data = loaded.iter().find(|(at, _, _)| *at == START + 0x1000);
    assert_eq!(data.unwrap().2[..8], 0x100u64.to_le_bytes(), "untouched");
    assert!(Guest::from_bytes("fw.elf", program).is_err());
}

#[test]
fn the_initrd_and_the_device_tree_keep_out_of_the_way() {
    let folder = Folder::new();
    let fw = folder.file("fw", &firmware().build());
    let disk = vec![0x30; 5 * MIB as usize];
    for (claimed, ram) in [
        (MIB, 16),
        (9 * MIB, 20),
        (20 * MIB, 64),
        (40 * MIB, 2048),
        (700 * MIB, 4096),
    ] {
        let kernel = folder.file("Image", &image(claimed));
        let files = BootFiles {
            initrd: Some(folder.file("initrd", &disk)),
            append: Some("console=ttyS0".into()),
            ..files(&kernel, &fw)
        };
        let guest = boot(&folder, &files, ram).unwrap();
        let range = START..START + ram * MIB;
        let initrd = guest.initrd().unwrap();
        assert_eq!(initrd.end - initrd.start, 5 * MIB);
        assert_eq!(initrd.start % (2 * MIB), 0);
        assert!(initrd.start >= KERNEL + claimed && initrd.end <= range.end);
        for size in [1, 3000, 2 * MIB] {
            let tree = guest.device_tree_place(range.clone(), size).unwrap();
            assert_eq!(tree % (2 * MIB), 0);
            assert!(tree + size <= range.end.min(0xc000_0000));
            assert!(
                tree + size <= initrd.start || tree >= initrd.end,
                "{tree:#x} {initrd:x?}"
            );
        }
        assert_eq!(guest.append(), Some("console=ttyS0"));
        let bytes: u64 = (pieces(&guest).iter())
            .filter(|(at, _, _)| initrd.contains(at))
            .map(|(_, _, bytes)| bytes.len() as u64)
            .sum();
        assert_eq!(bytes, 5 * MIB);
        let mut code = 0;
        guest
            .load_code(|at, _| code += u64::from(initrd.contains(&at)))
            .unwrap();
        assert_eq!(code, 0, "the initrd is no code");
    }
}

#[test]
fn what_does_not_fit_is_told_with_the_memory_that_would_do() {
    let folder = Folder::new();
    let fw = folder.file("fw", &firmware().build());
    let kernel = folder.file("Image", &image(40 * MIB));
    let mut files = files(&kernel, &fw);
    assert_eq!(
        boot(&folder, &files, 32).err().unwrap(),
        "Image: the kernel takes 0x2800000 bytes from 0x80200000 on (the file has 0x100), and RAM \
         is 0x80000000-0x81ffffff; give the guest more memory (-m 42M)"
    );
    let guest = boot(&folder, &files, 42).unwrap();
    assert_eq!(
        guest
            .device_tree_place(START..START + 42 * MIB, 3000)
            .unwrap_err()
            .to_string(),
        format!(
            "{}: no room for the device tree (0xbb8 bytes) near the end of RAM \
             (0x80000000-0x829fffff): the guest takes up to 0x829fffff; give it more memory (-m)",
            kernel.display()
        )
    );
    files.initrd = Some(folder.file("initrd", &vec![1; 3 * MIB as usize]));
    let error = boot(&folder, &files, 44).err().unwrap();
    assert!(
        error.starts_with(
            "initrd: the initrd has 0x300000 bytes, but the longest free stretch of RAM"
        ),
        "{error}"
    );
    let advice = error.rsplit_once("(-m ").unwrap().1.trim_end_matches("M)");
    boot(&folder, &files, advice.parse().unwrap()).unwrap();
    let tree = Guest::boot(&files).unwrap();
    let error = tree.device_tree_place(START..START + 64 * MIB, 2 * MIB + 1);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .ends_with("Linux takes up to 2 MiB")
    );
}

#[test]
fn wrong_fields_of_an_image() {
    let with = |offset, value: &[u8]| {
        let mut bytes = image(MIB);
        put(&mut bytes, offset, value);
        message(&bytes)
    };
    let cases = [
        (with(0x10, &[0; 8]), "image_size is 0x0; without it"),
        (
            with(0x08, &0x1000u64.to_le_bytes()),
            "text_offset is 0x1000; a 64-bit kernel",
        ),
        (
            with(0x18, &[1]),
            "flags is 0x1; bit 0 says that the kernel is big-endian",
        ),
        (
            with(0x22, &[1]),
            "version is 0x10002; Pagewalk knows major version 0",
        ),
        (
            with(0x38, b"rsc\x05"),
            "magic2 is 0x5637372; it must be 0x5435352",
        ),
    ];
    for (message, start) in cases {
        let expected = format!("kernel: Linux Image: {start}");
        assert!(message.starts_with(&expected), "{message}");
    }
    assert!(with(0x08, &[0; 8]).contains("for M-mode (text_offset is 0)"));
    let vast = with(0x10, &u64::MAX.to_le_bytes());
    assert!(
        vast.starts_with("kernel: the kernel takes 0xffffffffffffffff bytes"),
        "{vast}"
    );
    let vast = with(0x08, &(u64::MAX - (2 * MIB - 1)).to_le_bytes());
    assert!(
        vast.starts_with("kernel: the kernel takes 0x100000 bytes"),
        "{vast}"
    );
}

#[test]
fn a_kernel_for_supervisor_mode_needs_firmware() {
    let folder = Folder::new();
    for (name, bytes) in [("Image", image(MIB)), ("vmlinux", vmlinux().build())] {
        let path = folder.file(name, &bytes);
        let none = BootFiles {
            firmware: Firmware::None,
            ..files(&path, &path)
        };
        let error = boot(&folder, &none, 64).err().unwrap();
        assert!(
            error.starts_with(&format!("{name}: is a kernel for S-mode (")),
            "{error}"
        );
    }
    let mut bytes = image(MIB);
    put(&mut bytes, 0x08, &[0; 8]);
    let path = folder.file("Image", &bytes);
    let none = BootFiles {
        firmware: Firmware::None,
        ..files(&path, &path)
    };
    assert_eq!(boot(&folder, &none, 64).unwrap().start(), START);
}

#[test]
fn compressed_files_are_bounded_and_checked() {
    let mut cut = gzip(&image(MIB));
    cut.truncate(cut.len() - 4);
    assert!(message(&cut).starts_with("kernel: is gzip-compressed, but cannot be unpacked: "));
    let mut damaged = gzip(&image(MIB));
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    assert!(message(&damaged).contains("cannot be unpacked: "));
    assert_eq!(
        message(&gzip(&gzip(&image(MIB)))),
        "kernel: cannot be used as kernel: it is compressed more than once"
    );
    // 600 MiB of zeros.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..600 {
        encoder.write_all(&vec![0; MIB as usize]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 4 * MIB as usize);
    assert_eq!(
        message(&bomb),
        "kernel: is gzip-compressed and unpacks to more than 512 MiB"
    );
    let mut zboot = vec![0; 64];
    put(&mut zboot, 0, b"MZ\0\0zimg");
    put(&mut zboot, 24, b"zstd22");
    assert!(message(&zboot).contains("compressed with zstd22; Pagewalk unpacks gzip"));
    put(&mut zboot, 24, b"gzip\0\0\0");
    put(&mut zboot, 8, &[0xff; 8]);
    assert!(message(&zboot).contains("cannot be unpacked"));
}

#[test]
fn other_files_are_called_by_their_name() {
    let folder = Folder::new();
    let mut tar = vec![b'x'; 512];
    put(&mut tar, 257, b"ustar\0");
    let mut arm = vec![0; 64];
    put(&mut arm, 0x38, b"ARM\x64");
    let mut windows = vec![0; 256];
    put(&mut windows, 0, b"MZ");
    put(&mut windows, 0x3c, &0x80u32.to_le_bytes());
    put(&mut windows, 0x80, b"PE\0\0\x64\x86");
    let cases: [(&[u8], &str); 8] = [
        (b"#!/bin/sh\n", "it is a script"),
        (b"Hello.\n", "it is a text file"),
        (b"\x28\xb5\x2f\xfd\0\0", "it is compressed with zstd"),
        (b"070701000", "it is a cpio archive"),
        (b"\xd0\x0d\xfe\xed\0", "it is a device tree blob"),
        (&tar, "it is a tar archive"),
        (&arm, "it is a Linux Image for AArch64"),
        (&windows, "it is an EFI or Windows program for x86-64"),
    ];
    for (bytes, what) in cases {
        let path = folder.file("file", bytes);
        let sniffed = sniff(&path).unwrap_err().to_string();
        assert!(sniffed.contains(what), "{sniffed}");
        let error = message(bytes);
        assert!(
            error.starts_with("kernel: cannot be used as kernel: "),
            "{error}"
        );
        assert!(error.contains(what), "{error}");
    }
    let unknown = sniff(&folder.file("file", &[1, 2, 0xfe, 4, 5])).unwrap_err();
    assert!(
        unknown
            .to_string()
            .contains("(it starts with 01 02 fe 04); if it is a kernel")
    );
    let inside = sniff(&folder.file("file", &gzip(b"070701000"))).unwrap_err();
    assert!(inside.to_string().contains("a cpio archive"));
    let mut x86 = vmlinux().build();
    put(&mut x86, field::MACHINE, &62u16.to_le_bytes());
    let error = sniff(&folder.file("file", &x86)).unwrap_err().to_string();
    assert!(
        error.contains("made for x86-64 (e_machine is 62)"),
        "{error}"
    );
    assert_eq!(
        sniff(&folder.file("file", &image(MIB))).unwrap(),
        FileKind::Image
    );
}

#[test]
fn files_that_cannot_be_used() {
    let folder = Folder::new();
    let fw = folder.file("fw", &firmware().build());
    let kernel = folder.file("Image", &image(MIB));
    let base = files(&kernel, &fw);
    let empty = folder.file("empty", &[]);
    let with = |change: &dyn Fn(&mut BootFiles)| {
        let mut files = base.clone();
        change(&mut files);
        boot(&folder, &files, 64).err().unwrap()
    };
    assert_eq!(with(&|f| f.initrd = Some(empty.clone())), "empty: is empty");
    assert_eq!(with(&|f| f.kernel = Some(empty.clone())), "empty: is empty");
    assert_eq!(
        with(&|f| f.firmware = Firmware::File(kernel.clone())),
        "Image: cannot be used as firmware: it is a Linux Image, which is a kernel (--kernel)"
    );
    let error = with(&|f| f.initrd = Some(folder.0.path().into()));
    assert!(error.ends_with(": is a directory, not a file"), "{error}");
    assert!(with(&|f| f.append = Some("a\0b".into())).contains("has a NUL character"));
    let nothing = with(&|f| (f.kernel, f.firmware) = (None, Firmware::None));
    assert!(nothing.starts_with("the guest: there is neither a kernel"));
    let alone = BootFiles {
        kernel: None,
        ..base.clone()
    };
    let alone = boot(&folder, &alone, 64).unwrap();
    assert_eq!((alone.start(), alone.next_stage()), (START, None));
}

#[test]
fn a_device_tree_is_looked_at_before_it_is_believed() {
    let folder = Folder::new();
    let mut tree = vec![0; 128];
    for (index, word) in [0xd00d_feed, 128u32, 56, 100, 40, 17, 16, 0, 20, 40]
        .iter()
        .enumerate()
    {
        put(&mut tree, 4 * index, &word.to_be_bytes());
    }
    let fw = folder.file("fw", &firmware().build());
    let kernel = folder.file("Image", &image(MIB));
    let with = |bytes: &[u8]| {
        let files = BootFiles {
            dtb: Some(folder.file("dtb", bytes)),
            ..files(&kernel, &fw)
        };
        boot(&folder, &files, 64)
    };
    assert_eq!(with(&tree).unwrap().dtb(), Some(&tree[..]));
    let mut longer = tree.clone();
    longer.extend([0; 16]);
    assert_eq!(
        with(&longer).unwrap().dtb(),
        Some(&tree[..]),
        "totalsize counts"
    );
    let changed = |index: usize, word: u32| {
        let mut tree = tree.clone();
        put(&mut tree, 4 * index, &word.to_be_bytes());
        with(&tree).err().unwrap()
    };
    assert_eq!(
        changed(0, 0x7f45_4c46),
        "dtb: not a device tree blob (it starts with 7f 45 4c 46, not d0 0d fe ed)"
    );
    for (index, word, field) in [
        (1, 129, "totalsize is 129"),
        (1, 39, "totalsize is 39"),
        (2, u32::MAX, "off_dt_struct is 4294967295"),
        (2, 58, "off_dt_struct is 58"),
        (3, 109, "off_dt_strings is 109"),
        (4, 120, "off_mem_rsvmap is 120"),
        (4, u32::MAX - 7, "off_mem_rsvmap is 4294967288"),
        (4, 44, "off_mem_rsvmap is 44"),
        (5, 16, "version is 16"),
        (9, 18, "size_dt_struct is 18"),
        (6, 18, "last_comp_version is 18"),
    ] {
        let error = changed(index, word);
        assert!(
            error.starts_with(&format!("dtb: device tree blob: {field}; ")),
            "{error}"
        );
    }
    assert!(
        with(&tree[..20])
            .err()
            .unwrap()
            .contains("the file has 20 bytes")
    );
}
