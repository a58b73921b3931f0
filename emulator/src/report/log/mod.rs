//! What a run does, as lines of the log: instructions, traps, CSR writes, and the MMU.
//!
//! These lines come from an observer and not from log macros in the engine, so that a run that
//! nobody watches carries none of it.

mod lines;

use super::filter::Filter;
use super::sighting::{About, Sighting, Spot, Watcher};
use crate::engine::{Observer, Retired};
use crate::hart::{Cause, Event, Hart, Interest, TrapTaken};
use crate::isa::{Exception, csr_name, disassemble};
use crate::loader::Guest;
use crate::mmu::{self, Entry, TlbArray};
use crate::trace;
use lines::{Code, Line};
use log::Level;

/// Which lines are wanted. Asked once: a target's level does not change during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    instructions: bool,
    traps: bool,
    interrupts: bool,
    csrs: bool,
    faults: bool,
    walks: bool,
    steps: bool,
    fills: bool,
    hits: bool,
    fences: bool,
    findings: bool,
}

impl Wanted {
    fn now() -> Self {
        let wanted = |target, level| log::log_enabled!(target: target, level);
        Self {
            instructions: wanted(trace::EXEC, Level::Trace),
            traps: wanted(trace::TRAP, Level::Info),
            interrupts: wanted(trace::IRQ, Level::Info),
            csrs: wanted(trace::CSR, Level::Debug),
            faults: wanted(trace::MMU_FAULT, Level::Info),
            walks: wanted(trace::MMU_WALK, Level::Debug),
            steps: wanted(trace::MMU_WALK, Level::Trace),
            fills: wanted(trace::MMU_TLB, Level::Debug),
            hits: wanted(trace::MMU_TLB, Level::Trace),
            fences: wanted(trace::MMU_FENCE, Level::Debug),
            findings: wanted(trace::MMU_CHECK, Level::Info),
        }
    }

    fn any(self) -> bool {
        self.traps || self.interrupts || self.interest() > Interest::Nothing
    }

    fn interest(self) -> Interest {
        let Self {
            // A line of an instruction that writes `satp` has the ASID from before.
            instructions,
            csrs,
            faults,
            walks,
            fills,
            fences,
            findings,
            ..
        } = self;
        if self.hits {
            Interest::Everything
        } else if instructions || csrs || faults || walks || fills || fences || findings {
            Interest::Slow
        } else {
            Interest::Nothing
        }
    }
}

/// Writes the lines that the log is to have.
pub struct LogObserver<'a> {
    guest: &'a Guest,
    filter: Option<Filter>,
    wanted: Wanted,
    watcher: Watcher,
    /// What the fence dropped that is told next.
    dropped: Vec<(TlbArray, Entry)>,
}

impl<'a> LogObserver<'a> {
    /// The observer, if the log is to have any of its lines. `checked` says whether the machine has
    /// the sanitizer; without it there are no lines of `mmu::check`.
    pub fn if_wanted(guest: &'a Guest, filter: Option<Filter>, checked: bool) -> Option<Self> {
        let mut wanted = Wanted::now();
        wanted.findings &= checked;
        wanted.any().then(|| Self {
            guest,
            filter,
            wanted,
            watcher: Watcher::default(),
            dropped: Vec::new(),
        })
    }

