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
//! The device does not count time: each access is told what `mtime` is (`now`), and the board
//! asks whether software has set it.

use crate::mem::{AccessError, Device};
use serde::{Deserialize, Serialize};

/// The bytes of address space that the device takes.
const SIZE: u64 = 0x1_0000;
const MTIMECMP: u64 = 0x4000;
const MTIME: u64 = 0xbff8;
const MTIME_END: u64 = 0xc000;

/// What the device remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClintState {
    harts: Vec<Hart>,
    /// What software wrote to `mtime`, until the board has taken it.
    mtime_write: Option<u64>,
}

/// One CLINT for some number of harts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clint {
    state: ClintState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hart {
    msip: bool,
    mtimecmp: u64,
}

impl Hart {
    /// The manual leaves `mtimecmp` open; it starts at its greatest value, so that no timer
    /// interrupt is pending before software asks for one.
    const RESET: Self = Self {
        msip: false,
        mtimecmp: u64::MAX,
    };
}

/// Which register a word lies in.
enum Register {
    Msip(usize),
    Mtimecmp(usize),
    Mtime,
    Reserved,
}

impl Clint {
    /// A CLINT after reset.
    pub fn new(harts: usize) -> Self {
        Self {
            state: ClintState {
                harts: vec![Hart::RESET; harts],
                mtime_write: None,
            },
        }
    }

    /// What it remembers. `mtime` is the board's.
    pub fn state(&self) -> ClintState {
        self.state.clone()
    }

    /// Goes on from there. Harts that this device does not have are left out.
    pub fn set_state(&mut self, mut state: ClintState) {
        state.harts.resize(self.state.harts.len(), Hart::RESET);
        self.state = state;
    }

    /// Whether a hart's software interrupt is pending (`mip.MSIP`).
    pub fn msip(&self, hart: usize) -> bool {
        self.state.harts.get(hart).is_some_and(|hart| hart.msip)
    }

    /// From which `mtime` on a hart's timer interrupt is pending (`mip.MTIP`).
    pub fn mtimecmp(&self, hart: usize) -> u64 {
        self.state
            .harts
            .get(hart)
            .map_or(u64::MAX, |hart| hart.mtimecmp)
    }

    /// What software has set `mtime` to since the last time this was asked.
    pub fn take_mtime_write(&mut self) -> Option<u64> {
        self.state.mtime_write.take()
    }

    fn mtime(&self, now: u64) -> u64 {
        self.state.mtime_write.unwrap_or(now)
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
            Register::Mtimecmp(hart) => self.state.harts.get(hart).map_or(0, |hart| hart.mtimecmp),
            Register::Mtime => self.mtime(now),
            Register::Reserved => 0,
        };
        (value >> (8 * (offset & 4))) as u32
    }

    fn write_msip(&mut self, hart: usize, value: u32) {
        if let Some(hart) = self.state.harts.get_mut(hart) {
            hart.msip = value & 1 != 0;
        }
    }
}

