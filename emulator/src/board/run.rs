//! The run loop: turns, timers, sleep, devices and limits.

use super::{Limits, Machine};
use crate::dev::console::Console;
use crate::dev::htif::HtifError;
use crate::engine::{Difference, Observer, Pause};
use crate::hart::TrapTaken;
use crate::trace;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// What ended a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The guest asked to end, with this exit code (for a test, the number of the failed check;
    /// zero is a pass).
    Exit(u64),
    /// The guest asked to start again: [`Machine::reset`] does that.
    Reset,
    /// The limit on instructions was reached.
    InstructionLimit,
    /// The limit on time was reached.
    Timeout,
    /// [`Limits::stop`] was set. The run can go on.
    Interrupted,
    /// An observer stopped the run, which can go on.
    Break,
    /// A hart traps at the first instruction of its own trap handler, for ever, and no other hart
    /// has anything to do.
    TrapLoop(TrapTaken),
    /// Two engines that run side by side did not do the same.
    Differs(Box<Difference>),
    /// Every hart waits for an interrupt, and nothing is left that could raise one.
    Asleep,
    /// The guest asked the host for something that does not exist.
    BadRequest(HtifError),
}

/// Whether a limit of real time is reached, or nobody wants the rest.
fn over(limits: &Limits) -> Option<Stop> {
    if (limits.stop).is_some_and(|stop| stop.load(Ordering::Relaxed)) {
        return Some(Stop::Interrupted);
    }
    let late = limits.deadline.is_some_and(|at| Instant::now() >= at);
    late.then_some(Stop::Timeout)
}

impl Machine {
    /// Runs until the guest ends or a limit is reached. To run on after a limit is the same as to
    /// run in a single piece.
    pub fn run<O: Observer>(&mut self, limits: &Limits, observer: &mut O) -> Stop {
        let stop = self.run_to_stop(limits, observer);
        self.turns.same_time(&mut self.harts);
        self.console.flush();
        stop
    }

    /// The number of the hart whose turn it is: after a run, the one that ran last.
    pub fn turn(&self) -> usize {
        self.turns.hart
    }

    /// The trap that a hart repeats for ever, if it does and no other hart helps it out.
    pub fn trap_loop(&self, hart: usize) -> Option<TrapTaken> {
        self.turns.trap_loop(hart)
    }

    fn run_to_stop<O: Observer>(&mut self, limits: &Limits, observer: &mut O) -> Stop {
        let end = limits.max_instructions.unwrap_or(u64::MAX);
        loop {
            self.turns.go_on(&mut self.harts);
            if self.turns.request_ages(&self.harts) {
                self.bus.memory_mut().age_request();
            }
            // Only at the beginning of a turn: else it would matter to the guest where a run is cut
            // into pieces.
            let served = if self.turns.has_begun() {
                self.look_at_host()
            } else {
                self.serve()
            };
            if let Some(stop) = served {
                return stop;
            }
            let left = end.saturating_sub(self.instructions());
            if left == 0 {
                return Stop::InstructionLimit;
            }
            if let Some(stop) = over(limits) {
                return stop;
            }
            if let Some(stop) = self.run_turn(left, limits, observer) {
                return stop;
            }
        }
    }

    /// Runs the hart whose turn it is to the end of its turn, or until it has retired
    /// `instructions`, looking after timers and devices.
    fn run_turn<O: Observer>(
        &mut self,
        instructions: u64,
        limits: &Limits,
        observer: &mut O,
    ) -> Option<Stop> {
        let id = self.turns.hart;
        let end = self.harts[id].retired.saturating_add(instructions);
        loop {
            let hart = &mut self.harts[id];
            let left = self.turns.left(hart).min(end.saturating_sub(hart.retired));
            if left == 0 {
                return None;
            }
            let before = hart.retired;
            let budget = left
                .min(hart.steps_to_timer())
                .min(hart.steps_until(self.device_deadline));
            let pause = self.engine.run(hart, &mut self.bus, budget, observer);
            // Whatever the reason, this may be the instruction at which a timer fires.
            hart.update_timers();
            if hart.retired != before {
                self.turns.ran();
            }
            if hart.mtime() >= self.device_deadline
                && let Some(stop) = self.let_devices_work(false)
            {
                return Some(stop);
            }
            let hart = &mut self.harts[id];
            match pause {
                Pause::Budget => {}
                Pause::Break => return Some(Stop::Break),
                Pause::Differs => return Some(Stop::Differs(Box::new(self.engine.difference()))),
                Pause::Attention if self.bus.memory().has_request() => return None,
                Pause::Attention => {
                    // A device's work may take long.
                    if let Some(stop) = self.serve().or_else(|| over(limits)) {
                        return Some(stop);
                    }
                }
                Pause::Waiting if hart.has_wakeup() => {}
                Pause::Waiting => {
                    if self.turns.waits() {
                        return self.all_idle();
                    }
                    self.turns.pass(&mut self.harts[id], self.device_deadline);
                    return None;
                }
                Pause::TrapLoop(trap) => {
                    if self.turns.loops(trap) {
                        return self.all_idle();
                    }
                    self.tell_trap_loop(trap);
                    self.turns.pass(&mut self.harts[id], self.device_deadline);
                    return None;
                }
            }
        }
    }

    /// Says, once, that a hart cannot go on. Others do, and may help it out.
    fn tell_trap_loop(&mut self, trap: TrapTaken) {
        if self.turns.first_loop() {
            log::warn!(
                target: trace::TRAP,
                "hart {} #{}: {} at va:{:#x}, the first instruction of its own trap handler: it \
                 cannot go on unless another hart helps it",
                trap.hart, trap.retired, trap.cause, trap.epc
            );
        }
    }
}
