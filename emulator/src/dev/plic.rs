//! The PLIC: the platform-level interrupt controller, as the RISC-V PLIC specification 1.0 has it.
//!
//! | offset | register | |
//! |---|---|---|
//! | 0x000000 + 4·source | priority | 0 (never) to 7 |
//! | 0x001000 + 4·n | pending | bit 0 is source 32·n; read-only |
//! | 0x002000 + 0x80·context + 4·n | enable | the same bits |
//! | 0x200000 + 0x1000·context | threshold | 0 to 7; only higher priorities interrupt |
//! | 0x200004 + 0x1000·context | claim, complete | read the source to serve; write it when done |
//!
//! Context 2·hart is the M-mode of a hart, context 2·hart + 1 its S-mode, as on QEMU's `virt`.
//! Sources start at 1. All are level-triggered: a source becomes pending when its line is up and
//! no earlier interrupt of it is in service, and stays pending until it is claimed, even if the
//! line goes down.
//!
//! Where QEMU differs, the specification decides: a claim does not look at the threshold; a source
//! whose line is still up when it is completed becomes pending again. It does so a short while
//! later. When is left open, and at once would starve a guest whose handler leaves the line up: xv6
//! before 2023 never reads the IIR that ends the UART's transmitter interrupt. QEMU gives it none.
//!
//! Registers are accessed by aligned words; anything else is an access fault. What belongs to no
//! source or context reads as zero and ignores writes.

use crate::mem::{AccessError, Device, Memory};
use crate::trace;
use serde::{Deserialize, Serialize};

/// The highest source. QEMU's `virt` has as many.
pub const SOURCES: usize = 95;

/// Ticks from a completion to the next request of a source whose line stayed up, 20 µs.
const PAUSE: u64 = 200;

/// Words in a set of sources, of which source 0 does not exist.
const WORDS: usize = SOURCES / 32 + 1;
/// The bytes of address space that the device takes.
const SIZE: u64 = 0x60_0000;
const PENDING: u64 = 0x1000;
const ENABLE: u64 = 0x2000;
const ENABLE_STRIDE: u64 = 0x80;
const CONTEXT: u64 = 0x20_0000;
const CONTEXT_STRIDE: u64 = 0x1000;
/// The bits of a priority or a threshold.
const PRIORITY: u32 = 7;

/// A set of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sources([u32; WORDS]);

impl Sources {
    fn has(&self, source: usize) -> bool {
        self.word(source / 32) >> (source % 32) & 1 != 0
    }

    fn set(&mut self, source: usize, there: bool) {
        if let Some(word) = self.0.get_mut(source / 32) {
            *word = *word & !(1 << (source % 32)) | u32::from(there) << (source % 32);
        }
    }

    fn word(&self, index: usize) -> u32 {
        self.0.get(index).copied().unwrap_or(0)
    }
}

/// What one context has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Context {
    enabled: Sources,
    threshold: u32,
}

/// What the device remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlicState {
    /// Of each source, from 0, which does not exist.
    priorities: Vec<u32>,
    contexts: Vec<Context>,
    /// Whose lines are up.
    up: Sources,
    pending: Sources,
    /// Claimed and not yet completed.
    in_service: Sources,
    /// When the lines that were up at a completion are looked at again.
    look_again: Option<u64>,
}

impl PlicState {
    fn new(contexts: usize) -> Self {
        Self {
            priorities: vec![0; SOURCES + 1],
            contexts: vec![Context::default(); contexts],
            up: Sources::default(),
            pending: Sources::default(),
            in_service: Sources::default(),
            look_again: None,
        }
    }
}

/// An interrupt controller for some number of harts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plic {
    state: PlicState,
    /// What [`Plic::pending`] says of each context.
    interrupts: Vec<bool>,
}

/// Which register a word is.
enum Register {
    Priority(usize),
    Pending(usize),
    Enable { context: usize, word: usize },
    Threshold(usize),
    Claim(usize),
    Reserved,
}

impl Plic {
    /// A PLIC after power-on: nothing is pending, enabled, or of any priority.
    pub fn new(harts: usize) -> Self {
        let contexts = 2 * harts;
        Self {
            state: PlicState::new(contexts),
            interrupts: vec![false; contexts],
        }
    }

    /// Says whether a source's line is up. A source that does not exist is ignored.
    pub fn set_level(&mut self, source: usize, up: bool) {
        if !(1..=SOURCES).contains(&source) || self.state.up.has(source) == up {
            return;
        }
        self.state.up.set(source, up);
        self.open_gateway(source);
    }

    /// Whether a context is to be interrupted (`mip.MEIP` or `mip.SEIP` of its hart).
    pub fn pending(&self, context: usize) -> bool {
        self.interrupts.get(context).copied().unwrap_or(false)
    }

    /// What it remembers.
    pub fn state(&self) -> PlicState {
        self.state.clone()
    }

    /// Goes on from there. What no register can hold is left out.
    pub fn set_state(&mut self, mut state: PlicState) {
        state.priorities.resize(SOURCES + 1, 0);
        state.priorities.iter_mut().for_each(|p| *p &= PRIORITY);
        state.priorities[0] = 0;
        let none = Context::default();
        state.contexts.resize(self.state.contexts.len(), none);
        for context in &mut state.contexts {
            context.enabled.set(0, false);
            context.threshold &= PRIORITY;
        }
        for set in [&mut state.up, &mut state.pending, &mut state.in_service] {
            set.set(0, false);
        }
        self.state = state;
        self.update();
    }

