//! `pagewalk` without a command: runs the built-in guest.

use super::run::{Request, run_guest};
use anyhow::Result;
use pagewalk::loader::Guest;

/// The guest, built from `firmware/first`.
const FIRST: &[u8] = include_bytes!("../../../firmware/first/first.elf");

pub(super) fn run() -> Result<u8> {
    let guest = Guest::from_bytes("the built-in guest", FIRST)?;
    run_guest(guest, None, &Request::default())
}
