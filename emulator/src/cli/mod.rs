//! The command line: turns arguments into a machine or a request, and results into exit codes.

mod boot;
mod check;
mod devices;
mod ending;
mod interrupt;
mod log;
mod machine;
mod observers;
mod output;
mod profile;
mod program;
mod qemu;
mod run;
mod terminal;
mod test;
mod tour;
mod trace;
mod values;
mod walk;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit code: the guest ran into a limit.
const LIMIT: u8 = 124;
/// Exit code: Pagewalk cannot go on.
const CANNOT_GO_ON: u8 = 125;
/// Exit code: nobody reads our output any more. Shells show this when SIGPIPE ends a program.
const NOBODY_READS: u8 = 141;
/// Exit code: the command line is wrong. Clap uses it too.
const WRONG_COMMAND_LINE: u8 = 2;

/// A RISC-V (RV64) system emulator whose memory-management unit can be seen.
///
/// Without a command it gives the tour: scenes that show virtual memory, each from a program's run.
#[derive(Parser)]
#[command(name = "pagewalk", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  pagewalk                          the tour: virtual memory, shown by programs
  pagewalk run hello.elf            run a bare-metal ELF file
  pagewalk run --dir . ./a.out x y  run a program for Linux, with arguments
  pagewalk test riscv-tests/isa     run a folder of test programs
  pagewalk walk kernel.elf --until fault
                                    explain the first page fault
  pagewalk tour fault --html pages  one scene of the tour, and a page of it
  pagewalk help run                 every option of a command

Exit codes:
  the guest's, or 124 a limit ended the run, 125 Pagewalk cannot go on, 130 interrupted, 2 wrong
  command line";

#[derive(Subcommand)]
enum Command {
    Run(Box<run::Arguments>),
    Test(Box<test::Arguments>),
    Walk(Box<walk::Arguments>),
    Tour(tour::Arguments),
}

/// Parses the command line, does what it says, and tells what went wrong.
pub(crate) fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(instead) = qemu::found(&words) {
        say(format_args!("{instead}"));
        return ExitCode::from(WRONG_COMMAND_LINE);
    }
    let arguments = Arguments::parse();
    let done = match arguments.command {
        None => tour::run(&tour::Arguments::default()),
        Some(Command::Run(arguments)) => {
            // Without a subcommand's name clap would not have found one.
            let at = words
                .iter()
                .position(|word| word == "run")
                .map_or(0, |at| at + 1);
            match arguments.settle(&words[at..]) {
                Ok(arguments) => run::run(&arguments),
                Err(error) => error.exit(),
            }
        }
        Some(Command::Test(arguments)) => test::run(&arguments),
        Some(Command::Walk(arguments)) => walk::run(&arguments),
        Some(Command::Tour(arguments)) => tour::run(&arguments),
    };
    ExitCode::from(done.unwrap_or_else(|error| failed(&error)))
}

/// Says what went wrong and gives the exit code.
fn failed(error: &anyhow::Error) -> u8 {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        let cause = cause.downcast_ref::<std::io::Error>();
        cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
    };
    // A pipe whose reader just went away.
    if error.chain().any(broken) {
        return NOBODY_READS;
    }
    say(format_args!("{error:#}"));
    if error.is::<WrongUse>() {
        WRONG_COMMAND_LINE
    } else {
        CANNOT_GO_ON
    }
}

/// What the user asked for makes no sense.
#[derive(Debug)]
struct WrongUse(String);

impl std::fmt::Display for WrongUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUse {}

/// Says so if two of the files named on the command line are one, which would be lost: what each
/// is called, and its path. Devices such as `/dev/null` may be named twice.
fn same_file_twice(files: &[(&str, Option<&Path>)]) -> bool {
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    for &(what, path) in files {
        let Some(path) = path else { continue };
        if path.exists() && !path.is_file() {
            continue;
        }
        // A file that is not there yet has a folder that is.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let real = path.canonicalize().or_else(|_| {
            let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
            Ok::<_, std::io::Error>(folder.join(path.file_name().unwrap_or_default()))
        });
        let real = real.unwrap_or_else(|_| path.to_owned());
        if let Some((other, _)) = seen.iter().find(|(_, seen)| *seen == real) {
            say(format_args!(
                "{} is both {other} and {what}",
                path.display()
            ));
            return true;
        }
        seen.push((what, real));
    }
    false
}

/// Says something to the user on standard error. If nobody listens there, it is lost.
fn say(what: std::fmt::Arguments<'_>) {
    use std::io::Write;
    output::finish_line();
    let _ = writeln!(std::io::stderr(), "pagewalk: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_option_says_what_it_does() {
        for command in Arguments::command().get_subcommands() {
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string);
                assert!(help.is_some_and(|help| !help.is_empty()), "{argument:?}");
            }
        }
    }
}
