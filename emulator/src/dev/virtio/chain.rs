//! One request of a driver: a chain of descriptors as two stretches of bytes, those that the
//! device reads and those that it writes.

use super::Malformed;
use crate::mem::{Memory, PhysAddr};
use serde::{Deserialize, Serialize};
use virtio_queue::DescriptorChain;
use virtio_queue::desc::split::Descriptor;

/// The most descriptors of one chain. A chain may not be longer than its queue; a table of
/// descriptors elsewhere in memory makes it easy to break that rule, and drivers may be forgiven
/// that long.
const MAX_DESCRIPTORS: usize = 1024;

/// Bytes in guest RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    at: PhysAddr,
    length: u64,
}

/// A list of segments and how far it has been used.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stretch {
    segments: Vec<Segment>,
    /// The segment that comes next, and the bytes of it that are used.
    next: usize,
    used_of_next: u64,
    length: u64,
    used: u64,
}

impl Stretch {
    fn push(&mut self, segment: Segment) {
        self.length = self.length.saturating_add(segment.length);
        if segment.length > 0 {
            self.segments.push(segment);
        }
    }

    fn left(&self) -> u64 {
        self.length - self.used
    }

    /// Goes on by at most `most` bytes, which lie together: where, and how many.
    fn advance(&mut self, most: u64) -> Option<(PhysAddr, u64)> {
        let segment = self.segments.get(self.next)?;
        let left = segment.length - self.used_of_next;
        let at = segment.at.offset(self.used_of_next);
        let length = left.min(most);
        if length == left {
            self.next += 1;
            self.used_of_next = 0;
        } else {
            self.used_of_next += length;
        }
        self.used += length;
        (length > 0).then_some((at, length))
    }
}

/// A request that was taken from a queue: what the device reads, then what it writes. All of it
/// is in RAM, and both lengths together are below 4 GiB; nothing else about it can be trusted.
#[derive(Debug, PartialEq, Eq)]
pub struct Chain {
    pub(super) queue: usize,
    pub(super) head: u16,
    readable: Stretch,
    writable: Stretch,
}

/// What is left of a request whose answer has to wait: where the answer goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainState {
    queue: usize,
    head: u16,
    /// Addresses and lengths.
    writable: Vec<(u64, u64)>,
}

impl Chain {
    /// Where the answer goes, of which nothing has been written yet.
    pub fn state(&self) -> ChainState {
        let writable = self.writable.segments.iter();
        ChainState {
            queue: self.queue,
            head: self.head,
            writable: writable.map(|one| (one.at.0, one.length)).collect(),
        }
    }

    /// A request that waits for its answer again. What of it is not RAM is lost when it is written.
    pub fn from_state(state: ChainState) -> Self {
        let mut writable = Stretch::default();
        for (at, length) in state.writable {
            // None is longer than a descriptor can say.
            let length = length.min(u32::MAX.into());
            let at = PhysAddr(at);
            writable.push(Segment { at, length });
        }
        Self {
            queue: state.queue,
            head: state.head,
            readable: Stretch::default(),
            writable,
        }
    }

    /// The request that a chain of descriptors is. `descriptors` ends silently at what it cannot
    /// follow: an index outside the table, a loop, a total length above 4 GiB. Then the last
    /// descriptor promises another one.
    pub(super) fn collect<M>(
        queue: usize,
        head: u16,
        descriptors: DescriptorChain<M>,
        is_ram: impl Fn(PhysAddr, u64) -> bool,
    ) -> Result<Self, Malformed>
    where
        DescriptorChain<M>: Iterator<Item = Descriptor>,
    {
        let mut chain = Self {
            queue,
            head,
            readable: Stretch::default(),
            writable: Stretch::default(),
        };
        let mut promised = true;
        for (count, descriptor) in descriptors.enumerate() {
            let segment = Segment {
                at: PhysAddr(descriptor.addr().0),
                length: descriptor.len().into(),
            };
            if count == MAX_DESCRIPTORS {
                return Err(Malformed::Chain(head));
            }
            if segment.length > 0 && !is_ram(segment.at, segment.length) {
                return Err(Malformed::Buffer(segment.at, segment.length));
            }
            promised = descriptor.has_next();
            if descriptor.is_write_only() {
                chain.writable.push(segment);
            } else if chain.writable.segments.is_empty() {
                chain.readable.push(segment);
            } else {
                return Err(Malformed::Order(head));
            }
        }
        if promised {
            return Err(Malformed::Chain(head));
        }
        Ok(chain)
    }

    /// The bytes that are left to read.
    pub fn readable(&self) -> u64 {
        self.readable.left()
    }

    /// The bytes that are left to write.
    pub fn writable(&self) -> u64 {
        self.writable.left()
    }

    /// The bytes that were written.
    pub fn written(&self) -> u64 {
        self.writable.used
    }

    /// The bytes of both parts together.
    pub(super) fn total(&self) -> u64 {
        self.readable.length.saturating_add(self.writable.length)
    }

    /// Reads on: the number of bytes, less than asked for only at the end.
    pub fn read(&mut self, memory: &Memory, bytes: &mut [u8]) -> usize {
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..)
            && let Some((at, length)) = self.readable.advance(rest.len() as u64)
            && let Some(piece) = rest.get_mut(..length as usize)
        {
            // It was RAM when the chain was taken, and RAM does not go away.
            let _ = memory.load_for_device(at, piece);
            done += piece.len();
        }
        done
    }

    /// Reads on: all of `bytes`, or `None` if the driver gave fewer.
    pub fn read_exact(&mut self, memory: &Memory, bytes: &mut [u8]) -> Option<()> {
        (self.read(memory, bytes) == bytes.len()).then_some(())
    }

    /// Goes on without reading.
    pub fn skip(&mut self, mut bytes: u64) {
        while bytes > 0
            && let Some((_, length)) = self.readable.advance(bytes)
        {
            bytes -= length;
        }
    }

    /// Writes on: the number of bytes, less than given only at the end.
    pub fn write(&mut self, memory: &mut Memory, bytes: &[u8]) -> usize {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..)
            && let Some((at, length)) = self.writable.advance(rest.len() as u64)
            && let Some(piece) = rest.get(..length as usize)
        {
            // As for reading.
            let _ = memory.store_from_device(at, piece);
            done += piece.len();
        }
        done
    }

    /// Writes the last byte of what the device writes, where some devices put a status. It counts
    /// as written if all before it was.
    pub fn write_last(&mut self, memory: &mut Memory, byte: u8) {
        if self.writable.left() == 1 {
            self.write(memory, &[byte]);
        } else if let Some(last) = self.writable.segments.last() {
            let _ = memory.store_from_device(last.at.offset(last.length - 1), &[byte]);
        }
    }
}
