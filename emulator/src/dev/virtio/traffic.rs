//! What a device has read and written for its driver, counted for whoever looks from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The count of requests in one direction.
#[derive(Debug, Default)]
struct Count {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Count {
    fn add(&self, bytes: u64) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn get(&self) -> Moved {
        Moved {
            requests: self.requests.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// What was moved in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// By how many requests.
    pub requests: u64,
    /// How many bytes those asked for.
    pub bytes: u64,
}

/// The traffic of a device. A copy counts the same.
#[derive(Clone, Debug, Default)]
pub struct Traffic(Arc<[Count; 2]>);

impl Traffic {
    pub(super) fn add_read(&self, bytes: u64) {
        self.0[0].add(bytes);
    }

    pub(super) fn add_written(&self, bytes: u64) {
        self.0[1].add(bytes);
    }

    /// What the driver has read.
    pub fn read(&self) -> Moved {
        self.0[0].get()
    }

    /// What the driver has written.
    pub fn written(&self) -> Moved {
        self.0[1].get()
    }
}
