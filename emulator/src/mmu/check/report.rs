//! What the sanitizer found, as plain facts. Words, symbols and source lines are added by `report/`.

use crate::isa::Privilege;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{Access, Fault, Fence, PageSize, Pte};

/// Where something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The hart.
    pub hart: usize,
    /// The instruction.
    pub pc: VirtAddr,
    /// The privilege it ran in.
    pub privilege: Privilege,
    /// How many instructions the hart had retired.
    pub retired: u64,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckKind {
    /// A stale translation was used to reach a frame, or with a right, that the tables no longer
    /// give.
    Unsafe,
    /// A stale or missing translation only caused a fault that the tables no longer ask for, or
    /// left A clear. Legal, but the kernel must expect it.
    Spurious,
    /// A page is both writable and executable.
    WritableExecutable,
    /// User mode can reach a page that holds page tables.
    UserReachesTable,
    /// An entry has reserved bits set, or a reserved combination.
    Reserved,
    /// The kernel never sets A on a machine that faults when it is clear.
    AccessedNeverSet,
    /// The kernel never sets D on a machine that faults when it is clear.
    DirtyNeverSet,
    /// Code ran that was changed after it was fetched, with no `fence.i`.
    StaleCode,
}

impl CheckKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Unsafe,
        Self::Spurious,
        Self::WritableExecutable,
        Self::UserReachesTable,
        Self::Reserved,
        Self::AccessedNeverSet,
        Self::DirtyNeverSet,
        Self::StaleCode,
    ];

    /// Its name: `user-reaches-table`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsafe => "unsafe",
            Self::Spurious => "spurious",
            Self::WritableExecutable => "writable-executable",
            Self::UserReachesTable => "user-reaches-table",
            Self::Reserved => "reserved",
            Self::AccessedNeverSet => "accessed-never-set",
            Self::DirtyNeverSet => "dirty-never-set",
            Self::StaleCode => "stale-code",
        }
    }

    /// Whether it is a mistake. The others are legal, and good to know.
    pub const fn is_mistake(self) -> bool {
        !matches!(self, Self::Spurious | Self::WritableExecutable)
    }
}

/// A change of a page-table entry, or of `satp`, or of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it lies.
    pub at: PhysAddr,
    /// The level of the entry, 0 being the last; `None` if it is not an entry.
    pub level: Option<u8>,
    /// Its value when it was cached or last seen.
    pub old: u64,
    /// Its value now.
    pub new: u64,
    /// Who changed it first after it was cached; `None` if that was a device or is not known.
    pub by: Option<Site>,
}

/// The access that met the mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Where.
    pub site: Site,
    /// The address.
    pub va: VirtAddr,
    /// How it was asked for.
    pub access: Access,
    /// What the stale translation gave: the physical address, or the fault.
    pub got: Result<PhysAddr, Fault>,
    /// What the tables say.
    pub tables_say: Result<PhysAddr, Fault>,
    /// The cached leaf and its page size, if there was one.
    pub cached: Option<(Pte, PageSize)>,
    /// When the hart had filled its entry.
    pub filled_at: Option<u64>,
}

/// The fence that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RightFence {
    /// The hart that had to execute it.
    pub hart: usize,
    /// Its operands: `sfence.vma va, asid`.
    pub fence: Fence,
}

/// A fence that came after the change and did not cover the translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FenceSeen {
    /// Where.
    pub site: Site,
    /// Its operands.
    pub fence: Fence,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What is wrong.
    pub kind: CheckKind,
    /// The entry, and how it changed.
    pub change: Option<Change>,
    /// `satp` was changed to another root with the same ASID: from, to, by whom.
    pub satp: Option<(u64, u64, Site)>,
    /// The access that met it. For [`CheckKind::WritableExecutable`] and others that a walk finds, that of the walk.
    pub used: Option<Use>,
    /// What would have been right.
    pub fence: Option<RightFence>,
    /// A fence that came close: the last after the change.
    pub near: Option<FenceSeen>,
    /// How often it was found.
    pub times: u64,
}
