//! Runs one test, and runs it again if it fails, to see why.

use super::{Failure, Outcome, TestFile};
use crate::board::{Limits, Machine, MachineConfig, Stop};
use crate::engine::Pair;
use crate::hart::{Cause, TrapTaken};
use crate::isa::Exception;
use crate::loader::Guest;
use crate::report::log::LogObserver;
use crate::report::recorder::{MOST_OPEN, OpenTrap, Recorder};
use crate::report::traps::{KEPT, TrapHistory};
use std::io::{self, Write};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How tests are run.
#[derive(Clone, Debug)]
pub struct TestConfig {
    /// The machine.
    pub machine: MachineConfig,
    /// The limit on instructions for each test.
    pub max_instructions: u64,
    /// The limit on time for each test.
    pub timeout: Duration,
    /// When this becomes true, no test is begun any more and those that run end.
    pub stop: Option<&'static AtomicBool>,
}

/// What came of a test.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// The test.
    pub test: TestFile,
    /// How it ended.
    pub outcome: Outcome,
    /// How many instructions it ran.
    pub instructions: u64,
    /// How long it took.
    pub time: Duration,
    /// What it printed.
    pub output: String,
    /// Why it failed, if it ran and did.
    pub failure: Option<Box<Failure>>,
}

/// How much of what a test prints is kept.
const MOST_OUTPUT: usize = 64 << 10;

