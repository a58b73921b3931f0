//! Ctrl-C, SIGTERM, SIGQUIT and SIGHUP: the run ends as it does at a limit, so that files are complete.

use super::{say, terminal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

static STOP: AtomicBool = AtomicBool::new(false);
/// Whether the run has ended, so that nothing waits for the guest any more.
static ENDED: AtomicBool = AtomicBool::new(false);
/// The signal that came, or zero.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// How long a run may take to end by itself. It cannot while nobody reads what the guest prints.
const GRACE: Duration = Duration::from_secs(2);

/// A signal that ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signal(i32);

impl Signal {
    /// What shells show for a program that a signal ended.
    pub(super) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.0).unwrap_or(u8::MAX)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self.0 {
            SIGINT => "SIGINT (Ctrl-C)",
            SIGTERM => "SIGTERM",
            SIGHUP => "SIGHUP",
            SIGQUIT => "SIGQUIT",
            _ => "a signal",
        }
    }
}

/// Whether the user pressed the keys that end a run.
static QUIT: AtomicBool = AtomicBool::new(false);

/// Ends the run, since the user wants it.
pub(super) fn quit() {
    QUIT.store(true, Ordering::Relaxed);
    STOP.store(true, Ordering::Relaxed);
    exit_if_stuck(0);
}

/// Ends the process with this code if the run does not end soon.
fn exit_if_stuck(code: i32) {
    thread::spawn(move || {
        thread::sleep(GRACE);
        if has_ended() {
            return;
        }
        terminal::restore();
        say(format_args!(
            "interrupted, but the guest's output is not being read: files may be incomplete"
        ));
        process::exit(code);
    });
}

/// Whether the run has ended.
pub(super) fn has_ended() -> bool {
    ENDED.load(Ordering::Relaxed)
}

/// Whether the user ended the run.
pub(super) fn has_quit() -> bool {
    QUIT.load(Ordering::Relaxed)
}

/// Becomes true when the run is to end: for [`pagewalk::board::Limits::stop`].
pub(super) fn stop_flag() -> &'static AtomicBool {
    &STOP
}

/// Tells that the run has ended: what comes after it may take longer than a run may to end.
pub(super) fn run_ended() {
    ENDED.store(true, Ordering::Relaxed);
}

/// The signal that came, if one did.
pub(super) fn signal() -> Option<Signal> {
    match SIGNAL.load(Ordering::Relaxed) {
        0 => None,
        number => Some(Signal(number)),
    }
}

/// Waits for signals from now on. The first asks the run to end; the second ends the process, and
/// so does the first if the run cannot end.
pub(super) fn listen() {
    let signals = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];
    let wanted = signals.into_iter().filter(|&signal| !ignored(signal));
    // Without a listener a signal ends the process at once, as it does any program.
    let Ok(mut signals) = Signals::new(wanted) else {
        return;
    };
    thread::spawn(move || {
        let mut came = signals.forever();
        let Some(first) = came.next() else { return };
        SIGNAL.store(first, Ordering::Relaxed);
        STOP.store(true, Ordering::Relaxed);
        exit_if_stuck(Signal(first).exit_code().into());
        if let Some(second) = came.next() {
            terminal::restore();
            process::exit(Signal(second).exit_code().into());
        }
    });
}

/// Whether whoever started the program wants it to ignore a signal: scripts do so for programs in
/// the background.
fn ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
