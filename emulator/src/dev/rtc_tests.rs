use super::*;
use crate::mem::{PhysAddr, Ram};

/// 2020-01-02 03:04:05 UTC.
const START: u64 = 1_577_934_245_000_000_000;
const SECOND: u64 = 10_000_000;

/// A clock and the machine's time.
struct Bench {
    rtc: Rtc,
    now: u64,
}

impl Bench {
    fn new() -> Self {
        let rtc = Rtc::new(START);
        Self { rtc, now: 0 }
    }

    fn read(&mut self, offset: u64) -> u32 {
        let value = self.rtc.read(offset, 4, self.now).unwrap();
        u32::try_from(value).unwrap()
    }

    fn write(&mut self, offset: u64, value: u32) {
        self.rtc.write(offset, 4, value.into(), self.now).unwrap();
    }

    /// As Linux reads it.
    fn time(&mut self) -> u64 {
        let low = self.read(TIME_LOW);
        join(self.read(TIME_HIGH), low)
    }

    /// As Linux sets it.
    fn set_alarm(&mut self, time: u64) {
        self.write(ALARM_HIGH, high(time));
        self.write(ALARM_LOW, time as u32);
        self.write(IRQ_ENABLED, 1);
    }

    fn at(&mut self, now: u64) {
        let mut memory = Memory::new(Ram::new(PhysAddr(0x8000_0000), 0x1000).unwrap(), 1);
        self.now = now;
        self.rtc.work(&mut memory, now);
    }
}

#[test]
fn it_starts_where_it_is_told_and_follows_mtime() {
    let mut bench = Bench::new();
    assert_eq!(bench.time(), START);
    bench.now = 7 * SECOND + 1;
    assert_eq!(bench.time(), START + 7_000_000_100);
}

#[test]
fn the_low_half_keeps_the_high_half() {
    let mut bench = Bench::new();
    assert_eq!(bench.read(TIME_HIGH), 0, "nothing is kept yet");
    assert_eq!(bench.read(TIME_LOW), START as u32);
    // The low half overflows every 4.3 seconds.
    bench.now = 5 * SECOND;
    assert_eq!(bench.read(TIME_HIGH), high(START));
    assert_eq!(bench.time(), START + 5_000_000_000);
    assert_ne!(bench.read(TIME_HIGH), high(START));
}

#[test]
fn the_time_can_be_set() {
    let mut bench = Bench::new();
    bench.now = 1234 * SECOND;
    let time = 42_000_000_000_000_007;
    // As Linux does it, high half first.
    bench.write(TIME_HIGH, high(time));
    bench.write(TIME_LOW, time as u32);
    assert_eq!(bench.time(), time);
    bench.now += SECOND;
    assert_eq!(bench.time(), time + 1_000_000_000);
    bench.write(TIME_LOW, 5);
    assert_eq!(bench.time(), time & !0xffff_ffff | 5);
}

#[test]
fn an_alarm_interrupts_when_its_time_has_come() {
    let mut bench = Bench::new();
    bench.at(SECOND);
    bench.set_alarm(START + 3_000_000_050);
    assert_eq!(bench.read(ALARM_STATUS), 1);
    let deadline = 3 * SECOND + 1;
    assert_eq!(bench.rtc.deadline(), Some(deadline));
    bench.at(deadline - 1);
    assert!(!bench.rtc.interrupt());
    bench.at(deadline);
    assert!(bench.rtc.interrupt());
    assert_eq!([bench.read(ALARM_STATUS), bench.read(IRQ_ENABLED)], [0, 1]);
    assert_eq!(bench.rtc.deadline(), None);
    bench.write(IRQ_ENABLED, 0);
    assert!(!bench.rtc.interrupt());
    bench.write(IRQ_ENABLED, u32::MAX);
    assert!(bench.rtc.interrupt());
    bench.write(CLEAR_INTERRUPT, 1);
    assert!(!bench.rtc.interrupt());
    bench.at(deadline + 100 * SECOND);
    assert!(!bench.rtc.interrupt(), "it rings once");
}

#[test]
fn an_alarm_in_the_past_interrupts_at_once() {
    for time in [0, START - 1, START] {
        let mut bench = Bench::new();
        bench.set_alarm(time);
        assert!(bench.rtc.interrupt(), "{time}");
        assert_eq!(bench.rtc.deadline(), None);
    }
}

