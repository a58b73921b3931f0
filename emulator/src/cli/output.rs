//! What the guest prints: it passes through, and what matters for Pagewalk's own lines is noted.

use rustix::fs::fstat;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Whether the guest has begun a line, and not ended it, where standard error shows too.
static UNFINISHED: AtomicBool = AtomicBool::new(false);

/// The lines that the guest has printed on all its consoles.
static LINES: AtomicU64 = AtomicU64::new(0);

/// Where a console's characters go.
pub(super) struct GuestOutput {
    to: Box<dyn Write + Send>,
    /// Whether they show where standard error does.
    beside_errors: bool,
}

impl GuestOutput {
    /// To standard output.
    pub(super) fn stdout() -> Self {
        let place = |found: rustix::io::Result<rustix::fs::Stat>| {
            found.ok().map(|found| (found.st_dev, found.st_ino))
        };
        let (output, errors) = (place(fstat(io::stdout())), place(fstat(io::stderr())));
        Self {
            to: Box::new(io::stdout()),
            beside_errors: output.is_some() && output == errors,
        }
    }

    /// To standard error.
    pub(super) fn stderr() -> Self {
        Self {
            to: Box::new(io::stderr()),
            beside_errors: true,
        }
    }

    /// To a file, or nowhere.
    pub(super) fn other(to: impl Write + Send + 'static) -> Self {
        Self {
            to: Box::new(to),
            beside_errors: false,
        }
    }
}

impl Write for GuestOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        for byte in &bytes[..count] {
            let unfinished = match byte {
                b'\r' => continue,
                b'\n' => {
                    LINES.fetch_add(1, Ordering::Relaxed);
                    false
                }
                _ => true,
            };
            if self.beside_errors {
                UNFINISHED.store(unfinished, Ordering::Relaxed);
            }
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The lines that the guest has printed.
pub(super) fn lines() -> u64 {
    LINES.load(Ordering::Relaxed)
}

/// Ends the guest's unfinished line on standard error, before something else is written there. What
/// goes to standard output stays as the guest wrote it.
pub(super) fn finish_line() {
    if UNFINISHED.swap(false, Ordering::Relaxed) {
        let _ = writeln!(io::stderr());
    }
}
