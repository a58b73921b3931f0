//! The UART: a 16550A, the serial port of the board.
//!
//! | offset | read | write | with LCR.DLAB |
//! |---|---|---|---|
//! | 0 | RBR, received character | THR, character to send | DLL |
//! | 1 | IER, interrupts enabled | the same | DLM |
//! | 2 | IIR, which interrupt | FCR, FIFO control | |
//! | 3 | LCR, line control | the same | |
//! | 4 | MCR, modem control | the same | |
//! | 5 | LSR, line status | ignored | |
//! | 6 | MSR, modem status | ignored | |
//! | 7 | SCR, scratch | the same | |
//!
//! The line is an ideal one. What is written to THR is sent at once, so the transmitter is always
//! empty; baud rate and character format have no effect; break, parity and framing errors do not
//! happen. No time passes between characters either, so the character timeout comes at once when
//! fewer characters than the trigger level have arrived.
//!
//! An aligned access of any width reaches the one register at its offset, as on QEMU. Beyond the
//! registers and for misaligned accesses there is an access fault.

use super::console::Console;
use crate::mem::{AccessError, Device, Memory};
use crate::trace;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Characters that the receive FIFO holds.
const FIFO: usize = 16;
/// Ticks for which no character arrives after FCR was written, a millisecond.
const SILENCE: u64 = 10_000;
/// So many looks at LSR without a character sent mean that the guest looks for input.
const POLLS: u8 = 4;

/// Interrupt enable.
mod ier {
    pub(super) const RECEIVED: u8 = 1;
    pub(super) const TRANSMITTER_EMPTY: u8 = 1 << 1;
    pub(super) const LINE_STATUS: u8 = 1 << 2;
    pub(super) const MODEM_STATUS: u8 = 1 << 3;
    pub(super) const ALL: u8 = 0xf;
}

/// Interrupt identification, in falling priority.
mod iir {
    pub(super) const LINE_STATUS: u8 = 0x6;
    pub(super) const RECEIVED: u8 = 0x4;
    pub(super) const TIMEOUT: u8 = 0xc;
    pub(super) const TRANSMITTER_EMPTY: u8 = 0x2;
    pub(super) const MODEM_STATUS: u8 = 0x0;
    pub(super) const NONE: u8 = 0x1;
    pub(super) const FIFOS: u8 = 0xc0;
}

/// FIFO control.
mod fcr {
    pub(super) const ENABLE: u8 = 1;
    pub(super) const RESET_RECEIVER: u8 = 1 << 1;
    /// The trigger level: bits 7:6.
    pub(super) const TRIGGER_SHIFT: u8 = 6;
    /// Trigger levels in characters.
    pub(super) const TRIGGERS: [usize; 4] = [1, 4, 8, 14];
}

/// Line control.
mod lcr {
    pub(super) const DIVISOR_LATCH: u8 = 1 << 7;
}

/// Modem control.
mod mcr {
    pub(super) const DTR: u8 = 1;
    pub(super) const RTS: u8 = 1 << 1;
    pub(super) const OUT1: u8 = 1 << 2;
    pub(super) const OUT2: u8 = 1 << 3;
    pub(super) const LOOPBACK: u8 = 1 << 4;
    pub(super) const ALL: u8 = 0x1f;
}

/// Line status.
mod lsr {
    pub(super) const DATA_READY: u8 = 1;
    pub(super) const OVERRUN: u8 = 1 << 1;
    /// THRE and TEMT: nothing is waiting to be sent.
    pub(super) const TRANSMITTER_EMPTY: u8 = 0x60;
}

/// Modem status. The low half says what has changed since it was last read; bit 2 only that RI
/// has ended.
mod msr {
    pub(super) const CTS: u8 = 1 << 4;
    pub(super) const DSR: u8 = 1 << 5;
    pub(super) const RI: u8 = 1 << 6;
    pub(super) const DCD: u8 = 1 << 7;
    pub(super) const CHANGES: u8 = 0xf;
}

