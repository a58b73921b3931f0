//! Devices. Each knows its registers and nothing else: no bus, no hart, no other device.

pub mod clint;
pub mod htif;
