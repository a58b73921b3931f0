//! One machine: made from a configuration and loaded with a guest.

use super::device_tree::{Contents, device_tree};
use super::host::HostInterface;
use super::rom::Stages;
use super::turns::Turns;
use super::{MAX_HARTS, MachineConfig, MemoryMap, rom};
use crate::dev::clint::Clint;
use crate::dev::console::{Input, Nowhere, Shared, Stream};
use crate::dev::finisher::Finisher;
use crate::dev::plic::Plic;
use crate::dev::rom::Rom;
use crate::dev::rtc::Rtc;
use crate::dev::sswi::Sswi;
use crate::dev::uart::Uart;
use crate::dev::virtio::{Mmio, VirtioDevice};
use crate::engine::Engine;
use crate::hart::Hart;
use crate::isa::Extension;
use crate::loader::{Guest, LoadError, Piece};
use crate::mem::{Bus, Device, MapError, PhysAddr, Ram, RamError};
use crate::mmu::TlbConfigError;
use crate::mmu::check::{CheckConfig, Checker};
use std::io::Write;
use std::iter;
use std::time::Instant;

/// Why a machine could not be made or loaded.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The number of harts.
    #[error("a machine has 1 to {MAX_HARTS} harts, not {0}")]
    Harts(usize),
    /// The number of virtio devices.
    #[error("there is room for {room} virtio devices, the entropy device among them, not {0}", room = MemoryMap::VIRTIO_SLOTS)]
    VirtioDevices(usize),
    /// RAM.
    #[error(transparent)]
    Ram(#[from] RamError),
    /// The address map.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The device tree.
    #[error("the device tree cannot be made: {0}")]
    DeviceTree(#[from] vm_fdt::Error),
    /// A device tree from a file, with a guest that gets it in the boot ROM.
    #[error("the device tree of {0} bytes does not fit the boot ROM, which has room for {1}")]
    DeviceTreeTooLarge(usize, usize),
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
    pub(super) engine: Engine,
    pub(super) turns: Turns,
    pub(super) bus: Bus,
    pub(super) host: Option<HostInterface>,
    /// The console, which the serial line and the host interface share.
    pub(super) console: Shared,
    pub(super) more_consoles: Vec<Shared>,
    /// When a device next has something to do by itself.
    pub(super) device_deadline: u64,
    /// The interrupt lines of the devices, when they were last looked at.
    pub(super) lines: Vec<(u32, bool)>,
    pub(super) config: MachineConfig,
    /// When the machine was made, in the host's time.
    pub(super) started: Instant,
    tree: Vec<u8>,
    /// Where the device tree is, if it is in RAM.
    tree_in_ram: Option<u64>,
    /// Instructions retired before the last reset.
    before_reset: u64,
}

/// What a machine has of the host: consoles, disks, networks.
pub struct Host {
    /// The console of the serial line and the host interface.
    pub console: Shared,
    /// Virtio devices, from slot 0 on.
    pub virtio: Vec<Box<dyn VirtioDevice>>,
    /// Consoles that virtio devices have: a run ends when one of them cannot show what is printed.
    pub more_consoles: Vec<Shared>,
}

impl Host {
    /// A console and nothing else.
    pub fn new(console: Shared) -> Self {
        Self {
            console,
            virtio: Vec::new(),
            more_consoles: Vec::new(),
        }
    }
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
        Self::with_host(config, guest, Host::new(console))
    }

    /// A machine with `guest` in its RAM, about to start, and these parts of the host.
    pub fn with_host(
        config: &MachineConfig,
        guest: &mut Guest,
        host: Host,
    ) -> Result<Self, BuildError> {
        if guest.needs_compressed() && !config.isa.has(Extension::Zca) {
            return Err(BuildError::NeedsCompressed {
                guest: guest.name().into(),
                isa: config.isa.to_string(),
            });
        }
        let ram = Self::ram(config)?;
        guest.place(ram.range())?;
        let console = host.console.clone();
        let mut machine = Self::assemble(config, ram, guest.entry(), Some(guest), host)?;
        machine.load(guest, true)?;
        machine.host = HostInterface::new(guest, console);
        let doorbell = machine.host.as_ref().map(HostInterface::tohost);
        machine.bus.memory_mut().set_doorbell(doorbell);
        Ok(machine)
    }

    /// Puts a guest and the device tree into RAM.
    fn load(&mut self, guest: &Guest, fresh: bool) -> Result<(), LoadError> {
        let ram = self.bus.ram_mut();
        // Placing checked that every piece lies in RAM.
        guest.load(|at, piece| match piece {
            Piece::Bytes(bytes) => {
                if let Some(place) = ram.slice_mut(PhysAddr(at), bytes.len() as u64) {
                    place.copy_from_slice(bytes);
                }
            }
            // Fresh RAM is zero already.
            Piece::Zero(_) if fresh => {}
            Piece::Zero(length) => {
                if let Some(place) = ram.slice_mut(PhysAddr(at), length) {
                    place.fill(0);
                }
            }
        })?;
        if let Some(at) = self.tree_in_ram
            && let Some(place) = ram.slice_mut(PhysAddr(at), self.tree.len() as u64)
        {
            place.copy_from_slice(&self.tree);
        }
        Ok(())
    }

    /// Starts again, as after power-on, with the guest that the machine was made with. What the
    /// guest left in RAM stays, where nothing is loaded, and so does what it has changed outside
    /// the machine. Time goes on.
    pub fn reset(&mut self, guest: &Guest) -> Result<(), BuildError> {
        self.before_reset = self.instructions();
        let clock = self.harts[self.turns.hart].clock();
        let checker = self.harts[self.turns.hart].checker.take();
        self.harts = Self::harts_after_reset(&self.config);
        if let Some(mut checker) = checker {
            checker.restart();
            self.harts[0].checker = Some(checker);
        }
        self.engine = Engine::new(self.config.engine, self.harts.len());
        self.turns = Turns::new(self.harts.len());
        self.bus.reset();
        self.load(guest, false)?;
        self.host = HostInterface::new(guest, self.console.clone());
        self.turns.begin_at(&mut self.harts, clock);
        Ok(())
    }

    /// The device tree of a machine that is not made: with so many virtio devices, and perhaps a
    /// guest; `append` is the kernel's command line.
    pub fn device_tree_of(
        config: &MachineConfig,
        guest: Option<&mut Guest>,
        append: Option<&str>,
        virtio: usize,
    ) -> Result<Vec<u8>, BuildError> {
        let mut placed = None;
        if let Some(guest) = guest {
            guest.place(Self::ram(config)?.range())?;
            placed = Some(&*guest);
        }
        Self::tree(config, placed, append, virtio)
    }

    /// The device tree that the guest gets.
    pub fn device_tree(&self) -> &[u8] {
        &self.tree
    }

    /// A machine with nothing in its RAM, which starts at `entry`. What runs on it is put there
    /// through [`Machine::bus_mut`].
    pub fn empty(config: &MachineConfig, entry: u64) -> Result<Self, BuildError> {
        let host = Host::new(Shared::new(Nowhere));
        Self::assemble(config, Self::ram(config)?, entry, None, host)
    }

    fn ram(config: &MachineConfig) -> Result<Ram, RamError> {
        Ram::new(PhysAddr(MemoryMap::RAM), config.memory)
    }

    /// Puts the parts together.
    fn assemble(
        config: &MachineConfig,
        ram: Ram,
        entry: u64,
        guest: Option<&Guest>,
        host: Host,
    ) -> Result<Self, BuildError> {
        let count = config.harts;
        if !(1..=MAX_HARTS).contains(&count) {
            return Err(BuildError::Harts(count));
        }
        config.tlb.check()?;
        let append = guest.and_then(Guest::append);
        let tree = Self::tree(config, guest, append, host.virtio.len())?;
        let mut tree_in_ram = None;
        let rom = if let Some(guest) = guest
            && let Some(next) = guest.next_stage()
        {
            let device_tree = guest.device_tree_place(ram.range(), tree.len() as u64)?;
            tree_in_ram = Some(device_tree);
            rom::for_firmware(entry, Stages { next, device_tree })
        } else if tree.len() <= rom::room() {
            rom::for_program(entry, &tree)
        } else {
            return Err(BuildError::DeviceTreeTooLarge(tree.len(), rom::room()));
        };
        let mut bus = Bus::new(ram, count);
        let uart = Uart::new(Box::new(host.console.clone()));
        let rtc = Rtc::new(config.date);
        let mut put = |range, line, device: Box<dyn Device>| bus.map(range, line, device);
        put(MemoryMap::BOOT_ROM, None, Box::new(Rom::new(rom)))?;
        put(MemoryMap::FINISHER, None, Box::new(Finisher::new()))?;
        put(MemoryMap::RTC, Some(MemoryMap::RTC_LINE), Box::new(rtc))?;
        put(MemoryMap::CLINT, None, Box::new(Clint::new(count)))?;
        put(MemoryMap::SSWI, None, Box::new(Sswi::new(count)))?;
        put(MemoryMap::PLIC, None, Box::new(Plic::new(count)))?;
        put(MemoryMap::UART, Some(MemoryMap::UART_LINE), Box::new(uart))?;
        let taken = host.virtio.into_iter().map(Mmio::new);
        let empty = iter::repeat_with(Mmio::empty);
        let slots = taken.chain(empty).take(MemoryMap::VIRTIO_SLOTS);
        for (slot, device) in slots.enumerate() {
            let line = Some(MemoryMap::virtio_line(slot));
            put(MemoryMap::virtio(slot), line, Box::new(device))?;
        }
        Ok(Self {
            harts: Self::harts_after_reset(config),
            engine: Engine::new(config.engine, count),
            turns: Turns::new(count),
            device_deadline: bus.deadline(),
            lines: Vec::new(),
            bus,
            host: None,
            tree,
            tree_in_ram,
            console: host.console,
            more_consoles: host.more_consoles,
            config: config.clone(),
            started: Instant::now(),
            before_reset: 0,
        })
    }

    /// The device tree that a guest gets: the board's, unless the user gave another.
    fn tree(
        config: &MachineConfig,
        guest: Option<&Guest>,
        append: Option<&str>,
        virtio: usize,
    ) -> Result<Vec<u8>, BuildError> {
        if virtio > MemoryMap::VIRTIO_SLOTS {
            return Err(BuildError::VirtioDevices(virtio));
        }
        if let Some(tree) = guest.and_then(Guest::dtb) {
            return Ok(tree.to_vec());
        }
        let contents = Contents {
            htif: guest.is_some_and(|guest| guest.tohost().is_some()),
            virtio: (0..virtio).collect(),
            append,
            initrd: guest.and_then(Guest::initrd),
        };
        Ok(device_tree(config, &contents)?)
    }

    fn harts_after_reset(config: &MachineConfig) -> Vec<Hart> {
        let harts = 0..config.harts;
        let mut harts: Vec<Hart> = harts.map(|id| Hart::new(id, &config.hart())).collect();
        for hart in &mut harts {
            hart.pc = MemoryMap::BOOT_ROM.start;
        }
        // The first turn is hart 0's.
        harts[0].checker = config.check.then(|| {
            Box::new(Checker::new(CheckConfig {
                svvptc: config.isa.has(Extension::Svvptc),
            }))
        });
        harts
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

    /// Instructions that all harts together have retired since the machine was made.
    pub fn instructions(&self) -> u64 {
        self.harts.iter().fold(self.before_reset, |sum, hart| {
            hart.retired.saturating_add(sum)
        })
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
