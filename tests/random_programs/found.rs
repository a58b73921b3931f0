//! What random programs brought to light, each as the smallest program that shows it.

use pagewalk::board::{Limits, Machine, MachineConfig, Stop};
use pagewalk::isa::{assemble, encode};
use pagewalk::mem::PhysAddr;

const RAM: u64 = 0x8000_0000;

/// A machine that starts in M-mode at the first of these instructions.
fn machine(lines: &[&str]) -> Machine {
    let config = MachineConfig {
        memory: 1 << 20,
        instructions_per_tick: 1,
        ..MachineConfig::default()
    };
    let mut machine = Machine::empty(&config, RAM).unwrap();
    for (n, line) in lines.iter().enumerate() {
        let word = encode(&assemble(line, 0).unwrap()).unwrap();
        let at = PhysAddr(RAM + 4 * n as u64);
        machine
            .bus_mut()
            .ram_mut()
            .store(at, 4, word.into())
            .unwrap();
    }
    machine.hart_mut().pc = RAM;
    machine
}

fn run(machine: &mut Machine, instructions: u64) -> Stop {
    let limits = Limits {
        max_instructions: Some(instructions),
        ..Limits::default()
    };
    machine.run(&limits, &mut ())
}

/// Each fetch reaches for a device, or for nothing at all, and so makes the board look up from
/// the run. The loop must be seen all the same: no instruction retires, so no limit would end it.
#[test]
fn a_trap_handler_outside_ram_is_a_trap_loop() {
    for handler in [0, 0x200_0000, 0x1000_0000] {
        let mut machine = machine(&["ecall"]);
        machine.hart_mut().write_csr(0x305, handler);
        let stop = run(&mut machine, 100);
        assert!(matches!(stop, Stop::TrapLoop(_)), "{handler:#x}: {stop:?}");
    }
}

/// A deadline that moves closer in the middle of a run is kept to the instruction.
#[test]
fn a_supervisor_timer_set_by_the_guest_fires_in_time() {
    let mut machine = machine(&["csrrw x0,stimecmp,x5", "addi x6,x6,1", "jal x0,-4"]);
    let hart = machine.hart_mut();
    hart.write_csr(0x30a, 1 << 63);
    hart.write_csr(0x304, 1 << 5);
    hart.write_csr(0x300, 1 << 3);
    hart.write_csr(0x305, RAM + 0x1000);
    hart.set_x(5, 21);
    // The handler is not an instruction, so that the run ends there.
    assert!(matches!(run(&mut machine, 100), Stop::TrapLoop(_)));
    assert_eq!(machine.hart().retired, 21);
    assert_eq!(machine.hart().x(6), 10);
}
