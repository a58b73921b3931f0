//! virtio-mmio, version 2: a device as registers in memory (section 4.2).

use super::queue::VirtQueue;
use super::{
    Malformed, QueueState, Queues, RING_EVENT_IDX, RING_INDIRECT_DESC, VERSION_1, VirtioDevice,
};
use crate::mem::{AccessError, Device, Memory};
use serde::{Deserialize, Serialize};

/// "virt", little-endian.
const MAGIC: u32 = 0x7472_6976;
const VERSION: u32 = 2;
/// The vendor that drivers of this board's devices know; xv6 insists on it.
const VENDOR: u32 = 0x554d_4551;

const SIZE: u64 = 0x1000;
/// Where the device's own configuration space starts.
const CONFIG: u64 = 0x100;

/// The registers' offsets.
mod register {
    pub(super) const MAGIC_VALUE: u64 = 0x000;
    pub(super) const VERSION: u64 = 0x004;
    pub(super) const DEVICE_ID: u64 = 0x008;
    pub(super) const VENDOR_ID: u64 = 0x00c;
    pub(super) const DEVICE_FEATURES: u64 = 0x010;
    pub(super) const DEVICE_FEATURES_SEL: u64 = 0x014;
    pub(super) const DRIVER_FEATURES: u64 = 0x020;
    pub(super) const DRIVER_FEATURES_SEL: u64 = 0x024;
    pub(super) const QUEUE_SEL: u64 = 0x030;
    pub(super) const QUEUE_NUM_MAX: u64 = 0x034;
    pub(super) const QUEUE_NUM: u64 = 0x038;
    pub(super) const QUEUE_READY: u64 = 0x044;
    pub(super) const QUEUE_NOTIFY: u64 = 0x050;
    pub(super) const INTERRUPT_STATUS: u64 = 0x060;
    pub(super) const INTERRUPT_ACK: u64 = 0x064;
    pub(super) const STATUS: u64 = 0x070;
    pub(super) const QUEUE_DESC_LOW: u64 = 0x080;
    pub(super) const QUEUE_DESC_HIGH: u64 = 0x084;
    pub(super) const QUEUE_DRIVER_LOW: u64 = 0x090;
    pub(super) const QUEUE_DRIVER_HIGH: u64 = 0x094;
    pub(super) const QUEUE_DEVICE_LOW: u64 = 0x0a0;
    pub(super) const QUEUE_DEVICE_HIGH: u64 = 0x0a4;
    pub(super) const SHM_LEN_LOW: u64 = 0x0b0;
    pub(super) const SHM_LEN_HIGH: u64 = 0x0b4;
    pub(super) const SHM_BASE_LOW: u64 = 0x0b8;
    pub(super) const SHM_BASE_HIGH: u64 = 0x0bc;
}

/// Bits of the device status (section 2.1).
pub(super) mod status {
    pub(in super::super) const FEATURES_OK: u32 = 8;
    pub(in super::super) const DRIVER_OK: u32 = 4;
    pub(in super::super) const NEEDS_RESET: u32 = 64;
    pub(in super::super) const FAILED: u32 = 128;
    /// What a driver can set.
    pub(in super::super) const OF_DRIVER: u32 = 1 | 2 | DRIVER_OK | FEATURES_OK | FAILED;
}

/// Bits of the interrupt status.
const USED_BUFFER: u32 = 1;
const CONFIG_CHANGE: u32 = 2;

/// A slot of the board for a virtio device, with or without one.
pub struct Mmio {
    device: Option<Box<dyn VirtioDevice>>,
    queues: Vec<VirtQueue>,
    registers: Registers,
    /// When the device last worked.
    worked: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Registers {
    status: u32,
    interrupt: u32,
    device_features_select: u32,
    driver_features_select: u32,
    driver_features: u64,
    queue_select: u32,
    /// Queues of which the driver has said that there is something in them, a bit for each.
    notified: u64,
}

/// The state of a slot and its device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MmioState {
    registers: Registers,
    queues: Vec<QueueState>,
    device: serde_json::Value,
}

impl Mmio {
    /// A slot with a device.
    pub fn new(device: Box<dyn VirtioDevice>) -> Self {
        let sizes = device.queue_sizes().iter();
        Self {
            queues: sizes.map(|size| VirtQueue::new(*size)).collect(),
            device: Some(device),
            registers: Registers::default(),
            worked: 0,
        }
    }

    /// A slot with nothing in it.
    pub fn empty() -> Self {
        Self {
            device: None,
            queues: Vec::new(),
            registers: Registers::default(),
            worked: 0,
        }
    }

