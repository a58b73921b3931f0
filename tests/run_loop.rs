//! The board's run loop: timers, sleep, the host interface and limits, at the instructions where
//! they meet.

use crate::support::elf::{Elf, R, SHN_ABS, W, X, segment};
use crate::support::machine::{machine, words};
use pagewalk::board::{Host, Limits, Machine, MachineConfig, MemoryMap, Stop};
use pagewalk::dev::console::{Input, Shared, Stream};
use pagewalk::loader::Guest;
use std::time::{Duration, Instant};

/// The reset vector's length.
const RESET: u64 = 5;

fn limit(instructions: u64) -> Limits {
    Limits {
        max_instructions: Some(instructions),
        ..Limits::default()
    }
}

/// Sets `mtimecmp` to t1 and lets the timer interrupt through `mie`.
const ARM: &str = "lui t0,0x2004; sd t1,0(t0); li t2,128; csrw mie,t2;";

#[test]
fn a_sleeping_hart_wakes_whenever_it_fell_asleep() {
    for idle in 0..220 {
        let nops = "nop;".repeat(idle);
        let mut machine = machine(&format!("li t1,1; {ARM} {nops} wfi; li a0,7; wfi"));
        let stop = machine.run(&limit(1000), &mut ());
        assert_eq!(machine.hart().x(10), 7, "after {idle} instructions");
        // The timer stays pending, so the second wait ends at once too, in zeroed memory.
        assert!(matches!(stop, Stop::TrapLoop(_)), "{stop:?}");
    }
}

#[test]
fn a_hart_that_nothing_can_wake_is_asleep() {
    let mut machine = machine("wfi; li a0,7");
    assert_eq!(machine.run(&limit(1000), &mut ()), Stop::Asleep);
    assert_eq!(machine.hart().x(10), 0);
}

#[test]
fn a_deadline_is_met_at_the_instruction_that_sets_another_timer() {
    // The interrupt is due when 100 instructions have retired, whatever the 100th is.
    for padding in 80..100 {
        let nops = "nop;".repeat(padding);
        // The handler, at the second word, jumps to itself.
        let setup = "jal zero,0x80000008; jal zero,0x80000004;\
            auipc t3,0; addi t3,t3,-4; csrw mtvec,t3; li t1,1;";
        let program = format!("{setup} {ARM} csrsi mstatus,8; {nops} csrw stimecmp,zero; {nops}");
        let mut machine = machine(&program);
        machine.run(&limit(101), &mut ());
        assert_eq!(machine.hart().csr.mcause, 1 << 63 | 7, "{padding} padding");
        // The first jump skips a word.
        let before = MemoryMap::RAM + 4 * (100 - RESET + 1);
        assert_eq!(machine.hart().csr.mepc, before, "{padding} padding");
    }
}

/// As xv6 before 2023: the handler never reads the IIR, so the transmitter's interrupt stays up.
#[test]
fn a_handler_that_leaves_the_line_up_does_not_starve_the_program() {
    let mut machine = machine(concat!(
        // The PLIC: source 10 has priority 1 and is enabled for M-mode. t3 is its context.
        "lui t0,0xc000; li t1,1; sw t1,40(t0);",
        "lui t2,0xc002; li t1,1024; sw t1,0(t2); lui t3,0xc200;",
        // The UART: an interrupt when the transmitter is empty.
        "lui t4,0x10000; li t1,2; sb t1,1(t4);",
        "auipc t5,0; addi t5,t5,36; csrw mtvec,t5;",
        "li t1,2047; addi t1,t1,1; csrw mie,t1; csrsi mstatus,8;",
        "addi s2,s2,1; jal zero,0x80000044;",
        // Claims and completes.
        "lw t1,4(t3); addi s3,s3,1; sw t1,4(t3); mret",
    ));
    machine.run(&limit(200_000), &mut ());
    let [rounds, interrupts] = [18, 19].map(|register| machine.hart().x(register));
    assert!((5..20).contains(&interrupts), "{interrupts}");
    assert!(rounds > 90_000, "{rounds} rounds");
}

#[test]
fn a_machine_timer_ends_a_trap_loop_below_machine_mode() {
    let mut machine = machine(concat!(
        "auipc t3,0; addi t3,t3,68; csrw mtvec,t3; li t1,2;",
        "lui t0,0x2004; sd t1,0(t0); li t2,128; csrw mie,t2;",
        "li t3,-1; csrw medeleg,t3; csrw stvec,zero; csrw pmpaddr0,t3; csrwi pmpcfg0,31;",
        // mret to S-mode at address 0, where nothing is.
        "li t3,2047; addi t3,t3,1; csrw mstatus,t3; mret;",
        "li a0,9; ebreak",
    ));
    let stop = machine.run(&limit(1000), &mut ());
    assert_eq!(machine.hart().x(10), 9, "{stop:?}");
}

