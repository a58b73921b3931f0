//! A tape of what a hart got from devices, so that another hart can be given the same.

use super::{AccessError, PhysAddr};
use std::collections::VecDeque;

/// What kind of access it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Fetch,
    Load,
    Store(u64),
}

/// An access beyond RAM, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceAccess {
    pub(super) at: PhysAddr,
    pub(super) size: u8,
    pub(super) kind: Kind,
    pub(super) result: Result<u64, AccessError>,
}

/// What a bus does with accesses beyond RAM besides making them, or in their place.
#[derive(Default)]
pub(super) enum Tape {
    /// Nothing.
    #[default]
    Off,
    /// Writes them down.
    Recording(Vec<DeviceAccess>),
    /// Answers from what was written down; what is not there is counted.
    Playing(VecDeque<DeviceAccess>, u64),
}

impl Tape {
    /// The answer for an access, if the tape is playing.
    pub(super) fn play(
        &mut self,
        at: PhysAddr,
        size: u8,
        kind: Kind,
    ) -> Option<Result<u64, AccessError>> {
        let Self::Playing(list, wrong) = self else {
            return None;
        };
        let next = list.pop_front();
        Some(match next {
            Some(access) if (access.at, access.size, access.kind) == (at, size, kind) => {
                access.result
            }
            _ => {
                *wrong += 1;
                Err(AccessError)
            }
        })
    }

    /// Writes an access down, if the tape is recording.
    pub(super) fn record(
        &mut self,
        at: PhysAddr,
        size: u8,
        kind: Kind,
        result: Result<u64, AccessError>,
    ) {
        if let Self::Recording(list) = self {
            list.push(DeviceAccess {
                at,
                size,
                kind,
                result,
            });
        }
    }
}
