//! From files to a guest: what goes where in memory, where it starts, and what its addresses are
//! called. A guest is one ELF file, or firmware with a kernel and what belongs to it.
//!
//! ELF headers are read with goblin, symbols with object, source lines with addr2line. Every claim
//! of the file is checked against the file's length before it is believed, so a file that lies
//! costs neither memory nor time.

mod add_symbols;
mod boot;
mod boot_error;
mod debug;
mod error;
mod firmware;
mod formats;
mod guest;
mod header;
mod image;
mod lines;
mod linux;
mod part;
mod place;
mod program;
mod relocate;
mod sections;
mod segments;
mod sniff;
mod source;
mod symbols;
mod system_map;
mod unpack;

pub use boot::{BootFiles, Firmware};
pub use boot_error::BootReason;
pub use error::{LoadError, Reason, Span};
pub use guest::{Guest, Piece};
pub use header::{Probe, probe};
pub use image::Image;
pub use lines::SourceLine;
pub use linux::{check_program, dynamic_loader};
pub use part::Role;
pub use program::Kind;
pub use sections::DebugError;
pub use segments::Segment;
pub use sniff::{FileKind, sniff};
pub use symbols::Symbols;
