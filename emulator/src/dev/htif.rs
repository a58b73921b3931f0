//! HTIF, the host-target interface: how bare-metal RISC-V programs end, print and ask for
//! services. It has no specification; Spike's front-end server is the model.
//!
//! A guest stores a request in the doubleword `tohost` and may find a reply in `fromhost`:
//!
//! | bits | |
//! |---|---|
//! | 63:56 | device: 0 exit and system calls, 1 console |
//! | 55:48 | command |
//! | 47:0 | payload |
//!
//! | request | meaning |
//! |---|---|
//! | 0 | nothing |
//! | device 0, odd payload | exit with code payload >> 1 |
//! | device 0, even payload | system call; the payload is the address of eight doublewords |
//! | device 1, command 0 | read a character; the reply is 0x100 + character, once there is one |
//! | device 1, command 1 | write the character in bits 7:0; there is no reply |
//!
//! The board watches `tohost`, hands over what was stored and clears it, and stores replies in
//! `fromhost`.

use std::io::Write;

/// The guest's memory as the device may use it. False means that some of the bytes are not there.
pub trait HtifMemory {
    /// Copies bytes out of the guest's memory.
    fn read(&mut self, at: u64, bytes: &mut [u8]) -> bool;
    /// Copies bytes into the guest's memory.
    fn write(&mut self, at: u64, bytes: &[u8]) -> bool;
}

/// What a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HtifEvent {
    /// Nothing more is to be done.
    None,
    /// This is to be stored in `fromhost`.
    Reply(u64),
    /// The guest ends with this code.
    Exit(u64),
    /// The request could not be carried out, and why.
    Bad(String),
}

/// What is wrong with a request.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("tohost is {request:#x}: HTIF has no device {device}")]
    UnknownDevice { request: u64, device: u8 },
    #[error("tohost is {request:#x}: HTIF's device {device} has no command {command}")]
    UnknownCommand {
        request: u64,
        device: u8,
        command: u8,
    },
    #[error("tohost is {0:#x}: there is no memory for a system call's 64 bytes at this address")]
    BadBlock(u64),
    #[error("the guest's console output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

/// System call numbers and error numbers, as RISC-V Linux has them.
mod linux {
    pub(super) const WRITE: u64 = 64;
    pub(super) const EXIT: u64 = 93;
    pub(super) const EBADF: i64 = -9;
    pub(super) const EFAULT: i64 = -14;
    pub(super) const ENOSYS: i64 = -38;
}

/// What a guest prints is copied in pieces of this many bytes.
const PIECE: usize = 4096;

/// The device.
pub struct Htif {
    output: Box<dyn Write + Send>,
    waits_for_input: bool,
}

impl Htif {
    /// A device that prints to `output`.
    pub fn new(output: Box<dyn Write + Send>) -> Self {
        Self {
            output,
            waits_for_input: false,
        }
    }

    /// Carries out the request that the guest stored in `tohost`.
    pub fn request(&mut self, request: u64, memory: &mut impl HtifMemory) -> HtifEvent {
        self.serve(request, memory)
            .unwrap_or_else(|fault| HtifEvent::Bad(fault.to_string()))
    }

    /// Whether the guest has asked for a character and has not got one.
    pub fn waits_for_input(&self) -> bool {
        self.waits_for_input
    }

    /// Gives the guest a character, if it has asked for one. The answer is what is to be stored in
    /// `fromhost`.
    pub fn input(&mut self, character: u8) -> Option<u64> {
        std::mem::take(&mut self.waits_for_input).then(|| reply(1, 0, 0x100 | u64::from(character)))
    }

    /// Makes an unfinished line visible. Whole lines are so at once.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }

    fn serve(&mut self, request: u64, memory: &mut impl HtifMemory) -> Result<HtifEvent, Fault> {
        let (device, command) = ((request >> 56) as u8, (request >> 48) as u8);
        match (device, command) {
            _ if request == 0 => Ok(HtifEvent::None),
            (0, 0) if request & 1 != 0 => self.exit(request >> 1),
            // Exit with a negative code: its sign fills the upper bits.
            (0xff, 0xff) if request & 1 != 0 => self.exit(request >> 1),
            (0, 0) => self.system_call(request, memory),
            (1, 0) => {
                self.waits_for_input = true;
                Ok(HtifEvent::None)
            }
            (1, 1) => {
                self.put(&[request as u8])?;
                Ok(HtifEvent::None)
            }
            (0 | 1, _) => Err(Fault::UnknownCommand {
                request,
                device,
                command,
            }),
            _ => Err(Fault::UnknownDevice { request, device }),
        }
    }

    fn exit(&mut self, code: u64) -> Result<HtifEvent, Fault> {
        // What was printed counts, but the code counts more than a failure to show it.
        let _ = self.output.flush();
        Ok(HtifEvent::Exit(code))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.output.write_all(bytes)?;
        if bytes.contains(&b'\n') {
            self.output.flush()?;
        }
        Ok(())
    }

