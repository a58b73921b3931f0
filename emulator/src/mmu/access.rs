//! What is asked of the MMU, by value.

use std::fmt;

use crate::isa::Privilege;

/// What an access does. It decides the permission that a page must give and the trap that a denial raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AccessKind {
    /// An instruction fetch.
    Fetch = 0,
    /// A load; also LR, which reports load faults.
    Load = 1,
    /// A store; also SC, which reports store/AMO faults.
    Store = 2,
    /// An AMO: reads and writes, reports store/AMO faults.
    Amo = 3,
    /// `cbo.zero`: a store of a whole cache block.
    CacheBlockZero = 4,
    /// `cbo.clean`, `cbo.flush`, `cbo.inval`. Allowed where a load *or* a store is allowed (CMO specification,
    /// "Cache-block management instructions"); reports store/AMO faults; needs A but not D.
    CacheBlockManage = 5,
}

impl AccessKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 6] = [
        Self::Fetch,
        Self::Load,
        Self::Store,
        Self::Amo,
        Self::CacheBlockZero,
        Self::CacheBlockManage,
    ];

    /// Whether the access writes memory, so that the page must be dirty.
    #[inline]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Store | Self::Amo | Self::CacheBlockZero)
    }

    /// What a person would call it, as it reads before "from".
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Fetch => "instruction fetch",
            Self::Load => "load",
            Self::Store => "store",
            Self::Amo => "atomic operation",
            Self::CacheBlockZero => "cache-block zero",
            Self::CacheBlockManage => "cache-block operation",
        }
    }
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe())
    }
}

/// One access, with everything of the hart's state that its translation depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// What it does.
    pub kind: AccessKind,
    /// The *effective* privilege; see [`effective_privilege`].
    pub privilege: Privilege,
    /// `mstatus.SUM`: supervisor loads and stores may use user pages.
    pub sum: bool,
    /// `mstatus.MXR`: loads may read pages that are only executable.
    pub mxr: bool,
}

impl Access {
    /// An access with SUM and MXR clear.
    pub const fn new(kind: AccessKind, privilege: Privilege) -> Self {
        Self {
            kind,
            privilege,
            sum: false,
            mxr: false,
        }
    }

    /// The same access with SUM set or clear.
    pub const fn with_sum(mut self, sum: bool) -> Self {
        self.sum = sum;
        self
    }

    /// The same access with MXR set or clear.
    pub const fn with_mxr(mut self, mxr: bool) -> Self {
        self.mxr = mxr;
        self
    }
}

/// The privilege an access is made with: MPRV replaces the current mode by MPP, but never for fetches.
#[inline]
pub const fn effective_privilege(
    mode: Privilege,
    mprv: bool,
    mpp: Privilege,
    kind: AccessKind,
) -> Privilege {
    if mprv && !matches!(kind, AccessKind::Fetch) {
        mpp
    } else {
        mode
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mprv_changes_data_accesses_only() {
        use Privilege::{Machine, Supervisor, User};
        for kind in AccessKind::ALL {
            assert_eq!(effective_privilege(Machine, false, User, kind), Machine);
            let expected = if kind == AccessKind::Fetch {
                Machine
            } else {
                Supervisor
            };
            assert_eq!(
                effective_privilege(Machine, true, Supervisor, kind),
                expected
            );
        }
    }
}