    /// Lets a source's request through if its line is up and none is in service.
    fn open_gateway(&mut self, source: usize) {
        let state = &mut self.state;
        if state.up.has(source) && !state.in_service.has(source) && !state.pending.has(source) {
            state.pending.set(source, true);
            self.update();
        }
    }

    fn update(&mut self) {
        let state = &self.state;
        for (interrupt, context) in self.interrupts.iter_mut().zip(&state.contexts) {
            *interrupt = state
                .best(context)
                .is_some_and(|source| state.priorities[source] > context.threshold);
        }
    }

    fn claim(&mut self, context: usize) -> u32 {
        let state = &mut self.state;
        let best = state.contexts.get(context).and_then(|c| state.best(c));
        let Some(source) = best else {
            return 0;
        };
        state.pending.set(source, false);
        state.in_service.set(source, true);
        log::debug!(target: trace::DEV_PLIC, "context {context} claims source {source}");
        self.update();
        source as u32
    }

    /// The completing context need not be the one that claimed, but the source must be enabled
    /// for it.
    fn complete(&mut self, context: usize, source: usize, now: u64) {
        let state = &mut self.state;
        let enabled = state.contexts.get(context);
        if enabled.is_some_and(|context| context.enabled.has(source)) {
            log::debug!(target: trace::DEV_PLIC, "context {context} completes source {source}");
            if state.in_service.has(source) && state.up.has(source) {
                let at = now.saturating_add(PAUSE);
                state.look_again = Some(state.look_again.map_or(at, |other| other.min(at)));
            }
            state.in_service.set(source, false);
        }
    }

    fn open_gateways(&mut self) {
        for source in 1..=SOURCES {
            self.open_gateway(source);
        }
    }

    fn register(offset: u64) -> Register {
        let word = |offset| (offset / 4) as usize;
        match offset {
            CONTEXT.. => {
                let offset = offset - CONTEXT;
                let context = (offset / CONTEXT_STRIDE) as usize;
                match offset % CONTEXT_STRIDE {
                    0 => Register::Threshold(context),
                    4 => Register::Claim(context),
                    _ => Register::Reserved,
                }
            }
            ENABLE.. => {
                let offset = offset - ENABLE;
                let context = (offset / ENABLE_STRIDE) as usize;
                let word = word(offset % ENABLE_STRIDE);
                Register::Enable { context, word }
            }
            PENDING.. => Register::Pending(word(offset - PENDING)),
            _ => Register::Priority(word(offset)),
        }
    }
}

impl PlicState {
    /// The source that a context should serve first: of those pending and enabled the one of the
    /// highest priority, and among equals the lowest.
    fn best(&self, context: &Context) -> Option<usize> {
        let mut best = None;
        let mut highest = 0;
        for index in 0..WORDS {
            let mut left = self.pending.word(index) & context.enabled.word(index);
            while left != 0 {
                let source = 32 * index + left.trailing_zeros() as usize;
                left &= left - 1;
                let priority = self.priorities[source];
                if priority > highest {
                    (best, highest) = (Some(source), priority);
                }
            }
        }
        best
    }
}

impl Device for Plic {
    fn name(&self) -> &'static str {
        "plic"
    }

    fn read(&mut self, offset: u64, size: u8, _now: u64) -> Result<u64, AccessError> {
        check(offset, size)?;
        let state = &self.state;
        let value = match Self::register(offset) {
            Register::Priority(source) => state.priorities.get(source).copied(),
            Register::Pending(word) => Some(state.pending.word(word)),
            Register::Enable { context, word } => {
                let context = state.contexts.get(context);
                context.map(|context| context.enabled.word(word))
            }
            Register::Threshold(context) => state.contexts.get(context).map(|c| c.threshold),
            Register::Claim(context) => Some(self.claim(context)),
            Register::Reserved => None,
        };
        Ok(value.unwrap_or(0).into())
    }

    fn write(&mut self, offset: u64, size: u8, value: u64, now: u64) -> Result<(), AccessError> {
        check(offset, size)?;
        let value = value as u32;
        let state = &mut self.state;
        match Self::register(offset) {
            Register::Priority(source @ 1..=SOURCES) => {
                state.priorities[source] = value & PRIORITY;
            }
            Register::Enable { context, word } => {
                let context = state.contexts.get_mut(context);
                if let Some(enabled) = context.and_then(|c| c.enabled.0.get_mut(word)) {
                    // Source 0 does not exist.
                    *enabled = if word == 0 { value & !1 } else { value };
                }
            }
            Register::Threshold(context) => {
                if let Some(context) = state.contexts.get_mut(context) {
                    context.threshold = value & PRIORITY;
                }
            }
            Register::Claim(context) => self.complete(context, value as usize, now),
            Register::Priority(_) | Register::Pending(_) | Register::Reserved => {}
        }
        self.update();
        Ok(())
    }

    fn reset(&mut self) {
        // The lines are the other devices'.
        let up = self.state.up;
        let state = PlicState::new(self.state.contexts.len());
        self.state = PlicState { up, ..state };
        self.open_gateways();
        self.update();
    }

    fn work(&mut self, _memory: &mut Memory, now: u64) {
        // Software may set the time back, which must not make the pause longer.
        let over = |at: u64| at <= now || at - now > PAUSE;
        if self.state.look_again.is_some_and(over) {
            self.state.look_again = None;
            self.open_gateways();
        }
    }

    fn deadline(&self) -> Option<u64> {
        self.state.look_again
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

fn check(offset: u64, size: u8) -> Result<(), AccessError> {
    let fits = size == 4 && offset.is_multiple_of(4) && offset < SIZE;
    fits.then_some(()).ok_or(AccessError)
}

#[cfg(test)]
#[path = "plic_tests.rs"]
mod tests;
