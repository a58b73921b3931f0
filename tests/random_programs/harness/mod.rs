//! Runs what bytes describe as a machine and a program, and checks that nothing is out of order.
//!
//! Shared by the tests (fixed seeds) and the fuzzing target (`emulator/fuzz`), so it uses nothing
//! but the library's public face.

mod dice;
mod legal;
mod program;
mod scenario;
mod watch;

use pagewalk::board::{Limits, Machine, Stop};
use pagewalk::mem::PhysAddr;
use watch::Watch;

/// Instructions that one program may run.
pub(crate) const BUDGET: u64 = 5_000;

/// What a run was like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) stop: Stop,
    pub(crate) instructions: u64,
    pub(crate) traps: u64,
}

/// Runs the program twice, once watched, and panics if anything is wrong.
pub(crate) fn check(bytes: &[u8]) -> Report {
    let limits = Limits {
        max_instructions: Some(BUDGET),
        ..Limits::default()
    };
    let mut watched = scenario::machine(bytes);
    let mut watch = Watch::new(watched.hart());
    legal::check(watched.hart());
    let stop = watched.run(&limits, &mut watch);
    assert!(watched.hart().retired <= BUDGET);
    assert_eq!(watched.hart().retired, watch.instructions);
    assert!(
        matches!(
            stop,
            Stop::InstructionLimit | Stop::TrapLoop(_) | Stop::Asleep
        ),
        "{stop:?}"
    );
    legal::check(watched.hart());

    let mut again = scenario::machine(bytes);
    let stop_again = again.run(&limits, &mut ());
    assert_eq!(stop, stop_again);
    same(&watched, &again);
    Report {
        stop,
        instructions: watch.instructions,
        traps: watch.traps,
    }
}

/// Both machines are in the same state.
fn same(a: &Machine, b: &Machine) {
    assert_eq!(a.hart().pc, b.hart().pc);
    assert_eq!(a.hart().privilege, b.hart().privilege);
    assert_eq!(a.hart().retired, b.hart().retired);
    assert_eq!(a.hart().mtime(), b.hart().mtime());
    assert_eq!(a.hart().integer_registers(), b.hart().integer_registers());
    assert_eq!(a.hart().float_registers(), b.hart().float_registers());
    assert_eq!(legal::all(a.hart()), legal::all(b.hart()));
    let ram = |machine: &Machine| {
        machine
            .bus()
            .ram()
            .slice(PhysAddr(scenario::RAM), scenario::RAM_SIZE)
            .map(<[u8]>::to_vec)
    };
    assert!(ram(a) == ram(b), "the memories differ");
}
