//! A program's standard output and standard error.

use rustix::io::Errno;

use super::input::Tells;
use crate::dev::console::{Console, Shared};

/// Where what a program writes goes.
pub struct ProgramOutput {
    pub(super) tells: Tells,
    console: Shared,
}

impl ProgramOutput {
    /// Shows it on a console, which the program takes for such a file.
    pub fn new(console: Shared, tells: Tells) -> Self {
        Self { tells, console }
    }

    /// Shows some bytes, and does not keep them back. If the host cannot, the machine ends.
    pub(super) fn write(&mut self, data: &[u8]) -> Result<(), Errno> {
        self.console.write(data);
        self.console.flush();
        match self.console.error() {
            Some(_) => Err(Errno::IO),
            None => Ok(()),
        }
    }
}
