//! What every server does with a message before it knows what is asked for, and with the reply
//! after.

use rustix::io::Errno;

use super::message::{Malformed, Request};
use super::wire::{ERROR_REPLY, HEADER, Reply, error};
use crate::trace;

/// The longest message. Linux asks for at most 500 KiB over virtio.
pub(super) const MSIZE_MAX: u32 = 512 << 10;
/// The shortest that a client may ask for. Every reply but those whose length the client chooses
/// fits in it.
pub(super) const MSIZE_MIN: u32 = 4096;
/// "No fid": an attach without authentication.
pub(super) const NO_FID: u32 = u32::MAX;

const VERSION: &[u8] = b"9P2000.L";

/// A message as it came, of which the header has been read.
pub(super) struct Message<'a> {
    bytes: &'a [u8],
    length: u32,
    number: u8,
    /// What its reply is to be known by.
    pub(super) tag: u16,
    /// The bytes that the client has kept free for the reply.
    room: usize,
}

impl<'a> Message<'a> {
    /// Reads the header. `None` if the message is too short to have a tag, or if there is no room
    /// for an error.
    pub(super) fn read(bytes: &'a [u8], room: usize) -> Option<Self> {
        let (header, _) = bytes.split_first_chunk::<HEADER>()?;
        let [l0, l1, l2, l3, number, t0, t1] = *header;
        (room >= ERROR_REPLY).then_some(Self {
            bytes,
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            number,
            tag: u16::from_le_bytes([t0, t1]),
            room,
        })
    }

    /// What is asked for, and the greatest length of the reply, in a session with messages of at
    /// most `msize` bytes; before a session there is none.
    pub(super) fn request(&self, msize: Option<u32>) -> Result<(Request<'a>, usize), Errno> {
        if self.length > msize.unwrap_or(MSIZE_MAX) {
            return Err(Errno::MSGSIZE);
        }
        let fields = (self.bytes)
            .get(HEADER..self.length as usize)
            .ok_or(Errno::INVAL)?;
        let request = Request::parse(self.number, fields).map_err(|malformed| match malformed {
            Malformed::Unknown => Errno::OPNOTSUPP,
            Malformed::Fields => Errno::INVAL,
        })?;
        let msize = match (msize, &request) {
            (_, Request::Version { .. }) => MSIZE_MAX,
            (Some(msize), _) => msize,
            (None, _) => return Err(Errno::PROTO),
        };
        let room = self.room.min(msize as usize);
        if request.reply_size() > room {
            return Err(Errno::MSGSIZE);
        }
        Ok((request, room))
    }

    /// A reply in the making.
    pub(super) fn reply(&self) -> Reply {
        Reply::new(self.tag)
    }

    /// A reply that is made.
    pub(super) fn made(&self, reply: Reply, room: usize) -> Result<Vec<u8>, Errno> {
        let reply = reply.finish(self.number.wrapping_add(1));
        if reply.len() > room {
            return Err(Errno::MSGSIZE);
        }
        Ok(reply)
    }

    /// What is sent: the reply, or the error.
    pub(super) fn finish(&self, reply: Result<Vec<u8>, Errno>) -> Vec<u8> {
        let (name, tag) = (Request::name(self.number), self.tag);
        match reply {
            Ok(reply) => {
                log::debug!(target: trace::DEV_VIRTIO_9P, "T{name} tag {tag}: {} bytes", reply.len());
                reply
            }
            Err(errno) => {
                log::debug!(target: trace::DEV_VIRTIO_9P, "T{name} tag {tag}: {errno}");
                error(tag, errno)
            }
        }
    }
}

/// Agrees with a client on a version and the length of messages, and says so. `None` if it speaks
/// another version.
pub(super) fn agree(msize: u32, version: &[u8], reply: &mut Reply) -> Result<Option<u32>, Errno> {
    if msize < MSIZE_MIN {
        return Err(Errno::MSGSIZE);
    }
    let msize = msize.min(MSIZE_MAX);
    reply.u32(msize);
    if version == VERSION {
        reply.text(VERSION)?;
        Ok(Some(msize))
    } else {
        reply.text(b"unknown")?;
        Ok(None)
    }
}

/// How many bytes of data a reply may have.
pub(super) fn limit(count: u32, room: usize) -> usize {
    (count as usize).min(room.saturating_sub(HEADER + 4))
}

/// Answers that a lock was taken. The client has looked at the locks of its own processes before it asks, and there is
/// no other client.
pub(super) fn locked(reply: &mut Reply) {
    const SUCCESS: u8 = 0;
    reply.u8(SUCCESS);
}

/// Answers that nobody has a lock, in the words of the question.
pub(super) fn unlocked(
    start: u64,
    length: u64,
    process: u32,
    client: &[u8],
    reply: &mut Reply,
) -> Result<(), Errno> {
    const UNLOCKED: u8 = 2;
    reply.u8(UNLOCKED).u64(start).u64(length).u32(process);
    reply.text(client)?;
    Ok(())
}
