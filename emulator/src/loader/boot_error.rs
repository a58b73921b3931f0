//! Why a kernel, its firmware, its initrd, its device tree or its symbols cannot be used.

use super::error::{Hex, Span};
use super::part::Role;
use super::sections::DebugError;

/// What is wrong with a file that is more, or less, than an ELF program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootReason {
    /// No file at all.
    #[error("there is neither a kernel (--kernel) nor a firmware (--bios FILE) to run")]
    NothingToRun,
    /// This build has no firmware.
    #[error("this build of Pagewalk has no firmware of its own; give one with --bios FILE")]
    NoBuiltinFirmware,
    /// A directory.
    #[error("is a directory, not a file")]
    Directory,
    /// A file of a known format that is not what was asked for.
    #[error("cannot be used as {role}: it is {what}")]
    Unsuitable {
        /// What it was to be.
        role: Role,
        /// What it looks like, with an article and perhaps advice.
        what: &'static str,
    },
    /// A file of a known format that nothing runs.
    #[error("neither an ELF file nor a Linux Image: it is {0}")]
    NotRunnable(&'static str),
    /// A script.
    #[error(
        "neither an ELF file nor a Linux Image: it is a script for {interpreter}; run that, if it is \
         an ELF file for RISC-V, and give it the script as its argument"
    )]
    Script {
        /// The file that its first line names.
        interpreter: String,
    },
    /// A file of an unknown format.
    #[error(
        "neither an ELF file nor a Linux Image (it starts with {}); if it is a kernel without a \
         header, say so with --kernel",
        Hex(.start)
    )]
    Unknown {
        /// Up to four bytes.
        start: Vec<u8>,
    },
    /// The compressed data is damaged.
    #[error("is gzip-compressed, but cannot be unpacked: {0}")]
    Gzip(std::io::Error),
    /// The compressed data is too long.
    #[error("is gzip-compressed and unpacks to more than {0} MiB")]
    GzipTooLarge(u64),
    /// An EFI image that unpacks itself, of a kind that Pagewalk does not unpack.
    #[error(
        "is an EFI image that holds a kernel compressed with {0}; Pagewalk unpacks gzip: unpack it \
         first"
    )]
    EfiCompressed(String),
    /// A field of a Linux Image's header.
    #[error("Linux Image: {field} is {value:#x}; {problem}")]
    ImageField {
        /// The field's name in the header's description.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A Linux Image of which the end is missing.
    #[error(
        "Linux Image: the file has {there:#x} bytes, but its EFI header says {size:#x}: the end is \
         missing"
    )]
    ImageCut {
        /// The bytes of the file.
        there: u64,
        /// The bytes that it should have.
        size: u64,
    },
    /// A kernel for S-mode without firmware.
    #[error(
        "is a kernel for S-mode ({0}), which needs firmware: it cannot run with --bios none. (An \
         Image for M-mode has text_offset 0.)"
    )]
    NeedsFirmware(&'static str),
    /// A kernel for M-mode with firmware.
    #[error(
        "is a Linux Image for M-mode (text_offset is 0), where no firmware can be: use --bios none"
    )]
    NeedsNoFirmware,
    /// A part that does not fit.
    #[error(
        "the {role} takes {size:#x} bytes from {start:#x} on{}, and RAM is {ram}; give the guest \
         more memory (-m {mebibytes}M)",
        if *.size > *.file_size { format!(" (the file has {file_size:#x})") } else { String::new() }
    )]
    NoRoom {
        /// What it is.
        role: Role,
        /// Where it would go.
        start: u64,
        /// The memory that it takes.
        size: u64,
        /// The bytes of its file.
        file_size: u64,
        /// Where RAM lies.
        ram: Span,
        /// The memory that would be enough.
        mebibytes: u64,
    },
    /// Two parts want the same memory.
    #[error("the {role} ({span}) overlaps the {other} {other_name} ({other_span}){advice}")]
    PartsOverlap {
        /// What it is.
        role: Role,
        /// Where it lies.
        span: Span,
        /// What the other one is.
        other: Role,
        /// The other's file.
        other_name: String,
        /// Where the other lies.
        other_span: Span,
        /// What may help.
        advice: &'static str,
    },
    /// No stretch of free memory is long enough for the initrd.
    #[error(
        "the initrd has {size:#x} bytes, but the longest free stretch of RAM ({ram}) has \
         {longest:#x}; give the guest more memory (-m {mebibytes}M)"
    )]
    NoRoomForInitrd {
        /// The bytes of the file.
        size: u64,
        /// The longest stretch.
        longest: u64,
        /// Where RAM lies.
        ram: Span,
        /// The memory that would be enough.
        mebibytes: u64,
    },
    /// The device tree does not fit below the end of RAM.
    #[error(
        "no room for the device tree ({size:#x} bytes) near the end of RAM ({ram}): the guest takes \
         up to {last:#x}; give it more memory (-m)"
    )]
    NoRoomForDeviceTree {
        /// The device tree's size.
        size: u64,
        /// The last byte that the guest's parts take.
        last: u64,
        /// Where RAM lies.
        ram: Span,
    },
    /// Linux maps a device tree of at most 2 MiB.
    #[error("the device tree has {0} bytes; Linux takes up to 2 MiB")]
    DeviceTreeTooLarge(u64),
    /// Not a device tree.
    #[error("not a device tree blob (it starts with {}, not d0 0d fe ed)", Hex(.start))]
    NotDeviceTree {
        /// Up to four bytes.
        start: Vec<u8>,
    },
    /// A field of a device tree's header.
    #[error("device tree blob: {field} is {value}; {problem}")]
    DeviceTreeField {
        /// The field's name in the specification.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A kernel command line with a NUL.
    #[error("the kernel command line (--append) has a NUL character in it")]
    CommandLineNul,
    /// Symbols that cannot be read.
    #[error("its symbols cannot be read: {0}")]
    Symbols(DebugError),
    /// A file without symbols.
    #[error("has no symbols: it is stripped")]
    Stripped,
    /// Not a list of symbols.
    #[error("neither an ELF file nor a System.map: it is {0}")]
    NotSymbols(&'static str),
    /// A System.map that only names another.
    #[error("holds no symbols; all it says is \"{0}\"")]
    SystemMapStub(String),
    /// `/proc/kallsyms`, read by a user who may not see addresses.
    #[error("every address in it is zero: /proc/kallsyms tells addresses only to root")]
    SystemMapZero,
    /// A line that is no symbol.
    #[error("line {line} is no line of a System.map (address, type, name): {text}")]
    SystemMapLine {
        /// Its number, from 1.
        line: usize,
        /// The start of it.
        text: String,
    },
    /// Larger than any list of symbols.
    #[error("has {0} bytes; Pagewalk reads a System.map of up to 64 MiB")]
    SystemMapTooLarge(u64),
}
