//! Where a guest's bytes come from: a file that is read piece by piece, or bytes in memory.
//!
//! A file is never mapped: a mapped file that another process truncates would end the emulator
//! with SIGBUS. Reading answers with an error instead, and takes no more memory than the caller
//! asked for.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::Path;

use super::error::Reason;

/// The bytes of an ELF file.
pub(super) enum Source {
    /// A regular file, and its length when it was opened.
    File(File, u64),
    /// Bytes in memory.
    Bytes(Cow<'static, [u8]>),
}

impl Source {
    /// Opens a regular file. Anything else is refused before it is opened, since opening a pipe
    /// would wait for its writer.
    pub(super) fn open(path: &Path) -> Result<Self, Reason> {
        let metadata = path.metadata().map_err(Reason::CannotOpen)?;
        if metadata.is_dir() {
            return Err(Reason::Directory);
        }
        if let Some(kind) = special(&metadata) {
            return Err(Reason::SpecialFile(kind));
        }
        let file = File::open(path).map_err(Reason::CannotOpen)?;
        let length = file.metadata().map_err(Reason::CannotOpen)?.len();
        Ok(Self::File(file, length))
    }

    /// The number of bytes.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::File(_, length) => *length,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Fills `into` with the bytes from `offset` on, or says that they are not there.
    pub(super) fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File(file, _) => file.read_exact_at(into, offset),
            Self::Bytes(bytes) => {
                let start = usize::try_from(offset).ok();
                let found = start
                    .and_then(|start| bytes.get(start..)?.get(..into.len()))
                    .ok_or(ErrorKind::UnexpectedEof)?;
                into.copy_from_slice(found);
                Ok(())
            }
        }
    }

    /// As [`Source::read_at`]; `what` is for the error.
    pub(super) fn read(
        &self,
        offset: u64,
        into: &mut [u8],
        what: &'static str,
    ) -> Result<(), Reason> {
        self.read_at(offset, into).map_err(|error| {
            if error.kind() == ErrorKind::UnexpectedEof {
                Reason::Shrank { what }
            } else {
                Reason::CannotRead { what, error }
            }
        })
    }
}

/// What a file is, if it is neither a regular file nor a directory.
pub(super) fn special(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    match () {
        () if kind.is_fifo() => Some("pipe"),
        () if kind.is_socket() => Some("socket"),
        () if kind.is_char_device() => Some("character device"),
        () if kind.is_block_device() => Some("block device"),
        () => None,
    }
}
