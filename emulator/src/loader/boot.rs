//! A boot set: firmware, kernel, initrd, device tree and command line.

use std::path::{Path, PathBuf};

use super::boot_error::BootReason;
use super::error::{LoadError, Reason};
use super::firmware::{builtin_firmware, builtin_supervisor};
use super::formats::Shape;
use super::guest::Guest;
use super::image::Image;
use super::part::{Binary, Content, Part, Role};
use super::program::{self, Program};
use super::source::Source;
use super::unpack::{MAX_UNPACKED, gunzip};

/// Linux on RISC-V keeps so much of its command line.
const COMMAND_LINE: usize = 1024;

/// The largest device tree that Linux maps.
pub(super) const MAX_DEVICE_TREE: u64 = 2 << 20;

/// What runs first, in M-mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Firmware {
    /// Pagewalk's own (`--bios builtin`).
    #[default]
    Builtin,
    /// None: the kernel runs in M-mode (`--bios none`).
    None,
    /// An ELF file, or bytes for the start of RAM (`--bios FILE`).
    File(PathBuf),
}

/// The files and words that a boot takes, as the command line gives them.
#[derive(Clone, Debug, Default)]
pub struct BootFiles {
    /// A Linux Image, gzip-compressed or not; an ELF file; or bytes without a header, such as
    /// U-Boot's (`--kernel`).
    pub kernel: Option<PathBuf>,
    /// What runs first (`--bios`).
    pub firmware: Firmware,
    /// The initial RAM disk (`--initrd`).
    pub initrd: Option<PathBuf>,
    /// The kernel's command line (`--append`).
    pub append: Option<String>,
    /// A device tree blob in place of the board's (`--dtb`).
    pub dtb: Option<PathBuf>,
}

/// What a guest with a boot set has besides its parts.
#[derive(Default)]
pub(super) struct Boot {
    pub(super) append: Option<String>,
    pub(super) dtb: Option<Vec<u8>>,
}

impl Guest {
    /// Takes a kernel and what belongs to it.
    ///
    /// [`Guest::place`] puts everything where QEMU's board `virt` has it. Firmware goes to the
    /// start of RAM, or where it is linked. The kernel follows at the next multiple of 2 MiB
    /// (0x80200000 with all firmware that is usual); an ELF file goes to its physical addresses,
    /// if those are RAM. The memory that an Image's `image_size` claims is kept free. The initrd
    /// lies half of RAM above the kernel, at most 512 MiB, at a multiple of 2 MiB, or where else
    /// there is room.
    pub fn boot(files: &BootFiles) -> Result<Self, LoadError> {
        let without = files.firmware == Firmware::None;
        let kernel = (files.kernel.as_ref())
            .map(|path| open(path, |name, source| kernel(name, source, without)))
            .transpose()?;
        Self::boot_kernel(kernel, files)
    }

    /// Takes our own supervisor, the kernel under which Linux programs run, or another in its
    /// place if `files` names one.
    pub fn supervisor(files: &BootFiles) -> Result<Self, LoadError> {
        if files.kernel.is_some() {
            return Self::boot(files);
        }
        let source = Source::Bytes(builtin_supervisor().into());
        let kernel = kernel("the supervisor", source, files.firmware == Firmware::None)?;
        Self::boot_kernel(Some(kernel), files)
    }

    fn boot_kernel(
        kernel: Option<(Part, Option<Image>)>,
        files: &BootFiles,
    ) -> Result<Self, LoadError> {
        let mut parts = Vec::new();
        let mut image = None;
        if let Some((part, header)) = kernel {
            parts.push(part);
            image = header;
        }
        match &files.firmware {
            Firmware::None => {}
            Firmware::File(path) => parts.push(open(path, firmware)?),
            Firmware::Builtin if parts.is_empty() => {}
            Firmware::Builtin => parts.push(builtin()?),
        }
        let Some(first) = parts.first() else {
            return Err(error("the guest", BootReason::NothingToRun));
        };
        let name = first.name().to_owned();
        if let Some(path) = &files.initrd {
            parts.push(open(path, initrd)?);
        }
        let boot = Boot {
            append: files.append.clone(),
            dtb: (files.dtb.as_ref())
                .map(|path| {
                    open(path, |name, source| {
                        device_tree(&source).map_err(|reason| error(name, reason))
                    })
                })
                .transpose()?,
        };
        check_command_line(&name, files.append.as_deref())?;
        let mut guest = Self::of(name, parts, Some(boot));
        guest.image = image;
        Ok(guest)
    }
}

