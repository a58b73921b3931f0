//! A program's standard input.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use rustix::buffer::spare_capacity;
use rustix::fs::SeekFrom;
use rustix::io::{Errno, retry_on_intr};

/// The bytes that are read from the host in one piece, and how many pieces ahead of the program.
const PIECE: usize = 64 << 10;
const AHEAD: usize = 4;

/// The kinds of files, as a mode has them.
mod kind {
    pub(super) const FIFO: u32 = 0o010_000;
    pub(super) const CHARACTER: u32 = 0o020_000;
    pub(super) const REGULAR: u32 = 0o100_000;
}

/// What a program is told of a stream: what kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tells {
    /// The kind and the rights, as `st_mode`.
    pub(super) mode: u32,
    /// The device, if it is one, as `st_rdev`.
    pub(super) device: u64,
}

impl Tells {
    /// A stream without a file of the host.
    pub fn pipe() -> Self {
        Self {
            mode: kind::FIFO | 0o600,
            device: 0,
        }
    }

    /// What the file of a stream is. A socket is told to be a pipe, which is what can be done
    /// with it.
    pub fn of(file: &File) -> io::Result<Self> {
        let about = file.metadata()?;
        let file_type = about.file_type();
        let kind = if file_type.is_file() {
            kind::REGULAR
        } else if file_type.is_char_device() {
            kind::CHARACTER
        } else {
            kind::FIFO
        };
        let device = if kind == kind::CHARACTER {
            about.rdev()
        } else {
            0
        };
        let mode = kind | (about.mode() & 0o777);
        Ok(Self { mode, device })
    }

    /// Whether it is a regular file.
    pub fn is_regular(self) -> bool {
        self.mode & 0o170_000 == kind::REGULAR
    }
}

/// Where a program's standard input comes from.
pub struct ProgramInput {
    pub(super) tells: Tells,
    from: From,
}

enum From {
    /// There is none, or no more.
    End,
    /// A regular file, and where it stood at the start. It is read when the program asks, so a
    /// run is the same each time.
    File(File, u64),
    /// What may let its reader wait, so that a thread of its own reads it. It starts when the
    /// program asks for the first time.
    Stream(Box<dyn Read + Send>, Ends),
    /// The thread is reading. What is left of the last piece, and how much of it is read.
    Reading(Receiver<Vec<u8>>, Vec<u8>, usize),
}

/// What the end of a stream means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// There will never be more.
    ForEver,
    /// There may be more, as after Ctrl-D on a terminal.
    ForNow,
}

/// What came of reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// Bytes, or the end.
    Some,
    /// Nothing yet.
    NotYet,
}

impl ProgramInput {
    /// No input.
    pub fn none() -> Self {
        Self {
            tells: Tells {
                mode: kind::CHARACTER | 0o666,
                // As /dev/null.
                device: 0x103,
            },
            from: From::End,
        }
    }

    /// A stream that is read by a thread of its own: a pipe, for the program.
    pub fn stream(stream: impl Read + Send + 'static) -> Self {
        Self {
            tells: Tells::pipe(),
            from: From::Stream(Box::new(stream), Ends::ForEver),
        }
    }

    /// What an open file of the host is: a regular file, from where it stands, or a stream.
    pub fn file(mut file: File, is_terminal: bool) -> io::Result<Self> {
        let tells = Tells::of(&file)?;
        let from = if tells.is_regular() {
            let start = io::Seek::stream_position(&mut file)?;
            From::File(file, start)
        } else {
            let ends = if is_terminal {
                Ends::ForNow
            } else {
                Ends::ForEver
            };
            From::Stream(Box::new(file), ends)
        };
        Ok(Self { tells, from })
    }

    /// The bytes of a regular file, from where it stood at the start.
    pub(super) fn size(&self) -> u64 {
        match &self.from {
            From::File(file, start) => {
                let length = file.metadata().map_or(0, |about| about.len());
                length.saturating_sub(*start)
            }
            _ => 0,
        }
    }

    /// Appends at most `count` bytes, those at `offset` if it is a regular file.
    pub(super) fn read(
        &mut self,
        offset: u64,
        count: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<Got, Errno> {
        if count == 0 {
            return Ok(Got::Some);
        }
        loop {
            match &mut self.from {
                From::End => return Ok(Got::Some),
                From::File(file, start) => {
                    let at = start.checked_add(offset).ok_or(Errno::INVAL)?;
                    // Not `pread`: whoever shares the descriptor goes on where the program ended.
                    rustix::fs::seek(&*file, SeekFrom::Start(at))?;
                    bytes.reserve_exact(count);
                    let old = bytes.len();
                    retry_on_intr(|| rustix::io::read(&*file, spare_capacity(bytes)))?;
                    bytes.truncate(old + count);
                    return Ok(Got::Some);
                }
                From::Stream(..) => {
                    let From::Stream(stream, ends) = std::mem::replace(&mut self.from, From::End)
                    else {
                        return Ok(Got::Some);
                    };
                    self.from = From::Reading(read_ahead(stream, ends), Vec::new(), 0);
                }
                From::Reading(receiver, piece, done) => {
                    if *done < piece.len() {
                        let rest = &piece[*done..];
                        let taken = &rest[..rest.len().min(count)];
                        bytes.extend_from_slice(taken);
                        *done += taken.len();
                        return Ok(Got::Some);
                    }
                    match receiver.try_recv() {
                        // The end, perhaps only for now.
                        Ok(next) if next.is_empty() => return Ok(Got::Some),
                        Ok(next) => (*piece, *done) = (next, 0),
                        Err(TryRecvError::Empty) => return Ok(Got::NotYet),
                        Err(TryRecvError::Disconnected) => self.from = From::End,
                    }
                }
            }
        }
    }
}

/// Reads in a thread of its own. An empty piece is the end.
fn read_ahead(mut stream: Box<dyn Read + Send>, ends: Ends) -> Receiver<Vec<u8>> {
    let (sender, receiver) = sync_channel(AHEAD);
    thread::spawn(move || {
        let mut piece = vec![0; PIECE];
        loop {
            let length = match stream.read(&mut piece) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // As a terminal that is gone.
                Err(_) => return,
            };
            if sender.send(piece[..length].to_vec()).is_err() {
                return;
            }
            if length == 0 && ends == Ends::ForEver {
                return;
            }
        }
    });
    receiver
}
