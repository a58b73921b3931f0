//! `pagewalk test`.

use super::interrupt;
use super::log::LogArguments;
use super::machine::{MachineArguments, TlbArguments};
use super::{WRONG_COMMAND_LINE, same_file_twice, say, values};
use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use pagewalk::board::MachineConfig;
use pagewalk::runner::{
    Found, Partition, Run, Table, TestConfig, TestFile, TestResult, find, run_all, write_json,
    write_junit,
};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Run test programs in the form of riscv-tests
///
/// Runs every RISC-V ELF file among the files and folders given, in parallel, each on a machine
/// of its own. A test passes by exiting with code zero (it writes 1 to its symbol `tohost`), and
/// in no other way. Each failure is explained: the check or the trap, where it stopped, the last
/// traps and instructions, the registers. With --log, use --jobs 1: the lines of tests that run
/// at the same time mix.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Test files, and folders of them (with the folders inside)
    #[arg(value_name = "PATHS", required = true)]
    paths: Vec<PathBuf>,

    /// Run only tests whose name contains this; given several times, any of them
    #[arg(
        short,
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        help_heading = "Selection"
    )]
    filter: Vec<String>,

    /// Leave out tests whose name contains this; can be given several times
    #[arg(
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        help_heading = "Selection"
    )]
    skip: Vec<String>,

    /// Run one share of the tests: K/N, count:K/N or hash:K/N
    ///
    /// So that N machines run a suite together, each with its own K from 1 to N. With `count`
    /// (the default) the shares are of equal size. With `hash` a test stays in its share when
    /// others are added. The selection comes first.
    #[arg(long, value_name = "K/N", help_heading = "Selection")]
    partition: Option<Partition>,

    /// List the tests instead of running them
    #[arg(short, long, help_heading = "Selection")]
    list: bool,

    /// Run so many tests at a time [default: one for each processor]
    #[arg(short, long, value_name = "N", help_heading = "Running")]
    jobs: Option<NonZero<usize>>,

    /// Begin no further test after one has failed
    #[arg(long, help_heading = "Running")]
    fail_fast: bool,

    /// Give up a test after so many instructions, of all harts together: 5000, 1_000_000, 10M
    #[arg(
        long,
        value_name = "N",
        default_value = "50M",
        value_parser = values::count,
        help_heading = "Running"
    )]
    max_instructions: u64,

    /// Give up a test after this time: 10s, 500ms, 1m30s (a plain number is in seconds)
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "30s",
        value_parser = values::duration,
        help_heading = "Running"
    )]
    timeout: Duration,

    #[command(flatten)]
    machine: MachineArguments,

    #[command(flatten)]
    tlb: TlbArguments,

    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    junit: Option<PathBuf>,

    /// Write the results as JSON
    ///
    /// One object, whose `format` is "pagewalk-test" and whose `version` grows when fields change
    /// or go; new ones may come. `tests` holds for each test name, suite, environment, path, passed,
    /// class, message, check, instructions, seconds, output and failure. The classes are passed,
    /// check-failed, illegal-instruction, unexpected-trap, trap-loop, timeout, instruction-limit,
    /// asleep, bad-request, no-tohost and cannot-load. Addresses and registers are strings in
    /// hexadecimal.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    json: Option<PathBuf>,

    /// Print only the failures, a line for each, and the sum
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    quiet: bool,

    /// Print every test, and the files that are not tests and why
    #[arg(short, long, help_heading = "Output")]
    verbose: bool,

    #[command(flatten)]
    log: LogArguments,
}

const EXAMPLES: &str = "\
Examples:
  pagewalk test riscv-tests/isa
  pagewalk test --filter rv64ui-p --filter rv64um-p riscv-tests/isa
  pagewalk test --partition hash:2/4 --junit results.xml riscv-tests/isa
  pagewalk test --isa rv64gc --jobs 1 --verbose rv64ui-p-add

Exit codes:
  0    every test passed
  1    a test failed
  4    there was no test to run
  125  Pagewalk cannot go on: a path cannot be read, a file not written
  130  interrupted by Ctrl-C (143: by SIGTERM); the reports have the tests that ended
  2    wrong command line";

