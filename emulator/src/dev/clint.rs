//! The CLINT: the machine timer and the software interrupts of every hart.
//!
//! | offset | register | |
//! |---|---|---|
//! | 0x0000 + 4·hart | `msip` | bit 0 is the hart's software interrupt |
//! | 0x4000 + 8·hart | `mtimecmp` | the timer interrupt is pending while `mtime` ≥ `mtimecmp` |
//! | 0xbff8 | `mtime` | one for all harts |
//!
//! Registers are 4 or 8 bytes wide and can be accessed by words and, naturally aligned, by
//! doublewords. What belongs to no hart reads as zero and ignores writes, as on Spike.
//!
//! The device does not count time: each access is told what the board's clock shows (`now`), and
//! `mtime` is that plus what software has added by writing it.

use crate::mem::{AccessError, Device};

/// The bytes of address space that the device takes.
pub const SIZE: u64 = 0x1_0000;
/// The clock's rate that guests expect of this board.
pub const TIMEBASE_HZ: u64 = 10_000_000;

const MTIMECMP: u64 = 0x4000;
const MTIME: u64 = 0xbff8;
const MTIME_END: u64 = 0xc000;

/// One CLINT for some number of harts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clint {
    harts: Vec<Hart>,
    /// `mtime` minus the board's clock.
    offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hart {
    msip: bool,
    mtimecmp: u64,
}

/// Which register a word lies in.
enum Register {
    Msip(usize),
    Mtimecmp(usize),
    Mtime,
    Reserved,
}

