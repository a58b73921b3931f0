//! The run loop: turns, timers, sleep, devices and limits.

use super::host::HostInterface;
use super::turns::AllIdle;
use super::{Limits, Machine};
use crate::dev::clint::Clint;
use crate::dev::htif::HtifError;
use crate::engine::{Observer, Pause};
use crate::hart::TrapTaken;
use crate::isa::Interrupt;
use crate::trace;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// What ended a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The guest asked to end, with this exit code (for a test, the number of the failed check;
    /// zero is a pass).
    Exit(u64),
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
    /// Every hart waits for an interrupt, and nothing is left that could raise one.
    Asleep,
    /// The guest asked the host for something that does not exist.
    BadRequest(HtifError),
}

/// How often harts that wait for console input look for it.
const INPUT_POLL: Duration = Duration::from_millis(1);

impl Machine {
    /// Runs until the guest ends or a limit is reached. To run on after a limit is the same as to
    /// run in a single piece.
    pub fn run<O: Observer>(&mut self, limits: &Limits, observer: &mut O) -> Stop {
        let stop = self.run_to_stop(limits, observer);
        self.turns.same_time(&mut self.harts);
        if let Some(host) = self.host.as_mut() {
            host.flush();
        }
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
            if let Some(stop) = self.serve() {
                return stop;
            }
            let left = end.saturating_sub(self.instructions());
            if left == 0 {
                return Stop::InstructionLimit;
            }
            if (limits.stop).is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Stop::Interrupted;
            }
            if limits.deadline.is_some_and(|at| Instant::now() >= at) {
                return Stop::Timeout;
            }
            if let Some(stop) = self.run_turn(left, observer) {
                return stop;
            }
        }
    }

    /// Runs the hart whose turn it is to the end of its turn, or until it has retired
    /// `instructions`, looking after timers and devices. It returns early after whatever may take
    /// long, so that the caller looks at the clock.
    fn run_turn<O: Observer>(&mut self, instructions: u64, observer: &mut O) -> Option<Stop> {
        let id = self.turns.hart;
        let end = self.harts[id].retired.saturating_add(instructions);
        loop {
            let hart = &mut self.harts[id];
            let left = self.turns.left(hart).min(end.saturating_sub(hart.retired));
            if left == 0 {
                return None;
            }
            let before = hart.retired;
            let budget = left.min(hart.steps_to_timer());
            let pause = self.engines[id].run(hart, &mut self.bus, budget, observer);
            // Whatever the reason, this may be the instruction at which a timer fires.
            hart.update_timers();
            if hart.retired != before {
                self.turns.ran();
            }
            match pause {
                Pause::Budget => {}
                Pause::Break => return Some(Stop::Break),
                Pause::Attention if self.bus.memory().has_request() => return None,
                Pause::Attention => {
                    if let Some(stop) = self.serve() {
                        return Some(stop);
                    }
                }
                Pause::Waiting if hart.has_wakeup() => {}
                Pause::Waiting => {
                    if self.turns.waits() {
                        return self.all_idle();
                    }
                    self.turns.pass(&mut self.harts[id]);
                    return None;
                }
                Pause::TrapLoop(trap) => {
                    if self.turns.loops(trap) {
                        return self.all_idle();
                    }
                    self.tell_trap_loop(trap);
                    self.turns.pass(&mut self.harts[id]);
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

    /// Every hart waits or repeats a trap: lets the time pass until the next timer fires, or
    /// looks for input, or ends the run.
    fn all_idle(&mut self) -> Option<Stop> {
        match self.turns.all_idle(&mut self.harts) {
            AllIdle::Woken => return None,
            AllIdle::Timer(at, hart) => {
                for hart in &mut self.harts {
                    hart.skip_to(at);
                }
                self.turns.begin(&mut self.harts, hart);
                return None;
            }
            AllIdle::Forever => {}
        }
        if self.wait_for_input() {
            return None;
        }
        let mut loops = (0..self.harts.len()).filter_map(|hart| self.turns.trap_loop(hart));
        Some(loops.next().map_or(Stop::Asleep, Stop::TrapLoop))
    }

    /// Lets waiting harts look for console input that may still come: input is no interrupt, but
    /// waiting may end at any time. False if none can come or no hart waits.
    fn wait_for_input(&mut self) -> bool {
        let expected = self.host.as_ref().is_some_and(HostInterface::expects_input);
        let waits = self.harts.iter().any(|hart| hart.waiting);
        if expected && waits {
            thread::sleep(INPUT_POLL);
            for hart in &mut self.harts {
                hart.waiting = false;
            }
        }
        expected && waits
    }

    /// Serves devices and the host interface.
    fn serve(&mut self) -> Option<Stop> {
        if self.bus.take_device_touched() {
            self.serve_clint();
        }
        let rung = self.bus.memory_mut().take_request();
        let host = self.host.as_mut()?;
        let stop = if rung {
            host.serve(&mut self.bus)
        } else {
            None
        };
        host.reply(&mut self.bus);
        stop
    }

    /// Takes what the hart whose turn it is has written to the CLINT. If it rang another hart,
    /// its turn ends.
    fn serve_clint(&mut self) {
        let Some(clint) = self.bus.device::<Clint>() else {
            return;
        };
        let turn = &mut self.harts[self.turns.hart];
        if let Some(time) = clint.take_mtime_write() {
            turn.set_mtime(time);
        }
        let clock = turn.clock();
        for (id, hart) in self.harts.iter_mut().enumerate() {
            let software = clint.msip(id);
            if id != self.turns.hart && software && !hart.line(Interrupt::MachineSoftware) {
                self.turns.end_now(clock);
            }
            hart.set_line(Interrupt::MachineSoftware, software);
            hart.set_mtimecmp(clint.mtimecmp(id));
        }
    }
}
