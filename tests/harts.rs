//! Several harts: turns, one time for all, interrupts between harts, atomics, how a run ends.

mod guests;

use crate::cli::{Done, done, pagewalk};
use crate::support::guest::{DATA, Folder, guest};
use guests::{BEGIN, COUNT, PING_PONG, RACE, SHARED_TABLES, alarm, looping};
use pagewalk::board::{BuildError, Limits, Machine, MachineConfig, Stop};
use pagewalk::engine::{Observer, Retired};
use pagewalk::hart::Hart;
use pagewalk::loader::Guest;
use pagewalk::mem::PhysAddr;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// What the guests share, from here on: zero at first.
const SHARED: u64 = DATA + 0x200;

/// What a guest prints.
#[derive(Clone, Default)]
struct Console(Arc<Mutex<Vec<u8>>>);

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn config(harts: usize) -> MachineConfig {
    MachineConfig {
        memory: 1 << 20,
        harts,
        ..MachineConfig::default()
    }
}

fn machine(harts: usize, source: &str, console: Console) -> Machine {
    let elf = guest(&format!("{BEGIN}{source}")).build();
    let mut guest = Guest::from_bytes("guest", elf).unwrap();
    Machine::new(&config(harts), &mut guest, Box::new(console)).unwrap()
}

fn limit(instructions: u64) -> Limits {
    Limits {
        max_instructions: Some(instructions),
        ..Limits::default()
    }
}

/// Runs a guest that passes.
#[track_caller]
fn passes(harts: usize, source: &str) -> Machine {
    let mut machine = machine(harts, source, Console::default());
    let stop = machine.run(&limit(5_000_000), &mut ());
    assert_eq!(stop, Stop::Exit(0), "{:?}", shared(&machine, 0));
    machine
}

fn shared(machine: &Machine, offset: u64) -> u64 {
    machine
        .bus()
        .ram()
        .load(PhysAddr(SHARED + offset), 8)
        .unwrap()
}

#[test]
fn atomics_of_several_harts_lose_nothing() {
    for harts in [2, 3, 8] {
        let machine = passes(harts, &format!("li s2, {harts}\n{COUNT}"));
        let all = 10_000 * harts as u64;
        assert_eq!(shared(&machine, 0), all, "LR and SC");
        assert_eq!(shared(&machine, 64), all, "AMO");
        // Otherwise the turns never ended between an LR and its SC, and nothing was tried.
        assert!(shared(&machine, 128) > 0, "no SC failed");
    }
}

#[test]
fn harts_start_alike_but_for_their_number() {
    let mut machine = machine(8, "here:\n j here", Console::default());
    machine.run(&limit(8 * 5_000), &mut ());
    let tree = machine.hart().x(11);
    assert_eq!(
        machine.bus().ram().load(PhysAddr(tree), 4),
        None,
        "it is in ROM"
    );
    for (id, hart) in machine.harts().iter().enumerate() {
        assert_eq!((hart.id, hart.retired), (id, 5_000));
        assert_eq!((hart.x(10), hart.x(11)), (id as u64, tree));
        assert_eq!(hart.x(27), id as u64, "mhartid");
        assert_eq!(hart.mtime(), 50);
    }
}

#[test]
fn the_limit_is_of_all_harts_together() {
    for most in [0, 1, 4_999, 5_000, 5_001, 9_999, 12_345] {
        let mut machine = machine(2, "here:\n j here", Console::default());
        assert_eq!(machine.run(&limit(most), &mut ()), Stop::InstructionLimit);
        assert_eq!(machine.instructions(), most);
    }
}

#[test]
fn harts_ring_each_other() {
    let machine = passes(2, PING_PONG);
    assert_eq!(shared(&machine, 0), 200);
    // A turn ends when a hart rings another one: nobody sleeps through the rest of it.
    assert!(machine.hart().mtime() < 100, "{}", machine.hart().mtime());
}

