//! A program on a terminal.

use super::own_program;
use rustix::pty::OpenptFlags;
use rustix::termios::{Termios, Winsize};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command};

/// A terminal with a program on it.
struct Terminal {
    /// The end at which somebody sits.
    user: File,
    child: Child,
    shown: String,
}

impl Terminal {
    /// Starts the program, or says that it cannot be started here.
    fn new() -> Option<Self> {
        let user = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&user).unwrap();
        rustix::pty::unlockpt(&user).unwrap();
        let name = rustix::pty::ptsname(&user, Vec::new()).unwrap();
        let name = std::ffi::OsStr::from_bytes(name.as_bytes()).to_owned();
        let size = Winsize {
            ws_row: 33,
            ws_col: 101,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&user, size).unwrap();
        let end = || {
            let mut options = File::options();
            OwnedFd::from(options.read(true).write(true).open(&name).unwrap())
        };
        // Gives the program a session with this terminal.
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .arg(env!("CARGO_BIN_EXE_pagewalk"))
            .args(["run", "--timeout", "300s"])
            .arg(own_program("window"))
            .stdin(end())
            .stdout(end())
            .stderr(end());
        let Ok(child) = command.spawn() else {
            eprintln!("skipped: setsid of util-linux is not here");
            return None;
        };
        let user = File::from(user);
        let shown = String::new();
        Some(Self { user, child, shown })
    }

    /// Reads until this is shown.
    #[track_caller]
    fn expect(&mut self, text: &str) {
        while !self.shown.contains(text) {
            let mut bytes = [0; 256];
            let count = self.user.read(&mut bytes).unwrap_or(0);
            assert!(count > 0, "{text:?} is not in {:?}", self.shown);
            self.shown += &String::from_utf8_lossy(&bytes[..count]);
        }
    }

    fn type_in(&mut self, text: &str) {
        self.user.write_all(text.as_bytes()).unwrap();
    }

    fn settings(&self) -> Termios {
        rustix::termios::tcgetattr(&self.user).unwrap()
    }
}

#[test]
fn a_program_knows_the_size_and_gets_lines() {
    let Some(mut terminal) = Terminal::new() else {
        return;
    };
    let before = terminal.settings();
    terminal.expect("rows 33 columns 101\r\n");
    // The terminal shows what is typed, and gives it when the line ends; a letter can be taken back.
    terminal.type_in("onf\u{7f}e\n");
    terminal.expect("e\r\n");
    terminal.expect("got one\r\n");
    terminal.type_in("two\n");
    terminal.expect("two\r\ngot two\r\n");
    terminal.type_in("\u{4}");
    terminal.expect("end 0\r\n");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(0));
    let after = terminal.settings();
    assert_eq!(
        (before.local_modes, before.input_modes, before.output_modes),
        (after.local_modes, after.input_modes, after.output_modes)
    );
}

#[test]
fn an_interrupt_ends_the_program() {
    let Some(mut terminal) = Terminal::new() else {
        return;
    };
    terminal.expect("rows 33 columns 101\r\n");
    terminal.type_in("\u{3}");
    let status = terminal.child.wait().unwrap();
    const SIGINT: i32 = 2;
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    assert!(
        status.code() == Some(128 + SIGINT) || signal == Some(SIGINT),
        "{status:?} {:?}",
        terminal.shown
    );
    assert!(!terminal.shown.contains("end"), "{:?}", terminal.shown);
}
