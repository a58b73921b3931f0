//! The physical bus: RAM and devices behind physical addresses.

use super::tape::{DeviceAccess, Kind, Tape};
use super::{AccessError, Device, MachineRequest, Memory, PhysAddr, Ram};
use std::ops::Range;

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
    /// The number of its interrupt line, if it has one.
    line: Option<u32>,
    device: Box<dyn Device>,
    /// It was accessed, and has not worked since.
    touched: bool,
}

/// RAM and devices.
pub struct Bus {
    memory: Memory,
    devices: Vec<Mapped>,
    /// A device was written or read, so that interrupt lines and timers may have changed.
    device_touched: bool,
    tape: Tape,
}

impl Bus {
    /// A bus with `ram` on it, for `harts` harts.
    pub fn new(ram: Ram, harts: usize) -> Self {
        Self {
            memory: Memory::new(ram, harts),
            devices: Vec::new(),
            device_touched: false,
            tape: Tape::default(),
        }
    }

    /// Puts a device at `range`, with the interrupt line `line`.
    pub fn map(
        &mut self,
        range: Range<u64>,
        line: Option<u32>,
        device: Box<dyn Device>,
    ) -> Result<(), MapError> {
        let overlaps = |other: &Range<u64>| range.start < other.end && other.start < range.end;
        let clash = self
            .devices
            .iter()
            .map(|mapped| (mapped.device.name(), mapped.range.clone()))
            .chain([("RAM", self.ram().range())])
            .find(|(_, other)| overlaps(other));
        if let Some((other, other_range)) = clash {
            return Err(MapError {
                name: device.name(),
                range,
                other,
                other_range,
            });
        }
        self.devices.push(Mapped {
            range,
            line,
            device,
            touched: false,
        });
        Ok(())
    }

    /// RAM and what is watched of it.
    #[inline]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// RAM and what is watched of it, to be changed.
    #[inline]
    pub fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// RAM.
    #[inline]
    pub fn ram(&self) -> &Ram {
        self.memory.ram()
    }

    /// RAM, to be filled by the loader. Reservations are not looked at.
    pub fn ram_mut(&mut self) -> &mut Ram {
        self.memory.ram_mut()
    }

