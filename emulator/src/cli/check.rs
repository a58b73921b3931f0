//! Options of the sanitizer, and what it does to the end of a run.

use super::{output, say};
use anyhow::{Context, Result};
use clap::Args;
use pagewalk::board::Stop;
use pagewalk::loader::Guest;
use pagewalk::mmu::check::{CheckKind, Checker};
use pagewalk::mmu::{Layout, TlbConfig};
use pagewalk::report::check::{CheckObserver, Count, Ignored, write_json};
use std::fs::File;
use std::io::{BufWriter, Stderr, Write, stderr};
use std::path::{Path, PathBuf};

/// Exit code: the sanitizer found a mistake, and was asked to fail then.
const FOUND: u8 = 123;

/// What is to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// Page tables, fences, code.
    Mmu { fail: bool },
}

/// The sanitizer.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Checking")]
pub(super) struct CheckArguments {
    /// Watch for mistakes with page tables: `mmu`, or `mmu=fail` to fail if there are any
    ///
    /// Reports translations that are used although the tables no longer give them, with the entry, the store that
    /// changed it, and the sfence.vma that is missing; changed code that runs without fence.i; page tables that user
    /// mode can reach; reserved bits; A and D that nobody sets. With =fail the exit code is 123 if there was a mistake.
    /// What is legal and good to know (spurious, writable-executable) is reported too, and does not fail.
    #[arg(long, value_name = "WHAT", value_parser = what)]
    check: Option<Check>,

    /// Write what the sanitizer found to a file, as JSON
    #[arg(long, value_name = "FILE", requires = "check")]
    check_json: Option<PathBuf>,

    /// Leave out reports of a class (spurious, …), or with this function in them
    #[arg(
        long,
        value_name = "CLASS|FUNCTION",
        value_delimiter = ',',
        requires = "check"
    )]
    check_ignore: Vec<String>,
}

fn what(text: &str) -> Result<Check, String> {
    match text {
        "mmu" => Ok(Check::Mmu { fail: false }),
        "mmu=fail" => Ok(Check::Mmu { fail: true }),
        _ => Err("there are mmu and mmu=fail".to_owned()),
    }
}

impl CheckArguments {
    /// The file that the reports go to.
    pub(super) fn file(&self) -> Option<&Path> {
        self.check_json.as_deref()
    }

    /// What the run needs of them; `None` if nothing is to be checked.
    pub(super) fn checking(&self, guest: &Guest, tlb: &TlbConfig) -> Result<Option<Checking>> {
        let Some(Check::Mmu { fail }) = self.check else {
            return Ok(None);
        };
        if tlb.layout == Layout::Off {
            say(format_args!(
                "with --tlb off no translation is cached, so no forgotten fence can show"
            ));
        }
        for name in &self.check_ignore {
            let class = CheckKind::ALL.iter().any(|kind| kind.name() == name);
            if !class && guest.symbols().by_name(name).is_none() {
                say(format_args!(
                    "--check-ignore {name}: neither a class of reports nor a function of {}",
                    guest.name()
                ));
            }
        }
        let json = self.check_json.clone().map(|path| {
            let file = File::create(&path);
            file.with_context(|| format!("cannot write {}", path.display()))
                .map(|file| (path, file))
        });
        Ok(Some(Checking {
            fail,
            ignored: Ignored::new(self.check_ignore.iter().cloned()),
            json: json.transpose()?,
        }))
    }
}

/// A run that is checked.
pub(super) struct Checking {
    fail: bool,
    ignored: Ignored,
    json: Option<(PathBuf, File)>,
}

impl Checking {
    /// Who writes the reports when they are found.
    pub(super) fn observer<'a>(&'a self, guest: &'a Guest) -> CheckObserver<'a, Stderr> {
        CheckObserver::new(guest, &self.ignored, stderr())
    }

    /// Tells what is left, and gives the exit code if it is to be another one.
    pub(super) fn finish(
        self,
        checker: &mut Checker,
        guest: &Guest,
        stop: &Stop,
    ) -> Result<Option<u8>> {
        checker.take_new();
        // Whatever else stopped the guest, it may have been about to do what is missing.
        checker.finish(matches!(
            stop,
            Stop::Exit(_) | Stop::TrapLoop(_) | Stop::Asleep
        ));
        output::finish_line();
        for report in checker.take_new() {
            self.observer(guest).tell(report);
        }
        let count = Count::of(checker, guest, &self.ignored);
        say(format_args!("{count}"));
        if let Some((path, file)) = self.json {
            let mut out = BufWriter::new(file);
            write_json(&mut out, checker, guest, &self.ignored)
                .and_then(|()| out.flush())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok((self.fail && count.mistakes()).then_some(FOUND))
    }
}