fn error(name: &str, reason: impl Into<Reason>) -> LoadError {
    LoadError {
        file: name.to_owned(),
        reason: reason.into(),
    }
}

/// Opens a file and makes something of it; errors name the file.
pub(super) fn open<T>(
    path: &Path,
    make: impl FnOnce(&str, Source) -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let name = path.display().to_string();
    let source = Source::open(path).map_err(|reason| match reason {
        Reason::Directory => error(&name, BootReason::Directory),
        other => error(&name, other),
    })?;
    if source.length() == 0 {
        return Err(error(&name, Reason::Empty));
    }
    make(&name, source)
}

fn builtin() -> Result<Part, LoadError> {
    let name = "that is built in";
    let bytes = builtin_firmware().ok_or_else(|| error(name, BootReason::NoBuiltinFirmware))?;
    firmware(name, Source::Bytes(bytes.into()))
}

fn firmware(name: &str, source: Source) -> Result<Part, LoadError> {
    let what = match Shape::of(&source).map_err(|reason| error(name, reason))? {
        Shape::Elf => {
            let program = Program::read(name.to_owned(), source, program::Role::Firmware)?;
            return Ok(Part {
                role: Role::Firmware,
                content: Content::Program(program),
            });
        }
        Shape::Unknown(_) => {
            let binary = Binary::new(name.to_owned(), source, "the firmware");
            return Ok(Part {
                role: Role::Firmware,
                content: Content::Binary(binary),
            });
        }
        Shape::Image(_) | Shape::EfiCompressed { .. } => {
            "a Linux Image, which is a kernel (--kernel)"
        }
        Shape::Gzip => "compressed with gzip: unpack it first",
        Shape::Known(what) => what,
    };
    let role = Role::Firmware;
    Err(error(name, BootReason::Unsuitable { role, what }))
}

/// The kernel's part, and the header of an Image. `without` firmware it has to run in M-mode.
fn kernel(name: &str, source: Source, without: bool) -> Result<(Part, Option<Image>), LoadError> {
    let wrong = |reason| error(name, reason);
    let (source, shape) = unpacked(source).map_err(wrong)?;
    let mut image = None;
    let content = match shape {
        Shape::Elf => Content::Program(Program::read(
            name.to_owned(),
            source,
            program::Role::Kernel,
        )?),
        Shape::Unknown(_) => Content::Binary(Binary::new(name.to_owned(), source, "the kernel")),
        Shape::Image(header) => {
            if without && !header.for_machine_mode() {
                let reason = BootReason::NeedsFirmware("its text_offset is not 0");
                return Err(error(name, reason));
            }
            if !without && header.for_machine_mode() {
                return Err(error(name, BootReason::NeedsNoFirmware));
            }
            let mut binary = Binary::new(name.to_owned(), source, "the kernel");
            if let Some(size) = header.file_size.filter(|&size| binary.size < size) {
                let there = binary.size;
                return Err(error(name, BootReason::ImageCut { there, size }));
            }
            if binary.size > header.image_size {
                log::warn!(
                    target: crate::trace::LOADER,
                    "{name}: image_size is {:#x}, but the file has {:#x} bytes",
                    header.image_size,
                    binary.size
                );
            }
            binary.size = binary.size.max(header.image_size);
            image = Some(header);
            Content::Binary(binary)
        }
        Shape::Known(what) => {
            let role = Role::Kernel;
            return Err(error(name, BootReason::Unsuitable { role, what }));
        }
        Shape::Gzip | Shape::EfiCompressed { .. } => {
            let (role, what) = (Role::Kernel, "compressed more than once");
            return Err(error(name, BootReason::Unsuitable { role, what }));
        }
    };
    let role = Role::Kernel;
    Ok((Part { role, content }, image))
}

