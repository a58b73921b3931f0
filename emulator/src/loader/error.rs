//! Why a guest cannot be loaded: one variant per reason, each of which names the field, its
//! value and what is wrong with it.

use std::fmt;
use std::io;

use goblin::elf::header as elf;

use super::boot_error::BootReason;

/// A guest that cannot be loaded: which file, and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct LoadError {
    /// The file's path as the user gave it, or the name given with the bytes.
    pub file: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// A run of addresses, shown with its first and its last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first address.
    pub start: u64,
    /// The number of bytes; at least one.
    pub size: u64,
}

impl Span {
    /// The last address of the run.
    pub fn last(self) -> u64 {
        self.start.wrapping_add(self.size.wrapping_sub(1))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}-{:#x}", self.start, self.last())
    }
}

/// What is wrong with a guest's file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The operating system does not open it.
    #[error("cannot be opened: {0}")]
    CannotOpen(io::Error),
    /// The operating system does not read it.
    #[error("cannot read {what}: {error}")]
    CannotRead {
        /// The part that was to be read.
        what: &'static str,
        /// The operating system's reason.
        error: io::Error,
    },
    /// The file lost bytes between two reads.
    #[error("became shorter while {what} was read")]
    Shrank {
        /// The part that was to be read.
        what: &'static str,
    },
    /// A directory.
    #[error("is a directory, not an ELF file")]
    Directory,
    /// A pipe, a socket or a device.
    #[error("is a {0}, not a regular file")]
    SpecialFile(&'static str),
    /// No bytes at all.
    #[error("is empty")]
    Empty,
    /// The magic number is missing.
    #[error("not an ELF file (it starts with {})", Hex(.start))]
    NotElf {
        /// Up to four bytes.
        start: Vec<u8>,
    },
    /// Shorter than an ELF header.
    #[error(
        "truncated: the ELF header has {} bytes, the file {length}",
        elf::header64::SIZEOF_EHDR
    )]
    TruncatedHeader {
        /// The file's length.
        length: u64,
    },
    /// EI_CLASS is ELFCLASS32.
    #[error("a 32-bit ELF file (EI_CLASS is 1); Pagewalk runs 64-bit ones (2)")]
    ThirtyTwoBit,
    /// EI_CLASS is neither.
    #[error("EI_CLASS is {0}; a 64-bit ELF file has 2")]
    UnknownClass(u8),
    /// EI_DATA is ELFDATA2MSB.
    #[error("a big-endian ELF file (EI_DATA is 2); Pagewalk runs little-endian ones (1)")]
    BigEndian,
    /// EI_DATA is neither.
    #[error("EI_DATA is {0}; a little-endian ELF file has 1")]
    UnknownByteOrder(u8),
    /// EI_VERSION or e_version is not 1.
    #[error("{field} is {value}; the only ELF version is 1")]
    UnknownVersion {
        /// `EI_VERSION` or `e_version`.
        field: &'static str,
        /// What it holds.
        value: u32,
    },
    /// e_machine is not EM_RISCV.
    #[error("made for {name} (e_machine is {0}), not for RISC-V (243)", name = machine_name(*.0))]
    WrongMachine(u16),
    /// e_type is neither ET_EXEC nor ET_DYN.
    #[error("{name} (e_type is {0}), not an executable (2) or a static PIE (3)", name = type_name(*.0))]
    NotExecutable(u16),
    /// ET_DYN that is neither a program nor says that it is one.
    #[error("a shared library (e_type is 3, e_entry is 0 and DF_1_PIE is not set), not a program")]
    SharedLibrary,
    /// EF_RISCV_RVE.
    #[error("e_flags is {0:#x}: made for RV64E (bit 3), which has 16 registers; Pagewalk has 32")]
    Rve(u32),
    /// The quad-precision float ABI.
    #[error(
        "e_flags is {0:#x}: it uses the quad-precision float ABI (bits 2:1 are 3); \
         Pagewalk has no Q extension"
    )]
    QuadFloatAbi(u32),
    /// e_phentsize is not the size of a program header.
    #[error("e_phentsize is {0}; a 64-bit program header has 56 bytes")]
    ProgramHeaderSize(u16),
    /// More program headers than any program has.
    #[error("e_phnum is {0}; more than {max} program headers are not plausible", max = super::header::MAX_PROGRAM_HEADERS)]
    TooManyProgramHeaders(u16),
    /// The program headers are not all in the file.
    #[error(
        "truncated: the {count} program headers (e_phnum) at byte {offset} (e_phoff) need bytes \
         up to {end}, the file has {length}"
    )]
    TruncatedProgramHeaders {
        /// e_phnum.
        count: u16,
        /// e_phoff.
        offset: u64,
        /// Where the last one ends.
        end: u128,
        /// The file's length.
        length: u64,
    },
    /// No PT_LOAD that takes memory.
    #[error("no loadable segment: none of its {0} program headers is a PT_LOAD with memory")]
    NoLoadableSegment(u16),
    /// A segment's bytes are not all in the file.
    #[error(
        "truncated: segment {segment} needs bytes up to {end} (p_offset {offset:#x}, p_filesz \
         {size:#x}), the file has {length}"
    )]
    TruncatedSegment {
        /// The index of its program header.
        segment: usize,
        /// p_offset.
        offset: u64,
        /// p_filesz.
        size: u64,
        /// Where its bytes end.
        end: u128,
        /// The file's length.
        length: u64,
    },
    /// p_memsz is less than p_filesz.
    #[error(
        "segment {segment} has more bytes in the file (p_filesz {file_size:#x}) than in memory \
         (p_memsz {memory_size:#x})"
    )]
    MoreFileThanMemory {
        /// The index of its program header.
        segment: usize,
        /// p_filesz.
        file_size: u64,
        /// p_memsz.
        memory_size: u64,
    },
    /// A segment runs past the last address.
    #[error(
        "segment {segment} wraps around the address space ({field} {address:#x}, p_memsz {size:#x})"
    )]
    SegmentWraps {
        /// The index of its program header.
        segment: usize,
        /// `p_paddr` or `p_vaddr`.
        field: &'static str,
        /// Its value.
        address: u64,
        /// p_memsz.
        size: u64,
    },
    /// A segment of a Linux program that no process has room for.
    #[error(
        "segment {segment} (p_vaddr {address:#x}, p_memsz {size:#x}) is not within what a process has, {room}"
    )]
    NotInProcess {
        /// The index of its program header.
        segment: usize,
        /// p_vaddr.
        address: u64,
        /// p_memsz.
        size: u64,
        /// The addresses that a process has for its program.
        room: Span,
    },
    /// A segment of a Linux program whose pages are not pages of the file.
    #[error(
        "segment {segment} cannot be mapped: p_vaddr {address:#x} and p_offset {offset:#x} are not at the same place in a page"
    )]
    NotInPages {
        /// The index of its program header.
        segment: usize,
        /// p_vaddr.
        address: u64,
        /// p_offset.
        offset: u64,
    },
    /// More program headers than the kernel for Linux programs reads.
    #[error("e_phnum is {count}; a program for Linux may have {most} program headers here")]
    TooManyForProgram {
        /// e_phnum.
        count: usize,
        /// The most that are possible.
        most: usize,
    },
    /// Two segments want the same bytes of memory.
    #[error("segments {first} ({first_span}) and {second} ({second_span}) overlap in memory")]
    Overlap {
        /// The index of the lower one's program header.
        first: usize,
        /// Where it lies.
        first_span: Span,
        /// The index of the other's program header.
        second: usize,
        /// Where it lies.
        second_span: Span,
    },
    /// A segment of a static PIE asks for an alignment that is not a power of two.
    #[error("segment {segment} has p_align {align:#x}, which is not a power of two")]
    BadAlignment {
        /// The index of its program header.
        segment: usize,
        /// p_align.
        align: u64,
    },
    /// A segment does not lie in RAM.
    #[error("segment {segment} lies at {span}, outside RAM ({ram}); {}", Advice(.span, .ram, *.headers))]
    OutsideRam {
        /// The index of its program header.
        segment: usize,
        /// Where it lies.
        span: Span,
        /// Where RAM lies.
        ram: Span,
        /// Whether it starts with the ELF headers and reaches into RAM.
        headers: bool,
    },
    /// A static PIE that cannot be moved to RAM.
    #[error(
        "cannot be moved into RAM ({ram}): an alignment of {align:#x} (p_align) leaves no room \
         for {size:#x} bytes"
    )]
    NoRoom {
        /// Where RAM lies.
        ram: Span,
        /// The greatest alignment of its segments.
        align: u64,
        /// What its segments span.
        size: u64,
    },
    /// e_entry is odd.
    #[error("e_entry is {0:#x}, an odd address; instructions lie at even ones")]
    EntryMisaligned(u64),
    /// e_entry is in no segment.
    #[error("e_entry is {0:#x}, which no segment holds")]
    EntryOutside(u64),
    /// e_entry is in a segment that is not executable.
    #[error(
        "e_entry is {entry:#x}, in segment {segment}, which is not executable (p_flags {flags:#x})"
    )]
    EntryNotExecutable {
        /// e_entry.
        entry: u64,
        /// The index of the segment's program header.
        segment: usize,
        /// p_flags.
        flags: u32,
    },
    /// PT_INTERP.
    #[error(
        "a dynamic executable: it needs the loader {interpreter} (PT_INTERP); link it with -static"
    )]
    Dynamic {
        /// The path that PT_INTERP holds.
        interpreter: String,
    },
    /// DT_NEEDED without PT_INTERP.
    #[error("needs a shared library ({count} DT_NEEDED in PT_DYNAMIC); link it with -static")]
    NeedsLibrary {
        /// How many.
        count: usize,
    },
    /// PT_DYNAMIC is malformed.
    #[error("PT_DYNAMIC: {field} is {value:#x}; {problem}")]
    BadDynamic {
        /// The field or tag.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A relocation other than R_RISCV_RELATIVE.
    #[error(
        "has a dynamic relocation of type {kind} ({}) at {address:#x}; a static PIE has only \
         R_RISCV_RELATIVE (3)",
        relocation_name(*.kind)
    )]
    UnsupportedRelocation {
        /// The type.
        kind: u32,
        /// The address it would change.
        address: u64,
    },
    /// A relocation of memory that no segment holds.
    #[error("has a dynamic relocation at {0:#x}, where no segment has 8 bytes")]
    RelocationOutside(u64),
    /// What is wrong with a kernel, a firmware or what belongs to them.
    #[error(transparent)]
    Boot(#[from] BootReason),
}

