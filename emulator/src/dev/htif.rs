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
//! The board watches `tohost`, hands over what was stored and clears it, and moves replies to
//! `fromhost` whenever that is zero. A guest may store `tohost` in two halves (the official tests
//! do, low half first); knowing when the word is complete is the board's business.

use std::collections::VecDeque;
use std::io::{self, Write};

use crate::mem::PhysAddr;

/// The guest's memory as the device may use it. False means that some of the bytes are not there.
pub trait HtifMemory {
    /// Copies bytes out of the guest's memory.
    fn read(&mut self, at: PhysAddr, into: &mut [u8]) -> bool;
    /// Copies bytes into the guest's memory.
    fn write(&mut self, at: PhysAddr, from: &[u8]) -> bool;
}

/// What a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HtifEvent {
    /// Nothing was asked.
    None,
    /// The guest ends with this code.
    Exit(u64),
    /// Something was written to the console.
    Console,
    /// The guest waits for a character.
    WaitsForInput,
    /// A system call that does nothing but answer.
    Syscall {
        /// Its number.
        number: u64,
        /// The answer: zero or more, or an error number below zero.
        result: i64,
    },
    /// The request could not be carried out.
    Error(HtifError),
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HtifError {
    /// There is no such device.
    #[error("tohost is {request:#x}: HTIF has no device {device}")]
    UnknownDevice {
        /// What was stored in `tohost`.
        request: u64,
        /// Bits 63:56.
        device: u8,
    },
    /// The device has no such command.
    #[error("tohost is {request:#x}: HTIF's device {device} has no command {command}")]
    UnknownCommand {
        /// What was stored in `tohost`.
        request: u64,
        /// Bits 63:56.
        device: u8,
        /// Bits 55:48.
        command: u8,
    },
    /// A system call's eight doublewords are not in memory.
    #[error("tohost is {request:#x}: there is no memory for a system call's 64 bytes at {at}")]
    BadBlock {
        /// What was stored in `tohost`.
        request: u64,
        /// Where the block would be.
        at: PhysAddr,
    },
    /// The host does not take what the guest prints.
    #[error("the guest's console output cannot be written: {0}")]
    Output(io::ErrorKind),
}

/// System call numbers and error numbers, as RISC-V Linux has them.
mod linux {
    pub(super) const WRITE: u64 = 64;
    pub(super) const EXIT: u64 = 93;
    pub(super) const EIO: i64 = -5;
    pub(super) const EBADF: i64 = -9;
    pub(super) const EFAULT: i64 = -14;
    pub(super) const ENOSYS: i64 = -38;
}

/// A guest that leaves more replies than this unread does not wait for them.
const MAX_REPLIES: usize = 64;
/// What one call writes at most; writing less than was asked is a legal answer.
const MAX_WRITE: u64 = 1 << 20;
/// What a guest prints is copied in pieces of this many bytes.
const PIECE: usize = 4096;

/// The device.
pub struct Htif {
    output: Box<dyn Write + Send>,
    replies: VecDeque<u64>,
    waits_for_input: bool,
}

impl Htif {
    /// A device that prints to `output`.
    pub fn new(output: Box<dyn Write + Send>) -> Self {
        Self {
            output,
            replies: VecDeque::new(),
            waits_for_input: false,
        }
    }

    /// Carries out the request that the guest stored in `tohost`.
    pub fn request(&mut self, request: u64, memory: &mut dyn HtifMemory) -> HtifEvent {
        let (device, command) = ((request >> 56) as u8, (request >> 48) as u8);
        match (device, command) {
            _ if request == 0 => HtifEvent::None,
            (0, 0) if request & 1 != 0 => self.exit(request >> 1),
            // Exit with a negative code: its sign fills the upper bits.
            (0xff, 0xff) if request & 1 != 0 => self.exit(request >> 1),
            (0, 0) => self.system_call(request, memory),
            (1, 0) => {
                self.waits_for_input = true;
                HtifEvent::WaitsForInput
            }
            (1, 1) => match self.put(&[request as u8]) {
                Ok(()) => HtifEvent::Console,
                Err(error) => HtifEvent::Error(error),
            },
            (0 | 1, _) => HtifEvent::Error(HtifError::UnknownCommand {
                request,
                device,
                command,
            }),
            _ => HtifEvent::Error(HtifError::UnknownDevice { request, device }),
        }
    }

