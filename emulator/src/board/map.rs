//! Where things are: the address map of QEMU's `virt` machine.

/// The address map.
pub struct MemoryMap;

impl MemoryMap {
    /// The boot ROM: the reset vector.
    pub const BOOT_ROM: u64 = 0x1000;
    /// The size of the boot ROM.
    pub const BOOT_ROM_SIZE: u64 = 0xf000;
    /// The core-local interruptor: software interrupts and timers.
    pub const CLINT: u64 = 0x200_0000;
    /// The size of the CLINT.
    pub const CLINT_SIZE: u64 = 0x1_0000;
    /// RAM.
    pub const RAM: u64 = 0x8000_0000;
}
