//! The MMU as a model that stands alone: what is asked ([`Access`]), the page-table entry ([`Pte`]),
//! the walk ([`walk`]), named faults ([`Fault`]), `satp`, and the modelled TLB ([`Tlb`]).
//!
//! Nothing here knows a hart, a bus or a device. Memory is whatever implements [`PageTableMemory`].

mod access;
pub mod check;
mod event;
mod fault;
mod pte;
mod satp;
mod space;
mod stats;
mod tlb;
mod tree;
mod update;
mod walk;

#[cfg(test)]
mod tests;

pub use access::{Access, AccessKind, effective_privilege};
pub use event::{Event, FaultSource, FenceKind, WalkCause};
pub use fault::{Fault, FaultReason};
pub use pte::{AdPolicy, PageSize, Pbmt, Pte, PteClass, PteRules};
pub use satp::{ASID_BITS, Mode, Satp};
pub use space::{
    BrokenRange, MappedRange, Space, SpaceConfig, SpaceLimits, TABLE_ENTRIES, TableSeen,
};
pub use stats::{AccessStatistics, PRIVILEGES, Statistics};
pub use tlb::{
    ArrayConfig, Counters, Entry, Fence, Geometry, Hit, Inserted, Layout, PRESETS as TLB_PRESETS,
    Replacement, Tlb, TlbArray, TlbConfig, TlbConfigError, TlbLevel, TlbPreset, TlbSpecError,
};
pub use tree::{MAX_TREE_TABLES, TreeKind, TreeRun, TreeTable};
pub use update::{PageTableWriter, translate};
pub use walk::{
    EntryError, Leaf, MAX_LEVELS, Meaning, Outcome, PageTableMemory, Step, Walk, WalkConfig, walk,
};