    /// The block holds the call's number and its seven arguments; the result replaces the number.
    fn system_call(&mut self, at: u64, memory: &mut impl HtifMemory) -> Result<HtifEvent, Fault> {
        let mut block = [0; 64];
        if !memory.read(at, &mut block) {
            return Err(Fault::BadBlock(at));
        }
        let (number, arguments) = words(&block);
        let result = match number {
            linux::WRITE => self.write(arguments, memory)?,
            linux::EXIT => return self.exit(arguments[0]),
            _ => {
                log::debug!(target: "dev::htif", "no system call {number}");
                linux::ENOSYS
            }
        };
        if !memory.write(at, &result.to_le_bytes()) {
            return Err(Fault::BadBlock(at));
        }
        Ok(HtifEvent::Reply(reply(0, 0, 1)))
    }

    /// write(fd, buffer, length). Standard output and standard error are both the console.
    fn write(
        &mut self,
        [fd, buffer, length]: [u64; 3],
        memory: &mut impl HtifMemory,
    ) -> Result<i64, Fault> {
        if !matches!(fd, 1 | 2) {
            return Ok(linux::EBADF);
        }
        if length == 0 {
            return Ok(0);
        }
        // A length that reaches beyond memory is refused before anything is printed.
        let last = buffer.checked_add(length - 1);
        if last.is_none_or(|last| !memory.read(last, &mut [0])) {
            return Ok(linux::EFAULT);
        }
        let mut piece = [0; PIECE];
        let mut done = 0;
        while done < length {
            let size = (length - done).min(PIECE as u64);
            let piece = &mut piece[..size as usize];
            if !memory.read(buffer + done, piece) {
                break;
            }
            self.put(piece)?;
            done += size;
        }
        Ok(if done == 0 {
            linux::EFAULT
        } else {
            done as i64
        })
    }
}

/// A reply names the device and the command that it is for.
fn reply(device: u8, command: u8, payload: u64) -> u64 {
    u64::from(device) << 56 | u64::from(command) << 48 | payload
}

