//! What a device is to the bus and the board.

use super::Memory;

/// No memory and no device answers at the address, or the device refuses the access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError;

/// What a device asks of the whole machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineRequest {
    /// The guest ends with this exit code.
    Exit(u64),
    /// The machine starts again.
    Reset,
}

/// Something that answers to a range of physical addresses.
///
/// A device knows offsets and values; where it sits is the board's business. Times are in ticks
/// of the time base.
pub trait Device: Send {
    /// The device's name, as logs and errors give it.
    fn name(&self) -> &'static str;
    /// Reads `size` bytes at `offset`.
    fn read(&mut self, offset: u64, size: u8, now: u64) -> Result<u64, AccessError>;
    /// Writes the low `size` bytes of `value` at `offset`.
    fn write(&mut self, offset: u64, size: u8, value: u64, now: u64) -> Result<(), AccessError>;
    /// Whether instructions can be fetched from it; reading it then has no side effect.
    fn executable(&self) -> bool {
        false
    }
    /// Whether its interrupt line is up.
    fn interrupt(&self) -> bool {
        false
    }
    /// Does what accesses have asked for and what the host has ready: moves data between the
    /// guest's memory and the host, takes console input. The board calls it after an access to
    /// the device, at its deadline, and now and then.
    fn work(&mut self, _memory: &mut Memory, _now: u64) {}
    /// When it next has something to do by itself.
    fn deadline(&self) -> Option<u64> {
        None
    }
    /// Whether an interrupt may come from the host at any moment. Then a machine whose harts all
    /// sleep waits for it in real time, instead of skipping to the next timer.
    fn expects_host(&self) -> bool {
        false
    }
    /// What it asks of the whole machine, once.
    fn take_request(&mut self) -> Option<MachineRequest> {
        None
    }
    /// Goes back to the state after power-on. What belongs to the host stays.
    fn reset(&mut self) {}
    /// For the board, which knows the type behind the trait.
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}
