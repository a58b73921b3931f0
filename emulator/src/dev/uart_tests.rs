use super::*;
use crate::mem::{PhysAddr, Ram};
use std::sync::{Arc, Mutex};

const RBR: u64 = 0;
const THR: u64 = 0;
const IER: u64 = 1;
const IIR: u64 = 2;
const FCR: u64 = 2;
const LCR: u64 = 3;
const MCR: u64 = 4;
const LSR: u64 = 5;
const MSR: u64 = 6;
const SCR: u64 = 7;

/// Both ends of a console.
#[derive(Default)]
struct Ends {
    shown: Vec<u8>,
    flushed: usize,
    typed: VecDeque<u8>,
    waits: bool,
}

#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Ends>>);

impl Console for Wire {
    fn write(&mut self, bytes: &[u8]) {
        self.0.lock().unwrap().shown.extend(bytes);
    }

    fn flush(&mut self) {
        let mut ends = self.0.lock().unwrap();
        ends.flushed = ends.shown.len();
    }

    fn read(&mut self) -> Option<u8> {
        self.0.lock().unwrap().typed.pop_front()
    }

    fn is_open(&self) -> bool {
        let ends = self.0.lock().unwrap();
        ends.waits || !ends.typed.is_empty()
    }

    fn waits(&self) -> bool {
        self.0.lock().unwrap().waits
    }
}

/// A UART on a bus: after each access it works, as the board has it.
struct Bench {
    uart: Uart,
    wire: Wire,
    memory: Memory,
    now: u64,
}

impl Bench {
    fn new() -> Self {
        let wire = Wire::default();
        Self {
            uart: Uart::new(Box::new(wire.clone())),
            wire,
            memory: Memory::new(Ram::new(PhysAddr(0x8000_0000), 0x1000).unwrap(), 1),
            now: 1_000_000,
        }
    }

    fn work(&mut self) {
        self.uart.work(&mut self.memory, self.now);
    }

    fn read(&mut self, offset: u64) -> u8 {
        let value = self.uart.read(offset, 1, self.now).unwrap();
        self.work();
        u8::try_from(value).unwrap()
    }

    fn write(&mut self, offset: u64, value: u8) {
        self.uart.write(offset, 1, value.into(), self.now).unwrap();
        self.work();
    }

    fn send(&mut self, text: &[u8]) {
        for character in text {
            self.write(THR, *character);
        }
    }

    /// Everything that can be received.
    fn receive(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while self.read(LSR) & 1 != 0 {
            text.push(self.read(RBR));
        }
        text
    }

    fn types(&self, text: &[u8]) {
        self.wire.0.lock().unwrap().typed.extend(text);
    }

    fn still_typed(&self) -> usize {
        self.wire.0.lock().unwrap().typed.len()
    }

    fn shown(&self) -> Vec<u8> {
        self.wire.0.lock().unwrap().shown.clone()
    }

    fn wait(&mut self, ticks: u64) {
        self.now = self.now.wrapping_add(ticks);
        self.work();
    }
}

#[test]
fn after_power_on() {
    let mut bench = Bench::new();
    let values = [0, 1, 2, 3, 4, 5, 6, 7].map(|offset| bench.read(offset));
    assert_eq!(values, [0, 0, 1, 0, 0, 0x60, 0xb0, 0]);
    assert!(!bench.uart.interrupt());
}

#[test]
fn registers_keep_the_bits_they_have() {
    let mut bench = Bench::new();
    for (register, held) in [(IER, 0x0f), (MCR, 0x1f), (LCR, 0xff), (SCR, 0xff)] {
        bench.write(register, 0xff);
        assert_eq!(bench.read(register), held, "{register}");
        bench.write(register, 0);
        assert_eq!(bench.read(register), 0, "{register}");
    }
    bench.write(LSR, 0);
    bench.write(MSR, 0);
    bench.read(MSR);
    assert_eq!([bench.read(LSR), bench.read(MSR)], [0x60, 0xb0]);
}