#[test]
fn a_trap_loop_that_nothing_ends_is_told() {
    let mut machine = machine("csrw mtvec,zero; unimp");
    let Stop::TrapLoop(trap) = machine.run(&limit(1000), &mut ()) else {
        panic!("no trap loop");
    };
    assert_eq!(trap.handler, 0);
}

/// A guest with `tohost` at the start of its second page.
fn guest(lines: &str) -> Guest {
    let code: Vec<u8> = words(lines)
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let mut memory = segment(R | W | X, MemoryMap::RAM, &code);
    memory.size = 0x2000;
    let mut elf = Elf::new(vec![memory]);
    elf.symbol("tohost", MemoryMap::RAM + 0x1000, SHN_ABS);
    elf.symbol("fromhost", MemoryMap::RAM + 0x1040, SHN_ABS);
    Guest::from_bytes("guest", elf.build()).unwrap()
}

fn run_guest(lines: &str, limits: &Limits) -> Stop {
    let mut guest = guest(lines);
    let console = Box::new(std::io::sink());
    let mut machine = Machine::new(&MachineConfig::default(), &mut guest, console).unwrap();
    machine.run(limits, &mut ())
}

#[test]
fn a_request_in_two_halves_is_never_taken_for_its_low_half() {
    // Prints the character 1 for ever: the low half alone would be a pass.
    let program =
        "auipc s0,1; li t0,1; lui t1,0x1010; sw t0,0(s0); sw t1,4(s0); jal zero,0x8000000c";
    let stop = run_guest(program, &limit(300_000));
    assert_eq!(stop, Stop::InstructionLimit);
}

#[test]
fn a_request_of_which_only_the_low_half_is_stored_is_served_in_the_end() {
    let stop = run_guest(
        "auipc s0,1; li t0,7; sw t0,0(s0); jal zero,0x8000000c",
        &limit(300_000),
    );
    assert_eq!(stop, Stop::Exit(3));
}

#[test]
fn a_flood_of_output_does_not_outlive_the_time_limit() {
    // write(1, start of RAM, 1 GiB) in the block at 0x80001080, over and over.
    let program = concat!(
        "auipc s0,1; addi s1,s0,128; lui t1,0x40000; auipc t2,0; addi t2,t2,-12;",
        "li t0,64; sd t0,0(s1); li t3,1; sd t3,8(s1); sd t2,16(s1); sd t1,24(s1);",
        "sd s1,0(s0); sd zero,64(s0); jal zero,0x80000014"
    );
    let start = Instant::now();
    let limits = Limits {
        max_instructions: None,
        deadline: Some(start + Duration::from_millis(200)),
        ..Limits::default()
    };
    assert_eq!(run_guest(program, &limits), Stop::Timeout);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn the_hosts_reply_breaks_a_reservation() {
    // LR on fromhost, a system call that answers there, SC.
    let program = concat!(
        "auipc s0,1; addi s1,s0,128; addi s2,s0,64; li t0,500; sd t0,0(s1);",
        "lr.d a1,(s2); sd s1,0(s0); sc.d a0,zero,(s2);",
        // Exit code: the SC's result.
        "slli a0,a0,1; ori a0,a0,1; sd a0,0(s0); jal zero,0x8000002c"
    );
    assert_eq!(run_guest(program, &limit(100_000)), Stop::Exit(1));
}

/// Input that never comes and never ends.
struct Silence;

impl std::io::Read for Silence {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        loop {
            std::thread::park();
        }
    }
}

#[test]
fn input_that_may_come_does_not_hide_a_trap_loop() {
    // Asks for a character, then mret to S-mode at address 0, with every exception delegated.
    let mut guest = guest(concat!(
        "auipc s0,1; li t0,1; slli t0,t0,56; sd t0,0(s0);",
        "li t3,-1; csrw medeleg,t3; csrw stvec,zero; csrw pmpaddr0,t3; csrwi pmpcfg0,31;",
        "li t3,2047; addi t3,t3,1; csrw mstatus,t3; mret",
    ));
    let input = Input::Stream(Some(Box::new(Silence)));
    let console = Shared::new(Stream::new(Box::new(std::io::sink()), input));
    let mut machine =
        Machine::with_host(&MachineConfig::default(), &mut guest, Host::new(console)).unwrap();
    let limits = Limits {
        max_instructions: None,
        deadline: Some(Instant::now() + Duration::from_secs(5)),
        ..Limits::default()
    };
    let stop = machine.run(&limits, &mut ());
    assert!(matches!(stop, Stop::TrapLoop(_)), "{stop:?}");
}
