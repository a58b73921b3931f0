//! Virtio devices: the transport (virtio-mmio version 2), queues, and the devices.
//!
//! Section numbers are those of the Virtual I/O Device specification, version 1.2.

pub mod blk;
mod chain;
pub mod console;
mod mmio;
pub mod net;
pub mod p9;
mod queue;
pub mod rng;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod traffic;

pub use chain::{Chain, ChainState};
pub use mmio::{Mmio, MmioState};
pub use queue::{QueueState, Queues};
pub use traffic::{Moved, Traffic};

use crate::mem::PhysAddr;

/// `VIRTIO_F_INDIRECT_DESC`: a descriptor can name a table of descriptors.
pub const RING_INDIRECT_DESC: u64 = 1 << 28;
/// `VIRTIO_F_EVENT_IDX`: each side says from which entry on it wants to be told.
pub const RING_EVENT_IDX: u64 = 1 << 29;
/// `VIRTIO_F_VERSION_1`: not a legacy device.
pub const VERSION_1: u64 = 1 << 32;

/// Why a device cannot go on before the driver resets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The queue's size.
    #[error("a queue of {0} entries (a power of two up to {1} is possible)")]
    Size(u32, u16),
    /// A part of a queue.
    #[error("the {0} at {1} is not aligned or not all in RAM")]
    Ring(&'static str, PhysAddr),
    /// Two parts of a queue.
    #[error("parts of a queue at {0} and {1} overlap")]
    Overlap(PhysAddr, PhysAddr),
    /// The available ring's index.
    #[error("more available requests than the queue has entries")]
    Index,
    /// A chain of descriptors.
    #[error("the chain of descriptors from {0} on is too long, has no end or leaves its table")]
    Chain(u16),
    /// The order of descriptors.
    #[error("the chain of descriptors from {0} on has one to read after one to write")]
    Order(u16),
    /// What a descriptor points to.
    #[error("the {1:#x} bytes at {0} of a descriptor are not all in RAM")]
    Buffer(PhysAddr, u64),
    /// A request that leaves no room for an answer.
    #[error("the request at descriptor {0}: {1}")]
    Request(u16, &'static str),
}

/// A virtio device without its transport.
pub trait VirtioDevice: Send {
    /// The kind of device, as section 5 numbers them.
    fn id(&self) -> u32;
    /// Its name, as logs and errors give it.
    fn name(&self) -> &'static str;
    /// The target of its log lines.
    fn log_target(&self) -> &'static str;
    /// The features it offers, of those that are the device's own.
    fn features(&self) -> u64;
    /// The greatest size of each of its queues: powers of two.
    fn queue_sizes(&self) -> &[u16];
    /// Reads its configuration space. What lies beyond it is zero ([`read_bytes`]).
    fn read_config(&self, _offset: u64, _bytes: &mut [u8]) {}
    /// Writes its configuration space; what is read-only stays as it is.
    fn write_config(&mut self, _offset: u64, _bytes: &[u8]) {}
    /// Does what there is to do. Called after the driver has notified the device, and whenever
    /// the board lets devices work, at the time `now`; never before the driver is ready.
    fn process(&mut self, queues: &mut Queues<'_>, now: u64);
    /// Forgets what the driver has asked for.
    fn reset(&mut self) {}
    /// When it next has something to do by itself.
    fn deadline(&self) -> Option<u64> {
        None
    }
    /// Whether something may come from the host at any moment, for which it is worth waiting in
    /// real time.
    fn expects_host(&self) -> bool {
        false
    }
    /// Its state, without what belongs to the host.
    fn state(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
    /// Takes a state back. What it cannot be is left as it is.
    fn set_state(&mut self, _state: &serde_json::Value) {}
}

/// Fills `bytes` with those of a configuration space, from `offset` on.
pub fn read_bytes(config: &[u8], offset: u64, bytes: &mut [u8]) {
    let rest = usize::try_from(offset)
        .ok()
        .and_then(|offset| config.get(offset..));
    let rest = rest.unwrap_or_default();
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = rest.get(index).copied().unwrap_or(0);
    }
}
