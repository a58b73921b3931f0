//! Who runs when. Harts take turns on one thread, so a run is the same each time.
//!
//! The harts share one clock, which goes with the hart that has its turn ([`crate::hart::Clock`]).
//! A hart that waits lets its turn pass, and time with it. Only when every hart has nothing to do
//! does the time skip to the next timer.

use crate::hart::{Clock, Hart, TrapTaken};
use crate::isa::Privilege;

/// The length of a turn on a machine with one hart, in steps of the clock: instructions between
/// two looks at the clock of the host.
const ALONE: u64 = 20_000;

/// The length of a turn on a machine with several harts: short enough that a hart which spins on
/// another one does not spin for long, long enough that switching costs little.
const TURN: u64 = 5_000;

/// Steps for each hart between two looks at half-written requests.
const REQUEST_AGE: u64 = 20_000;

/// Why a hart does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Idle {
    /// It waits for an interrupt.
    Waits,
    /// Its trap handler traps at its first instruction.
    Loops(Privilege),
}

/// What is known of a hart from its last turns.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// It had nothing to do at its last turn, and no hart has run an instruction since.
    idle: Option<Idle>,
    /// The trap that it went on repeating when it last had its turn.
    trap_loop: Option<TrapTaken>,
    /// Whether it has been in a trap loop before.
    looped: bool,
}

/// What becomes of a machine of which every hart is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AllIdle {
    /// An interrupt has come meanwhile.
    Woken,
    /// The next timer fires at this time, and it is this hart's.
    Timer(u64, usize),
    /// Nothing will happen by itself.
    Forever,
}

/// Whose turn it is, and what is known of the harts.
pub(super) struct Turns {
    /// The hart whose turn it is.
    pub(super) hart: usize,
    /// When the turn ends, in steps of the clock.
    end: u64,
    /// The turn has just begun.
    begun: bool,
    /// When a half-written request has waited long enough, in steps of the clock.
    request_age: u64,
    seen: Vec<Seen>,
}

impl Turns {
    pub(super) fn new(harts: usize) -> Self {
        Self {
            hart: 0,
            end: length(harts),
            begun: true,
            request_age: 0,
            seen: vec![Seen::default(); harts],
        }
    }

    /// Begins the next hart's turn if the present one is over.
    pub(super) fn go_on(&mut self, harts: &mut [Hart]) {
        let clock = harts[self.hart].clock();
        if clock.steps < self.end {
            return;
        }
        self.begin(harts, (self.hart + 1) % harts.len());
    }

    /// Begins the first turn, at a time.
    pub(super) fn begin_at(&mut self, harts: &mut [Hart], clock: Clock) {
        set_clocks(harts, clock);
        self.end = clock.steps.saturating_add(length(harts.len()));
        self.begun = true;
    }

    /// Whether a turn has begun since the last call.
    pub(super) fn has_begun(&mut self) -> bool {
        std::mem::take(&mut self.begun)
    }

    /// Begins a hart's turn: it gets the clock and the sanitizer, which the harts share. The
    /// engine lets it catch up with what the others did.
    pub(super) fn begin(&mut self, harts: &mut [Hart], next: usize) {
        let clock = harts[self.hart].clock();
        self.end = clock.steps.saturating_add(length(harts.len()));
        self.begun = true;
        let checker = harts[self.hart].checker.take();
        self.hart = next;
        let hart = &mut harts[next];
        hart.set_clock(clock);
        hart.checker = checker;
    }

    /// Whether a half-written request is to grow older now.
    pub(super) fn request_ages(&mut self, harts: &[Hart]) -> bool {
        let now = harts[self.hart].clock().steps;
        let ages = now >= self.request_age;
        if ages {
            let harts = harts.len() as u64;
            self.request_age = now.saturating_add(REQUEST_AGE * harts);
        }
        ages
    }

    /// Steps that are left of the turn.
    pub(super) fn left(&self, hart: &Hart) -> u64 {
        self.end.saturating_sub(hart.clock().steps)
    }

    /// Ends the turn: another hart was rung.
    pub(super) fn end_now(&mut self, clock: Clock) {
        self.end = clock.steps;
    }

    /// The hart whose turn it is has retired instructions, which may be of use to others.
    pub(super) fn ran(&mut self) {
        self.seen[self.hart].trap_loop = None;
        for seen in &mut self.seen {
            seen.idle = None;
        }
    }

    /// The hart whose turn it is waits. Says whether every hart is idle now.
    pub(super) fn waits(&mut self) -> bool {
        self.is_idle(Idle::Waits)
    }

    /// The hart whose turn it is repeats a trap. Says whether every hart is idle now.
    pub(super) fn loops(&mut self, trap: TrapTaken) -> bool {
        self.seen[self.hart].trap_loop = Some(trap);
        self.is_idle(Idle::Loops(trap.to))
    }

    /// Whether this is the first trap loop of the hart whose turn it is.
    pub(super) fn first_loop(&mut self) -> bool {
        !std::mem::replace(&mut self.seen[self.hart].looped, true)
    }

    fn is_idle(&mut self, idle: Idle) -> bool {
        self.seen[self.hart].idle = Some(idle);
        self.seen.iter().all(|seen| seen.idle.is_some())
    }

    /// Lets the rest of the turn pass, up to the hart's next timer or a device's deadline.
    pub(super) fn pass(&mut self, hart: &mut Hart, deadline: u64) {
        let steps = hart.steps_to_timer().min(hart.steps_until(deadline));
        hart.pass(self.left(hart).min(steps));
    }

    /// Looks at a machine of which every hart is idle, and brings all of them to the same time.
    pub(super) fn all_idle(&mut self, harts: &mut [Hart]) -> AllIdle {
        set_clocks(harts, harts[self.hart].clock());
        let mut next = (u64::MAX, self.hart);
        let mut woken = false;
        for (hart, seen) in harts.iter_mut().zip(&mut self.seen) {
            match seen.idle.take() {
                Some(Idle::Loops(Privilege::Machine)) => continue,
                // Time goes on below M-mode, and a timer of M-mode may end the loop.
                Some(Idle::Loops(_)) => {
                    woken |= hart.pending_interrupt().is_some();
                    hart.check_interrupts = true;
                }
                _ => woken |= hart.has_wakeup(),
            }
            next = next.min((hart.next_timer(), hart.id));
        }
        match next {
            _ if woken => AllIdle::Woken,
            (u64::MAX, _) => AllIdle::Forever,
            (at, hart) => AllIdle::Timer(at, hart),
        }
    }

    /// The trap that a hart repeats for ever, if it does, as it seemed at its last turn.
    pub(super) fn trap_loop(&self, hart: usize) -> Option<TrapTaken> {
        self.seen.get(hart)?.trap_loop
    }

    /// Brings all harts to the time of the one whose turn it is.
    pub(super) fn same_time(&self, harts: &mut [Hart]) {
        set_clocks(harts, harts[self.hart].clock());
    }
}

/// The length of a turn on a machine with so many harts.
fn length(harts: usize) -> u64 {
    if harts == 1 { ALONE } else { TURN }
}

fn set_clocks(harts: &mut [Hart], clock: Clock) {
    for hart in harts {
        hart.set_clock(clock);
    }
}
