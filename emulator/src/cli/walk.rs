//! `pagewalk walk`.

mod asked;
mod page;

use super::boot::BootArguments;
use super::devices::{DeviceArguments, Stdio};
use super::log::LogArguments;
use super::machine::{self, MachineArguments};
use super::{CANNOT_GO_ON, LIMIT, NOBODY_READS, WRONG_COMMAND_LINE};
use super::{interrupt, same_file_twice, say, values};
use anyhow::{Context, Result, anyhow, bail};
use asked::Asked;
use clap::{Args, ValueEnum};
use page::Page;
pub(super) use page::machine_facts;
use pagewalk::board::{Limits, Machine, MachineConfig, Stop};
use pagewalk::dev::console::Console;
use pagewalk::dev::htif::HtifError;
use pagewalk::engine::Pair;
use pagewalk::loader::Guest;
use pagewalk::mmu::TlbConfig;
use pagewalk::report::place::Place;
use pagewalk::report::stats::grouped;
use pagewalk::report::walk::names::Names;
use pagewalk::report::walk::until::{Point, Watcher};
use pagewalk::report::walk::{Document, View};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Run a guest to a point, then explain an address or show its page tables
///
/// Without a question, it tells where the guest stopped and gives an overview of translation there.
/// What the guest prints goes to standard error; the answers go to standard output.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The guest: an ELF file or a Linux Image
    #[arg(value_name = "GUEST", required_unless_present_any = ["kernel", "bios"], conflicts_with = "kernel")]
    guest: Option<PathBuf>,

    #[command(flatten)]
    boot: BootArguments,

    #[command(flatten)]
    devices: DeviceArguments,

    /// Where to stop: a symbol, an address, a number of instructions, fault, trap, end
    ///
    /// SYMBOL[+OFFSET] or 0xADDRESS: before the instruction there. N: after so many instructions, as
    /// in 5000 or 10M.
    /// fault: at the first page fault. access-fault, trap: likewise. end: when the guest ends.
    /// With :N the n-th time, as in fault:3 or main:2. (For a symbol named like one of these
    /// words, write it with +0.)
    #[arg(long, value_name = "POINT", default_value = "end")]
    until: String,

    /// Look at this hart alone [default: the hart that comes to the point]
    #[arg(long, value_name = "N")]
    hart: Option<usize>,

    /// Explain the translation of an address: a number or SYMBOL[+OFFSET]; may be repeated
    ///
    /// Without it, `--until fault` and `--until access-fault` explain the access that faulted.
    #[arg(long, value_name = "ADDRESS", help_heading = "Questions")]
    va: Vec<String>,

    /// How --va is accessed
    #[arg(
        long = "as",
        value_enum,
        value_name = "KIND",
        default_value_t = Kind::Load,
        requires = "va",
        help_heading = "Questions"
    )]
    kind: Kind,

    /// From which mode --va is accessed [default: the present one, or s in M-mode]
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        requires = "va",
        help_heading = "Questions"
    )]
    from: Option<From>,

    /// Show the address space as ranges: virtual, physical, size, page size, rights, A and D
    #[arg(long, help_heading = "Questions")]
    map: bool,

    /// Show the page tables as a tree
    #[arg(long, help_heading = "Questions")]
    tree: bool,

    /// Show what the TLB holds, and whether the tables still say so (its shape: --tlb-shape)
    #[arg(long, help_heading = "Questions")]
    tlb: bool,

    /// The TLB that is modelled: what `pagewalk run` calls --tlb
    #[arg(
        long,
        value_name = "SPEC",
        value_parser = machine::tlb,
        help_heading = "Machine"
    )]
    tlb_shape: Option<TlbConfig>,

    /// List every virtual address that maps a physical one: a number or SYMBOL[+OFFSET]; may be
    /// repeated
    #[arg(long, value_name = "ADDRESS", help_heading = "Questions")]
    who: Vec<String>,

    /// Compare the map with that at an earlier point, given as for --until
    #[arg(long, value_name = "POINT", help_heading = "Questions")]
    diff: Option<String>,

    /// The root table to use in place of satp's: a physical address
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["asid", "all_roots"], help_heading = "Address space")]
    root: Option<String>,

    /// The mode of --root [default: satp's, or sv39 if that is bare]
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        requires = "root",
        help_heading = "Address space"
    )]
    mode: Option<TranslationMode>,

    /// The address space that was last seen with this ASID
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "all_roots",
        help_heading = "Address space"
    )]
    asid: Option<u16>,

    /// Every address space that was written to satp during the run
    #[arg(long, help_heading = "Address space")]
    all_roots: bool,

    /// Answer as one JSON document
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// Write a page that shows the map, the tables, the TLB and which pages were accessed
    ///
    /// One file of HTML that needs no network. It shows every address space that was seen, unless
    /// --root or --asid names one. Counting the accesses makes the run slower.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    html: Option<PathBuf>,

    #[command(flatten)]
    machine: MachineArguments,

    /// Give up after so many instructions
    #[arg(long, value_name = "N", help_heading = "Limits")]
    max_instructions: Option<u64>,

    /// Give up after this time: 10s, 500ms, 2m (a plain number is in seconds)
    #[arg(long, value_name = "DURATION", value_parser = values::duration, help_heading = "Limits")]
    timeout: Option<Duration>,

    #[command(flatten)]
    log: LogArguments,
}