/// A character that has been received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Received {
    character: u8,
    /// The guest sent it itself, in loopback mode.
    looped: bool,
}

/// What the device remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UartState {
    received: VecDeque<Received>,
    overrun: bool,
    transmitter_interrupt: bool,
    ier: u8,
    fifos: bool,
    trigger: u8,
    lcr: u8,
    mcr: u8,
    modem_changes: u8,
    scratch: u8,
    divisor: u16,
    /// Characters from the console that a reset of the FIFO kept from the guest.
    typed: VecDeque<u8>,
    /// When characters arrive again, if they do not arrive now.
    silent_until: Option<u64>,
    /// Looks at LSR since a character was last sent.
    polls: u8,
    /// The guest has read a character since FCR was written.
    reads: bool,
}

impl Default for UartState {
    /// After power-on. The divisor is that of 9600 baud, which the manual leaves open.
    fn default() -> Self {
        Self {
            received: VecDeque::new(),
            overrun: false,
            transmitter_interrupt: false,
            ier: 0,
            fifos: false,
            trigger: 0,
            lcr: 0,
            mcr: 0,
            modem_changes: 0,
            scratch: 0,
            divisor: 12,
            typed: VecDeque::new(),
            silent_until: None,
            polls: 0,
            reads: false,
        }
    }
}

/// The serial port.
pub struct Uart {
    state: UartState,
    console: Box<dyn Console>,
    /// The guest has used it since `work` was last called.
    used: bool,
    /// Something was sent that the console may not show yet.
    unflushed: bool,
}

impl Uart {
    /// A UART after power-on with this console at the end of its line.
    pub fn new(console: Box<dyn Console>) -> Self {
        Self {
            state: UartState::default(),
            console,
            used: false,
            unflushed: false,
        }
    }

    /// What it remembers.
    pub fn state(&self) -> UartState {
        self.state.clone()
    }

    /// Goes on from there. What no register can hold is left out.
    pub fn set_state(&mut self, mut state: UartState) {
        state.ier &= ier::ALL;
        state.mcr &= mcr::ALL;
        state.modem_changes &= msr::CHANGES;
        state.trigger &= 3;
        state.received.truncate(state.capacity());
        self.state = state;
    }

    /// Takes characters from the console that the guest can use now.
    ///
    /// A real line would lose what is typed before the guest looks at it: drivers reset the FIFO
    /// when they start, and each stage of a boot has its own driver. So nothing is taken before
    /// the guest asks for it by an interrupt or by looking at LSR again and again, and what a
    /// reset throws away comes again after a short silence.
    fn receive(&mut self, now: u64) {
        if self.state.is_silent(now) {
            return;
        }
        self.state.silent_until = None;
        while self.state.received.len() < self.state.wants() {
            let typed = self.state.typed.pop_front();
            let Some(character) = typed.or_else(|| self.console.read()) else {
                return;
            };
            self.state.received.push_back(Received {
                character,
                looped: false,
            });
        }
    }

    fn send(&mut self, character: u8) {
        self.state.polls = 0;
        // The transmitter has emptied again already.
        self.state.transmitter_interrupt = true;
        if self.state.is_looped() {
            self.state.loop_back(character);
        } else {
            self.console.write(&[character]);
            self.unflushed = true;
        }
    }
}

impl UartState {
    fn divisor_latch(&self) -> bool {
        self.lcr & lcr::DIVISOR_LATCH != 0
    }

    fn is_looped(&self) -> bool {
        self.mcr & mcr::LOOPBACK != 0
    }

    fn is_silent(&self, now: u64) -> bool {
        // Software may set the time back, which must not make the silence longer.
        self.silent_until
            .is_some_and(|until| now < until && until - now <= SILENCE)
    }

    fn capacity(&self) -> usize {
        if self.fifos { FIFO } else { 1 }
    }

