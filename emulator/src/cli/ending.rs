//! How a run ended: what is said about it, and the exit code.

use super::interrupt;
use super::{CANNOT_GO_ON, LIMIT, NOBODY_READS, say};
use pagewalk::board::Stop;
use pagewalk::dev::htif::HtifError;
use pagewalk::hart::{Hart, TrapTaken};
use pagewalk::isa::Privilege;
use pagewalk::loader::Guest;
use pagewalk::report::place::Place;
use pagewalk::report::stats::grouped;
use pagewalk::report::traps::TrapHistory;
use std::io::ErrorKind;
use std::time::Duration;

/// The end of a run.
pub(super) struct Ending<'a> {
    pub(super) stop: &'a Stop,
    pub(super) hart: &'a Hart,
    pub(super) guest: &'a Guest,
    pub(super) traps: &'a TrapHistory,
    pub(super) timeout: Option<Duration>,
}

impl Ending<'_> {
    /// Says how the run ended, unless the guest ended it well, and gives the exit code.
    pub(super) fn tell(&self) -> u8 {
        let hart = self.hart;
        let count = grouped(hart.retired);
        match self.stop {
            Stop::Exit(0) => 0,
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
                say(format_args!(
                    "the limit of {count} instructions is reached, {}",
                    self.here()
                ));
                LIMIT
            }
            Stop::Timeout => {
                let limit = self.timeout.unwrap_or_default().as_secs_f64();
                say(format_args!(
                    "the limit of {limit} s is reached after {count} instructions, {}",
                    self.here()
                ));
                LIMIT
            }
            Stop::Interrupted => match interrupt::signal() {
                Some(signal) => {
                    say(format_args!(
                        "interrupted by {} after {count} instructions, {}",
                        signal.name(),
                        self.here()
                    ));
                    signal.exit_code()
                }
                // A file that cannot be written; the error is told with its name.
                None => CANNOT_GO_ON,
            },
            Stop::Break => {
                say(format_args!(
                    "stopped after {count} instructions, {}",
                    self.here()
                ));
                0
            }
            Stop::TrapLoop(repeated) => {
                self.tell_trap_loop(repeated);
                CANNOT_GO_ON
            }
            Stop::Asleep => {
                say(format_args!(
                    "asleep for ever after {count} instructions, {}",
                    self.here()
                ));
                say(format_args!(
                    "the guest waits for an interrupt that nothing will raise: mie is {:#x}, mip \
                     is {:#x}, and no timer is set",
                    hart.csr.mie,
                    hart.mip()
                ));
                CANNOT_GO_ON
            }
            Stop::BadRequest(HtifError::Output(kind)) => output_lost(*kind),
            Stop::BadRequest(error) => {
                say(format_args!(
                    "the guest asked for what there is not, {}",
                    self.here()
                ));
                say(format_args!("{error}"));
                CANNOT_GO_ON
            }
        }
    }

    /// Where the guest is.
    fn here(&self) -> String {
        let place = Place::of(self.guest, self.hart.pc);
        format!("in {}-mode at {place}", self.hart.privilege)
    }

    fn tell_trap_loop(&self, repeated: &TrapTaken) {
        let first = self.traps.before_loop().unwrap_or(repeated);
        let register = match repeated.to {
            Privilege::Supervisor => "stvec",
            _ => "mtvec",
        };
        say(format_args!(
            "{} after {} instructions, in {}-mode at {} ({} {:#x})",
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
            "the trap handler cannot run: {register} says {}, and there is an {} for ever",
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