#[test]
fn the_divisor_latch_hides_two_registers() {
    let mut bench = Bench::new();
    bench.write(IER, 0x0c);
    bench.write(LCR, 0x83);
    bench.write(0, 0x34);
    bench.write(1, 0x12);
    assert_eq!([bench.read(0), bench.read(1)], [0x34, 0x12]);
    assert_eq!(bench.shown(), b"");
    bench.write(LCR, 0x03);
    assert_eq!(bench.read(IER), 0x0c);
    bench.write(LCR, 0x83);
    assert_eq!([bench.read(0), bench.read(1)], [0x34, 0x12]);
}

#[test]
fn an_aligned_access_reaches_one_register_at_any_width() {
    let mut bench = Bench::new();
    bench.write(SCR, 0x5a);
    for size in [1, 2, 4, 8] {
        assert_eq!(bench.uart.write(0, size, 0x1234_5641, 0), Ok(()));
        assert_eq!(bench.uart.read(0, size, 0), Ok(0));
    }
    assert_eq!(bench.shown(), b"AAAA");
    assert_eq!(bench.uart.read(4, 4, 0), Ok(0), "MCR alone");
    for (offset, size) in [(8, 1), (0xff, 1), (1, 2), (6, 4), (4, 8), (0, 3), (0, 0)] {
        let read = bench.uart.read(offset, size, 0);
        assert_eq!(read, Err(AccessError), "{offset} {size}");
        let written = bench.uart.write(offset, size, 0, 0);
        assert_eq!(written, Err(AccessError), "{offset} {size}");
    }
    assert_eq!(bench.uart.read(u64::MAX, 1, 0), Err(AccessError));
    assert_eq!(bench.read(SCR), 0x5a);
}

#[test]
fn characters_are_shown_at_once_and_flushed_when_the_guest_pauses() {
    let mut bench = Bench::new();
    bench.send(b"login: ");
    assert_eq!(bench.shown(), b"login: ");
    assert_eq!(bench.read(LSR), 0x60);
    assert_eq!(bench.wire.0.lock().unwrap().flushed, 0);
    bench.wait(1);
    assert_eq!(bench.wire.0.lock().unwrap().flushed, 7);
}

#[test]
fn an_empty_transmitter_interrupts_when_that_is_enabled() {
    let mut bench = Bench::new();
    bench.write(IER, 2);
    assert!(bench.uart.interrupt());
    assert_eq!([bench.read(IIR), bench.read(IIR)], [2, 1]);
    assert!(!bench.uart.interrupt());
    bench.write(IER, 2);
    assert_eq!(bench.read(IIR), 1, "it was enabled already");
    // Linux's test: off and on again.
    bench.write(IER, 0);
    assert!(!bench.uart.interrupt());
    bench.write(IER, 2);
    assert_eq!(bench.read(IIR), 2);
    bench.write(THR, b'x');
    assert!(bench.uart.interrupt(), "and it has emptied again");
    assert_eq!([bench.read(IIR), bench.read(IIR)], [2, 1]);
    bench.write(THR, b'x');
    bench.write(IER, 0);
    assert!(!bench.uart.interrupt());
}

#[test]
fn the_fifos_show_in_iir() {
    let mut bench = Bench::new();
    bench.write(FCR, 1);
    assert_eq!(bench.read(IIR), 0xc1);
    bench.write(FCR, 0xc6);
    assert_eq!(bench.read(IIR), 1, "without bit 0 nothing else counts");
    bench.write(FCR, 0xc1);
    assert_eq!(bench.read(IIR), 0xc1);
}

#[test]
fn loopback_connects_the_modem_lines() {
    let mut bench = Bench::new();
    // Linux looks for this when it searches a port.
    bench.write(MCR, 0x1a);
    assert_eq!(bench.read(MSR) & 0xf0, 0x90);
    for (outputs, inputs) in [(0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80)] {
        bench.write(MCR, outputs);
        assert_eq!(bench.read(MSR) & 0xf0, inputs, "{outputs:#x}");
    }
    bench.write(MCR, 0x0f);
    assert_eq!(bench.read(MSR) & 0xf0, 0xb0, "the modem's own lines");
}

