//! `pagewalk run`.

mod words;

use super::boot::BootArguments;
use super::check::CheckArguments;
use super::devices::{DeviceArguments, Stdio};
use super::ending;
use super::interrupt;
use super::log::LogArguments;
use super::machine::{MachineArguments, TlbArguments};
use super::observers::{Observers, Run};
use super::output;
use super::profile::{ProfileFiles, ProfileRequest};
use super::program::{self, Kind, Program, ProgramArguments};
use super::terminal;
use super::trace::TraceArguments;
use super::{CANNOT_GO_ON, LIMIT, WRONG_COMMAND_LINE, same_file_twice, say, values};
use anyhow::{Context, Result, bail};
use clap::Args;
use pagewalk::board::{Limits, Machine, MachineConfig};
use pagewalk::engine::EngineKind;
use pagewalk::loader::{Guest, sniff};
use pagewalk::report::commit_log::CommitLog;
use pagewalk::report::filter::Filter;
use pagewalk::report::log::LogObserver;
use pagewalk::report::profile::Profiler;
use pagewalk::report::signature;
use pagewalk::report::stats::Stats;
use pagewalk::report::traps::TrapHistory;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

/// Run a guest program
///
/// The guest is a bare-metal ELF file for RV64, linked to addresses from 0x80000000 on, which starts
/// in machine mode; or a kernel, such as a Linux Image, which starts in supervisor mode on
/// Pagewalk's own firmware; or a program for Linux, which runs in user mode under Pagewalk's own
/// supervisor and gets all words behind it as arguments. The machine is QEMU's board virt. What the
/// guest prints goes to standard output, through the serial line or, if it has the symbol `tohost`,
/// through HTIF. Everything that Pagewalk itself says goes to standard error.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The guest: an ELF file or a Linux Image; behind a Linux program its arguments
    #[arg(value_names = ["GUEST", "ARGS"], num_args = 1.., trailing_var_arg = true, required_unless_present_any = ["kernel", "bios", "dump_dtb"], conflicts_with = "kernel")]
    guest: Vec<OsString>,

    #[command(flatten)]
    program: ProgramArguments,

    #[command(flatten)]
    machine: MachineArguments,

    #[command(flatten)]
    boot: BootArguments,

    #[command(flatten)]
    devices: DeviceArguments,

    #[command(flatten)]
    tlb: TlbArguments,

    /// Write the device tree to a file (dtc reads it), and do not run
    ///
    /// It needs no guest, and opens no disk and no file of a console. What a guest adds, such as
    /// where its initrd lies, is there if one is named.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "dtb",
        help_heading = "Booting"
    )]
    dump_dtb: Option<PathBuf>,

    /// End the run when the guest asks for a reset, instead of starting again
    #[arg(long, help_heading = "Booting")]
    no_reboot: bool,

    /// Give up after so many instructions, of all harts together: 5000, 1_000_000, 10M
    #[arg(long, value_name = "N", value_parser = values::count, help_heading = "Limits")]
    max_instructions: Option<u64>,

    /// Give up after this time: 10s, 500ms, 1m30s (a plain number is in seconds)
    #[arg(long, value_name = "DURATION", value_parser = values::duration, help_heading = "Limits")]
    timeout: Option<Duration>,

    /// At the end, write the memory from begin_signature to end_signature to a file
    ///
    /// The form is Spike's: a unit on each line, in hexadecimal, its most significant byte first.
    /// It is written however the run ends.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    signature: Option<PathBuf>,

    /// Bytes in a unit of the signature
    #[arg(
        long,
        value_name = "N",
        default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(1..=4096),
        requires = "signature",
        help_heading = "Output"
    )]
    signature_granularity: u16,

    /// At the end, print figures to standard error: instructions, traps, time, TLB
    #[arg(long, help_heading = "Output")]
    stats: bool,

    /// At the end, write the same figures to a file, as JSON
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    stats_json: Option<PathBuf>,

    /// At the end, print which functions and blocks of the guest took the instructions
    ///
    /// Every instruction is counted, by the reference engine. Without a file it goes to standard error. Names
    /// come from the guest's symbols, and from --symbols.
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        help_heading = "Output"
    )]
    profile: Option<Option<PathBuf>>,

    /// At the end, write the stacks and their instructions to a file that flame-graph tools read
    ///
    /// A line for each stack, from the outermost function to the innermost: `hart 0;M-mode;_start;main 12`.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    profile_folded: Option<PathBuf>,

    /// How many functions and blocks --profile shows
    #[arg(
        long,
        value_name = "N",
        default_value_t = 15,
        requires = "profile",
        help_heading = "Output"
    )]
    profile_top: usize,

    /// Write a line for each instruction with what it changed, as Spike's --log-commits does
    #[arg(long, value_name = "FILE", help_heading = "Logging")]
    log_commits: Option<PathBuf>,

    #[command(flatten)]
    log: LogArguments,

    #[command(flatten)]
    check: CheckArguments,

    #[command(flatten)]
    trace: TraceArguments,
}