/// A system call's number and its first three arguments.
fn words(block: &[u8; 64]) -> (u64, [u64; 3]) {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    let [number, arguments @ ..] = words;
    (number, arguments)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    const BASE: u64 = 0x8000_0000;
    const BLOCK: u64 = BASE + 0x1000;
    const PUTCHAR: u64 = 1 << 56 | 1 << 48;

    /// What the guest printed. A clone shows the same.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// RAM from `BASE` on.
    struct Memory(Vec<u8>);

    impl Memory {
        fn slice(&mut self, at: u64, size: usize) -> Option<&mut [u8]> {
            let start = usize::try_from(at.checked_sub(BASE)?).ok()?;
            self.0.get_mut(start..)?.get_mut(..size)
        }

        fn word(&mut self, at: u64) -> u64 {
            let bytes = self.slice(at, 8).unwrap();
            u64::from_le_bytes(bytes.try_into().unwrap())
        }
    }

    impl HtifMemory for Memory {
        fn read(&mut self, at: u64, into: &mut [u8]) -> bool {
            let found = self.slice(at, into.len());
            found.map(|bytes| into.copy_from_slice(bytes)).is_some()
        }

        fn write(&mut self, at: u64, from: &[u8]) -> bool {
            let found = self.slice(at, from.len());
            found.map(|bytes| bytes.copy_from_slice(from)).is_some()
        }
    }

    struct Bench {
        htif: Htif,
        memory: Memory,
        screen: Screen,
    }

    impl Bench {
        fn new() -> Self {
            let screen = Screen::default();
            Self {
                htif: Htif::new(Box::new(screen.clone())),
                memory: Memory(vec![b'.'; 0x1_0000]),
                screen,
            }
        }

        fn request(&mut self, request: u64) -> HtifEvent {
            self.htif.request(request, &mut self.memory)
        }

        /// A system call whose block lies at `BLOCK`: the event, and the result in memory.
        fn call(&mut self, words: [u64; 4]) -> (HtifEvent, i64) {
            for (index, word) in words.iter().enumerate() {
                let at = BLOCK + 8 * index as u64;
                assert!(self.memory.write(at, &word.to_le_bytes()));
            }
            let event = self.request(BLOCK);
            (event, self.memory.word(BLOCK) as i64)
        }

        fn printed(&self) -> String {
            String::from_utf8(self.screen.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn zero_asks_for_nothing() {
        assert_eq!(Bench::new().request(0), HtifEvent::None);
    }

    #[test]
    fn odd_requests_exit() {
        let mut bench = Bench::new();
        assert_eq!(bench.request(1), HtifEvent::Exit(0));
        assert_eq!(bench.request(1337 << 1 | 1), HtifEvent::Exit(1337));
        let minus_one = (-1i64 << 1 | 1) as u64;
        assert_eq!(bench.request(minus_one), HtifEvent::Exit(u64::MAX >> 1));
    }

    #[test]
    fn characters_are_printed_without_a_reply() {
        let mut bench = Bench::new();
        for character in b"Hi!\n" {
            let request = PUTCHAR | 0xab00 | u64::from(*character);
            assert_eq!(bench.request(request), HtifEvent::None);
        }
        assert_eq!(bench.printed(), "Hi!\n");
    }

    #[test]
    fn a_guest_gets_a_character_when_there_is_one() {
        let mut bench = Bench::new();
        assert_eq!(bench.htif.input(b'a'), None, "it has not asked");
        assert_eq!(bench.request(1 << 56), HtifEvent::None);
        assert!(bench.htif.waits_for_input());
        assert_eq!(bench.htif.input(b'b'), Some(1 << 56 | 0x162));
        assert!(!bench.htif.waits_for_input());
        assert_eq!(bench.htif.input(b'c'), None, "it has not asked again");
    }

    #[test]
    fn write_prints_and_answers_with_the_length() {
        let mut bench = Bench::new();
        assert!(bench.memory.write(BASE, b"hello, world"));
        let answer = bench.call([64, 1, BASE, 5]);
        assert_eq!(answer, (HtifEvent::Reply(1), 5));
        let answer = bench.call([64, 2, BASE + 5, 7]);
        assert_eq!(answer, (HtifEvent::Reply(1), 7));
        assert_eq!(bench.printed(), "hello, world");
        assert_eq!(bench.memory.word(BLOCK + 8), 2, "arguments stay");
    }

    #[test]
    fn write_takes_long_buffers_in_pieces() {
        let mut bench = Bench::new();
        assert_eq!(bench.call([64, 1, BASE + 0x2000, 0xe000]).1, 0xe000);
        assert_eq!(bench.printed(), ".".repeat(0xe000));
    }

    #[test]
    fn write_answers_bad_pointers_with_an_error_and_prints_nothing() {
        let mut bench = Bench::new();
        for (buffer, length) in [
            (0, 1),
            (BASE, 0x1_0001),
            (BASE, u64::MAX),
            (u64::MAX, 2),
            (BASE - 1, 2),
        ] {
            let (event, result) = bench.call([64, 1, buffer, length]);
            assert_eq!(result, -14, "{buffer:#x} {length:#x}");
            assert_eq!(event, HtifEvent::Reply(1));
        }
        assert_eq!(bench.call([64, 1, BASE, 0]).1, 0);
        assert_eq!(bench.call([64, 7, BASE, 1]).1, -9);
        assert_eq!(bench.printed(), "");
    }

    /// Memory with a hole in its middle.
    struct Holed;

    impl HtifMemory for Holed {
        fn read(&mut self, at: u64, into: &mut [u8]) -> bool {
            if at == BLOCK {
                for (index, word) in [64, 1, BASE + 0x2000, 3 * 4096].into_iter().enumerate() {
                    into[8 * index..][..8].copy_from_slice(&u64::to_le_bytes(word));
                }
                return true;
            }
            into.fill(b'x');
            at != BASE + 0x3000
        }

        fn write(&mut self, at: u64, from: &[u8]) -> bool {
            at == BLOCK && from == 4096u64.to_le_bytes()
        }
    }

    #[test]
    fn write_answers_with_what_was_printed_before_a_hole() {
        let mut bench = Bench::new();
        assert_eq!(bench.htif.request(BLOCK, &mut Holed), HtifEvent::Reply(1));
        assert_eq!(bench.printed(), "x".repeat(4096));
    }

    #[test]
    fn exit_is_a_system_call_too() {
        let mut bench = Bench::new();
        assert_eq!(bench.call([93, 7, 0, 0]).0, HtifEvent::Exit(7));
    }

    #[test]
    fn other_system_calls_are_not_there() {
        let mut bench = Bench::new();
        for number in [63, 1024, u64::MAX] {
            let (event, result) = bench.call([number, 1, 2, 3]);
            assert_eq!(result, -38);
            assert_eq!(event, HtifEvent::Reply(1));
        }
    }

    #[test]
    fn a_block_must_lie_in_memory() {
        let message = "tohost is 0x8000ffc8: there is no memory for a system call's 64 bytes at \
                       this address";
        let event = Bench::new().request(BASE + 0xffc8);
        assert_eq!(event, HtifEvent::Bad(message.into()));
    }

    #[test]
    fn unknown_devices_and_commands_are_errors() {
        for (request, message) in [
            (
                3 << 56 | 9,
                "tohost is 0x300000000000009: HTIF has no device 3",
            ),
            (
                1 << 56 | 2 << 48,
                "tohost is 0x102000000000000: HTIF's device 1 has no command 2",
            ),
            (
                1 << 48 | 1,
                "tohost is 0x1000000000001: HTIF's device 0 has no command 1",
            ),
        ] {
            let event = Bench::new().request(request);
            assert_eq!(event, HtifEvent::Bad(message.into()));
        }
    }

    /// An output that is full.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_fails_is_reported() {
        let mut bench = Bench::new();
        bench.htif = Htif::new(Box::new(Full));
        let error = io::Error::from(io::ErrorKind::StorageFull);
        let message = format!("the guest's console output cannot be written: {error}");
        let event = HtifEvent::Bad(message);
        assert_eq!(bench.request(PUTCHAR | 0x41), event);
        assert_eq!(bench.call([64, 1, BASE, 1]).0, event);
        assert_eq!(
            bench.request(3),
            HtifEvent::Exit(1),
            "the code still counts"
        );
    }
}
