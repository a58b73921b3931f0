//! Options that say what the machine has of the host: consoles, disks, the date.

use super::output::GuestOutput;
use super::{WrongUse, terminal, values};
use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use pagewalk::board::{ClockSource, Host, MachineConfig};
use pagewalk::dev::console::{Input, Shared, Stream};
use pagewalk::dev::virtio::VirtioDevice;
use pagewalk::dev::virtio::blk::{Blk, DriveSpec};
use pagewalk::dev::virtio::console::VirtioConsole;
use pagewalk::dev::virtio::net::{Net, NetSpec, UserNetwork};
use pagewalk::dev::virtio::p9::{P9, ShareSpec};
use pagewalk::dev::virtio::rng::{Rng, RngSource};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
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

    /// A disk: FILE[,ro][,snapshot=on][,serial=TEXT]
    ///
    /// A raw image. Each use adds one: /dev/vda, /dev/vdb and so on in Linux. With snapshot=on what
    /// the guest writes is forgotten at the end. A comma in the file's name is written twice.
    #[arg(long, value_name = "DRIVE")]
    drive: Vec<DriveSpec>,

    /// A folder that the guest may use, through 9P: DIR[,ro][,tag=NAME]
    ///
    /// In Linux: mount -t 9p -o trans=virtio,version=9p2000.L share /mnt. Nothing outside the
    /// folder can be reached.
    #[arg(long, value_name = "FOLDER")]
    share: Vec<ShareSpec>,

    /// A network adapter: user[,hostfwd=tcp::2222-:22][,restrict=on], or none
    ///
    /// The guest is 10.0.2.15 and gets that by DHCP. 10.0.2.2 is the host's loopback interface.
    #[arg(long, value_name = "NETWORK", default_value = "none")]
    net: NetSpec,

    /// A second console, through virtio (hvc0 in Linux): stdio, null, file:FILE
    #[arg(long, value_name = "WHERE", value_parser = line)]
    console: Option<Line>,

    /// What the real-time clock shows at the start: now, a date such as 2026-02-28T12:00:00, or @SECONDS since 1970
    ///
    /// The default is 2025-01-01, so that a run is the same each time. With --clock host it is
    /// now.
    #[arg(long, value_name = "DATE", value_parser = values::date)]
    rtc: Option<values::Date>,

    /// What the guest's time follows
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Clock::Instructions)]
    clock: Clock,

    /// Instructions that each hart has time for in a tick of the 10 MHz time base
    ///
    /// The default makes a machine of 1,000 million instructions a second. With fewer, the same
    /// work takes more of the guest's time.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    instructions_per_tick: u64,

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

impl Line {
    fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stdio | Self::Null => None,
        }
    }
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
        config.instructions_per_tick = self.instructions_per_tick;
        config.date = match (self.rtc, self.clock) {
            (Some(values::Date::At(at)), _) => at,
            (None, Clock::Instructions) => config.date,
            (Some(values::Date::Now), _) | (None, Clock::Host) => now(),
        };
    }

    /// Opens what the devices need.
    pub(super) fn open(&self, stdio: Stdio) -> Result<(Host, Option<terminal::Raw>)> {
        self.check(stdio)?;
        let (serial, raw) = open_line(&self.serial, stdio).context("--serial")?;
        let mut host = Host::new(serial);
        host.virtio = self.virtio()?;
        let mut second = None;
        if let Some(line) = &self.console {
            let (console, raw) = open_line(line, stdio).context("--console")?;
            second = raw;
            host.more_consoles.push(console.clone());
            let console = VirtioConsole::new(Box::new(console), None);
            host.virtio.push(Box::new(console));
        }
        Ok((host, raw.or(second)))
    }

    /// The number of virtio devices that [`Self::open`] gives the machine.
    pub(super) fn virtio_count(&self) -> usize {
        const ENTROPY: usize = 1;
        let network = matches!(self.net, NetSpec::User { .. });
        self.drive.len()
            + usize::from(network)
            + self.share.len()
            + ENTROPY
            + usize::from(self.console.is_some())
    }

    /// Files that are written, with their options.
    pub(super) fn files(&self) -> Vec<(&'static str, Option<&Path>)> {
        let mut files = vec![("--serial", self.serial.file())];
        files.extend(self.console.as_ref().map(|line| ("--console", line.file())));
        // Those that are only read may be named twice.
        let drives = self.drive.iter();
        let written = drives.filter(|drive| !drive.read_only && !drive.snapshot);
        files.extend(written.map(|drive| ("--drive", Some(drive.file.as_path()))));
        files
    }

    /// What makes no sense together.
    pub(super) fn check(&self, stdio: Stdio) -> Result<(), WrongUse> {
        let both = matches!(
            (&self.serial, &self.console),
            (Line::Stdio, Some(Line::Stdio))
        );
        if both && stdio != Stdio::Error {
            return Err(WrongUse(
                "--serial and --console are both on stdio; send one of them to null or file:FILE"
                    .into(),
            ));
        }
        let mut tags = HashSet::new();
        match self.share.iter().find(|share| !tags.insert(&share.tag)) {
            Some(share) => Err(WrongUse(format!(
                "two --share have the tag `{}`; give one of them another with tag=NAME",
                share.tag
            ))),
            None => Ok(()),
        }
    }

    /// The virtio devices but for the console, in the order of their slots.
    fn virtio(&self) -> Result<Vec<Box<dyn VirtioDevice>>> {
        let mut devices: Vec<Box<dyn VirtioDevice>> = Vec::new();
        for drive in &self.drive {
            // The message has its cause in it; a chain would say that twice.
            let disk = Blk::open(drive).map_err(|error| anyhow!("--drive: {error}"))?;
            devices.push(Box::new(disk));
        }
        if let NetSpec::User { config, mac } = &self.net {
            let network = UserNetwork::new(config).context("--net")?;
            devices.push(Box::new(Net::new(network, *mac)));
        }
        for share in &self.share {
            devices.push(Box::new(P9::new(share).context("--share")?));
        }
        let random = match self.rng {
            Random::Seed(seed) => RngSource::Seeded(seed),
            Random::Host => RngSource::host().context("--rng host")?,
        };
        devices.push(Box::new(Rng::new(random)));
        Ok(devices)
    }
}

/// Opens a console.
fn open_line(line: &Line, stdio: Stdio) -> Result<(Shared, Option<terminal::Raw>)> {
    Ok(match line {
        Line::Stdio => standard(stdio),
        Line::Null => {
            let console = Stream::new(Box::new(GuestOutput::other(io::sink())), Input::None);
            (Shared::new(console), None)
        }
        Line::File(path) => {
            let file =
                File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            let console = Stream::new(Box::new(GuestOutput::other(file)), Input::None);
            let console = console.to_file(path.display().to_string());
            (Shared::new(console), None)
        }
    })
}

/// What `stdio` means for a console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stdio {
    /// Standard input and output; every key of a terminal is the guest's.
    Keys,
    /// Standard input and output; the terminal stays as it is.
    Lines,
    /// Standard error, and no input: standard output is for answers.
    Error,
}

/// Standard input and output as a console.
fn standard(stdio: Stdio) -> (Shared, Option<terminal::Raw>) {
    if stdio == Stdio::Error {
        let console = Stream::new(Box::new(GuestOutput::stderr()), Input::None);
        return (Shared::new(console), None);
    }
    let raw = if stdio == Stdio::Keys {
        terminal::raw()
    } else {
        None
    };
    let input = match raw {
        Some(_) => terminal::input(),
        None => input(),
    };
    let console = Stream::new(Box::new(GuestOutput::stdout()), input);
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
