//! The virtio 9P transport: one queue of messages (device 9).

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::P9Server;
use super::control::{ControlFiles, ControlServer, ControlState};
use super::message::Request;
use super::session::{MSIZE_MAX, Message};
use super::state::P9State;
use super::wire::{ERROR_REPLY, HEADER, error};
use crate::dev::virtio::{Chain, ChainState, Queues, Traffic, VirtioDevice, read_bytes};
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
    server: Server,
    /// The configuration space: the tag's length and the tag.
    config: Vec<u8>,
    /// Requests that wait for something from the host, the oldest first.
    waiting: Vec<Waiting>,
    traffic: Traffic,
}

/// What answers.
enum Server {
    Folder(P9Server),
    Control(ControlServer),
}

/// A request that cannot be answered yet.
struct Waiting {
    request: Vec<u8>,
    room: usize,
    chain: Chain,
}

/// The requests that may wait at one time, which are as many as the queue has entries. A driver
/// that gives the same entry twice can have no more either.
const WAITING_MAX: usize = 128;

/// The state of a device.
#[derive(Serialize, Deserialize)]
enum State {
    Folder(P9State),
    Control(ControlState, Vec<WaitingState>),
}

#[derive(Serialize, Deserialize)]
struct WaitingState {
    request: Vec<u8>,
    room: usize,
    chain: ChainState,
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
        Ok(Self::with(Server::Folder(server), length, &spec.tag))
    }

    /// A device with the control folder of a Linux program. Our own supervisor looks for its tag.
    pub fn control(files: ControlFiles) -> Self {
        const TAG: &str = "pagewalk";
        let server = Server::Control(ControlServer::new(files));
        Self::with(server, TAG.len() as u16, TAG)
    }

    fn with(server: Server, length: u16, tag: &str) -> Self {
        Self {
            server,
            config: [&length.to_le_bytes(), tag.as_bytes()].concat(),
            waiting: Vec::new(),
            traffic: Traffic::default(),
        }
    }

    /// Counts the requests that read and write files.
    pub fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    /// Counts a request: its number of bytes is behind the header, the fid and the offset.
    fn count(&self, request: &[u8]) {
        let bytes = request.get(HEADER + 12..).and_then(<[u8]>::first_chunk);
        let bytes = u32::from_le_bytes(*bytes.unwrap_or(&[0; 4])).into();
        match request.get(4) {
            Some(&Request::READ) => self.traffic.add_read(bytes),
            Some(&Request::WRITE) => self.traffic.add_written(bytes),
            _ => {}
        }
    }

    /// Answers a request, unless it has to wait. `taken` says whether others wait already.
    fn handle(&mut self, request: &[u8], room: usize, taken: bool) -> Option<Vec<u8>> {
        match &mut self.server {
            Server::Folder(server) => Some(server.handle(request, room)),
            Server::Control(server) => server.handle(request, room, taken),
        }
    }

    /// Looks again at what waits.
    fn look_again(&mut self, queues: &mut Queues<'_>) {
        if self.waiting.is_empty() {
            return;
        }
        // A queue whose state was put back is looked at for the first time here.
        queues.is_available(0);
        for waiting in std::mem::take(&mut self.waiting) {
            let taken = !self.waiting.is_empty();
            match self.handle(&waiting.request, waiting.room, taken) {
                Some(reply) => finish(waiting.chain, &reply, queues),
                None => self.waiting.push(waiting),
            }
        }
    }

    /// Ends what a message says need not be waited for any more.
    fn end_waiting(&mut self, message: &[u8], queues: &mut Queues<'_>) {
        let ended: fn(u16, u16) -> bool = match message.get(4) {
            Some(&Request::FLUSH) => |old, tag| old == tag,
            // A new session.
            Some(&Request::VERSION) => |_, _| true,
            _ => return,
        };
        let field = message
            .get(HEADER..)
            .and_then(|fields| fields.first_chunk());
        let old = u16::from_le_bytes(*field.unwrap_or(&[0; 2]));
        let tag = |waiting: &Waiting| {
            Message::read(&waiting.request, waiting.room).map_or(0, |message| message.tag)
        };
        let (over, rest) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| ended(old, tag(waiting)));
        self.waiting = rest;
        for waiting in over {
            let reply = error(tag(&waiting), Errno::INTR);
            finish(waiting.chain, &reply, queues);
        }
    }
}

fn finish(mut chain: Chain, reply: &[u8], queues: &mut Queues<'_>) {
    chain.write(queues.memory(), reply);
    queues.finish(chain);
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
        self.look_again(queues);
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
            let room = chain.writable().min(MSIZE_MAX.into()) as usize;
            self.end_waiting(&request, queues);
            self.count(&request);
            let taken = !self.waiting.is_empty();
            match self.handle(&request, room, taken) {
                Some(reply) => finish(chain, &reply, queues),
                None if self.waiting.len() < WAITING_MAX => self.waiting.push(Waiting {
                    request,
                    room,
                    chain,
                }),
                None => {
                    let tag = Message::read(&request, room).map_or(0, |message| message.tag);
                    finish(chain, &error(tag, Errno::AGAIN), queues);
                }
            }
        }
    }

    fn reset(&mut self) {
        self.waiting.clear();
        match &mut self.server {
            Server::Folder(server) => server.reset(),
            Server::Control(server) => server.reset(),
        }
    }

    fn expects_host(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn state(&self) -> serde_json::Value {
        let state = match &self.server {
            Server::Folder(server) => State::Folder(server.state()),
            Server::Control(server) => {
                let waiting = self.waiting.iter().map(|waiting| WaitingState {
                    request: waiting.request.clone(),
                    room: waiting.room,
                    chain: waiting.chain.state(),
                });
                State::Control(server.state().clone(), waiting.collect())
            }
        };
        serde_json::to_value(state).unwrap_or_default()
    }

    fn set_state(&mut self, state: &serde_json::Value) {
        match (State::deserialize(state), &mut self.server) {
            (Ok(State::Folder(state)), Server::Folder(server)) => server.set_state(state),
            (Ok(State::Control(state, waiting)), Server::Control(server)) => {
                server.set_state(state);
                let waiting = waiting.into_iter().take(WAITING_MAX);
                let waiting = waiting.map(|waiting| Waiting {
                    request: waiting.request,
                    room: waiting.room.min(MSIZE_MAX as usize),
                    chain: Chain::from_state(waiting.chain),
                });
                self.waiting = waiting.collect();
            }
            _ => {}
        }
    }
}