#[test]
fn changes_of_the_modem_lines_interrupt() {
    let mut bench = Bench::new();
    bench.write(MCR, 0x10);
    bench.read(MSR);
    bench.write(IER, 8);
    assert!(!bench.uart.interrupt());
    for (outputs, status) in [
        (0x12, Some(0x11)),
        (0x13, Some(0x32)),
        // RI counts when it ends, not when it starts.
        (0x17, None),
        (0x13, Some(0x34)),
        (0x1b, Some(0xb8)),
        (0x10, Some(0x0b)),
    ] {
        bench.write(MCR, outputs);
        assert_eq!(bench.uart.interrupt(), status.is_some(), "{outputs:#x}");
        let iir = if status.is_some() { 0 } else { 1 };
        assert_eq!([bench.read(IIR), bench.read(IIR)], [iir, iir]);
        if let Some(status) = status {
            assert_eq!(bench.read(MSR), status);
        }
        assert!(!bench.uart.interrupt(), "reading MSR ends it");
        assert_eq!(bench.read(MSR) & 0xf, 0);
    }
}

#[test]
fn loopback_receives_what_is_sent_and_shows_nothing() {
    let mut bench = Bench::new();
    bench.types(b"typed");
    bench.write(MCR, 0x10);
    bench.write(IER, 1);
    bench.send(b"a");
    assert_eq!(bench.read(IIR), 4);
    assert_eq!(bench.read(LSR), 0x61);
    assert_eq!(bench.read(RBR), b'a');
    assert_eq!([bench.read(LSR), bench.read(IIR)], [0x60, 1]);
    assert_eq!(bench.shown(), b"");
    assert_eq!(bench.still_typed(), 5, "the console is cut off");
}

#[test]
fn without_fifos_a_second_character_replaces_the_first() {
    let mut bench = Bench::new();
    bench.write(MCR, 0x10);
    bench.write(IER, 4);
    bench.send(b"ab");
    assert_eq!(bench.read(IIR), 6);
    assert_eq!([bench.read(LSR), bench.read(LSR)], [0x63, 0x61]);
    assert_eq!(bench.read(IIR), 1, "reading LSR ends it");
    assert_eq!([bench.read(RBR), bench.read(LSR)], [b'b', 0x60]);
}

#[test]
fn a_full_fifo_loses_the_newest() {
    let mut bench = Bench::new();
    bench.write(MCR, 0x10);
    bench.write(FCR, 1);
    bench.write(IER, 5);
    bench.send(b"0123456789abcdef");
    assert_eq!(bench.read(IIR), 0xc4);
    bench.send(b"X");
    assert_eq!(bench.read(IIR), 0xc6);
    assert_eq!([bench.read(LSR), bench.read(LSR)], [0x63, 0x61]);
    assert_eq!(bench.read(IIR), 0xc4);
    assert_eq!(bench.receive(), b"0123456789abcdef");
    assert_eq!([bench.read(RBR), bench.read(LSR)], [0, 0x60]);
}

#[test]
fn the_trigger_level_tells_two_interrupts_apart() {
    for (code, level) in [(0, 1), (1, 4), (2, 8), (3, 14)] {
        let mut bench = Bench::new();
        bench.write(MCR, 0x10);
        bench.write(FCR, 1 | code << 6);
        bench.write(IER, 1);
        for count in 1..=16 {
            bench.send(b"x");
            let iir = if count < level { 0xcc } else { 0xc4 };
            assert_eq!(bench.read(IIR), iir, "{count} of {level}");
        }
        for left in (0..16).rev() {
            bench.read(RBR);
            let iir = match left {
                0 => 0xc1,
                _ if left < level => 0xcc,
                _ => 0xc4,
            };
            assert_eq!(bench.read(IIR), iir, "{left} of {level}");
        }
        assert!(!bench.uart.interrupt());
    }
}

#[test]
fn the_most_urgent_interrupt_comes_first() {
    let mut bench = Bench::new();
    bench.write(MCR, 0x10);
    bench.write(IER, 0xf);
    bench.send(b"ab");
    let mut seen = Vec::new();
    while bench.uart.interrupt() {
        let iir = bench.read(IIR);
        seen.push(iir);
        match iir {
            6 => bench.read(LSR),
            4 => bench.read(RBR),
            0 => bench.read(MSR),
            _ => 0,
        };
    }
    assert_eq!(seen, [6, 4, 2, 0]);
}

