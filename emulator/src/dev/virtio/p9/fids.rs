//! The fids: the guest's numbers for files.
//!
//! A fid knows the path it has now, and follows the guest's renames. Only an open one holds a
//! descriptor, so a guest that remembers many files does not use up the host's.

use std::collections::HashMap;
use std::fs::File;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::path::SharePath;

/// The most fids. Linux has one for each file that it remembers.
const FIDS_MAX: usize = 1 << 16;
/// The most memory for all their paths.
const PATHS_MAX: usize = 16 << 20;

/// One fid.
pub(super) struct Fid {
    /// Where it is; nothing once the guest has removed it.
    pub(super) path: Option<SharePath>,
    /// Device and inode of what it named when it was walked to.
    pub(super) id: (u64, u64),
    /// The user it acts for.
    pub(super) user: u32,
}

/// A file or directory that is open.
pub(super) struct Open {
    /// Its device and inode.
    pub(super) id: (u64, u64),
    pub(super) file: File,
    /// As it was asked for, without what is done only once.
    pub(super) flags: u32,
}

/// All of them.
pub(super) struct Fids {
    fids: HashMap<u32, Fid>,
    open: HashMap<u32, Open>,
    path_bytes: usize,
    open_max: usize,
}

impl Fid {
    fn path_len(&self) -> usize {
        self.path.as_ref().map_or(0, SharePath::len)
    }

    /// Its path, if it still has one.
    pub(super) fn path(&self) -> Result<&SharePath, Errno> {
        self.path.as_ref().ok_or(Errno::NOENT)
    }
}

impl Fids {
    pub(super) fn new() -> Self {
        // Half of the descriptors that this process may have: disks and connections need some.
        let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self {
            fids: HashMap::new(),
            open: HashMap::new(),
            path_bytes: 0,
            open_max: (allowed / 2).clamp(16, 4096) as usize,
        }
    }

    pub(super) fn get(&self, number: u32) -> Result<&Fid, Errno> {
        self.fids.get(&number).ok_or(Errno::BADF)
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.fids.contains_key(&number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Fid)> {
        self.fids.iter().map(|(number, fid)| (*number, fid))
    }

    /// Puts a fid in, in place of what had its number.
    pub(super) fn insert(&mut self, number: u32, fid: Fid) -> Result<(), Errno> {
        let old = self.fids.get(&number).map(Fid::path_len);
        let bytes = self.path_bytes - old.unwrap_or(0) + fid.path_len();
        if (old.is_none() && self.fids.len() >= FIDS_MAX) || bytes > PATHS_MAX {
            return Err(Errno::NFILE);
        }
        self.path_bytes = bytes;
        self.fids.insert(number, fid);
        self.open.remove(&number);
        Ok(())
    }

    pub(super) fn remove(&mut self, number: u32) -> Result<Fid, Errno> {
        let fid = self.fids.remove(&number).ok_or(Errno::BADF)?;
        self.path_bytes -= fid.path_len();
        self.open.remove(&number);
        Ok(fid)
    }

    pub(super) fn clear(&mut self) {
        self.fids.clear();
        self.open.clear();
        self.path_bytes = 0;
    }

    /// What is open under a fid.
    pub(super) fn open(&self, number: u32) -> Option<&Open> {
        self.open.get(&number)
    }

    /// Whether one more file may be opened, under a fid that has none.
    pub(super) fn may_open(&self, number: u32) -> Result<(), Errno> {
        if self.open.contains_key(&number) {
            Err(Errno::INVAL)
        } else if self.open.len() >= self.open_max {
            Err(Errno::MFILE)
        } else {
            Ok(())
        }
    }

    /// Gives a fid what was opened for it.
    pub(super) fn set_open(&mut self, number: u32, open: Open) {
        self.open.insert(number, open);
    }

    /// An open descriptor of the file with this device and inode.
    pub(super) fn open_file(&self, id: (u64, u64)) -> Option<&File> {
        let mut open = self.open.values();
        open.find(|open| open.id == id).map(|open| &open.file)
    }

    /// What was at a path is no longer there.
    pub(super) fn removed(&mut self, path: &SharePath) {
        self.change_paths(|old| old.is_at_or_below(path).then_some(None));
    }

    /// What was at `from` is now at `to`, in place of what was there.
    pub(super) fn renamed(&mut self, from: &SharePath, to: &SharePath) {
        self.removed(to);
        self.change_paths(|old| Some(old.renamed(from, to)?.ok()));
    }

    /// Gives fids the path that `change` says, if it says something.
    fn change_paths(&mut self, change: impl Fn(&SharePath) -> Option<Option<SharePath>>) {
        for fid in self.fids.values_mut() {
            let Some(new) = fid.path.as_ref().and_then(&change) else {
                continue;
            };
            let length = new.as_ref().map_or(0, SharePath::len);
            let bytes = self.path_bytes - fid.path_len() + length;
            // Without memory for the path, the fid is lost, as if the host had removed its file.
            (self.path_bytes, fid.path) = if bytes > PATHS_MAX {
                (self.path_bytes - fid.path_len(), None)
            } else {
                (bytes, new)
            };
        }
    }
}