/// What a file holds, after unpacking it if it is compressed.
fn unpacked(source: Source) -> Result<(Source, Shape), Reason> {
    let place = match Shape::of(&source)? {
        Shape::Gzip => 0..source.length(),
        Shape::EfiCompressed {
            offset,
            size,
            method,
        } => {
            if method != "gzip" {
                return Err(BootReason::EfiCompressed(method).into());
            }
            // Both are 32 bits wide.
            offset..(offset + size).min(source.length())
        }
        shape => return Ok((source, shape)),
    };
    let bytes = gunzip(&source, place, MAX_UNPACKED, false)?;
    let source = Source::Bytes(bytes.into());
    let shape = Shape::of(&source)?;
    Ok((source, shape))
}

fn initrd(name: &str, source: Source) -> Result<Part, LoadError> {
    let binary = Binary::new(name.to_owned(), source, "the initrd");
    Ok(Part {
        role: Role::Initrd,
        content: Content::Binary(binary),
    })
}

fn check_command_line(name: &str, line: Option<&str>) -> Result<(), LoadError> {
    let line = line.unwrap_or_default();
    if line.contains('\0') {
        return Err(error(name, BootReason::CommandLineNul));
    }
    if line.len() >= COMMAND_LINE {
        log::warn!(
            target: crate::trace::LOADER,
            "the kernel command line has {} characters; Linux keeps {}",
            line.len(),
            COMMAND_LINE - 1
        );
    }
    Ok(())
}

/// A device tree blob, of which the header is looked at (Devicetree Specification 0.4, 5.2).
fn device_tree(source: &Source) -> Result<Vec<u8>, Reason> {
    const HEADER: usize = 40;
    const MAGIC: u32 = 0xd00d_feed;
    /// The version that everybody writes, and can be read as.
    const VERSION: u32 = 17;
    const COMPATIBLE: u32 = 16;
    /// The list of reserved memory has at least its end, two numbers of 8 bytes.
    const RESERVED: u32 = 16;
    let length = source.length();
    let mut header = [0; HEADER];
    let there = length.min(HEADER as u64) as usize;
    source.read(0, &mut header[..there], "the device tree's header")?;
    let word = |index: usize| {
        let bytes = header[4 * index..].first_chunk();
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    if word(0) != MAGIC {
        let start = header[..there.min(4)].to_vec();
        return Err(BootReason::NotDeviceTree { start }.into());
    }
    let wrong = |field, value: u32, problem| {
        let value = value.into();
        let reason = BootReason::DeviceTreeField {
            field,
            value,
            problem,
        };
        Err(Reason::from(reason))
    };
    let size = word(1);
    if u64::from(size) > length || (size as usize) < HEADER {
        let problem = format!("the file has {length} bytes, and the header {HEADER}");
        return wrong("totalsize", size, problem);
    }
    if u64::from(size) > MAX_DEVICE_TREE {
        return Err(BootReason::DeviceTreeTooLarge(size.into()).into());
    }
    if word(5) < VERSION {
        return wrong("version", word(5), format!("it must be {VERSION} or later"));
    }
    if word(6) > VERSION {
        let problem = format!("Pagewalk knows versions {COMPATIBLE} and {VERSION}");
        return wrong("last_comp_version", word(6), problem);
    }
    if !word(9).is_multiple_of(4) {
        let problem = "it must be a multiple of 4".to_owned();
        return wrong("size_dt_struct", word(9), problem);
    }
    let blocks = [
        ("off_mem_rsvmap", word(4), RESERVED, 8),
        ("off_dt_struct", word(2), word(9), 4),
        ("off_dt_strings", word(3), word(8), 1),
    ];
    for (field, offset, length, alignment) in blocks {
        if !offset.is_multiple_of(alignment) {
            let problem = format!("it must be a multiple of {alignment}");
            return wrong(field, offset, problem);
        }
        if u64::from(offset) + u64::from(length) > u64::from(size) {
            let problem = format!("with {length} bytes it ends behind totalsize ({size})");
            return wrong(field, offset, problem);
        }
    }
    let mut bytes = vec![0; size as usize];
    source.read(0, &mut bytes, "the device tree")?;
    Ok(bytes)
}