#[test]
fn resets_empty_the_receiver() {
    let mut bench = Bench::new();
    bench.write(MCR, 0x10);
    for (before, control, left) in [
        (1, 3, 0),
        (1, 0, 0),
        (1, 0x41, 1),
        (1, 5, 1),
        (0, 1, 0),
        (0, 2, 1),
    ] {
        bench.write(FCR, before);
        bench.receive();
        bench.send(b"x");
        bench.write(FCR, control);
        assert_eq!(bench.read(LSR) & 1, left, "{before} {control}");
    }
    bench.write(FCR, 1);
    bench.write(MCR, 0);
    bench.write(IER, 1);
    bench.wait(SILENCE);
    assert_eq!(bench.receive(), b"", "what was looped does not come again");
}

#[test]
fn typed_characters_interrupt() {
    let mut bench = Bench::new();
    bench.write(FCR, 0x81);
    bench.wait(SILENCE);
    bench.types(b"ls -l\n");
    bench.wait(1000);
    assert_eq!(bench.still_typed(), 6, "nobody has asked");
    bench.write(IER, 1);
    assert!(bench.uart.interrupt());
    assert_eq!(bench.read(IIR), 0xcc);
    assert_eq!(bench.receive(), b"ls -l\n");
    assert!(!bench.uart.interrupt());
    bench.types(&[b'x'; 40]);
    bench.work();
    assert_eq!(bench.still_typed(), 24, "the FIFO is full");
    assert_eq!(bench.read(IIR), 0xc4);
    assert_eq!(bench.read(LSR), 0x61, "a console that waits is no overrun");
    assert_eq!(bench.receive(), [b'x'; 40]);
}

#[test]
fn without_fifos_typed_characters_come_one_by_one() {
    let mut bench = Bench::new();
    bench.write(IER, 1);
    bench.types(b"abc");
    bench.work();
    assert_eq!(bench.still_typed(), 2);
    assert_eq!(bench.read(IIR), 4);
    assert_eq!(bench.receive(), b"abc");
    assert_eq!(bench.read(IIR), 1);
}

#[test]
fn a_guest_that_polls_gets_what_is_typed() {
    let mut bench = Bench::new();
    bench.types(b"boot\n");
    // Output looks at LSR too, once for each character.
    for _ in 0..100 {
        bench.read(LSR);
        bench.write(THR, b'.');
    }
    assert_eq!(bench.still_typed(), 5);
    let looks = (0..100).find(|_| bench.read(LSR) & 1 != 0);
    assert_eq!(looks, Some(4));
    assert_eq!(bench.still_typed(), 4, "one at a time");
    assert_eq!(bench.receive(), b"boot\n");
    // It is known to read now: an echo does not make it wait.
    bench.write(THR, b'b');
    bench.types(b"x");
    bench.work();
    assert_eq!(bench.still_typed(), 1);
    assert_eq!(bench.read(LSR), 0x60);
    assert_eq!(bench.read(LSR), 0x61);
    // Its successor is not.
    bench.read(RBR);
    bench.write(FCR, 1);
    bench.wait(SILENCE);
    bench.types(b"x");
    assert_eq!([(); 5].map(|()| bench.read(LSR) & 1), [0, 0, 0, 0, 1]);
}

#[test]
fn a_driver_that_starts_loses_nothing_that_was_typed() {
    let mut bench = Bench::new();
    bench.types(b"root\nsecret\n");
    bench.write(IER, 1);
    bench.work();
    // As Linux does it, with input before, between and after.
    for control in [1, 7, 0] {
        bench.write(FCR, control);
    }
    assert_eq!(bench.read(LSR), 0x60, "the FIFO is empty after its reset");
    bench.read(RBR);
    bench.write(IER, 5);
    for control in [1, 0x81] {
        bench.write(FCR, control);
    }
    assert!(!bench.uart.interrupt());
    let deadline = bench.uart.deadline().unwrap();
    assert_eq!(deadline, bench.now + SILENCE);
    bench.wait(SILENCE - 1);
    assert!(!bench.uart.interrupt());
    bench.wait(1);
    assert!(bench.uart.interrupt());
    assert_eq!(bench.uart.deadline(), None);
    assert_eq!(bench.receive(), b"root\nsecret\n");
}

