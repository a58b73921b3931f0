//! A driver for tests: it reaches a device through its registers and through rings in RAM, as a
//! guest does.

use super::{Mmio, VirtioDevice};
use crate::mem::{Device, Memory, PhysAddr, Ram};

/// Where RAM starts, and its size.
pub(crate) const BASE: u64 = 0x8000_0000;
pub(crate) const RAM: u64 = 4 << 20;
/// Buffers lie from here on.
const HEAP: u64 = BASE + (1 << 20);
/// The size of every queue.
pub(crate) const ENTRIES: u16 = 16;

pub(crate) const NEXT: u16 = 1;
pub(crate) const WRITE: u16 = 2;
pub(crate) const INDIRECT: u16 = 4;

/// A descriptor: address, length, flags, next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Descriptor(
    pub(crate) u64,
    pub(crate) u32,
    pub(crate) u16,
    pub(crate) u16,
);

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The number of bytes written, as the used ring says.
    pub(crate) length: u32,
    /// The writable buffers, one after the other.
    pub(crate) bytes: Vec<u8>,
}

/// A device and its driver.
pub(crate) struct Driver {
    pub(crate) mmio: Mmio,
    pub(crate) memory: Memory,
    pub(crate) now: u64,
    seen_used: [u16; 4],
    next_descriptor: u16,
    heap: u64,
}

impl Driver {
    /// A device after power-on.
    pub(crate) fn bare(device: impl VirtioDevice + 'static) -> Self {
        Self {
            mmio: Mmio::new(Box::new(device)),
            memory: Memory::new(Ram::new(PhysAddr(BASE), RAM).unwrap(), 1),
            now: 0,
            seen_used: [0; 4],
            next_descriptor: 0,
            heap: HEAP,
        }
    }

    /// A running device, of which all features but `without` are accepted.
    pub(crate) fn new(device: impl VirtioDevice + 'static, without: u64) -> Self {
        let mut driver = Self::bare(device);
        driver.start(without);
        driver
    }

    /// Resets the device and sets it up.
    pub(crate) fn start(&mut self, without: u64) {
        self.memory
            .store_from_device(PhysAddr(BASE), &vec![0; (HEAP - BASE) as usize])
            .unwrap();
        self.seen_used = [0; 4];
        self.next_descriptor = 0;
        self.set(0x70, 0);
        self.set(0x70, 1);
        self.set(0x70, 3);
        let features = self.features() & !without;
        self.accept(features);
        self.set(0x70, 11);
        assert_eq!(self.get(0x70), 11, "FEATURES_OK");
        for queue in 0..4 {
            self.make_queue(queue);
        }
        self.set(0x70, 15);
        self.work();
    }

    /// Sets up a queue, if there is one of that number.
    pub(crate) fn make_queue(&mut self, queue: usize) {
        self.set(0x30, queue as u32);
        if self.get(0x34) == 0 {
            return;
        }
        self.set(0x38, ENTRIES.into());
        for (register, at) in [
            (0x80, descriptors(queue)),
            (0x90, available(queue)),
            (0xa0, used(queue)),
        ] {
            self.set(register, at as u32);
            self.set(register + 4, (at >> 32) as u32);
        }
        self.set(0x44, 1);
    }

    /// Every feature offered.
    pub(crate) fn features(&mut self) -> u64 {
        self.set(0x14, 0);
        let low = self.get(0x10);
        self.set(0x14, 1);
        u64::from(self.get(0x10)) << 32 | u64::from(low)
    }

    /// Accepts features.
    pub(crate) fn accept(&mut self, features: u64) {
        self.set(0x24, 0);
        self.set(0x20, features as u32);
        self.set(0x24, 1);
        self.set(0x20, (features >> 32) as u32);
    }

    /// Reads a register.
    pub(crate) fn get(&mut self, register: u64) -> u32 {
        self.mmio.read(register, 4, self.now).unwrap() as u32
    }

    /// Writes a register.
    pub(crate) fn set(&mut self, register: u64, value: u32) {
        self.mmio
            .write(register, 4, value.into(), self.now)
            .unwrap();
    }

    /// Some bytes of the device's configuration.
    pub(crate) fn config(&mut self, offset: u64, size: u8) -> u64 {
        self.mmio.read(0x100 + offset, size, self.now).unwrap()
    }

    /// Lets the device work.
    pub(crate) fn work(&mut self) {
        self.mmio.work(&mut self.memory, self.now);
    }

    /// Says that there is something in a queue, and lets the device work.
    pub(crate) fn notify(&mut self, queue: usize) {
        self.set(0x50, queue as u32);
        self.work();
    }

    pub(crate) fn needs_reset(&mut self) -> bool {
        self.get(0x70) & 64 != 0
    }