const EXAMPLES: &str = "\
Examples:
  pagewalk walk kernel.elf --until fault              why did this address fault?
  pagewalk walk kernel.elf --until main --map         the address space at main
  pagewalk walk kernel.elf --until 50000 --va 0x40001000 --as store --from u
  pagewalk walk kernel.elf --until fault:3 --tree --tlb
  pagewalk walk kernel.elf --who 0x80201000           which addresses map this frame?
  pagewalk walk kernel.elf --until main --html mmu.html
  pagewalk walk kernel.elf --diff main --until fault  what changed in between?

Exit codes:
  0    the point was reached and the questions are answered
  124  a limit ended the run before the point
  130  Ctrl-C ended it (143: SIGTERM); the questions are answered where it was
  125  the point was never reached, or Pagewalk cannot go on
  2    wrong command line";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// A load
    Load,
    /// A store
    Store,
    /// An instruction fetch
    Fetch,
    /// An atomic read-modify-write
    Amo,
    /// cbo.zero
    #[value(name = "cbo.zero")]
    CboZero,
    /// cbo.clean, cbo.flush, cbo.inval
    Cbo,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum From {
    /// U-mode
    U,
    /// S-mode
    S,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TranslationMode {
    /// Three levels
    Sv39,
    /// Four levels
    Sv48,
    /// Five levels
    Sv57,
}

/// An error in what was asked, as opposed to what the guest did.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Wrong(String);

fn wrong(error: String) -> anyhow::Error {
    Wrong(error).into()
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    match try_to(arguments) {
        Err(error) if error.is::<Wrong>() => {
            say(format_args!("{error}"));
            Ok(WRONG_COMMAND_LINE)
        }
        other => other,
    }
}

fn try_to(arguments: &Arguments) -> Result<u8> {
    let files = [
        ("the guest", arguments.guest.as_deref()),
        ("--html", arguments.html.as_deref()),
        ("--log-file", arguments.log.file()),
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
    let mut guest = arguments.boot.guest(arguments.guest.as_deref(), None)?;
    let mut config = MachineConfig {
        tlb: arguments.tlb_shape.unwrap_or_default(),
        ..arguments.machine.config()
    };
    arguments.devices.set_clocks(&mut config);
    let (host, _) = arguments.devices.open(Stdio::Error)?;
    let mut machine = Machine::with_host(&config, &mut guest, host)?;
    let names = Names::new(&guest);
    // Everything that can be wrong with the questions is said before the guest runs.
    let asked = Asked::read(arguments, &names)?;
    let mut page = arguments.html.as_ref().map(Page::create).transpose()?;
    let mut points = vec![asked.until.clone()];
    points.extend(asked.diff.clone());
    if let Some(hart) = arguments.hart.filter(|&hart| hart >= machine.harts().len()) {
        return Err(wrong(format!(
            "--hart {hart}: the harts are numbered from 0, and there are {}",
            machine.harts().len()
        )));
    }
    let mut watcher = Watcher::new(points, arguments.hart, &names);
    interrupt::listen();
    let limits = Limits {
        stop: Some(interrupt::stop_flag()),
        max_instructions: arguments.max_instructions,
        deadline: arguments
            .timeout
            .and_then(|limit| Instant::now().checked_add(limit)),
    };
    let mut snapshot = None;
    let stop = loop {
        let heat = page.as_mut().map(|page| &mut page.heat);
        let stop = machine.run(&limits, &mut Pair(&mut watcher, heat));
        if stop != Stop::Break {
            watcher.ended(&machine.harts()[arguments.hart.unwrap_or(0)]);
        }
        if let Some(diff) = &asked.diff
            && snapshot.is_none()
            && watcher.reached(1)
        {
            let hart = arguments.hart.unwrap_or(watcher.hart(1));
            let mut view = view(&mut machine, &names, hart)?;
            let satp = asked.root.unwrap_or_else(|| view.satp());
            snapshot = Some(asked.snapshot(&mut view, diff, satp));
        }
        if stop != Stop::Break || watcher.reached(0) {
            break stop;
        }
    };
    interrupt::run_ended();
    let signal = interrupt::signal().filter(|_| stop == Stop::Interrupted);
    if !watcher.reached(0) && signal.is_none() {
        return never_reached(&machine, &guest, &watcher, 0, &asked.until, &stop);
    }
    if let Some(diff) = &asked.diff
        && snapshot.is_none()
    {
        if signal.is_some() {
            say(format_args!(
                "interrupted before the point of --diff, {diff}"
            ));
        } else {
            bail!(
                "the point of --diff, {diff}, was not reached before that of --until, {}",
                asked.until
            );
        }
    }
    let how = match asked.until {
        _ if signal.is_some() => {
            let name = signal.map_or("a signal", interrupt::Signal::name);
            format!("{name}, which interrupted the run")
        }
        Point::End => format!("the end of the run ({})", ending(&machine, &guest, &stop)),
        ref point => point.to_string(),
    };
    let hart = arguments.hart.unwrap_or(watcher.hart(0));
    let mut view = view(&mut machine, &names, hart)?;
    if let Some(page) = page {
        let asked = asked.for_page();
        let document = asked.answer(&mut view, &guest, &watcher, None, how.clone())?;
        page.write(document, &config, &view, &guest)?;
    }
    let document = asked.answer(&mut view, &guest, &watcher, snapshot, how)?;
    let mut text = String::new();
    if arguments.json {
        text = serde_json::to_string_pretty(&document).context("cannot make JSON")?;
        text.push('\n');
    } else {
        tell(&mut text, &document, &asked);
    }
    let mut out = BufWriter::new(io::stdout());
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(signal.map_or(0, interrupt::Signal::exit_code)),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(NOBODY_READS),
        Err(error) => Err(anyhow!("cannot write to standard output: {error}")),
    }
}

fn view<'a>(machine: &'a mut Machine, names: &'a Names<'a>, hart: usize) -> Result<View<'a>> {
    let (hart, bus) = machine.hart_and_bus(hart).context("no such hart")?;
    Ok(View { hart, bus, names })
}

