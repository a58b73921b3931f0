//! The virtio 9P transport: one queue of messages (device 9).

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use super::P9Server;
use super::server::MSIZE_MAX;
use super::state::P9State;
use super::wire::{ERROR_REPLY, HEADER};
use crate::dev::virtio::{Queues, VirtioDevice, read_bytes};
use crate::trace;

/// `VIRTIO_9P_MOUNT_TAG`: the configuration space has the tag.
const MOUNT_TAG: u64 = 1;
/// The tag of a share that has no other.
const DEFAULT_TAG: &str = "share";
/// The longest tag.
const TAG_MAX: usize = 255;

/// A folder of the host that the guest may use, as an option says it: `DIR[,ro][,tag=NAME]`.
/// A comma in the folder's name is written twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareSpec {
    /// The folder.
    pub folder: PathBuf,
    /// Whether the guest may change nothing in it.
    pub read_only: bool,
    /// The name by which the guest mounts it.
    pub tag: String,
}

/// Why a text is no [`ShareSpec`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareSpecError {
    /// Nothing before the first comma.
    #[error("no folder is named")]
    NoFolder,
    /// Neither `ro` nor `tag=NAME`.
    #[error(
        "unknown `{0}` after the folder (`ro` and `tag=NAME` are known; a comma in the folder's name is written `,,`)"
    )]
    Unknown(String),
    /// Something is said twice.
    #[error("`{0}` is given twice")]
    Twice(&'static str),
    /// A tag that cannot be one.
    #[error("the tag `{0}` must have 1 to 255 bytes, none of them a space or a control character")]
    Tag(String),
}

impl FromStr for ShareSpec {
    type Err = ShareSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A comma that is written twice stands for itself, which no path has as NUL.
        let text = text.replace(",,", "\0");
        let mut parts = text.split(',').map(|part| part.replace('\0', ","));
        let folder = parts.next().unwrap_or_default();
        if folder.is_empty() {
            return Err(ShareSpecError::NoFolder);
        }
        let mut read_only = false;
        let mut tag = None;
        for part in parts {
            if part == "ro" {
                if read_only {
                    return Err(ShareSpecError::Twice("ro"));
                }
                read_only = true;
            } else if let Some(name) = part.strip_prefix("tag=") {
                let bad = |c: char| c.is_control() || c.is_whitespace();
                if name.is_empty() || name.len() > TAG_MAX || name.contains(bad) {
                    return Err(ShareSpecError::Tag(name.to_string()));
                }
                if tag.replace(name.to_string()).is_some() {
                    return Err(ShareSpecError::Twice("tag"));
                }
            } else {
                return Err(ShareSpecError::Unknown(part));
            }
        }
        Ok(Self {
            folder: PathBuf::from(folder),
            read_only,
            tag: tag.unwrap_or_else(|| DEFAULT_TAG.to_string()),
        })
    }
}

/// A folder that cannot be shared.
#[derive(Debug, thiserror::Error)]
#[error("cannot share the folder {}: {error}", folder.display())]
pub struct ShareError {
    folder: PathBuf,
    error: io::Error,
}

/// A virtio device that shares one folder.
pub struct P9 {
    server: P9Server,
    /// The configuration space: the tag's length and the tag.
    config: Vec<u8>,
}

impl P9 {
    /// A device that shares the folder that `spec` names.
    pub fn new(spec: &ShareSpec) -> Result<Self, ShareError> {
        let server = P9Server::new(&spec.folder, spec.read_only)
            .map_err(|error| share_error(&spec.folder, error))?;
        let length = u16::try_from(spec.tag.len()).map_err(|_| {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "its tag is too long");
            share_error(&spec.folder, error)
        })?;
        let config = [&length.to_le_bytes(), spec.tag.as_bytes()].concat();
        Ok(Self { server, config })
    }
}

fn share_error(folder: &Path, error: io::Error) -> ShareError {
    let folder = folder.to_path_buf();
    ShareError { folder, error }
}

impl VirtioDevice for P9 {
    fn id(&self) -> u32 {
        9
    }

    fn name(&self) -> &'static str {
        "virtio-9p"
    }

    fn log_target(&self) -> &'static str {
        trace::DEV_VIRTIO_9P
    }

    fn features(&self) -> u64 {
        MOUNT_TAG
    }

    fn queue_sizes(&self) -> &[u16] {
        &[128]
    }

    fn read_config(&self, offset: u64, bytes: &mut [u8]) {
        read_bytes(&self.config, offset, bytes);
    }

    fn process(&mut self, queues: &mut Queues<'_>, _now: u64) {
        if !queues.notified(0) {
            return;
        }
        while let Some(mut chain) = queues.take(0) {
            if chain.readable() < HEADER as u64 || chain.writable() < ERROR_REPLY as u64 {
                queues.refuse(&chain, "a message needs a header and room for a reply");
                return;
            }
            // What is longer than any message may be is cut, and then refused for its length.
            let length = chain.readable().min(MSIZE_MAX.into());
            let mut request = vec![0; length as usize];
            chain.read(queues.memory(), &mut request);
            let room = chain.writable().min(MSIZE_MAX.into());
            let reply = self.server.handle(&request, room as usize);
            chain.write(queues.memory(), &reply);
            queues.finish(chain);
        }
    }

    fn reset(&mut self) {
        self.server.reset();
    }

    fn state(&self) -> serde_json::Value {
        serde_json::to_value(self.server.state()).unwrap_or_default()
    }

    fn set_state(&mut self, state: &serde_json::Value) {
        if let Ok(state) = P9State::deserialize(state) {
            self.server.set_state(state);
        }
    }
}