const EXAMPLES: &str = "\
Examples:
  pagewalk run hello.elf
  pagewalk run --dir . ./a.out --option-of-a.out file
  pagewalk run --stats --max-instructions 1000000 dhrystone.riscv
  pagewalk run --isa rva22s64 -m 512M kernel.elf
  pagewalk run Image --initrd initrd.gz --append console=ttyS0
  pagewalk run --bios fw_jump.bin --kernel Image -p 4 --drive disk.img --append root=/dev/vda
  pagewalk run --tlb u74 --stats kernel.elf
  pagewalk run --log trap=info,mmu::fault=info rv64ui-v-add
  pagewalk run --log mmu=debug --log-filter 'priv=u va=0x2000..0x3000' rv64ui-v-add
  pagewalk run --trace-mmu timeline.json rv64ui-v-add
  pagewalk run --log-commits commits.log rv64ui-p-add
  pagewalk run --profile --profile-folded stacks.txt kernel.elf
  pagewalk run --signature out.sig --signature-granularity 4 test.elf

Exit codes:
  the guest's
  123  with --check mmu=fail: the sanitizer found a mistake
  124  a limit ended the run
  125  Pagewalk cannot go on: a file cannot be loaded or written, or the guest can never end; or
       what it printed, or the figures, could not be written and the code would have been 0
  130  interrupted by Ctrl-C (143: by SIGTERM)
  141  nobody reads the output any more
  2    wrong command line";

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let profile = arguments.profile.as_ref().and_then(Option::as_deref);
    let files = [
        ("the guest", arguments.named()),
        ("--dump-dtb", arguments.dump_dtb.as_deref()),
        ("--signature", arguments.signature.as_deref()),
        ("--stats-json", arguments.stats_json.as_deref()),
        ("--profile", profile),
        ("--profile-folded", arguments.profile_folded.as_deref()),
        ("--log-commits", arguments.log_commits.as_deref()),
        ("--log-file", arguments.log.file()),
        ("--check-json", arguments.check.file()),
        ("--trace-mmu", arguments.trace.file()),
    ];
    let files = [
        &files[..],
        &arguments.boot.files(),
        &arguments.devices.files(),
    ]
    .concat();
    if same_file_twice(&files) {
        return Ok(WRONG_COMMAND_LINE);
    }
    arguments.log.start()?;
    let is_program = arguments.is_program();
    if let Some(wrong) = arguments.wrong_words(is_program) {
        return Err(wrong.into());
    }
    if let Some(path) = &arguments.dump_dtb {
        dump_device_tree(arguments, is_program, path)?;
        arguments.log.finish()?;
        return Ok(0);
    }
    let config = arguments.config(is_program);
    let guest = arguments.open(is_program)?;
    let program = if is_program {
        program::needs::check_isa(config.isa)?;
        let devices = &arguments.devices;
        arguments.program.check(devices.virtio_count())?;
        Some(arguments.program.open(&arguments.guest)?)
    } else {
        None
    };
    let filter = match arguments.trace.filter(&guest, config.harts) {
        Ok(filter) => filter,
        Err(error) => {
            say(format_args!("--log-filter: {error}"));
            return Ok(WRONG_COMMAND_LINE);
        }
    };
    let mut machine = MachineConfig {
        tlb: arguments.tlb.config(),
        ..config
    };
    arguments.devices.set_clocks(&mut machine);
    let request = Request {
        machine,
        devices: &arguments.devices,
        is_program,
        own_firmware: arguments.boot.own_firmware(),
        no_reboot: arguments.no_reboot,
        max_instructions: arguments.max_instructions,
        timeout: arguments.timeout,
        signature: arguments.signature.as_deref(),
        granularity: arguments.signature_granularity.into(),
        log_commits: arguments.log_commits.as_deref(),
        stats: arguments.stats,
        check: &arguments.check,
        stats_json: arguments.stats_json.as_deref(),
        profile: ProfileRequest {
            text: arguments.profile.as_ref().map(Option::as_deref),
            folded: arguments.profile_folded.as_deref(),
            top: arguments.profile_top,
        },
        filter,
        trace: (&arguments.trace, &arguments.machine),
    };
    // An error of the run goes before one of the log.
    let code = run_guest(guest, program, &request)?;
    arguments.log.finish()?;
    Ok(code)
}

impl Arguments {
    fn config(&self, is_program: bool) -> MachineConfig {
        if is_program {
            self.machine.config_with(program::MEMORY)
        } else {
            self.machine.config()
        }
    }

