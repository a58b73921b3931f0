//! The server: takes a request, does it, makes the reply.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::fids::{Fid, Fids, Open};
use super::folder::{Folder, errno};
use super::message::Request;
use super::path::{Name, SharePath};
use super::session::{Message, NO_FID, agree, limit, locked, unlocked};
use super::wire::{Qid, Reply};

/// The flags of `Tlopen` and `Tlcreate`.
mod flags {
    pub(super) const ACCESS: u32 = 0o3;
    pub(super) const EXCL: u32 = 0o200;
    pub(super) const TRUNC: u32 = 0o1000;
    pub(super) const DSYNC: u32 = 0o1_0000;
    pub(super) const DIRECTORY: u32 = 0o20_0000;
    pub(super) const SYNC: u32 = 0o400_0000;
}

/// A 9P2000.L server of one folder of the host.
///
/// It serves one client at a time. A `Tversion` starts a new session.
pub struct P9Server {
    pub(super) folder: Folder,
    pub(super) read_only: bool,
    /// The greatest message of this session; nothing before `Tversion`.
    pub(super) msize: Option<u32>,
    pub(super) fids: Fids,
}

/// A file that a fid stands for: what it has open, or a descriptor that only names it.
pub(super) enum Object<'a> {
    Open(&'a File),
    Named(File),
}

impl Deref for Object<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        match self {
            Self::Open(file) => file,
            Self::Named(file) => file,
        }
    }
}

pub(super) fn identity(about: &Metadata) -> (u64, u64) {
    (about.dev(), about.ino())
}

impl P9Server {
    /// A server for the folder `root`. With `read_only` it refuses whatever would change it.
    pub fn new(root: &Path, read_only: bool) -> io::Result<Self> {
        Ok(Self {
            folder: Folder::new(root)?,
            read_only,
            msize: None,
            fids: Fids::new(),
        })
    }

    /// Ends the session, as when the client goes away.
    pub fn reset(&mut self) {
        self.msize = None;
        self.fids.clear();
    }

    /// Does what a request asks for and gives the whole reply, of at most `room` bytes. It is
    /// empty, and nothing was done, if `request` is too short to have a tag or `room` too small
    /// for an error.
    pub fn handle(&mut self, request: &[u8], room: usize) -> Vec<u8> {
        let Some(message) = Message::read(request, room) else {
            return Vec::new();
        };
        let reply = self.reply(&message);
        message.finish(reply)
    }

    fn reply(&mut self, message: &Message<'_>) -> Result<Vec<u8>, Errno> {
        let (request, room) = message.request(self.msize)?;
        if self.read_only && request.changes() {
            if let Request::Remove { fid } = request {
                // It ends the fid even so.
                self.fids.remove(fid)?;
            }
            return Err(Errno::ROFS);
        }
        let mut reply = message.reply();
        self.perform(request, &mut reply, room)?;
        message.made(reply, room)
    }

    fn perform(
        &mut self,
        request: Request<'_>,
        reply: &mut Reply,
        room: usize,
    ) -> Result<(), Errno> {
        use Request as R;
        match request {
            R::Version { msize, version } => self.version(msize, version, reply)?,
            // There is nobody to prove oneself to.
            R::Auth { .. } => return Err(Errno::OPNOTSUPP),
            R::Attach { fid, auth, uid, .. } => self.attach(fid, auth, uid, reply)?,
            R::Walk { fid, new, names } => self.walk(fid, new, &names.0, reply)?,
            R::Clunk { fid } => drop(self.fids.remove(fid)?),
            // Each request is done before the next is looked at: there is nothing to flush.
            R::Flush { .. } => {}
            R::Lopen { fid, flags } => {
                let qid = self.open(fid, flags)?;
                // No preferred size of reads and writes: the greatest message decides.
                reply.qid(qid).u32(0);
            }
            R::Lcreate {
                fid,
                name,
                flags,
                mode,
                gid,
            } => {
                let qid = self.create(fid, Name::new(name)?, flags, mode, gid)?;
                reply.qid(qid).u32(0);
            }
            R::Read { fid, offset, count } => {
                let count = limit(count, room);
                self.read(fid, offset, count, reply)?;
            }
            R::Readdir { fid, offset, count } => {
                let count = limit(count, room);
                self.read_directory(fid, offset, count, reply)?;
            }
            R::Write { fid, offset, data } => {
                reply.u32(self.write(fid, offset, data.0)?);
            }
            R::Fsync { fid, data_only } => self.sync(fid, data_only != 0)?,
            R::Getattr { fid, .. } => self.attributes(fid, reply)?,
            R::Setattr { .. } => self.set_attributes(&request)?,
            R::Statfs { fid } => self.file_system(fid, reply)?,
            R::Readlink { fid } => {
                let target = self.folder.target(&*self.object(fid)?)?;
                reply.text(&target)?;
            }
            R::Mkdir {
                directory,
                name,
                mode,
                gid,
            } => {
                let qid = self.make_directory(directory, Name::new(name)?, mode, gid)?;
                reply.qid(qid);
            }
            R::Symlink {
                directory,
                name,
                target,
                gid,
            } => {
                let qid = self.make_symlink(directory, Name::new(name)?, target, gid)?;
                reply.qid(qid);
            }
            R::Mknod {
                directory,
                name,
                mode,
                gid,
                ..
            } => {
                let qid = self.make_node(directory, Name::new(name)?, mode, gid)?;
                reply.qid(qid);
            }
            R::Link {
                directory,
                fid,
                name,
            } => self.link(directory, fid, Name::new(name)?)?,
            R::Rename {
                fid,
                directory,
                name,
            } => {
                let from = self.fids.get(fid)?.path()?.clone();
                let to = self.fids.get(directory)?.path()?.join(Name::new(name)?)?;
                self.rename(&from, &to)?;
            }
            R::Renameat {
                old,
                old_name,
                new,
                new_name,
            } => {
                let from = self.fids.get(old)?.path()?.join(Name::new(old_name)?)?;
                let to = self.fids.get(new)?.path()?.join(Name::new(new_name)?)?;
                self.rename(&from, &to)?;
            }
            R::Unlinkat {
                directory,
                name,
                flags,
            } => {
                self.unlink_at(directory, Name::new(name)?, flags)?;
            }
            R::Remove { fid } => self.remove(fid)?,
            R::Lock { fid, .. } => {
                self.fids.get(fid)?;
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
                self.fids.get(fid)?;
                unlocked(start, length, process, client, reply)?;
            }
            R::Xattrwalk { .. } | R::Xattrcreate { .. } => return Err(Errno::OPNOTSUPP),
        }
        Ok(())
    }

