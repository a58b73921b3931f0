//! The commit log is Spike's to the byte: the logs in `commit_log/` are what Spike wrote for four
//! of our own tests, up to the store to `tohost`.

mod effects;

use pagewalk::board::{Limits, Machine, MachineConfig, Stop};
use pagewalk::loader::Guest;
use pagewalk::report::commit_log::CommitLog;
use std::path::Path;

fn check(test: &str, expected: &str) {
    let elf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../riscv-tests/own/elf")
        .join(test);
    let mut guest = Guest::open(&elf).unwrap();
    let console = Box::new(std::io::sink());
    let mut machine = Machine::new(&MachineConfig::default(), &mut guest, console).unwrap();
    let mut bytes = Vec::new();
    let mut log = CommitLog::new(&mut bytes);
    let stop = machine.run(&Limits::default(), &mut log);
    log.finish().unwrap();
    assert_eq!(stop, Stop::Exit(0));
    let actual = String::from_utf8(bytes).unwrap();
    for (number, (ours, spikes)) in actual.lines().zip(expected.lines()).enumerate() {
        assert_eq!(ours, spikes, "{test}, line {}", number + 1);
    }
    assert_eq!(actual.len(), expected.len(), "{test}");
}

macro_rules! same_as_spike {
    ($($name:ident $test:literal;)*) => {$(
        #[test]
        fn $name() {
            check($test, include_str!(concat!("commit_log/", $test, ".log")));
        }
    )*};
}

same_as_spike! {
    floating_point "pw64uf-p-fcsr";
    compressed_loads_and_stores "pw64uc-p-memory";
    csrs_and_traps "pw64mi-p-csr-epc";
    counters "pw64mi-p-csr-counters";
}
