//! What is done with files and directories once a fid stands for them.

use std::os::unix::fs::MetadataExt;

use rustix::buffer::spare_capacity;
use rustix::fs::{FileType, RawDir, SeekFrom, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::io::{Errno, retry_on_intr};

use super::folder::{entry_type, errno};
use super::message::Request;
use super::path::{Name, SharePath};
use super::server::{Object, P9Server};
use super::wire::{Qid, Reply};

/// The bits of `Tsetattr`'s `valid`.
mod valid {
    pub(super) const MODE: u32 = 0x1;
    pub(super) const UID: u32 = 0x2;
    pub(super) const GID: u32 = 0x4;
    pub(super) const SIZE: u32 = 0x8;
    pub(super) const ATIME: u32 = 0x10;
    pub(super) const MTIME: u32 = 0x20;
    pub(super) const ATIME_SET: u32 = 0x80;
    pub(super) const MTIME_SET: u32 = 0x100;
}

/// What `Rgetattr` says: everything up to the number of blocks.
const BASIC_ATTRIBUTES: u64 = 0x7ff;
/// `Tunlinkat`'s only flag.
const REMOVE_DIRECTORY: u32 = 0x200;
/// The file system's number, which Linux gives to 9P.
const V9FS_MAGIC: u32 = 0x0102_1997;
/// The bytes of a directory's entry besides its name.
const ENTRY: usize = Qid::SIZE + 8 + 1 + 2;

impl P9Server {
    fn open_file(&self, number: u32) -> Result<&std::fs::File, Errno> {
        self.fids.get(number)?;
        let open = self.fids.open(number).ok_or(Errno::BADF)?;
        Ok(&open.file)
    }

    pub(super) fn read(
        &self,
        number: u32,
        offset: u64,
        count: usize,
        reply: &mut Reply,
    ) -> Result<(), Errno> {
        let file = self.open_file(number)?;
        reply.counted(count, |bytes| {
            if count > 0 {
                retry_on_intr(|| rustix::io::pread(file, spare_capacity(bytes), offset))?;
            }
            Ok(())
        })
    }

    pub(super) fn write(&self, number: u32, offset: u64, data: &[u8]) -> Result<u32, Errno> {
        let file = self.open_file(number)?;
        let written = retry_on_intr(|| rustix::io::pwrite(file, data, offset))?;
        // No more than the message had.
        Ok(written as u32)
    }

    pub(super) fn sync(&self, number: u32, data_only: bool) -> Result<(), Errno> {
        let file = self.open_file(number)?;
        if data_only {
            file.sync_data().map_err(errno)
        } else {
            file.sync_all().map_err(errno)
        }
    }

    /// The entries of a directory. The offsets are the host's own, which stay right while
    /// entries come and go.
    pub(super) fn read_directory(
        &mut self,
        number: u32,
        offset: u64,
        count: usize,
        reply: &mut Reply,
    ) -> Result<(), Errno> {
        let open = self.fids.open(number).ok_or(Errno::BADF)?;
        let file = open.file.try_clone().map_err(errno)?;
        let about = file.metadata().map_err(errno)?;
        if !about.is_dir() {
            return Err(Errno::NOTDIR);
        }
        let root = self.folder.find(&SharePath::default())?;
        let root = root.metadata().map_err(errno)?;
        let at_root = root.ino() == about.ino() && root.dev() == about.dev();
        rustix::fs::seek(&file, SeekFrom::Start(offset))?;
        // The host's entries are about as long as the client's; one of the longest must fit.
        let mut space = Vec::with_capacity(count.max(1024));
        let mut entries = RawDir::new(&file, space.spare_capacity_mut());
        let mut failed = None;
        reply.counted(count, |bytes| {
            let start = bytes.len();
            while let Some(entry) = entries.next() {
                let entry = match entry {
                    Ok(entry) => entry,
                    // What there is so far is sent; the error comes again at the next.
                    Err(errno) => {
                        failed = (bytes.len() == start).then_some(errno);
                        break;
                    }
                };
                let name = entry.file_name().to_bytes();
                if bytes.len() - start + ENTRY + name.len() > count {
                    // Nothing at all would be the end of the directory.
                    failed = (bytes.len() == start).then_some(Errno::INVAL);
                    break;
                }
                // The number of the folder's parent is the host's business.
                let outside = at_root && name == b"..";
                let inode = if outside { root.ino() } else { entry.ino() };
                let kind = entry.file_type();
                bytes.push(match kind {
                    FileType::Directory => Qid::DIRECTORY,
                    FileType::Symlink => Qid::SYMLINK,
                    _ => Qid::FILE,
                });
                bytes.extend_from_slice(&0_u32.to_le_bytes());
                bytes.extend_from_slice(&self.folder.number(about.dev(), inode).to_le_bytes());
                bytes.extend_from_slice(&entry.next_entry_cookie().to_le_bytes());
                bytes.push(entry_type(kind));
                // Host names have at most 255 bytes.
                bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
                bytes.extend_from_slice(name);
            }
            failed.map_or(Ok(()), Err)
        })
    }

    pub(super) fn attributes(&mut self, number: u32, reply: &mut Reply) -> Result<(), Errno> {
        let about = self.object(number)?.metadata().map_err(errno)?;
        let qid = self.folder.qid(&about);
        reply.u64(BASIC_ATTRIBUTES).qid(qid);
        reply.u32(about.mode()).u32(about.uid()).u32(about.gid());
        reply.u64(about.nlink()).u64(about.rdev()).u64(about.size());
        reply.u64(about.blksize()).u64(about.blocks());
        for (seconds, nanoseconds) in [
            (about.atime(), about.atime_nsec()),
            (about.mtime(), about.mtime_nsec()),
            (about.ctime(), about.ctime_nsec()),
            // The time of birth, the generation and the data's version are not said.
            (0, 0),
        ] {
            reply.u64(seconds.cast_unsigned());
            reply.u64(nanoseconds.cast_unsigned());
        }
        reply.u64(0).u64(0);
        Ok(())
    }

    pub(super) fn set_attributes(&self, request: &Request<'_>) -> Result<(), Errno> {
        let Request::Setattr {
            fid,
            valid: bits,
            mode,
            uid,
            gid,
            size,
            atime,
            atime_nsec,
            mtime,
            mtime_nsec,
        } = *request
        else {
            return Err(Errno::INVAL);
        };
        let has = |bit: u32| bits & bit != 0;
        let times = Timestamps {
            last_access: time(has(valid::ATIME), has(valid::ATIME_SET), atime, atime_nsec)?,
            last_modification: time(has(valid::MTIME), has(valid::MTIME_SET), mtime, mtime_nsec)?,
        };
        let object = self.object(fid)?;
        if has(valid::SIZE) {
            match &object {
                // What was opened for writing stays writable, whatever its rights are now.
                Object::Open(file) => match file.set_len(size).map_err(errno) {
                    Err(Errno::INVAL | Errno::BADF) => self.folder.set_size(file, size)?,
                    done => done?,
                },
                Object::Named(file) => self.folder.set_size(file, size)?,
            }
        }
        if has(valid::UID | valid::GID) {
            let user = has(valid::UID).then_some(uid);
            let group = has(valid::GID).then_some(gid);
            self.folder.set_owner(&object, user, group)?;
        }
        if has(valid::MODE) {
            self.folder.set_mode(&object, mode)?;
        }
        if has(valid::ATIME | valid::MTIME) {
            self.folder.set_times(&object, &times)?;
        }
        Ok(())
    }

    pub(super) fn file_system(&self, number: u32, reply: &mut Reply) -> Result<(), Errno> {
        let about = rustix::fs::fstatvfs(&*self.object(number)?)?;
        // Linux counts blocks in units of the block size that it is told.
        let block = u32::try_from(about.f_frsize).unwrap_or(4096);
        reply.u32(V9FS_MAGIC).u32(block);
        reply
            .u64(about.f_blocks)
            .u64(about.f_bfree)
            .u64(about.f_bavail);
        reply.u64(about.f_files).u64(about.f_ffree);
        reply.u64(about.f_fsid).u32(about.f_namemax.min(255) as u32);
        Ok(())
    }

    pub(super) fn make_directory(
        &mut self,
        directory: u32,
        name: Name<'_>,
        mode: u32,
        gid: u32,
    ) -> Result<Qid, Errno> {
        let (at, path) = self.directory(directory)?;
        path.join(name)?;
        let made = self.folder.make_directory(&at, name)?;
        self.settle(&made, self.fids.get(directory)?.user, gid, Some(mode))?;
        Ok(self.folder.qid(&made.metadata().map_err(errno)?))
    }

    pub(super) fn make_symlink(
        &mut self,
        directory: u32,
        name: Name<'_>,
        target: &[u8],
        gid: u32,
    ) -> Result<Qid, Errno> {
        if target.is_empty() {
            return Err(Errno::NOENT);
        }
        if target.contains(&0) {
            return Err(Errno::INVAL);
        }
        let (at, path) = self.directory(directory)?;
        path.join(name)?;
        let made = self.folder.make_symlink(&at, name, target)?;
        self.settle(&made, self.fids.get(directory)?.user, gid, None)?;
        Ok(self.folder.qid(&made.metadata().map_err(errno)?))
    }

    /// `mknod` makes regular files only. A device would be one of the host's, and a FIFO or
    /// socket would be one that the host's programs may stumble over.
    pub(super) fn make_node(
        &mut self,
        directory: u32,
        name: Name<'_>,
        mode: u32,
        gid: u32,
    ) -> Result<Qid, Errno> {
        const FORMAT: u32 = 0o170_000;
        const REGULAR: u32 = 0o100_000;
        if !matches!(mode & FORMAT, 0 | REGULAR) {
            return Err(Errno::PERM);
        }
        let (at, path) = self.directory(directory)?;
        path.join(name)?;
        let made = self.folder.create(&at, name, rustix::fs::OFlags::WRONLY)?;
        self.settle(&made, self.fids.get(directory)?.user, gid, Some(mode))?;
        Ok(self.folder.qid(&made.metadata().map_err(errno)?))
    }

    pub(super) fn link(&self, directory: u32, fid: u32, name: Name<'_>) -> Result<(), Errno> {
        let (at, path) = self.directory(directory)?;
        path.join(name)?;
        self.folder.link(&*self.object(fid)?, &at, name)
    }

    pub(super) fn rename(&mut self, from: &SharePath, to: &SharePath) -> Result<(), Errno> {
        let (from_parent, from_name) = from.split().ok_or(Errno::BUSY)?;
        let (to_parent, to_name) = to.split().ok_or(Errno::BUSY)?;
        let from_at = self.folder.find(&from_parent)?;
        let to_at = self.folder.find(&to_parent)?;
        self.folder
            .rename((&from_at, from_name), (&to_at, to_name))?;
        // Two names of one file both stay (POSIX `rename`).
        if self.folder.child(&from_at, from_name).is_err() {
            self.fids.renamed(from, to);
        }
        Ok(())
    }

    pub(super) fn unlink_at(
        &mut self,
        directory: u32,
        name: Name<'_>,
        flags: u32,
    ) -> Result<(), Errno> {
        if flags & !REMOVE_DIRECTORY != 0 {
            return Err(Errno::INVAL);
        }
        let (at, path) = self.directory(directory)?;
        let path = path.join(name)?;
        self.folder.unlink(&at, name, flags != 0)?;
        self.fids.removed(&path);
        Ok(())
    }

    /// Removes a file by its fid, which ends in any case.
    pub(super) fn remove(&mut self, number: u32) -> Result<(), Errno> {
        let fid = self.fids.remove(number)?;
        let path = fid.path()?;
        let (parent, name) = path.split().ok_or(Errno::BUSY)?;
        let at = self.folder.find(&parent)?;
        let is_directory = self
            .folder
            .child(&at, name)?
            .metadata()
            .map_err(errno)?
            .is_dir();
        self.folder.unlink(&at, name, is_directory)?;
        self.fids.removed(path);
        Ok(())
    }
}

/// A time to set: none, the host's now, or the one that is given.
fn time(wanted: bool, given: bool, seconds: u64, nanoseconds: u64) -> Result<Timespec, Errno> {
    if wanted && given && nanoseconds >= 1_000_000_000 {
        return Err(Errno::INVAL);
    }
    let tv_nsec = match (wanted, given) {
        (false, _) => UTIME_OMIT,
        (true, false) => UTIME_NOW,
        (true, true) => nanoseconds as rustix::fs::Nsecs,
    };
    Ok(Timespec {
        tv_sec: seconds.cast_signed(),
        tv_nsec,
    })
}