    /// The next reply, to be stored in `fromhost` when that is zero.
    pub fn next_reply(&mut self) -> Option<u64> {
        self.replies.pop_front()
    }

    /// Whether the guest has asked for a character and has not got one.
    pub fn waits_for_input(&self) -> bool {
        self.waits_for_input
    }

    /// Gives the guest a character. False if it has not asked for one.
    pub fn input(&mut self, character: u8) -> bool {
        if self.waits_for_input {
            self.reply(1, 0, 0x100 | u64::from(character));
        }
        std::mem::take(&mut self.waits_for_input)
    }

    /// Makes what was printed visible, also an unfinished line.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    fn reply(&mut self, device: u8, command: u8, payload: u64) {
        if self.replies.len() < MAX_REPLIES {
            let head = u64::from(device) << 56 | u64::from(command) << 48;
            self.replies.push_back(head | payload);
        }
    }

    fn exit(&mut self, code: u64) -> HtifEvent {
        // What was printed counts, but the code counts more than a failure to show it.
        let _ = self.output.flush();
        HtifEvent::Exit(code)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), HtifError> {
        self.output
            .write_all(bytes)
            .and_then(|()| match bytes.contains(&b'\n') {
                true => self.output.flush(),
                false => Ok(()),
            })
            .map_err(|error| HtifError::Output(error.kind()))
    }

    /// The block holds the call's number and its seven arguments; the result replaces the number.
    fn system_call(&mut self, request: u64, memory: &mut dyn HtifMemory) -> HtifEvent {
        let at = PhysAddr(request);
        let mut block = [0; 64];
        let bad_block = HtifEvent::Error(HtifError::BadBlock { request, at });
        if !memory.read(at, &mut block) {
            return bad_block;
        }
        let (number, arguments) = words(&block);
        let (result, event) = match number {
            linux::WRITE => self.write(arguments, memory),
            linux::EXIT => (0, self.exit(arguments[0])),
            _ => {
                let result = linux::ENOSYS;
                (result, HtifEvent::Syscall { number, result })
            }
        };
        if !memory.write(at, &result.to_le_bytes()) {
            return bad_block;
        }
        self.reply(0, 0, 1);
        event
    }

    /// write(fd, buffer, length). Standard output and standard error are both the console.
    fn write(
        &mut self,
        [fd, buffer, length]: [u64; 3],
        memory: &mut dyn HtifMemory,
    ) -> (i64, HtifEvent) {
        let answer = |result| {
            let number = linux::WRITE;
            (result, HtifEvent::Syscall { number, result })
        };
        if !matches!(fd, 1 | 2) {
            return answer(linux::EBADF);
        }
        if length == 0 {
            return answer(0);
        }
        // A length that reaches beyond memory is refused before anything is printed.
        let last = buffer.checked_add(length - 1);
        if last.is_none_or(|last| !memory.read(PhysAddr(last), &mut [0])) {
            return answer(linux::EFAULT);
        }
        let length = length.min(MAX_WRITE);
        let mut piece = [0; PIECE];
        let mut done = 0;
        while done < length {
            let size = (length - done).min(PIECE as u64);
            let piece = &mut piece[..size as usize];
            if !memory.read(PhysAddr(buffer + done), piece) {
                break;
            }
            if let Err(error) = self.put(piece) {
                return (linux::EIO, HtifEvent::Error(error));
            }
            done += size;
        }
        if done == 0 {
            return answer(linux::EFAULT);
        }
        (done as i64, HtifEvent::Console)
    }
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
        fn slice(&mut self, at: PhysAddr, size: usize) -> Option<&mut [u8]> {
            let start = usize::try_from(at.0.checked_sub(BASE)?).ok()?;
            self.0.get_mut(start..)?.get_mut(..size)
        }

        fn word(&mut self, at: u64) -> u64 {
            let bytes = self.slice(PhysAddr(at), 8).unwrap();
            u64::from_le_bytes(bytes.try_into().unwrap())
        }
    }

    impl HtifMemory for Memory {
        fn read(&mut self, at: PhysAddr, into: &mut [u8]) -> bool {
            let found = self.slice(at, into.len());
            found.map(|bytes| into.copy_from_slice(bytes)).is_some()
        }

        fn write(&mut self, at: PhysAddr, from: &[u8]) -> bool {
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
                let at = PhysAddr(BLOCK + 8 * index as u64);
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
        assert_eq!(bench.htif.next_reply(), None);
    }

    #[test]
    fn characters_are_printed_without_a_reply() {
        let mut bench = Bench::new();
        for character in b"Hi!\n" {
            let request = PUTCHAR | 0xab00 | u64::from(*character);
            assert_eq!(bench.request(request), HtifEvent::Console);
        }
        assert_eq!(bench.printed(), "Hi!\n");
        assert_eq!(bench.htif.next_reply(), None);
    }

    #[test]
    fn a_guest_gets_a_character_when_there_is_one() {
        let mut bench = Bench::new();
        assert!(!bench.htif.input(b'a'), "it has not asked");
        assert_eq!(bench.request(1 << 56), HtifEvent::WaitsForInput);
        assert!(bench.htif.waits_for_input());
        assert_eq!(bench.htif.next_reply(), None);
        assert!(bench.htif.input(b'b'));
        assert!(!bench.htif.waits_for_input());
        assert_eq!(bench.htif.next_reply(), Some(1 << 56 | 0x162));
        assert!(!bench.htif.input(b'c'), "it has not asked again");
    }

    #[test]
    fn write_prints_and_answers_with_the_length() {
        let mut bench = Bench::new();
        assert!(bench.memory.write(PhysAddr(BASE), b"hello, world"));
        let answer = bench.call([64, 1, BASE, 5]);
        assert_eq!(answer, (HtifEvent::Console, 5));
        assert_eq!(bench.htif.next_reply(), Some(1));
        assert_eq!(bench.htif.next_reply(), None);
        let answer = bench.call([64, 2, BASE + 5, 7]);
        assert_eq!(answer, (HtifEvent::Console, 7));
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
            let number = 64;
            assert_eq!(event, HtifEvent::Syscall { number, result });
            assert_eq!(bench.htif.next_reply(), Some(1));
        }
        assert_eq!(bench.call([64, 1, BASE, 0]).1, 0);
        assert_eq!(bench.call([64, 7, BASE, 1]).1, -9);
        assert_eq!(bench.printed(), "");
    }

    /// Memory with a hole in its middle.
    struct Holed;

    impl HtifMemory for Holed {
        fn read(&mut self, at: PhysAddr, into: &mut [u8]) -> bool {
            if at.0 == BLOCK {
                for (index, word) in [64, 1, BASE + 0x2000, 3 * 4096].into_iter().enumerate() {
                    into[8 * index..][..8].copy_from_slice(&u64::to_le_bytes(word));
                }
                return true;
            }
            into.fill(b'x');
            at.0 != BASE + 0x3000
        }

        fn write(&mut self, at: PhysAddr, from: &[u8]) -> bool {
            at.0 == BLOCK && from == 4096u64.to_le_bytes()
        }
    }

    #[test]
    fn write_answers_with_what_was_printed_before_a_hole() {
        let mut bench = Bench::new();
        assert_eq!(bench.htif.request(BLOCK, &mut Holed), HtifEvent::Console);
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
            assert_eq!(event, HtifEvent::Syscall { number, result });
            assert_eq!(bench.htif.next_reply(), Some(1));
        }
    }

    #[test]
    fn a_block_must_lie_in_memory() {
        let mut bench = Bench::new();
        let request = BASE + 0xffc8;
        let event = bench.request(request);
        let HtifEvent::Error(error) = event else {
            panic!("{event:?}");
        };
        assert_eq!(
            error.to_string(),
            "tohost is 0x8000ffc8: there is no memory for a system call's 64 bytes at \
             pa:0x8000ffc8"
        );
        assert_eq!(bench.htif.next_reply(), None);
    }

    #[test]
    fn unknown_devices_and_commands_are_errors() {
        let mut bench = Bench::new();
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
            let event = bench.request(request);
            let HtifEvent::Error(error) = event else {
                panic!("{event:?}");
            };
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn unread_replies_are_bounded() {
        let mut bench = Bench::new();
        for _ in 0..10_000 {
            bench.call([1, 0, 0, 0]);
        }
        let left = std::iter::from_fn(|| bench.htif.next_reply()).count();
        assert_eq!(left, MAX_REPLIES);
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
        let error = HtifEvent::Error(HtifError::Output(io::ErrorKind::StorageFull));
        assert_eq!(bench.request(PUTCHAR | 0x41), error);
        assert_eq!(bench.call([64, 1, BASE, 1]), (error, -5));
        assert_eq!(
            bench.request(3),
            HtifEvent::Exit(1),
            "the code still counts"
        );
    }
}