    /// Up to how many characters are to be in the FIFO.
    fn wants(&self) -> usize {
        if self.is_looped() {
            0
        } else if self.ier & ier::RECEIVED != 0 {
            self.capacity()
        } else {
            usize::from(self.polls >= POLLS || self.reads && self.polls > 0)
        }
    }

    fn loop_back(&mut self, character: u8) {
        let full = self.received.len() >= self.capacity();
        self.overrun |= full;
        if full && self.fifos {
            // The new character is lost. Without FIFOs it is the old one.
            return;
        }
        self.received.truncate(self.capacity() - 1);
        let looped = true;
        self.received.push_back(Received { character, looped });
    }

    /// The register that a write reaches, if drivers set the device up by it. IER
    /// changes too often.
    fn set_up_by(&self, offset: u64) -> Option<&'static str> {
        match offset {
            0 => self.divisor_latch().then_some("DLL"),
            1 => self.divisor_latch().then_some("DLM"),
            2 => Some("FCR"),
            3 => Some("LCR"),
            4 => Some("MCR"),
            _ => None,
        }
    }

    /// Which interrupt is the most urgent.
    fn interrupt(&self) -> u8 {
        let enabled = |bit| self.ier & bit != 0;
        let trigger = match self.fifos {
            true => fcr::TRIGGERS[usize::from(self.trigger & 3)],
            false => 1,
        };
        if enabled(ier::LINE_STATUS) && self.overrun {
            iir::LINE_STATUS
        } else if enabled(ier::RECEIVED) && self.received.len() >= trigger {
            iir::RECEIVED
        } else if enabled(ier::RECEIVED) && !self.received.is_empty() {
            iir::TIMEOUT
        } else if enabled(ier::TRANSMITTER_EMPTY) && self.transmitter_interrupt {
            iir::TRANSMITTER_EMPTY
        } else if enabled(ier::MODEM_STATUS) && self.modem_changes != 0 {
            iir::MODEM_STATUS
        } else {
            iir::NONE
        }
    }

    fn read_receiver(&mut self) -> u8 {
        let received = self.received.pop_front();
        self.reads |= received.is_some_and(|received| !received.looped);
        received.map_or(0, |received| received.character)
    }

    fn read_interrupt(&mut self) -> u8 {
        let interrupt = self.interrupt();
        if interrupt == iir::TRANSMITTER_EMPTY {
            self.transmitter_interrupt = false;
        }
        let fifos = if self.fifos { iir::FIFOS } else { 0 };
        interrupt | fifos
    }

    fn read_line_status(&mut self) -> u8 {
        self.polls = self.polls.saturating_add(1);
        let mut status = lsr::TRANSMITTER_EMPTY;
        if !self.received.is_empty() {
            status |= lsr::DATA_READY;
        }
        if std::mem::take(&mut self.overrun) {
            status |= lsr::OVERRUN;
        }
        status
    }

    /// The lines from the modem: one that is always there, or in loopback mode the lines to it.
    fn modem_lines(&self) -> u8 {
        if !self.is_looped() {
            return msr::CTS | msr::DSR | msr::DCD;
        }
        [
            (mcr::RTS, msr::CTS),
            (mcr::DTR, msr::DSR),
            (mcr::OUT1, msr::RI),
            (mcr::OUT2, msr::DCD),
        ]
        .into_iter()
        .filter(|(output, _)| self.mcr & output != 0)
        .fold(0, |lines, (_, input)| lines | input)
    }

    fn write_modem_control(&mut self, value: u8) {
        let before = self.modem_lines();
        self.mcr = value & mcr::ALL;
        let after = self.modem_lines();
        // RI counts only when it ends.
        let changed = (before ^ after) & !(after & msr::RI);
        self.modem_changes |= changed >> 4;
    }

    fn write_interrupt_enable(&mut self, value: u8) {
        let value = value & ier::ALL;
        // The transmitter is empty, so that enabling its interrupt raises it.
        if value & !self.ier & ier::TRANSMITTER_EMPTY != 0 {
            self.transmitter_interrupt = true;
        }
        self.ier = value;
    }

    fn write_fifo_control(&mut self, value: u8, now: u64) {
        let enable = value & fcr::ENABLE != 0;
        // The other bits count only together with this one.
        let reset = enable && value & fcr::RESET_RECEIVER != 0;
        if enable != self.fifos || reset {
            self.reset_receiver();
        }
        self.fifos = enable;
        if enable {
            self.trigger = value >> fcr::TRIGGER_SHIFT;
        }
        self.silent_until = Some(now.saturating_add(SILENCE));
        self.polls = 0;
        self.reads = false;
    }

    /// Empties the receiver. What came from the console will come again.
    fn reset_receiver(&mut self) {
        while let Some(received) = self.received.pop_back() {
            if !received.looped {
                self.typed.push_front(received.character);
            }
        }
    }
}

