//! The control folder as a 9P server.

use std::collections::HashMap;

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::files::{ControlFiles, Node};
use super::input::Got;
use crate::dev::virtio::p9::message::Request;
use crate::dev::virtio::p9::session::{
    MSIZE_MAX, MSIZE_MIN, Message, NO_FID, agree, limit, locked, unlocked,
};
use crate::dev::virtio::p9::wire::{Qid, Reply};
use crate::trace;

/// The most fids: the kernel needs a few.
const FIDS_MAX: usize = 1024;
/// The flags of `Tlopen` that say for what a file is opened.
const ACCESS: u32 = 0o3;
const DIRECTORY_ONLY: u32 = 0o20_0000;
/// What `Rgetattr` says: everything up to the number of blocks.
const BASIC_ATTRIBUTES: u64 = 0x7ff;
const V9FS_MAGIC: u32 = 0x0102_1997;
const BLOCK: u32 = 4096;

/// A server of the control folder.
pub(in crate::dev::virtio::p9) struct ControlServer {
    files: ControlFiles,
    state: ControlState,
}

/// The state of a session with the control folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlState {
    msize: Option<u32>,
    fids: HashMap<u32, Fid>,
}

/// What a fid stands for, and the access it was opened for, if it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fid {
    node: Node,
    open: Option<u32>,
}

/// What came of a request.
enum Done {
    Yes,
    /// It waits for standard input.
    NotYet,
}

impl ControlServer {
    pub(in crate::dev::virtio::p9) fn new(files: ControlFiles) -> Self {
        Self {
            files,
            state: ControlState::default(),
        }
    }

    /// Ends the session.
    pub(in crate::dev::virtio::p9) fn reset(&mut self) {
        self.state = ControlState::default();
    }

    pub(in crate::dev::virtio::p9) fn state(&self) -> &ControlState {
        &self.state
    }

    pub(in crate::dev::virtio::p9) fn set_state(&mut self, mut state: ControlState) {
        state.msize = state.msize.map(|msize| msize.clamp(MSIZE_MIN, MSIZE_MAX));
        if state.fids.len() <= FIDS_MAX {
            self.state = state;
        }
    }

    /// Does what a request asks for and gives the whole reply; `None` if it has to wait for
    /// standard input, for which others wait already if it is `taken`. Then the same request is
    /// to be given again.
    pub(in crate::dev::virtio::p9) fn handle(
        &mut self,
        request: &[u8],
        room: usize,
        taken: bool,
    ) -> Option<Vec<u8>> {
        let Some(message) = Message::read(request, room) else {
            return Some(Vec::new());
        };
        let reply = self.reply(&message, taken).transpose()?;
        Some(message.finish(reply))
    }

    fn reply(&mut self, message: &Message<'_>, taken: bool) -> Result<Option<Vec<u8>>, Errno> {
        let (request, room) = message.request(self.state.msize)?;
        let mut reply = message.reply();
        match self.perform(request, &mut reply, room, taken)? {
            Done::Yes => message.made(reply, room).map(Some),
            Done::NotYet => {
                log::trace!(
                    target: trace::DEV_VIRTIO_9P,
                    "TRead tag {}: waits for standard input", message.tag
                );
                Ok(None)
            }
        }
    }