/// Exit code: a test failed.
const FAILED: u8 = 1;
/// Exit code: there was no test to run. cargo-nextest uses the same.
const NO_TESTS: u8 = 4;

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let outputs = [
        ("--junit", arguments.junit.as_deref()),
        ("--json", arguments.json.as_deref()),
        ("--log-file", arguments.log.file()),
    ];
    let inputs = arguments
        .paths
        .iter()
        .map(|path| ("a test", Some(path.as_path())));
    if same_file_twice(&outputs)
        || outputs.iter().any(|&output| {
            output.1.is_some()
                && inputs
                    .clone()
                    .any(|input| same_file_twice(&[input, output]))
        })
    {
        return Ok(WRONG_COMMAND_LINE);
    }
    arguments.log.start()?;
    let found = find(&arguments.paths)?;
    let selected = select(&found, arguments);
    let nothing = selected.is_empty();
    let mine: Vec<TestFile> = match arguments.partition {
        None => selected,
        Some(partition) => {
            let all = selected.into_iter().enumerate();
            let mine = all.filter(|(place, test)| partition.has(*place, &test.name));
            mine.map(|(_, test)| test).collect()
        }
    };
    let mut out = Output::default();
    if arguments.verbose {
        for skipped in &found.skipped {
            let path = skipped.path.display();
            out.line(format_args!("SKIP  {path}: {}", skipped.why))?;
        }
    }
    if arguments.list && !nothing {
        for test in &mine {
            out.line(format_args!("{}", test.name))?;
        }
        return Ok(0);
    }
    let junit = create(arguments.junit.as_deref())?;
    let json = create(arguments.json.as_deref())?;
    let config = TestConfig {
        machine: MachineConfig {
            tlb: arguments.tlb.config(),
            ..arguments.machine.config()
        },
        max_instructions: arguments.max_instructions,
        timeout: arguments.timeout,
        stop: Some(interrupt::stop_flag()),
    };
    interrupt::listen();
    let start = Instant::now();
    let results = if nothing {
        Vec::new()
    } else {
        run_tests(&mine, &config, arguments)
    };
    let run = Run {
        results: &results,
        skipped: &found.skipped,
        not_run: mine.len() - results.len(),
        isa: &config.machine.isa,
        time: start.elapsed(),
    };
    if !nothing {
        print(&mut out, &run, arguments)?;
    }
    // Reports are written even if nothing ran: old ones would look like this run's.
    if let Some((path, mut file)) = junit {
        write_junit(&mut file, &run)
            .and_then(|()| file.flush())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some((path, mut file)) = json {
        write_json(&mut file, &run)
            .and_then(|()| file.flush())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    arguments.log.finish()?;
    if nothing {
        return Ok(nothing_to_run(&found, arguments));
    }
    if let Some(signal) = interrupt::signal() {
        return Ok(signal.exit_code());
    }
    let failed = results.iter().any(|result| !result.outcome.passed());
    Ok(if failed { FAILED } else { 0 })
}

fn select(found: &Found, arguments: &Arguments) -> Vec<TestFile> {
    let contains = |name: &str, texts: &[String]| texts.iter().any(|text| name.contains(text));
    let wanted = |test: &&TestFile| {
        (arguments.filter.is_empty() || contains(&test.name, &arguments.filter))
            && !contains(&test.name, &arguments.skip)
    };
    found.tests.iter().filter(wanted).cloned().collect()
}

/// That nothing ran must not look like a pass.
fn nothing_to_run(found: &Found, arguments: &Arguments) -> u8 {
    if found.tests.is_empty() {
        let paths: Vec<String> = arguments
            .paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        say(format_args!(
            "no test found in {} ({} files are not RISC-V programs)",
            paths.join(", "),
            found.skipped.len()
        ));
    } else {
        say(format_args!(
            "none of the {} tests found is selected by --filter and --skip",
            found.tests.len()
        ));
    }
    NO_TESTS
}

fn run_tests(tests: &[TestFile], config: &TestConfig, arguments: &Arguments) -> Vec<TestResult> {
    let jobs = arguments
        .jobs
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZero::get);
    let bar = ProgressBar::new(tests.len() as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut failed = 0;
    let results = run_all(tests, config, jobs, arguments.fail_fast, |result| {
        if !result.outcome.passed() {
            failed += 1;
            bar.set_message(format!("{failed} failed"));
        }
        bar.inc(1);
    });
    bar.finish_and_clear();
    results
}

fn print(out: &mut Output, run: &Run<'_>, arguments: &Arguments) -> Result<()> {
    for result in run.results {
        let name = &result.test.name;
        if !result.outcome.passed() {
            out.line(format_args!("FAIL  {name}: {}", result.outcome))?;
            if !arguments.quiet {
                explain(out, result)?;
            }
        } else if arguments.verbose {
            out.line(format_args!(
                "PASS  {name}: {} instructions, {:.3} s",
                result.instructions,
                result.time.as_secs_f64()
            ))?;
        }
    }
    let table = Table::new(run.results);
    if !arguments.quiet && !run.results.is_empty() {
        out.line(format_args!("{}\n{table}", table.heading()))?;
    }
    let mut sum = format!(
        "{} passed, {} failed in {:.2} s",
        table.total.passed,
        table.total.failed,
        run.time.as_secs_f64()
    );
    if run.not_run != 0 {
        let why = match interrupt::signal() {
            Some(_) => "not run because of the interruption",
            None => "not run after the first failure",
        };
        sum += &format!("; {} {why}", run.not_run);
    }
    if run.results.is_empty() && run.not_run == 0 {
        sum += "; none of the selected tests is in this partition";
    }
    let skipped = run.skipped.len();
    if skipped != 0 && !arguments.quiet {
        let more = if arguments.verbose {
            ""
        } else {
            " (-v lists them)"
        };
        let files = if skipped == 1 {
            "file that is not a RISC-V program"
        } else {
            "files that are not RISC-V programs"
        };
        sum += &format!("; skipped {skipped} {files}{more}");
    }
    out.line(format_args!("{sum}"))
}

fn explain(out: &mut Output, result: &TestResult) -> Result<()> {
    if let Some(failure) = &result.failure {
        out.line(format_args!("{}", failure.to_string().trim_end()))?;
    }
    if !result.output.is_empty() {
        out.line(format_args!("  it printed"))?;
        for line in result.output.lines() {
            out.line(format_args!("    {}", line.escape_debug()))?;
        }
    }
    out.line(format_args!(""))
}

fn create(path: Option<&Path>) -> Result<Option<(&Path, BufWriter<File>)>> {
    let Some(path) = path else { return Ok(None) };
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Some((path, BufWriter::new(file))))
}

/// Standard output. When nobody reads it any more, what is left to print is lost, and the exit
/// code and the files still tell.
#[derive(Default)]
struct Output {
    closed: bool,
}

impl Output {
    fn line(&mut self, line: std::fmt::Arguments<'_>) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        match writeln!(io::stdout(), "{line}") {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.closed = true,
            other => other.context("cannot write to standard output")?,
        }
        Ok(())
    }
}
