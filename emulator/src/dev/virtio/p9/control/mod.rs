//! The control folder: what a Linux program is given besides its folders.
//!
//! Our own supervisor, the kernel under which such programs run, finds in it the program, its
//! arguments, its environment, and what it has as standard input and output. Nothing in it is
//! found by a name of the host's: each file was opened before the machine started. So whatever a
//! guest asks for, it reaches these files and no other.

mod files;
mod input;
mod output;
mod server;

pub use files::ControlFiles;
pub use input::{ProgramInput, Tells};
pub use output::ProgramOutput;
pub(super) use server::ControlServer;
pub use server::ControlState;
