//! Guest memory: addresses, RAM and the physical bus.

mod address;

pub use address::{PAGE_SIZE, PhysAddr, VirtAddr};
