//! Queues: the rings through which a driver gives requests and takes them back.
//!
//! The crate virtio-queue reads and writes the rings. What it takes on trust is checked here: a
//! driver can put anything into its rings, at any time, and a device can be told to write into
//! them.

use super::{Chain, Malformed, RING_EVENT_IDX};
use crate::mem::{Memory, PhysAddr, RingMemory};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::atomic::Ordering;
use virtio_queue::{Queue, QueueOwnedT, QueueT};
use vm_memory::GuestAddress;

/// The bytes of requests after which a device rests until it is asked to work again, so that no
/// driver keeps the host busy for long.
const BYTES_AT_ONCE: u64 = 64 << 20;

/// In the available ring's flags: the driver wants no interrupts.
const NO_INTERRUPT: u64 = 1;

/// One queue, as its registers and its position in the rings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueState {
    /// The number of its entries.
    pub size: u32,
    /// Whether the driver has made it ready.
    pub ready: bool,
    /// Where the descriptor table is.
    pub descriptors: u64,
    /// Where the driver's ring is, the available ring.
    pub driver: u64,
    /// Where the device's ring is, the used ring.
    pub device: u64,
    /// The next entry of the available ring.
    pub next_available: u16,
    /// The next entry of the used ring.
    pub next_used: u16,
}

/// One queue of a device.
#[derive(Debug)]
pub(super) struct VirtQueue {
    /// The greatest size.
    pub(super) most: u16,
    pub(super) registers: QueueState,
    /// The rings, once they have been looked at.
    open: Option<Queue>,
}

impl VirtQueue {
    pub(super) fn new(most: u16) -> Self {
        let registers = QueueState {
            size: most.into(),
            ..QueueState::default()
        };
        Self {
            most,
            registers,
            open: None,
        }
    }

    /// The driver makes the queue ready, or takes that back.
    pub(super) fn set_ready(&mut self, ready: bool) {
        self.registers.ready = ready;
        self.registers.next_available = 0;
        self.registers.next_used = 0;
        self.open = None;
    }

    pub(super) fn state(&self) -> QueueState {
        let mut state = self.registers.clone();
        if let Some(queue) = &self.open {
            state.next_available = queue.next_avail();
            state.next_used = queue.next_used();
        }
        state
    }

    pub(super) fn set_state(&mut self, state: QueueState) {
        self.registers = state;
        self.open = None;
    }

    /// The rings of a ready queue. They are checked when they are first used.
    fn open(&mut self, memory: &Memory, features: u64) -> Result<Option<&mut Queue>, Malformed> {
        if !self.registers.ready {
            return Ok(None);
        }
        if self.open.is_none() {
            self.open = Some(check(self.most, &self.registers, memory, features)?);
        }
        Ok(self.open.as_mut())
    }
}

/// A queue for the registers' values, if they describe one.
fn check(
    most: u16,
    registers: &QueueState,
    memory: &Memory,
    features: u64,
) -> Result<Queue, Malformed> {
    let bad_size = || Malformed::Size(registers.size, most);
    let size = u16::try_from(registers.size).map_err(|_| bad_size())?;
    let mut queue = Queue::new(most).map_err(|_| bad_size())?;
    queue.try_set_size(size).map_err(|_| bad_size())?;
    let size = u64::from(size);
    let ring = |name, start: u64, length: u64| -> Result<Range<u64>, Malformed> {
        if memory.is_ram(PhysAddr(start), length) {
            Ok(start..start + length)
        } else {
            Err(Malformed::Ring(name, PhysAddr(start)))
        }
    };
    let rings = [
        ring("descriptor table", registers.descriptors, 16 * size)?,
        ring("available ring", registers.driver, 6 + 2 * size)?,
        ring("used ring", registers.device, 6 + 8 * size)?,
    ];
    for (index, one) in rings.iter().enumerate() {
        for other in rings.iter().skip(index + 1) {
            if one.start < other.end && other.start < one.end {
                return Err(Malformed::Overlap(
                    PhysAddr(one.start),
                    PhysAddr(other.start),
                ));
            }
        }
    }
    let unaligned = |name, at| move |_| Malformed::Ring(name, PhysAddr(at));
    queue
        .try_set_desc_table_address(GuestAddress(registers.descriptors))
        .map_err(unaligned("descriptor table", registers.descriptors))?;
    queue
        .try_set_avail_ring_address(GuestAddress(registers.driver))
        .map_err(unaligned("available ring", registers.driver))?;
    queue
        .try_set_used_ring_address(GuestAddress(registers.device))
        .map_err(unaligned("used ring", registers.device))?;
    queue.set_event_idx(features & RING_EVENT_IDX != 0);
    queue.set_next_avail(registers.next_available);
    queue.set_next_used(registers.next_used);
    queue.set_ready(true);
    Ok(queue)
}

