//! Devices, each ignorant of the bus and of each other.

pub mod clint;
pub mod console;
pub mod finisher;
pub mod htif;
pub mod plic;
pub mod rom;
pub mod rtc;
pub mod sswi;
pub mod uart;
pub mod virtio;