    /// Acknowledges what interrupts there are: which.
    pub(crate) fn acknowledge(&mut self) -> u32 {
        let status = self.get(0x60);
        self.set(0x64, status);
        assert!(!self.mmio.interrupt());
        status
    }

    pub(crate) fn store(&mut self, at: u64, bytes: &[u8]) {
        self.memory.store_from_device(PhysAddr(at), bytes).unwrap();
    }

    pub(crate) fn load(&self, at: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.memory
            .load_for_device(PhysAddr(at), &mut bytes)
            .unwrap();
        bytes
    }

    pub(crate) fn load_half(&self, at: u64) -> u16 {
        self.memory.ram().load(PhysAddr(at), 2).unwrap() as u16
    }

    /// A place for a buffer.
    pub(crate) fn allocate(&mut self, length: usize) -> u64 {
        let length = (length as u64).next_multiple_of(16);
        if self.heap + length > BASE + RAM {
            self.heap = HEAP;
        }
        let at = self.heap;
        self.heap += length;
        at
    }

    /// Writes a descriptor into a queue's table.
    pub(crate) fn describe(&mut self, queue: usize, index: u16, descriptor: Descriptor) {
        let at = descriptors(queue) + 16 * u64::from(index);
        self.store(at, &encode(descriptor));
    }

    /// Makes a chain available, without a notification.
    pub(crate) fn make_available(&mut self, queue: usize, head: u16) {
        let index = self.load_half(available(queue) + 2);
        let entry = available(queue) + 4 + 2 * u64::from(index % ENTRIES);
        self.store(entry, &head.to_le_bytes());
        self.store(available(queue) + 2, &index.wrapping_add(1).to_le_bytes());
    }

    /// Makes a chain of buffers available: its head, and where the writable buffers are.
    pub(crate) fn add(
        &mut self,
        queue: usize,
        readable: &[&[u8]],
        writable: &[usize],
    ) -> (u16, Vec<(u64, usize)>) {
        let mut buffers = Vec::new();
        for bytes in readable {
            let at = self.allocate(bytes.len());
            self.store(at, bytes);
            buffers.push((at, bytes.len(), 0));
        }
        for length in writable {
            buffers.push((self.allocate(*length), *length, WRITE));
        }
        assert!(buffers.len() <= usize::from(ENTRIES));
        let head = self.next_descriptor;
        let last = buffers.len() - 1;
        for (count, (at, length, flags)) in buffers.iter().enumerate() {
            let index = self.next_descriptor;
            self.next_descriptor = (index + 1) % ENTRIES;
            let next = if count == last { 0 } else { NEXT };
            let descriptor = Descriptor(*at, *length as u32, flags | next, self.next_descriptor);
            self.describe(queue, index, descriptor);
        }
        self.make_available(queue, head);
        let writable = buffers.iter().filter(|buffer| buffer.2 == WRITE);
        (head, writable.map(|buffer| (buffer.0, buffer.1)).collect())
    }

    /// The next entry of the used ring: a chain's head and the length written.
    pub(crate) fn take_used(&mut self, queue: usize) -> Option<(u32, u32)> {
        let seen = self.seen_used[queue];
        if self.load_half(used(queue) + 2) == seen {
            return None;
        }
        self.seen_used[queue] = seen.wrapping_add(1);
        let entry = self.load(used(queue) + 4 + 8 * u64::from(seen % ENTRIES), 8);
        let word = |at: usize| u32::from_le_bytes(entry[at..at + 4].try_into().unwrap());
        Some((word(0), word(4)))
    }

    /// Makes a request and waits for its answer; `None` if the device does not give it back.
    pub(crate) fn request(
        &mut self,
        queue: usize,
        readable: &[&[u8]],
        writable: &[usize],
    ) -> Option<Answer> {
        let (head, buffers) = self.add(queue, readable, writable);
        self.notify(queue);
        let (id, length) = self.take_used(queue)?;
        assert_eq!(id, u32::from(head));
        let pieces = buffers.iter().map(|(at, length)| self.load(*at, *length));
        Some(Answer {
            length,
            bytes: pieces.flatten().collect(),
        })
    }
}

pub(crate) fn encode(descriptor: Descriptor) -> [u8; 16] {
    let Descriptor(at, length, flags, next) = descriptor;
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&at.to_le_bytes());
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    bytes[12..14].copy_from_slice(&flags.to_le_bytes());
    bytes[14..].copy_from_slice(&next.to_le_bytes());
    bytes
}

/// Where a queue's descriptor table is.
pub(crate) fn descriptors(queue: usize) -> u64 {
    BASE + 0x4000 * queue as u64
}

