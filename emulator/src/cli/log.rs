//! Options for logging, shared by every command.

use super::interrupt::stop_flag;
use super::{NOBODY_READS, WrongUse};
use anyhow::{Context, Result};
use clap::Args;
use env_logger::Target;
use log::LevelFilter;
use pagewalk::trace::TARGETS;
use std::fs::File;
use std::io::{self, ErrorKind, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// Logging.
#[derive(Args, Debug)]
#[command(next_help_heading = "Logging")]
pub(super) struct LogArguments {
    /// What to log, in the syntax of RUST_LOG: `trap=info`, `exec=trace,csr=debug`, `off`
    ///
    /// The targets are exec (trace: every instruction), trap and irq (info: every trap and
    /// interrupt), csr (debug: every CSR write), mmu::fault (info: every page fault, and the entry
    /// and the bit that decided), mmu::walk (debug: every page-table walk; trace: each of its
    /// steps), mmu::tlb (debug: every fill and eviction; trace: every hit), mmu::fence (debug: every
    /// fence with the entries it drops, and every satp write), mmu::check (info: what the sanitizer
    /// finds), dev::htif and loader (warn). `mmu=debug` is all of mmu. Without this option RUST_LOG
    /// counts, and without that warnings are logged.
    #[arg(long, value_name = "FILTER", value_parser = filter)]
    log: Option<String>,

    /// Where the log goes instead of standard error
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
}

fn filter(text: &str) -> Result<String, String> {
    for directive in text.split('/').next().unwrap_or(text).split(',') {
        let name = match directive.split_once('=') {
            None => directive.trim(),
            Some((name, _)) if name.trim().is_empty() => {
                return Err(format!("a log target is missing before `{directive}`"));
            }
            Some((name, level)) => {
                let level = level.trim();
                if !level.is_empty() && level.parse::<LevelFilter>().is_err() {
                    let levels = LevelFilter::iter().map(|level| level.as_str().to_lowercase());
                    let levels: Vec<String> = levels.collect();
                    return Err(format!(
                        "no log level `{level}`: there are {}",
                        levels.join(", ")
                    ));
                }
                name.trim()
            }
        };
        let level = name.parse::<LevelFilter>().is_ok();
        let known = TARGETS.iter().any(|target| target.name.starts_with(name));
        if !(name.is_empty() || level || known) {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            return Err(format!(
                "no log target `{name}`: there are {}",
                names.join(", ")
            ));
        }
    }
    let mut builder = env_filter::Builder::new();
    builder.try_parse(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

impl LogArguments {
    /// The file that the log goes to, if not to standard error.
    pub(super) fn file(&self) -> Option<&Path> {
        self.log_file.as_deref()
    }

    /// Starts logging.
    pub(super) fn start(&self) -> Result<()> {
        let mut builder = env_logger::Builder::new();
        builder.filter_level(LevelFilter::Warn);
        match &self.log {
            Some(filter) => builder.parse_filters(filter),
            None => {
                let wanted = std::env::var("RUST_LOG").unwrap_or_default();
                let wanted = filter(&wanted).map_err(|error| {
                    WrongUse(format!("RUST_LOG, which counts without --log: {error}"))
                })?;
                match wanted.is_empty() {
                    true => &mut builder,
                    false => builder.parse_filters(&wanted),
                }
            }
        };
        let target: Box<dyn Write + Send> = match &self.log_file {
            Some(path) => {
                let file = File::create(path);
                let file = file.with_context(|| format!("cannot write {}", path.display()))?;
                Box::new(LogFile(LineWriter::new(file)))
            }
            None => Box::new(StandardError),
        };
        builder.target(Target::Pipe(target));
        builder.format(|out, record| {
            let level = record.level();
            writeln!(out, "{level:<5} {} {}", record.target(), record.args())
        });
        builder.init();
        Ok(())
    }

    /// Ends logging: gives the error that ended the log too early.
    pub(super) fn finish(&self) -> Result<()> {
        log::logger().flush();
        let error = LOST.lock().ok().and_then(|mut lost| lost.take());
        match (error, &self.log_file) {
            (Some(error), Some(path)) => {
                Err(error).with_context(|| format!("cannot write {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Why the log file could not be written on. The logger tells nobody.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// A file as the log's target. The first error ends the run.
struct LogFile(LineWriter<File>);

impl LogFile {
    fn note<T: Default>(&self, written: io::Result<T>) -> io::Result<T> {
        written.or_else(|error| {
            if error.kind() == ErrorKind::Interrupted {
                return Err(error);
            }
            if let Ok(mut lost) = LOST.lock() {
                lost.get_or_insert(error);
            }
            stop_flag().store(true, Ordering::Relaxed);
            Ok(T::default())
        })
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write_all(bytes);
        self.note(written).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.0.flush();
        self.note(flushed)
    }
}

/// Standard error as the log's target. When nobody reads it any more (`--log … 2>&1 | head`), the
/// run ends, as that of any program does.
struct StandardError;

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match io::stderr().write_all(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                std::process::exit(NOBODY_READS.into())
            }
            other => other.map(|()| bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_checked() {
        for good in [
            "trap=info",
            "exec=trace,trap",
            "mmu=debug",
            "warn",
            "off",
            "trap=info/page",
        ] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("trp=info", "no log target `trp`: there are exec, trap,"),
            (
                "trap=loud",
                "no log level `loud`: there are off, error, warn, info, debug, trace",
            ),
            ("=", "a log target is missing before `=`"),
            (
                "trap=info,=debug",
                "a log target is missing before `=debug`",
            ),
            ("trap=info=debug", "no log level `info=debug`"),
        ] {
            let error = filter(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