/// Bytes in hexadecimal, with blanks between.
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            write!(f, "{blank}{byte:02x}")?;
        }
        Ok(())
    }
}

/// What the user can do about a segment outside RAM.
struct Advice<'a>(&'a Span, &'a Span, bool);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Advice(span, ram, headers) = self;
        if span.start < ram.start && *headers {
            return f.write_str(
                "the linker put the ELF headers before the code: link with -Wl,--nmagic",
            );
        }
        match span.last().checked_sub(ram.start) {
            // More than 64 GiB is hardly meant: a kernel's virtual addresses, or a lie.
            Some(last) if span.start >= ram.start && last < 64 << 30 => {
                let mebibytes = (last + 1).div_ceil(1 << 20);
                write!(f, "give the guest more memory (-m {mebibytes}M)")
            }
            _ => write!(f, "link it to addresses from {:#x} on", ram.start),
        }
    }
}

fn machine_name(machine: u16) -> &'static str {
    match machine {
        elf::EM_NONE => "no machine",
        elf::EM_386 => "x86",
        elf::EM_X86_64 => "x86-64",
        elf::EM_ARM => "Arm",
        elf::EM_AARCH64 => "AArch64",
        elf::EM_MIPS => "MIPS",
        elf::EM_PPC => "PowerPC",
        elf::EM_PPC64 => "64-bit PowerPC",
        elf::EM_S390 => "S/390",
        elf::EM_SPARC => "SPARC",
        elf::EM_SPARCV9 => "SPARC V9",
        elf::EM_BPF => "BPF",
        258 => "LoongArch",
        _ => "another machine",
    }
}

fn type_name(kind: u16) -> &'static str {
    match kind {
        elf::ET_NONE => "an ELF file of no type",
        elf::ET_REL => "a relocatable object",
        elf::ET_CORE => "a core dump",
        _ => "an ELF file of an unknown type",
    }
}

fn relocation_name(kind: u32) -> &'static str {
    match kind {
        1 => "R_RISCV_32",
        2 => "R_RISCV_64",
        4 => "R_RISCV_COPY",
        5 => "R_RISCV_JUMP_SLOT",
        7 => "R_RISCV_TLS_DTPMOD64",
        9 => "R_RISCV_TLS_DTPREL64",
        11 => "R_RISCV_TLS_TPREL64",
        12 => "R_RISCV_TLSDESC",
        58 => "R_RISCV_IRELATIVE",
        _ => "unknown",
    }
}
