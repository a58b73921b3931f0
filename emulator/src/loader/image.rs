//! The header of a Linux Image for RISC-V (Linux, "Boot image header in RISC-V Linux").

use super::boot_error::BootReason;
use super::program::LARGE_PAGE;
use object::pe::{ImageDosHeader, ImageNtHeaders64};
use object::read::pe::ImageNtHeaders;

/// The header's size.
pub(super) const HEADER: usize = 64;

const MAGIC: &[u8] = b"RISCV\0\0\0";
const MAGIC2: &[u8] = b"RSC\x05";

/// Version 0.2, from which on `magic2` is the one that counts.
const VERSION_WITH_MAGIC2: u32 = 2;

/// What the header of a Linux Image says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Where it goes, less the start of RAM.
    pub text_offset: u64,
    /// The memory it takes, with what the file has no bytes for.
    pub image_size: u64,
    /// Whether it can also be started as an EFI application.
    pub efi: bool,
    /// The bytes that its file has, if it says so: an EFI application does, by its sections.
    pub file_size: Option<u64>,
}

impl Image {
    /// Reads the header from a file's first bytes, with the EFI header if it is among them; `None` if it is something else.
    pub(super) fn parse(bytes: &[u8]) -> Option<Result<Self, BootReason>> {
        let header: &[u8; HEADER] = bytes.first_chunk()?;
        let word = |at: usize| {
            header[at..]
                .first_chunk()
                .map_or(0, |word| u64::from_le_bytes(*word))
        };
        let (magic, magic2) = (&header[0x30..0x38] == MAGIC, &header[0x38..0x3c] == MAGIC2);
        if !magic && !magic2 {
            return None;
        }
        let version = word(0x20) as u32;
        let (text_offset, image_size, flags) = (word(0x08), word(0x10), word(0x18));
        let wrong = |field, value, problem| {
            let reason = BootReason::ImageField {
                field,
                value,
                problem,
            };
            Some(Err(reason))
        };
        if version >> 16 != 0 {
            return wrong(
                "version",
                version.into(),
                "Pagewalk knows major version 0 (the high half)",
            );
        }
        if !magic2 && version >= VERSION_WITH_MAGIC2 {
            let value = word(0x38) & 0xffff_ffff;
            return wrong("magic2", value, "it must be 0x5435352 (\"RSC\\x05\")");
        }
        if flags & 1 != 0 {
            return wrong("flags", flags, "bit 0 says that the kernel is big-endian");
        }
        if image_size == 0 {
            return wrong(
                "image_size",
                0,
                "without it nobody knows how much memory the kernel takes",
            );
        }
        if !text_offset.is_multiple_of(LARGE_PAGE) {
            return wrong(
                "text_offset",
                text_offset,
                "a 64-bit kernel lies at a multiple of 2 MiB",
            );
        }
        Some(Ok(Self {
            text_offset,
            image_size,
            efi: header.starts_with(b"MZ"),
            file_size: file_size(bytes),
        }))
    }

    /// Whether it was built to run in M-mode, where it owns RAM from its start.
    pub(super) fn for_machine_mode(&self) -> bool {
        self.text_offset == 0
    }
}

/// Where the last section of an EFI application ends in its file.
fn file_size(bytes: &[u8]) -> Option<u64> {
    let mut offset = ImageDosHeader::parse(bytes)
        .ok()?
        .nt_headers_offset()
        .into();
    let (headers, _) = ImageNtHeaders64::parse(bytes, &mut offset).ok()?;
    let sections = headers.sections(bytes, offset).ok()?;
    let ends = sections.iter().map(|section| {
        let (start, size) = section.pe_file_range();
        u64::from(start) + u64::from(size)
    });
    ends.max()
}