impl Device for Clint {
    fn name(&self) -> &'static str {
        "clint"
    }

    fn read(&mut self, offset: u64, size: u8, now: u64) -> Result<u64, AccessError> {
        check(offset, size)?;
        let low = u64::from(self.read_word(offset, now));
        if size == 4 {
            return Ok(low);
        }
        let high = u64::from(self.read_word(offset + 4, now));
        Ok(high << 32 | low)
    }

    fn write(&mut self, offset: u64, size: u8, value: u64, now: u64) -> Result<(), AccessError> {
        check(offset, size)?;
        match Self::register(offset) {
            Register::Mtimecmp(hart) => {
                if let Some(hart) = self.state.harts.get_mut(hart) {
                    hart.mtimecmp = merge(hart.mtimecmp, offset, size, value);
                }
            }
            Register::Mtime => {
                let mtime = merge(self.mtime(now), offset, size, value);
                self.state.mtime_write = Some(mtime);
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
        Ok(())
    }

    /// `mtime` is the board's and goes on.
    fn reset(&mut self) {
        *self = Self::new(self.state.harts.len());
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

/// Another size, a misaligned access, or one outside the device is an access fault.
fn check(offset: u64, size: u8) -> Result<(), AccessError> {
    let fits = matches!(size, 4 | 8) && offset.is_multiple_of(size.into()) && offset < SIZE;
    fits.then_some(()).ok_or(AccessError)
}

/// A doubleword register after a write of its low word, its high word, or all of it.
fn merge(old: u64, offset: u64, size: u8, value: u64) -> u64 {
    match (size, offset & 4) {
        (8, _) => value,
        (_, 0) => old & !0xffff_ffff | value & 0xffff_ffff,
        _ => old & 0xffff_ffff | value << 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(clint: &mut Clint, offset: u64, size: u8) -> u64 {
        clint.read(offset, size, 0).unwrap()
    }

    fn write(clint: &mut Clint, offset: u64, size: u8, value: u64) {
        clint.write(offset, size, value, 0).unwrap();
    }

    #[test]
    fn after_reset_nothing_is_pending() {
        let mut clint = Clint::new(2);
        for hart in 0..3 {
            assert!(!clint.msip(hart));
            assert_eq!(clint.mtimecmp(hart), u64::MAX);
        }
        assert_eq!(clint.read(MTIME, 8, 1234), Ok(1234));
        assert_eq!(clint.take_mtime_write(), None);
    }

    #[test]
    fn msip_holds_one_bit_for_each_hart() {
        let mut clint = Clint::new(3);
        write(&mut clint, 4, 4, 0xffff_ffff);
        assert_eq!([0, 1, 2].map(|hart| clint.msip(hart)), [false, true, false]);
        assert_eq!(read(&mut clint, 4, 4), 1);
        write(&mut clint, 4, 4, 0xffff_fffe);
        assert!(!clint.msip(1));
        // A doubleword reaches two harts.
        write(&mut clint, 0, 8, 1 << 32);
        assert_eq!([0, 1, 2].map(|hart| clint.msip(hart)), [false, true, false]);
        assert_eq!(read(&mut clint, 0, 8), 1 << 32);
    }

    #[test]
    fn each_hart_has_its_mtimecmp() {
        let mut clint = Clint::new(2);
        write(&mut clint, 0x4008, 8, 100);
        assert_eq!(read(&mut clint, 0x4008, 8), 100);
        assert_eq!([0, 1].map(|hart| clint.mtimecmp(hart)), [u64::MAX, 100]);
        write(&mut clint, 0x4000, 4, 0x1_2345_6789);
        assert_eq!(clint.mtimecmp(0), 0xffff_ffff_2345_6789);
        write(&mut clint, 0x4004, 4, 7);
        assert_eq!(clint.mtimecmp(0), 0x7_2345_6789);
        assert_eq!(read(&mut clint, 0x4004, 4), 7);
        assert_eq!(read(&mut clint, 0x4000, 4), 0x2345_6789);
    }

    #[test]
    fn mtime_is_set_for_the_board_to_take() {
        let mut clint = Clint::new(1);
        assert_eq!(clint.write(MTIME + 4, 4, 1, 10), Ok(()));
        // Until the board has taken it, the device answers for it.
        assert_eq!(clint.read(MTIME, 8, 10), Ok((1 << 32) + 10));
        assert_eq!(clint.write(MTIME, 4, 3, 11), Ok(()));
        assert_eq!(clint.read(MTIME + 4, 4, 11), Ok(1));
        assert_eq!(clint.take_mtime_write(), Some((1 << 32) + 3));
        assert_eq!(clint.take_mtime_write(), None);
        assert_eq!(clint.read(MTIME, 4, 50), Ok(50));
        assert_eq!(clint.write(MTIME, 8, u64::MAX, 50), Ok(()));
        assert_eq!(clint.take_mtime_write(), Some(u64::MAX));
    }

    #[test]
    fn what_is_not_there_reads_as_zero() {
        let mut clint = Clint::new(1);
        for offset in [4, 0x3ffc, 0x4008, 0xbff0, 0xc000, 0xfffc] {
            write(&mut clint, offset, 4, u64::MAX);
            assert_eq!(read(&mut clint, offset, 4), 0, "{offset:#x}");
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
            let read = clint.read(offset, size, 0);
            assert_eq!(read, Err(AccessError), "{offset:#x} {size}");
            let written = clint.write(offset, size, 1, 0);
            assert_eq!(written, Err(AccessError), "{offset:#x} {size}");
        }
        assert_eq!(clint, Clint::new(1));
    }

    #[test]
    fn its_state_can_be_put_back() {
        let mut clint = Clint::new(2);
        write(&mut clint, 4, 4, 1);
        write(&mut clint, 0x4008, 8, 100);
        write(&mut clint, MTIME, 8, 5);
        let text = serde_json::to_string(&clint.state()).unwrap();
        let mut other = Clint::new(2);
        other.set_state(serde_json::from_str(&text).unwrap());
        assert_eq!(other, clint);
        assert!(other.msip(1));
        assert_eq!(other.mtimecmp(1), 100);
        assert_eq!(other.take_mtime_write(), Some(5));
        other.reset();
        assert_eq!(other, Clint::new(2));
        for harts in [0, 9] {
            other.set_state(Clint::new(harts).state());
            assert_eq!(other, Clint::new(2));
        }
    }
}
