//! Queues: what drivers can do wrong with them, and what devices do with requests.

use super::super::testing::*;
use super::super::*;
use super::driver;
use crate::mem::Device;

#[test]
fn a_table_of_descriptors_elsewhere_works() {
    let mut driver = driver();
    let table = driver.allocate(64) + 3;
    let data = driver.allocate(64);
    driver.store(data, &[5, 6]);
    let chain = [
        Descriptor(data, 2, NEXT, 2),
        Descriptor(0, 0, INDIRECT, 0),
        Descriptor(data + 16, 4, WRITE, 0),
    ];
    for (index, descriptor) in chain.into_iter().enumerate() {
        driver.store(table + 16 * index as u64, &encode(descriptor));
    }
    driver.describe(0, 9, Descriptor(table, 48, INDIRECT, 0));
    driver.make_available(0, 9);
    driver.notify(0);
    assert_eq!(driver.take_used(0), Some((9, 2)));
    assert_eq!(driver.load(data + 16, 2), [!5, !6]);
}

/// A chain in the first queue, and what the device thinks of it.
fn refused(chain: &[Descriptor]) -> bool {
    let mut driver = driver();
    for (index, descriptor) in chain.iter().enumerate() {
        driver.describe(0, index as u16, *descriptor);
    }
    driver.make_available(0, 0);
    driver.notify(0);
    let reset = driver.needs_reset();
    assert_eq!(reset, driver.take_used(0).is_none());
    let interrupt = if reset { 2 } else { 1 };
    assert_eq!(driver.acknowledge(), interrupt);
    if reset {
        // It stays so until the reset.
        driver.notify(1);
        assert!(!driver.mmio.interrupt());
        driver.start(0);
        assert!(driver.request(0, &[&[1]], &[1]).is_some());
    }
    reset
}

#[test]
fn malformed_chains_need_a_reset() {
    let at = BASE + 0x10_0000;
    let end = BASE + RAM;
    assert!(!refused(&[Descriptor(at, 1, 0, 0)]));
    assert!(!refused(&[Descriptor(end - 1, 1, 0, 0)]));
    assert!(!refused(&[Descriptor(0, 0, 0, 0)]), "no bytes are nowhere");
    // Outside RAM, or half outside, or round the end of all addresses.
    assert!(refused(&[Descriptor(end - 1, 2, 0, 0)]));
    assert!(refused(&[Descriptor(BASE - 1, 2, WRITE, 0)]));
    assert!(refused(&[Descriptor(0x1000, 1, WRITE, 0)]));
    assert!(refused(&[Descriptor(u64::MAX, 2, 0, 0)]));
    assert!(refused(&[Descriptor(at, u32::MAX, WRITE, 0)]));
    // An index outside the table, and loops.
    assert!(refused(&[Descriptor(at, 1, NEXT, ENTRIES)]));
    assert!(refused(&[Descriptor(at, 1, NEXT, 0)]));
    let two = [Descriptor(at, 1, NEXT, 1), Descriptor(at, 1, NEXT, 0)];
    assert!(refused(&two));
    // To read after to write.
    let order = [Descriptor(at, 1, WRITE | NEXT, 1), Descriptor(at, 1, 0, 0)];
    assert!(refused(&order));
    // Tables elsewhere: their length, their place, one in another.
    assert!(refused(&[Descriptor(at, 15, INDIRECT, 0)]));
    assert!(refused(&[Descriptor(at, 0, INDIRECT, 0)]));
    assert!(refused(&[Descriptor(0, 16, INDIRECT, 0)]));
    assert!(refused(&[Descriptor(descriptors(0), 16, INDIRECT, 0)]));
    assert!(refused(&[Descriptor(at, 0xffff_fff0, INDIRECT, 0)]));
}

#[test]
fn a_long_chain_in_a_table_elsewhere_is_bounded() {
    for (length, good) in [(1024, true), (1025, false)] {
        let mut driver = driver();
        let table = driver.allocate(16 * length);
        for index in 0..length {
            let next = if index + 1 < length { NEXT } else { 0 };
            let descriptor = Descriptor(BASE, 1, next, index as u16 + 1);
            driver.store(table + 16 * index as u64, &encode(descriptor));
        }
        let all = Descriptor(table, 16 * length as u32, INDIRECT, 0);
        driver.describe(0, 0, all);
        driver.make_available(0, 0);
        driver.notify(0);
        assert_eq!(driver.needs_reset(), !good, "{length}");
    }
}

#[test]
fn a_chain_head_outside_the_table_needs_a_reset() {
    let mut driver = driver();
    driver.make_available(0, ENTRIES);
    driver.notify(0);
    assert!(driver.needs_reset());
}

#[test]
fn an_available_index_that_jumps_needs_a_reset() {
    for (index, good) in [(ENTRIES, true), (ENTRIES + 1, false), (u16::MAX, false)] {
        let mut driver = driver();
        driver.describe(0, 0, Descriptor(BASE, 1, 0, 0));
        driver.store(available(0) + 2, &index.to_le_bytes());
        driver.notify(0);
        assert_eq!(driver.needs_reset(), !good, "{index}");
    }
}

