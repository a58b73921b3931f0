//! Symbols and source lines from files that are not loaded.

use std::path::Path;
use std::sync::Arc;

use goblin::elf::header::ET_DYN;

use super::boot::open;
use super::boot_error::BootReason;
use super::debug::DebugFile;
use super::error::{LoadError, Reason};
use super::formats::Shape;
use super::guest::Guest;
use super::header;
use super::part::{Content, Role};
use super::program::{self, HIGH_HALF, Kind, Program};
use super::source::Source;
use super::symbols::Table;
use super::system_map;

/// No list of symbols is larger.
const MAX_LIST: u64 = 64 << 20;

impl Guest {
    /// Adds the symbols and the source lines of a file that is not loaded: an ELF file (a kernel's
    /// `vmlinux`, or what is left of it with `objcopy --only-keep-debug`), or a list of symbols
    /// (`System.map`). Call it before [`Guest::place`].
    ///
    /// Addresses are those that the file has; only firmware that is a static PIE moves with the
    /// firmware.
    pub fn add_symbols(&mut self, path: &Path) -> Result<(), LoadError> {
        open(path, |name, source| {
            let error = |reason| LoadError {
                file: name.to_owned(),
                reason,
            };
            let source = Arc::new(source);
            let shape = Shape::of(&source).map_err(error)?;
            let is_elf = matches!(shape, Shape::Elf);
            let table = match shape {
                Shape::Elf => elf(&source),
                shape => list(&source, shape),
            };
            let table = table.map_err(error)?;
            self.learn_where_it_runs(name, &table);
            let index = self.symbols_mut().add(table);
            let program = Program::read(name.to_owned(), source.clone(), program::Role::Kernel);
            if let Ok(program) = program
                && program.kind == Kind::StaticPie
            {
                self.movable.push((index, program));
            }
            self.debug
                .push(DebugFile::new(name, is_elf.then_some(source)));
            Ok(())
        })
    }

    /// Adds the symbols and the source lines of a Linux program, which the guest's kernel loads:
    /// one that may lie anywhere to `base`.
    pub fn add_program(&mut self, path: &Path, base: u64) -> Result<(), LoadError> {
        open(path, |name, source| {
            let error = |reason| LoadError {
                file: name.to_owned(),
                reason,
            };
            let source = Arc::new(source);
            let header = header::read(&source).map_err(error)?;
            let index = self.symbols_mut().add(elf(&source).map_err(error)?);
            if header.e_type == ET_DYN {
                self.symbols_mut().set_slide(index, base);
            }
            self.debug.push(DebugFile::new(name, Some(source)));
            Ok(())
        })
    }

    /// A kernel's Image does not say at which virtual addresses it runs. Its symbols do.
    fn learn_where_it_runs(&mut self, name: &str, table: &Table) {
        let Some(start) = table.by_name("_start").filter(|&at| at >= HIGH_HALF) else {
            return;
        };
        let image = self.image;
        let Some(Content::Binary(kernel)) = (self.parts.iter_mut())
            .find(|part| part.role == Role::Kernel)
            .map(|part| &mut part.content)
        else {
            return;
        };
        kernel.virtual_address = Some(start);
        // Linux makes image_size of these two symbols.
        let end = table.by_name("_end").and_then(|end| end.checked_sub(start));
        if let (Some(image), Some(size)) = (image, end)
            && image.image_size != size
        {
            log::warn!(
                target: crate::trace::LOADER,
                "{name}: the symbols are those of another kernel: from _start to _end are \
                 {size:#x} bytes, but {} has {:#x} (image_size)",
                kernel.name,
                image.image_size
            );
        }
    }
}

fn elf(source: &Source) -> Result<Table, Reason> {
    header::read(source)?;
    let table = Table::read(source).map_err(BootReason::Symbols)?;
    if table.is_empty() {
        return Err(BootReason::Stripped.into());
    }
    Ok(table)
}

fn list(source: &Source, shape: Shape) -> Result<Table, Reason> {
    const TEXT: &str = "a text file";
    match shape {
        Shape::Known(what) if what != TEXT => return Err(BootReason::NotSymbols(what).into()),
        Shape::Gzip => return Err(BootReason::NotSymbols("compressed: unpack it first").into()),
        Shape::Image(_) | Shape::EfiCompressed { .. } => {
            let what = "a Linux Image, which has no symbols; its vmlinux or System.map has them";
            return Err(BootReason::NotSymbols(what).into());
        }
        _ => {}
    }
    let length = source.length();
    if length > MAX_LIST {
        return Err(BootReason::SystemMapTooLarge(length).into());
    }
    let mut bytes = vec![0; length as usize];
    source.read(0, &mut bytes, "the symbols")?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(BootReason::NotSymbols("no text").into());
    };
    if !system_map::looks_like_one(&text) {
        let what = "a text file with no symbol in its first line";
        return Err(BootReason::NotSymbols(what).into());
    }
    Ok(system_map::parse(&text)?)
}
