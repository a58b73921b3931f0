//! Devices, each ignorant of the bus and of each other.

pub mod clint;
pub mod console;
pub mod htif;
pub mod rom;
pub mod virtio;
