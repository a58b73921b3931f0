//! Linux Images of which a part is missing.

use super::boot::{Folder, MIB, boot, files, firmware, image};
use crate::support::elf::put;

/// The message for a kernel with these bytes, if it cannot be used.
fn message(kernel: &[u8]) -> String {
    let folder = Folder::new();
    let firmware = folder.file("fw", &firmware().build());
    let files = files(&folder.file("kernel", kernel), &firmware);
    boot(&folder, &files, 64).err().unwrap_or_default()
}

/// An Image with an EFI header, whose two sections end at the end of the file.
fn efi_image() -> Vec<u8> {
    let mut bytes = image(MIB);
    bytes.resize(0x400, 0);
    put(&mut bytes, 0, b"MZ");
    put(&mut bytes, 0x3c, &0x40u32.to_le_bytes());
    put(&mut bytes, 0x40, b"PE\0\0\x64\x50\x02\0");
    // The optional header: PE32+, without directories.
    put(&mut bytes, 0x54, &0x70u16.to_le_bytes());
    put(&mut bytes, 0x58, &0x20bu16.to_le_bytes());
    bytes[0x5a..0x58 + 0x70].fill(0);
    // In memory the second section is larger, as one with a .bss is.
    for (at, name, [memory, size, offset]) in [
        (0xc8, b".text\0\0\0", [0x100u32, 0x100, 0x200]),
        (0xf0, b".data\0\0\0", [0x2000, 0x100, 0x300]),
    ] {
        put(&mut bytes, at, name);
        put(&mut bytes, at + 8, &memory.to_le_bytes());
        put(&mut bytes, at + 12, &0u32.to_le_bytes());
        put(&mut bytes, at + 16, &size.to_le_bytes());
        put(&mut bytes, at + 20, &offset.to_le_bytes());
    }
    bytes
}

#[test]
fn an_image_whose_end_is_missing_is_told_with_both_sizes() {
    let whole = efi_image();
    assert_eq!(message(&whole), "");
    let said = "kernel: Linux Image: the file has 0x3ff bytes, but its EFI header says 0x400: the \
                end is missing";
    assert_eq!(message(&whole[..0x3ff]), said);
    // Without an EFI header nobody knows where the file should end: image_size covers memory
    // that no file has bytes for.
    assert_eq!(message(&image(MIB)[..0x80]), "");
}

#[test]
fn a_strange_efi_header_is_no_reason_to_refuse_an_image() {
    for (at, value) in [
        (0x3c, 0xffff_fff0u32),
        (0x40, 0),
        (0x46, 0xffff),
        (0x54, 0xffff),
    ] {
        let mut bytes = efi_image();
        put(&mut bytes, at, &value.to_le_bytes());
        assert_eq!(message(&bytes), "", "{at:#x}");
    }
}
