//! Guest memory: addresses, RAM and the physical bus.

mod address;
mod bus;
mod ram;

pub use address::{PAGE_SIZE, PhysAddr, VirtAddr};
pub use bus::{AccessError, Bus, Device, MapError};
pub use ram::{Ram, RamError};
