//! The end of a line, as Spike writes it, where an instruction writes more than its
//! destination.

use pagewalk::board::{Limits, Machine, MachineConfig};
use pagewalk::hart::Hart;
use pagewalk::isa::{assemble, encode};
use pagewalk::mem::PhysAddr;
use pagewalk::report::commit_log::CommitLog;

const RAM: u64 = 0x8000_0000;

/// What one instruction in M-mode logs, after the address and the bits. `x5` is `RAM + 0x1000`,
/// `x6` is all ones.
fn logged(line: &str) -> String {
    logged_after(line, |_| {})
}

fn logged_after(line: &str, prepare: impl FnOnce(&mut Hart)) -> String {
    let config = MachineConfig {
        memory: 1 << 20,
        ..MachineConfig::default()
    };
    let mut machine = Machine::empty(&config, RAM).unwrap();
    // At an address that is not a multiple of four.
    let word = encode(&assemble(line, 0).unwrap()).unwrap();
    machine
        .bus_mut()
        .ram_mut()
        .store(PhysAddr(RAM + 2), 4, word.into())
        .unwrap();
    let hart = machine.hart_mut();
    hart.pc = RAM + 2;
    hart.set_x(5, RAM + 0x1000);
    hart.set_x(6, u64::MAX);
    prepare(hart);
    let mut out = Vec::new();
    let mut log = CommitLog::new(&mut out);
    let limits = Limits {
        max_instructions: Some(1),
        ..Limits::default()
    };
    machine.run(&limits, &mut log);
    log.finish().unwrap();
    let text = String::from_utf8(out).unwrap();
    let (_, rest) = text.trim_end().split_once(')').unwrap();
    rest.to_string()
}

#[test]
fn counters_log_what_was_written() {
    for (number, name) in [(2816, "mcycle"), (2818, "minstret")] {
        let logged = logged(&format!("csrrwi x0,{name},9"));
        assert_eq!(logged, format!(" c{number}_{name} 0x0000000000000009"));
    }
}

#[test]
fn sie_logs_both_names_and_sip_one() {
    assert_eq!(
        logged("csrrw x0,sie,x6"),
        " c260_sie 0x0000000000000000 c772_mie 0x0000000000000000"
    );
    assert_eq!(logged("csrrw x0,sip,x6"), " c836_mip 0x0000000000000000");
}

/// Without C the next instruction would be misaligned, so the write does nothing.
#[test]
fn a_write_to_misa_that_is_ignored_is_not_logged() {
    let old = " x7  0x800000000014112f";
    assert_eq!(logged("csrrw x7,misa,x0"), old);
    assert_eq!(
        logged("csrrw x7,misa,x6"),
        format!("{old} c769_misa 0x800000000014112f")
    );
}

/// The first entry's lock, and the address register of a locked entry.
#[test]
fn a_write_to_a_locked_pmpaddr_is_not_logged() {
    let value = "csrrw x7,pmpaddr0,x6";
    let old = " x7  0x0000000000000000";
    assert_eq!(
        logged(value),
        format!("{old} c944_pmpaddr0 0x003fffffffffffff")
    );
    assert_eq!(logged_after(value, |hart| hart.write_csr(0x3a0, 0x80)), old);
}

#[test]
fn an_address_register_without_an_entry_logs_its_zero() {
    assert_eq!(
        logged("csrrw x0,pmpaddr16,x6"),
        " c960_pmpaddr16 0x0000000000000000"
    );
}

#[test]
fn a_cache_block_is_zeroed_byte_by_byte() {
    let stores: String = (0x1000..0x1040)
        .map(|offset| format!(" mem {:#018x} 0x00", RAM + offset))
        .collect();
    assert_eq!(logged("cbo.zero (x5)"), stores);
}

#[test]
fn a_pair_is_loaded_once_and_stored_in_two_halves() {
    let logged = logged("amocas.q x28,x30,(x5)");
    assert_eq!(
        logged,
        " x28 0x0000000000000000 x29 0x0000000000000000 mem 0x0000000080001000 \
         mem 0x0000000080001000 0x0000000000000000 mem 0x0000000080001008 0x0000000000000000"
    );
}