/// Where a queue's available ring is.
pub(crate) fn available(queue: usize) -> u64 {
    descriptors(queue) + 0x1000
}

/// Where a queue's used ring is.
pub(crate) fn used(queue: usize) -> u64 {
    descriptors(queue) + 0x2000
}

/// A small generator, so that a failing case can be had again.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        super::rng::next(&mut self.0)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize]
    }
}

/// What a run of [`fuzz`] met; a test looks whether it was worth anything.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// Requests given back.
    pub(crate) answers: u32,
    /// Times that the device wanted a reset.
    pub(crate) resets: u32,
}

/// Treats a device as a broken or evil driver would: random descriptors, rings and register
/// accesses. `content` fills the start of some buffers with what looks like a request. Whatever
/// happens, the device must come back, and work again after a reset.
pub(crate) fn fuzz(
    driver: &mut Driver,
    seed: u64,
    rounds: u32,
    mut content: impl FnMut(&mut Random, &mut [u8]),
) -> Met {
    let mut random = Random(seed);
    let mut met = Met::default();
    for _ in 0..rounds {
        if driver.needs_reset() {
            met.resets += 1;
            driver.start(random.pick(&[0, super::RING_EVENT_IDX, u64::MAX]));
        }
        for _ in 0..random.below(4) {
            let at = HEAP + random.below(8) * 0x1000;
            let mut bytes = [0; 64];
            content(&mut random, &mut bytes);
            driver.store(at, &bytes);
        }
        let queue = random.below(4) as usize;
        let count = random.below(6) as u16;
        let readable = random.below(4) as u16;
        let well_formed = random.below(4) > 0;
        for index in 0..count {
            let mut descriptor = any_descriptor(&mut random, queue);
            if well_formed {
                descriptor.2 = if index < readable { 0 } else { WRITE };
                descriptor.2 |= if index + 1 < count { NEXT } else { 0 };
                descriptor.3 = index + 1;
            }
            driver.describe(queue, index, descriptor);
        }
        for _ in 0..random.below(4) {
            let head = random.pick(&[0, 0, 0, 0, 1, 2, 15]);
            driver.make_available(queue, head);
        }
        match random.below(40) {
            // The index of the available ring jumps.
            0 => {
                let index = random.next() as u16;
                driver.store(available(queue) + 2, &index.to_le_bytes());
            }
            // A register, or several.
            1..6 => {
                let register = random.below(0x40) * 4;
                let value = random.next() as u32 >> random.below(32);
                driver.set(register, value);
                driver.get(register);
            }
            6 => {
                let size = random.pick(&[1, 2, 4, 8]);
                let at = 0x100 + random.below(16) * u64::from(size);
                let value = random.next();
                driver.mmio.write(at, size, value, 0).unwrap();
            }
            // Rings elsewhere.
            7 => {
                driver.set(0x30, queue as u32);
                driver.set(0x44, 0);
                driver.set(0x38, random.pick(&[0, 1, 3, 8, 16, 32768, 65536, u32::MAX]));
                let register = random.pick(&[0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4]);
                let value = random.pick(&[0, BASE as u32, BASE as u32 + 0x10, u32::MAX, 0xfff0]);
                driver.set(register, value);
                driver.set(0x44, 1);
            }
            8 => driver.start(0),
            _ => {}
        }
        driver.now += random.below(1000);
        driver.notify(queue);
        let before = driver.seen_used[queue];
        driver.seen_used[queue] = driver.load_half(used(queue) + 2);
        met.answers += u32::from(driver.seen_used[queue].wrapping_sub(before));
        driver.mmio.deadline();
        let state = driver.mmio.state();
        if random.below(16) == 0 {
            driver.mmio.set_state(state);
        }
    }
    driver.start(0);
    assert!(!driver.needs_reset());
    met
}

/// Mostly something that could be meant.
fn any_descriptor(random: &mut Random, queue: usize) -> Descriptor {
    let at = match random.below(32) {
        0 => random.next(),
        1 => BASE + RAM - random.below(32),
        2 => u64::MAX - random.below(32),
        3 => descriptors(queue) + random.below(0x3000),
        _ => HEAP + random.below(8) * 0x1000 + random.pick(&[0, 0, 0, 1, 16]),
    };
    let length = match random.below(32) {
        0 => 0,
        1 => u32::MAX,
        2 => random.next() as u32,
        _ => random.pick(&[1, 4, 16, 16, 17, 64, 512, 512, 4096, 8192]),
    };
    let flags = match random.below(32) {
        0 => random.next() as u16,
        1 => INDIRECT,
        _ => random.pick(&[0, NEXT, WRITE, WRITE | NEXT]),
    };
    Descriptor(at, length, flags, random.below(ENTRIES.into()) as u16)
}
