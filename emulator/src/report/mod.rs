//! What people read: logs, explanations, figures.

pub mod check;
pub mod commit_log;
pub mod filter;
pub mod heat;
pub mod html;
pub mod log;
pub mod place;
pub mod profile;
pub mod recorder;
pub mod sighting;
pub mod signature;
pub mod stats;
pub mod trace_file;
pub mod traps;
pub mod walk;