    /// The slot's state and its device's.
    pub fn state(&self) -> MmioState {
        let device = self.device.as_ref().map(|device| device.state());
        MmioState {
            registers: self.registers.clone(),
            queues: self.queues.iter().map(VirtQueue::state).collect(),
            device: device.unwrap_or_default(),
        }
    }

    /// Takes a state back, which was that of the same kind of device.
    pub fn set_state(&mut self, state: MmioState) {
        self.registers = state.registers;
        for (queue, state) in self.queues.iter_mut().zip(state.queues) {
            queue.set_state(state);
        }
        if let Some(device) = &mut self.device {
            device.set_state(&state.device);
        }
    }

    /// What the device and its rings offer. The device is not behind an IOMMU, and a single
    /// queue cannot be reset.
    fn features(&self) -> u64 {
        let own = self.device.as_ref().map_or(0, |device| device.features());
        own | RING_INDIRECT_DESC | RING_EVENT_IDX | VERSION_1
    }

    fn is_running(&self) -> bool {
        let stopped = status::NEEDS_RESET | status::FAILED;
        self.registers.status & (status::DRIVER_OK | stopped) == status::DRIVER_OK
    }

    fn queue(&mut self) -> Option<&mut VirtQueue> {
        self.queues.get_mut(self.registers.queue_select as usize)
    }

    fn read_register(&mut self, device: u32, offset: u64) -> u32 {
        use register::*;
        let features = self.features();
        match offset {
            MAGIC_VALUE => MAGIC,
            register::VERSION => self::VERSION,
            DEVICE_ID => device,
            VENDOR_ID => VENDOR,
            DEVICE_FEATURES => half(features, self.registers.device_features_select),
            QUEUE_NUM_MAX => self.queue().map_or(0, |queue| queue.most.into()),
            QUEUE_READY => self
                .queue()
                .is_some_and(|queue| queue.registers.ready)
                .into(),
            INTERRUPT_STATUS => self.registers.interrupt,
            STATUS => self.registers.status,
            // No shared memory: a length of -1, and a base that means nothing.
            SHM_LEN_LOW | SHM_LEN_HIGH | SHM_BASE_LOW | SHM_BASE_HIGH => u32::MAX,
            // Among them the configuration's generation, which never changes by itself, and
            // the reset of a single queue, which is not offered.
            _ => 0,
        }
    }

    fn write_register(&mut self, offset: u64, value: u32) {
        use register::*;
        match offset {
            DEVICE_FEATURES_SEL => self.registers.device_features_select = value,
            DRIVER_FEATURES_SEL => self.registers.driver_features_select = value,
            DRIVER_FEATURES => self.write_features(value),
            QUEUE_SEL => self.registers.queue_select = value,
            QUEUE_READY => {
                if let Some(queue) = self.queue() {
                    queue.set_ready(value & 1 != 0);
                }
            }
            QUEUE_NOTIFY => {
                if (value as usize) < self.queues.len() {
                    self.registers.notified |= 1u64.checked_shl(value).unwrap_or(0);
                }
            }
            INTERRUPT_ACK => self.registers.interrupt &= !value,
            STATUS => self.write_status(value),
            _ => self.write_queue(offset, value),
        }
    }

    /// The registers that describe a queue. They are fixed while it is ready.
    fn write_queue(&mut self, offset: u64, value: u32) {
        use register::*;
        let Some(queue) = self.queue().filter(|queue| !queue.registers.ready) else {
            return;
        };
        let registers = &mut queue.registers;
        match offset {
            QUEUE_NUM => registers.size = value,
            QUEUE_DESC_LOW => set_half(&mut registers.descriptors, 0, value),
            QUEUE_DESC_HIGH => set_half(&mut registers.descriptors, 1, value),
            QUEUE_DRIVER_LOW => set_half(&mut registers.driver, 0, value),
            QUEUE_DRIVER_HIGH => set_half(&mut registers.driver, 1, value),
            QUEUE_DEVICE_LOW => set_half(&mut registers.device, 0, value),
            QUEUE_DEVICE_HIGH => set_half(&mut registers.device, 1, value),
            _ => {}
        }
    }

    fn write_features(&mut self, value: u32) {
        // Once they are agreed upon they stay (section 3.1.1).
        if self.registers.status & status::FEATURES_OK == 0 {
            let select = self.registers.driver_features_select;
            set_half(&mut self.registers.driver_features, select, value);
        }
    }