#[test]
fn a_hart_sleeps_until_its_timer_while_another_runs() {
    let machine = passes(2, &alarm("nop"));
    let woke = shared(&machine, 0);
    // It wakes up at its next turn, which is never more than a turn of the other one away.
    assert!((1000..=1025).contains(&woke), "{woke}");
    assert_eq!(shared(&machine, 8) & 0x80, 0x80, "MTIP");
    let slept = machine.harts()[1].retired;
    assert!(slept < 100, "{slept} instructions of a hart that sleeps");
    assert_eq!(machine.hart().csr.mip_lines & 0x80, 0, "hart 0's MTIP");
}

#[test]
fn the_time_skips_to_the_next_timer_if_all_harts_sleep() {
    let machine = passes(2, &alarm("csrwi mie, 8\n wfi"));
    assert_eq!(shared(&machine, 0), 1000);
    assert!(machine.instructions() < 100, "{}", machine.instructions());
}

#[test]
fn the_time_that_one_hart_sets_is_everyones() {
    passes(
        2,
        "
    lui t0, 0x200c
    lui t1, 0x100
    beqz s11, wait
    sd t1, -8(t0)
    li t2, 1
    sd t2, 0(s0)
park:
    j park
wait:
    ld t2, 0(s0)
    beqz t2, wait
    csrr t3, time
    ld t4, -8(t0)
    bltu t3, t1, fail
    bltu t4, t3, fail
    addi t1, t1, 200
    bltu t1, t4, fail
    j pass",
    );
}

/// Sees that no instruction has an earlier time than the one before, whichever harts they are of,
/// and how often another hart has its turn.
#[derive(Default)]
struct Times {
    last: u64,
    hart: usize,
    changes: u64,
}

impl Observer for Times {
    fn retired(&mut self, hart: &Hart, _: &Retired) {
        let now = hart.mtime();
        assert!(self.last <= now, "hart {}: {now} < {}", hart.id, self.last);
        self.last = now;
        self.changes += u64::from(self.hart != hart.id);
        self.hart = hart.id;
    }
}

#[test]
fn time_never_goes_back_whichever_hart_looks() {
    let alarm = alarm("nop");
    for (harts, source) in [
        (2, PING_PONG),
        (2, &alarm),
        (3, &format!("li s2, 3\n{COUNT}")),
    ] {
        let mut machine = machine(harts, source, Console::default());
        let mut times = Times::default();
        assert_eq!(machine.run(&limit(1_000_000), &mut times), Stop::Exit(0));
        assert!(times.changes > 2, "{} changes", times.changes);
        for hart in machine.harts() {
            assert_eq!(hart.mtime(), machine.hart().mtime());
        }
    }
}

#[test]
fn time_runs_as_fast_as_on_a_machine_with_one_hart() {
    // 100,000 instructions of each hart; with two harts hart 1 spins or sleeps.
    let spin = "here:\n j here";
    let sleep = "bnez s11, rest\nhere:\n j here\nrest:\n wfi\n j rest";
    for (harts, source, instructions) in [
        (1, spin, 100_000),
        (2, spin, 200_000),
        (2, sleep, 100_000),
        (4, sleep, 100_000),
    ] {
        let mut machine = machine(harts, source, Console::default());
        machine.run(&limit(instructions), &mut ());
        let time = machine.hart().mtime();
        // The end may lie anywhere in a round of turns.
        let round = if harts == 1 { 0 } else { 50 };
        assert!(time.abs_diff(1000) <= round, "{harts} harts: {time} ticks");
    }
}

/// All that a run leaves behind.
fn remains(machine: &Machine, console: &Console) -> impl PartialEq + use<> {
    let harts: Vec<_> = machine
        .harts()
        .iter()
        .map(|hart| {
            let registers = hart.integer_registers().to_vec();
            (hart.retired, hart.pc, hart.mtime(), registers)
        })
        .collect();
    let ram = machine.bus().ram();
    let memory = ram.slice(PhysAddr(0x8000_0000), 0x10_0000).unwrap();
    (harts, memory.to_vec(), console.0.lock().unwrap().clone())
}

