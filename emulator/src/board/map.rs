//! Where things are: the address map of QEMU's `virt` machine.

use std::ops::Range;

/// The address map.
pub struct MemoryMap;

impl MemoryMap {
    /// The boot ROM: the reset vector and the device tree.
    pub const BOOT_ROM: Range<u64> = 0x1000..0x1_0000;
    /// The test finisher, which also powers off and resets.
    pub const FINISHER: Range<u64> = 0x10_0000..0x10_1000;
    /// The real-time clock.
    pub const RTC: Range<u64> = 0x10_1000..0x10_2000;
    /// The core-local interruptor: software interrupts and timers.
    pub const CLINT: Range<u64> = 0x200_0000..0x201_0000;
    /// The supervisor software interrupts.
    pub const SSWI: Range<u64> = 0x2f0_0000..0x2f0_4000;
    /// The interrupt controller for devices.
    pub const PLIC: Range<u64> = 0xc00_0000..0xc60_0000;
    /// The serial line.
    pub const UART: Range<u64> = 0x1000_0000..0x1000_0100;
    /// Where RAM starts.
    pub const RAM: u64 = 0x8000_0000;

    /// How many virtio devices there is room for.
    pub const VIRTIO_SLOTS: usize = 8;

    /// The serial line's interrupt.
    pub const UART_LINE: u32 = 10;
    /// The real-time clock's interrupt.
    pub const RTC_LINE: u32 = 11;

    /// The registers of a virtio device.
    pub const fn virtio(slot: usize) -> Range<u64> {
        let start = 0x1000_1000 + 0x1000 * slot as u64;
        start..start + 0x1000
    }

    /// The interrupt of a virtio device.
    pub const fn virtio_line(slot: usize) -> u32 {
        1 + slot as u32
    }
}