    fn admits(&self, spot: &Spot, about: impl FnOnce() -> About) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.admits(spot, &about()))
    }

    fn line(&self, spot: Spot) -> Line<'a> {
        Line {
            guest: self.guest,
            spot,
        }
    }

    fn mmu(&mut self, hart: &Hart, event: &mmu::Event) {
        use mmu::Event as E;
        let wanted = self.wanted;
        // Told apart first: most events are not wanted, and finding out more of one takes time.
        match event {
            E::Hit { .. } if !wanted.hits => return,
            E::Filled { .. } | E::Evicted { .. } if !wanted.fills => return,
            E::Dropped { .. } if !wanted.fences => return,
            E::Walked { .. } if !wanted.walks && !wanted.faults => return,
            _ => {}
        }
        let seen = self.watcher.see(hart, event);
        match event {
            E::Walked { .. } if !wanted.walks => return,
            E::Faulted { .. } | E::Protected { .. } if !wanted.faults => return,
            E::SatpWritten { .. } | E::Fenced { .. } if !wanted.fences => return,
            E::Found(_) if !wanted.findings => return,
            E::Dropped { array, entry } => {
                // The fence that dropped it is told next, and gets the first line.
                if self.admits(&seen.spot, || seen.about()) {
                    self.dropped.push((*array, *entry));
                }
                return;
            }
            _ => {}
        }
        if self.admits(&seen.spot, || seen.about()) {
            self.tell(&seen);
        }
        if let E::Fenced { .. } = event {
            let line = self.line(seen.spot);
            for (array, entry) in self.dropped.drain(..) {
                let (filled, entry) = (entry.filled_at, line.entry(array, &entry));
                log::debug!(target: trace::MMU_FENCE, "{line}: dropped {entry}, filled at #{filled}");
            }
        }
    }

    fn tell(&self, seen: &Sighting<'_>) {
        use mmu::Event as E;
        let line = self.line(seen.spot);
        match seen.event {
            E::Hit { .. } => {
                log::trace!(target: trace::MMU_TLB, "{line}: {}", line.mmu(seen));
            }
            E::Filled { .. } | E::Evicted { .. } => {
                log::debug!(target: trace::MMU_TLB, "{line}: {}", line.mmu(seen));
            }
            E::Walked { walk, .. } => {
                if self.wanted.steps {
                    for step in walk.steps() {
                        let step = line.step(walk.va, step);
                        log::trace!(target: trace::MMU_WALK, "{line}: {step}");
                    }
                }
                log::debug!(target: trace::MMU_WALK, "{line}: {}", line.mmu(seen));
            }
            E::Faulted { .. } | E::Protected { .. } => {
                log::info!(target: trace::MMU_FAULT, "{line}: {}", line.mmu(seen));
            }
            E::Dropped { .. } | E::Fenced { .. } | E::SatpWritten { .. } => {
                log::debug!(target: trace::MMU_FENCE, "{line}: {}", line.mmu(seen));
            }
            E::Found(_) => {
                log::info!(target: trace::MMU_CHECK, "{line}: {}", line.mmu(seen));
            }
        }
    }
}

impl Observer for LogObserver<'_> {
    const EVENTS: bool = true;

    fn wants_each_instruction(&self) -> bool {
        self.wanted.instructions
    }

    fn interest(&self) -> Interest {
        self.wanted.interest()
    }

    fn interest_for(&self, hart: &Hart, budget: u64) -> Interest {
        let last = hart.retired.saturating_add(budget);
        let outside = |filter: &Filter| filter.rules_out(hart.retired, last);
        match self.filter.as_ref().is_some_and(outside) {
            true => Interest::Nothing,
            false => self.interest(),
        }
    }

    fn event(&mut self, hart: &Hart, event: &Event) {
        match event {
            Event::Mmu(event) => self.mmu(hart, event),
            Event::Csr { number, value } => {
                let spot = self.watcher.spot(hart);
                if self.wanted.csrs && self.admits(&spot, About::default) {
                    let name = csr_name(*number).unwrap_or("unknown");
                    let line = self.line(spot);
                    log::debug!(target: trace::CSR, "{line}: {name} = {value:#x}");
                }
            }
        }
    }

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        if self.wanted.instructions {
            let spot = self.watcher.retired(hart, retired);
            if self.admits(&spot, About::default) {
                let line = self.line(spot);
                let digits = usize::from(retired.fetched.len) * 2;
                log::trace!(
                    target: trace::EXEC,
                    "{line}: {:0digits$x} {}",
                    retired.fetched.word,
                    disassemble(&retired.insn, retired.pc).replacen('\t', " ", 1),
                );
            }
        }
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        let (target, wanted) = match trap.cause {
            Cause::Exception(_) => (trace::TRAP, self.wanted.traps),
            Cause::Interrupt(_) => (trace::IRQ, self.wanted.interrupts),
        };
        let spot = self.watcher.trapped(hart, trap);
        let about = || match value_is_address(trap.cause) {
            true => About::va(trap.value),
            false => About::default(),
        };
        if wanted && self.admits(&spot, about) {
            let line = self.line(spot);
            log::info!(
                target: target,
                "{line}: {}, value {:#x}, to {} at {}",
                trap.cause,
                trap.value,
                trap.to,
                Code(self.guest, trap.handler),
            );
        }
    }
}

/// Whether the value of a trap is the virtual address of an access.
fn value_is_address(cause: Cause) -> bool {
    use Exception as E;
    let Cause::Exception(exception) = cause else {
        return false;
    };
    match exception {
        E::InstructionAddressMisaligned
        | E::InstructionAccessFault
        | E::LoadAddressMisaligned
        | E::LoadAccessFault
        | E::StoreAddressMisaligned
        | E::StoreAccessFault
        | E::InstructionPageFault
        | E::LoadPageFault
        | E::StorePageFault => true,
        E::IllegalInstruction
        | E::Breakpoint
        | E::EnvironmentCallFromU
        | E::EnvironmentCallFromS
        | E::EnvironmentCallFromM => false,
    }
}
