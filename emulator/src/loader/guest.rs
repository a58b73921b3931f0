//! A guest: everything that is in RAM before the first instruction.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use super::boot::Boot;
use super::debug::DebugFile;
use super::error::{LoadError, Reason};
use super::image::Image;
use super::lines::SourceLine;
use super::part::{Content, Part, Role};
use super::program::{self, Kind, Program};
use super::sections::DebugError;
use super::segments::Segment;
use super::source::Source;
use super::symbols::Symbols;

/// What [`Guest::load`] puts into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// This many zeros. Memory that is zero already can be left alone.
    Zero(u64),
}

/// Everything that is put into RAM before the first instruction: one program from an ELF file
/// ([`Guest::open`]), or firmware, a kernel and its initrd ([`Guest::boot`]).
///
/// Making one reads headers and symbols. The bytes are read when they are loaded, and debug
/// information when a source line is asked for.
///
/// The board calls [`Guest::place`], then [`Guest::load`]; then it puts its device tree at
/// [`Guest::device_tree_place`] and starts every hart at [`Guest::start`].
pub struct Guest {
    pub(super) name: String,
    /// The kernel or the only program comes first, if there is one; then firmware, then initrd.
    pub(super) parts: Vec<Part>,
    /// What came with `--kernel` and its like; none for a single program.
    pub(super) boot: Option<Boot>,
    /// The header of a Linux Image.
    pub(super) image: Option<Image>,
    symbols: Symbols,
    symbols_error: Option<DebugError>,
    /// One for each table of symbols, at the same index.
    pub(super) debug: Vec<DebugFile>,
    /// The programs that have tables of symbols: the index of the part, and that of the table.
    programs: Vec<(usize, usize)>,
    /// Tables of firmware that is a static PIE, given apart: where it is linked to start.
    pub(super) movable: Vec<(usize, Program)>,
}

