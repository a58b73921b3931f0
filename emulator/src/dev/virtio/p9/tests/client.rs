//! A client: makes messages byte by byte, from the protocol's description, and takes replies
//! apart.

use crate::dev::virtio::p9::P9Server;
use rustix::io::Errno;
use std::path::Path;

pub(super) const MSIZE: u32 = 8192;

/// A message in the making.
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn new(number: u8) -> Self {
        Self(vec![0, 0, 0, 0, number, 7, 0])
    }
    pub(super) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }
    pub(super) fn u16(mut self, value: u16) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }
    pub(super) fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }
    pub(super) fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }
    pub(super) fn text(self, text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        let mut message = self.u16(text.len().try_into().unwrap());
        message.0.extend(text);
        message
    }
    pub(super) fn data(self, data: &[u8]) -> Self {
        let mut message = self.u32(data.len() as u32);
        message.0.extend(data);
        message
    }
    pub(super) fn finish(mut self) -> Vec<u8> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0
    }
}

/// The fields of a reply.
pub(super) struct Fields(Vec<u8>);

impl Fields {
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        self.0.drain(..count).collect()
    }
    pub(super) fn u8(&mut self) -> u8 {
        self.bytes(1)[0]
    }
    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.bytes(2).try_into().unwrap())
    }
    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes(4).try_into().unwrap())
    }
    pub(super) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes(8).try_into().unwrap())
    }
    pub(super) fn text(&mut self) -> Vec<u8> {
        let length = self.u16();
        self.bytes(length.into())
    }
    /// Kind, version, path.
    pub(super) fn qid(&mut self) -> (u8, u32, u64) {
        (self.u8(), self.u32(), self.u64())
    }
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a getattr says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) qid: (u8, u32, u64),
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) links: u64,
    pub(super) size: u64,
    pub(super) atime: (u64, u64),
    pub(super) mtime: (u64, u64),
}

pub(super) struct Client {
    pub(super) server: P9Server,
}

type Answer<T = Fields> = Result<T, Errno>;

impl Client {
    pub(super) fn attached(root: &Path, read_only: bool) -> Self {
        let server = P9Server::new(root, read_only).unwrap();
        let mut client = Self { server };
        let mut version = client.version(MSIZE, "9P2000.L").unwrap();
        assert_eq!(version.u32(), MSIZE);
        assert_eq!(version.text(), b"9P2000.L");
        assert_eq!(client.attach(0).unwrap().qid().0, 0x80);
        client
    }

    /// Sends a request; the reply must be of its kind, or an error.
    pub(super) fn call(&mut self, request: Message) -> Answer {
        self.call_with_room(request, MSIZE as usize)
    }

    pub(super) fn call_with_room(&mut self, request: Message, room: usize) -> Answer {
        let request = request.finish();
        let reply = self.server.handle(&request, room);
        assert!(reply.len() <= room, "{} > {room}", reply.len());
        let mut fields = Fields(reply);
        let length = fields.0.len();
        assert_eq!(fields.u32() as usize, length);
        let number = fields.u8();
        assert_eq!(fields.u16(), 7, "the tag");
        if number == 7 {
            let errno = Errno::from_raw_os_error(fields.u32() as i32);
            assert!(fields.is_empty());
            return Err(errno);
        }
        assert_eq!(number, request[4] + 1);
        Ok(fields)
    }

    pub(super) fn version(&mut self, msize: u32, version: &str) -> Answer {
        self.call(Message::new(100).u32(msize).text(version))
    }

    pub(super) fn attach(&mut self, fid: u32) -> Answer {
        let request = Message::new(104).u32(fid).u32(u32::MAX);
        self.call(request.text("root").text("").u32(0))
    }

    /// Walks; a walk that ends early is an error.
    pub(super) fn walk(&mut self, fid: u32, new: u32, path: &str) -> Answer<Vec<(u8, u32, u64)>> {
        let names: Vec<_> = path.split('/').filter(|name| !name.is_empty()).collect();
        let mut request = Message::new(110).u32(fid).u32(new).u16(names.len() as u16);
        for name in &names {
            request = request.text(name);
        }
        let mut reply = self.call(request)?;
        let count = reply.u16();
        let qids: Vec<_> = (0..count).map(|_| reply.qid()).collect();
        if qids.len() < names.len() {
            return Err(Errno::NOENT);
        }
        Ok(qids)
    }

    pub(super) fn open(&mut self, fid: u32, flags: u32) -> Answer {
        self.call(Message::new(12).u32(fid).u32(flags))
    }

    pub(super) fn create(&mut self, fid: u32, name: &str, flags: u32, mode: u32) -> Answer {
        let request = Message::new(14).u32(fid).text(name);
        self.call(request.u32(flags).u32(mode).u32(u32::MAX))
    }

    pub(super) fn read(&mut self, fid: u32, offset: u64, count: u32) -> Answer<Vec<u8>> {
        let mut reply = self.call(Message::new(116).u32(fid).u64(offset).u32(count))?;
        let count = reply.u32() as usize;
        let data = reply.bytes(count);
        assert!(reply.is_empty());
        Ok(data)
    }

    pub(super) fn write(&mut self, fid: u32, offset: u64, data: &[u8]) -> Answer<u32> {
        let request = Message::new(118).u32(fid).u64(offset).data(data);
        Ok(self.call(request)?.u32())
    }

