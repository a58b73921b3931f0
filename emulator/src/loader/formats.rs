//! What a file looks like, from its first bytes.

use super::error::Reason;
use super::image::Image;
use super::source::Source;

/// So many of a file's first bytes are looked at.
const LOOKED_AT: u64 = 4096;

/// A file, told by its first bytes.
#[derive(Debug)]
pub(super) enum Shape {
    /// An ELF file of any kind.
    Elf,
    /// A Linux Image for RISC-V.
    Image(Image),
    /// Something in gzip.
    Gzip,
    /// An EFI image around a compressed kernel: where that lies in the file, and its method.
    EfiCompressed {
        offset: u64,
        size: u64,
        method: String,
    },
    /// A format that is no kernel and no firmware, with an article.
    Known(&'static str),
    /// Bytes without a format that is known; up to four of them.
    Unknown(Vec<u8>),
}

impl Shape {
    /// Looks at a file, which must not be empty.
    pub(super) fn of(source: &Source) -> Result<Self, Reason> {
        let mut bytes = vec![0; source.length().min(LOOKED_AT) as usize];
        source.read(0, &mut bytes, "its first bytes")?;
        if bytes.is_empty() {
            return Err(Reason::Empty);
        }
        if bytes.starts_with(b"\x7fELF") {
            return Ok(Self::Elf);
        }
        if bytes.starts_with(&[0x1f, 0x8b]) {
            return Ok(Self::Gzip);
        }
        if let Some(image) = Image::parse(&bytes) {
            return Ok(Self::Image(image?));
        }
        Ok(efi_compressed(&bytes)
            .or_else(|| known(&bytes).map(Self::Known))
            .unwrap_or_else(|| Self::Unknown(bytes[..bytes.len().min(4)].to_vec())))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*word))
}

/// Linux with CONFIG_EFI_ZBOOT: "zimg" at 4, where the kernel lies at 8 and 12, and the name of
/// the method from 24 on.
fn efi_compressed(bytes: &[u8]) -> Option<Shape> {
    if !bytes.starts_with(b"MZ") || bytes.get(4..8)? != b"zimg" {
        return None;
    }
    let name = bytes.get(24..56)?.split(|&byte| byte == 0).next()?;
    Some(Shape::EfiCompressed {
        offset: word(bytes, 8)?.into(),
        size: word(bytes, 12)?.into(),
        method: String::from_utf8_lossy(name).escape_debug().collect(),
    })
}

/// Formats that begin with a fixed word.
const STARTS: &[(&[u8], &str)] = &[
    (b"#!", "a script"),
    (b"BZh", "compressed with bzip2: unpack it first"),
    (b"\xfd7zXZ\0", "compressed with xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"),
    (b"\x04\x22\x4d\x18", "compressed with lz4: unpack it first"),
    (b"\x02\x21\x4c\x18", "compressed with lz4: unpack it first"),
    (b"\x89LZO", "compressed with lzop: unpack it first"),
    (b"PK\x03\x04", "a zip archive"),
    (b"!<arch>\n", "an archive (of objects, or a Debian package)"),
    (
        b"07070",
        "a cpio archive; an initramfs is given with --initrd",
    ),
    (
        b"hsqs",
        "a squashfs file system; a disk is given with --drive",
    ),
    (
        b"QFI\xfb",
        "a qcow2 disk image; Pagewalk's disks are raw files (--drive)",
    ),
    (
        b"\xd0\x0d\xfe\xed",
        "a device tree blob or a FIT image; a device tree is given with --dtb",
    ),
    (
        b"\x27\x05\x19\x56",
        "a legacy U-Boot image (mkimage), which U-Boot can load from a disk",
    ),
    (b"ANDROID!", "an Android boot image"),
    (b"\xfe\xed\xfa", "a Mach-O file"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O file"),
    (b"\xca\xfe\xba\xbe", "a Java class or a Mach-O file"),
    (b"\0asm", "a WebAssembly module"),
    (b"BC\xc0\xde", "LLVM bitcode"),
];

/// Formats with a fixed word elsewhere.
const LATER: &[(usize, &[u8], &str)] = &[
    (
        0x38,
        b"ARM\x64",
        "a Linux Image for AArch64, not for RISC-V",
    ),
    (0x202, b"HdrS", "a Linux bzImage for x86, not for RISC-V"),
    (257, b"ustar", "a tar archive"),
    (
        0x438,
        b"\x53\xef",
        "an ext2, ext3 or ext4 file system; a disk is given with --drive",
    ),
];

/// What a file is that can be neither kernel nor firmware, if that is sure.
fn known(bytes: &[u8]) -> Option<&'static str> {
    let at =
        |offset: usize, magic: &[u8]| bytes.get(offset..)?.get(..magic.len()).map(|b| b == magic);
    STARTS
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, what)| *what)
        .or_else(|| {
            let found = LATER
                .iter()
                .find(|(offset, magic, _)| at(*offset, magic) == Some(true));
            found.map(|(_, _, what)| *what)
        })
        .or_else(|| windows_program(bytes))
        .or_else(|| is_text(bytes).then_some("a text file"))
}

/// A PE file. Linux's own are told before by their magic numbers.
fn windows_program(bytes: &[u8]) -> Option<&'static str> {
    let header = word(bytes, 0x3c)? as usize;
    if !bytes.starts_with(b"MZ") || word(bytes, header)? != u32::from_le_bytes(*b"PE\0\0") {
        return None;
    }
    Some(match word(bytes, header.checked_add(4)?)? as u16 {
        0x5064 => "an EFI application for RISC-V, which only EFI firmware can start",
        0x8664 => "an EFI or Windows program for x86-64, not for RISC-V",
        0xaa64 => "an EFI or Windows program for AArch64, not for RISC-V",
        0x014c => "an EFI or Windows program for x86, not for RISC-V",
        _ => "an EFI or Windows program for another machine",
    })
}

fn is_text(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
}
