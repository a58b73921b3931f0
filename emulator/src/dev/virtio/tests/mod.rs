//! The transport, with a device that gives back what it is told.

mod queues;

use super::testing::*;
use super::*;
use crate::mem::{AccessError, Device, Memory, PageFlags};

/// A device with two queues. It writes what it reads, inverted.
struct Mirror {
    config: [u8; 8],
}

impl VirtioDevice for Mirror {
    fn id(&self) -> u32 {
        42
    }

    fn name(&self) -> &'static str {
        "mirror"
    }

    fn log_target(&self) -> &'static str {
        "dev::mirror"
    }

    fn features(&self) -> u64 {
        1 | 1 << 5
    }

    fn queue_sizes(&self) -> &[u16] {
        &[64, 16]
    }

    fn read_config(&self, offset: u64, bytes: &mut [u8]) {
        read_bytes(&self.config, offset, bytes);
    }

    fn write_config(&mut self, offset: u64, bytes: &[u8]) {
        if let Some(config) = self.config.get_mut(offset as usize..) {
            for (config, byte) in config.iter_mut().zip(bytes) {
                *config = *byte;
            }
        }
    }

    fn process(&mut self, queues: &mut Queues<'_>, _now: u64) {
        for queue in 0..2 {
            while queues.notified(queue)
                && let Some(mut chain) = queues.take(queue)
            {
                let mut bytes = [0; 7];
                loop {
                    let length = chain.read(queues.memory(), &mut bytes);
                    if length == 0 {
                        break;
                    }
                    let inverted = bytes.map(|byte| !byte);
                    chain.write(queues.memory(), &inverted[..length]);
                }
                queues.finish(chain);
            }
        }
    }

    fn state(&self) -> serde_json::Value {
        serde_json::to_value(self.config).unwrap()
    }

    fn set_state(&mut self, state: &serde_json::Value) {
        if let Ok(config) = serde_json::from_value(state.clone()) {
            self.config = config;
        }
    }
}

fn mirror() -> Mirror {
    Mirror { config: [7; 8] }
}

fn driver() -> Driver {
    Driver::new(mirror(), RING_EVENT_IDX)
}

#[test]
fn the_registers_say_what_it_is() {
    let mut driver = Driver::bare(mirror());
    let found = [0, 4, 8, 0xc].map(|register| driver.get(register));
    assert_eq!(found, [0x7472_6976, 2, 42, 0x554d_4551]);
    assert_eq!(
        driver.features(),
        VERSION_1 | RING_EVENT_IDX | RING_INDIRECT_DESC | 0x21
    );
    driver.set(0x14, 2);
    assert_eq!(driver.get(0x10), 0);
    for (queue, most) in [(0, 64), (1, 16), (2, 0), (u32::MAX, 0)] {
        driver.set(0x30, queue);
        assert_eq!(driver.get(0x34), most);
    }
    // No shared memory, and no configuration change.
    assert_eq!(
        [0xb0, 0xb4].map(|register| driver.get(register)),
        [u32::MAX; 2]
    );
    assert_eq!(driver.get(0xfc), 0);
}

#[test]
fn an_empty_slot_has_no_device() {
    let mut slot = Mmio::empty();
    let found = [0, 4, 8, 0x34, 0x70, 0x100].map(|register| slot.read(register, 4, 0));
    assert_eq!(found, [Ok(0x7472_6976), Ok(2), Ok(0), Ok(0), Ok(0), Ok(0)]);
    slot.write(0x70, 4, 15, 0).unwrap();
    assert_eq!(slot.read(0x70, 4, 0), Ok(0));
    assert!(!slot.interrupt());
}

#[test]
fn accesses_of_other_sizes_are_faults() {
    let mut driver = Driver::bare(mirror());
    for (offset, size) in [
        (0, 1),
        (0, 2),
        (0, 8),
        (2, 4),
        (0x104, 8),
        (0x101, 2),
        (0xffe, 4),
        (0x1000, 4),
        (0x100, 0),
        (u64::MAX - 3, 4),
    ] {
        assert_eq!(driver.mmio.read(offset, size, 0), Err(AccessError));
        assert_eq!(driver.mmio.write(offset, size, 0, 0), Err(AccessError));
    }
    assert_eq!(driver.config(0, 8), 0x0707_0707_0707_0707);
    driver.mmio.write(0x102, 2, 0x1234, 0).unwrap();
    assert_eq!(driver.config(2, 1), 0x34);
    assert_eq!(driver.config(0, 4), 0x1234_0707);
    assert_eq!(driver.config(8, 8), 0, "beyond its end");
}

