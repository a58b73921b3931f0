//! The time: one clock for all harts, and the timers that compare with it.

use super::{Hart, csr};
use crate::isa::{Extension, Interrupt};

/// The machine's clock, which all harts share.
///
/// Harts take turns, and the clock goes with whichever hart has its turn. So the harts' `time` is
/// one and the same, and no value that one hart has read can be later than what another reads
/// next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Steps since reset: an instruction of any hart is one, and so is the room for one in a turn
    /// that a hart lets pass.
    pub steps: u64,
    /// Ticks that time is ahead of what the steps say.
    pub ahead: u64,
}

impl Hart {
    /// Steps of the machine's clock, as far as the hart knows.
    #[inline]
    fn steps(&self) -> u64 {
        self.retired.wrapping_add(self.steps_elsewhere)
    }

    /// The machine's clock, as it stands while the hart has its turn.
    pub fn clock(&self) -> Clock {
        Clock {
            steps: self.steps(),
            ahead: self.time_ahead,
        }
    }

    /// Sets the clock, at the beginning of the hart's turn.
    pub fn set_clock(&mut self, clock: Clock) {
        self.steps_elsewhere = clock.steps.wrapping_sub(self.retired);
        self.time_ahead = clock.ahead;
        self.update_timers();
    }

    /// Lets steps pass without doing anything.
    pub fn pass(&mut self, steps: u64) {
        self.steps_elsewhere = self.steps_elsewhere.wrapping_add(steps);
        self.update_timers();
    }

    /// The time in ticks of the time base, as `time` and `mtime` read.
    pub fn mtime(&self) -> u64 {
        (self.steps() / self.steps_per_tick).wrapping_add(self.time_ahead)
    }

    /// Sets the time.
    pub fn set_mtime(&mut self, value: u64) {
        self.time_ahead = value.wrapping_sub(self.steps() / self.steps_per_tick);
        self.update_timers();
    }

    /// Sets the CLINT's compare value for this hart.
    pub fn set_mtimecmp(&mut self, value: u64) {
        self.mtimecmp = value;
        self.update_timers();
    }

    fn supervisor_timer_on(&self) -> bool {
        self.isa.has(Extension::Sstc) && self.csr.menvcfg & csr::MENVCFG_STCE != 0
    }

    /// Interrupts that a timer drives, so that what software wrote to `mip` does not count.
    pub(super) fn driven_by_timer(&self) -> u64 {
        if self.supervisor_timer_on() {
            Interrupt::SupervisorTimer.mask()
        } else {
            0
        }
    }

    /// Compares the time with the timers and drives their interrupt lines.
    pub fn update_timers(&mut self) {
        let now = self.mtime();
        self.set_line(Interrupt::MachineTimer, now >= self.mtimecmp);
        let supervisor = self.supervisor_timer_on() && now >= self.csr.stimecmp;
        self.set_line(Interrupt::SupervisorTimer, supervisor);
    }

    /// A timer was set: compares it, and lets the engine stop so that the next deadline is known.
    pub(crate) fn reschedule(&mut self) {
        self.update_timers();
        self.timer_changed = true;
        self.check_interrupts = true;
    }

    /// Whether a timer was set since [`Hart::take_timer_changed`] was called.
    pub(crate) fn has_timer_changed(&self) -> bool {
        self.timer_changed
    }

    /// Whether a timer was set since the last call.
    pub fn take_timer_changed(&mut self) -> bool {
        std::mem::take(&mut self.timer_changed)
    }

    /// The time at which a timer that has not fired yet will, or `u64::MAX`.
    pub fn next_timer(&self) -> u64 {
        let now = self.mtime();
        let supervisor = if self.supervisor_timer_on() {
            self.csr.stimecmp
        } else {
            u64::MAX
        };
        [self.mtimecmp, supervisor]
            .into_iter()
            .filter(|&at| at > now)
            .min()
            .unwrap_or(u64::MAX)
    }

    /// How many steps are left before the hart's next timer fires.
    pub fn steps_to_timer(&self) -> u64 {
        self.steps_until(self.next_timer())
    }

    /// How many steps are left before it is `at`; zero if that is past, `u64::MAX` if `at` is.
    pub fn steps_until(&self, at: u64) -> u64 {
        match (at, at.checked_sub(self.mtime())) {
            (u64::MAX, _) => u64::MAX,
            (_, None | Some(0)) => 0,
            (_, Some(ticks)) => {
                let whole = ticks.saturating_mul(self.steps_per_tick);
                whole.saturating_sub(self.steps() % self.steps_per_tick)
            }
        }
    }

    /// Lets the time jump to `at`: every hart slept.
    pub fn skip_to(&mut self, at: u64) {
        self.time_ahead = self
            .time_ahead
            .wrapping_add(at.saturating_sub(self.mtime()));
        self.update_timers();
    }
}
