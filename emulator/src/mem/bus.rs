//! The physical bus: RAM and devices behind physical addresses.
//!
//! The bus also knows what must be seen of every store, whoever makes it: the reservations of
//! LR/SC and the doorbell of the host interface.

use super::{PhysAddr, Ram};
use std::ops::Range;

/// No memory and no device answers at the address, or the device refuses the access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError;

/// Something that answers to a range of physical addresses.
///
/// A device knows offsets and values; where it sits is the board's business.
pub trait Device: Send {
    /// The device's name, as logs and errors give it.
    fn name(&self) -> &'static str;
    /// Reads `size` bytes at `offset`; `now` is the time in ticks of the time base.
    fn read(&mut self, offset: u64, size: u8, now: u64) -> Result<u64, AccessError>;
    /// Writes the low `size` bytes of `value` at `offset`.
    fn write(&mut self, offset: u64, size: u8, value: u64, now: u64) -> Result<(), AccessError>;
    /// Whether instructions can be fetched from it; reading it then has no side effect.
    fn executable(&self) -> bool {
        false
    }
    /// For the board, which knows the type behind the trait.
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

/// Two things were put at the same physical addresses.
#[derive(Debug, thiserror::Error)]
#[error("{name} at {range:#x?} overlaps {other} at {other_range:#x?}")]
pub struct MapError {
    name: &'static str,
    range: Range<u64>,
    other: &'static str,
    other_range: Range<u64>,
}

struct Mapped {
    range: Range<u64>,
    device: Box<dyn Device>,
}

/// The bytes that one reservation covers, and the unit in which stores break it.
const RESERVATION_SET: u64 = 64;

/// RAM, devices, and what is watched of stores.
pub struct Bus {
    ram: Ram,
    devices: Vec<Mapped>,
    reservations: Vec<Option<u64>>,
    any_reservation: bool,
    doorbell: Option<u64>,
    /// A store reached the doorbell: the 64-bit word is complete (`true`), or only its low half
    /// was written so far.
    rung: Option<bool>,
    /// A device was written or read, so that interrupt lines and timers may have changed.
    device_touched: bool,
}

impl Bus {
    /// A bus with `ram` on it, for `harts` harts.
    pub fn new(ram: Ram, harts: usize) -> Self {
        Self {
            ram,
            devices: Vec::new(),
            reservations: vec![None; harts],
            any_reservation: false,
            doorbell: None,
            rung: None,
            device_touched: false,
        }
    }

    /// Puts a device at `range`.
    pub fn map(&mut self, range: Range<u64>, device: Box<dyn Device>) -> Result<(), MapError> {
        let overlaps = |other: &Range<u64>| range.start < other.end && other.start < range.end;
        let clash = self
            .devices
            .iter()
            .map(|mapped| (mapped.device.name(), mapped.range.clone()))
            .chain([("RAM", self.ram.range())])
            .find(|(_, other)| overlaps(other));
        if let Some((other, other_range)) = clash {
            return Err(MapError {
                name: device.name(),
                range,
                other,
                other_range,
            });
        }
        self.devices.push(Mapped { range, device });
        Ok(())
    }

    /// RAM.
    pub fn ram(&self) -> &Ram {
        &self.ram
    }

    /// RAM, to be filled by the loader. Reservations are not looked at.
    pub fn ram_mut(&mut self) -> &mut Ram {
        &mut self.ram
    }

    /// The device of type `T`, if there is one.
    pub fn device<T: 'static>(&mut self) -> Option<&mut T> {
        self.devices
            .iter_mut()
            .find_map(|mapped| mapped.device.as_any().downcast_mut())
    }

    fn find(&mut self, at: PhysAddr, size: u8) -> Option<(&mut dyn Device, u64)> {
        let end = at.0.checked_add(u64::from(size))?;
        let mapped = self
            .devices
            .iter_mut()
            .find(|mapped| mapped.range.start <= at.0 && end <= mapped.range.end)?;
        Some((mapped.device.as_mut(), at.0 - mapped.range.start))
    }

    /// Loads 1, 2, 4 or 8 bytes.
    #[inline]
    pub fn load(&mut self, at: PhysAddr, size: u8, now: u64) -> Result<u64, AccessError> {
        match self.ram.load(at, size) {
            Some(value) => Ok(value),
            None => self.load_device(at, size, now),
        }
    }

    #[cold]
    fn load_device(&mut self, at: PhysAddr, size: u8, now: u64) -> Result<u64, AccessError> {
        self.device_touched = true;
        let (device, offset) = self.find(at, size).ok_or(AccessError)?;
        device.read(offset, size, now)
    }

    /// Fetches two bytes of an instruction, from RAM or a device that allows it.
    pub fn fetch(&mut self, at: PhysAddr, now: u64) -> Result<u64, AccessError> {
        if let Some(half) = self.ram.load(at, 2) {
            return Ok(half);
        }
        let (device, offset) = self.find(at, 2).ok_or(AccessError)?;
        if device.executable() {
            device.read(offset, 2, now)
        } else {
            Err(AccessError)
        }
    }

