//! The device tree: what a kernel is told about the machine, from the same map that builds it.

mod soc;

use super::{MachineConfig, MemoryMap};
use crate::isa::{Extension, Isa};
use std::ops::Range;
use vm_fdt::{Error, FdtWriter};

/// Ticks of the time base per second.
const TIME_BASE: u32 = 10_000_000;
const CACHE_BLOCK: u32 = 64;
const RNG_SEED: [u8; 32] = *b"Pagewalk is the same each time. ";

/// What the device tree says besides the configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents<'a> {
    /// The machine has a host interface.
    pub(super) htif: bool,
    /// The slots of virtio devices that are taken.
    pub(super) virtio: Vec<usize>,
    /// The kernel's command line.
    pub(super) append: Option<&'a str>,
    /// Where the initial RAM disk is.
    pub(super) initrd: Option<Range<u64>>,
}

/// The flattened device tree of a machine.
pub(super) fn device_tree(
    config: &MachineConfig,
    contents: &Contents<'_>,
) -> Result<Vec<u8>, Error> {
    let mut tree = FdtWriter::new()?;
    let root = tree.begin_node("")?;
    tree.property_u32("#address-cells", 2)?;
    tree.property_u32("#size-cells", 2)?;
    tree.property_string_list(
        "compatible",
        vec!["pagewalk,virt".into(), "riscv-virtio".into()],
    )?;
    tree.property_string("model", "Pagewalk virt")?;
    chosen(&mut tree, contents)?;
    let aliases = tree.begin_node("aliases")?;
    tree.property_string("serial0", soc::SERIAL)?;
    tree.end_node(aliases)?;
    cpus(&mut tree, config)?;
    let memory = tree.begin_node(&format!("memory@{:x}", MemoryMap::RAM))?;
    tree.property_string("device_type", "memory")?;
    tree.property_array_u64("reg", &[MemoryMap::RAM, config.memory])?;
    tree.end_node(memory)?;
    soc::write(&mut tree, config, contents)?;
    if contents.htif {
        let node = tree.begin_node("htif")?;
        tree.property_string("compatible", "ucb,htif0")?;
        tree.end_node(node)?;
    }
    tree.end_node(root)?;
    tree.finish()
}

/// What the boot loader tells the kernel.
fn chosen(tree: &mut FdtWriter, contents: &Contents<'_>) -> Result<(), Error> {
    let chosen = tree.begin_node("chosen")?;
    tree.property_string("stdout-path", soc::SERIAL)?;
    // Entropy for a kernel that starts. It is the same each time, as everything is.
    tree.property("rng-seed", &RNG_SEED)?;
    if let Some(append) = contents.append {
        tree.property_string("bootargs", append)?;
    }
    if let Some(initrd) = &contents.initrd {
        tree.property_u64("linux,initrd-start", initrd.start)?;
        tree.property_u64("linux,initrd-end", initrd.end)?;
    }
    tree.end_node(chosen)
}

/// The handle of a hart's interrupt controller.
fn cpu_interrupts(hart: u32) -> u32 {
    hart + 1
}

/// The numbers of the harts.
fn harts(config: &MachineConfig) -> Range<u32> {
    0..u32::try_from(config.harts).unwrap_or(u32::MAX)
}

fn cpus(tree: &mut FdtWriter, config: &MachineConfig) -> Result<(), Error> {
    let cpus = tree.begin_node("cpus")?;
    tree.property_u32("#address-cells", 1)?;
    tree.property_u32("#size-cells", 0)?;
    tree.property_u32("timebase-frequency", TIME_BASE)?;
    for hart in harts(config) {
        cpu(tree, hart, config.ad.apply(config.isa))?;
    }
    tree.end_node(cpus)
}

fn cpu(tree: &mut FdtWriter, hart: u32, isa: Isa) -> Result<(), Error> {
    let cpu = tree.begin_node(&format!("cpu@{hart:x}"))?;
    tree.property_string("device_type", "cpu")?;
    tree.property_u32("reg", hart)?;
    tree.property_string("status", "okay")?;
    tree.property_string("compatible", "riscv")?;
    tree.property_string("riscv,isa", &isa.to_string())?;
    tree.property_string("riscv,isa-base", "rv64i")?;
    let names: Vec<String> = isa
        .extensions()
        .iter()
        .filter(|extension| !matches!(extension, Extension::S | Extension::U))
        .map(|extension| extension.name().to_string())
        .collect();
    tree.property_string_list("riscv,isa-extensions", names)?;
    if let Some(mode) = isa.widest_translation() {
        tree.property_string("mmu-type", &format!("riscv,{mode}"))?;
    }
    if isa.has(Extension::Zicbom) {
        tree.property_u32("riscv,cbom-block-size", CACHE_BLOCK)?;
    }
    if isa.has(Extension::Zicboz) {
        tree.property_u32("riscv,cboz-block-size", CACHE_BLOCK)?;
    }
    let controller = tree.begin_node("interrupt-controller")?;
    tree.property_u32("#interrupt-cells", 1)?;
    tree.property_null("interrupt-controller")?;
    tree.property_string("compatible", "riscv,cpu-intc")?;
    tree.property_phandle(cpu_interrupts(hart))?;
    tree.end_node(controller)?;
    tree.end_node(cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn htif() -> Contents<'static> {
        Contents {
            htif: true,
            ..Contents::default()
        }
    }

    #[test]
    fn the_tree_says_what_the_machine_has() {
        let tree = device_tree(&MachineConfig::default(), &htif()).unwrap();
        assert_eq!(tree[..4], 0xd00d_feed_u32.to_be_bytes());
        let room = MemoryMap::BOOT_ROM.end - MemoryMap::BOOT_ROM.start;
        assert!((tree.len() as u64) < room - 0x20, "{} bytes", tree.len());
        for text in [
            "riscv,sv57",
            "clint@2000000",
            "memory@80000000",
            "ucb,htif0",
            "zicboz",
        ] {
            let found = tree
                .windows(text.len())
                .any(|window| window == text.as_bytes());
            assert!(found, "{text} is missing");
        }
    }

    #[test]
    fn every_hart_is_in_the_tree_and_wired_to_the_clint() {
        let has = |tree: &[u8], part: &[u8]| tree.windows(part.len()).any(|window| window == part);
        for harts in [1, 2, 8] {
            let config = MachineConfig {
                harts,
                ..MachineConfig::default()
            };
            let tree = device_tree(&config, &htif()).unwrap();
            let room = MemoryMap::BOOT_ROM.end - MemoryMap::BOOT_ROM.start;
            assert!((tree.len() as u64) < room - 0x20, "{} bytes", tree.len());
            for hart in 0..=harts {
                let node = format!("cpu@{hart}\0");
                assert_eq!(has(&tree, node.as_bytes()), hart < harts, "{node}");
            }
            let wires: Vec<u8> = (1..=harts as u32)
                .flat_map(|controller| [controller, 3, controller, 7])
                .flat_map(u32::to_be_bytes)
                .collect();
            let length = (wires.len() as u32).to_be_bytes();
            let at = tree.windows(wires.len()).position(|w| w == wires).unwrap();
            assert_eq!(tree[at - 8..at - 4], length, "interrupts-extended");
        }
    }
}