impl Device for Uart {
    fn name(&self) -> &'static str {
        "uart"
    }

    fn read(&mut self, offset: u64, size: u8, _now: u64) -> Result<u64, AccessError> {
        check(offset, size)?;
        self.used = true;
        let state = &mut self.state;
        let [low, high] = state.divisor.to_le_bytes();
        let value = match offset {
            0 if state.divisor_latch() => low,
            0 => state.read_receiver(),
            1 if state.divisor_latch() => high,
            1 => state.ier,
            2 => state.read_interrupt(),
            3 => state.lcr,
            4 => state.mcr,
            5 => state.read_line_status(),
            6 => state.modem_lines() | std::mem::take(&mut state.modem_changes),
            _ => state.scratch,
        };
        Ok(value.into())
    }

    fn write(&mut self, offset: u64, size: u8, value: u64, now: u64) -> Result<(), AccessError> {
        check(offset, size)?;
        self.used = true;
        let value = value as u8;
        if let Some(name) = self.state.set_up_by(offset) {
            log::debug!(target: trace::DEV_UART, "{name} = {value:#04x}");
        }
        let state = &mut self.state;
        let [low, high] = state.divisor.to_le_bytes();
        match offset {
            0 if state.divisor_latch() => state.divisor = u16::from_le_bytes([value, high]),
            0 => self.send(value),
            1 if state.divisor_latch() => state.divisor = u16::from_le_bytes([low, value]),
            1 => state.write_interrupt_enable(value),
            2 => state.write_fifo_control(value, now),
            3 => state.lcr = value,
            4 => state.write_modem_control(value),
            7 => state.scratch = value,
            _ => {}
        }
        Ok(())
    }

    fn interrupt(&self) -> bool {
        self.state.interrupt() != iir::NONE
    }

    fn work(&mut self, _memory: &mut Memory, now: u64) {
        // A guest that prints comes back at once; its output is shown when it pauses.
        if !std::mem::take(&mut self.used) && std::mem::take(&mut self.unflushed) {
            self.console.flush();
        }
        self.receive(now);
    }

    fn deadline(&self) -> Option<u64> {
        let may_come = self.console.is_open() || !self.state.typed.is_empty();
        let wanted = self.state.wants() > self.state.received.len();
        self.state.silent_until.filter(|_| may_come && wanted)
    }

    fn expects_host(&self) -> bool {
        // A guest that does not look for input sleeps without it.
        self.state.wants() > 0 && self.console.waits()
    }

    fn reset(&mut self) {
        self.state.reset_receiver();
        self.state = UartState {
            typed: std::mem::take(&mut self.state.typed),
            ..UartState::default()
        };
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

fn check(offset: u64, size: u8) -> Result<(), AccessError> {
    let fits = offset < 8 && matches!(size, 1 | 2 | 4 | 8) && offset.is_multiple_of(size.into());
    fits.then_some(()).ok_or(AccessError)
}

#[cfg(test)]
#[path = "uart_tests.rs"]
mod tests;
