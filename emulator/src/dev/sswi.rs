//! The SSWI device of the RISC-V ACLINT specification: supervisor software interrupts between
//! harts, without the help of M-mode.
//!
//! There is one 32-bit register for each hart, `setssip`. Writing bit 0 as one makes `sip.SSIP` of
//! that hart pending; it is software's to clear, in `sip`. The register reads as zero.
//!
//! Registers are accessed by aligned words; anything else is an access fault. Those of harts that
//! are not there read as zero and ignore writes.

use crate::mem::{AccessError, Device};
use serde::{Deserialize, Serialize};

/// The bytes of address space that the device takes.
const SIZE: u64 = 0x4000;

/// What the device remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SswiState {
    /// Which harts' registers were written since the board last asked.
    set: Vec<bool>,
}

/// One SSWI for some number of harts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sswi {
    state: SswiState,
}

impl Sswi {
    /// An SSWI that has interrupted nobody.
    pub fn new(harts: usize) -> Self {
        let set = vec![false; harts];
        Self {
            state: SswiState { set },
        }
    }

    /// Whether a hart's SSIP is to be set: whether it was asked for since the last call.
    pub fn take_set(&mut self, hart: usize) -> bool {
        let set = self.state.set.get_mut(hart);
        set.is_some_and(std::mem::take)
    }

    /// What it remembers.
    pub fn state(&self) -> SswiState {
        self.state.clone()
    }

    /// Goes on from there. Harts that this device does not have are left out.
    pub fn set_state(&mut self, mut state: SswiState) {
        state.set.resize(self.state.set.len(), false);
        self.state = state;
    }
}

impl Device for Sswi {
    fn name(&self) -> &'static str {
        "sswi"
    }

    fn read(&mut self, offset: u64, size: u8, _now: u64) -> Result<u64, AccessError> {
        check(offset, size).map(|()| 0)
    }

    fn write(&mut self, offset: u64, size: u8, value: u64, _now: u64) -> Result<(), AccessError> {
        check(offset, size)?;
        if let Some(set) = self.state.set.get_mut((offset / 4) as usize) {
            *set |= value & 1 != 0;
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.state.set.fill(false);
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

fn check(offset: u64, size: u8) -> Result<(), AccessError> {
    let fits = size == 4 && offset.is_multiple_of(4) && offset < SIZE;
    fits.then_some(()).ok_or(AccessError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(sswi: &mut Sswi, offset: u64, value: u64) {
        sswi.write(offset, 4, value, 0).unwrap();
        assert_eq!(sswi.read(offset, 4, 0), Ok(0));
    }

    fn taken(sswi: &mut Sswi) -> [bool; 4] {
        [0, 1, 2, 3].map(|hart| sswi.take_set(hart))
    }

    #[test]
    fn a_one_sets_the_bit_of_its_hart_once() {
        let mut sswi = Sswi::new(3);
        assert_eq!(taken(&mut sswi), [false; 4]);
        write(&mut sswi, 4, 1);
        write(&mut sswi, 8, 0xffff_ffff);
        assert_eq!(taken(&mut sswi), [false, true, true, false]);
        assert_eq!(taken(&mut sswi), [false; 4]);
    }

    #[test]
    fn a_zero_does_nothing() {
        let mut sswi = Sswi::new(2);
        write(&mut sswi, 0, 1);
        for value in [0, 2, 0xffff_fffe] {
            write(&mut sswi, 0, value);
            write(&mut sswi, 4, value);
        }
        assert_eq!(taken(&mut sswi), [true, false, false, false]);
    }

    #[test]
    fn harts_that_are_not_there_are_ignored() {
        let mut sswi = Sswi::new(2);
        for offset in [8, 0x3ffc] {
            write(&mut sswi, offset, 1);
        }
        assert_eq!(taken(&mut sswi), [false; 4]);
        assert!(!sswi.take_set(usize::MAX));
    }

    #[test]
    fn other_accesses_are_faults() {
        let mut sswi = Sswi::new(2);
        for (offset, size) in [(0, 1), (0, 2), (0, 8), (2, 4), (SIZE, 4), (u64::MAX - 3, 4)] {
            let read = sswi.read(offset, size, 0);
            assert_eq!(read, Err(AccessError), "{offset:#x} {size}");
            let written = sswi.write(offset, size, 1, 0);
            assert_eq!(written, Err(AccessError), "{offset:#x} {size}");
        }
        assert_eq!(sswi, Sswi::new(2));
    }

    #[test]
    fn its_state_can_be_put_back() {
        let mut sswi = Sswi::new(2);
        write(&mut sswi, 4, 1);
        let text = serde_json::to_string(&sswi.state()).unwrap();
        sswi.reset();
        assert_eq!(sswi, Sswi::new(2));
        sswi.set_state(serde_json::from_str(&text).unwrap());
        assert_eq!(taken(&mut sswi), [false, true, false, false]);
        for harts in [0, 9] {
            sswi.set_state(Sswi::new(harts).state());
            assert_eq!(sswi, Sswi::new(2));
        }
    }
}
