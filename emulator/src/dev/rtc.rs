//! The real-time clock: Android's goldfish RTC. Its time is nanoseconds since 1970.
//!
//! | offset | register | read | write |
//! |---|---|---|---|
//! | 0x00 | TIME_LOW | the time's low half; keeps the high half for TIME_HIGH | sets that half |
//! | 0x04 | TIME_HIGH | the high half when TIME_LOW was last read | sets that half |
//! | 0x08 | ALARM_LOW | as written | sets the alarm, together with ALARM_HIGH |
//! | 0x0c | ALARM_HIGH | as written | for the next write of ALARM_LOW |
//! | 0x10 | IRQ_ENABLED | as written | bit 0 lets the interrupt through |
//! | 0x14 | CLEAR_ALARM | 0 | any value: no alarm is set any more |
//! | 0x18 | ALARM_STATUS | 1 while an alarm is set | ignored |
//! | 0x1c | CLEAR_INTERRUPT | 0 | any value: the alarm's interrupt ends |
//!
//! An alarm whose time has come interrupts and is not set any more; one set in the past does so at
//! once. Registers are accessed by aligned words; anything else is an access fault.
//!
//! The clock follows `mtime`, as all clocks of the machine do.

use crate::mem::{AccessError, Device, Memory};
use serde::{Deserialize, Serialize};

/// The bytes of address space that the device takes.
const SIZE: u64 = 0x1000;
/// Nanoseconds in a tick of the time base.
const TICK: u64 = 100;
const TIME_LOW: u64 = 0x00;
const TIME_HIGH: u64 = 0x04;
const ALARM_LOW: u64 = 0x08;
const ALARM_HIGH: u64 = 0x0c;
const IRQ_ENABLED: u64 = 0x10;
const CLEAR_ALARM: u64 = 0x14;
const ALARM_STATUS: u64 = 0x18;
const CLEAR_INTERRUPT: u64 = 0x1c;

/// What the device remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RtcState {
    /// The time when `mtime` is zero. All sums wrap around.
    start: u64,
    /// What TIME_HIGH reads.
    time_high: u32,
    alarm: u64,
    /// The `mtime` at which the alarm's time comes, if one is set.
    due: Option<u64>,
    interrupt_enabled: bool,
    interrupt: bool,
}

/// The clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rtc {
    state: RtcState,
}

impl Rtc {
    /// A clock that shows so many nanoseconds since 1970 when `mtime` is zero.
    pub fn new(start: u64) -> Self {
        Self {
            state: RtcState {
                start,
                ..RtcState::default()
            },
        }
    }

    /// What it remembers.
    pub fn state(&self) -> RtcState {
        self.state.clone()
    }

    /// Goes on from there.
    pub fn set_state(&mut self, state: RtcState) {
        self.state = state;
    }
}

impl RtcState {
    fn time(&self, now: u64) -> u64 {
        self.start.wrapping_add(now.wrapping_mul(TICK))
    }

    fn set_time(&mut self, time: u64, now: u64) {
        self.start = time.wrapping_sub(now.wrapping_mul(TICK));
    }

    /// Interrupts if the alarm's time has come, or sees when it will.
    fn ring(&mut self, now: u64) {
        if self.due.is_none() {
            return;
        }
        let left = self.alarm.saturating_sub(self.time(now));
        if left == 0 {
            self.due = None;
            self.interrupt = true;
        } else {
            // Never in the past, whatever the times have been set to.
            self.due = Some(now.saturating_add(left.div_ceil(TICK)));
        }
    }
}

impl Device for Rtc {
    fn name(&self) -> &'static str {
        "rtc"
    }

    fn read(&mut self, offset: u64, size: u8, now: u64) -> Result<u64, AccessError> {
        check(offset, size)?;
        let state = &mut self.state;
        state.ring(now);
        let value = match offset {
            TIME_LOW => {
                let time = state.time(now);
                state.time_high = high(time);
                time as u32
            }
            TIME_HIGH => state.time_high,
            ALARM_LOW => state.alarm as u32,
            ALARM_HIGH => high(state.alarm),
            IRQ_ENABLED => state.interrupt_enabled.into(),
            ALARM_STATUS => state.due.is_some().into(),
            _ => 0,
        };
        Ok(value.into())
    }

    fn write(&mut self, offset: u64, size: u8, value: u64, now: u64) -> Result<(), AccessError> {
        check(offset, size)?;
        let value = value as u32;
        let state = &mut self.state;
        match offset {
            TIME_LOW => state.set_time(join(high(state.time(now)), value), now),
            TIME_HIGH => state.set_time(join(value, state.time(now) as u32), now),
            ALARM_LOW => {
                state.alarm = join(high(state.alarm), value);
                state.due = Some(now);
            }
            ALARM_HIGH => state.alarm = join(value, state.alarm as u32),
            IRQ_ENABLED => state.interrupt_enabled = value & 1 != 0,
            CLEAR_ALARM => state.due = None,
            CLEAR_INTERRUPT => state.interrupt = false,
            _ => {}
        }
        state.ring(now);
        Ok(())
    }

    fn interrupt(&self) -> bool {
        self.state.interrupt && self.state.interrupt_enabled
    }

    fn work(&mut self, _memory: &mut Memory, now: u64) {
        self.state.ring(now);
    }

    fn deadline(&self) -> Option<u64> {
        self.state.due
    }

    /// The clock goes on.
    fn reset(&mut self) {
        *self = Self::new(self.state.start);
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

fn high(value: u64) -> u32 {
    (value >> 32) as u32
}

fn join(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn check(offset: u64, size: u8) -> Result<(), AccessError> {
    let fits = size == 4 && offset.is_multiple_of(4) && offset < SIZE;
    fits.then_some(()).ok_or(AccessError)
}

#[cfg(test)]
#[path = "rtc_tests.rs"]
mod tests;