    fn version(&mut self, msize: u32, version: &[u8], reply: &mut Reply) -> Result<(), Errno> {
        self.reset();
        self.msize = agree(msize, version, reply)?;
        Ok(())
    }

    fn attach(&mut self, fid: u32, auth: u32, user: u32, reply: &mut Reply) -> Result<(), Errno> {
        if auth != NO_FID {
            return Err(Errno::INVAL);
        }
        let path = SharePath::default();
        let about = self.folder.find(&path)?.metadata().map_err(errno)?;
        self.new_fid(fid, None, path, &about, user)?;
        reply.qid(self.folder.qid(&about));
        Ok(())
    }

    /// Makes a fid; `old` may be replaced.
    fn new_fid(
        &mut self,
        number: u32,
        old: Option<u32>,
        path: SharePath,
        about: &Metadata,
        user: u32,
    ) -> Result<(), Errno> {
        if number == NO_FID || (self.fids.contains(number) && Some(number) != old) {
            return Err(Errno::BADF);
        }
        let fid = Fid {
            path: Some(path),
            id: identity(about),
            user,
        };
        self.fids.insert(number, fid)
    }

    /// Goes from a fid along names. Of a walk that ends early the client gets the qids as far as
    /// it went, and no fid; if it ends at the first name, an error.
    fn walk(
        &mut self,
        from: u32,
        new: u32,
        names: &[&[u8]],
        reply: &mut Reply,
    ) -> Result<(), Errno> {
        let fid = self.fids.get(from)?;
        let (user, id) = (fid.user, fid.id);
        if names.is_empty() && fid.path.is_none() {
            // A second fid for a file that has been removed and may still be open.
            if new == NO_FID || self.fids.contains(new) {
                return Err(Errno::BADF);
            }
            reply.u16(0);
            let path = None;
            return self.fids.insert(new, Fid { path, id, user });
        }
        let mut path = fid.path()?.clone();
        let mut file = match self.folder.find(&path) {
            Ok(file) => file,
            // What the host has removed may still be open.
            Err(_) if names.is_empty() => self.object(from)?.try_clone().map_err(errno)?,
            Err(errno) => return Err(errno),
        };
        let mut about = file.metadata().map_err(errno)?;
        let mut qids = Vec::with_capacity(names.len());
        for name in names {
            match self.step(&path, &file, &about, name) {
                Ok((next_path, next_file)) => (path, file) = (next_path, next_file),
                Err(errno) if qids.is_empty() => return Err(errno),
                Err(_) => break,
            }
            about = file.metadata().map_err(errno)?;
            qids.push(self.folder.qid(&about));
        }
        if qids.len() == names.len() {
            self.new_fid(new, Some(from), path, &about, user)?;
        }
        reply.u16(qids.len() as u16);
        for qid in qids {
            reply.qid(qid);
        }
        Ok(())
    }

