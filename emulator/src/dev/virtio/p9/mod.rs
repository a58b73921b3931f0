//! One folder of the host for the guest, by the protocol 9P2000.L (Linux's `9p` file system).
//!
//! The server is apart from virtio: [`P9Server::handle`] takes a message and gives its reply.
//! Nothing outside the folder can be reached through it; `folder.rs` says why.
//!
//! A second server has no folder of the host, but what a Linux program is given: `control/`.

mod control;
mod device;
mod fids;
mod files;
mod folder;
mod message;
mod path;
mod server;
mod session;
mod state;
mod wire;

#[cfg(test)]
mod tests;

pub use control::{ControlFiles, ControlState, ProgramInput, ProgramOutput, Tells};
pub use device::{P9, ShareError, ShareSpec, ShareSpecError};
pub use server::P9Server;
pub use state::P9State;
