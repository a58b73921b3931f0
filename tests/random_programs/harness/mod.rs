//! Runs what bytes describe as a machine and a program, and checks that nothing is out of order.
//!
//! Shared by the tests (fixed seeds) and the fuzzing target (`emulator/fuzz`), so it uses nothing
//! but the library's public face.

mod dice;
mod figures;
mod legal;
mod program;
mod scenario;
mod watch;

use pagewalk::board::{Limits, Machine, Stop};
use pagewalk::engine::EngineKind;
use pagewalk::mem::PhysAddr;
use pagewalk::mmu::TlbConfig;
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

/// Runs the program twice, once watched, and panics if anything is wrong. With
/// another TLB it runs twice more, for the figures.
pub(crate) fn check(bytes: &[u8]) -> Report {
    let limits = Limits {
        max_instructions: Some(BUDGET),
        ..Limits::default()
    };
    let mut watched = scenario::machine(bytes, 1);
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

    let mut again = scenario::machine(bytes, 1);
    let stop_again = again.run(&limits, &mut ());
    assert_eq!(stop, stop_again);
    same(&watched, &again);
    figures::check(bytes, &limits);
    Report {
        stop,
        instructions: watch.instructions,
        traps: watch.traps,
    }
}

/// Runs the program on both engines side by side, with so many harts and this TLB.
#[allow(dead_code, reason = "the fuzzing target does without")]
pub(crate) fn check_lockstep(bytes: &[u8], harts: usize, tlb: TlbConfig) -> Stop {
    let limits = Limits {
        max_instructions: Some(BUDGET * harts as u64),
        ..Limits::default()
    };
    let mut machine = scenario::machine_on(bytes, harts, tlb, EngineKind::Lockstep);
    match machine.run(&limits, &mut ()) {
        Stop::Differs(how) => panic!("{bytes:?}, {harts} harts: {how}"),
        stop => stop,
    }
}

/// Instructions that several harts may run together.
const BUDGET_TOGETHER: u64 = 60_000;

/// Runs the program on several harts, whole and in pieces, and panics if anything is wrong.
pub(crate) fn check_harts(bytes: &[u8], harts: usize) -> Stop {
    let mut whole = scenario::machine(bytes, harts);
    let limits = |most| Limits {
        max_instructions: Some(most),
        ..Limits::default()
    };
    let stop = whole.run(&limits(BUDGET_TOGETHER), &mut ());
    assert!(whole.instructions() <= BUDGET_TOGETHER);
    whole.harts().iter().for_each(legal::check);
    let mut pieces = scenario::machine(bytes, harts);
    let mut most = 0;
    let stop_again = loop {
        most = BUDGET_TOGETHER.min(most + 1_777);
        match pieces.run(&limits(most), &mut ()) {
            Stop::InstructionLimit if most < BUDGET_TOGETHER => {}
            stop => break stop,
        }
    };
    assert_eq!(stop, stop_again);
    same(&whole, &pieces);
    stop
}

/// Both machines are in the same state.
fn same(a: &Machine, b: &Machine) {
    for (a, b) in a.harts().iter().zip(b.harts()) {
        assert_eq!(a.pc, b.pc);
        assert_eq!(a.privilege, b.privilege);
        assert_eq!(a.retired, b.retired);
        assert_eq!(a.mtime(), b.mtime());
        assert_eq!(a.integer_registers(), b.integer_registers());
        assert_eq!(a.float_registers(), b.float_registers());
        assert_eq!(legal::all(a), legal::all(b));
    }
    let ram = |machine: &Machine| {
        machine
            .bus()
            .ram()
            .slice(PhysAddr(scenario::RAM), scenario::RAM_SIZE)
            .map(<[u8]>::to_vec)
    };
    assert!(ram(a) == ram(b), "the memories differ");
}
