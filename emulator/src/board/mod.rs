//! The machine: harts, bus and devices put together, and the loop that runs them.

mod config;
mod device_tree;
mod host;
mod idle;
mod machine;
mod map;
mod rom;
mod run;
mod serve;
mod turns;

pub use config::{AdChoice, ClockSource, DATE, Limits, MAX_HARTS, MachineConfig};
pub use machine::{BuildError, Host, Machine};
pub use map::MemoryMap;
pub use run::Stop;
