//! Guest memory: addresses, RAM and the physical bus.

mod address;
mod bus;
mod decoded;
mod device;
mod flags;
mod memory;
mod ram;
mod ring;
mod tape;

pub use address::{PAGE_SIZE, PhysAddr, VirtAddr};
pub use bus::{Bus, MapError};
pub use device::{AccessError, Device, MachineRequest};
pub use flags::PageFlags;
pub use memory::{Memory, Store, WordChange};
pub use ram::{Ram, RamError};
pub use ring::RingMemory;
pub use tape::DeviceAccess;
