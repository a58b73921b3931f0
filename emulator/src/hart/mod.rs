//! (see ARCHITECTURE.md)

pub mod pmp;
pub mod triggers;
