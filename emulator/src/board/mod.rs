//! The machine: harts, bus and devices put together, and the loop that runs them.

mod config;
mod device_tree;
mod host;
mod machine;
mod map;
mod rom;
mod run;
mod turns;

pub use config::{AdChoice, Limits, MAX_HARTS, MachineConfig};
pub use machine::{BuildError, Machine};
pub use map::MemoryMap;
pub use run::Stop;