#[test]
fn features_that_are_not_offered_are_refused() {
    let mut driver = Driver::bare(mirror());
    driver.set(0x70, 3);
    driver.accept(VERSION_1 | 2);
    driver.set(0x70, 11);
    assert_eq!(driver.get(0x70), 3);
    driver.accept(VERSION_1 | 1);
    driver.set(0x70, 11);
    assert_eq!(driver.get(0x70), 11);
    // From now on they stay.
    driver.accept(0);
    driver.set(0x70, 15);
    assert_eq!(driver.mmio.state(), {
        driver.accept(2);
        driver.mmio.state()
    });
}

#[test]
fn status_bits_are_only_cleared_together() {
    let mut driver = driver();
    driver.set(0x70, 1);
    assert_eq!(driver.get(0x70), 15);
    driver.set(0x70, 64 | 15);
    assert_eq!(driver.get(0x70), 15, "NEEDS_RESET is the device's");
    driver.set(0x70, 128);
    assert_eq!(driver.get(0x70), 128 | 15);
    driver.set(0x70, 0);
    assert_eq!(driver.get(0x70), 0);
}

#[test]
fn requests_are_answered_with_an_interrupt() {
    let mut driver = driver();
    assert!(!driver.mmio.interrupt());
    // Segments of other lengths than the device's pieces.
    let answer = driver.request(0, &[&[1, 2, 3], &[], &[4; 20]], &[1, 9, 30]);
    let mut expected = vec![!1, !2, !3];
    expected.extend([!4; 20]);
    expected.resize(40, 0);
    assert_eq!(
        answer,
        Some(Answer {
            length: 23,
            bytes: expected
        })
    );
    assert!(driver.mmio.interrupt());
    assert_eq!(driver.acknowledge(), 1);
    // Each queue has its own rings.
    let answer = driver.request(1, &[&[0]], &[1]).unwrap();
    assert_eq!(answer.bytes, [255]);
    for _ in 0..100 {
        assert!(driver.request(0, &[&[9]], &[1]).is_some(), "it goes round");
    }
}

#[test]
fn a_driver_that_wants_no_interrupts_gets_none() {
    let mut driver = driver();
    driver.store(available(0), &[1, 0]);
    driver.request(0, &[&[1]], &[1]).unwrap();
    assert!(!driver.mmio.interrupt());
    driver.store(available(0), &[0, 0]);
    driver.request(0, &[&[1]], &[1]).unwrap();
    assert_eq!(driver.acknowledge(), 1);
}

#[test]
fn with_event_indices_each_side_says_when_it_wants_to_be_told() {
    let mut driver = Driver::new(mirror(), 0);
    let used_event = available(0) + 4 + 2 * u64::from(ENTRIES);
    let avail_event = used(0) + 4 + 8 * u64::from(ENTRIES);
    // An interrupt for the third.
    driver.store(used_event, &2u16.to_le_bytes());
    for index in 1..=4 {
        driver.request(0, &[&[1]], &[1]).unwrap();
        assert_eq!(driver.load_half(avail_event), index);
        assert_eq!(driver.acknowledge(), u32::from(index == 3));
    }
    // In a batch that goes past it as well.
    driver.store(used_event, &5u16.to_le_bytes());
    for _ in 0..4 {
        driver.add(0, &[&[1]], &[1]);
    }
    driver.notify(0);
    assert_eq!(driver.acknowledge(), 1);
}

#[test]
fn nothing_happens_before_the_driver_is_ready() {
    let mut driver = Driver::bare(mirror());
    driver.set(0x70, 3);
    driver.accept(VERSION_1);
    driver.set(0x70, 11);
    driver.make_queue(0);
    driver.add(0, &[&[1]], &[1]);
    driver.notify(0);
    assert_eq!(driver.take_used(0), None);
    driver.set(0x70, 15);
    driver.work();
    assert!(driver.take_used(0).is_some(), "it was notified");
}

