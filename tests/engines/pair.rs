//! The same machine twice, once with each engine.

use pagewalk::board::{Limits, Machine, MachineConfig, MemoryMap, Stop};
use pagewalk::engine::EngineKind;
use pagewalk::hart::Hart;
use pagewalk::mem::PhysAddr;

/// Two machines that ought to do the same.
pub(crate) struct Pair {
    pub(crate) reference: Machine,
    pub(crate) threaded: Machine,
    /// Every CSR that exists.
    csrs: Vec<u16>,
    memory: u64,
}

/// Everything of a hart that a guest or its user can see.
fn state(hart: &Hart, csrs: &[u16]) -> Vec<(String, u64)> {
    let mut state = vec![
        ("pc".into(), hart.pc),
        ("privilege".into(), hart.privilege as u64),
        ("retired".into(), hart.retired),
        ("mtime".into(), hart.mtime()),
        ("waiting".into(), hart.waiting.into()),
    ];
    for n in 0..32u8 {
        state.push((format!("x{n}"), hart.x(n)));
        state.push((format!("f{n}"), hart.f(n)));
    }
    for &number in csrs {
        let value = hart.peek_csr(number).unwrap_or(0xdead);
        state.push((format!("CSR {number:#x}"), value));
    }
    state
}

impl Pair {
    /// Two machines that `set_up` makes alike.
    pub(crate) fn new(config: &MachineConfig, set_up: impl Fn(&mut Machine)) -> Self {
        let machine = |engine| {
            let config = MachineConfig {
                engine,
                ..config.clone()
            };
            let mut machine = Machine::empty(&config, MemoryMap::RAM).unwrap();
            set_up(&mut machine);
            machine
        };
        let reference = machine(EngineKind::Reference);
        let exists = |&number: &u16| reference.hart().peek_csr(number).is_some();
        Self {
            csrs: (0..4096).filter(exists).collect(),
            memory: config.memory,
            threaded: machine(EngineKind::Threaded),
            reference,
        }
    }

    /// Does the same to both.
    pub(crate) fn both(&mut self, change: impl Fn(&mut Machine)) {
        change(&mut self.reference);
        change(&mut self.threaded);
    }

    /// Runs both up to so many instructions and compares them.
    pub(crate) fn run_to(&mut self, instructions: u64) -> Result<Stop, String> {
        let limits = Limits {
            max_instructions: Some(instructions),
            ..Limits::default()
        };
        let stop = self.reference.run(&limits, &mut ());
        let other = self.threaded.run(&limits, &mut ());
        if stop != other {
            return Err(format!("{stop:x?} and {other:x?}"));
        }
        self.compare()?;
        Ok(stop)
    }

    /// The same, without a look at the memory.
    pub(crate) fn run_light(&mut self, instructions: u64) -> Result<(), String> {
        let limits = Limits {
            max_instructions: Some(instructions),
            ..Limits::default()
        };
        self.reference.run(&limits, &mut ());
        self.threaded.run(&limits, &mut ());
        self.compare_harts()
    }

    /// What differs between the two.
    pub(crate) fn compare(&self) -> Result<(), String> {
        self.compare_harts()?;
        // How often one is repeated depends on what the fast arrays hold, and those differ.
        let reports = |machine: &Machine| {
            let mut reports = machine
                .checker()
                .map_or(Vec::new(), |checker| checker.reports().to_vec());
            reports.iter_mut().for_each(|report| report.times = 0);
            format!("{reports:?}")
        };
        let (left, right) = (reports(&self.reference), reports(&self.threaded));
        if left != right {
            return Err(format!("reports: {left}\nand\n{right}"));
        }
        self.compare_memory()
    }

    fn compare_harts(&self) -> Result<(), String> {
        let harts = self.reference.harts().iter().zip(self.threaded.harts());
        for (a, b) in harts {
            let (left, right) = (state(a, &self.csrs), state(b, &self.csrs));
            let different: Vec<String> = (left.iter().zip(&right))
                .filter(|(left, right)| left != right)
                .map(|(left, right)| format!("{}: {:#x} and {:#x}", left.0, left.1, right.1))
                .collect();
            if !different.is_empty() {
                return Err(format!("hart {}: {}", a.id, different.join("; ")));
            }
            let (left, right) = (a.mmu_statistics(), b.mmu_statistics());
            if left != right {
                return Err(format!("hart {}: {left:?}\nand\n{right:?}", a.id));
            }
            for array in a.tlb.arrays() {
                let (left, right) = (a.tlb.counters(array), b.tlb.counters(array));
                if left != right {
                    return Err(format!("hart {}: {array:?} {left:?} and {right:?}", a.id));
                }
            }
        }
        Ok(())
    }

    fn compare_memory(&self) -> Result<(), String> {
        let start = PhysAddr(MemoryMap::RAM);
        let left = self.reference.bus().ram().slice(start, self.memory);
        let right = self.threaded.bus().ram().slice(start, self.memory);
        if left == right {
            return Ok(());
        }
        let (left, right) = (left.unwrap_or(&[]), right.unwrap_or(&[]));
        let at = left
            .iter()
            .zip(right)
            .position(|(a, b)| a != b)
            .unwrap_or(0);
        Err(format!("memory at {:#x}", MemoryMap::RAM + at as u64))
    }
}
