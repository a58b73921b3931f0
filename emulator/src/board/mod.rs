//! The machine: harts, bus and devices put together, and the loop that runs them.

mod config;
mod device_tree;
mod host;
mod input;
mod machine;
mod map;
mod rom;

pub use config::{AdChoice, Limits, MachineConfig};
pub use machine::{BuildError, Machine, Stop};
pub use map::MemoryMap;
