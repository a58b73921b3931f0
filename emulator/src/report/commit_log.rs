//! The commit log: one line for each instruction that completed, in Spike's format.
//!
//! `core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000`: the hart, the privilege,
//! the pc, the bits, then what was written: registers, CSRs, and memory (an address alone is a
//! load).

use crate::engine::{Observer, Retired};
use crate::exec::{Destination, destination};
use crate::hart::Hart;
use crate::isa::csr_name;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Writes the commit log.
pub struct CommitLog<W> {
    out: W,
    error: Option<io::Error>,
    stop: Option<&'static AtomicBool>,
    writes: Writes,
}

impl<W: Write> CommitLog<W> {
    /// A log that goes to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            error: None,
            stop: None,
            writes: Writes::default(),
        }
    }

    /// Sets `stop` when the log cannot be written, so that the run ends.
    pub fn with_stop(self, stop: &'static AtomicBool) -> Self {
        Self {
            stop: Some(stop),
            ..self
        }
    }

    /// Flushes the log and gives the first error that writing it met.
    pub fn finish(mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }

    fn line(&mut self, hart: &Hart, retired: &Retired) -> io::Result<()> {
        let digits = usize::from(retired.fetched.len) * 2;
        write!(
            self.out,
            "core{:4}: {} {:#018x} (0x{:0digits$x})",
            hart.id, retired.privilege as u8, retired.pc, retired.fetched.word
        )?;
        self.writes.collect(hart, retired);
        for &(target, value) in &self.writes.0 {
            match target {
                Target::Integer(0) => {}
                Target::Integer(n) => write!(self.out, " x{n:<2} {value:#018x}")?,
                Target::Float(n) => write!(self.out, " f{n:<2} {value:#018x}")?,
                Target::Csr(n) => {
                    let name = csr_name(n).unwrap_or("unknown");
                    write!(self.out, " c{n}_{name} {value:#018x}")?;
                }
            }
        }
        let memory = &hart.effects.memory;
        for load in memory.iter().filter(|effect| effect.stored.is_none()) {
            write!(self.out, " mem {:#018x}", load.address.0)?;
        }
        for store in memory {
            if let Some(value) = store.stored {
                let digits = usize::from(store.size) * 2;
                write!(
                    self.out,
                    " mem {:#018x} 0x{value:0digits$x}",
                    store.address.0
                )?;
            }
        }
        writeln!(self.out)
    }
}

impl<W: Write> Observer for CommitLog<W> {
    const EFFECTS: bool = true;

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        if self.error.is_none()
            && let Err(error) = self.line(hart, retired)
        {
            self.error = Some(error);
            if let Some(stop) = self.stop {
                stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// What an instruction wrote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Integer(u8),
    Float(u8),
    Csr(u16),
}

impl Target {
    /// Spike's order: by number, an integer register before a float before a CSR of the same one.
    fn key(self) -> (u16, u8) {
        match self {
            Self::Integer(n) => (n.into(), 0),
            Self::Float(n) => (n.into(), 1),
            Self::Csr(n) => (n, 4),
        }
    }
}

/// What one instruction wrote, each register once, in the order in which it is printed.
#[derive(Default)]
struct Writes(Vec<(Target, u64)>);

impl Writes {
    fn add(&mut self, target: Target, value: u64) {
        match self
            .0
            .binary_search_by_key(&target.key(), |&(other, _)| other.key())
        {
            Ok(same) => self.0[same].1 = value,
            Err(place) => self.0.insert(place, (target, value)),
        }
    }

    fn collect(&mut self, hart: &Hart, retired: &Retired) {
        self.0.clear();
        let insn = retired.insn;
        match destination(insn.op) {
            Destination::None => {}
            Destination::Integer => self.add(Target::Integer(insn.rd), hart.x(insn.rd)),
            Destination::IntegerPair if insn.rd == 0 => {}
            Destination::IntegerPair => {
                for register in [insn.rd, insn.rd | 1] {
                    self.add(Target::Integer(register), hart.x(register));
                }
            }
            Destination::Float => self.add(Target::Float(insn.rd), hart.f(insn.rd)),
        }
        for &(number, value) in &hart.effects.csrs {
            self.add(Target::Csr(number), value);
        }
    }
}