impl Device for Clint {
    fn name(&self) -> &'static str {
        "clint"
    }

    fn read(&mut self, offset: u64, size: u8, now: u64) -> Result<u64, AccessError> {
        Clint::read(self, offset, size.into(), now).ok_or(AccessError)
    }

    fn write(&mut self, offset: u64, size: u8, value: u64, now: u64) -> Result<(), AccessError> {
        match Clint::write(self, offset, size.into(), value, now) {
            true => Ok(()),
            false => Err(AccessError),
        }
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

impl Clint {
    /// A CLINT after reset. The manual leaves `mtimecmp` open; it starts at its greatest value,
    /// so that no timer interrupt is pending before software asks for one.
    pub fn new(harts: usize) -> Self {
        let hart = Hart {
            msip: false,
            mtimecmp: u64::MAX,
        };
        Self {
            harts: vec![hart; harts],
            offset: 0,
        }
    }

    /// Reads `size` bytes at `offset`. None is an access fault: another size than 4 or 8, a
    /// misaligned access, or one outside the device.
    pub fn read(&self, offset: u64, size: u64, now: u64) -> Option<u64> {
        check(offset, size)?;
        let low = u64::from(self.read_word(offset, now));
        if size == 4 {
            return Some(low);
        }
        let high = u64::from(self.read_word(offset + 4, now));
        Some(high << 32 | low)
    }

    /// Writes `size` bytes at `offset`. False is an access fault, as for [`Clint::read`].
    #[must_use]
    pub fn write(&mut self, offset: u64, size: u64, value: u64, now: u64) -> bool {
        if check(offset, size).is_none() {
            return false;
        }
        match Self::register(offset) {
            Register::Mtimecmp(hart) => {
                if let Some(hart) = self.harts.get_mut(hart) {
                    hart.mtimecmp = merge(hart.mtimecmp, offset, size, value);
                }
            }
            Register::Mtime => {
                let mtime = merge(self.mtime(now), offset, size, value);
                self.offset = mtime.wrapping_sub(now);
            }
            Register::Msip(hart) => {
                // A doubleword holds the registers of two harts.
                self.write_msip(hart, value as u32);
                if size == 8 {
                    self.write_msip(hart + 1, (value >> 32) as u32);
                }
            }
            Register::Reserved => {}
        }
        true
    }

    /// What `mtime` shows.
    pub fn mtime(&self, now: u64) -> u64 {
        now.wrapping_add(self.offset)
    }

    /// Whether a hart's timer interrupt is pending (`mip.MTIP`).
    pub fn mtip(&self, hart: usize, now: u64) -> bool {
        let hart = self.harts.get(hart);
        hart.is_some_and(|hart| self.mtime(now) >= hart.mtimecmp)
    }

    /// What `mtime` is compared with for a hart; `u64::MAX` for one that is not there.
    pub fn mtimecmp(&self, hart: usize) -> u64 {
        self.harts.get(hart).map_or(u64::MAX, |hart| hart.mtimecmp)
    }

    /// Whether a hart's software interrupt is pending (`mip.MSIP`).
    pub fn msip(&self, hart: usize) -> bool {
        self.harts.get(hart).is_some_and(|hart| hart.msip)
    }

    /// What the board's clock shows when the hart's timer interrupt becomes pending: `now` if it
    /// is, and `u64::MAX` if that never happens. It holds until the next write.
    pub fn next_deadline(&self, hart: usize, now: u64) -> u64 {
        let Some(hart) = self.harts.get(hart) else {
            return u64::MAX;
        };
        let left = hart.mtimecmp.saturating_sub(self.mtime(now));
        now.saturating_add(left)
    }

    fn register(offset: u64) -> Register {
        match offset {
            MTIME_END.. => Register::Reserved,
            MTIME.. => Register::Mtime,
            MTIMECMP.. => Register::Mtimecmp(((offset - MTIMECMP) / 8) as usize),
            _ => Register::Msip((offset / 4) as usize),
        }
    }

    fn read_word(&self, offset: u64, now: u64) -> u32 {
        let value = match Self::register(offset) {
            Register::Msip(hart) => return self.msip(hart).into(),
            Register::Mtimecmp(hart) => self.harts.get(hart).map_or(0, |hart| hart.mtimecmp),
            Register::Mtime => self.mtime(now),
            Register::Reserved => 0,
        };
        (value >> (8 * (offset & 4))) as u32
    }

    fn write_msip(&mut self, hart: usize, value: u32) {
        if let Some(hart) = self.harts.get_mut(hart) {
            hart.msip = value & 1 != 0;
        }
    }
}

/// Whether the device can be accessed so.
fn check(offset: u64, size: u64) -> Option<()> {
    let fits = matches!(size, 4 | 8) && offset.is_multiple_of(size) && offset < SIZE;
    fits.then_some(())
}

/// A doubleword register after a write of its low word, its high word, or all of it.
fn merge(old: u64, offset: u64, size: u64, value: u64) -> u64 {
    match (size, offset & 4) {
        (8, _) => value,
        (_, 0) => old & !0xffff_ffff | value & 0xffff_ffff,
        _ => old & 0xffff_ffff | value << 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_reset_nothing_is_pending() {
        let clint = Clint::new(2);
        for hart in 0..3 {
            assert!(!clint.msip(hart));
            assert!(!clint.mtip(hart, 1 << 60));
            assert_eq!(clint.next_deadline(hart, 5), u64::MAX);
        }
        assert_eq!(clint.read(MTIME, 8, 1234), Some(1234));
    }

    #[test]
    fn msip_holds_one_bit_for_each_hart() {
        let mut clint = Clint::new(3);
        assert!(clint.write(4, 4, 0xffff_ffff, 0));
        assert_eq!([0, 1, 2].map(|hart| clint.msip(hart)), [false, true, false]);
        assert_eq!(clint.read(4, 4, 0), Some(1));
        assert!(clint.write(4, 4, 0xffff_fffe, 0));
        assert!(!clint.msip(1));
        // A doubleword reaches two harts.
        assert!(clint.write(0, 8, 1 << 32, 0));
        assert_eq!([0, 1, 2].map(|hart| clint.msip(hart)), [false, true, false]);
        assert_eq!(clint.read(0, 8, 0), Some(1 << 32));
    }

    #[test]
    fn the_timer_is_pending_from_mtimecmp_on() {
        let mut clint = Clint::new(2);
        assert!(clint.write(0x4008, 8, 100, 0));
        assert_eq!(clint.read(0x4008, 8, 0), Some(100));
        assert!(!clint.mtip(1, 99));
        assert!(clint.mtip(1, 100));
        assert!(!clint.mtip(0, 100), "the other hart's");
        assert_eq!(clint.next_deadline(1, 40), 100);
        assert_eq!(clint.next_deadline(1, 150), 150);
        assert!(clint.write(0x4008, 8, 200, 150));
        assert!(!clint.mtip(1, 150), "a later time takes it back");
    }

    #[test]
    fn words_of_mtimecmp_and_mtime_are_written_alone() {
        let mut clint = Clint::new(1);
        assert!(clint.write(0x4000, 4, 0x1_2345_6789, 0));
        assert_eq!(clint.read(0x4000, 8, 0), Some(0xffff_ffff_2345_6789));
        assert!(clint.write(0x4004, 4, 7, 0));
        assert_eq!(clint.read(0x4004, 4, 0), Some(7));
        assert_eq!(clint.read(0x4000, 4, 0), Some(0x2345_6789));
        assert!(clint.write(MTIME + 4, 4, 1, 10));
        assert_eq!(clint.read(MTIME, 8, 10), Some((1 << 32) + 10));
        assert!(clint.write(MTIME, 4, 3, 10));
        assert_eq!(clint.read(MTIME, 4, 12), Some(5));
        assert_eq!(clint.read(MTIME + 4, 4, 12), Some(1));
    }

    #[test]
    fn mtime_runs_on_from_what_was_written() {
        let mut clint = Clint::new(1);
        assert!(clint.write(0x4000, 8, 1000, 0));
        assert!(clint.write(MTIME, 8, 900, 50_000));
        assert_eq!(clint.mtime(50_010), 910);
        assert_eq!(clint.next_deadline(0, 50_010), 50_100);
        assert!(!clint.mtip(0, 50_099));
        assert!(clint.mtip(0, 50_100));
        // It may be set ahead too, and wraps around at its end.
        assert!(clint.write(MTIME, 8, u64::MAX, 50_000));
        assert!(clint.mtip(0, 50_000));
        assert_eq!(clint.mtime(50_001), 0);
        assert!(!clint.mtip(0, 50_001));
    }

    #[test]
    fn what_is_not_there_reads_as_zero() {
        let mut clint = Clint::new(1);
        for offset in [4, 0x3ffc, 0x4008, 0xbff0, 0xc000, 0xfffc] {
            assert!(clint.write(offset, 4, u64::MAX, 0));
            assert_eq!(clint.read(offset, 4, 0), Some(0), "{offset:#x}");
        }
        assert_eq!(clint, Clint::new(1));
    }

    #[test]
    fn other_accesses_are_faults() {
        let mut clint = Clint::new(1);
        for (offset, size) in [
            (0, 1),
            (0, 2),
            (0, 16),
            (2, 4),
            (4, 8),
            (MTIME + 4, 8),
            (SIZE, 4),
            (u64::MAX - 3, 4),
        ] {
            assert_eq!(clint.read(offset, size, 0), None, "{offset:#x} {size}");
            assert!(!clint.write(offset, size, 1, 0), "{offset:#x} {size}");
        }
        assert_eq!(clint, Clint::new(1));
    }
}
