//! One machine: made from a configuration, loaded with a guest, run to its end.

use super::device_tree::device_tree;
use super::input::Input;
use super::{Limits, MachineConfig, MemoryMap, rom};
use crate::dev::clint::Clint;
use crate::dev::htif::{Htif, HtifError, HtifEvent, HtifMemory};
use crate::dev::rom::Rom;
use crate::engine::{Observer, Pause, Reference};
use crate::hart::{Hart, TrapTaken};
use crate::isa::{Extension, Interrupt};
use crate::loader::{Guest, LoadError, Piece};
use crate::mem::{Bus, Device, MapError, PhysAddr, Ram, RamError};
use std::io::{Read, Write};
use std::ops::Range;
use std::time::Instant;

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
    /// The hart traps at the first instruction of its own trap handler, for ever.
    TrapLoop(TrapTaken),
    /// The hart waits for an interrupt, and nothing is left that could raise one.
    Asleep,
    /// The guest asked the host for something that does not exist.
    BadRequest(HtifError),
}

/// Instructions between two looks at the clock of the host and at half-written requests.
const SLICE: u64 = 20_000;

/// A machine with one hart.
pub struct Machine {
    hart: Hart,
    bus: Bus,
    engine: Reference,
    htif: Option<HostInterface>,
}

/// The host interface and where it sits in the guest's memory.
struct HostInterface {
    device: Htif,
    tohost: PhysAddr,
    fromhost: Option<PhysAddr>,
    input: Option<Input>,
}

/// The guest's RAM as the host interface reaches it.
struct GuestMemory<'a>(&'a mut Ram);

impl HtifMemory for GuestMemory<'_> {
    fn read(&mut self, at: PhysAddr, bytes: &mut [u8]) -> bool {
        match self.0.slice(at, bytes.len() as u64) {
            Some(found) => {
                bytes.copy_from_slice(found);
                true
            }
            None => false,
        }
    }

    fn write(&mut self, at: PhysAddr, bytes: &[u8]) -> bool {
        match self.0.slice_mut(at, bytes.len() as u64) {
            Some(place) => {
                place.copy_from_slice(bytes);
                true
            }
            None => false,
        }
    }
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
        if let Some(tohost) = guest.tohost() {
            machine.bus.set_doorbell(Some(PhysAddr(tohost)));
            machine.htif = Some(HostInterface {
                device: Htif::new(console),
                tohost: PhysAddr(tohost),
                fromhost: guest.fromhost().map(PhysAddr),
                input: None,
            });
        }
        Ok(machine)
    }

    /// Lets the guest read from `input`, character by character. Nothing is read before the guest
    /// asks, and a guest that asks does not stop for it.
    pub fn set_console_input(&mut self, input: Box<dyn Read + Send>) {
        if let Some(htif) = self.htif.as_mut() {
            htif.input = Some(Input::new(input));
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
        Ok(Self {
            hart,
            bus,
            engine: Reference::default(),
            htif: None,
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

    /// Runs until the guest ends or a limit is reached.
    pub fn run<O: Observer>(&mut self, limits: &Limits, observer: &mut O) -> Stop {
        let stop = self.run_to_stop(limits, observer);
        self.flush_console();
        stop
    }

    fn run_to_stop<O: Observer>(&mut self, limits: &Limits, observer: &mut O) -> Stop {
        let end = limits.max_instructions.unwrap_or(u64::MAX);
        loop {
            if let Some(stop) = self.serve(false) {
                return stop;
            }
            self.flush_console();
            let left = end.saturating_sub(self.hart.retired);
            if left == 0 {
                return Stop::InstructionLimit;
            }
            if limits.deadline.is_some_and(|at| Instant::now() >= at) {
                return Stop::Timeout;
            }
            if let Some(stop) = self.run_slice(left.min(SLICE), observer) {
                return stop;
            }
        }
    }

    /// Runs up to `budget` instructions, looking after timers and devices.
    fn run_slice<O: Observer>(&mut self, budget: u64, observer: &mut O) -> Option<Stop> {
        let end = self.hart.retired.saturating_add(budget);
        while self.hart.retired < end {
            let left = end - self.hart.retired;
            let budget = left.min(self.hart.instructions_to_timer());
            let pause = self
                .engine
                .run(&mut self.hart, &mut self.bus, budget, observer);
            match pause {
                Pause::Budget => self.hart.update_timers(),
                Pause::Attention => {
                    if let Some(stop) = self.serve(true) {
                        return Some(stop);
                    }
                }
                Pause::Waiting => {
                    let wake = self.hart.next_timer();
                    if wake == u64::MAX {
                        return Some(Stop::Asleep);
                    }
                    self.hart.skip_to(wake);
                    // A guest that sleeps for ever must not outlive its limits.
                    return None;
                }
                Pause::TrapLoop(trap) => return Some(Stop::TrapLoop(trap)),
            }
        }
        None
    }

    /// Serves devices and the host interface. `complete` leaves a request alone of which only the
    /// low half is written yet.
    fn serve(&mut self, complete: bool) -> Option<Stop> {
        if self.bus.take_device_touched() {
            self.serve_clint();
        }
        let stop = if self.bus.take_rung(complete) {
            self.serve_host_interface()
        } else {
            None
        };
        self.serve_replies();
        stop
    }

    /// Shows unfinished lines. The next write to the console meets the error, if there is one.
    fn flush_console(&mut self) {
        if let Some(htif) = self.htif.as_mut() {
            let _ = htif.device.flush();
        }
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

    /// Moves input and replies to the guest when there are any and `fromhost` has room.
    fn serve_replies(&mut self) {
        let Some(htif) = self.htif.as_mut() else {
            return;
        };
        if htif.device.waits_for_input()
            && let Some(character) = htif.input.as_mut().and_then(Input::next)
        {
            htif.device.input(character);
        }
        let ram = self.bus.ram_mut();
        if let Some(fromhost) = htif.fromhost
            && ram.load(fromhost, 8) == Some(0)
            && let Some(reply) = htif.device.next_reply()
        {
            ram.store(fromhost, 8, reply);
        }
    }

    /// Hands the request in `tohost` over and clears it.
    fn serve_host_interface(&mut self) -> Option<Stop> {
        let htif = self.htif.as_mut()?;
        let ram = self.bus.ram_mut();
        let request = ram.load(htif.tohost, 8)?;
        ram.store(htif.tohost, 8, 0)?;
        let event = htif.device.request(request, &mut GuestMemory(ram));
        match event {
            HtifEvent::Exit(code) => Some(Stop::Exit(code)),
            HtifEvent::Error(error) => Some(Stop::BadRequest(error)),
            HtifEvent::Syscall { number, result } if result < 0 => {
                log::warn!(target: crate::trace::DEV_HTIF, "system call {number} answered with error {result}");
                None
            }
            _ => None,
        }
    }
}