#[test]
fn a_run_is_the_same_each_time_and_in_pieces() {
    for harts in [2, 5] {
        let run = |piece: u64| {
            let console = Console::default();
            let mut machine = machine(harts, RACE, console.clone());
            let mut most = 0;
            let stop = loop {
                most += piece;
                match machine.run(&limit(most), &mut ()) {
                    Stop::InstructionLimit => {}
                    stop => break stop,
                }
            };
            assert_eq!(stop, Stop::Exit(0));
            assert_eq!(console.0.lock().unwrap().len(), 400);
            remains(&machine, &console)
        };
        let whole = run(u64::MAX);
        assert!(whole == run(u64::MAX));
        for piece in [777, 5_000, 12_345] {
            assert!(whole == run(piece), "in pieces of {piece}");
        }
    }
}

#[test]
fn new_code_is_seen_after_fence_i() {
    let machine = passes(
        2,
        "
    beqz s11, writer
    jal ra, code
    sd a0, 0(s0)
    li t0, 1
    sd t0, 8(s0)
wait:
    ld t0, 16(s0)
    beqz t0, wait
    fence.i
    jal ra, code
    sd a0, 24(s0)
    sd t0, 32(s0)
park:
    j park
code:
    li a0, 1
    jalr zero, 0(ra)
writer:
    ld t0, 8(s0)
    beqz t0, writer
    la t0, code
    lui t1, 0x200
    addi t1, t1, 1299
    sw t1, 0(t0)
    sd t1, 16(s0)
done:
    ld t0, 32(s0)
    beqz t0, done
    j pass",
    );
    assert_eq!((shared(&machine, 0), shared(&machine, 24)), (1, 2));
}

#[test]
fn a_harts_fence_is_its_own() {
    let machine = passes(2, SHARED_TABLES);
    // The TLB's entry decides as it stands until hart 1 itself fences.
    assert_eq!([32, 40, 48].map(|at| shared(&machine, at)), [10, 10, 20]);
}

#[test]
fn the_sanitizer_goes_with_the_turn() {
    let elf = guest(&format!("{BEGIN}{RACE}")).build();
    let mut guest = Guest::from_bytes("guest", elf).unwrap();
    let config = MachineConfig {
        check: true,
        ..config(3)
    };
    let mut machine = Machine::new(&config, &mut guest, Box::new(io::sink())).unwrap();
    for (most, turn) in [(0, 0), (1, 0), (7_000, 1), (12_000, 2), (16_000, 0)] {
        machine.run(&limit(most), &mut ());
        assert!(machine.checker().is_some());
        let having: Vec<usize> = machine
            .harts()
            .iter()
            .filter(|hart| hart.checker.is_some())
            .map(|hart| hart.id)
            .collect();
        assert_eq!(having, [turn], "after {most} instructions");
    }
}

#[test]
fn a_trap_loop_of_one_hart_does_not_end_the_others() {
    passes(
        2,
        &looping("lui t0, 16\nspin:\n addi t0, t0, -1\n bnez t0, spin\n j pass"),
    );
}

#[test]
fn another_hart_can_end_a_trap_loop() {
    // Hart 0 waits a while, puts a nop where hart 1 traps, and waits for it.
    let machine = passes(
        2,
        &looping(
            "lui t0, 16\nspin:\n addi t0, t0, -1\n bnez t0, spin\n la t0, handler\n li t1, 19\n \
             sw t1, 0(t0)\nwait:\n ld t0, 0(s0)\n beqz t0, wait\n j pass",
        ),
    );
    assert_eq!(machine.trap_loop(1), None);
}