    pub(super) fn clunk(&mut self, fid: u32) -> Answer<()> {
        self.call(Message::new(120).u32(fid)).map(|_| ())
    }

    pub(super) fn remove(&mut self, fid: u32) -> Answer<()> {
        self.call(Message::new(122).u32(fid)).map(|_| ())
    }

    pub(super) fn unlink(&mut self, fid: u32, name: &str, flags: u32) -> Answer<()> {
        let request = Message::new(76).u32(fid).text(name).u32(flags);
        self.call(request).map(|_| ())
    }

    pub(super) fn rename(&mut self, from: (u32, &str), to: (u32, &str)) -> Answer<()> {
        let request = Message::new(74).u32(from.0).text(from.1);
        self.call(request.u32(to.0).text(to.1)).map(|_| ())
    }

    pub(super) fn rename_fid(&mut self, fid: u32, to: (u32, &str)) -> Answer<()> {
        let request = Message::new(20).u32(fid).u32(to.0).text(to.1);
        self.call(request).map(|_| ())
    }

    pub(super) fn link(&mut self, directory: u32, fid: u32, name: &str) -> Answer<()> {
        let request = Message::new(70).u32(directory).u32(fid).text(name);
        self.call(request).map(|_| ())
    }

    pub(super) fn mkdir(&mut self, fid: u32, name: &str, mode: u32) -> Answer {
        let request = Message::new(72).u32(fid).text(name);
        self.call(request.u32(mode).u32(u32::MAX))
    }

    pub(super) fn symlink(&mut self, fid: u32, name: &str, target: &str) -> Answer {
        let request = Message::new(16).u32(fid).text(name).text(target);
        self.call(request.u32(u32::MAX))
    }

    pub(super) fn mknod(&mut self, fid: u32, name: &str, mode: u32) -> Answer {
        let request = Message::new(18).u32(fid).text(name).u32(mode);
        self.call(request.u32(1).u32(3).u32(u32::MAX))
    }

    pub(super) fn readlink(&mut self, fid: u32) -> Answer<Vec<u8>> {
        Ok(self.call(Message::new(22).u32(fid))?.text())
    }

    pub(super) fn attributes(&mut self, fid: u32) -> Answer<Attributes> {
        let mut reply = self.call(Message::new(24).u32(fid).u64(0x7ff))?;
        assert_eq!(reply.u64(), 0x7ff);
        let qid = reply.qid();
        let (mode, uid, gid) = (reply.u32(), reply.u32(), reply.u32());
        let (links, _rdev, size) = (reply.u64(), reply.u64(), reply.u64());
        let (_block_size, _blocks) = (reply.u64(), reply.u64());
        let atime = (reply.u64(), reply.u64());
        let mtime = (reply.u64(), reply.u64());
        reply.bytes(2 * 8 + 2 * 8 + 2 * 8);
        assert!(reply.is_empty());
        Ok(Attributes {
            qid,
            mode,
            uid,
            gid,
            links,
            size,
            atime,
            mtime,
        })
    }

    /// Sets attributes: `valid`, mode, owner, group, size, and both times' seconds.
    pub(super) fn set(
        &mut self,
        fid: u32,
        valid: u32,
        (mode, uid, gid): (u32, u32, u32),
        size: u64,
        time: u64,
    ) -> Answer<()> {
        let request = Message::new(26).u32(fid).u32(valid);
        let request = request.u32(mode).u32(uid).u32(gid).u64(size);
        let request = request.u64(time).u64(5).u64(time).u64(5);
        self.call(request).map(|_| ())
    }

    pub(super) fn set_mode(&mut self, fid: u32, mode: u32) -> Answer<()> {
        self.set(fid, 1, (mode, 0, 0), 0, 0)
    }

    pub(super) fn set_size(&mut self, fid: u32, size: u64) -> Answer<()> {
        self.set(fid, 8, (0, 0, 0), size, 0)
    }

    /// One piece of a directory: offset, type and name of each entry.
    pub(super) fn entries(
        &mut self,
        fid: u32,
        offset: u64,
        count: u32,
    ) -> Answer<Vec<(u64, u8, Vec<u8>)>> {
        let mut reply = self.call(Message::new(40).u32(fid).u64(offset).u32(count))?;
        assert!(reply.u32() <= count);
        let mut entries = Vec::new();
        while !reply.is_empty() {
            reply.qid();
            entries.push((reply.u64(), reply.u8(), reply.text()));
        }
        Ok(entries)
    }

    /// The names in a directory, read in pieces of `count` bytes.
    pub(super) fn names(&mut self, fid: u32, count: u32) -> Vec<String> {
        let mut names = Vec::new();
        let mut offset = 0;
        loop {
            let piece = self.entries(fid, offset, count).unwrap();
            let Some(last) = piece.last() else {
                names.sort();
                return names;
            };
            offset = last.0;
            names.extend(
                piece
                    .into_iter()
                    .map(|(_, _, name)| String::from_utf8(name).unwrap()),
            );
        }
    }

    /// What is in the file at a path, read through fid 999.
    pub(super) fn content(&mut self, path: &str) -> Answer<Vec<u8>> {
        self.walk(0, 999, path)?;
        let read = self.open(999, 0).and_then(|_| self.read(999, 0, 4096));
        self.clunk(999)?;
        read
    }
}
