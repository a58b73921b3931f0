//! The block device (section 5.2).

mod disk;
mod spec;
#[cfg(test)]
mod tests;

pub use disk::{Disk, DiskError};
pub use spec::{DriveSpec, DriveSpecError};

use super::{Chain, Queues, Traffic, VirtioDevice, read_bytes};
use crate::trace;
use disk::SECTOR;
use serde::{Deserialize, Serialize};
use spec::SERIAL_LENGTH;
use std::io;

/// Features, by the names that section 5.2.3 gives them.
mod feature {
    pub(super) const SIZE_MAX: u64 = 1 << 1;
    pub(super) const SEG_MAX: u64 = 1 << 2;
    pub(super) const RO: u64 = 1 << 5;
    pub(super) const BLK_SIZE: u64 = 1 << 6;
    pub(super) const FLUSH: u64 = 1 << 9;
    pub(super) const CONFIG_WCE: u64 = 1 << 11;
    pub(super) const DISCARD: u64 = 1 << 13;
    pub(super) const WRITE_ZEROES: u64 = 1 << 14;
}

/// Kinds of requests.
mod kind {
    pub(super) const IN: u32 = 0;
    pub(super) const OUT: u32 = 1;
    pub(super) const FLUSH: u32 = 4;
    pub(super) const GET_ID: u32 = 8;
    pub(super) const DISCARD: u32 = 11;
    pub(super) const WRITE_ZEROES: u32 = 13;
}

/// What the last byte of a request becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ok = 0,
    IoError = 1,
    Unsupported = 2,
}

const QUEUE_SIZE: u16 = 256;

/// The longest segment that drivers should use, and the number of segments of one request: those
/// of a queue, less the header and the status.
const SEGMENT_SIZE: u32 = 1 << 20;
const SEGMENTS: u32 = QUEUE_SIZE as u32 - 2;

/// The limits of discarding and of writing zeros, which may have to be written one by one.
const DISCARD_SECTORS: u32 = 1 << 22;
const ZERO_SECTORS: u32 = 1 << 17;
const RANGES: usize = 16;

/// The flag of a range of zeros that need not take up room.
const UNMAP: u32 = 1;

/// Where the configuration says whether writes are cached.
const WRITEBACK: u64 = 32;
const CONFIG_SIZE: usize = 60;

/// Bytes moved in one piece.
const PIECE: usize = 64 << 10;

/// A block device.
#[derive(Debug)]
pub struct Blk {
    disk: Disk,
    serial: [u8; SERIAL_LENGTH],
    /// What the driver wrote to the configuration: writes may wait for a flush.
    writeback: bool,
    /// An error of the host was told of.
    warned: bool,
    piece: Vec<u8>,
    traffic: Traffic,
}

/// The state of a block device, without what is on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlkState {
    /// Whether writes may wait for a flush, if the driver decides that.
    pub writeback: bool,
}

/// A request failed.
enum Failure {
    /// It asks for something that cannot be.
    Request(Status),
    /// The host failed.
    Host(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Host(error)
    }
}

const IO_ERROR: Failure = Failure::Request(Status::IoError);
const UNSUPPORTED: Failure = Failure::Request(Status::Unsupported);

impl Blk {
    /// A device for a disk, with a serial number of at most 20 bytes.
    pub fn new(disk: Disk, serial: &str) -> Self {
        let mut bytes = [0; SERIAL_LENGTH];
        for (byte, given) in bytes.iter_mut().zip(serial.bytes()) {
            *byte = given;
        }
        Self {
            disk,
            serial: bytes,
            writeback: true,
            warned: false,
            piece: vec![0; PIECE],
            traffic: Traffic::default(),
        }
    }

    /// Counts what is read and written.
    pub fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    /// Opens the file of a drive and makes a device for it.
    pub fn open(spec: &DriveSpec) -> Result<Self, DiskError> {
        Ok(Self::new(Disk::open(spec)?, &spec.serial))
    }