impl Guest {
    /// Opens an ELF file: one program, which starts in M-mode.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let name = path.display().to_string();
        match Source::open(path) {
            Ok(source) => Self::single(name, source),
            Err(reason) => Err(LoadError { file: name, reason }),
        }
    }

    /// Takes an ELF file's bytes. `name` is what errors call it.
    pub fn from_bytes(name: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, LoadError> {
        Self::single(name.to_owned(), Source::Bytes(bytes.into()))
    }

    fn single(name: String, source: Source) -> Result<Self, LoadError> {
        let program = Program::read(name.clone(), source, program::Role::Program)?;
        let part = Part {
            role: Role::Kernel,
            content: Content::Program(program),
        };
        Ok(Self::of(name, vec![part], None))
    }

    /// A guest of these parts, with their symbols.
    pub(super) fn of(name: String, parts: Vec<Part>, boot: Option<Boot>) -> Self {
        let mut guest = Self {
            name,
            parts,
            boot,
            image: None,
            symbols: Symbols::default(),
            symbols_error: None,
            debug: Vec::new(),
            programs: Vec::new(),
            movable: Vec::new(),
        };
        for (index, part) in guest.parts.iter().enumerate() {
            let Some(program) = part.program() else {
                continue;
            };
            let symbols = program.symbols().unwrap_or_else(|error| {
                let name = &program.name;
                log::warn!(target: crate::trace::LOADER, "{name}: no symbols: {error}");
                guest.symbols_error.get_or_insert(error);
                Default::default()
            });
            guest.programs.push((index, guest.symbols.add(symbols)));
            let source = Some(program.source.clone());
            guest.debug.push(DebugFile::new(&program.name, source));
        }
        guest
    }

    /// Decides where everything goes in a board's RAM, and checks that it fits.
    ///
    /// An executable goes where it is linked. A static PIE goes there too if that is RAM (as
    /// firmware linked with `-pie` expects); otherwise it moves to the start of RAM, or as close
    /// to it as the alignment of its segments allows.  Firmware, kernel and initrd go where QEMU's
    /// board of the same name has them: see [`Guest::boot`].
    pub fn place(&mut self, ram: Range<u64>) -> Result<(), LoadError> {
        if self.boot.is_some() {
            self.place_boot(&ram)?;
        } else if let Some(Content::Program(program)) =
            self.parts.first_mut().map(|p| &mut p.content)
        {
            let slide = program.place(&ram, ram.start)?;
            self.symbols.set_slide(0, slide);
            self.place_movable(&ram);
        }
        Ok(())
    }

    /// Notes how far the program that is a part was moved from where it is linked to run.
    pub(super) fn set_slide(&mut self, part: usize, slide: u64) {
        if let Some((_, table)) = self.programs.iter().find(|(index, _)| *index == part) {
            self.symbols.set_slide(*table, slide);
        }
    }

    /// Hands every byte of the guest's memory to `put`, as physical address and bytes, in pieces
    /// of at most 64 KiB. Call [`Guest::place`] first: then all of them lie in RAM. The
    /// relocated words of a static PIE come last and replace what was put there.
    pub fn load(&self, mut put: impl FnMut(u64, Piece<'_>)) -> Result<(), LoadError> {
        self.parts.iter().try_for_each(|part| part.load(&mut put))
    }

    /// As [`Guest::load`], without the initrd: all that may hold code.
    pub fn load_code(&self, mut put: impl FnMut(u64, Piece<'_>)) -> Result<(), LoadError> {
        let mut code = self.parts.iter().filter(|part| part.role != Role::Initrd);
        code.try_for_each(|part| part.load(&mut put))
    }

    /// The name that errors call it: the path, if it was opened from one; the kernel's, if there
    /// are several.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which kind of program it is, or its kernel.
    pub fn kind(&self) -> Kind {
        let program = self.parts.first().and_then(Part::program);
        program.map_or(Kind::Binary, |program| program.kind)
    }

    /// Whether it holds compressed instructions (EF_RISCV_RVC).
    pub fn needs_compressed(&self) -> bool {
        let mut programs = self.parts.iter().filter_map(Part::program);
        programs.any(|program| program.needs_compressed)
    }

    /// The segments at the physical addresses where they go, the kernel's or the program's first,
    /// each file's by address. An initrd is none.
    pub fn segments(&self) -> impl Iterator<Item = Segment> {
        let parts = self.parts.iter();
        let code = parts.filter(|part| part.role != Role::Initrd);
        code.flat_map(Part::segments)
    }

    /// The physical address of the first instruction: the same as [`Guest::start`].
    pub fn entry(&self) -> u64 {
        self.start()
    }

    /// The physical address of the symbol `tohost`, through which a guest talks to the host.
    ///
    /// A guest with firmware has none: OpenSBI has such a symbol for other boards.
    pub fn tohost(&self) -> Option<u64> {
        self.host_symbol("tohost")
    }

    /// The physical address of the symbol `fromhost`.
    pub fn fromhost(&self) -> Option<u64> {
        self.host_symbol("fromhost")
    }

    fn host_symbol(&self, name: &str) -> Option<u64> {
        if self.has_firmware() {
            return None;
        }
        self.physical_symbol(name)
    }

    /// The physical memory from `begin_signature` to `end_signature`, if it has both in order.
    pub fn signature(&self) -> Option<Range<u64>> {
        let begin = self.symbols.by_name("begin_signature")?;
        let end = self.symbols.by_name("end_signature")?;
        let size = end.checked_sub(begin)?;
        let start = self.physical_symbol("begin_signature")?;
        Some(start..start.checked_add(size)?)
    }

    /// Its symbols, by the addresses where the program runs (virtual ones).
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    pub(super) fn symbols_mut(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    /// Why there are no symbols, if those of a program could not be read.
    pub fn symbols_error(&self) -> Option<&DebugError> {
        self.symbols_error.as_ref()
    }

    /// The source line of the instruction at a virtual address. The first question reads the
    /// debug information.
    pub fn line(&self, address: u64) -> Option<SourceLine> {
        let tables = self.symbols.tables().iter().zip(&self.debug);
        // Debug information of a kernel takes seconds to read: not for an address elsewhere.
        let asked = tables.filter(|(table, _)| self.debug.len() == 1 || table.covers(address));
        asked
            .map(|(table, file)| file.line(address.wrapping_sub(table.slide)))
            .find(Option::is_some)
            .flatten()
    }

    /// Where what was loaded to a physical address is linked to run.
    pub fn virtual_of(&self, physical: u64) -> Option<u64> {
        let segment = self.segments().find(|segment| {
            let offset = physical.wrapping_sub(segment.address);
            physical >= segment.address && offset < segment.size
        })?;
        Some((physical - segment.address).wrapping_add(segment.virtual_address))
    }

    fn physical_symbol(&self, name: &str) -> Option<u64> {
        self.programs.iter().find_map(|&(part, table)| {
            let address = self.symbols.tables().get(table)?.by_name(name)?;
            let program = self.parts.get(part)?.program()?;
            Some(program.physical(address))
        })
    }

    pub(super) fn error(&self, reason: impl Into<Reason>) -> LoadError {
        LoadError {
            file: self.name.clone(),
            reason: reason.into(),
        }
    }
}
