//! The `pagewalk` command.
use pagewalk::{board::*, loader::Guest, report::commit_log::CommitLog};
fn main() {
    let mut n = 0;
    let mut f = 0;
    let dir = std::env::var("LOGDIR").ok();
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
        let l = Limits {
            max_instructions: Some(400_000_000),
            deadline: None,
        };
        let s = match &dir {
            Some(d) => {
                let p = format!("{d}/{}.log", a.rsplit('/').next().unwrap());
                let mut c =
                    CommitLog::new(std::io::BufWriter::new(std::fs::File::create(p).unwrap()));
                let s = m.run(&l, &mut c);
                c.finish().unwrap();
                s
            }
            None => m.run(&l, &mut ()),
        };
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
