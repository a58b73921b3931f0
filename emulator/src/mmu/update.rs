//! The part of a translation that writes: setting A and D in the leaf, and walking again if it changed meanwhile.

use super::{
    Access, EntryError, FaultReason, Outcome, PageTableMemory, Pte, Walk, WalkConfig, walk,
};
use crate::mem::{PhysAddr, VirtAddr};

/// Memory whose entries can be updated.
pub trait PageTableWriter: PageTableMemory {
    /// Replaces the entry at `at` by `new` if it still is `old`, in one step that no other hart can split. Says
    /// whether it did. The write is made with supervisor privilege, and PMP applies to it.
    fn replace_entry(&mut self, at: PhysAddr, old: Pte, new: Pte) -> Result<bool, EntryError>;
}

/// Walks, then sets the A and D bits that the access needs (step 9 of the manual's algorithm). A leaf in the
/// result has been updated in memory; its `pte` is the new value and its `update` says what was set.
#[inline]
pub fn translate(
    config: &WalkConfig,
    va: VirtAddr,
    access: Access,
    memory: &mut impl PageTableWriter,
) -> Walk {
    loop {
        let mut found = walk(config, va, access, memory);
        let Outcome::Leaf(leaf) = &mut found.outcome else {
            return found;
        };
        if leaf.update == 0 {
            return found;
        }
        match memory.replace_entry(leaf.at, leaf.pte, leaf.updated_pte()) {
            Ok(true) => {
                leaf.pte = leaf.updated_pte();
                return found;
            }
            // Another hart changed the entry since the walk read it: "return to step 2".
            Ok(false) => {}
            Err(_) => {
                found.fail(FaultReason::EntryUpdateDenied);
                return found;
            }
        }
    }
}