    fn perform(
        &mut self,
        request: Request<'_>,
        reply: &mut Reply,
        room: usize,
        taken: bool,
    ) -> Result<Done, Errno> {
        use Request as R;
        match request {
            R::Version { msize, version } => {
                self.reset();
                self.state.msize = agree(msize, version, reply)?;
            }
            R::Auth { .. } | R::Xattrwalk { .. } | R::Xattrcreate { .. } => {
                return Err(Errno::OPNOTSUPP);
            }
            R::Attach { fid, auth, .. } => {
                if auth != NO_FID {
                    return Err(Errno::INVAL);
                }
                self.new_fid(fid, None, Node::Root)?;
                reply.qid(Node::Root.qid());
            }
            R::Walk { fid, new, names } => self.walk(fid, new, &names.0, reply)?,
            R::Clunk { fid } => {
                self.state.fids.remove(&fid).ok_or(Errno::BADF)?;
            }
            R::Remove { fid } => {
                // It ends the fid even so.
                self.state.fids.remove(&fid).ok_or(Errno::BADF)?;
                return Err(Errno::ROFS);
            }
            // Who gives the messages to this server ends what waits.
            R::Flush { .. } => {}
            R::Lopen { fid, flags } => {
                let qid = self.open(fid, flags)?;
                reply.qid(qid).u32(0);
            }
            R::Read { fid, offset, count } => {
                return self.read(fid, offset, limit(count, room), reply, taken);
            }
            R::Readdir { fid, offset, count } => {
                self.entries(fid, offset, limit(count, room), reply)?;
            }
            R::Write { fid, data, .. } => {
                let fid = self.fid(fid)?;
                if !matches!(fid.open, Some(1 | 2)) {
                    return Err(Errno::BADF);
                }
                self.files.write(fid.node, data.0)?;
                // No more than the message had.
                reply.u32(data.0.len() as u32);
            }
            R::Fsync { fid, .. } => {
                self.fid(fid)?;
            }
            R::Getattr { fid, .. } => self.attributes(fid, reply)?,
            R::Statfs { fid } => {
                self.fid(fid)?;
                reply.u32(V9FS_MAGIC).u32(BLOCK);
                reply.u64(0).u64(0).u64(0).u64(0).u64(0).u64(0).u32(255);
            }
            R::Readlink { fid } => {
                self.fid(fid)?;
                return Err(Errno::INVAL);
            }
            R::Lock { fid, .. } => {
                self.fid(fid)?;
                locked(reply);
            }
            R::Getlock {
                fid,
                start,
                length,
                process,
                client,
                ..
            } => {
                self.fid(fid)?;
                unlocked(start, length, process, client, reply)?;
            }
            R::Lcreate { .. }
            | R::Symlink { .. }
            | R::Mknod { .. }
            | R::Rename { .. }
            | R::Renameat { .. }
            | R::Link { .. }
            | R::Mkdir { .. }
            | R::Unlinkat { .. } => return Err(Errno::ROFS),
            // Who opens a stream to write may want to empty it, which means nothing for one.
            R::Setattr { fid, .. } => {
                if !self.fid(fid)?.node.is_written() {
                    return Err(Errno::ROFS);
                }
            }
        }
        Ok(Done::Yes)
    }

    fn fid(&self, number: u32) -> Result<Fid, Errno> {
        self.state.fids.get(&number).copied().ok_or(Errno::BADF)
    }

    /// Makes a fid; `old` may be replaced.
    fn new_fid(&mut self, number: u32, old: Option<u32>, node: Node) -> Result<(), Errno> {
        let there = self.state.fids.contains_key(&number);
        if number == NO_FID || (there && Some(number) != old) {
            return Err(Errno::BADF);
        }
        if !there && self.state.fids.len() >= FIDS_MAX {
            return Err(Errno::NFILE);
        }
        self.state.fids.insert(number, Fid { node, open: None });
        Ok(())
    }

    fn walk(
        &mut self,
        from: u32,
        new: u32,
        names: &[&[u8]],
        reply: &mut Reply,
    ) -> Result<(), Errno> {
        let mut node = self.fid(from)?.node;
        let mut qids = Vec::with_capacity(names.len());
        for name in names {
            let next = match (node, *name) {
                (Node::Root, b"..") => Ok(Node::Root),
                (Node::Root, name) => Node::named(name).ok_or(Errno::NOENT),
                _ => Err(Errno::NOTDIR),
            };
            match next {
                Ok(next) => node = next,
                Err(errno) if qids.is_empty() => return Err(errno),
                Err(_) => break,
            }
            qids.push(node.qid());
        }
        if qids.len() == names.len() {
            self.new_fid(new, Some(from), node)?;
        }
        reply.u16(qids.len() as u16);
        for qid in qids {
            reply.qid(qid);
        }
        Ok(())
    }