    /// One step of a walk.
    fn step(
        &self,
        path: &SharePath,
        file: &File,
        about: &Metadata,
        name: &[u8],
    ) -> Result<(SharePath, File), Errno> {
        if !about.is_dir() {
            return Err(Errno::NOTDIR);
        }
        if name == b".." {
            // The folder's parent is the folder. Elsewhere the path says where "up" is: the
            // host's `..` might lead out of a directory that has been moved away.
            let parent = path.parent();
            let file = self.folder.find(&parent)?;
            return Ok((parent, file));
        }
        let name = Name::new(name)?;
        let child = self.folder.child(file, name)?;
        Ok((path.join(name)?, child))
    }

    /// The file that a fid stands for.
    pub(super) fn object(&self, number: u32) -> Result<Object<'_>, Errno> {
        let fid = self.fids.get(number)?;
        if let Some(open) = self.fids.open(number) {
            return Ok(Object::Open(&open.file));
        }
        match fid.path().and_then(|path| self.folder.find(path)) {
            Ok(file) => Ok(Object::Named(file)),
            // A file that is removed while it is open stays usable, also under its other fids.
            Err(errno) => self.fids.open_file(fid.id).map(Object::Open).ok_or(errno),
        }
    }

    /// The directory that a fid stands for, to do something with its entries.
    pub(super) fn directory(&self, number: u32) -> Result<(File, &SharePath), Errno> {
        let path = self.fids.get(number)?.path()?;
        Ok((self.folder.find(path)?, path))
    }

    fn open(&mut self, number: u32, wanted: u32) -> Result<Qid, Errno> {
        self.fids.get(number)?;
        self.fids.may_open(number)?;
        let how = self.open_flags(wanted)?;
        let named = self.object(number)?;
        let about = named.metadata().map_err(errno)?;
        if wanted & flags::DIRECTORY != 0 && !about.is_dir() {
            return Err(Errno::NOTDIR);
        }
        let file = self.folder.open(&named, how)?;
        drop(named);
        self.finish_open(number, file, wanted)
    }

    /// What the host is asked for. Appending is left to the client, which gives each write its
    /// place: a host that appends would put pages that the client writes back in the wrong one.
    pub(super) fn open_flags(&self, wanted: u32) -> Result<OFlags, Errno> {
        let mut how = match wanted & flags::ACCESS {
            0 => OFlags::RDONLY,
            1 => OFlags::WRONLY,
            2 => OFlags::RDWR,
            _ => return Err(Errno::INVAL),
        };
        if self.read_only && (how != OFlags::RDONLY || wanted & flags::TRUNC != 0) {
            return Err(Errno::ROFS);
        }
        how.set(OFlags::SYNC, wanted & flags::SYNC != 0);
        how.set(OFlags::DSYNC, wanted & (flags::SYNC | flags::DSYNC) != 0);
        Ok(how)
    }

    /// Gives a fid the file that was opened for it, emptied if that was asked for.
    fn finish_open(&mut self, number: u32, file: File, wanted: u32) -> Result<Qid, Errno> {
        let mut about = file.metadata().map_err(errno)?;
        if wanted & flags::TRUNC != 0 && about.is_file() {
            self.folder.set_size(&file, 0)?;
            about = file.metadata().map_err(errno)?;
        }
        let open = Open {
            id: identity(&about),
            file,
            flags: wanted & !(flags::TRUNC | flags::EXCL),
        };
        self.fids.set_open(number, open);
        Ok(self.folder.qid(&about))
    }

    fn create(
        &mut self,
        number: u32,
        name: Name<'_>,
        wanted: u32,
        mode: u32,
        gid: u32,
    ) -> Result<Qid, Errno> {
        self.fids.may_open(number)?;
        let how = self.open_flags(wanted)?;
        let (directory, path) = self.directory(number)?;
        let path = path.join(name)?;
        let user = self.fids.get(number)?.user;
        let file = match self.folder.create(&directory, name, how) {
            Ok(file) => {
                self.settle(&file, user, gid, Some(mode))?;
                file
            }
            Err(Errno::EXIST) if wanted & flags::EXCL == 0 => self
                .folder
                .open(&self.folder.child(&directory, name)?, how)?,
            Err(errno) => return Err(errno),
        };
        let about = file.metadata().map_err(errno)?;
        self.new_fid(number, Some(number), path, &about, user)?;
        self.finish_open(number, file, wanted)
    }

    /// Gives what has been made its owner and rights. A host that does not let this user give
    /// files away keeps them this user's.
    pub(super) fn settle(
        &self,
        file: &File,
        user: u32,
        gid: u32,
        mode: Option<u32>,
    ) -> Result<(), Errno> {
        let _ = self.folder.set_owner(file, Some(user), Some(gid));
        mode.map_or(Ok(()), |mode| self.folder.set_mode(file, mode))
    }
}
