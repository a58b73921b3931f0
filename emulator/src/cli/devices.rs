//! Options that say what the machine has of the host: consoles, disks, the date.

use super::terminal;
use super::values;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use pagewalk::board::{ClockSource, Host, MachineConfig};
use pagewalk::dev::console::{Input, Nowhere, Shared, Stream};
use pagewalk::dev::virtio::VirtioDevice;
use pagewalk::dev::virtio::rng::{Rng, RngSource};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// The seed of the random numbers that a guest gets unless it gets the host's.
const SEED: u64 = 0x5061_6765_7761_6c6b;

/// The devices.
#[derive(Args, Debug)]
#[command(next_help_heading = "Devices")]
pub(super) struct DeviceArguments {
    /// Where the serial line goes: stdio, null, file:FILE
    ///
    /// With stdio and a terminal every key goes to the guest, but for Ctrl-A X, which quits, and
    /// Ctrl-A H, which tells more. Programs that use HTIF leave the terminal as it is.
    #[arg(long, value_name = "WHERE", default_value = "stdio", value_parser = line)]
    serial: Line,

    /// What the real-time clock shows at the start: now, a date such as 2026-02-28T12:00:00, or @SECONDS since 1970
    ///
    /// The default is 2025-01-01, so that a run is the same each time. With --clock host it is
    /// now.
    #[arg(long, value_name = "DATE", value_parser = values::date)]
    rtc: Option<values::Date>,

    /// What the guest's time follows
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Clock::Instructions)]
    clock: Clock,

    /// Where the random numbers of the entropy device come from: a seed, or the host
    ///
    /// With a seed a run is the same each time, and the numbers are no secret.
    #[arg(long, value_name = "SOURCE", default_value = "seed", value_parser = random)]
    rng: Random,
}

/// Where a console goes.
#[derive(Clone, Debug)]
enum Line {
    Stdio,
    Null,
    File(PathBuf),
}

fn line(text: &str) -> Result<Line, String> {
    match text.split_once(':') {
        None if text == "stdio" => Ok(Line::Stdio),
        None if matches!(text, "null" | "none") => Ok(Line::Null),
        Some(("file", path)) if !path.is_empty() => Ok(Line::File(path.into())),
        _ => Err("a console goes to stdio, null or file:FILE".into()),
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Clock {
    /// Instructions: so a run is the same each time
    Instructions,
    /// The host's clock
    Host,
}

#[derive(Clone, Copy, Debug)]
enum Random {
    Seed(u64),
    Host,
}

fn random(text: &str) -> Result<Random, String> {
    match text.split_once('=') {
        None if text == "host" => Ok(Random::Host),
        None if text == "seed" => Ok(Random::Seed(SEED)),
        Some(("seed", seed)) => values::count(seed).map(Random::Seed),
        _ => Err("random numbers come from seed, seed=N or host".into()),
    }
}

impl DeviceArguments {
    /// Puts the clocks into the machine's description.
    pub(super) fn set_clocks(&self, config: &mut MachineConfig) {
        config.clock = match self.clock {
            Clock::Instructions => ClockSource::Instructions,
            Clock::Host => ClockSource::Host,
        };
        config.date = match (self.rtc, self.clock) {
            (Some(values::Date::At(at)), _) => at,
            (None, Clock::Instructions) => config.date,
            (Some(values::Date::Now), _) | (None, Clock::Host) => now(),
        };
    }

    /// Opens what the devices need. `raw` says that the guest wants every key of a terminal.
    pub(super) fn open(&self, raw: bool) -> Result<(Host, Option<terminal::Raw>)> {
        let (console, raw) = match &self.serial {
            Line::Stdio => standard(raw),
            Line::Null => (Shared::new(Nowhere), None),
            Line::File(path) => {
                let file = File::create(path)
                    .with_context(|| format!("--serial: cannot write {}", path.display()))?;
                (Shared::new(Stream::new(Box::new(file), Input::None)), None)
            }
        };
        let mut host = Host::new(console);
        host.virtio = self.virtio()?;
        Ok((host, raw))
    }

    /// The virtio devices, in the order of their slots.
    fn virtio(&self) -> Result<Vec<Box<dyn VirtioDevice>>> {
        let mut devices: Vec<Box<dyn VirtioDevice>> = Vec::new();
        let random = match self.rng {
            Random::Seed(seed) => RngSource::Seeded(seed),
            Random::Host => RngSource::host().context("--rng host")?,
        };
        devices.push(Box::new(Rng::new(random)));
        Ok(devices)
    }
}

/// Standard input and output as a console.
fn standard(raw: bool) -> (Shared, Option<terminal::Raw>) {
    let raw = if raw { terminal::raw() } else { None };
    let input = match raw {
        Some(_) => terminal::input(),
        None => input(),
    };
    let console = Stream::new(Box::new(io::stdout()), input);
    (Shared::new(console), raw)
}

/// Standard input: read when the guest asks if that never waits, else by a thread.
fn input() -> Input {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Input::Stream(Some(Box::new(stdin)));
    }
    let kind = File::open("/dev/stdin").and_then(|file| file.metadata());
    let null = std::fs::metadata("/dev/null");
    match (kind, null) {
        (Ok(kind), _) if kind.is_file() => Input::File(Box::new(stdin)),
        (Ok(kind), Ok(null)) if kind.file_type().is_char_device() && same(&kind, &null) => {
            Input::None
        }
        _ => Input::Stream(Some(Box::new(stdin))),
    }
}

/// Whether two device files are one.
fn same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.rdev() == other.rdev()
}

/// The host's date, in nanoseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0))
}
