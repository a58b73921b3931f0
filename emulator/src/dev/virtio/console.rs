//! The console device (section 5.3), with one port.

use super::{Queues, VirtioDevice, read_bytes};
use crate::dev::console::Console;
use crate::trace;
use serde::{Deserialize, Serialize};

/// `VIRTIO_CONSOLE_F_SIZE`: the configuration says how large the terminal is.
const F_SIZE: u64 = 1 << 0;
/// `VIRTIO_CONSOLE_F_EMERG_WRITE`: a character can be written before there are queues.
const F_EMERG_WRITE: u64 = 1 << 2;

/// Where the emergency character is in the configuration.
const EMERG_WRITE: u64 = 8;

const RECEIVE: usize = 0;
const TRANSMIT: usize = 1;

/// Bytes moved in one piece.
const PIECE: usize = 512;

/// The size of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Its columns.
    pub columns: u16,
    /// Its rows.
    pub rows: u16,
}

/// A console device.
pub struct VirtioConsole {
    console: Box<dyn Console>,
    size: Option<TerminalSize>,
    /// A character that has come and for which there was no buffer.
    next: Option<u8>,
}

/// The state of a console device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleState {
    /// A character that has come and that the driver has not got yet.
    pub next: Option<u8>,
}

impl VirtioConsole {
    /// A device for `console`, whose terminal may have a size.
    pub fn new(console: Box<dyn Console>, size: Option<TerminalSize>) -> Self {
        Self {
            console,
            size,
            next: None,
        }
    }

    fn transmit(&mut self, queues: &mut Queues<'_>) {
        while let Some(mut chain) = queues.take(TRANSMIT) {
            let mut piece = [0; PIECE];
            loop {
                let length = chain.read(queues.memory(), &mut piece);
                if length == 0 {
                    break;
                }
                self.console.write(&piece[..length]);
            }
            queues.finish(chain);
        }
        self.console.flush();
    }

    fn receive(&mut self, queues: &mut Queues<'_>) {
        // Input is taken only when there is room for it, so that it waits for a driver.
        while queues.is_available(RECEIVE) {
            self.next = self.next.or_else(|| self.console.read());
            if self.next.is_none() {
                return;
            }
            let Some(mut chain) = queues.take(RECEIVE) else {
                return;
            };
            let mut piece = Vec::new();
            while piece.len() < PIECE
                && (piece.len() as u64) < chain.writable()
                && let Some(byte) = self.next.take().or_else(|| self.console.read())
            {
                piece.push(byte);
            }
            chain.write(queues.memory(), &piece);
            queues.finish(chain);
        }
    }
}

impl VirtioDevice for VirtioConsole {
    fn id(&self) -> u32 {
        3
    }

