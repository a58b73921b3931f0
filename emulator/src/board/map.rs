//! Where things are: the address map of QEMU's `virt` machine.

use std::ops::Range;

/// The address map.
pub struct MemoryMap;

impl MemoryMap {
    /// The boot ROM: the reset vector and the device tree.
    pub const BOOT_ROM: Range<u64> = 0x1000..0x1_0000;
    /// The core-local interruptor: software interrupts and timers.
    pub const CLINT: Range<u64> = 0x200_0000..0x201_0000;
    /// Where RAM starts.
    pub const RAM: u64 = 0x8000_0000;
}