#[test]
fn queues_that_cannot_be_need_a_reset() {
    let end = BASE + RAM;
    // Register, value: the low half of an address, or the size.
    for (register, value, good) in [
        (0x38, 8, true),
        (0x38, 0, false),
        (0x38, 3, false),
        (0x38, 128, false),
        (0x38, 65536 + 8, false),
        (0x84, 1, false),
        (0x80, BASE as u32 + 8, false),
        (0x80, (end - 16 * 16) as u32, true),
        (0x80, (end - 16 * 16 + 16) as u32, false),
        (0x90, available(0) as u32 + 1, false),
        (0x90, used(0) as u32, false),
        (0xa0, used(0) as u32 + 2, false),
        (0xa0, descriptors(0) as u32 + 0xfc, false),
        (0xa4, u32::MAX, false),
    ] {
        let mut driver = driver();
        driver.set(0x30, 0);
        driver.set(0x44, 0);
        driver.set(register, value);
        driver.set(0x44, 1);
        driver.notify(0);
        assert_eq!(driver.needs_reset(), !good, "{register:#x} {value:#x}");
        if !good {
            assert_eq!(driver.acknowledge(), 2);
        }
    }
}

#[test]
fn a_device_that_feeds_its_own_ring_ends() {
    let mut driver = driver();
    // What the device writes is an available ring with a greater index: it goes on for ever.
    driver.describe(0, 0, Descriptor(available(0) + 2, 2, NEXT, 1));
    driver.describe(0, 1, Descriptor(available(0) + 2, 2, WRITE, 0));
    driver.store(available(0) + 2, &1u16.to_le_bytes());
    for _ in 0..10 {
        driver.notify(0);
    }
    // The inverse of 1 is too far off; that is a jump.
    assert!(driver.needs_reset());

    let mut driver = Driver::new(Feeder, 0);
    driver.describe(0, 0, Descriptor(available(0) + 2, 2, WRITE, 0));
    driver.make_available(0, 0);
    driver.notify(0);
    assert!(!driver.needs_reset());
    assert_eq!(driver.load_half(used(0) + 2), ENTRIES, "one round");
    assert_eq!(driver.mmio.deadline(), Some(1), "but it is not done");
    driver.work();
    assert_eq!(driver.load_half(used(0) + 2), 2 * ENTRIES);
}

/// A device that writes a number that grows.
struct Feeder;

impl VirtioDevice for Feeder {
    fn id(&self) -> u32 {
        1
    }

    fn name(&self) -> &'static str {
        "feeder"
    }

    fn log_target(&self) -> &'static str {
        "dev::feeder"
    }

    fn features(&self) -> u64 {
        0
    }

    fn queue_sizes(&self) -> &[u16] {
        &[16]
    }

    fn process(&mut self, queues: &mut Queues<'_>, _now: u64) {
        while queues.notified(0)
            && let Some(mut chain) = queues.take(0)
        {
            let index = queues.memory().ram().load(PhysAddr(available(0) + 2), 2);
            let next = (index.unwrap() as u16).wrapping_add(1);
            chain.write(queues.memory(), &next.to_le_bytes());
            queues.finish(chain);
        }
    }
}

/// A device that reads two bytes of a request, after one that it skips. A request that begins
/// with zeros it puts back, until the time is 10.
struct Reluctant;

impl VirtioDevice for Reluctant {
    fn id(&self) -> u32 {
        1
    }

    fn name(&self) -> &'static str {
        "reluctant"
    }

    fn log_target(&self) -> &'static str {
        "dev::reluctant"
    }

    fn features(&self) -> u64 {
        0
    }

    fn queue_sizes(&self) -> &[u16] {
        &[16]
    }

    fn process(&mut self, queues: &mut Queues<'_>, now: u64) {
        while let Some(mut chain) = queues.take(0) {
            let all = chain.readable();
            chain.skip(1);
            let mut bytes = [0; 2];
            let whole = chain.read_exact(queues.memory(), &mut bytes).is_some();
            if bytes == [0; 2] && now < 10 {
                queues.put_back(chain);
                return;
            }
            assert_eq!(whole, all >= 3);
            assert_eq!(chain.readable(), all.saturating_sub(3));
            chain.write(queues.memory(), &bytes);
            assert_eq!(chain.written() + chain.writable(), 4);
            chain.write_last(queues.memory(), 0xee);
            queues.finish(chain);
        }
    }
}

#[test]
fn requests_can_be_put_back() {
    for without in [0, RING_EVENT_IDX] {
        let mut driver = Driver::new(Reluctant, without);
        driver.add(0, &[&[1, 2], &[3, 4]], &[1, 3]);
        let (second, _) = driver.add(0, &[&[1, 0, 0]], &[4]);
        driver.add(0, &[&[1, 5, 6]], &[4]);
        for _ in 0..40 {
            driver.notify(0);
        }
        assert_eq!(driver.take_used(0), Some((0, 2)));
        assert_eq!(driver.take_used(0), None, "the others wait in order");
        driver.now = 10;
        driver.work();
        assert_eq!(driver.take_used(0), Some((second.into(), 2)));
        assert!(driver.take_used(0).is_some());
        let answer = driver.request(0, &[&[1, 7, 8]], &[3, 1]).unwrap();
        assert_eq!(answer.bytes, [7, 8, 0, 0xee]);
        let answer = driver.request(0, &[&[1]], &[4]).unwrap();
        assert_eq!(answer.bytes, [0, 0, 0, 0xee], "too short to skip and read");
    }
}