    fn open(&mut self, number: u32, flags: u32) -> Result<Qid, Errno> {
        let fid = self.fid(number)?;
        if fid.open.is_some() {
            return Err(Errno::INVAL);
        }
        if flags & DIRECTORY_ONLY != 0 && fid.node != Node::Root {
            return Err(Errno::NOTDIR);
        }
        // What else the flags ask for, such as emptying it, means nothing for a stream.
        let access = flags & ACCESS;
        match access {
            0 => {}
            1 | 2 if fid.node.is_written() => {}
            1 | 2 if fid.node == Node::Root => return Err(Errno::ISDIR),
            // A terminal is opened for both.
            2 if fid.node == Node::Input => {}
            1 | 2 => return Err(Errno::ROFS),
            _ => return Err(Errno::INVAL),
        }
        let node = fid.node;
        let open = Some(access);
        self.state.fids.insert(number, Fid { node, open });
        Ok(node.qid())
    }

    fn read(
        &mut self,
        number: u32,
        offset: u64,
        count: usize,
        reply: &mut Reply,
        taken: bool,
    ) -> Result<Done, Errno> {
        let fid = self.fid(number)?;
        if !matches!(fid.open, Some(0 | 2)) {
            return Err(Errno::BADF);
        }
        if fid.node == Node::Input && taken {
            return Ok(Done::NotYet);
        }
        let mut got = Got::Some;
        reply.counted(count, |bytes| {
            got = self.files.read(fid.node, offset, count, bytes)?;
            Ok(())
        })?;
        Ok(match got {
            Got::Some => Done::Yes,
            Got::NotYet => Done::NotYet,
        })
    }

    fn entries(
        &self,
        number: u32,
        offset: u64,
        count: usize,
        reply: &mut Reply,
    ) -> Result<(), Errno> {
        let fid = self.fid(number)?;
        if fid.open.is_none() {
            return Err(Errno::BADF);
        }
        if fid.node != Node::Root {
            return Err(Errno::NOTDIR);
        }
        reply.counted(count, |bytes| {
            let start = bytes.len();
            let mut index = offset;
            while let Some((name, node)) = Node::entry(index) {
                let length = Qid::SIZE + 8 + 1 + 2 + name.len();
                if bytes.len() - start + length > count {
                    // Nothing at all would be the end of the directory.
                    return if bytes.len() == start {
                        Err(Errno::INVAL)
                    } else {
                        Ok(())
                    };
                }
                index += 1;
                let qid = node.qid();
                bytes.push(qid.kind);
                bytes.extend_from_slice(&qid.version.to_le_bytes());
                bytes.extend_from_slice(&qid.path.to_le_bytes());
                bytes.extend_from_slice(&index.to_le_bytes());
                const DIRECTORY: u8 = 4;
                const REGULAR: u8 = 8;
                bytes.push(if node == Node::Root {
                    DIRECTORY
                } else {
                    REGULAR
                });
                bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
                bytes.extend_from_slice(name.as_bytes());
            }
            Ok(())
        })
    }

    fn attributes(&self, number: u32, reply: &mut Reply) -> Result<(), Errno> {
        let node = self.fid(number)?.node;
        let about = self.files.about(node)?;
        reply.u64(BASIC_ATTRIBUTES).qid(node.qid());
        const ROOT: u32 = 0;
        reply.u32(about.mode).u32(ROOT).u32(ROOT);
        const LINKS: u64 = 1;
        reply.u64(LINKS).u64(about.device).u64(about.size);
        reply.u64(BLOCK.into()).u64(about.size.div_ceil(512));
        // Accessed, modified, changed; then what is not said, as of other shares.
        for (seconds, nanoseconds) in [about.changed; 3] {
            reply.u64(seconds).u64(nanoseconds);
        }
        reply.u64(0).u64(0).u64(0).u64(0);
        Ok(())
    }
}