/// What a device did with its queues in one go.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The driver is to be interrupted.
    pub(super) interrupt: bool,
    /// Queues that hold more than was done, a bit for each.
    pub(super) more: u64,
    /// Why the device cannot go on.
    pub(super) malformed: Option<Malformed>,
}

/// What a device has done with one queue in this go.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    taken: u16,
    finished: bool,
}

/// The queues of a device and the guest's memory, for as long as the device works.
pub struct Queues<'a> {
    queues: &'a mut [VirtQueue],
    memory: &'a mut Memory,
    features: u64,
    notified: u64,
    progress: Vec<Progress>,
    bytes: u64,
    outcome: Outcome,
}

impl<'a> Queues<'a> {
    pub(super) fn new(
        queues: &'a mut [VirtQueue],
        memory: &'a mut Memory,
        features: u64,
        notified: u64,
    ) -> Self {
        Self {
            progress: vec![Progress::default(); queues.len()],
            queues,
            memory,
            features,
            notified,
            bytes: 0,
            outcome: Outcome::default(),
        }
    }

    /// The guest's memory.
    pub fn memory(&mut self) -> &mut Memory {
        self.memory
    }

    /// The features that the driver has accepted.
    pub fn features(&self) -> u64 {
        self.features
    }

    /// Whether the driver has said that there is something in a queue, and the device has not seen
    /// all of it yet. A device that waits for requests looks at this first; a queue of buffers for
    /// what comes from the host can be used at any time.
    pub fn notified(&self, queue: usize) -> bool {
        queue < 64 && self.notified >> queue & 1 != 0
    }

