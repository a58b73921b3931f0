//! What to do with a file that the user only names.

use std::path::Path;

use super::boot::open;
use super::boot_error::BootReason;
use super::error::{LoadError, Reason};
use super::formats::Shape;
use super::header;
use super::linux::is_linux_program;
use super::part::Role;
use super::program::{self, HIGH_HALF, Program};
use super::source::Source;
use super::unpack::gunzip;

/// So many bytes of a compressed file are unpacked to see what is in it.
const UNPACKED: u64 = 4096;

/// Where firmware of every kind expects a kernel without further words, from the start of RAM.
const KERNEL: u64 = 0x8020_0000;

/// The kinds of files that can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// An ELF program that starts in M-mode and needs nothing else: for [`Guest::open`], or for
    /// [`Guest::boot`] without firmware.
    ///
    /// [`Guest::open`]: super::Guest::open
    /// [`Guest::boot`]: super::Guest::boot
    Program,
    /// A program for Linux: for [`Guest::supervisor`].
    ///
    /// [`Guest::supervisor`]: super::Guest::supervisor
    LinuxProgram,
    /// A kernel's ELF file, which firmware starts in S-mode: its entry is in the high half, as
    /// that of Linux's `vmlinux`, or it is linked to 0x80200000, where firmware expects kernels.
    /// One with the symbol `tohost` is a program all the same.
    Kernel,
    /// A Linux Image, perhaps with an EFI stub.
    Image,
    /// A compressed kernel: gzip, or an EFI image that unpacks itself.
    CompressedImage,
}

impl FileKind {
    /// Whether something else than itself starts it, unless the user says otherwise: firmware,
    /// or firmware and our own supervisor.
    pub fn wants_firmware(self) -> bool {
        self != Self::Program
    }
}

/// Tells what a file is, or why it cannot run.
pub fn sniff(path: &Path) -> Result<FileKind, LoadError> {
    open(path, |name, source| {
        let error = |reason| LoadError {
            file: name.to_owned(),
            reason,
        };
        let kind = match Shape::of(&source).map_err(error)? {
            Shape::Elf => return elf(name, source),
            Shape::Image(_) => FileKind::Image,
            Shape::Gzip => compressed(&source).map_err(error)?,
            Shape::EfiCompressed { .. } => FileKind::CompressedImage,
            Shape::Known(what) => {
                let reason = script(&source).unwrap_or(BootReason::NotRunnable(what));
                return Err(error(reason.into()));
            }
            Shape::Unknown(start) => return Err(error(BootReason::Unknown { start }.into())),
        };
        Ok(kind)
    })
}

/// Who a script is for, if it is one.
fn script(source: &Source) -> Option<BootReason> {
    let mut bytes = vec![0; source.length().min(256) as usize];
    source.read_at(0, &mut bytes).ok()?;
    let line = bytes
        .strip_prefix(b"#!")?
        .split(|&byte| byte == b'\n')
        .next()?;
    let line = String::from_utf8_lossy(line);
    let interpreter = line.split_whitespace().next()?.escape_debug().collect();
    Some(BootReason::Script { interpreter })
}

fn elf(name: &str, source: Source) -> Result<FileKind, LoadError> {
    let header = header::read(&source).map_err(|reason| LoadError {
        file: name.to_owned(),
        reason,
    })?;
    if header.e_entry < HIGH_HALF && is_linux_program(&source, &header) {
        return Ok(FileKind::LinuxProgram);
    }
    let program = Program::read(name.to_owned(), source, program::Role::Kernel)?;
    // What is wrong with symbols is told when they are wanted.
    let symbols = program.symbols().unwrap_or_default();
    let lowest = program.segments().next().map(|segment| segment.address);
    let kernel = program.is_high() || lowest == Some(KERNEL);
    Ok(if kernel && symbols.by_name("tohost").is_none() {
        FileKind::Kernel
    } else {
        FileKind::Program
    })
}

/// What is in a compressed file, as far as its first bytes tell.
fn compressed(source: &Source) -> Result<FileKind, Reason> {
    let bytes = gunzip(source, 0..source.length(), UNPACKED, true)?;
    let inside = Source::Bytes(bytes.into());
    match Shape::of(&inside)? {
        Shape::Elf | Shape::Image(_) => Ok(FileKind::CompressedImage),
        Shape::Known(what) => Err(BootReason::NotRunnable(what).into()),
        Shape::Unknown(start) => Err(BootReason::Unknown { start }.into()),
        Shape::Gzip | Shape::EfiCompressed { .. } => {
            let (role, what) = (Role::Kernel, "compressed more than once");
            Err(BootReason::Unsuitable { role, what }.into())
        }
    }
}
