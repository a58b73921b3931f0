//! Between instructions: devices work, their interrupts reach the harts, and the host is looked at.

use super::{ClockSource, Machine, Stop};
use crate::dev::clint::Clint;
use crate::dev::console::{Console, Shared};
use crate::dev::htif::HtifError;
use crate::dev::plic::Plic;
use crate::dev::sswi::Sswi;
use crate::isa::Interrupt;
use crate::mem::MachineRequest;
use std::iter;
use std::time::Instant;

use super::idle::TICK;

impl Machine {
    /// Serves devices that were accessed, and the host interface.
    pub(super) fn serve(&mut self) -> Option<Stop> {
        if self.bus.take_device_touched() {
            self.serve_clint();
            if let Some(stop) = self.let_devices_work(false) {
                return Some(stop);
            }
        }
        self.serve_host_interface()
    }

    /// The same, and whatever the host has ready.
    pub(super) fn look_at_host(&mut self) -> Option<Stop> {
        if self.config.clock == ClockSource::Host {
            self.follow_host_clock();
        }
        self.console.flush();
        if self.bus.take_device_touched() {
            self.serve_clint();
        }
        if let Some(stop) = self.let_devices_work(true) {
            return Some(stop);
        }
        self.serve_host_interface()
    }

    fn serve_host_interface(&mut self) -> Option<Stop> {
        let rung = self.bus.memory_mut().take_request();
        let host = self.host.as_mut()?;
        let stop = if rung {
            host.serve(&mut self.bus)
        } else {
            None
        };
        host.reply(&mut self.bus);
        stop
    }

    /// Brings the time up to the host's clock. It never goes back.
    fn follow_host_clock(&mut self) {
        let hart = &mut self.harts[self.turns.hart];
        let elapsed = Instant::now().saturating_duration_since(self.started);
        hart.skip_to((elapsed.as_nanos() / TICK.as_nanos()) as u64);
    }

    /// Lets devices work that have something to do, or all of them, and looks at what came of it.
    pub(super) fn let_devices_work(&mut self, all: bool) -> Option<Stop> {
        let now = self.harts[self.turns.hart].mtime();
        self.bus.work(all, now);
        // A device that has just worked does not work again at the same time.
        self.device_deadline = self.bus.deadline().max(now.saturating_add(1));
        self.drive_interrupts();
        match self.bus.take_machine_request() {
            Some(MachineRequest::Exit(code)) => return Some(Stop::Exit(code)),
            Some(MachineRequest::Reset) => return Some(Stop::Reset),
            None => {}
        }
        let error = self.lost_console()?.error()?;
        Some(Stop::BadRequest(HtifError::Output(error)))
    }

    /// The console that could not show what the guest printed, if there is one.
    pub fn lost_console(&self) -> Option<&Shared> {
        let mut consoles = iter::once(&self.console).chain(&self.more_consoles);
        consoles.find(|console| console.error().is_some())
    }

    /// Carries the devices' interrupt lines through the interrupt controller to the harts.
    fn drive_interrupts(&mut self) {
        self.lines.clear();
        self.lines.extend(self.bus.lines());
        let Some(plic) = self.bus.device::<Plic>() else {
            return;
        };
        for &(line, up) in &self.lines {
            plic.set_level(line as usize, up);
        }
        for (id, hart) in self.harts.iter_mut().enumerate() {
            hart.set_line(Interrupt::MachineExternal, plic.pending(2 * id));
            hart.set_line(Interrupt::SupervisorExternal, plic.pending(2 * id + 1));
        }
    }

    /// Takes what the hart whose turn it is has written to the CLINT and the SSWI. If it rang
    /// another hart, its turn ends.
    fn serve_clint(&mut self) {
        let Some(clint) = self.bus.device::<Clint>() else {
            return;
        };
        let turn = &mut self.harts[self.turns.hart];
        if let Some(time) = clint.take_mtime_write() {
            turn.set_mtime(time);
        }
        let clock = turn.clock();
        for (id, hart) in self.harts.iter_mut().enumerate() {
            let software = clint.msip(id);
            if id != self.turns.hart && software && !hart.line(Interrupt::MachineSoftware) {
                self.turns.end_now(clock);
            }
            hart.set_line(Interrupt::MachineSoftware, software);
            hart.set_mtimecmp(clint.mtimecmp(id));
        }
        let Some(sswi) = self.bus.device::<Sswi>() else {
            return;
        };
        for (id, hart) in self.harts.iter_mut().enumerate() {
            if sswi.take_set(id) {
                hart.raise_supervisor_software();
                if id != self.turns.hart {
                    self.turns.end_now(clock);
                }
            }
        }
    }
}
