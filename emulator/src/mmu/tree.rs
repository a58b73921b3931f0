//! The tables of an address space as a tree: equal neighbours folded, no table told twice.

use std::collections::HashSet;

use super::pte::PteClass;
use super::space::{SpaceConfig, TABLE_ENTRIES, entry_address, read_entry};
use super::{FaultReason, MappedRange, PageSize, PageTableMemory, Pte};
use crate::mem::{PhysAddr, VirtAddr};

/// A table and what its entries are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeTable {
    /// Where it lies.
    pub at: PhysAddr,
    /// Its level.
    pub level: u8,
    /// The first virtual address that it translates.
    pub va: VirtAddr,
    /// Its entries, in runs.
    pub runs: Vec<TreeRun>,
}

/// Neighbouring entries of a table that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeRun {
    /// The first index.
    pub first: u16,
    /// The last index.
    pub last: u16,
    /// The first virtual address.
    pub va: VirtAddr,
    /// Where the first entry lies.
    pub entry: PhysAddr,
    /// The first entry as it was read.
    pub pte: Pte,
    /// What they are.
    pub kind: TreeKind,
}

/// What a run of entries is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeKind {
    /// V is clear in all of them.
    NotValid,
    /// Leaves with the same bits, whose frames follow each other.
    Leaves {
        /// The first physical address.
        pa: PhysAddr,
        /// The size of a page.
        page: PageSize,
    },
    /// Entries that break the same rule.
    Broken(FaultReason),
    /// A pointer to a table that is told here.
    Table(Box<TreeTable>),
    /// Pointers to a table that was told before at this level.
    Again(PhysAddr),
    /// Pointers to a table on the way from the root to here; its level there.
    Loop(PhysAddr, u8),
    /// A pointer to a table that is left out, since the tree is too large.
    LeftOut(PhysAddr),
}

/// The most tables that a tree tells.
pub const MAX_TREE_TABLES: usize = 1 << 14;

impl TreeTable {
    /// Reads the tables of an address space; `None` in bare mode, which has none.
    pub fn read(config: &SpaceConfig, memory: &mut impl PageTableMemory) -> Option<Self> {
        let level = config.mode.levels().checked_sub(1)?;
        let mut reader = Reader {
            config,
            told: HashSet::new(),
            path: Vec::new(),
        };
        Some(reader.table(config.root, level, VirtAddr(0), memory))
    }
}

struct Reader<'a> {
    config: &'a SpaceConfig,
    told: HashSet<(u64, u8)>,
    path: Vec<(PhysAddr, u8)>,
}

impl Reader<'_> {
    fn table(
        &mut self,
        at: PhysAddr,
        level: u8,
        va: VirtAddr,
        memory: &mut impl PageTableMemory,
    ) -> TreeTable {
        self.told.insert((at.0, level));
        self.path.push((at, level));
        let mut runs: Vec<TreeRun> = Vec::new();
        for index in 0..TABLE_ENTRIES {
            let entry = at.offset(index * 8);
            let va = entry_address(self.config.mode, va, level, index);
            let (pte, class) = read_entry(self.config.rules, level, entry, memory);
            let kind = match class {
                Err(FaultReason::NotValid) => TreeKind::NotValid,
                Err(reason) => TreeKind::Broken(reason),
                Ok(PteClass::Leaf(page)) => TreeKind::Leaves {
                    pa: pte.map(va, page),
                    page,
                },
                Ok(PteClass::Pointer) => self.pointer(pte.target(), level - 1, va, memory),
            };
            let run = TreeRun {
                first: index as u16,
                last: index as u16,
                va,
                entry,
                pte,
                kind,
            };
            match runs.last_mut() {
                Some(last) if goes_on(last, &run, level) => last.last = run.last,
                _ => runs.push(run),
            }
        }
        self.path.pop();
        TreeTable {
            at,
            level,
            va,
            runs,
        }
    }

    fn pointer(
        &mut self,
        target: PhysAddr,
        level: u8,
        va: VirtAddr,
        memory: &mut impl PageTableMemory,
    ) -> TreeKind {
        if let Some(&(_, above)) = self.path.iter().find(|(at, _)| *at == target) {
            TreeKind::Loop(target, above)
        } else if self.told.contains(&(target.0, level)) {
            TreeKind::Again(target)
        } else if self.told.len() >= MAX_TREE_TABLES {
            TreeKind::LeftOut(target)
        } else {
            TreeKind::Table(Box::new(self.table(target, level, va, memory)))
        }
    }
}

/// Whether the second run says the same as the first, which ends where it begins.
fn goes_on(run: &TreeRun, next: &TreeRun, level: u8) -> bool {
    match (&run.kind, &next.kind) {
        (TreeKind::NotValid, TreeKind::NotValid) => true,
        (TreeKind::Broken(one), TreeKind::Broken(other)) => one == other,
        (TreeKind::Again(one), TreeKind::Again(other)) => one == other,
        (TreeKind::Loop(one, _), TreeKind::Loop(other, _)) => one == other,
        (
            TreeKind::Leaves { pa, page },
            TreeKind::Leaves {
                pa: next_pa,
                page: next_page,
            },
        ) => {
            let count = u64::from(next.first - run.first);
            page == next_page
                && (run.pte.0 ^ next.pte.0) & MappedRange::BITS == 0
                && pa.0.wrapping_add(count * PageSize::at_level(level).bytes()) == next_pa.0
        }
        _ => false,
    }
}
