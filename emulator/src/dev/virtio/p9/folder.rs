//! The host's side: one folder, and what may be done below it.
//!
//! Every way from the folder to a file is walked name by name, each opened in the directory
//! before it without following a symbolic link. So neither `..` nor a link, nor a directory that
//! someone swaps for a link meanwhile, leads out. What is found is held by a descriptor that only
//! names it (`O_PATH`), which has no effect on devices and FIFOs; it is then looked at, and what
//! is done with it goes through that descriptor, so to the very file that was looked at.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Timestamps};
use rustix::fs::{Gid, Uid};
use rustix::io::Errno;

use super::path::{Name, SharePath};
use super::wire::Qid;

/// What a file's descriptors need: to exist in this process alone.
const NAME_ONLY: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// What no opening may do: block, or become the terminal of this process.
const HARMLESS: OFlags = OFlags::NONBLOCK
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A shared folder.
pub(super) struct Folder {
    root: File,
    /// `/proc/self/fd`, through which a descriptor that only names a file becomes one that can
    /// be read and written.
    descriptors: OwnedFd,
    /// The file systems seen, the folder's first.
    devices: Vec<u64>,
}

/// The error number of a failed call.
pub(super) fn errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

impl Folder {
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = File::from(rustix::fs::openat(CWD, root, flags, Mode::empty())?);
        let descriptors = rustix::fs::openat(CWD, "/proc/self/fd", flags, Mode::empty())
            .map_err(|error| io::Error::new(error.kind(), format!("/proc/self/fd: {error}")))?;
        let devices = vec![root.metadata()?.dev()];
        Ok(Self {
            root,
            descriptors,
            devices,
        })
    }

    /// What is at a path, whatever it is.
    pub(super) fn find(&self, path: &SharePath) -> Result<File, Errno> {
        let mut at = self.child_of(&self.root, None)?;
        for name in path.names() {
            at = self.child(&at, name?)?;
        }
        Ok(at)
    }

    /// What has a name in a directory. Of a symbolic link it is the link.
    pub(super) fn child(&self, directory: &File, name: Name<'_>) -> Result<File, Errno> {
        self.child_of(directory, Some(name))
    }

    fn child_of(&self, directory: &File, name: Option<Name<'_>>) -> Result<File, Errno> {
        let name = name.map_or(&b"."[..], Name::bytes);
        rustix::fs::openat(directory, name, NAME_ONLY, Mode::empty()).map(File::from)
    }

    /// Opens what `file` names. A device, FIFO or socket belongs to the host: opening it might
    /// wait, or do something.
    pub(super) fn open(&self, file: &File, flags: OFlags) -> Result<File, Errno> {
        let kind = file.metadata().map_err(errno)?.file_type();
        if kind.is_symlink() {
            return Err(Errno::LOOP);
        }
        if !kind.is_file() && !kind.is_dir() {
            return Err(Errno::NXIO);
        }
        if kind.is_dir() && !(flags & OFlags::RWMODE).is_empty() {
            return Err(Errno::ISDIR);
        }
        let number = file.as_raw_fd().to_string();
        rustix::fs::openat(&self.descriptors, number, flags | HARMLESS, Mode::empty())
            .map(File::from)
    }

    /// Makes a regular file that was not there.
    pub(super) fn create(
        &self,
        directory: &File,
        name: Name<'_>,
        flags: OFlags,
    ) -> Result<File, Errno> {
        let flags = flags | HARMLESS | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        rustix::fs::openat(directory, name.bytes(), flags, Mode::RUSR | Mode::WUSR).map(File::from)
    }

    pub(super) fn make_directory(&self, directory: &File, name: Name<'_>) -> Result<File, Errno> {
        rustix::fs::mkdirat(directory, name.bytes(), Mode::RWXU)?;
        self.child(directory, name)
    }

    pub(super) fn make_symlink(
        &self,
        directory: &File,
        name: Name<'_>,
        target: &[u8],
    ) -> Result<File, Errno> {
        rustix::fs::symlinkat(target, directory, name.bytes())?;
        self.child(directory, name)
    }

    /// One more name for a file; for a symbolic link, one more name for the link.
    pub(super) fn link(&self, file: &File, directory: &File, name: Name<'_>) -> Result<(), Errno> {
        rustix::fs::linkat(
            &self.descriptors,
            file.as_raw_fd().to_string(),
            directory,
            name.bytes(),
            // It follows the descriptor's entry in /proc, and nothing behind it.
            AtFlags::SYMLINK_FOLLOW,
        )
    }

    pub(super) fn rename(
        &self,
        from: (&File, Name<'_>),
        to: (&File, Name<'_>),
    ) -> Result<(), Errno> {
        rustix::fs::renameat(from.0, from.1.bytes(), to.0, to.1.bytes())
    }

    pub(super) fn unlink(
        &self,
        directory: &File,
        name: Name<'_>,
        folder: bool,
    ) -> Result<(), Errno> {
        let flags = if folder {
            AtFlags::REMOVEDIR
        } else {
            AtFlags::empty()
        };
        rustix::fs::unlinkat(directory, name.bytes(), flags)
    }

    /// Where a symbolic link points. The guest follows it, in its own file system.
    pub(super) fn target(&self, link: &File) -> Result<Vec<u8>, Errno> {
        if !link.metadata().map_err(errno)?.is_symlink() {
            return Err(Errno::INVAL);
        }
        rustix::fs::readlinkat(link, "", Vec::new()).map(std::ffi::CString::into_bytes)
    }

    /// Gives a file its rights. Nobody gets to run a guest's program as this user: a file
    /// becomes neither set-user-ID nor set-group-ID.
    pub(super) fn set_mode(&self, file: &File, mode: u32) -> Result<(), Errno> {
        let kind = file.metadata().map_err(errno)?.file_type();
        if kind.is_symlink() {
            return Err(Errno::OPNOTSUPP);
        }
        let allowed = if kind.is_dir() { 0o3777 } else { 0o1777 };
        rustix::fs::chmodat(
            &self.descriptors,
            file.as_raw_fd().to_string(),
            Mode::from_raw_mode(mode & allowed),
            AtFlags::empty(),
        )
    }

    /// Gives a file its owner and group, where they are given.
    pub(super) fn set_owner(
        &self,
        file: &File,
        user: Option<u32>,
        group: Option<u32>,
    ) -> Result<(), Errno> {
        // The greatest number means "no such user" everywhere.
        let user = user.filter(|uid| *uid != u32::MAX).map(Uid::from_raw);
        let group = group.filter(|gid| *gid != u32::MAX).map(Gid::from_raw);
        rustix::fs::chownat(file, "", user, group, AtFlags::EMPTY_PATH)
    }

    pub(super) fn set_times(&self, file: &File, times: &Timestamps) -> Result<(), Errno> {
        let number = file.as_raw_fd().to_string();
        rustix::fs::utimensat(&self.descriptors, number, times, AtFlags::empty())
    }

    /// The length of a regular file becomes `size`.
    pub(super) fn set_size(&self, file: &File, size: u64) -> Result<(), Errno> {
        self.open(file, OFlags::WRONLY)?
            .set_len(size)
            .map_err(errno)
    }

    pub(super) fn qid(&mut self, about: &Metadata) -> Qid {
        let kind = about.file_type();
        let version = about.mtime() ^ about.mtime_nsec() ^ (about.size().cast_signed() << 8);
        Qid {
            kind: if kind.is_dir() {
                Qid::DIRECTORY
            } else if kind.is_symlink() {
                Qid::SYMLINK
            } else {
                Qid::FILE
            },
            // Linux takes version 0 for "must not be cached".
            version: (version as u32).max(1),
            path: self.number(about.dev(), about.ino()),
        }
    }

    /// A number for a file that no other has, though several file systems may be mounted in the
    /// folder.
    pub(super) fn number(&mut self, device: u64, inode: u64) -> u64 {
        let seen = self.devices.iter().position(|known| *known == device);
        let index = seen.unwrap_or_else(|| {
            // More of them than this share a number; the guest may then mix their files up.
            if self.devices.len() < 255 {
                self.devices.push(device);
            }
            self.devices.len() - 1
        });
        inode ^ ((index as u64) << 56)
    }
}

/// The type that a directory gives for an entry, as Linux's `d_type`.
pub(super) fn entry_type(kind: FileType) -> u8 {
    match kind {
        FileType::Fifo => 1,
        FileType::CharacterDevice => 2,
        FileType::Directory => 4,
        FileType::BlockDevice => 6,
        FileType::RegularFile => 8,
        FileType::Symlink => 10,
        FileType::Socket => 12,
        FileType::Unknown => 0,
    }
}
