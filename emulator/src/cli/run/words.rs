//! Which words of the command line are Pagewalk's, and which are the guest's.

use super::Arguments;
use crate::cli::WrongUse;
use crate::cli::program::Kind;
use clap::Parser;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The command line of `run` alone.
#[derive(Parser)]
#[command(name = "pagewalk run")]
struct Again {
    #[command(flatten)]
    arguments: Arguments,
}

impl Arguments {
    /// The command line again, if that is what `words` (without `run`) say when the guest is not a
    /// Linux program: all options are Pagewalk's, wherever they stand. A Linux program has all
    /// words behind it.
    pub(in crate::cli) fn settle(self, words: &[OsString]) -> Result<Self, clap::Error> {
        let count = self.guest.len();
        let behind = words.len().checked_sub(count);
        let (Some(guest), Some(before), true) = (
            self.guest.first(),
            behind.and_then(|count| words.get(..count)),
            count > 1 && !self.is_program(),
        ) else {
            return Ok(self);
        };
        // What is behind `--` is no option.
        let marker = OsStr::new("--");
        if before.last().is_some_and(|last| last == marker) {
            return Ok(self);
        }
        let again = [OsStr::new("run")]
            .into_iter()
            .chain(before.iter().map(OsString::as_os_str))
            .chain(self.guest[1..].iter().map(OsString::as_os_str))
            .chain([marker, guest]);
        let mut again = Again::try_parse_from(again)?.arguments;
        // Words that are no options stand before the guest now.
        if again.guest.len() > 1 {
            again.guest.retain(|word| word != marker);
            again.guest.rotate_right(1);
        }
        Ok(again)
    }

    /// The guest's file.
    pub(super) fn named(&self) -> Option<&Path> {
        self.guest.first().map(Path::new)
    }

    /// Whether the guest is a program for Linux.
    pub(super) fn is_program(&self) -> bool {
        match (self.program.kind, self.named()) {
            (Some(kind), named) => kind == Kind::Linux && named.is_some(),
            (None, Some(named)) => self.boot.is_program(named),
            (None, None) => false,
        }
    }

    /// What only a Linux program can take.
    pub(super) fn wrong_words(&self, is_program: bool) -> Option<WrongUse> {
        let name = self.named().unwrap_or(Path::new("the guest")).display();
        // What cannot be opened is no kind of guest; whoever opens it says why.
        let there = self.named().is_none_or(Path::exists);
        if is_program || !there {
            return None;
        }
        if let Some(extra) = self.guest.get(1) {
            let extra = extra.display();
            return Some(WrongUse(format!(
                "{name} is a bare-metal program or a kernel, which takes no arguments (but see \
                 --append), and there is `{extra}`"
            )));
        }
        let option = self.program.first()?;
        Some(WrongUse(format!(
            "{option} is for Linux programs, and {name} is a bare-metal program or a kernel \
             (--share gives a kernel a folder; --as linux, if it is a program after all)"
        )))
    }
}