    /// Stores the low `size` bytes of `value`. Other harts' reservations of the bytes are lost.
    #[inline]
    pub fn store(
        &mut self,
        hart: usize,
        at: PhysAddr,
        size: u8,
        value: u64,
        now: u64,
    ) -> Result<(), AccessError> {
        if self.ram.store(at, size, value).is_none() {
            return self.store_device(at, size, value, now);
        }
        if self.any_reservation {
            self.break_reservations(hart, at);
        }
        if let Some(doorbell) = self.doorbell
            && at.0.wrapping_sub(doorbell) < 8
        {
            // The low half alone may be the first of two 32-bit stores.
            self.rung = Some(size == 8 || at.0 != doorbell);
        }
        Ok(())
    }

    #[cold]
    fn store_device(
        &mut self,
        at: PhysAddr,
        size: u8,
        value: u64,
        now: u64,
    ) -> Result<(), AccessError> {
        self.device_touched = true;
        let (device, offset) = self.find(at, size).ok_or(AccessError)?;
        device.write(offset, size, value, now)
    }

    /// Whether `size` bytes at `at` are RAM: atomics and cache blocks want that.
    pub fn is_ram(&self, at: PhysAddr, size: u64) -> bool {
        self.ram.slice(at, size).is_some()
    }

    /// Whether something answers to `size` bytes at `at`, without touching it.
    pub fn answers(&mut self, at: PhysAddr, size: u8) -> bool {
        self.is_ram(at, u64::from(size)) || self.find(at, size).is_some()
    }

    /// Registers the reservation that LR makes for a hart.
    pub fn reserve(&mut self, hart: usize, at: PhysAddr) {
        if let Some(slot) = self.reservations.get_mut(hart) {
            *slot = Some(at.0 & !(RESERVATION_SET - 1));
            self.any_reservation = true;
        }
    }

    /// Ends a hart's reservation and says whether it covered `at`. SC does this, whether it
    /// succeeds or not.
    pub fn take_reservation(&mut self, hart: usize, at: PhysAddr) -> bool {
        let held = self.reservations.get_mut(hart).and_then(Option::take);
        self.any_reservation = self.reservations.iter().any(Option::is_some);
        held == Some(at.0 & !(RESERVATION_SET - 1))
    }

    /// Whether a hart holds a reservation.
    pub fn has_reservation(&self, hart: usize) -> bool {
        self.reservations.get(hart).is_some_and(Option::is_some)
    }

    #[cold]
    fn break_reservations(&mut self, storing_hart: usize, at: PhysAddr) {
        let set = at.0 & !(RESERVATION_SET - 1);
        for (hart, slot) in self.reservations.iter_mut().enumerate() {
            if hart != storing_hart && *slot == Some(set) {
                *slot = None;
            }
        }
        self.any_reservation = self.reservations.iter().any(Option::is_some);
    }

    /// Watches the 64-bit word at `at`: a store to it is reported by [`Bus::take_rung`].
    pub fn set_doorbell(&mut self, at: Option<PhysAddr>) {
        self.doorbell = at.map(|at| at.0);
    }

    /// Whether the doorbell's word was written. `complete` asks only for whole words; otherwise a
    /// word of which just the low half was written counts too.
    #[inline]
    pub fn take_rung(&mut self, complete: bool) -> bool {
        match self.rung {
            Some(whole) if whole || !complete => {
                self.rung = None;
                true
            }
            _ => false,
        }
    }

    /// Whether something happened that the board must look at before the next instruction.
    #[inline]
    pub fn needs_attention(&self) -> bool {
        self.device_touched || self.rung == Some(true)
    }

    /// Whether a device was accessed since the last call.
    pub fn take_device_touched(&mut self) -> bool {
        std::mem::take(&mut self.device_touched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: PhysAddr = PhysAddr(0x8000_0000);

    fn bus() -> Bus {
        Bus::new(Ram::new(BASE, 0x1000).unwrap(), 2)
    }

    #[test]
    fn a_reservation_is_lost_to_another_harts_store() {
        let mut bus = bus();
        bus.reserve(0, BASE);
        bus.store(0, BASE.offset(8), 8, 1, 0).unwrap();
        assert!(bus.take_reservation(0, BASE), "an own store keeps it");
        bus.reserve(0, BASE);
        bus.store(1, BASE.offset(8), 8, 1, 0).unwrap();
        assert!(!bus.take_reservation(0, BASE), "another hart's breaks it");
        bus.reserve(0, BASE);
        bus.store(1, BASE.offset(64), 8, 1, 0).unwrap();
        assert!(bus.take_reservation(0, BASE), "another set does not matter");
        assert!(!bus.take_reservation(0, BASE), "it is used up");
    }

    #[test]
    fn the_doorbell_waits_for_the_high_half() {
        let mut bus = bus();
        bus.set_doorbell(Some(BASE));
        bus.store(0, BASE, 4, 1, 0).unwrap();
        assert!(!bus.take_rung(true));
        bus.store(0, BASE.offset(4), 4, 0, 0).unwrap();
        assert!(bus.take_rung(true));
        bus.store(0, BASE, 4, 1, 0).unwrap();
        assert!(bus.take_rung(false));
        assert!(!bus.take_rung(false));
    }
}