#[test]
fn a_reset_forgets_everything() {
    let mut driver = driver();
    driver.add(0, &[&[1]], &[1]);
    driver.set(0x50, 0);
    driver.set(0x70, 0);
    driver.work();
    assert_eq!(driver.take_used(0), None);
    assert_eq!(driver.get(0x70), 0);
    driver.set(0x30, 0);
    assert_eq!(driver.get(0x44), 0);
    driver.start(0);
    assert!(driver.request(0, &[&[1]], &[1]).is_some());
    driver.mmio.reset();
    assert!(!driver.mmio.interrupt());
    let mut new = Driver::bare(mirror());
    assert_eq!(driver.mmio.state(), new.mmio.state());
    new.work();
}

#[test]
fn a_queue_can_be_taken_away_and_given_again() {
    let mut driver = driver();
    driver.request(0, &[&[1]], &[1]).unwrap();
    driver.set(0x30, 0);
    driver.set(0x80, 0x1000);
    driver.set(0x44, 0);
    assert_eq!(driver.get(0x44), 0);
    driver.add(0, &[&[1]], &[1]);
    driver.notify(0);
    assert_eq!(driver.take_used(0), None);
    assert!(!driver.needs_reset());
    assert!(driver.request(1, &[&[1]], &[1]).is_some());
    driver.start(RING_EVENT_IDX);
    assert!(driver.request(0, &[&[1]], &[1]).is_some());
}

#[test]
fn all_that_is_written_goes_through_the_hook() {
    for (target, lost) in [
        ("used ring", true),
        ("buffer", true),
        ("available ring", false),
    ] {
        let mut driver = driver();
        let (_, buffers) = driver.add(0, &[&[1]], &[1]);
        let at = match target {
            "used ring" => used(0),
            "buffer" => buffers[0].0,
            _ => available(0),
        };
        driver.memory.reserve(0, PhysAddr(at));
        driver.notify(0);
        assert!(driver.take_used(0).is_some());
        let held = driver.memory.take_reservation(0, PhysAddr(at));
        assert_eq!(held, !lost, "{target}");
    }
}

#[test]
fn changes_of_watched_pages_are_seen() {
    let mut driver = driver();
    let (head, _) = driver.add(0, &[&[0xf0]], &[1]);
    let target = BASE + 0x20_0008;
    driver.describe(0, head + 1, Descriptor(target, 1, WRITE, 0));
    for at in [used(0), target] {
        watch(&mut driver.memory, at);
    }
    driver.memory.take_device_stores();
    driver.notify(0);
    let seen = driver.memory.take_device_stores();
    let change = |at| seen.iter().find(|change| change.at == PhysAddr(at));
    assert_eq!(change(target).map(|change| change.new), Some(0x0f));
    // The ring's index at 2, its first entry at 4, which crosses a word.
    let mut first = seen.iter().filter(|change| change.at == PhysAddr(used(0)));
    assert_eq!(first.next_back().unwrap().new, 1 << 16);
    assert_eq!(change(used(0) + 8).map(|change| change.new), Some(1));
}

fn watch(memory: &mut Memory, at: u64) {
    memory.flag_page(PhysAddr(at), PageFlags::TABLE);
}

#[test]
fn the_state_can_be_taken_and_put_back() {
    let mut driver = driver();
    driver.request(0, &[&[1]], &[1]).unwrap();
    driver.mmio.write(0x100, 1, 99, 0).unwrap();
    driver.add(0, &[&[2]], &[1]);
    driver.set(0x50, 0);
    let state = driver.mmio.state();
    let text = serde_json::to_string(&state).unwrap();
    driver.mmio = Mmio::new(Box::new(mirror()));
    driver.mmio.set_state(serde_json::from_str(&text).unwrap());
    assert_eq!(driver.mmio.state(), state);
    assert!(driver.mmio.interrupt());
    assert_eq!(driver.config(0, 1), 99);
    driver.work();
    assert_eq!(driver.take_used(0).map(|(_, length)| length), Some(1));
    assert!(driver.request(0, &[&[1]], &[1]).is_some());

    // A state that cannot be.
    let text = text.replace("\"size\":16", "\"size\":17");
    driver.mmio.set_state(serde_json::from_str(&text).unwrap());
    driver.work();
    assert!(driver.needs_reset());
}

#[test]
fn a_broken_driver_does_no_harm() {
    let mut driver = driver();
    let met = fuzz(&mut driver, 1, 20_000, |_, _| {});
    assert!(met.answers > 1000 && met.resets > 100, "{met:?}");
}
