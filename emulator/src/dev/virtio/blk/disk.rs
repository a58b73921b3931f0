//! The host's side of a drive: a raw file, and what a snapshot keeps apart from it.

use super::DriveSpec;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The unit of a drive.
pub(super) const SECTOR: u64 = 512;

/// The unit in which a snapshot keeps what was written.
const BLOCK: usize = 4096;

/// Bytes written in one piece where the host cannot make zeros by itself.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Why a drive's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// It cannot be opened.
    #[error("drive {file}: {source}")]
    Open {
        /// The file.
        file: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// It can be read, but not written.
    #[error("drive {0}: it cannot be written; readonly=on or snapshot=on would do without")]
    ReadOnly(PathBuf),
    /// It is something else than a file.
    #[error("drive {0}: it is neither a file nor a block device")]
    Kind(PathBuf),
    /// Someone else uses it.
    #[error(
        "drive {0}: it is in use; only several readers can share it (readonly=on or snapshot=on)"
    )]
    InUse(PathBuf),
    /// Its size is not one of a disk.
    #[error(
        "drive {file}: its size of {size} bytes is not a positive multiple of 512 \
         (truncate --size=%512 rounds it up)"
    )]
    Size {
        /// The file.
        file: PathBuf,
        /// Its size.
        size: u64,
    },
    /// There is no room for a disk that goes away.
    #[error("no temporary file of {size} bytes in {folder}: {source}")]
    Temporary {
        /// Its size.
        size: u64,
        /// The folder for temporary files.
        folder: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// There is no room for what a snapshot keeps.
    #[error("drive {file}: no temporary file in {folder} for its snapshot: {source}")]
    Snapshot {
        /// The file.
        file: PathBuf,
        /// The folder for temporary files.
        folder: PathBuf,
        /// What the host said.
        source: io::Error,
    },
}

/// An open drive.
#[derive(Debug)]
pub struct Disk {
    file: File,
    size: u64,
    read_only: bool,
    /// It goes away with the process.
    is_temporary: bool,
    overlay: Option<Overlay>,
}

impl Disk {
    /// Opens a drive's file and locks it.
    pub fn open(spec: &DriveSpec) -> Result<Self, DiskError> {
        let path = &spec.file;
        let open_error = |source| DiskError::Open {
            file: path.clone(),
            source,
        };
        // Opening a pipe would wait for its other end.
        let kind = std::fs::metadata(path).map_err(open_error)?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            return Err(DiskError::Kind(path.clone()));
        }
        let writes = !spec.read_only && !spec.snapshot;
        let mut file = OpenOptions::new()
            .read(true)
            .write(writes)
            .open(path)
            .map_err(|error| match error.kind() {
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                    if writes && File::open(path).is_ok() =>
                {
                    DiskError::ReadOnly(path.clone())
                }
                _ => open_error(error),
            })?;
        lock(&file, writes, path)?;
        // A block device has no length, but it has an end.
        let size = file.seek(SeekFrom::End(0)).map_err(open_error)?;
        if size == 0 || !size.is_multiple_of(SECTOR) {
            return Err(DiskError::Size {
                file: path.clone(),
                size,
            });
        }
        let overlay = if spec.snapshot && !spec.read_only {
            let folder = std::env::temp_dir();
            let overlay = Overlay::new(&folder).map_err(|source| DiskError::Snapshot {
                file: path.clone(),
                folder,
                source,
            })?;
            Some(overlay)
        } else {
            None
        };
        Ok(Self {
            file,
            size,
            read_only: spec.read_only,
            is_temporary: false,
            overlay,
        })
    }

    /// A disk that begins with these bytes, is zero otherwise, and goes away with the process. Its
    /// size is rounded up to whole sectors. What is never written takes up no room.
    pub fn temporary(size: u64, start: &[u8]) -> Result<Self, DiskError> {
        let folder = std::env::temp_dir();
        let made = |folder: &Path| {
            let file = temporary(folder)?;
            let too_large = io::Error::from(ErrorKind::FileTooLarge);
            let size = size.max(start.len() as u64);
            let size = size.checked_next_multiple_of(SECTOR).ok_or(too_large)?;
            file.set_len(size)?;
            file.write_all_at(start, 0)?;
            Ok((file, size))
        };
        match made(&folder) {
            Ok((file, size)) => Ok(Self {
                file,
                size,
                read_only: false,
                is_temporary: true,
                overlay: None,
            }),
            Err(source) => Err(DiskError::Temporary {
                size,
                folder,
                source,
            }),
        }
    }

    /// Its size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Whether so many bytes from `at` on are on the disk.
    pub(super) fn holds(&self, at: u64, length: u64) -> bool {
        at.checked_add(length).is_some_and(|end| end <= self.size)
    }

    pub(super) fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        match &self.overlay {
            Some(overlay) => overlay.read(&self.file, at, bytes),
            None => self.file.read_exact_at(bytes, at),
        }
    }

    pub(super) fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if self.read_only || !self.holds(at, bytes.len() as u64) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        match &mut self.overlay {
            Some(overlay) => overlay.write(&self.file, at, bytes),
            None => self.file.write_all_at(bytes, at),
        }
    }

    /// What was written is on the disk when this returns, unless that goes away in any case, as a
    /// snapshot does.
    pub(super) fn flush(&self) -> io::Result<()> {
        if self.read_only || self.is_temporary || self.overlay.is_some() {
            return Ok(());
        }
        self.file.sync_data()
    }

    /// The bytes do not matter any more.
    pub(super) fn discard(&mut self, at: u64, length: u64) -> io::Result<()> {
        if self.read_only || self.overlay.is_some() {
            return Ok(());
        }
        match punch(&self.file, at, length) {
            // It is only advice.
            Err(error) if is_unsupported(&error) => Ok(()),
            done => done,
        }
    }

    /// Makes the bytes zero. If the host `may_punch`, they need not take up room any more.
    pub(super) fn write_zeros(&mut self, at: u64, length: u64, may_punch: bool) -> io::Result<()> {
        if !self.holds(at, length) {
            return Err(ErrorKind::InvalidInput.into());
        }
        if self.overlay.is_none() && !self.read_only {
            let done = if may_punch {
                punch(&self.file, at, length)
            } else {
                zero(&self.file, at, length)
            };
            match done {
                Err(error) if is_unsupported(&error) => {}
                done => return done,
            }
        }
        let end = at + length;
        let mut at = at;
        while at < end {
            let piece = (end - at).min(ZEROS.len() as u64);
            self.write(at, &ZEROS[..piece as usize])?;
            at += piece;
        }
        Ok(())
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Unsupported
        || error.raw_os_error() == Some(rustix::io::Errno::OPNOTSUPP.raw_os_error())
        || error.raw_os_error() == Some(rustix::io::Errno::NOSYS.raw_os_error())
        || error.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error())
}

