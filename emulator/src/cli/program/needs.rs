//! What a program needs of the command line, looked at before the machine starts.

use crate::cli::WrongUse;
use pagewalk::isa::{Extension, Isa};
use pagewalk::loader::dynamic_loader;
use std::path::Path;

/// The supervisor takes so many bytes of arguments, and of environment, with a NUL behind each.
const MOST_WORDS: usize = (128 << 10) - 1;

/// Whether a program that is linked dynamically sees its loader.
pub(super) fn check_loader(
    program: &Path,
    is_shown: impl Fn(&Path) -> bool,
) -> Result<(), WrongUse> {
    match dynamic_loader(program) {
        Some(loader) if !is_shown(&loader) => Err(WrongUse(format!(
            "{} is linked dynamically and asks for {}, which it does not see: show it a folder \
             with the libraries of a riscv64 Linux, as in --dir /usr/riscv64-linux-gnu:/",
            program.display(),
            loader.display()
        ))),
        _ => Ok(()),
    }
}

/// Whether the arguments, or the environment, find room.
pub(super) fn check_words(what: &str, words: &[u8]) -> Result<(), WrongUse> {
    if words.len() > MOST_WORDS {
        return Err(WrongUse(format!(
            "{what} of the program has {} bytes, and at most {MOST_WORDS} are possible",
            words.len()
        )));
    }
    Ok(())
}

/// Whether the hart can run the supervisor, and what compilers for Linux make.
pub(in crate::cli) fn check_isa(isa: Isa) -> Result<(), WrongUse> {
    let needed = [
        ("M", Extension::M),
        ("A", Extension::A),
        ("F", Extension::F),
        ("D", Extension::D),
        ("C", Extension::Zca),
    ];
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(_, extension)| !isa.has(*extension))
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(WrongUse(format!(
        "--isa: programs for Linux, and the supervisor under them, are made for rv64gc, and here {} {} missing",
        missing.join(", "),
        if missing.len() == 1 { "is" } else { "are" }
    )))
}