#[test]
fn a_trap_loop_is_told_once_all_other_harts_sleep() {
    let mut machine = machine(2, &looping("here:\n wfi\n j here"), Console::default());
    let Stop::TrapLoop(trap) = machine.run(&limit(1_000_000), &mut ()) else {
        panic!("no trap loop");
    };
    assert_eq!((trap.hart, trap.epc), (1, trap.handler));
    assert_eq!(machine.trap_loop(1), Some(trap));
    assert_eq!(machine.trap_loop(0), None);
}

#[test]
fn there_are_one_to_eight_harts() {
    for harts in [0, 9, usize::MAX] {
        let made = Machine::empty(&config(harts), 0x8000_0000);
        assert!(matches!(made, Err(BuildError::Harts(number)) if number == harts));
    }
    for text in ["0", "9", "x", "-1", "", "99999999999999999999"] {
        let option = format!("--harts={text}");
        let run = done(pagewalk().args(["run", &option, "guest"]));
        run.expect(2, &["--harts <N>", "a machine has 1 to 8 harts"]);
    }
}

fn run(source: &str, options: &[&str]) -> Done {
    let folder = Folder::new();
    let guest = folder.guest("guest", &format!("{BEGIN}{source}"));
    done(pagewalk().arg("run").args(options).arg(guest))
}

#[test]
fn the_end_of_a_run_names_the_harts() {
    run("csrwi mie, 8\nhere:\n wfi\n j here", &["-p", "2"]).expect(
        125,
        &[
            "asleep for ever after 22 instructions\n",
            "hart 0: in M-mode at 0x80000018 <here+0x4>",
            "hart 1: in M-mode at 0x80000018 <here+0x4>",
            " after 11 instructions, waiting for an interrupt",
            "hart 0: mie is 0x8, mip is 0x0, hart 1: mie is 0x8, mip is 0x0, and no timer is set",
        ],
    );
    let looped = run(
        &looping("here:\n j here"),
        &["-p2", "--max-instructions=50000"],
    );
    looped.expect(
        124,
        &[
            "hart 1 #13: illegal instruction at va:0x80000020, the first instruction of its own",
            "the limit of 50,000 instructions is reached\n",
            "hart 0: in M-mode at",
            "hart 1: in M-mode at 0x80000020 <handler>",
            " after 13 instructions, in a trap loop",
        ],
    );
    let told = looped.err.matches("it cannot go on").count();
    assert_eq!(told, 1, "{}", looped.err);
    run(&looping("here:\n wfi\n j here"), &["--harts", "2"]).expect(
        125,
        &[
            "hart 1: illegal instruction",
            "hart 1: the trap handler cannot run: mtvec says",
        ],
    );
    run(
        COUNT,
        &["-p", "3", "--stats", "--max-instructions", "30000"],
    )
    .expect(
        124,
        &[
            "hart 0: instructions",
            "hart 1: instructions",
            "hart 2: instructions",
        ],
    );
}

#[test]
fn a_failed_test_shows_the_hart_that_failed() {
    let folder = Folder::new();
    let source = "li gp, 4\n bnez s11, fail\nhere:\n j here";
    folder.guest("one", &format!("{BEGIN}{source}"));
    let test = done(pagewalk().args(["test", "-p", "2"]).arg(folder.path("one")));
    assert_eq!(test.code, Some(1), "{}", test.out);
    for text in [
        "check 4 failed",
        "bnez s11",
        "s11=0x1",
        "this is of hart 1 of 2",
    ] {
        assert!(test.out.contains(text), "{text:?} is not in\n{}", test.out);
    }
}

/// Tests that keep all harts but 0 out of the way pass on any machine.
#[test]
fn our_own_tests_pass_with_two_harts() {
    let elf = concat!(env!("CARGO_MANIFEST_DIR"), "/../riscv-tests/own/elf");
    let test = done(pagewalk().args(["test", "-q", "-p", "2", elf]));
    assert_eq!(test.code, Some(0), "{}", test.out);
}