    fn answer(&mut self, chain: &mut Chain, queues: &mut Queues<'_>) -> Status {
        let mut header = [0; 16];
        if chain.read_exact(queues.memory(), &mut header).is_none() {
            return Status::IoError;
        }
        let [kind, _, low, high] = words(header);
        let sector = u64::from(high) << 32 | u64::from(low);
        let features = queues.features();
        let done = match kind {
            kind::IN => self.read(sector, chain, queues),
            kind::OUT => self.write(sector, chain, queues),
            kind::FLUSH => self.disk.flush().map_err(Failure::from),
            kind::GET_ID => {
                let length = (chain.writable() - 1).min(SERIAL_LENGTH as u64);
                let serial = self.serial;
                chain.write(queues.memory(), &serial[..length as usize]);
                Ok(())
            }
            kind::DISCARD if features & feature::DISCARD != 0 => {
                self.ranges(chain, queues, DISCARD_SECTORS, Self::discard)
            }
            kind::WRITE_ZEROES if features & feature::WRITE_ZEROES != 0 => {
                self.ranges(chain, queues, ZERO_SECTORS, Self::write_zeros)
            }
            _ => Err(UNSUPPORTED),
        };
        let status = match done {
            Ok(()) => Status::Ok,
            Err(Failure::Request(status)) => status,
            Err(Failure::Host(error)) => {
                self.warn(&error);
                Status::IoError
            }
        };
        log::debug!(
            target: trace::DEV_VIRTIO_BLK,
            "virtio-blk: request {kind} at sector {sector}: {status:?}"
        );
        status
    }

    /// Where on the disk a request for `length` bytes begins.
    fn place(&self, sector: u64, length: u64) -> Result<u64, Failure> {
        let at = sector.checked_mul(SECTOR).ok_or(IO_ERROR)?;
        if length.is_multiple_of(SECTOR) && self.disk.holds(at, length) {
            Ok(at)
        } else {
            Err(IO_ERROR)
        }
    }

    fn read(
        &mut self,
        sector: u64,
        chain: &mut Chain,
        queues: &mut Queues<'_>,
    ) -> Result<(), Failure> {
        let mut left = chain.writable() - 1;
        let mut at = self.place(sector, left)?;
        self.traffic.add_read(left);
        while left > 0 {
            let piece = &mut self.piece[..left.min(PIECE as u64) as usize];
            self.disk.read(at, piece)?;
            chain.write(queues.memory(), piece);
            at += piece.len() as u64;
            left -= piece.len() as u64;
        }
        Ok(())
    }

    fn write(
        &mut self,
        sector: u64,
        chain: &mut Chain,
        queues: &mut Queues<'_>,
    ) -> Result<(), Failure> {
        let mut left = chain.readable();
        let mut at = self.place(sector, left)?;
        if self.disk.is_read_only() {
            return Err(IO_ERROR);
        }
        self.traffic.add_written(left);
        while left > 0 {
            let piece = &mut self.piece[..left.min(PIECE as u64) as usize];
            chain.read(queues.memory(), piece);
            self.disk.write(at, piece)?;
            at += piece.len() as u64;
            left -= piece.len() as u64;
        }
        self.write_through(queues.features())
    }

    /// Without a cache, what is written is on the disk before the request is done. There is no
    /// cache for a driver that neither flushes nor turns it on (section 5.2.5.2).
    fn write_through(&self, features: u64) -> Result<(), Failure> {
        if !self.is_cached(features) {
            self.disk.flush()?;
        }
        Ok(())
    }

    fn is_cached(&self, features: u64) -> bool {
        if features & feature::CONFIG_WCE != 0 {
            self.writeback
        } else {
            features & feature::FLUSH != 0
        }
    }

    /// Tells of an error of the host, once.
    fn warn(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.warned, true) {
            log::warn!(
                target: trace::DEV_VIRTIO_BLK,
                "virtio-blk: the host fails a request of the guest: {error}"
            );
        }
    }

    /// Does something to each range of sectors that a request lists, once all are found good.
    fn ranges(
        &mut self,
        chain: &mut Chain,
        queues: &mut Queues<'_>,
        most: u32,
        act: fn(&mut Self, u64, u64, u32) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut bytes = [0; 16 * RANGES];
        let length = chain.readable();
        if length == 0 || length > bytes.len() as u64 || !length.is_multiple_of(16) {
            return Err(IO_ERROR);
        }
        let bytes = &mut bytes[..length as usize];
        chain.read_exact(queues.memory(), bytes).ok_or(IO_ERROR)?;
        let (ranges, _) = bytes.as_chunks::<16>();
        let mut found = Vec::new();
        for range in ranges {
            let [low, high, sectors, flags] = words(*range);
            // Discarding knows no flags, writing zeros this one.
            let known = if most == ZERO_SECTORS { UNMAP } else { 0 };
            if flags & !known != 0 {
                return Err(UNSUPPORTED);
            }
            let length = u64::from(sectors) * SECTOR;
            let at = self.place(u64::from(high) << 32 | u64::from(low), length)?;
            if sectors > most {
                return Err(IO_ERROR);
            }
            queues.charge(length);
            found.push((at, length, flags));
        }
        if self.disk.is_read_only() {
            return Err(IO_ERROR);
        }
        for (at, length, flags) in found {
            if length > 0 {
                act(self, at, length, flags)?;
            }
        }
        self.write_through(queues.features())
    }

    fn discard(&mut self, at: u64, length: u64, _flags: u32) -> Result<(), Failure> {
        Ok(self.disk.discard(at, length)?)
    }

    fn write_zeros(&mut self, at: u64, length: u64, flags: u32) -> Result<(), Failure> {
        let may_punch = flags & UNMAP != 0;
        Ok(self.disk.write_zeros(at, length, may_punch)?)
    }
}