#[test]
fn an_alarm_can_be_cleared_and_its_registers_read() {
    let mut bench = Bench::new();
    bench.write(ALARM_HIGH, 0x7fff_ffff);
    assert_eq!(bench.read(ALARM_STATUS), 0, "the low half sets it");
    bench.write(ALARM_LOW, 6);
    assert_eq!(bench.read(ALARM_STATUS), 1);
    let values = [bench.read(ALARM_LOW), bench.read(ALARM_HIGH)];
    assert_eq!(values, [6, 0x7fff_ffff]);
    bench.write(CLEAR_ALARM, 0);
    assert_eq!(bench.read(ALARM_STATUS), 0);
    assert_eq!(bench.rtc.deadline(), None);
    bench.at(u64::MAX / TICK);
    assert!(!bench.rtc.interrupt());
}

#[test]
fn setting_the_time_can_make_the_alarm_ring() {
    let mut bench = Bench::new();
    bench.set_alarm(START + 3_600_000_000_000);
    assert!(!bench.rtc.interrupt());
    bench.write(TIME_HIGH, high(START) + 1000);
    assert!(bench.rtc.interrupt());
}

#[test]
fn an_alarm_follows_a_time_that_was_set_back() {
    let mut bench = Bench::new();
    bench.at(100 * SECOND);
    bench.write(TIME_HIGH, 0);
    bench.write(TIME_LOW, 0);
    assert_eq!(bench.time(), 0);
    bench.set_alarm(2_000_000_000);
    assert_eq!(bench.rtc.deadline(), Some(102 * SECOND));
    bench.at(102 * SECOND);
    assert!(bench.rtc.interrupt());
}

#[test]
fn no_time_overflows_and_no_deadline_is_past() {
    for start in [0, START, u64::MAX] {
        for now in [0, 1, 1 << 60, 1 << 63, u64::MAX] {
            let mut bench = Bench::new();
            bench.rtc = Rtc::new(start);
            bench.at(now);
            bench.time();
            for alarm in [1, START, 1 << 63, u64::MAX] {
                bench.set_alarm(alarm);
                let deadline = bench.rtc.deadline();
                assert!(deadline.is_none_or(|at| at > now || at == u64::MAX));
                assert!(deadline.is_some() || bench.rtc.interrupt());
                bench.write(CLEAR_INTERRUPT, 0);
            }
            bench.write(TIME_HIGH, u32::MAX);
            bench.write(TIME_LOW, u32::MAX);
            assert_eq!(bench.time(), u64::MAX);
        }
    }
}

#[test]
fn an_alarm_follows_an_mtime_that_was_set() {
    let mut bench = Bench::new();
    bench.at(100 * SECOND);
    bench.set_alarm(START + 150_000_000_000);
    bench.at(SECOND);
    assert!(!bench.rtc.interrupt());
    assert_eq!(bench.rtc.deadline(), Some(150 * SECOND));
    bench.at(1000 * SECOND);
    assert!(bench.rtc.interrupt());
}

#[test]
fn what_is_not_there_reads_as_zero_and_only_words_can_be_accessed() {
    let mut bench = Bench::new();
    let before = bench.rtc.clone();
    for offset in [ALARM_STATUS, 0x20, 0xffc] {
        bench.write(offset, u32::MAX);
        assert_eq!(bench.read(offset), 0, "{offset:#x}");
    }
    for (offset, size) in [(0, 1), (0, 2), (0, 8), (2, 4), (SIZE, 4), (u64::MAX - 3, 4)] {
        let read = bench.rtc.read(offset, size, 0);
        assert_eq!(read, Err(AccessError), "{offset:#x} {size}");
        let written = bench.rtc.write(offset, size, 0, 0);
        assert_eq!(written, Err(AccessError), "{offset:#x} {size}");
    }
    assert_eq!(bench.rtc, before);
}

#[test]
fn reset_clears_the_alarm_and_keeps_the_time() {
    let mut bench = Bench::new();
    bench.write(TIME_HIGH, 7);
    bench.set_alarm(0);
    bench.set_alarm(u64::MAX);
    assert!(bench.rtc.interrupt());
    bench.rtc.reset();
    assert!(!bench.rtc.interrupt());
    assert_eq!(bench.rtc.deadline(), None);
    assert_eq!([ALARM_LOW, IRQ_ENABLED].map(|at| bench.read(at)), [0, 0]);
    bench.write(IRQ_ENABLED, 1);
    assert!(!bench.rtc.interrupt());
    assert_eq!(high(bench.time()), 7);
}

#[test]
fn its_state_can_be_put_back() {
    let mut bench = Bench::new();
    bench.at(SECOND);
    bench.set_alarm(START + 5_000_000_000);
    bench.time();
    let text = serde_json::to_string(&bench.rtc.state()).unwrap();
    let mut other = Bench::new();
    other.rtc = Rtc::new(0);
    other.rtc.set_state(serde_json::from_str(&text).unwrap());
    assert_eq!(other.rtc, bench.rtc);
    other.at(5 * SECOND);
    assert!(other.rtc.interrupt());
}
