//! What the threaded engine asks of the compiler: that a handler's last call is a jump.
//!
//! With optimisation it is, and these tests look at the code that was built, so they say most with
//! `cargo test --profile fast --test engine`. Without, handlers return to a loop.

use pagewalk::board::{Limits, Machine, MachineConfig, MemoryMap, Stop};
use pagewalk::isa::{assemble, encode};
use pagewalk::mem::PhysAddr;
use std::thread;

/// A loop that goes through handlers of every kind: far more of them than a small stack has frames for.
const PROGRAM: &[&str] = &[
    "auipc\tsp,0x1",
    "csrrwi\tzero,mstatus,0",
    "lui\tt0,0x6",
    "csrrs\tzero,mstatus,t0",
    // The loop.
    "addi\ta0,a0,1",
    "sd\ta0,0(sp)",
    "ld\ta1,0(sp)",
    "ld\ta2,1(sp)",
    "amoadd.d\ta2,a0,(sp)",
    "lr.d\ta3,(sp)",
    "sc.d\ta3,a0,(sp)",
    "fcvt.d.l\tfa0,a1",
    "fadd.d\tfa1,fa1,fa0",
    "fsqrt.d\tfa2,fa1",
    "fmax.d\tfa2,fa1,fa2",
    "fsd\tfa2,8(sp)",
    "csrrs\ta4,cycle,zero",
    "bltu\ta0,a1,0x8000004c",
    "jal\tra,0x8000004c",
    "jalr\tra,4(ra)",
    "fence.i",
    "jal\tzero,0x80000010",
    "addi\tzero,zero,0",
];

fn machine() -> Machine {
    let config = MachineConfig {
        memory: 1 << 20,
        ..MachineConfig::default()
    };
    let mut machine = Machine::empty(&config, MemoryMap::RAM).unwrap();
    for (n, line) in PROGRAM.iter().enumerate() {
        let at = MemoryMap::RAM + 4 * n as u64;
        let insn = assemble(line, at).unwrap_or_else(|error| panic!("{line}: {error}"));
        let word = encode(&insn).unwrap();
        let ram = machine.bus_mut().ram_mut();
        ram.store(PhysAddr(at), 4, word.into()).unwrap();
    }
    machine
}

#[test]
fn a_long_run_needs_a_small_stack() {
    let run = || {
        let limits = Limits {
            max_instructions: Some(2_000_000),
            ..Limits::default()
        };
        let mut machine = machine();
        assert_eq!(machine.run(&limits, &mut ()), Stop::InstructionLimit);
        // It went round, and did not trap all the time.
        assert!(machine.hart().x(10) > 90_000, "{}", machine.hart().x(10));
    };
    let small = thread::Builder::new().stack_size(96 << 10);
    small.spawn(run).unwrap().join().unwrap();
}

/// The functions of the engine's handlers in the built program, with their instructions.
#[cfg(tail_calls)]
fn handlers() -> Vec<(String, Vec<String>)> {
    let output = std::process::Command::new("objdump")
        .args(["--disassemble", "--demangle", "--no-show-raw-insn"])
        .arg(env!("CARGO_BIN_EXE_pagewalk"))
        .output()
        .expect("objdump, of binutils, is needed");
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(name) = line
            .strip_suffix(">:")
            .and_then(|line| line.split_once('<'))
        {
            let rooms = ["handlers", "pair", "float", "atomic"];
            let name = name.1;
            inside = rooms
                .iter()
                .any(|room| name.contains(&format!("pagewalk::engine::threaded::{room}::")))
                // These are no handlers.
                && !["::fold_flags", "::prepare", "::of", "_of"]
                    .iter()
                    .any(|end| name.ends_with(end));
            if inside {
                found.push((name.to_string(), Vec::new()));
            }
        } else if inside && let Some((_, insn)) = line.split_once('\t') {
            found.last_mut().unwrap().1.push(insn.trim().to_string());
        }
    }
    found
}

/// A handler may save a register for a while, and call a function that comes back. It must not call the next handler.
#[test]
#[cfg(all(tail_calls, target_arch = "x86_64", target_os = "linux"))]
fn handlers_end_with_a_jump() {
    let handlers = handlers();
    // Those of identical code are one.
    assert!(handlers.len() > 200, "{} handlers", handlers.len());
    for (name, insns) in &handlers {
        for insn in insns {
            let calls = insn.starts_with("call");
            // Functions of libraries are called through a table, relative to the pc.
            let by_pointer = insn.contains('*') && !insn.contains("(%rip)");
            let on = calls && (by_pointer || insn.contains("engine::threaded::"));
            assert!(!on && !insn.starts_with("ret"), "{name}: {insn}");
        }
        assert!(
            insns.iter().any(|insn| insn.starts_with("jmp    *")),
            "{name} does not go on: {insns:#?}"
        );
    }
}