    /// A driver sets bits one after the other. It clears none, except all of them, for a reset.
    fn write_status(&mut self, value: u32) {
        if value == 0 {
            self.reset_device();
            return;
        }
        let mut new = value & status::OF_DRIVER & !self.registers.status;
        let unknown = self.registers.driver_features & !self.features();
        if new & status::FEATURES_OK != 0 && unknown != 0 {
            // VERSION_1 is not asked for. Section 6.2 leaves it to the device, and xv6 does not
            // accept it; its driver does what the version wants all the same.
            self.warn(format_args!(
                "the driver accepts features that are not offered: {unknown:#x}"
            ));
            new &= !status::FEATURES_OK;
        }
        self.registers.status |= new;
    }

    fn warn(&self, what: std::fmt::Arguments<'_>) {
        if let Some(device) = &self.device {
            log::warn!(target: device.log_target(), "{}: {what}", device.name());
        }
    }

    fn reset_device(&mut self) {
        self.registers = Registers::default();
        for queue in &mut self.queues {
            *queue = VirtQueue::new(queue.most);
        }
        if let Some(device) = &mut self.device {
            device.reset();
        }
    }

    /// The device waits for a reset and says so.
    fn stop(&mut self, malformed: Malformed) {
        self.warn(format_args!("needs a reset: {malformed}"));
        self.registers.status |= status::NEEDS_RESET;
        self.registers.interrupt |= CONFIG_CHANGE;
    }
}

/// The low or the high half of a value of 64 bits; beyond it there is nothing.
fn half(value: u64, select: u32) -> u32 {
    match select {
        0 => value as u32,
        1 => (value >> 32) as u32,
        _ => 0,
    }
}

fn set_half(value: &mut u64, select: u32, half: u32) {
    match select {
        0 => *value = *value & !0xffff_ffff | u64::from(half),
        1 => *value = *value & 0xffff_ffff | u64::from(half) << 32,
        _ => {}
    }
}

/// Registers are four bytes; the device's configuration can be read in any size.
fn check(offset: u64, size: u8) -> Result<(), AccessError> {
    let fits = match offset {
        CONFIG..SIZE => matches!(size, 1 | 2 | 4 | 8),
        0..CONFIG => size == 4,
        _ => false,
    };
    let aligned = size != 0 && offset.is_multiple_of(size.into());
    (fits && aligned).then_some(()).ok_or(AccessError)
}

impl Device for Mmio {
    fn name(&self) -> &'static str {
        self.device
            .as_ref()
            .map_or("virtio-mmio", |device| device.name())
    }

    fn read(&mut self, offset: u64, size: u8, _now: u64) -> Result<u64, AccessError> {
        check(offset, size)?;
        let Some(device) = &self.device else {
            return Ok(match offset {
                register::MAGIC_VALUE => MAGIC.into(),
                register::VERSION => VERSION.into(),
                _ => 0,
            });
        };
        if offset < CONFIG {
            let id = device.id();
            return Ok(self.read_register(id, offset).into());
        }
        let mut bytes = [0; 8];
        device.read_config(offset - CONFIG, &mut bytes[..size.into()]);
        Ok(u64::from_le_bytes(bytes))
    }

    fn write(&mut self, offset: u64, size: u8, value: u64, _now: u64) -> Result<(), AccessError> {
        check(offset, size)?;
        let Some(device) = &mut self.device else {
            return Ok(());
        };
        if offset < CONFIG {
            self.write_register(offset, value as u32);
        } else {
            let bytes = value.to_le_bytes();
            device.write_config(offset - CONFIG, &bytes[..size.into()]);
        }
        Ok(())
    }

    fn interrupt(&self) -> bool {
        self.registers.interrupt != 0
    }

    fn work(&mut self, memory: &mut Memory, now: u64) {
        if !self.is_running() {
            return;
        }
        let Some(device) = &mut self.device else {
            return;
        };
        self.worked = now;
        let registers = &mut self.registers;
        let mut queues = Queues::new(
            &mut self.queues,
            memory,
            registers.driver_features,
            registers.notified,
        );
        device.process(&mut queues, now);
        let outcome = queues.end();
        registers.notified = outcome.more;
        if outcome.interrupt {
            registers.interrupt |= USED_BUFFER;
        }
        if let Some(malformed) = outcome.malformed {
            self.stop(malformed);
        }
    }

    fn deadline(&self) -> Option<u64> {
        if !self.is_running() {
            None
        } else if self.registers.notified != 0 {
            // Not now: a driver that gives endless work gets on, too.
            Some(self.worked.saturating_add(1))
        } else {
            self.device.as_ref()?.deadline()
        }
    }

    fn expects_host(&self) -> bool {
        let device = self.device.as_ref();
        self.is_running() && device.is_some_and(|device| device.expects_host())
    }

    fn reset(&mut self) {
        self.reset_device();
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
