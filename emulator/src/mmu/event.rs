//! What the MMU did, as it happened: what logs, traces and figures are made of.

use super::check::Report;
use super::{Access, Entry, Fault, Fence, Satp, TlbArray, TlbLevel, Walk};
use crate::mem::{PhysAddr, VirtAddr};

/// Why a walk was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalkCause {
    /// No TLB entry translates the address.
    Miss,
    /// The TLB entry allows the access, but A or D must be set in memory first.
    UpdateBits,
}

/// Where a fault was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultSource {
    /// By an entry of the TLB, as it was cached.
    Tlb(TlbLevel),
    /// By a walk of the page tables.
    Walk,
}

/// Which instruction a fence was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FenceKind {
    /// `sfence.vma`.
    Sfence,
    /// `sinval.vma`.
    Sinval,
}

/// Something that the MMU did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A translated access found its entry in the TLB, and was allowed.
    Hit {
        /// The address.
        va: VirtAddr,
        /// What it translates to.
        pa: PhysAddr,
        /// How it was asked for.
        access: Access,
        /// Which level of the TLB answered.
        level: TlbLevel,
    },
    /// The page tables were walked. If the walk ended in a leaf, A and D are set already.
    Walked {
        /// The walk.
        walk: Walk,
        /// Which address space.
        satp: Satp,
        /// Why.
        cause: WalkCause,
    },
    /// An entry was put into an array of the TLB.
    Filled {
        /// The array.
        array: TlbArray,
        /// The entry.
        entry: Entry,
    },
    /// An entry made room for another, or was replaced by one for the same page.
    Evicted {
        /// The array.
        array: TlbArray,
        /// The entry.
        entry: Entry,
    },
    /// A fence dropped an entry.
    Dropped {
        /// The array.
        array: TlbArray,
        /// The entry.
        entry: Entry,
    },
    /// A translation failed.
    Faulted {
        /// The fault.
        fault: Fault,
        /// Who decided.
        source: FaultSource,
    },
    /// The translation succeeded, but PMP denied the access to the physical address.
    Protected {
        /// The address.
        va: VirtAddr,
        /// What it translates to.
        pa: PhysAddr,
        /// How it was asked for.
        access: Access,
    },
    /// A fence was executed. The entries it dropped were told before.
    Fenced {
        /// What it covers.
        fence: Fence,
        /// Which instruction.
        kind: FenceKind,
        /// How many entries it dropped, in all arrays.
        dropped: u64,
    },
    /// `satp` was written; `new` is what it holds now.
    SatpWritten {
        /// Before.
        old: Satp,
        /// After.
        new: Satp,
    },
    /// The sanitizer found something.
    Found(Box<Report>),
}
