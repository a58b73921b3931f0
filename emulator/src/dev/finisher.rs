//! The test finisher: how a guest ends the machine or starts it again. SiFive's FU540 has it.
//!
//! A write to offset 0, of 16 or 32 bits:
//!
//! | bits 15:0 | |
//! |---|---|
//! | 0x5555 | pass: exit code 0 |
//! | 0x3333 | fail: exit code in bits 31:16 |
//! | 0x7777 | reset |
//!
//! The same register is the board's `syscon`, so there is no device of that name: the device
//! tree's `syscon-poweroff` and `syscon-reboot` nodes write 0x5555 and 0x7777 here. Their drivers
//! may read the register first, and write only what it does not hold already: it reads as zero.
//!
//! Other values and offsets are ignored. Other widths and misaligned accesses are access faults.

use crate::mem::{AccessError, Device, MachineRequest};
use crate::trace;
use serde::{Deserialize, Serialize};

/// The bytes of address space that the device takes.
const SIZE: u64 = 0x1000;
const PASS: u16 = 0x5555;
const FAIL: u16 = 0x3333;
const RESET: u16 = 0x7777;

/// What the device remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinisherState {
    /// What was written last, until the board has asked.
    written: u32,
}

/// The test finisher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finisher {
    state: FinisherState,
}

impl Finisher {
    /// A finisher of which nothing has been asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it remembers.
    pub fn state(&self) -> FinisherState {
        self.state.clone()
    }

    /// Goes on from there.
    pub fn set_state(&mut self, state: FinisherState) {
        self.state = state;
    }
}

/// What a value asks for.
fn request(value: u32) -> Option<MachineRequest> {
    match value as u16 {
        PASS => Some(MachineRequest::Exit(0)),
        FAIL => Some(MachineRequest::Exit((value >> 16).into())),
        RESET => Some(MachineRequest::Reset),
        _ => None,
    }
}

impl Device for Finisher {
    fn name(&self) -> &'static str {
        "finisher"
    }

    fn read(&mut self, offset: u64, size: u8, _now: u64) -> Result<u64, AccessError> {
        check(offset, size).map(|()| 0)
    }

    fn write(&mut self, offset: u64, size: u8, value: u64, _now: u64) -> Result<(), AccessError> {
        check(offset, size)?;
        let value = if size == 2 {
            u32::from(value as u16)
        } else {
            value as u32
        };
        if offset == 0 && request(value).is_some() {
            self.state.written = value;
        } else {
            log::warn!(
                target: trace::DEV_FINISHER,
                "{value:#x} at offset {offset:#x} asks for nothing"
            );
        }
        Ok(())
    }

    fn take_request(&mut self) -> Option<MachineRequest> {
        request(std::mem::take(&mut self.state.written))
    }

    fn reset(&mut self) {
        self.state = FinisherState::default();
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

fn check(offset: u64, size: u8) -> Result<(), AccessError> {
    let fits = matches!(size, 2 | 4) && offset.is_multiple_of(size.into()) && offset < SIZE;
    fits.then_some(()).ok_or(AccessError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(size: u8, value: u64) -> Option<MachineRequest> {
        let mut finisher = Finisher::new();
        finisher.write(0, size, value, 0).unwrap();
        let request = finisher.take_request();
        assert_eq!(finisher.take_request(), None, "it asks once");
        request
    }

    #[test]
    fn a_guest_ends_or_starts_again() {
        for (size, value, asked) in [
            (4, 0x5555, MachineRequest::Exit(0)),
            (4, 0xabcd_5555, MachineRequest::Exit(0)),
            (2, 0x5555, MachineRequest::Exit(0)),
            (4, 0x7_3333, MachineRequest::Exit(7)),
            (4, 0xffff_3333, MachineRequest::Exit(0xffff)),
            (2, 0x7_3333, MachineRequest::Exit(0)),
            (4, 0x7777, MachineRequest::Reset),
            (2, 0x7777, MachineRequest::Reset),
        ] {
            assert_eq!(write(size, value), Some(asked), "{size} {value:#x}");
        }
    }

    #[test]
    fn other_values_ask_for_nothing() {
        for value in [0, 1, 0x5554, 0x5555_0000, 0x1_0000_0000] {
            assert_eq!(write(4, value), None, "{value:#x}");
        }
        let mut finisher = Finisher::new();
        finisher.write(4, 4, 0x5555, 0).unwrap();
        finisher.write(2, 2, 0x5555, 0).unwrap();
        assert_eq!(finisher.take_request(), None);
    }

    #[test]
    fn it_reads_as_zero() {
        let mut finisher = Finisher::new();
        finisher.write(0, 4, 0x5555, 0).unwrap();
        for (offset, size) in [(0, 2), (0, 4), (2, 2), (0xffc, 4)] {
            assert_eq!(finisher.read(offset, size, 0), Ok(0));
        }
    }

    #[test]
    fn other_accesses_are_faults() {
        let mut finisher = Finisher::new();
        for (offset, size) in [(0, 1), (0, 8), (1, 2), (2, 4), (SIZE, 4), (u64::MAX - 3, 4)] {
            let read = finisher.read(offset, size, 0);
            assert_eq!(read, Err(AccessError), "{offset:#x} {size}");
            let written = finisher.write(offset, size, 0x5555, 0);
            assert_eq!(written, Err(AccessError), "{offset:#x} {size}");
        }
        assert_eq!(finisher.take_request(), None);
    }

    #[test]
    fn its_state_can_be_put_back() {
        let mut finisher = Finisher::new();
        finisher.write(0, 4, 0x5_3333, 0).unwrap();
        let text = serde_json::to_string(&finisher.state()).unwrap();
        finisher.reset();
        assert_eq!(finisher.take_request(), None);
        finisher.set_state(serde_json::from_str(&text).unwrap());
        assert_eq!(finisher.take_request(), Some(MachineRequest::Exit(5)));
        let written = 0x1234;
        finisher.set_state(FinisherState { written });
        assert_eq!(finisher.take_request(), None);
    }
}
