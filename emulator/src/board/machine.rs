//! One machine: made from a configuration, loaded with a guest, run to its end.

use super::device_tree::device_tree;
use super::host::HostInterface;
use super::{Limits, MachineConfig, MemoryMap, rom};
use crate::dev::clint::Clint;
use crate::dev::htif::HtifError;
use crate::dev::rom::Rom;
use crate::engine::{Observer, Pause, Reference};
use crate::hart::{Hart, TrapTaken};
use crate::isa::{Extension, Interrupt, Privilege};
use crate::loader::{Guest, LoadError, Piece};
use crate::mem::{Bus, Device, MapError, PhysAddr, Ram, RamError};
use crate::mmu::check::{CheckConfig, Checker};
use std::io::{Read, Write};
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

/// Why a machine could not be made or loaded.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// RAM.
    #[error(transparent)]
    Ram(#[from] RamError),
    /// The address map.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The device tree.
    #[error("the device tree cannot be made: {0}")]
    DeviceTree(#[from] vm_fdt::Error),
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

/// What ended a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The guest asked to end, with this exit code (for a test, the number of the failed check;
    /// zero is a pass).
    Exit(u64),
    /// The limit on instructions was reached.
    InstructionLimit,
    /// The limit on time was reached.
    Timeout,
    /// An observer stopped the run, which can go on.
    Break,
    /// The hart traps at the first instruction of its own trap handler, for ever.
    TrapLoop(TrapTaken),
    /// The hart waits for an interrupt, and nothing is left that could raise one.
    Asleep,
    /// The guest asked the host for something that does not exist.
    BadRequest(HtifError),
}

/// Instructions between two looks at the clock of the host and at half-written requests.
const SLICE: u64 = 20_000;

/// How often a hart that waits for console input looks for it.
const INPUT_POLL: Duration = Duration::from_millis(1);

/// A machine with one hart.
pub struct Machine {
    hart: Hart,
    bus: Bus,
    engine: Reference,
    host: Option<HostInterface>,
}

impl Machine {
    /// A machine with `guest` in its RAM, about to start. The guest's console output goes to
    /// `console`.
    pub fn new(
        config: &MachineConfig,
        guest: &mut Guest,
        console: Box<dyn Write + Send>,
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
        machine.bus.set_doorbell(doorbell);
        Ok(machine)
    }

    /// Lets the guest read from `input`, character by character. Nothing is read before the guest
    /// asks, and a guest that asks does not stop for it.
    pub fn set_console_input(&mut self, input: Box<dyn Read + Send>) {
        if let Some(host) = self.host.as_mut() {
            host.set_input(input);
        }
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
        let tree = device_tree(config, htif)?;
        let mut bus = Bus::new(ram, 1);
        let devices: [(Range<u64>, Box<dyn Device>); 2] = [
            (
                MemoryMap::BOOT_ROM,
                Box::new(Rom::new(rom::contents(entry, &tree))),
            ),
            (MemoryMap::CLINT, Box::new(Clint::new(1))),
        ];
        for (range, device) in devices {
            bus.map(range, device)?;
        }
        let mut hart = Hart::new(0, &config.hart());
        hart.pc = MemoryMap::BOOT_ROM.start;
        hart.checker = config.check.then(|| {
            Box::new(Checker::new(CheckConfig {
                svvptc: config.isa.has(Extension::Svvptc),
            }))
        });
        Ok(Self {
            hart,
            bus,
            engine: Reference::default(),
            host: None,
        })
    }

    /// The hart.
    pub fn hart(&self) -> &Hart {
        &self.hart
    }

    /// The hart, to be changed from outside.
    pub fn hart_mut(&mut self) -> &mut Hart {
        &mut self.hart
    }

    /// The bus, with RAM and devices.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The bus, to be changed from outside.
    pub fn bus_mut(&mut self) -> &mut Bus {
        &mut self.bus
    }

    /// The hart and the bus at once, to look at translation.
    pub fn hart_and_bus(&mut self) -> (&Hart, &mut Bus) {
        (&self.hart, &mut self.bus)
    }

    /// Runs until the guest ends or a limit is reached.
    pub fn run<O: Observer>(&mut self, limits: &Limits, observer: &mut O) -> Stop {
        let stop = self.run_to_stop(limits, observer);
        if let Some(host) = self.host.as_mut() {
            host.flush();
        }
        stop
    }

    fn run_to_stop<O: Observer>(&mut self, limits: &Limits, observer: &mut O) -> Stop {
        let end = limits.max_instructions.unwrap_or(u64::MAX);
        let mut slice_end = 0;
        loop {
            if self.hart.retired >= slice_end {
                slice_end = self.hart.retired.saturating_add(SLICE);
                self.bus.age_request();
            }
            if let Some(stop) = self.serve() {
                return stop;
            }
            if self.hart.retired >= end {
                return Stop::InstructionLimit;
            }
            if limits.deadline.is_some_and(|at| Instant::now() >= at) {
                return Stop::Timeout;
            }
            if let Some(stop) = self.run_slice(slice_end.min(end), observer) {
                return stop;
            }
        }
    }

    /// Runs until `end` instructions have retired, looking after timers and devices. It returns
    /// early after whatever may take long, so that the caller looks at the clock.
    fn run_slice<O: Observer>(&mut self, end: u64, observer: &mut O) -> Option<Stop> {
        while self.hart.retired < end {
            let left = end - self.hart.retired;
            let budget = left.min(self.hart.instructions_to_timer());
            let pause = self
                .engine
                .run(&mut self.hart, &mut self.bus, budget, observer);
            // Whatever the reason, this may be the instruction at which a timer fires.
            self.hart.update_timers();
            match pause {
                Pause::Budget => {}
                Pause::Break => return Some(Stop::Break),
                Pause::Attention if self.bus.has_request() => return None,
                Pause::Attention => {
                    if let Some(stop) = self.serve() {
                        return Some(stop);
                    }
                }
                Pause::Waiting if self.hart.has_wakeup() => {}
                Pause::Waiting => {
                    let goes_on = self.skip_to_timer() || self.wait_for_input();
                    return (!goes_on).then_some(Stop::Asleep);
                }
                Pause::TrapLoop(trap) => {
                    // Time goes on below M-mode, and a timer of M-mode may end it.
                    let goes_on = trap.to < Privilege::Machine && self.skip_to_timer();
                    return (!goes_on).then_some(Stop::TrapLoop(trap));
                }
            }
        }
        None
    }

    /// Lets the time pass until the next timer fires. False if none is set.
    fn skip_to_timer(&mut self) -> bool {
        let wake = self.hart.next_timer();
        if wake == u64::MAX {
            return false;
        }
        self.hart.skip_to(wake);
        true
    }

    /// Lets a waiting hart look for console input that may still come: input is no interrupt, but
    /// waiting may end at any time. False if none can come.
    fn wait_for_input(&mut self) -> bool {
        let expected = self.host.as_ref().is_some_and(HostInterface::expects_input);
        if expected {
            thread::sleep(INPUT_POLL);
            self.hart.waiting = false;
        }
        expected
    }

    /// Serves devices and the host interface.
    fn serve(&mut self) -> Option<Stop> {
        if self.bus.take_device_touched() {
            self.serve_clint();
        }
        let rung = self.bus.take_request();
        let host = self.host.as_mut()?;
        let stop = if rung {
            host.serve(&mut self.bus)
        } else {
            None
        };
        host.reply(&mut self.bus);
        stop
    }

    fn serve_clint(&mut self) {
        if let Some(clint) = self.bus.device::<Clint>() {
            let (software, compare) = (clint.msip(0), clint.mtimecmp(0));
            if let Some(time) = clint.take_mtime_write() {
                self.hart.set_mtime(time);
            }
            self.hart.set_line(Interrupt::MachineSoftware, software);
            self.hart.set_mtimecmp(compare);
        }
    }
}
