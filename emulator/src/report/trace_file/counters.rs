//! Counters of a timeline: how full the TLB is, and how often it missed.

use crate::mmu::{Event, TlbArray, WalkCause};

/// The counters of one hart.
#[derive(Clone, Debug, Default)]
pub(super) struct Gauges {
    /// Entries in each array, in the order of [`ARRAYS`].
    entries: [u64; ARRAYS.len()],
    used: [bool; ARRAYS.len()],
    /// Walks that were made because no entry was found.
    pub(super) misses: u64,
    /// When they changed, if that was not told yet.
    changed: Option<u64>,
}

const ARRAYS: [TlbArray; 4] = [
    TlbArray::Instruction,
    TlbArray::Data,
    TlbArray::Unified,
    TlbArray::Second,
];

impl Gauges {
    pub(super) fn count(&mut self, event: &Event, at: u64) {
        match event {
            Event::Filled { array, .. } => self.add(*array, 1),
            Event::Evicted { array, .. } | Event::Dropped { array, .. } => self.add(*array, -1),
            Event::Walked {
                cause: WalkCause::Miss,
                ..
            } => self.misses += 1,
            _ => return,
        }
        self.changed = Some(at);
    }

    fn add(&mut self, array: TlbArray, change: i64) {
        self.used[array as usize] = true;
        let entries = &mut self.entries[array as usize];
        *entries = entries.saturating_add_signed(change);
    }

    /// When they changed, if that was before the instruction `count` and was not told yet.
    pub(super) fn due(&mut self, count: u64) -> Option<u64> {
        self.changed.take_if(|at| *at < count)
    }

    /// The arrays that have ever had an entry, with how many they hold.
    pub(super) fn arrays(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = ARRAYS.into_iter().zip(self.entries).zip(self.used);
        all.filter(|(_, used)| *used)
            .map(|((array, entries), _)| (array.name(), entries))
    }
}