/// Makes a hole that reads as zeros.
#[cfg(target_os = "linux")]
fn punch(file: &File, at: u64, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    let mode = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(file, mode, at, length)?)
}

/// Makes zeros that keep their room.
#[cfg(target_os = "linux")]
fn zero(file: &File, at: u64, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    let mode = FallocateFlags::ZERO_RANGE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(file, mode, at, length)?)
}

#[cfg(not(target_os = "linux"))]
fn punch(_file: &File, _at: u64, _length: u64) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn zero(_file: &File, _at: u64, _length: u64) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// One writer, or several readers.
fn lock(file: &File, writes: bool, path: &Path) -> Result<(), DiskError> {
    use rustix::fs::{FlockOperation, flock};
    let operation = if writes {
        FlockOperation::NonBlockingLockExclusive
    } else {
        FlockOperation::NonBlockingLockShared
    };
    match flock(file, operation) {
        Err(rustix::io::Errno::WOULDBLOCK) => Err(DiskError::InUse(path.to_path_buf())),
        Err(error) => {
            log::warn!(
                target: crate::trace::DEV_VIRTIO_BLK,
                "drive {}: it cannot be locked: {error}",
                path.display()
            );
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// A file that has no name, and goes with the process.
fn temporary(folder: &Path) -> io::Result<File> {
    let mut number = 0_u32;
    loop {
        let name = format!("pagewalk-disk-{}-{number}", std::process::id());
        let path = folder.join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        match options.open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < 1000 => {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// What was written to a snapshot: a temporary file that has no name, and goes with the process.
#[derive(Debug)]
struct Overlay {
    file: File,
    /// Where each block that was written is in the file.
    places: HashMap<u64, u64>,
}

impl Overlay {
    fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            file: temporary(folder)?,
            places: HashMap::new(),
        })
    }

    fn read(&self, base: &File, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        for (block, within, piece) in pieces(at, bytes.len()) {
            let bytes = &mut bytes[piece];
            match self.places.get(&block) {
                Some(place) => self.file.read_exact_at(bytes, place + within)?,
                None => base.read_exact_at(bytes, block * BLOCK as u64 + within)?,
            }
        }
        Ok(())
    }

    fn write(&mut self, base: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
        for (block, within, piece) in pieces(at, bytes.len()) {
            let bytes = &bytes[piece];
            if let Some(place) = self.places.get(&block) {
                self.file.write_all_at(bytes, place + within)?;
                continue;
            }
            let place = self.places.len() as u64 * BLOCK as u64;
            let mut whole = [0; BLOCK];
            if bytes.len() < BLOCK {
                read_to_end(base, block * BLOCK as u64, &mut whole)?;
            }
            let within = within as usize;
            whole[within..within + bytes.len()].copy_from_slice(bytes);
            self.file.write_all_at(&whole, place)?;
            self.places.insert(block, place);
        }
        Ok(())
    }
}

/// Reads as much as there is: the last block of a file may not be a whole one.
fn read_to_end(file: &File, at: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    let mut at = at;
    while !bytes.is_empty() {
        match file.read_at(bytes, at) {
            Ok(0) => break,
            Ok(length) => {
                bytes = &mut bytes[length..];
                at += length as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A stretch cut at the blocks' borders: the block, where in it, and which of the bytes.
fn pieces(at: u64, length: usize) -> impl Iterator<Item = (u64, u64, std::ops::Range<usize>)> {
    let block = BLOCK as u64;
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let here = at + done as u64;
        let within = here % block;
        let piece = (length - done).min((block - within) as usize);
        done += piece;
        Some((here / block, within, done - piece..done))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::numbered;
    use super::*;

    fn spec(file: &Path) -> DriveSpec {
        DriveSpec {
            file: file.into(),
            ..DriveSpec::default()
        }
    }

    fn error(spec: &DriveSpec) -> String {
        Disk::open(spec).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        for (size, expected) in [(0, "0 bytes"), (513, "513 bytes"), (511, "511 bytes")] {
            let path = folder.path().join(size.to_string());
            std::fs::write(&path, vec![0; size]).unwrap();
            let error = error(&spec(&path));
            assert!(error.contains(expected), "{error}");
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
        let error = error(&spec(&folder.path().join("none")));
        assert!(error.contains("none: No such file"), "{error}");
        for other in [folder.path(), Path::new("/dev/null")] {
            let error = self::error(&spec(other));
            assert!(error.contains("neither a file nor"), "{error}");
        }
    }

    #[test]
    fn a_writer_shares_with_nobody() {
        let file = numbered(1);
        let writer = spec(file.path());
        let reader = DriveSpec {
            read_only: true,
            ..writer.clone()
        };
        let snapshot = DriveSpec {
            snapshot: true,
            ..writer.clone()
        };
        let first = Disk::open(&writer).unwrap();
        for other in [&writer, &reader, &snapshot] {
            let error = error(other);
            assert!(error.contains("in use"), "{error}");
        }
        drop(first);
        let readers = [&reader, &snapshot, &snapshot].map(|spec| Disk::open(spec).unwrap());
        assert!(error(&writer).contains("in use"));
        drop(readers);
        Disk::open(&writer).unwrap();
    }

    #[test]
    fn a_snapshot_keeps_what_is_written_apart() {
        // Not a multiple of the snapshot's blocks.
        let file = numbered(17);
        let before = std::fs::read(file.path()).unwrap();
        let mut disk = Disk::open(&DriveSpec {
            snapshot: true,
            ..spec(file.path())
        })
        .unwrap();
        let mut expected = before.clone();
        for (at, length, byte) in [
            (100, 1, 0xa1),
            (4000, 300, 0xa2),
            (0, 8704, 0xa3),
            (8703, 1, 9),
        ] {
            disk.write(at, &vec![byte; length]).unwrap();
            expected[at as usize..at as usize + length].fill(byte);
            let mut found = vec![0; expected.len()];
            disk.read(0, &mut found).unwrap();
            assert_eq!(found, expected);
        }
        disk.write_zeros(512, 5000, true).unwrap();
        expected[512..5512].fill(0);
        let mut found = vec![0; 6000];
        disk.read(300, &mut found).unwrap();
        assert_eq!(found, expected[300..6300]);
        disk.discard(0, 512).unwrap();
        disk.flush().unwrap();
        drop(disk);
        assert_eq!(std::fs::read(file.path()).unwrap(), before);
    }

    #[test]
    fn zeros_are_written_and_holes_punched() {
        let file = numbered(16);
        let mut disk = Disk::open(&spec(file.path())).unwrap();
        disk.write_zeros(512, 1024, false).unwrap();
        disk.write_zeros(4096, 512, true).unwrap();
        disk.discard(2048, 512).unwrap();
        let found = std::fs::read(file.path()).unwrap();
        assert_eq!(found.len(), 16 * 512);
        let zero = |sector: usize| found[sector * 512..][..512].iter().all(|byte| *byte == 0);
        assert!(zero(1) && zero(2) && zero(8));
        assert!(!zero(3) && !zero(7) && !zero(9));
        assert!(disk.write_zeros(16 * 512 - 1, 2, true).is_err());
        assert!(disk.write(16 * 512 - 1, &[1, 2]).is_err());
        assert_eq!(std::fs::metadata(file.path()).unwrap().len(), 16 * 512);
    }
}
