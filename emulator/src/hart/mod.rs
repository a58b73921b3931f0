//! (see ARCHITECTURE.md)

pub mod pmp;