    /// What is in memory at the start.
    fn open(&self, is_program: bool) -> Result<Guest> {
        match self.named() {
            Some(program) if is_program => {
                // What is no ELF file for RISC-V says what it is.
                sniff(program)?;
                let supervisor = self.program.supervisor.as_deref();
                self.boot.supervisor(supervisor, program)
            }
            named => {
                let bare = self.program.kind.map(|kind| kind == Kind::Bare);
                self.boot.guest(named, bare)
            }
        }
    }
}

/// Writes the device tree of the machine that the command line describes, without making it.
fn dump_device_tree(arguments: &Arguments, is_program: bool, path: &Path) -> Result<()> {
    let (boot, devices) = (&arguments.boot, &arguments.devices);
    let mut virtio = devices.virtio_count();
    if is_program {
        arguments.program.check(virtio)?;
        virtio += arguments.program.virtio_count();
    }
    let mut guest = if arguments.named().is_some() || boot.names_guest() {
        Some(arguments.open(is_program)?)
    } else {
        boot.check_without_guest()?;
        None
    };
    devices.check(Stdio::Lines)?;
    let tree = Machine::device_tree_of(
        &arguments.config(is_program),
        guest.as_mut(),
        boot.append(),
        virtio,
    )?;
    fs::write(path, tree).with_context(|| format!("cannot write {}", path.display()))
}

/// What to do with a guest.
struct Request<'a> {
    machine: MachineConfig,
    devices: &'a DeviceArguments,
    /// A Linux program runs: its exit code is its own affair.
    is_program: bool,
    own_firmware: bool,
    no_reboot: bool,
    max_instructions: Option<u64>,
    timeout: Option<Duration>,
    signature: Option<&'a Path>,
    granularity: usize,
    log_commits: Option<&'a Path>,
    stats: bool,
    check: &'a CheckArguments,
    stats_json: Option<&'a Path>,
    profile: ProfileRequest<'a>,
    filter: Option<Filter>,
    trace: (&'a TraceArguments, &'a MachineArguments),
}

