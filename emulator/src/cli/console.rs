//! The guest's console on standard output.

use super::{CANNOT_GO_ON, say};
use std::io::{self, ErrorKind, IsTerminal, Stdout, Write};

/// Exit code: nobody reads our output any more. Shells show this when SIGPIPE ends a program.
const NOBODY_READS: u8 = 141;

/// Standard output as the guest's console. When nobody reads it any more (`pagewalk … | head`),
/// the run ends, as that of any program does.
pub(super) struct Console {
    out: Stdout,
    terminal: bool,
}

impl Console {
    pub(super) fn new() -> Self {
        let out = io::stdout();
        let terminal = out.is_terminal();
        Self { out, terminal }
    }
}

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        checked(self.out.write_all(bytes));
        if self.terminal {
            // A prompt does not end its line.
            checked(self.out.flush());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        checked(self.out.flush());
        Ok(())
    }
}

/// Ends the process if standard output is gone.
fn checked(result: io::Result<()>) {
    let Err(error) = result else { return };
    let code = if error.kind() == ErrorKind::BrokenPipe {
        NOBODY_READS
    } else {
        say(format_args!("cannot write to standard output: {error}"));
        CANNOT_GO_ON
    };
    std::process::exit(code.into());
}
