//! The terminal as a console: every key goes to the guest, but for those after Ctrl-A.

use super::interrupt;
use super::say;
use pagewalk::dev::console::Input;
use rustix::termios::{self, OptionalActions, Termios};
use std::io::{self, Read};
use std::panic;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The key that begins a command to Pagewalk itself.
const ESCAPE: u8 = 0x01;

const HELP: &str = "\
\r
Ctrl-A H       this help\r
Ctrl-A X       quit\r
Ctrl-A C       the monitor (not there yet)\r
Ctrl-A Ctrl-A  send Ctrl-A to the guest\r";

/// How the terminal was, while it is not so.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// A terminal in raw mode, until this is dropped.
pub(super) struct Raw(());

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back as it was, if it is not so. Whoever ends the process calls this.
pub(super) fn restore() {
    let before = BEFORE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(before) = before {
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Drain, &before);
    }
}

/// Whether standard input is a terminal.
pub(super) fn is_terminal() -> bool {
    termios::isatty(io::stdin())
}

/// Puts the terminal into raw mode, so that keys such as Ctrl-C reach the guest. `None` if
/// standard input is no terminal, or one that cannot be changed.
pub(super) fn raw() -> Option<Raw> {
    let before = termios::tcgetattr(io::stdin()).ok()?;
    let mut raw = before.clone();
    let output = raw.output_modes;
    raw.make_raw();
    // Pagewalk's own lines end as they always do.
    raw.output_modes = output;
    let mut saved = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw).ok()?;
    *saved = Some(before);
    drop(saved);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        restore();
        hook(info);
    }));
    Some(Raw(()))
}

/// Reads keys in a thread of its own from now on, whether or not the guest asks for them.
pub(super) fn input() -> Input {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut keys = Keys::default();
        for byte in io::stdin().lock().bytes().map_while(Result::ok) {
            match keys.press(byte) {
                Pressed::Nothing => {}
                Pressed::Key(key) => {
                    if send(&sender, &[key]) {
                        return;
                    }
                }
                Pressed::Unknown(key) => {
                    if send(&sender, &[ESCAPE, key]) {
                        return;
                    }
                }
                Pressed::Help => say(format_args!("{HELP}")),
                Pressed::Monitor => say(format_args!("there is no monitor yet\r")),
                Pressed::Quit => {
                    interrupt::quit();
                    return;
                }
            }
        }
    });
    Input::Reading(receiver)
}

/// Sends keys to the guest. True if nobody takes them any more.
fn send(to: &Sender<u8>, keys: &[u8]) -> bool {
    keys.iter().any(|&key| to.send(key).is_err())
}

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pressed {
    /// More must come.
    Nothing,
    /// It is for the guest.
    Key(u8),
    /// It followed Ctrl-A and means nothing there: both are for the guest.
    Unknown(u8),
    Help,
    Monitor,
    Quit,
}

/// Tells the keys that are for Pagewalk.
#[derive(Default)]
struct Keys {
    escaped: bool,
}

impl Keys {
    fn press(&mut self, key: u8) -> Pressed {
        if !std::mem::take(&mut self.escaped) {
            self.escaped = key == ESCAPE;
            return match key {
                ESCAPE => Pressed::Nothing,
                key => Pressed::Key(key),
            };
        }
        match key {
            ESCAPE => Pressed::Key(ESCAPE),
            b'x' | b'X' => Pressed::Quit,
            b'h' | b'H' | b'?' => Pressed::Help,
            b'c' | b'C' => Pressed::Monitor,
            key => Pressed::Unknown(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_after_ctrl_a_are_commands() {
        let press = |keys: &[u8]| {
            let mut state = Keys::default();
            let pressed = keys.iter().map(|&key| state.press(key));
            pressed
                .filter(|&pressed| pressed != Pressed::Nothing)
                .collect::<Vec<_>>()
        };
        assert_eq!(press(b"ax"), [Pressed::Key(b'a'), Pressed::Key(b'x')]);
        assert_eq!(press(b"\x01x"), [Pressed::Quit]);
        assert_eq!(press(b"\x01h\x01C"), [Pressed::Help, Pressed::Monitor]);
        assert_eq!(press(b"\x01\x01x"), [Pressed::Key(1), Pressed::Key(b'x')]);
        assert_eq!(press(b"\x01zx"), [Pressed::Unknown(b'z'), Pressed::Key(b'x')]);
        assert_eq!(press(b"\x03"), [Pressed::Key(3)], "Ctrl-C is the guest's");
    }
}