    fn name(&self) -> &'static str {
        "virtio-console"
    }

    fn log_target(&self) -> &'static str {
        trace::DEV_VIRTIO_CONSOLE
    }

    fn features(&self) -> u64 {
        F_EMERG_WRITE | if self.size.is_some() { F_SIZE } else { 0 }
    }

    fn queue_sizes(&self) -> &[u16] {
        &[64, 64]
    }

    fn read_config(&self, offset: u64, bytes: &mut [u8]) {
        let mut config = [0; 12];
        if let Some(size) = self.size {
            config[..2].copy_from_slice(&size.columns.to_le_bytes());
            config[2..4].copy_from_slice(&size.rows.to_le_bytes());
        }
        // The number of ports.
        config[4] = 1;
        read_bytes(&config, offset, bytes);
    }

    fn write_config(&mut self, offset: u64, bytes: &[u8]) {
        // The character is in the field's low byte.
        let at = EMERG_WRITE.checked_sub(offset);
        if let Some(byte) = at.and_then(|at| bytes.get(usize::try_from(at).ok()?)) {
            self.console.write(&[*byte]);
            self.console.flush();
        }
    }

    fn process(&mut self, queues: &mut Queues<'_>, _now: u64) {
        if queues.notified(TRANSMIT) {
            self.transmit(queues);
        }
        self.receive(queues);
    }

    fn expects_host(&self) -> bool {
        self.console.waits()
    }

    fn state(&self) -> serde_json::Value {
        let state = ConsoleState { next: self.next };
        serde_json::to_value(state).unwrap_or_default()
    }

    fn set_state(&mut self, state: &serde_json::Value) {
        if let Ok(state) = ConsoleState::deserialize(state) {
            self.next = state.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::RING_EVENT_IDX;
    use super::super::testing::*;
    use super::*;
    use crate::dev::console::{Input, Shared, Stream};
    use crate::mem::Device;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    /// What was printed.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Screen {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn console(input: &'static [u8]) -> (Driver, Screen) {
        let screen = Screen::default();
        let input = Input::File(Box::new(input));
        let stream = Stream::new(Box::new(screen.clone()), input);
        let device = VirtioConsole::new(Box::new(Shared::new(stream)), None);
        (Driver::new(device, RING_EVENT_IDX), screen)
    }

    #[test]
    fn it_is_a_console_with_one_port() {
        let (mut driver, screen) = console(b"");
        assert_eq!(driver.get(8), 3);
        assert_eq!(driver.features() & 0xff_ffff, 4);
        assert_eq!(driver.config(4, 4), 1);
        // Emergency characters need no queues.
        driver.set(0x70, 0);
        driver.set(0x108, u32::from(b'!'));
        driver.mmio.write(0x108, 1, b'?'.into(), 0).unwrap();
        driver.mmio.write(0x104, 4, b'x'.into(), 0).unwrap();
        assert_eq!(screen.text(), "!?");

        let size = TerminalSize {
            columns: 80,
            rows: 24,
        };
        let nowhere = Box::new(crate::dev::console::Nowhere);
        let mut driver = Driver::bare(VirtioConsole::new(nowhere, Some(size)));
        assert_eq!(driver.features() & 0xff_ffff, 5);
        assert_eq!(driver.config(0, 4), 24 << 16 | 80);
    }

    #[test]
    fn what_is_transmitted_is_shown() {
        let (mut driver, screen) = console(b"");
        let long = [b'a'; 2000];
        let answer = driver.request(1, &[b"hello ", b"", &long], &[]).unwrap();
        assert_eq!(answer.length, 0);
        assert_eq!(screen.text(), format!("hello {}", "a".repeat(2000)));
        assert_eq!(driver.acknowledge(), 1);
    }

    #[test]
    fn input_waits_for_buffers_and_fills_them() {
        let (mut driver, _) = console(b"abcdefg");
        driver.work();
        assert_eq!(driver.take_used(0), None);
        let (_, first) = driver.add(0, &[], &[2, 1]);
        let (_, second) = driver.add(0, &[], &[100]);
        let (third, _) = driver.add(0, &[], &[100]);
        // No notification is needed.
        driver.work();
        assert_eq!(driver.take_used(0).map(|(_, length)| length), Some(3));
        assert_eq!(driver.take_used(0).map(|(_, length)| length), Some(4));
        assert_eq!(driver.load(first[0].0, 2), b"ab");
        assert_eq!(driver.load(first[1].0, 1), b"c");
        assert_eq!(driver.load(second[0].0, 4), b"defg");
        // The third buffer stays for later.
        assert_eq!(driver.take_used(0), None);
        assert_eq!(third, 3);
        assert!(!driver.needs_reset());
    }

    #[test]
    fn a_stopped_driver_expects_nothing() {
        let input = Input::Stream(Some(Box::new(std::io::empty())));
        let stream = Stream::new(Box::new(std::io::sink()), input);
        let mut driver = Driver::new(VirtioConsole::new(Box::new(stream), None), 0);
        assert!(driver.mmio.expects_host());
        driver.set(0x70, 0);
        assert!(!driver.mmio.expects_host());
    }

    #[test]
    fn a_character_that_waits_is_part_of_the_state() {
        let mut console = console(b"").0;
        console.mmio.set_state({
            let mut state = serde_json::to_value(console.mmio.state()).unwrap();
            state["device"]["next"] = b'x'.into();
            serde_json::from_value(state).unwrap()
        });
        let (_, buffer) = console.add(0, &[], &[1]);
        console.work();
        assert_eq!(console.load(buffer[0].0, 1), b"x");
    }

    #[test]
    fn a_broken_driver_does_no_harm() {
        let input = Input::File(Box::new(std::io::repeat(b'a')));
        let stream = Stream::new(Box::new(std::io::sink()), input);
        let mut driver = Driver::new(VirtioConsole::new(Box::new(stream), None), 0);
        let met = fuzz(&mut driver, 3, 5_000, |_, _| {});
        assert!(met.answers > 1000 && met.resets > 100, "{met:?}");
    }
}