/// What a test prints, shared with the machine that it runs on.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_OUTPUT.saturating_sub(all.len()).min(bytes.len());
        all.extend_from_slice(&bytes[..room]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a test. If it fails, it is run once more with everything looked at: the same guest and
/// options give the same run, so the second one shows why the first one failed.
pub fn run_test(test: &TestFile, config: &TestConfig) -> TestResult {
    let start = Instant::now();
    let mut result = TestResult {
        test: test.clone(),
        outcome: Outcome::NoTohost,
        instructions: 0,
        time: Duration::ZERO,
        output: String::new(),
        failure: None,
    };
    match Guest::open(&test.path) {
        Err(error) => result.outcome = Outcome::CannotLoad(error.reason.to_string()),
        Ok(guest) if guest.tohost().is_none() => {}
        Ok(mut guest) => run_guest(&mut guest, config, &mut result),
    }
    result.time = start.elapsed();
    result
}

fn run_guest(guest: &mut Guest, config: &TestConfig, result: &mut TestResult) {
    let output = Output::default();
    let console = Box::new(output.clone());
    let mut machine = match Machine::new(&config.machine, guest, console) {
        Ok(machine) => machine,
        Err(error) => {
            let text = error.to_string();
            let name = format!("{}: ", guest.name());
            let reason = text.strip_prefix(&name).unwrap_or(&text);
            result.outcome = Outcome::CannotLoad(reason.to_owned());
            return;
        }
    };
    let limits = Limits {
        max_instructions: Some(config.max_instructions),
        deadline: Instant::now().checked_add(config.timeout),
        stop: config.stop,
    };
    let mut traps = TrapHistory::default();
    let (mut stop, stormy) = run_until_storm(&mut machine, guest, config, limits, &mut traps);
    result.instructions = machine.instructions();
    result.output = output.text();
    if stop == Stop::Exit(0) {
        result.outcome = Outcome::Passed;
        return;
    }
    // Of several harts the one that ended the test is shown. If it goes on for ever, hart 0 is:
    // tests park the others.
    let shown = match &stop {
        Stop::TrapLoop(trap) => trap.hart,
        Stop::Exit(_) | Stop::BadRequest(_) => machine.turn(),
        Stop::InstructionLimit
        | Stop::Timeout
        | Stop::Break
        | Stop::Interrupted
        | Stop::Asleep
        | Stop::Differs(_)
        | Stop::Reset => 0,
    };
    let mut recorder = Recorder::new(shown, guest.symbols().by_name("fail"));
    if let Some((storm, seen)) = stormy {
        stop = Stop::TrapLoop(storm);
        recorder = *seen;
    } else if !matches!(stop, Stop::InstructionLimit | Stop::Timeout) {
        let limit = config.max_instructions;
        let same = run_again(guest, config, limit, &mut recorder, |_| false);
        if same.as_ref() != Some(&stop) {
            log::warn!("{}: ended differently when run again", guest.name());
        }
    } else {
        // It is still running. What it does now is what it did all the time.
        let more = match machine.harts().len() as u64 {
            1 => MORE,
            harts => harts * MORE_OF_EACH,
        };
        let limits = Limits {
            max_instructions: Some(result.instructions.saturating_add(more)),
            deadline: Instant::now().checked_add(config.timeout),
            stop: config.stop,
        };
        machine.run(&limits, &mut recorder);
        recorder.traps = traps;
    }
    result.outcome = outcome(stop, &recorder, config);
    let failure = Failure::new(&result.outcome, guest, machine.harts(), &recorder);
    result.failure = Some(Box::new(failure));
}

/// Runs a guest to its end or its limits, or until its trap handler does nothing but trap: then
/// says which trap repeats, and gives what a recorder has seen of how it began.
fn run_until_storm(
    machine: &mut Machine,
    guest: &mut Guest,
    config: &TestConfig,
    limits: Limits,
    traps: &mut TrapHistory,
) -> (Stop, Option<(TrapTaken, Box<Recorder>)>) {
    let mut suspected = false;
    let alone = machine.harts().len() == 1;
    loop {
        let retired = machine.instructions();
        let next = config
            .max_instructions
            .min(retired.saturating_add(AT_A_TIME));
        let limits = Limits {
            max_instructions: Some(next),
            ..limits
        };
        let mut logs = LogObserver::if_wanted(guest, None, config.machine.check);
        let stop = match logs.as_mut() {
            Some(logs) => machine.run(&limits, &mut Pair(&mut *traps, logs)),
            None => machine.run(&limits, traps),
        };
        let at_limit = machine.instructions() >= config.max_instructions;
        let running = matches!(stop, Stop::InstructionLimit | Stop::Timeout);
        // Several harts may go on while one of them does nothing but trap.
        if running
            && alone
            && (!suspected || stop == Stop::Timeout || at_limit)
            && let Some(storm) = storm(traps)
        {
            // A loop of harmless traps looks the same from outside: one look from inside tells.
            suspected = true;
            let mut recorder = Recorder::new(0, guest.symbols().by_name("fail"));
            let deep = |recorder: &Recorder| recorder.open_traps().len() == MOST_OPEN;
            run_again(guest, config, machine.instructions(), &mut recorder, deep);
            if deep(&recorder) {
                return (stop, Some((storm, Box::new(recorder))));
            }
        }
        if stop != Stop::InstructionLimit || at_limit {
            return (stop, None);
        }
    }
}

/// Runs a guest again, up to so many instructions or until the recorder has seen `enough`. Says
/// how it ended, unless there was enough.
fn run_again(
    guest: &mut Guest,
    config: &TestConfig,
    instructions: u64,
    recorder: &mut Recorder,
    enough: impl Fn(&Recorder) -> bool,
) -> Option<Stop> {
    let mut machine = Machine::new(&config.machine, guest, Box::new(io::sink())).ok()?;
    let deadline = Instant::now().checked_add(config.timeout.saturating_mul(RECORDING));
    loop {
        let retired = machine.instructions();
        let limits = Limits {
            max_instructions: Some(instructions.min(retired.saturating_add(AT_A_TIME))),
            deadline,
            stop: config.stop,
        };
        let stop = machine.run(&limits, recorder);
        if enough(recorder) {
            return None;
        }
        if stop != Stop::InstructionLimit || machine.instructions() >= instructions {
            return Some(stop);
        }
    }
}

/// Between two looks at what a recorder has seen. A run in pieces is the same as one in a single
/// piece.
const AT_A_TIME: u64 = 1_000_000;

/// The trap that a run went on repeating, if it did: the last ones all come from one place, each
/// in the handler of the one before.
fn storm(traps: &TrapHistory) -> Option<TrapTaken> {
    let last = traps.last(0).next_back()?;
    let mut all = traps.last(0);
    let same = all.all(|trap| {
        (trap.cause, trap.epc, trap.from, trap.to) == (last.cause, last.epc, last.from, last.to)
    });
    (same && last.from == last.to && traps.last(0).count() == KEPT).then_some(*last)
}

/// How many more instructions of a test are looked at that never ends.
const MORE: u64 = 100;

/// The same for each of several harts, so that every one has its turn.
const MORE_OF_EACH: u64 = 5_000;

/// How many times longer a recorded run may take.
const RECORDING: u32 = 10;

fn outcome(stop: Stop, recorder: &Recorder, config: &TestConfig) -> Outcome {
    match stop {
        Stop::Exit(0) => Outcome::Passed,
        Stop::Exit(number) => match unexpected(recorder) {
            Some(open) => Outcome::UnexpectedTrap {
                trap: open.taken,
                number: open.check(),
            },
            None => match packed_trap(number, recorder) {
                Some(trap) => Outcome::UnexpectedTrap {
                    trap,
                    number: number & 0xffff,
                },
                None => Outcome::CheckFailed { number },
            },
        },
        // Nobody breaks into a test; one that is interrupted has no result.
        Stop::InstructionLimit | Stop::Break | Stop::Interrupted => {
            Outcome::InstructionLimit(config.max_instructions)
        }
        Stop::Timeout => Outcome::Timeout(config.timeout),
        Stop::TrapLoop(repeated) => Outcome::TrapLoop {
            first: beginning(recorder, &repeated),
            repeated,
        },
        Stop::Asleep => Outcome::Asleep,
        Stop::BadRequest(what) => Outcome::BadRequest(what.to_string()),
        Stop::Reset => Outcome::BadRequest("a reset of the machine".into()),
        Stop::Differs(how) => Outcome::Differs(how.to_string()),
    }
}

/// The trap that a test says it did not expect, in the way of our own tests: bits 23:16 of the
/// number hold its cause plus one, the lower bits the check. It must be one that was taken.
fn packed_trap(number: u64, recorder: &Recorder) -> Option<TrapTaken> {
    let cause = (number >> 16 & 0xff).checked_sub(1)?;
    let interrupt = number >> 24 == 1;
    let bits = cause | u64::from(interrupt) << 63;
    let mut latest = recorder
        .traps
        .last(recorder.hart())
        .filter(|trap| trap.cause.bits() == bits);
    (number >> 25 == 0).then(|| latest.next_back().copied())?
}

/// The trap that made a test give up: the handler never returned, and the test did not come
/// there by itself, as it does with `ecall` and by a branch to `fail`.
fn unexpected(recorder: &Recorder) -> Option<&OpenTrap> {
    if recorder.failed_at().is_some() {
        return None;
    }
    recorder.open_traps().last().filter(|open| {
        !matches!(
            open.taken.cause,
            Cause::Exception(
                Exception::EnvironmentCallFromU
                    | Exception::EnvironmentCallFromS
                    | Exception::EnvironmentCallFromM
            )
        )
    })
}

/// The trap that began a loop of traps: the innermost one that is not the one that repeats.
fn beginning(recorder: &Recorder, repeated: &TrapTaken) -> TrapTaken {
    let mut open = recorder.open_traps().iter().rev().map(|open| open.taken);
    let first = open.find(|trap| trap.epc != repeated.epc);
    let outermost = recorder.open_traps().first().map(|open| open.taken);
    first.or(outermost).unwrap_or(*repeated)
}
