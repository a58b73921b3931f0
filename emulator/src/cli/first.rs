//! `pagewalk` without a command: runs the built-in guest.

use super::{WRONG_COMMAND_LINE, say};
use anyhow::Result;

pub(super) fn run() -> Result<u8> {
    say(format_args!(
        "this build has no built-in guest; try `pagewalk help`"
    ));
    Ok(WRONG_COMMAND_LINE)
}