#[test]
fn silence_ends_even_if_the_time_is_set() {
    for now in [0, 1 << 40, u64::MAX] {
        let mut bench = Bench::new();
        bench.types(b"x");
        bench.write(IER, 1);
        bench.write(FCR, 1);
        bench.now = now;
        bench.work();
        assert_eq!(bench.receive(), b"x", "{now}");
    }
}

#[test]
fn silence_ends_with_time() {
    let mut bench = Bench::new();
    bench.now = u64::MAX - 5;
    bench.types(b"x");
    bench.write(IER, 1);
    bench.write(FCR, 1);
    assert_eq!(bench.uart.deadline(), Some(u64::MAX));
    bench.wait(5);
    assert_eq!(bench.uart.deadline(), None);
    assert_eq!(bench.receive(), b"x");
}

#[test]
fn it_has_a_deadline_only_if_something_may_come() {
    let mut bench = Bench::new();
    bench.write(IER, 1);
    bench.write(FCR, 1);
    assert_eq!(bench.uart.deadline(), None, "the console has ended");
    bench.types(b"x");
    assert!(bench.uart.deadline().is_some());
    bench.write(IER, 0);
    assert_eq!(bench.uart.deadline(), None, "nobody asks");
    assert!(!bench.uart.expects_host());
    bench.wire.0.lock().unwrap().waits = true;
    assert!(!bench.uart.expects_host(), "nobody asks");
    bench.write(IER, 1);
    assert!(bench.uart.expects_host());
}

#[test]
fn its_state_can_be_put_back() {
    let mut bench = Bench::new();
    bench.types(b"abcd");
    bench.write(LCR, 0x1b);
    bench.write(SCR, 0x77);
    bench.write(FCR, 0x41);
    bench.write(IER, 3);
    bench.wait(SILENCE);
    bench.read(RBR);
    let state = bench.uart.state();
    let text = serde_json::to_string(&state).unwrap();
    let mut other = Bench::new();
    other.now = bench.now;
    other.uart.set_state(serde_json::from_str(&text).unwrap());
    assert_eq!(other.uart.state(), state);
    assert!(other.uart.interrupt());
    assert_eq!([other.read(LCR), other.read(SCR)], [0x1b, 0x77]);
    assert_eq!(other.receive(), b"bcd");
    assert_eq!(other.read(IIR), 0xc2);
}

#[test]
fn a_state_that_cannot_be_is_made_one_that_can() {
    let mut bench = Bench::new();
    let received = Received {
        character: b'x',
        looped: false,
    };
    bench.uart.set_state(UartState {
        received: std::iter::repeat_n(received, 100).collect(),
        trigger: 0xff,
        ier: 0xff,
        mcr: 0xff,
        modem_changes: 0xff,
        fifos: true,
        ..UartState::default()
    });
    assert_eq!([bench.read(IER), bench.read(MCR)], [0x0f, 0x1f]);
    assert_eq!([bench.read(IIR), bench.read(MSR)], [0xc4, 0xff]);
    assert_eq!(bench.receive(), [b'x'; 16]);
}

#[test]
fn reset_keeps_what_was_typed() {
    let mut bench = Bench::new();
    bench.types(b"abc");
    bench.write(FCR, 1);
    bench.write(IER, 1);
    bench.wait(SILENCE);
    assert_eq!(bench.still_typed(), 0);
    bench.uart.reset();
    let values = [0, 1, 2, 3, 4, 5, 6, 7].map(|offset| bench.read(offset));
    assert_eq!(values, [0, 0, 1, 0, 0, 0x60, 0xb0, 0]);
    assert!(!bench.uart.interrupt());
    bench.write(IER, 1);
    assert_eq!(bench.receive(), b"abc");
}
