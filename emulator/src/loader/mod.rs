//! From an ELF file to a guest: what goes where in memory, where it starts, and what its
//! addresses are called.
//!
//! Headers are read with goblin, symbols with object, source lines with addr2line. Every claim
//! of the file is checked against the file's length before it is believed, so a file that lies
//! costs neither memory nor time.

mod error;
mod guest;
mod header;
mod lines;
mod relocate;
mod sections;
mod segments;
mod source;
mod symbols;

pub use error::{LoadError, Reason, Span};
pub use guest::{Guest, Kind, Piece};
pub use header::{Probe, probe};
pub use lines::SourceLine;
pub use sections::DebugError;
pub use segments::Segment;
pub use symbols::Symbols;
