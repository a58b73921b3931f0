//! What happens while every hart waits.

use super::host::HostInterface;
use super::turns::AllIdle;
use super::{ClockSource, Machine, Stop};
use crate::dev::console::Console;
use std::thread;
use std::time::{Duration, Instant};

/// How often a machine that waits for the host looks for it.
const POLL: Duration = Duration::from_millis(1);

/// The length of a tick of the time base.
pub(super) const TICK: Duration = Duration::from_nanos(100);

impl Machine {
    /// Every hart waits or repeats a trap: lets the time pass until the next timer fires, or
    /// waits for the host, or ends the run.
    pub(super) fn all_idle(&mut self) -> Option<Stop> {
        let (timer, hart) = match self.turns.all_idle(&mut self.harts) {
            AllIdle::Woken => return None,
            AllIdle::Timer(at, hart) => (at, hart),
            AllIdle::Forever => (u64::MAX, self.turns.hart),
        };
        let next = timer.min(self.device_deadline);
        if self.bus.expects_host() || self.config.clock == ClockSource::Host && next != u64::MAX {
            return self.wait_for_host(next, hart);
        }
        if next == u64::MAX {
            if self.wait_for_host_interface() {
                return None;
            }
            let mut loops = (0..self.harts.len()).filter_map(|hart| self.turns.trap_loop(hart));
            return Some(loops.next().map_or(Stop::Asleep, Stop::TrapLoop));
        }
        self.skip_to(next, hart)
    }

    /// Lets the time jump. The hart whose timer fires then has the next turn.
    fn skip_to(&mut self, at: u64, hart: usize) -> Option<Stop> {
        for hart in &mut self.harts {
            hart.skip_to(at);
        }
        self.turns.begin(&mut self.harts, hart);
        if at >= self.device_deadline {
            return self.let_devices_work(false);
        }
        None
    }

    /// Lets real time pass, and with it the guest's, up to `next`.
    fn wait_for_host(&mut self, next: u64, hart: usize) -> Option<Stop> {
        self.console.flush();
        let now = self.harts[self.turns.hart].mtime();
        let left = TICK.saturating_mul(u32::try_from(next.saturating_sub(now)).unwrap_or(u32::MAX));
        let start = Instant::now();
        thread::sleep(POLL.min(left));
        let ticks = (start.elapsed().as_nanos() / TICK.as_nanos()) as u64;
        let at = now.saturating_add(ticks).min(next);
        let next_turn = if at == next { hart } else { self.turns.hart };
        self.skip_to(at, next_turn)
    }

    /// Lets waiting harts look for input of the host interface that may still come: it is no
    /// interrupt, but waiting may end at any time. False if none can come or no hart waits.
    fn wait_for_host_interface(&mut self) -> bool {
        let expected = self.host.as_ref().is_some_and(HostInterface::expects_input);
        let waits = self.harts.iter().any(|hart| hart.waiting);
        if expected && waits {
            thread::sleep(POLL);
            for hart in &mut self.harts {
                hart.waiting = false;
            }
        }
        expected && waits
    }
}
