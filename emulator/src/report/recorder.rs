//! Records the end of a run: the last instructions with what they read and wrote, the last traps,
//! and how control came to where it is.

use super::place::Places;
use super::traps::TrapHistory;
use crate::engine::{Observer, Retired};
use crate::exec::{Destination, destination};
use crate::hart::{Hart, TrapTaken};
use crate::isa::{Insn, Op, registers};
use std::collections::VecDeque;

/// How many of the last instructions are kept.
pub const KEPT: usize = 20;

/// A register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Register {
    /// `x` with this number.
    Integer(u8),
    /// `f` with this number.
    Float(u8),
}

impl Register {
    /// The name of the calling convention.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer(number) => registers::x_name(number),
            Self::Float(number) => registers::f_name(number),
        }
    }

    /// What it holds.
    pub fn read(self, hart: &Hart) -> u64 {
        match self {
            Self::Integer(number) => hart.x(number),
            Self::Float(number) => hart.f(number),
        }
    }
}

/// One instruction that completed.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The instruction.
    pub retired: Retired,
    /// How many had retired before it.
    pub count: u64,
    /// Registers with their values: what it wrote, or what it read if it wrote none.
    pub values: [Option<(Register, u64)>; 3],
}

impl Step {
    fn new(hart: &Hart, retired: &Retired) -> Self {
        let insn = retired.insn;
        let mut values = [None; 3];
        let shown = match destination(insn.op) {
            Destination::None => sources(&insn),
            Destination::Integer => [Some(Register::Integer(insn.rd)), None, None],
            Destination::IntegerPair => [
                Some(Register::Integer(insn.rd)),
                Some(Register::Integer(insn.rd | 1)),
                None,
            ],
            Destination::Float => [Some(Register::Float(insn.rd)), None, None],
        };
        for (value, register) in values.iter_mut().zip(shown) {
            *value = register
                .filter(|&register| register != Register::Integer(0))
                .map(|register| (register, register.read(hart)));
        }
        Self {
            retired: *retired,
            count: hart.retired.wrapping_sub(1),
            values,
        }
    }
}

/// The registers that an instruction reads, as far as its operands name them.
pub fn sources(insn: &Insn) -> [Option<Register>; 3] {
    let mut found = [None; 3];
    let registers = insn
        .op
        .row()
        .format
        .operands()
        .chars()
        .filter_map(|letter| match letter {
            's' => Some(Register::Integer(insn.rs1)),
            't' => Some(Register::Integer(insn.rs2)),
            'S' => Some(Register::Float(insn.rs1)),
            'T' => Some(Register::Float(insn.rs2)),
            'R' => Some(Register::Float(insn.rs3)),
            _ => None,
        });
    for (place, register) in found.iter_mut().zip(registers) {
        *place = Some(register);
    }
    found
}

/// A moment of a run.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The last instructions, oldest first.
    pub steps: VecDeque<Step>,
    integer: [u64; 32],
    float: [u64; 32],
}

impl Moment {
    fn new(hart: &Hart, steps: VecDeque<Step>) -> Self {
        let mut moment = Self {
            steps,
            integer: [0; 32],
            float: [0; 32],
        };
        moment.integer.copy_from_slice(hart.integer_registers());
        moment.float.copy_from_slice(hart.float_registers());
        moment
    }

    /// What a register held.
    pub fn register(&self, register: Register) -> u64 {
        match register {
            Register::Integer(number) => self.integer[usize::from(number & 31)],
            Register::Float(number) => self.float[usize::from(number & 31)],
        }
    }
}

/// A trap that no `mret` or `sret` has answered.
#[derive(Clone, Debug)]
pub struct OpenTrap {
    /// The trap.
    pub taken: TrapTaken,
    /// What was before it.
    pub before: Moment,
}

impl OpenTrap {
    /// The number of the test's check when it was taken: riscv-tests keep it in `gp`.
    pub fn check(&self) -> u64 {
        self.before.register(Register::Integer(3))
    }
}

/// Traps can nest without end in a broken guest; so many are kept.
pub const MOST_OPEN: usize = 64;

/// Records the end of one hart's run.
pub struct Recorder {
    hart: usize,
    steps: VecDeque<Step>,
    /// The traps of all harts.
    pub traps: TrapHistory,
    open: Vec<OpenTrap>,
    /// How many more than [`MOST_OPEN`] are open.
    deeper: u64,
    /// Where a test goes when a check fails.
    fail: Vec<u64>,
    /// When it went there last: after a jump or branch.
    failed_at: Option<Moment>,
}

impl Recorder {
    /// A recorder of a hart that notices when control goes to `fail`.
    pub fn new(hart: usize, fail: Option<u64>) -> Self {
        let fail = fail.map(Places::aliases);
        Self {
            hart,
            steps: VecDeque::with_capacity(KEPT),
            traps: TrapHistory::default(),
            open: Vec::new(),
            deeper: 0,
            fail: fail.map(Vec::from).unwrap_or_default(),
            failed_at: None,
        }
    }

    /// The number of the hart that is recorded.
    pub fn hart(&self) -> usize {
        self.hart
    }

    /// The end, `hart` being as the run left it.
    pub fn end(&self, hart: &Hart) -> Moment {
        Moment::new(hart, self.steps.clone())
    }

    /// The traps from which the guest has not returned, outermost first: at most [`MOST_OPEN`].
    pub fn open_traps(&self) -> &[OpenTrap] {
        &self.open
    }

    /// When a jump or branch was last taken to the test's `fail` label.
    pub fn failed_at(&self) -> Option<&Moment> {
        self.failed_at.as_ref()
    }
}

impl Observer for Recorder {
    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        if hart.id != self.hart {
            return;
        }
        let step = Step::new(hart, retired);
        if self.steps.len() == KEPT {
            self.steps.pop_front();
        }
        self.steps.push_back(step);
        let after = retired.pc.wrapping_add(u64::from(retired.fetched.len));
        if hart.pc != after && self.fail.contains(&hart.pc) {
            self.failed_at = Some(Moment::new(hart, self.steps.clone()));
        }
        if matches!(retired.insn.op, Op::Mret | Op::Sret) {
            match self.deeper.checked_sub(1) {
                Some(deeper) => self.deeper = deeper,
                None => drop(self.open.pop()),
            }
        }
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        self.traps.trapped(hart, trap);
        if hart.id != self.hart {
            return;
        }
        if self.open.len() == MOST_OPEN {
            self.deeper += 1;
            return;
        }
        self.open.push(OpenTrap {
            taken: *trap,
            before: Moment::new(hart, self.steps.clone()),
        });
    }
}