/// Writes the answers as text.
fn tell(text: &mut String, document: &Document, asked: &Asked) {
    use std::fmt::Write;
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}", document.overview.line());
    if asked.nothing() || asked.explains_fault() && document.addresses.is_empty() {
        let _ = write!(text, "{}", document.overview);
    }
    if asked.all_roots {
        let _ = writeln!(
            text,
            "\nAddress spaces seen (what is not in use may hold something else by now)"
        );
        for (number, root) in document.roots.iter().enumerate() {
            let _ = writeln!(text, "  {}: {root}", number + 1);
        }
    }
    let translated = document.overview.satp.root.is_some();
    if (asked.map || asked.tree) && !asked.all_roots && !translated && !document.roots.is_empty() {
        let _ = writeln!(
            text,
            "\nsatp is bare here; --all-roots shows the {} seen before",
            document.roots.len()
        );
    }
    let mut section = |answer: &dyn std::fmt::Display| {
        let _ = write!(text, "\n{answer}");
    };
    document.addresses.iter().for_each(|answer| section(answer));
    document.maps.iter().for_each(|answer| section(answer));
    document.trees.iter().for_each(|answer| section(answer));
    document.tlb.iter().for_each(|answer| section(answer));
    document.who.iter().for_each(|answer| section(answer));
    document.diff.iter().for_each(|answer| section(answer));
}

/// How a run ended, in words.
fn ending(machine: &Machine, guest: &Guest, stop: &Stop) -> String {
    let hart = machine.hart();
    let here = format!(
        "in {}-mode at {}",
        hart.privilege,
        Place::of(guest, hart.pc)
    );
    match stop {
        Stop::Exit(code) => format!("the guest exited with code {code}"),
        Stop::Differs(how) => how.to_string(),
        Stop::InstructionLimit => format!("the limit of instructions is reached, {here}"),
        Stop::Timeout => format!("the limit of time is reached, {here}"),
        Stop::Break | Stop::Interrupted => format!("stopped, {here}"),
        Stop::TrapLoop(trap) => format!(
            "the trap handler cannot run: {} for ever, {here}",
            trap.cause
        ),
        Stop::Asleep => format!("the guest waits for an interrupt that nothing will raise, {here}"),
        Stop::BadRequest(error @ HtifError::Output(kind)) => {
            match machine.lost_console().and_then(Console::file) {
                Some(file) => format!("cannot write {file}: {kind}"),
                None => error.to_string(),
            }
        }
        Stop::BadRequest(error) => format!("the guest asked for what there is not: {error}"),
        Stop::Reset => "the guest asked for a reset".to_owned(),
    }
}

/// Says that a point was never reached, and how the run ended.
fn never_reached(
    machine: &Machine,
    guest: &Guest,
    watcher: &Watcher<'_>,
    index: usize,
    point: &Point,
    stop: &Stop,
) -> Result<u8> {
    let times = match watcher.count(index) {
        0 => String::new(),
        1 => " (it came once)".to_owned(),
        n => format!(" (it came {n} times)"),
    };
    say(format_args!(
        "the run never came to {point}{times}: {} after {} instructions",
        ending(machine, guest, stop),
        grouped(machine.hart().retired)
    ));
    Ok(match stop {
        Stop::InstructionLimit | Stop::Timeout => LIMIT,
        _ => CANNOT_GO_ON,
    })
}
