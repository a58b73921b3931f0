//! Machines with a few instructions in their RAM.

use pagewalk::board::{Machine, MachineConfig, MemoryMap};
use pagewalk::isa::{assemble, encode};
use pagewalk::mem::PhysAddr;

/// The words of a program that starts at the start of RAM, one instruction a line.
pub(crate) fn words(lines: &str) -> Vec<u32> {
    lines
        .split(';')
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .enumerate()
        .map(|(n, line)| {
            let line = line.replacen(' ', "\t", 1);
            let insn = assemble(&line, MemoryMap::RAM + 4 * n as u64);
            encode(&insn.unwrap_or_else(|error| panic!("{line}: {error}"))).unwrap()
        })
        .collect()
}

/// A machine of 1 MiB with such a program, about to run it.
pub(crate) fn machine(lines: &str) -> Machine {
    let config = MachineConfig {
        memory: 1 << 20,
        ..MachineConfig::default()
    };
    let mut machine = Machine::empty(&config, MemoryMap::RAM).unwrap();
    for (n, word) in words(lines).into_iter().enumerate() {
        let at = PhysAddr(MemoryMap::RAM + 4 * n as u64);
        machine.bus_mut().ram_mut().store(at, 4, word.into());
    }
    machine
}