/// Runs a guest to its end and returns the exit code.
fn run_guest(mut guest: Guest, program: Option<Program>, request: &Request<'_>) -> Result<u8> {
    let checking = request.check.checking(&guest, &request.machine.tlb)?;
    let config = MachineConfig {
        check: checking.is_some(),
        ..request.machine.clone()
    };
    interrupt::listen();
    // A program that uses HTIF leaves the terminal as it is.
    let stdio = if request.is_program {
        // What it has of the host it has as a program; the serial line is the kernel's.
        Stdio::Error
    } else if guest.tohost().is_none() {
        Stdio::Keys
    } else {
        Stdio::Lines
    };
    let (mut host, raw) = request.devices.open(stdio)?;
    if let Some(program) = program {
        program.attach(&mut host);
    }
    let mut machine = Machine::with_host(&config, &mut guest, host)?;
    let guest = &guest;
    let signature = request
        .signature
        .map(|path| Signature::new(path, guest))
        .transpose()?;
    let stats_json = request.stats_json.map(create).transpose()?;
    let mut commits = request.log_commits.map(commit_log).transpose()?;
    let profile = ProfileFiles::create(&request.profile)?;
    let mut profiler = profile.as_ref().map(|_| Profiler::new(guest));
    let (arguments, machine_arguments) = request.trace;
    let ad = machine_arguments.ad();
    let mut trace = arguments.start(guest, &config, ad, request.filter.clone())?;
    let start = Instant::now();
    let limits = Limits {
        max_instructions: request.max_instructions,
        deadline: request.timeout.and_then(|limit| start.checked_add(limit)),
        stop: Some(interrupt::stop_flag()),
    };
    if let Some(limit) = request.timeout {
        guard(limit);
    }
    let mut traps = TrapHistory::default();
    let log = LogObserver::if_wanted(guest, request.filter.clone(), config.check);
    if request.filter.is_some() && log.is_none() && trace.is_none() {
        say(format_args!(
            "--log-filter has nothing to narrow: there is neither --trace-mmu nor a log of what the guest does (--log)"
        ));
    }
    let observers = Observers {
        log,
        trace: trace.as_mut().map(|(trace, _)| trace),
        check: checking.as_ref().map(|checking| checking.observer(guest)),
        commits: commits.as_mut().map(|(commits, _)| commits),
        profiler: profiler.as_mut(),
    };
    if config.engine == EngineKind::Lockstep
        && let Some(option) = observers.first()
    {
        say(format_args!(
            "--engine lockstep compares nothing while {option} looks on: leave one of them out"
        ));
        return Ok(WRONG_COMMAND_LINE);
    }
    let mut run = Run {
        machine: &mut machine,
        guest,
        limits: &limits,
        no_reboot: request.no_reboot,
        earlier: Vec::new(),
    };
    let stop = observers.run(&mut run, &mut traps);
    let earlier = run.earlier;
    let time = start.elapsed();
    interrupt::run_ended();
    drop(raw);
    let stop = stop?;
    let flushed = io::stdout().flush();
    let committed = commits.map(|(log, path)| (log.finish(), path));
    let traced = trace.map(|(trace, path)| (trace.finish(), path));
    let mut lost = None;
    for (written, path) in [committed, traced].into_iter().flatten() {
        if let Err(error) = written {
            lost = Some(ending::file_lost(path, &error));
        }
    }
    // Whatever cannot be written, the rest is.
    let mut failed = |written: Result<()>| {
        if let Err(error) = written {
            say(format_args!("{error:#}"));
            lost = Some(CANNOT_GO_ON);
        }
    };
    if let Some(signature) = signature {
        failed(signature.write(&machine, request.granularity));
    }
    let end = ending::Ending {
        stop: &stop,
        machine: &machine,
        guest,
        traps: &traps,
        timeout: request.timeout,
        own_firmware: request.own_firmware,
        is_program: request.is_program,
    };
    let mut code = end.tell();
    let mut figures_lost = None;
    if request.stats || stats_json.is_some() {
        let stats = Stats::new(machine.harts(), &earlier, &traps, time);
        if request.stats {
            output::finish_line();
        }
        if request.stats
            && let Err(error) = write!(io::stderr(), "{stats}")
        {
            figures_lost = Some(ending::standard_error_lost(error.kind()));
        }
        if let (Some(file), Some(path)) = (stats_json, request.stats_json) {
            let mut out = BufWriter::new(file);
            let written = stats.write_json(&mut out).and_then(|()| out.flush());
            failed(written.with_context(|| format!("cannot write {}", path.display())));
        }
    }
    if let (Some(profiler), Some(files)) = (profiler, profile) {
        let profile = profiler.finish();
        if let Err(error) = files.print(&profile) {
            figures_lost = Some(ending::standard_error_lost(error.kind()));
        }
        for written in files.write(&profile) {
            failed(written);
        }
    }
    if let (Some(checking), Some(checker)) = (checking, machine.checker_mut()) {
        match checking.finish(checker, guest, &stop) {
            Ok(found) => code = found.unwrap_or(code),
            Err(error) => failed(Err(error)),
        }
    }
    Ok(match (lost, flushed) {
        (Some(lost), _) => lost,
        (None, Err(error)) if code == 0 => ending::output_lost(error.kind()),
        (None, _) if code == 0 => figures_lost.unwrap_or(0),
        _ => code,
    })
}

/// Ends the process if the limit on time has passed and the run cannot: nobody reads what the
/// guest prints, so it waits in the middle of a request.
fn guard(limit: Duration) {
    thread::spawn(move || {
        thread::sleep(limit.saturating_add(GRACE));
        if interrupt::has_ended() {
            return;
        }
        say(format_args!(
            "the limit of {} s is reached, and the guest's output is not being read",
            limit.as_secs_f64()
        ));
        terminal::restore();
        process::exit(LIMIT.into());
    });
}

/// How much longer than its limit a run may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);

type Commits<'a> = (CommitLog<BufWriter<File>>, &'a Path);

fn commit_log(path: &Path) -> Result<Commits<'_>> {
    let file = create(path)?;
    Ok((
        CommitLog::new(BufWriter::with_capacity(1 << 16, file)).with_stop(interrupt::stop_flag()),
        path,
    ))
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

/// The signature to write at the end.
struct Signature<'a> {
    path: &'a Path,
    file: File,
    range: std::ops::Range<u64>,
}

impl<'a> Signature<'a> {
    /// Looks for the signature before the run, so that nobody waits for nothing.
    fn new(path: &'a Path, guest: &Guest) -> Result<Self> {
        let Some(range) = guest.signature() else {
            bail!(
                "{}: --signature needs the symbols begin_signature and end_signature, in this order",
                guest.name()
            );
        };
        let file = create(path)?;
        Ok(Self { path, file, range })
    }

    fn write(self, machine: &Machine, granularity: usize) -> Result<()> {
        let mut out = BufWriter::new(self.file);
        let ram = machine.bus().ram();
        match signature::write(&mut out, ram, self.range.clone(), granularity) {
            Some(written) => written
                .and_then(|()| out.flush())
                .with_context(|| format!("cannot write {}", self.path.display())),
            None => bail!(
                "the signature from {:#x} to {:#x} is not in memory",
                self.range.start,
                self.range.end
            ),
        }
    }
}
