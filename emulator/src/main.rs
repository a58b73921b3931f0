//! The `pagewalk` command.
use pagewalk::{board::*, loader::Guest};
fn main() {
    let mut n = 0;
    let mut f = 0;
    for a in std::env::args().skip(1) {
        let mut g = match Guest::open(a.as_ref()) {
            Ok(g) => g,
            Err(e) => {
                println!("{e}");
                continue;
            }
        };
        let mut m = match Machine::new(
            &MachineConfig::default(),
            &mut g,
            Box::new(std::io::stdout()),
        ) {
            Ok(m) => m,
            Err(e) => {
                println!("{e}");
                continue;
            }
        };
        let s = m.run(
            &Limits {
                max_instructions: Some(5_000_000),
                deadline: None,
            },
            &mut (),
        );
        n += 1;
        if s != Stop::Exit(0) {
            f += 1;
            println!(
                "{a}: {s:x?} pc {:x} mcause {:x} mepc {:x} mtval {:x} gp {}",
                m.hart().pc,
                m.hart().csr.mcause,
                m.hart().csr.mepc,
                m.hart().csr.mtval,
                m.hart().x(3)
            );
        }
    }
    println!("{n} run, {f} failed");
}
