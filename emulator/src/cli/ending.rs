//! How a run ended: what is said about it, and the exit code.

use super::interrupt;
use super::output;
use super::{CANNOT_GO_ON, LIMIT, NOBODY_READS, say};
use pagewalk::board::{Machine, Stop};
use pagewalk::dev::console::Console;
use pagewalk::dev::htif::HtifError;
use pagewalk::hart::{Hart, TrapTaken};
use pagewalk::isa::Privilege;
use pagewalk::loader::Guest;
use pagewalk::report::place::Place;
use pagewalk::report::stats::grouped;
use pagewalk::report::traps::TrapHistory;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// The end of a run.
pub(super) struct Ending<'a> {
    pub(super) stop: &'a Stop,
    pub(super) machine: &'a Machine,
    pub(super) guest: &'a Guest,
    pub(super) traps: &'a TrapHistory,
    pub(super) timeout: Option<Duration>,
    /// A kernel runs on Pagewalk's own firmware.
    pub(super) own_firmware: bool,
    /// It was a Linux program, whose exit code says what it wants to say.
    pub(super) is_program: bool,
}

/// The lines that Pagewalk's own firmware prints before the kernel starts.
const FIRMWARE_LINES: u64 = 1;

impl Ending<'_> {
    /// Says how the run ended, unless the guest ended it well, and gives the exit code.
    pub(super) fn tell(&self) -> u8 {
        let code = self.tell_stop();
        let cut_off = matches!(
            self.stop,
            Stop::InstructionLimit
                | Stop::Timeout
                | Stop::Interrupted
                | Stop::TrapLoop(_)
                | Stop::Asleep
        );
        if cut_off {
            self.tell_silent_kernel();
        }
        code
    }

    /// Gives a hint if Linux has not come to the point where it has a console.
    fn tell_silent_kernel(&self) {
        let linux = self.own_firmware && self.guest.image().is_some();
        if !linux || output::lines() != FIRMWARE_LINES {
            return;
        }
        let append = self.guest.append().unwrap_or_default();
        let advice = if append.contains("earlycon") {
            ""
        } else {
            "; --append earlycon=sbi shows what it says before it has a console"
        };
        let memory = self.machine.bus().ram().range();
        say(format_args!(
            "the kernel printed nothing{advice}; the memory is {} MiB",
            (memory.end - memory.start) >> 20
        ));
    }

    fn tell_stop(&self) -> u8 {
        let count = grouped(self.machine.instructions());
        match self.stop {
            Stop::Exit(0) => 0,
            Stop::Exit(code @ 1..=255) if self.is_program => *code as u8,
            Stop::Exit(code) => {
                say(format_args!(
                    "the guest exited with code {code} after {count} instructions"
                ));
                let exit = u8::try_from(*code).unwrap_or(u8::MAX);
                if u64::from(exit) != *code {
                    say(format_args!(
                        "{code} does not fit into an exit code, which becomes {exit}"
                    ));
                }
                exit
            }
            Stop::InstructionLimit => {
                self.tell_with_place(format_args!("the limit of {count} instructions is reached"));
                LIMIT
            }
            Stop::Timeout => {
                let limit = self.timeout.unwrap_or_default().as_secs_f64();
                self.tell_with_place(format_args!(
                    "the limit of {limit} s is reached after {count} instructions"
                ));
                LIMIT
            }
            Stop::Interrupted if interrupt::has_quit() => {
                say(format_args!("quit after {count} instructions"));
                0
            }
            Stop::Interrupted => match interrupt::signal() {
                Some(signal) => {
                    self.tell_with_place(format_args!(
                        "interrupted by {} after {count} instructions",
                        signal.name()
                    ));
                    signal.exit_code()
                }
                // A file that cannot be written; the error is told with its name.
                None => CANNOT_GO_ON,
            },
            // Without --no-reboot the machine starts again.
            Stop::Reset => {
                self.tell_with_place(format_args!(
                    "the guest asked for a reset after {count} instructions"
                ));
                0
            }
            Stop::Break => {
                self.tell_with_place(format_args!("stopped after {count} instructions"));
                0
            }
            Stop::TrapLoop(repeated) => {
                self.tell_trap_loop(repeated);
                CANNOT_GO_ON
            }
            Stop::Asleep => {
                self.tell_with_place(format_args!("asleep for ever after {count} instructions"));
                let enabled: Vec<String> = self
                    .machine
                    .harts()
                    .iter()
                    .map(|hart| {
                        let (mie, mip) = (hart.csr.mie, hart.mip());
                        format!("{}mie is {mie:#x}, mip is {mip:#x}, ", self.whose(hart.id))
                    })
                    .collect();
                say(format_args!(
                    "the guest waits for an interrupt that nothing will raise: {}and no timer is \
                     set",
                    enabled.concat()
                ));
                CANNOT_GO_ON
            }
            Stop::Differs(how) => {
                say(format_args!("{how}"));
                CANNOT_GO_ON
            }
            Stop::BadRequest(HtifError::Output(kind)) => {
                match self.machine.lost_console().and_then(Console::file) {
                    Some(file) => file_lost(Path::new(&file), &Error::from(*kind)),
                    None => output_lost(*kind),
                }
            }
            Stop::BadRequest(error) => {
                say(format_args!(
                    "the guest asked for what there is not, {}",
                    self.here(&self.machine.harts()[self.machine.turn()])
                ));
                say(format_args!("{error}"));
                CANNOT_GO_ON
            }
        }
    }

    /// Which hart, where there are several: `hart 1: `.
    fn whose(&self, hart: usize) -> String {
        match self.machine.harts().len() {
            1 => String::new(),
            _ => format!("hart {hart}: "),
        }
    }

    /// Where a hart is.
    fn here(&self, hart: &Hart) -> String {
        let place = Place::of(self.guest, hart.pc);
        format!(
            "{}in {}-mode at {place}",
            self.whose(hart.id),
            hart.privilege
        )
    }

    /// Says what happened and where the guest is: of several harts, each on a line of its own.
    fn tell_with_place(&self, what: fmt::Arguments<'_>) {
        let harts = self.machine.harts();
        if let [hart] = harts {
            say(format_args!("{what}, {}", self.here(hart)));
            return;
        }
        say(what);
        for hart in harts {
            let doing = if self.machine.trap_loop(hart.id).is_some() {
                ", in a trap loop"
            } else if hart.waiting {
                ", waiting for an interrupt"
            } else {
                ""
            };
            say(format_args!(
                "{} after {} instructions{doing}",
                self.here(hart),
                grouped(hart.retired)
            ));
        }
    }

    fn tell_trap_loop(&self, repeated: &TrapTaken) {
        let whose = self.whose(repeated.hart);
        let first = self.traps.before_loop(repeated.hart).unwrap_or(repeated);
        let register = match repeated.to {
            Privilege::Supervisor => "stvec",
            _ => "mtvec",
        };
        say(format_args!(
            "{whose}{} after {} instructions, in {}-mode at {} ({} {:#x})",
            first.cause,
            grouped(first.retired),
            first.from,
            Place::of(self.guest, first.epc),
            match first.to {
                Privilege::Supervisor => "stval",
                _ => "mtval",
            },
            first.value,
        ));
        say(format_args!(
            "{whose}the trap handler cannot run: {register} says {}, and there is an {} for ever",
            Place::of(self.guest, repeated.handler),
            repeated.cause,
        ));
    }
}

/// Says that standard output is gone, unless its reader just went away.
pub(super) fn output_lost(kind: ErrorKind) -> u8 {
    if kind == ErrorKind::BrokenPipe {
        return NOBODY_READS;
    }
    say(format_args!("cannot write to standard output: {kind}"));
    CANNOT_GO_ON
}

/// Says that standard error is gone, to nobody perhaps, and gives the exit code.
pub(super) fn standard_error_lost(kind: ErrorKind) -> u8 {
    if kind == ErrorKind::BrokenPipe {
        return NOBODY_READS;
    }
    say(format_args!("cannot write to standard error: {kind}"));
    CANNOT_GO_ON
}

/// Says that a file cannot be written, unless it is a pipe whose reader just went away.
pub(super) fn file_lost(path: &Path, error: &Error) -> u8 {
    if error.kind() == ErrorKind::BrokenPipe {
        return NOBODY_READS;
    }
    say(format_args!("cannot write {}: {error}", path.display()));
    CANNOT_GO_ON
}
