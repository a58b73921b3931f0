//! The ELF header: is this a program for a 64-bit little-endian RISC-V machine?

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use goblin::elf::header as elf;
use goblin::elf64::header::{Header, SIZEOF_EHDR};

use super::error::Reason;
use super::source::{Source, special};

/// Programs have about ten program headers. Linux takes up to 64 KiB of them, which is 1170.
pub(super) const MAX_PROGRAM_HEADERS: u16 = 1024;

/// `e_flags`, as the RISC-V psABI lays them out.
mod flags {
    pub(super) const RVC: u32 = 1 << 0;
    pub(super) const FLOAT_ABI: u32 = 3 << 1;
    pub(super) const FLOAT_ABI_QUAD: u32 = 3 << 1;
    pub(super) const RVE: u32 = 1 << 3;
}

/// Whether a file is one that [`Guest::open`](super::Guest::open) may load, as far as its first
/// 64 bytes tell.
#[derive(Debug)]
pub enum Probe {
    /// Not an ELF file: another format, a directory, a device, or too short.
    NotElf,
    /// An ELF file of another kind, and what is wrong with it.
    OtherElf(Reason),
    /// The header of a program for 64-bit RISC-V. Loading can still fail.
    RiscvExecutable,
}

/// Looks at a file's header. Reads at most 64 bytes, and only from a regular file.
pub fn probe(path: &Path) -> io::Result<Probe> {
    let metadata = path.metadata()?;
    if metadata.is_dir() || special(&metadata).is_some() {
        return Ok(Probe::NotElf);
    }
    let file = File::open(path)?;
    let mut bytes = [0; SIZEOF_EHDR];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(match check(&bytes[..filled]) {
        Ok(_) => Probe::RiscvExecutable,
        Err(Reason::Empty | Reason::NotElf { .. }) => Probe::NotElf,
        Err(reason) => Probe::OtherElf(reason),
    })
}

/// Reads and checks the header.
pub(super) fn read(source: &Source) -> Result<Header, Reason> {
    let mut bytes = [0; SIZEOF_EHDR];
    let length = source.length().min(SIZEOF_EHDR as u64) as usize;
    source.read(0, &mut bytes[..length], "the ELF header")?;
    check(&bytes[..length])
}

/// Whether the program holds compressed instructions.
pub(super) fn needs_compressed(header: &Header) -> bool {
    header.e_flags & flags::RVC != 0
}

/// Checks everything that the header alone tells. `bytes` is the whole header, or the whole
/// file if that is shorter.
fn check(bytes: &[u8]) -> Result<Header, Reason> {
    if bytes.is_empty() {
        return Err(Reason::Empty);
    }
    let magic = &bytes[..bytes.len().min(elf::SELFMAG)];
    if !elf::ELFMAG.starts_with(magic) {
        let start = magic.to_vec();
        return Err(Reason::NotElf { start });
    }
    match bytes.get(elf::EI_CLASS) {
        None | Some(&elf::ELFCLASS64) => {}
        Some(&elf::ELFCLASS32) => return Err(Reason::ThirtyTwoBit),
        Some(&class) => return Err(Reason::UnknownClass(class)),
    }
    match bytes.get(elf::EI_DATA) {
        None | Some(&elf::ELFDATA2LSB) => {}
        Some(&elf::ELFDATA2MSB) => return Err(Reason::BigEndian),
        Some(&order) => return Err(Reason::UnknownByteOrder(order)),
    }
    // The class and the byte order are known to be good, so only too few bytes can fail here.
    let header = Header::parse(bytes).map_err(|_| Reason::TruncatedHeader {
        length: bytes.len() as u64,
    })?;
    check_fields(&header)?;
    Ok(header)
}

fn check_fields(header: &Header) -> Result<(), Reason> {
    let versions = [
        ("EI_VERSION", header.e_ident[elf::EI_VERSION].into()),
        ("e_version", header.e_version),
    ];
    for (field, value) in versions {
        if value != u32::from(elf::EV_CURRENT) {
            return Err(Reason::UnknownVersion { field, value });
        }
    }
    if header.e_machine != elf::EM_RISCV {
        return Err(Reason::WrongMachine(header.e_machine));
    }
    if !matches!(header.e_type, elf::ET_EXEC | elf::ET_DYN) {
        return Err(Reason::NotExecutable(header.e_type));
    }
    if header.e_flags & flags::RVE != 0 {
        return Err(Reason::Rve(header.e_flags));
    }
    if header.e_flags & flags::FLOAT_ABI == flags::FLOAT_ABI_QUAD {
        return Err(Reason::QuadFloatAbi(header.e_flags));
    }
    Ok(())
}
