//! One machine: made from a configuration and loaded with a guest.

use super::device_tree::device_tree;
use super::host::HostInterface;
use super::turns::Turns;
use super::{MAX_HARTS, MachineConfig, MemoryMap, rom};
use crate::dev::clint::Clint;
use crate::dev::console::{Input, Shared, Stream};
use crate::dev::rom::Rom;
use crate::engine::Reference;
use crate::hart::Hart;
use crate::isa::Extension;
use crate::loader::{Guest, LoadError, Piece};
use crate::mem::{Bus, Device, MapError, PhysAddr, Ram, RamError};
use crate::mmu::TlbConfigError;
use crate::mmu::check::{CheckConfig, Checker};
use std::io::Write;
use std::ops::Range;

/// Why a machine could not be made or loaded.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The number of harts.
    #[error("a machine has 1 to {MAX_HARTS} harts, not {0}")]
    Harts(usize),
    /// RAM.
    #[error(transparent)]
    Ram(#[from] RamError),
    /// The address map.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The device tree.
    #[error("the device tree cannot be made: {0}")]
    DeviceTree(#[from] vm_fdt::Error),
    /// The shape of the TLB.
    #[error(transparent)]
    Tlb(#[from] TlbConfigError),
    /// The guest.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The guest was compiled for more than the hart has.
    #[error("{guest}: uses compressed instructions, but the ISA {isa} has none")]
    NeedsCompressed {
        /// The guest's file.
        guest: String,
        /// The machine's ISA.
        isa: String,
    },
}

/// A machine.
pub struct Machine {
    /// At least one.
    pub(super) harts: Vec<Hart>,
    /// One for each hart.
    pub(super) engines: Vec<Reference>,
    pub(super) turns: Turns,
    pub(super) bus: Bus,
    pub(super) host: Option<HostInterface>,
}

impl Machine {
    /// A machine with `guest` in its RAM, about to start. The guest's console output goes to
    /// `output`, and there is no input.
    pub fn new(
        config: &MachineConfig,
        guest: &mut Guest,
        output: Box<dyn Write + Send>,
    ) -> Result<Self, BuildError> {
        let console = Shared::new(Stream::new(output, Input::None));
        Self::with_console(config, guest, console)
    }

    /// A machine with `guest` in its RAM, about to start, and this console.
    pub fn with_console(
        config: &MachineConfig,
        guest: &mut Guest,
        console: Shared,
    ) -> Result<Self, BuildError> {
        if guest.needs_compressed() && !config.isa.has(Extension::Zca) {
            return Err(BuildError::NeedsCompressed {
                guest: guest.name().into(),
                isa: config.isa.to_string(),
            });
        }
        let mut ram = Self::ram(config)?;
        guest.place(ram.range())?;
        guest.load(|at, piece| {
            // Fresh RAM is zero already. Placing checked that every piece lies in RAM.
            if let Piece::Bytes(bytes) = piece
                && let Some(place) = ram.slice_mut(PhysAddr(at), bytes.len() as u64)
            {
                place.copy_from_slice(bytes);
            }
        })?;
        let mut machine = Self::assemble(config, ram, guest.entry(), guest.tohost().is_some())?;
        machine.host = HostInterface::new(guest, console);
        let doorbell = machine.host.as_ref().map(HostInterface::tohost);
        machine.bus.memory_mut().set_doorbell(doorbell);
        Ok(machine)
    }

    /// A machine with nothing in its RAM, which starts at `entry`. What runs on it is put there
    /// through [`Machine::bus_mut`].
    pub fn empty(config: &MachineConfig, entry: u64) -> Result<Self, BuildError> {
        Self::assemble(config, Self::ram(config)?, entry, false)
    }

    fn ram(config: &MachineConfig) -> Result<Ram, RamError> {
        Ram::new(PhysAddr(MemoryMap::RAM), config.memory)
    }

    /// Puts the parts together.
    fn assemble(
        config: &MachineConfig,
        ram: Ram,
        entry: u64,
        htif: bool,
    ) -> Result<Self, BuildError> {
        let count = config.harts;
        if !(1..=MAX_HARTS).contains(&count) {
            return Err(BuildError::Harts(count));
        }
        config.tlb.check()?;
        let tree = device_tree(config, htif)?;
        let mut bus = Bus::new(ram, count);
        let devices: [(Range<u64>, Box<dyn Device>); 2] = [
            (
                MemoryMap::BOOT_ROM,
                Box::new(Rom::new(rom::contents(entry, &tree))),
            ),
            (MemoryMap::CLINT, Box::new(Clint::new(count))),
        ];
        for (range, device) in devices {
            bus.map(range, None, device)?;
        }
        let mut harts: Vec<Hart> = (0..count).map(|id| Hart::new(id, &config.hart())).collect();
        for hart in &mut harts {
            hart.pc = MemoryMap::BOOT_ROM.start;
        }
        // The first turn is hart 0's.
        harts[0].checker = config.check.then(|| {
            Box::new(Checker::new(CheckConfig {
                svvptc: config.isa.has(Extension::Svvptc),
            }))
        });
        Ok(Self {
            harts,
            engines: (0..count).map(|_| Reference::default()).collect(),
            turns: Turns::new(count),
            bus,
            host: None,
        })
    }

    /// The harts, by their numbers.
    pub fn harts(&self) -> &[Hart] {
        &self.harts
    }

    /// The harts, to be changed from outside.
    pub fn harts_mut(&mut self) -> &mut [Hart] {
        &mut self.harts
    }

    /// Hart 0.
    pub fn hart(&self) -> &Hart {
        &self.harts[0]
    }

    /// Hart 0, to be changed from outside.
    pub fn hart_mut(&mut self) -> &mut Hart {
        &mut self.harts[0]
    }

    /// The sanitizer, if the machine has one.
    pub fn checker(&self) -> Option<&Checker> {
        self.harts[self.turns.hart].checker.as_deref()
    }

    /// The sanitizer, to be changed from outside.
    pub fn checker_mut(&mut self) -> Option<&mut Checker> {
        self.harts[self.turns.hart].checker.as_deref_mut()
    }

    /// Instructions that all harts together have retired since reset.
    pub fn instructions(&self) -> u64 {
        self.harts
            .iter()
            .fold(0, |sum, hart| hart.retired.saturating_add(sum))
    }

    /// The bus, with RAM and devices.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The bus, to be changed from outside.
    pub fn bus_mut(&mut self) -> &mut Bus {
        &mut self.bus
    }

    /// A hart and the bus at once, to look at translation; `None` if there is no such hart.
    pub fn hart_and_bus(&mut self, hart: usize) -> Option<(&Hart, &mut Bus)> {
        Some((self.harts.get(hart)?, &mut self.bus))
    }
}
