//! The host interface as it sits in the guest's memory: `tohost` and `fromhost`.

use super::Stop;
use crate::dev::console::{Console, Shared};
use crate::dev::htif::{Htif, HtifEvent, HtifMemory};
use crate::loader::Guest;
use crate::mem::{Bus, PhysAddr};
use crate::trace;

/// The device, its two words in memory, and its console.
pub(super) struct HostInterface {
    device: Htif,
    tohost: PhysAddr,
    fromhost: Option<PhysAddr>,
    console: Shared,
}

/// The guest's RAM as the device reaches it.
struct GuestMemory<'a>(&'a mut Bus);

impl HtifMemory for GuestMemory<'_> {
    fn read(&mut self, at: PhysAddr, bytes: &mut [u8]) -> bool {
        match self.0.ram().slice(at, bytes.len() as u64) {
            Some(found) => {
                bytes.copy_from_slice(found);
                true
            }
            None => false,
        }
    }

    fn write(&mut self, at: PhysAddr, bytes: &[u8]) -> bool {
        self.0.memory_mut().store_from_device(at, bytes).is_ok()
    }
}

impl HostInterface {
    /// The host interface of a guest that has the symbol `tohost`.
    pub(super) fn new(guest: &Guest, console: Shared) -> Option<Self> {
        Some(Self {
            tohost: PhysAddr(guest.tohost()?),
            fromhost: guest.fromhost().map(PhysAddr),
            device: Htif::new(Box::new(console.clone())),
            console,
        })
    }

    /// Where the guest writes its requests.
    pub(super) fn tohost(&self) -> PhysAddr {
        self.tohost
    }

    /// Whether the guest waits for a character that may still come.
    pub(super) fn expects_input(&self) -> bool {
        self.device.waits_for_input() && self.console.is_open()
    }

    /// Carries out the request in `tohost` and clears it.
    pub(super) fn serve(&mut self, bus: &mut Bus) -> Option<Stop> {
        let request = bus.ram().load(self.tohost, 8)?;
        bus.memory_mut()
            .store_from_device(self.tohost, &[0; 8])
            .ok()?;
        match self.device.request(request, &mut GuestMemory(bus)) {
            HtifEvent::Exit(code) => Some(Stop::Exit(code)),
            HtifEvent::Error(error) => Some(Stop::BadRequest(error)),
            HtifEvent::Syscall { number, result } if result < 0 => {
                log::warn!(
                    target: trace::DEV_HTIF,
                    "system call {number} answered with error {result}"
                );
                None
            }
            _ => None,
        }
    }

    /// Moves input and replies to the guest when there are any and `fromhost` has room.
    pub(super) fn reply(&mut self, bus: &mut Bus) {
        if self.device.waits_for_input()
            && let Some(character) = self.console.read()
        {
            self.device.input(character);
        }
        if let Some(fromhost) = self.fromhost
            && bus.ram().load(fromhost, 8) == Some(0)
            && let Some(reply) = self.device.next_reply()
        {
            // Reading it just now showed that the word is there.
            let _ = bus
                .memory_mut()
                .store_from_device(fromhost, &reply.to_le_bytes());
        }
    }
}
