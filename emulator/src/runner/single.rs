//! Runs one test, and runs it again if it fails, to see why.

use super::{Failure, Outcome, TestFile};
use crate::board::{Limits, Machine, MachineConfig, Stop};
use crate::hart::Cause;
use crate::isa::Exception;
use crate::loader::Guest;
use crate::report::recorder::{OpenTrap, Recorder};
use crate::report::traps::TrapHistory;
use std::io::{self, Write};
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
    };
    let mut traps = TrapHistory::default();
    let stop = machine.run(&limits, &mut traps);
    result.instructions = machine.hart().retired;
    result.output = output.text();
    if stop == Stop::Exit(0) {
        result.outcome = Outcome::Passed;
        return;
    }
    let mut recorder = Recorder::new(guest.symbols().by_name("fail"));
    if matches!(stop, Stop::InstructionLimit | Stop::Timeout) {
        // It is still running. What it does now is what it did all the time.
        let limits = Limits {
            max_instructions: Some(result.instructions.saturating_add(MORE)),
            deadline: Instant::now().checked_add(config.timeout),
        };
        machine.run(&limits, &mut recorder);
        recorder.traps = traps;
    } else {
        let again = Machine::new(&config.machine, guest, Box::new(io::sink()));
        if let Ok(mut again) = again {
            let limits = Limits {
                max_instructions: Some(config.max_instructions),
                deadline: Instant::now().checked_add(config.timeout.saturating_mul(RECORDING)),
            };
            let same = again.run(&limits, &mut recorder);
            if same != stop {
                log::warn!(
                    "{}: ended differently when run again: {same:?}",
                    guest.name()
                );
            }
        }
    }
    result.outcome = outcome(stop, &recorder, config);
    let failure = Failure::new(&result.outcome, guest, machine.hart(), &recorder);
    result.failure = Some(Box::new(failure));
}

/// How many more instructions of a test are looked at that never ends.
const MORE: u64 = 100;

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
            None => Outcome::CheckFailed { number },
        },
        Stop::InstructionLimit => Outcome::InstructionLimit(config.max_instructions),
        Stop::Timeout => Outcome::Timeout(config.timeout),
        Stop::TrapLoop(repeated) => Outcome::TrapLoop {
            first: recorder.traps.before_loop().copied().unwrap_or(repeated),
            repeated,
        },
        Stop::Asleep => Outcome::Asleep,
        Stop::BadRequest(what) => Outcome::BadRequest(what.to_string()),
    }
}

/// The trap that made a test give up: the handler never returned, and the test did not come
/// there by itself, as it does with `ecall` and by a branch to `fail`.
fn unexpected(recorder: &Recorder) -> Option<&OpenTrap> {
    if recorder.failed_at().is_some() {
        return None;
    }
    recorder.open_trap().filter(|open| {
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