    /// Counts work that the length of a request does not tell of, in bytes.
    pub fn charge(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether there is a request in a queue.
    pub fn is_available(&mut self, queue: usize) -> bool {
        match self.available(queue) {
            Ok(available) => available,
            Err(malformed) => {
                self.outcome.malformed.get_or_insert(malformed);
                false
            }
        }
    }

    fn available(&mut self, index: usize) -> Result<bool, Malformed> {
        if self.outcome.malformed.is_some() {
            return Ok(false);
        }
        let Some(queue) = self.queues.get_mut(index) else {
            return Ok(false);
        };
        let Some(queue) = queue.open(self.memory, self.features)? else {
            return Ok(false);
        };
        let index = RingMemory::with(self.memory, |ring| queue.avail_idx(ring, Ordering::Acquire));
        let index = index.map_err(|_| Malformed::Index)?.0;
        let waiting = index.wrapping_sub(queue.next_avail());
        if waiting > queue.size() {
            return Err(Malformed::Index);
        }
        Ok(waiting > 0)
    }

    /// Takes the next request from a queue. There is none either if the device has done enough
    /// for now; then it will be asked to work again.
    pub fn take(&mut self, queue: usize) -> Option<Chain> {
        if !self.is_available(queue) {
            return None;
        }
        let size = self.queues.get(queue)?.registers.size;
        let progress = self.progress.get_mut(queue)?;
        // A device that writes into the ring itself could find new requests for ever.
        if u32::from(progress.taken) >= size || self.bytes >= BYTES_AT_ONCE {
            self.outcome.more |= 1u64.checked_shl(queue as u32).unwrap_or(0);
            return None;
        }
        progress.taken += 1;
        match self.next_chain(queue) {
            Ok(chain) => {
                self.charge(chain.total());
                Some(chain)
            }
            Err(malformed) => {
                self.outcome.malformed.get_or_insert(malformed);
                None
            }
        }
    }

    fn next_chain(&mut self, index: usize) -> Result<Chain, Malformed> {
        let queue = self.queues.get_mut(index).ok_or(Malformed::Index)?;
        let queue = queue
            .open(self.memory, self.features)?
            .ok_or(Malformed::Index)?;
        let ram = self.memory.ram().range();
        let is_ram = |at: PhysAddr, length| {
            let end = at.0.checked_add(length);
            ram.start <= at.0 && end.is_some_and(|end| end <= ram.end)
        };
        RingMemory::with(self.memory, |ring| {
            let mut available = queue.iter(ring).map_err(|_| Malformed::Index)?;
            let descriptors = available.next().ok_or(Malformed::Index)?;
            let head = descriptors.head_index();
            Chain::collect(index, head, descriptors, is_ram)
        })
    }

    /// Puts back the request that was taken last, as if it had not been.
    pub fn put_back(&mut self, chain: Chain) {
        if let Some(queue) = self.queues.get_mut(chain.queue)
            && let Some(queue) = &mut queue.open
        {
            queue.go_to_previous_position();
            if let Some(progress) = self.progress.get_mut(chain.queue) {
                progress.taken = progress.taken.saturating_sub(1);
            }
        }
    }

    /// Gives a request back to the driver, with what was written to it.
    pub fn finish(&mut self, chain: Chain) {
        // A chain is shorter than 4 GiB.
        let written = u32::try_from(chain.written()).unwrap_or(u32::MAX);
        let Some(queue) = self.queues.get_mut(chain.queue) else {
            return;
        };
        let Some(queue) = &mut queue.open else {
            return;
        };
        let done = RingMemory::with(self.memory, |ring| {
            queue.add_used(ring, chain.head, written)
        });
        if done.is_err() {
            self.outcome
                .malformed
                .get_or_insert(Malformed::Chain(chain.head));
        } else if let Some(progress) = self.progress.get_mut(chain.queue) {
            progress.finished = true;
        }
    }

    /// Says that a request cannot be answered at all, not even with an error: the device then
    /// waits for the driver to reset it.
    pub fn refuse(&mut self, chain: &Chain, reason: &'static str) {
        self.outcome
            .malformed
            .get_or_insert(Malformed::Request(chain.head, reason));
    }

    /// Tells the driver what it wants to know, and ends the go.
    pub(super) fn end(mut self) -> Outcome {
        let progress = std::mem::take(&mut self.progress);
        for (queue, progress) in self.queues.iter_mut().zip(progress) {
            let Some(queue) = &mut queue.open else {
                continue;
            };
            if progress.finished {
                self.outcome.interrupt |= wants_interrupt(queue, self.memory);
            }
            if progress.taken > 0 && queue.event_idx_enabled() {
                // Says from which request on the driver is to notify; that there is none yet
                // beyond those seen was found by taking them.
                let _ = RingMemory::with(self.memory, |ring| queue.enable_notification(ring));
            }
        }
        self.outcome
    }
}

/// Whether the driver wants an interrupt for the requests given back since the last time.
fn wants_interrupt(queue: &mut Queue, memory: &mut Memory) -> bool {
    if queue.event_idx_enabled() {
        let wanted = RingMemory::with(memory, |ring| queue.needs_notification(ring));
        return wanted.unwrap_or(true);
    }
    let flags = memory.ram().load(PhysAddr(queue.avail_ring()), 2);
    flags.is_none_or(|flags| flags & NO_INTERRUPT == 0)
}
