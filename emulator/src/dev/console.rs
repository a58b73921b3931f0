//! Consoles: where a guest's characters go to and come from.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Where a console's characters go to and come from. A device takes and gives bytes, and never
/// waits.
pub trait Console: Send {
    /// Shows what the guest printed.
    fn write(&mut self, bytes: &[u8]);
    /// Shows unfinished lines.
    fn flush(&mut self) {}
    /// The next character, if there is one now.
    fn read(&mut self) -> Option<u8>;
    /// Whether there may be more.
    fn is_open(&self) -> bool;
    /// Whether it is worth waiting for more in real time: it comes from a person or from another
    /// program.
    fn waits(&self) -> bool;
    /// Why what the guest printed could not be shown, if it could not.
    fn error(&self) -> Option<ErrorKind> {
        None
    }
    /// The name of the file that it is written to, if it is one that has a name.
    fn file(&self) -> Option<String> {
        None
    }
}

/// A console that shows nothing and has no input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Console for Nowhere {
    fn write(&mut self, _bytes: &[u8]) {}

    fn read(&mut self) -> Option<u8> {
        None
    }

    fn is_open(&self) -> bool {
        false
    }

    fn waits(&self) -> bool {
        false
    }
}

/// Characters read ahead of the guest.
const AHEAD: usize = 256;

/// Where console input comes from.
pub enum Input {
    /// Nowhere.
    None,
    /// A file, which is read when the guest asks: so a run is the same each time.
    File(Box<dyn Read + Send>),
    /// A stream that may let its reader wait, so that a thread of its own reads it. It starts
    /// when the guest asks for the first time.
    Stream(Option<Box<dyn Read + Send>>),
    /// The thread is reading.
    Reading(Receiver<u8>),
}

impl Input {
    /// The next character, if there is one now.
    fn next(&mut self) -> Option<u8> {
        match self {
            Self::None => None,
            Self::File(file) => {
                let mut byte = [0];
                match file.read_exact(&mut byte) {
                    Ok(()) => Some(byte[0]),
                    Err(_) => {
                        *self = Self::None;
                        None
                    }
                }
            }
            Self::Stream(source) => {
                *self = match source.take() {
                    Some(source) => Self::Reading(read_ahead(source)),
                    None => Self::None,
                };
                self.next()
            }
            Self::Reading(receiver) => match receiver.try_recv() {
                Ok(byte) => Some(byte),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => {
                    *self = Self::None;
                    None
                }
            },
        }
    }
}

/// Reads in a thread of its own.
fn read_ahead(source: Box<dyn Read + Send>) -> Receiver<u8> {
    let (sender, receiver) = sync_channel(AHEAD);
    thread::spawn(move || {
        for byte in BufReader::new(source).bytes().map_while(Result::ok) {
            if sender.send(byte).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A console made of an output and an input.
pub struct Stream {
    output: Box<dyn Write + Send>,
    input: Input,
    unflushed: bool,
    error: Option<ErrorKind>,
    file: Option<String>,
}

impl Stream {
    /// A console that shows what is printed on `output`.
    pub fn new(output: Box<dyn Write + Send>, input: Input) -> Self {
        Self {
            output,
            input,
            unflushed: false,
            error: None,
            file: None,
        }
    }

    /// Remembers the name of the file that `output` is.
    #[must_use]
    pub fn to_file(mut self, name: impl Into<String>) -> Self {
        self.file = Some(name.into());
        self
    }

    /// Takes input from elsewhere.
    pub fn set_input(&mut self, input: Input) {
        self.input = input;
    }

    fn done(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.error.get_or_insert(error.kind());
        }
    }
}

impl Console for Stream {
    fn write(&mut self, bytes: &[u8]) {
        let result = self.output.write_all(bytes);
        self.unflushed = true;
        self.done(result);
    }

    fn flush(&mut self) {
        if std::mem::take(&mut self.unflushed) {
            let result = self.output.flush();
            self.done(result);
        }
    }

    fn read(&mut self) -> Option<u8> {
        self.input.next()
    }

    fn is_open(&self) -> bool {
        !matches!(self.input, Input::None)
    }

    fn waits(&self) -> bool {
        matches!(self.input, Input::Stream(_) | Input::Reading(_))
    }

    fn error(&self) -> Option<ErrorKind> {
        self.error
    }

    fn file(&self) -> Option<String> {
        self.file.clone()
    }
}

/// A console that several devices use.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<dyn Console>>);

impl Shared {
    /// A console to share.
    pub fn new(console: impl Console + 'static) -> Self {
        Self(Arc::new(Mutex::new(console)))
    }

    fn lock(&self) -> MutexGuard<'_, dyn Console + 'static> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Console for Shared {
    fn write(&mut self, bytes: &[u8]) {
        self.lock().write(bytes);
    }

    fn flush(&mut self) {
        self.lock().flush();
    }

    fn read(&mut self) -> Option<u8> {
        self.lock().read()
    }

    fn is_open(&self) -> bool {
        self.lock().is_open()
    }

    fn waits(&self) -> bool {
        self.lock().waits()
    }

    fn error(&self) -> Option<ErrorKind> {
        self.lock().error()
    }

    fn file(&self) -> Option<String> {
        self.lock().file()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut console = self.lock();
        console.write(bytes);
        match console.error() {
            Some(error) => Err(error.into()),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut console = self.lock();
        console.flush();
        match console.error() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output that takes so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_file_is_read_when_asked_and_then_ends() {
        let mut console = Stream::new(Box::new(io::sink()), Input::File(Box::new(&b"ab"[..])));
        assert!(console.is_open() && !console.waits());
        assert_eq!([console.read(), console.read()], [Some(b'a'), Some(b'b')]);
        assert_eq!(console.read(), None);
        assert!(!console.is_open());
    }

    #[test]
    fn a_stream_is_worth_waiting_for_until_it_ends() {
        let input = Input::Stream(Some(Box::new(&b"x"[..])));
        let mut console = Stream::new(Box::new(io::sink()), input);
        assert!(console.waits());
        let mut found = Vec::new();
        while console.is_open() {
            found.extend(console.read());
        }
        assert_eq!(found, b"x");
        assert!(!console.waits());
    }

    #[test]
    fn an_output_that_fails_is_remembered_and_told_to_writers() {
        let mut console = Shared::new(Stream::new(Box::new(Full(3)), Input::None));
        Console::write(&mut console, b"abc");
        assert_eq!(console.error(), None);
        Console::write(&mut console, b"d");
        assert_eq!(console.error(), Some(ErrorKind::StorageFull));
        assert!(Write::write(&mut console, b"e").is_err());
    }
}
