//! What is in the control folder.

use std::fs::File;
use std::os::unix::fs::MetadataExt;

use rustix::buffer::spare_capacity;
use rustix::io::{Errno, retry_on_intr};
use serde::{Deserialize, Serialize};

use super::input::{Got, ProgramInput};
use super::output::ProgramOutput;
use crate::dev::virtio::p9::folder::errno;
use crate::dev::virtio::p9::wire::Qid;

/// What a program is given.
pub struct ControlFiles {
    /// Its ELF file, open for reading.
    pub program: File,
    /// Its arguments, each ended by a NUL; the first is its name.
    pub arguments: Vec<u8>,
    /// Its environment, `NAME=VALUE`, each ended by a NUL.
    pub environment: Vec<u8>,
    /// What the kernel is to know: lines of a key and a value.
    pub settings: Vec<u8>,
    /// What it reads as standard input.
    pub input: ProgramInput,
    /// What it writes to standard output.
    pub output: ProgramOutput,
    /// What it writes to standard error.
    pub errors: ProgramOutput,
}

/// One file of the folder, or the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Node {
    Root,
    Program,
    Arguments,
    Environment,
    Settings,
    Input,
    Output,
    Errors,
}

/// The files, by their names.
const NAMES: [(&str, Node); 7] = [
    ("program", Node::Program),
    ("args", Node::Arguments),
    ("env", Node::Environment),
    ("settings", Node::Settings),
    ("stdin", Node::Input),
    ("stdout", Node::Output),
    ("stderr", Node::Errors),
];

/// What is said of a file.
pub(super) struct About {
    pub(super) mode: u32,
    pub(super) device: u64,
    pub(super) size: u64,
    /// When it was last changed, in seconds and nanoseconds.
    pub(super) changed: (u64, u64),
}

const DIRECTORY: u32 = 0o040_555;
const READABLE: u32 = 0o100_444;
const EXECUTABLE: u32 = 0o100_555;

impl Node {
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let found = NAMES.iter().find(|(known, _)| known.as_bytes() == name);
        found.map(|(_, node)| *node)
    }

    /// The folder's entry of this number, and its name.
    pub(super) fn entry(index: u64) -> Option<(&'static str, Self)> {
        match index {
            0 => Some((".", Self::Root)),
            1 => Some(("..", Self::Root)),
            index => NAMES
                .get(usize::try_from(index).ok()?.checked_sub(2)?)
                .copied(),
        }
    }

    pub(super) fn is_written(self) -> bool {
        matches!(self, Self::Output | Self::Errors)
    }

    pub(super) fn qid(self) -> Qid {
        Qid {
            kind: match self {
                Self::Root => Qid::DIRECTORY,
                _ => Qid::FILE,
            },
            // Streams must not be cached; all else stays as it is.
            version: match self {
                Self::Input | Self::Output | Self::Errors => 0,
                _ => 1,
            },
            path: 1 + self as u64,
        }
    }
}

impl ControlFiles {
    pub(super) fn about(&self, node: Node) -> Result<About, Errno> {
        let plain = |mode, size| About {
            mode,
            device: 0,
            size,
            changed: (0, 0),
        };
        let text = |text: &[u8]| plain(READABLE, text.len() as u64);
        Ok(match node {
            Node::Root => plain(DIRECTORY, 0),
            Node::Program => {
                let about = self.program.metadata().map_err(errno)?;
                About {
                    changed: (
                        about.mtime().cast_unsigned(),
                        about.mtime_nsec().cast_unsigned(),
                    ),
                    ..plain(EXECUTABLE, about.len())
                }
            }
            Node::Arguments => text(&self.arguments),
            Node::Environment => text(&self.environment),
            Node::Settings => text(&self.settings),
            Node::Input => About {
                device: self.input.tells.device,
                ..plain(self.input.tells.mode, self.input.size())
            },
            Node::Output => About {
                device: self.output.tells.device,
                ..plain(self.output.tells.mode, 0)
            },
            Node::Errors => About {
                device: self.errors.tells.device,
                ..plain(self.errors.tells.mode, 0)
            },
        })
    }

    /// Appends at most `count` bytes of a file, from `offset` on.
    pub(super) fn read(
        &mut self,
        node: Node,
        offset: u64,
        count: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<Got, Errno> {
        let text = match node {
            Node::Root => return Err(Errno::ISDIR),
            Node::Output | Node::Errors => return Err(Errno::BADF),
            Node::Input => return self.input.read(offset, count, bytes),
            Node::Program => {
                if count > 0 {
                    bytes.reserve_exact(count);
                    let old = bytes.len();
                    retry_on_intr(|| {
                        rustix::io::pread(&self.program, spare_capacity(bytes), offset)
                    })?;
                    bytes.truncate(old + count);
                }
                return Ok(Got::Some);
            }
            Node::Arguments => &self.arguments,
            Node::Environment => &self.environment,
            Node::Settings => &self.settings,
        };
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = text.get(start..).unwrap_or_default();
        bytes.extend_from_slice(&rest[..rest.len().min(count)]);
        Ok(Got::Some)
    }

    pub(super) fn write(&mut self, node: Node, data: &[u8]) -> Result<(), Errno> {
        match node {
            Node::Output => self.output.write(data),
            Node::Errors => self.errors.write(data),
            _ => Err(Errno::BADF),
        }
    }
}