/// Four little-endian words.
fn words(bytes: [u8; 16]) -> [u32; 4] {
    let (words, _) = bytes.as_chunks::<4>();
    let mut found = [0; 4];
    for (word, bytes) in found.iter_mut().zip(words) {
        *word = u32::from_le_bytes(*bytes);
    }
    found
}

impl VirtioDevice for Blk {
    fn id(&self) -> u32 {
        2
    }

    fn name(&self) -> &'static str {
        "virtio-blk"
    }

    fn log_target(&self) -> &'static str {
        trace::DEV_VIRTIO_BLK
    }

    fn features(&self) -> u64 {
        use feature::*;
        let all = SIZE_MAX | SEG_MAX | BLK_SIZE | FLUSH | CONFIG_WCE;
        if self.disk.is_read_only() {
            all | RO
        } else {
            all | DISCARD | WRITE_ZEROES
        }
    }

    fn queue_sizes(&self) -> &[u16] {
        &[QUEUE_SIZE]
    }

    fn read_config(&self, offset: u64, bytes: &mut [u8]) {
        let mut config = [0; CONFIG_SIZE];
        let mut put = |at: usize, value: &[u8]| {
            config[at..at + value.len()].copy_from_slice(value);
        };
        put(0, &(self.disk.size() / SECTOR).to_le_bytes());
        put(8, &SEGMENT_SIZE.to_le_bytes());
        put(12, &SEGMENTS.to_le_bytes());
        put(20, &(SECTOR as u32).to_le_bytes());
        put(WRITEBACK as usize, &[self.writeback.into()]);
        // The number of queues.
        put(34, &1_u16.to_le_bytes());
        if !self.disk.is_read_only() {
            put(36, &DISCARD_SECTORS.to_le_bytes());
            put(40, &(RANGES as u32).to_le_bytes());
            // The alignment of discarded ranges, in sectors: a block of a file system.
            put(44, &8_u32.to_le_bytes());
            put(48, &ZERO_SECTORS.to_le_bytes());
            put(52, &(RANGES as u32).to_le_bytes());
            put(56, &[1]);
        }
        read_bytes(&config, offset, bytes);
    }

    fn write_config(&mut self, offset: u64, bytes: &[u8]) {
        let at = WRITEBACK.checked_sub(offset);
        if let Some(byte) = at.and_then(|at| bytes.get(usize::try_from(at).ok()?)) {
            self.writeback = byte & 1 != 0;
            // What was cached until now must not be lost either.
            if !self.writeback
                && let Err(error) = self.disk.flush()
            {
                self.warn(&error);
            }
        }
    }

    fn process(&mut self, queues: &mut Queues<'_>, _now: u64) {
        if !queues.notified(0) {
            return;
        }
        while let Some(mut chain) = queues.take(0) {
            if chain.writable() == 0 {
                queues.refuse(&chain, "there is no room for its status");
                return;
            }
            let status = self.answer(&mut chain, queues);
            chain.write_last(queues.memory(), status as u8);
            queues.finish(chain);
        }
    }

    fn reset(&mut self) {
        self.writeback = true;
    }

    fn state(&self) -> serde_json::Value {
        let state = BlkState {
            writeback: self.writeback,
        };
        serde_json::to_value(state).unwrap_or_default()
    }

    fn set_state(&mut self, state: &serde_json::Value) {
        if let Ok(state) = BlkState::deserialize(state) {
            self.writeback = state.writeback;
        }
    }
}
