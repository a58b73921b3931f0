//! Console input: read by a thread of its own, so that a guest that polls does not stop.

use std::io::{BufReader, Read};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

/// Characters read ahead of the guest.
const AHEAD: usize = 256;

/// Where the guest's console input comes from.
pub(super) enum Input {
    /// Nobody has asked yet.
    Idle(Option<Box<dyn Read + Send>>),
    /// The thread is reading.
    Reading(Receiver<u8>),
    /// There is no more.
    Ended,
}

impl Input {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Self {
        Self::Idle(Some(source))
    }

    /// The next character, if there is one now. The first call starts the reading.
    pub(super) fn next(&mut self) -> Option<u8> {
        if let Self::Idle(source) = self {
            let source = source.take()?;
            let (sender, receiver) = sync_channel(AHEAD);
            thread::spawn(move || {
                for byte in BufReader::new(source).bytes().map_while(Result::ok) {
                    if sender.send(byte).is_err() {
                        return;
                    }
                }
            });
            *self = Self::Reading(receiver);
        }
        let Self::Reading(receiver) = self else {
            return None;
        };
        match receiver.try_recv() {
            Ok(byte) => Some(byte),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                *self = Self::Ended;
                None
            }
        }
    }

    /// Whether there may be more.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Self::Ended)
    }
}