    /// The device of type `T`, if there is one: the first.
    pub fn device<T: 'static>(&mut self) -> Option<&mut T> {
        self.devices
            .iter_mut()
            .find_map(|mapped| mapped.device.as_any().downcast_mut())
    }

    fn find(&mut self, at: PhysAddr, size: u8) -> Option<(&mut Mapped, u64)> {
        let end = at.0.checked_add(u64::from(size))?;
        let mapped = self
            .devices
            .iter_mut()
            .find(|mapped| mapped.range.start <= at.0 && end <= mapped.range.end)?;
        let offset = at.0 - mapped.range.start;
        Some((mapped, offset))
    }

    /// The device at an address, which is about to be accessed.
    fn touch(&mut self, at: PhysAddr, size: u8) -> Result<(&mut dyn Device, u64), AccessError> {
        self.device_touched = true;
        let (mapped, offset) = self.find(at, size).ok_or(AccessError)?;
        mapped.touched = true;
        Ok((mapped.device.as_mut(), offset))
    }

    /// Loads 1, 2, 4 or 8 bytes.
    #[inline]
    pub fn load(&mut self, at: PhysAddr, size: u8, now: u64) -> Result<u64, AccessError> {
        match self.ram().load(at, size) {
            Some(value) => Ok(value),
            None => self.load_device(at, size, now),
        }
    }

    #[cold]
    fn load_device(&mut self, at: PhysAddr, size: u8, now: u64) -> Result<u64, AccessError> {
        self.device_touched = true;
        if let Some(result) = self.tape.play(at, size, Kind::Load) {
            return result;
        }
        let found = self.touch(at, size);
        let result = found.and_then(|(device, offset)| device.read(offset, size, now));
        self.tape.record(at, size, Kind::Load, result);
        result
    }

    /// Fetches two bytes of an instruction, from RAM or a device that allows it.
    pub fn fetch(&mut self, at: PhysAddr, now: u64) -> Result<u64, AccessError> {
        if let Some(half) = self.ram().load(at, 2) {
            return Ok(half);
        }
        if let Some(result) = self.tape.play(at, 2, Kind::Fetch) {
            return result;
        }
        let result = match self.find(at, 2) {
            Some((mapped, offset)) if mapped.device.executable() => {
                mapped.device.read(offset, 2, now)
            }
            _ => Err(AccessError),
        };
        self.tape.record(at, 2, Kind::Fetch, result);
        result
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
        if self.memory.store(hart, at, size, value) {
            Ok(())
        } else {
            self.store_device(at, size, value, now)
        }
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
        if let Some(result) = self.tape.play(at, size, Kind::Store(value)) {
            return result.map(|_| ());
        }
        let found = self.touch(at, size);
        let result = found.and_then(|(device, offset)| device.write(offset, size, value, now));
        self.tape
            .record(at, size, Kind::Store(value), result.map(|()| 0));
        result
    }

    /// Writes down from now on what accesses beyond RAM gave; takes what was written down before.
    pub fn record(&mut self) -> Vec<DeviceAccess> {
        match std::mem::replace(&mut self.tape, Tape::Recording(Vec::new())) {
            Tape::Recording(list) => list,
            _ => Vec::new(),
        }
    }

    /// Answers accesses beyond RAM from now on with what another bus wrote down. Says how many of those that were
    /// to be answered before were not made, or were others.
    pub fn play(&mut self, list: Vec<DeviceAccess>) -> u64 {
        match std::mem::replace(&mut self.tape, Tape::Playing(list.into(), 0)) {
            Tape::Playing(left, wrong) => left.len() as u64 + wrong,
            _ => 0,
        }
    }

    /// Whether `size` bytes at `at` are RAM: atomics and cache blocks want that.
    pub fn is_ram(&self, at: PhysAddr, size: u64) -> bool {
        self.memory.is_ram(at, size)
    }

    /// The name of the device at an address, if there is one.
    pub fn device_name(&self, at: PhysAddr) -> Option<&'static str> {
        let mut devices = self.devices.iter();
        let mapped = devices.find(|mapped| mapped.range.contains(&at.0))?;
        Some(mapped.device.name())
    }

    /// Whether something happened that the board must look at before the next instruction.
    #[inline]
    pub fn needs_attention(&self) -> bool {
        self.device_touched || self.memory.has_request()
    }

    /// Whether a device was accessed since the last call.
    pub fn take_device_touched(&mut self) -> bool {
        std::mem::take(&mut self.device_touched)
    }

    /// Lets devices work: those that were accessed since they last did and those whose deadline
    /// has passed, or all of them.
    pub fn work(&mut self, all: bool, now: u64) {
        for mapped in &mut self.devices {
            let touched = std::mem::take(&mut mapped.touched);
            let due = || mapped.device.deadline().is_some_and(|at| at <= now);
            if all || touched || due() {
                mapped.device.work(&mut self.memory, now);
            }
        }
    }

    /// When the next device has something to do by itself: `u64::MAX` if none has.
    pub fn deadline(&self) -> u64 {
        let devices = self.devices.iter();
        let deadlines = devices.filter_map(|mapped| mapped.device.deadline());
        deadlines.min().unwrap_or(u64::MAX)
    }

    /// Whether a device may get something from the host at any moment.
    pub fn expects_host(&self) -> bool {
        let mut devices = self.devices.iter();
        devices.any(|mapped| mapped.device.expects_host())
    }

    /// The first thing that a device asks of the whole machine.
    pub fn take_machine_request(&mut self) -> Option<MachineRequest> {
        let mut devices = self.devices.iter_mut();
        devices.find_map(|mapped| mapped.device.take_request())
    }

    /// The interrupt lines of the devices: number, and whether it is up.
    pub fn lines(&self) -> impl Iterator<Item = (u32, bool)> {
        let devices = self.devices.iter();
        devices.filter_map(|mapped| Some((mapped.line?, mapped.device.interrupt())))
    }

    /// Resets every device, and ends what was watched of stores. RAM stays.
    pub fn reset(&mut self) {
        self.memory.reset();
        for mapped in &mut self.devices {
            mapped.touched = false;
            mapped.device.reset();
        }
        self.device_touched = true;
    }
}
