//! The part of the device tree that says where devices are.

use super::{Contents, cpu_interrupts, harts};
use crate::board::{MachineConfig, MemoryMap};
use crate::dev::plic;
use std::ops::Range;
use vm_fdt::{Error, FdtWriter};

/// The path of the serial line.
pub(super) const SERIAL: &str = "/soc/serial@10000000";

/// Interrupt causes as a hart's interrupt controller numbers them.
const MACHINE_SOFTWARE: u32 = 3;
const MACHINE_TIMER: u32 = 7;
const SUPERVISOR_EXTERNAL: u32 = 9;
const MACHINE_EXTERNAL: u32 = 11;

/// Handles. Those of the harts' interrupt controllers begin at 1.
const PLIC_HANDLE: u32 = 0x20;
const FINISHER_HANDLE: u32 = 0x21;

/// What the serial line's clock would be: the divisor means nothing here.
const SERIAL_CLOCK: u32 = 3_686_400;

pub(super) fn write(
    tree: &mut FdtWriter,
    config: &MachineConfig,
    contents: &Contents<'_>,
) -> Result<(), Error> {
    let soc = tree.begin_node("soc")?;
    tree.property_u32("#address-cells", 2)?;
    tree.property_u32("#size-cells", 2)?;
    tree.property_string("compatible", "simple-bus")?;
    tree.property_null("ranges")?;
    finisher(tree)?;
    device(tree, "rtc", MemoryMap::RTC, &["google,goldfish-rtc"])?
        .interrupt(tree, MemoryMap::RTC_LINE)?
        .end(tree)?;
    clint(tree, config)?;
    plic(tree, config)?;
    let serial = device(tree, "serial", MemoryMap::UART, &["ns16550a"])?;
    tree.property_u32("clock-frequency", SERIAL_CLOCK)?;
    serial.interrupt(tree, MemoryMap::UART_LINE)?.end(tree)?;
    for &slot in &contents.virtio {
        let range = MemoryMap::virtio(slot);
        device(tree, "virtio", range, &["virtio,mmio"])?
            .interrupt(tree, MemoryMap::virtio_line(slot))?
            .end(tree)?;
    }
    tree.end_node(soc)?;
    for (name, compatible, value) in [
        ("poweroff", "syscon-poweroff", 0x5555),
        ("reboot", "syscon-reboot", 0x7777),
    ] {
        let node = tree.begin_node(name)?;
        tree.property_string("compatible", compatible)?;
        tree.property_u32("regmap", FINISHER_HANDLE)?;
        tree.property_u32("offset", 0)?;
        tree.property_u32("value", value)?;
        tree.end_node(node)?;
    }
    Ok(())
}

/// A device's node that has been begun.
struct Node(vm_fdt::FdtWriterNode);

fn device(
    tree: &mut FdtWriter,
    name: &str,
    range: Range<u64>,
    compatible: &[&str],
) -> Result<Node, Error> {
    let node = tree.begin_node(&format!("{name}@{:x}", range.start))?;
    let compatible = compatible.iter().map(ToString::to_string).collect();
    tree.property_string_list("compatible", compatible)?;
    tree.property_array_u64("reg", &[range.start, range.end - range.start])?;
    Ok(Node(node))
}

impl Node {
    /// The device has an interrupt line.
    fn interrupt(self, tree: &mut FdtWriter, line: u32) -> Result<Self, Error> {
        tree.property_u32("interrupt-parent", PLIC_HANDLE)?;
        tree.property_u32("interrupts", line)?;
        Ok(self)
    }

    fn end(self, tree: &mut FdtWriter) -> Result<(), Error> {
        tree.end_node(self.0)
    }
}

fn finisher(tree: &mut FdtWriter) -> Result<(), Error> {
    let compatible = ["sifive,test1", "sifive,test0", "syscon"];
    let node = device(tree, "test", MemoryMap::FINISHER, &compatible)?;
    tree.property_phandle(FINISHER_HANDLE)?;
    node.end(tree)
}

fn clint(tree: &mut FdtWriter, config: &MachineConfig) -> Result<(), Error> {
    let compatible = ["sifive,clint0", "riscv,clint0"];
    let node = device(tree, "clint", MemoryMap::CLINT, &compatible)?;
    extended(tree, config, [MACHINE_SOFTWARE, MACHINE_TIMER])?;
    node.end(tree)
}

fn plic(tree: &mut FdtWriter, config: &MachineConfig) -> Result<(), Error> {
    let compatible = ["sifive,plic-1.0.0", "riscv,plic0"];
    let node = device(
        tree,
        "interrupt-controller",
        MemoryMap::PLIC,
        &compatible,
    )?;
    tree.property_u32("#address-cells", 0)?;
    tree.property_u32("#interrupt-cells", 1)?;
    tree.property_null("interrupt-controller")?;
    extended(tree, config, [MACHINE_EXTERNAL, SUPERVISOR_EXTERNAL])?;
    tree.property_u32("riscv,ndev", plic::SOURCES as u32)?;
    tree.property_phandle(PLIC_HANDLE)?;
    node.end(tree)
}

/// The interrupts of each hart that a device raises.
fn extended(
    tree: &mut FdtWriter,
    config: &MachineConfig,
    causes: [u32; 2],
) -> Result<(), Error> {
    let interrupts: Vec<u32> = harts(config)
        .map(cpu_interrupts)
        .flat_map(|controller| causes.map(|cause| [controller, cause]))
        .flatten()
        .collect();
    tree.property_array_u32("interrupts-extended", &interrupts)
}
