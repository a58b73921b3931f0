//! Runs of instructions between two jumps.

use crate::isa::Privilege;
use rustc_hash::FxHashMap;

/// So many instructions of a block are kept to be shown.
pub(super) const SHOWN: usize = 6;
/// A longer run is cut.
pub(super) const MAX_LENGTH: u32 = 256;
/// When there are more blocks, the rarer half of them is put together.
const MAX_BLOCKS: usize = 1 << 17;
/// So many runs that a trap interrupted are kept until they go on.
const MAX_INTERRUPTED: usize = 64;

/// Instructions that ran one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    pub(super) start: u64,
    pub(super) moved: u64,
    bytes: u64,
    length: u32,
    /// Of all words: other code may come to the same address.
    hash: u64,
    first: [u32; SHOWN],
}

impl Run {
    pub(super) fn new(start: u64, moved: u64) -> Self {
        Self {
            start,
            moved,
            ..Self::default()
        }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, word: u32, bytes: u8) {
        if let Some(slot) = self.first.get_mut(self.length as usize) {
            *slot = word;
        }
        self.hash =
            (self.hash.rotate_left(5) ^ u64::from(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        self.bytes += u64::from(bytes);
        self.length += 1;
    }

    pub(super) fn length(&self) -> u32 {
        self.length
    }
}

/// A run that a trap interrupted, and what holds when it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resume {
    pub(super) privilege: Privilege,
    pub(super) pc: u64,
    pub(super) sp: u64,
    pub(super) satp: u64,
}

/// What makes a block another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    start: u64,
    hash: u64,
    length: u32,
    privilege: Privilege,
}

/// A block and how often it ran.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) run: Run,
    pub(super) times: u64,
}

/// A block, to be shown.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) privilege: Privilege,
    pub(super) run: Run,
    pub(super) times: u64,
}

impl Found {
    pub(super) fn instructions(&self) -> u64 {
        self.times.saturating_mul(u64::from(self.run.length))
    }

    /// The first address behind it.
    pub(super) fn end(&self) -> u64 {
        self.run.start.wrapping_add(self.run.bytes)
    }

    /// Its first instructions.
    pub(super) fn words(&self) -> &[u32] {
        let length = (self.run.length as usize).min(SHOWN);
        self.run.first.get(..length).unwrap_or_default()
    }
}

/// All blocks.
#[derive(Default)]
pub(super) struct Blocks {
    known: FxHashMap<Key, Counted>,
    interrupted: Vec<(Resume, Run)>,
    /// Instructions of blocks that are no longer told apart.
    pub(super) other: u64,
}

impl Blocks {
    /// A run has ended.
    pub(super) fn end(&mut self, privilege: Privilege, run: &Run) {
        if run.length == 0 {
            return;
        }
        let key = Key {
            start: run.start,
            hash: run.hash,
            length: run.length,
            privilege,
        };
        let block = self.known.entry(key).or_insert(Counted {
            run: *run,
            times: 0,
        });
        block.times += 1;
        if self.known.len() > MAX_BLOCKS {
            self.make_room();
        }
    }

    /// A trap interrupts a run.
    pub(super) fn interrupt(&mut self, at: Resume, run: &Run) {
        if run.length == 0 {
            return;
        }
        if self.interrupted.len() >= MAX_INTERRUPTED {
            let (at, run) = self.interrupted.remove(0);
            self.end(at.privilege, &run);
        }
        self.interrupted.push((at, *run));
    }

    /// The run that goes on here, if a trap interrupted it.
    pub(super) fn resume(&mut self, at: Resume) -> Option<Run> {
        let place = self.interrupted.iter().rposition(|(it, _)| *it == at)?;
        Some(self.interrupted.remove(place).1)
    }

    /// Those that never went on have ended.
    pub(super) fn finish(&mut self) {
        for (at, run) in std::mem::take(&mut self.interrupted) {
            self.end(at.privilege, &run);
        }
    }

    /// All blocks, those that took most first.
    pub(super) fn list(&self) -> Vec<Found> {
        let found = self.known.iter().map(|(key, block)| Found {
            privilege: key.privilege,
            run: block.run,
            times: block.times,
        });
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|block| {
            let most = std::cmp::Reverse(block.instructions());
            (
                most,
                block.run.start,
                block.run.hash,
                block.run.length,
                block.privilege,
            )
        });
        found
    }

    fn make_room(&mut self) {
        let size = |block: &Counted| block.times.saturating_mul(u64::from(block.run.length));
        let mut sizes: Vec<u64> = self.known.values().map(size).collect();
        let middle = sizes.len() / 2;
        let (_, &mut median, _) = sizes.select_nth_unstable(middle);
        let other = &mut self.other;
        self.known.retain(|_, block| {
            let keep = size(block) > median;
            if !keep {
                *other = other.saturating_add(size(block));
            }
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: u64, words: &[u32]) -> Run {
        let mut run = Run::new(start, 0);
        for &word in words {
            run.push(word, 4);
        }
        run
    }

    fn resume(pc: u64) -> Resume {
        Resume {
            privilege: Privilege::User,
            pc,
            sp: 0,
            satp: 0,
        }
    }

    #[test]
    fn rare_blocks_make_room_and_nothing_is_lost() {
        let mut blocks = Blocks::default();
        let count = 3 * MAX_BLOCKS as u64;
        for n in 0..count {
            blocks.end(Privilege::User, &run(4 * n, &[n as u32]));
            blocks.end(Privilege::User, &run(2, &[1, 2, 3]));
        }
        let list = blocks.list();
        assert!(list.len() <= MAX_BLOCKS);
        assert_eq!((list[0].run.start, list[0].times), (2, count));
        let kept: u64 = list.iter().map(Found::instructions).sum();
        assert_eq!(kept + blocks.other, 4 * count);
        assert!(blocks.other > 0);
    }

    #[test]
    fn an_interrupted_run_goes_on_once() {
        let mut blocks = Blocks::default();
        blocks.interrupt(resume(4), &run(0, &[1]));
        assert!(blocks.resume(resume(8)).is_none());
        let mut again = blocks.resume(resume(4)).unwrap();
        assert!(blocks.resume(resume(4)).is_none());
        again.push(2, 4);
        blocks.end(Privilege::User, &again);
        blocks.finish();
        let list = blocks.list();
        assert_eq!(
            (list.len(), list[0].instructions(), list[0].times),
            (1, 2, 1)
        );
    }

    #[test]
    fn interrupted_runs_that_never_go_on_are_counted() {
        let mut blocks = Blocks::default();
        let count = 3 * MAX_INTERRUPTED as u64;
        for n in 0..count {
            blocks.interrupt(resume(n), &run(n, &[1, 2]));
        }
        assert_eq!(blocks.interrupted.len(), MAX_INTERRUPTED);
        blocks.finish();
        let all: u64 = blocks.list().iter().map(Found::instructions).sum();
        assert_eq!(all, 2 * count);
    }
}
