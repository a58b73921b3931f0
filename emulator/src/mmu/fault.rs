//! Why a translation failed: finer than the architecture's causes, and mapped to them in one place.

use std::fmt;

use super::{Access, AccessKind, PageSize, Pte};
use crate::isa::Exception;
use crate::mem::VirtAddr;

/// A translation that failed: for which address, asked how, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The address that did not translate; the trap's `stval`.
    pub va: VirtAddr,
    /// What was asked.
    pub access: Access,
    /// The rule that it broke.
    pub reason: FaultReason,
}

/// The rule that a failed translation broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultReason {
    /// The bits above the mode's width do not repeat its top bit; holds the width.
    NonCanonical(u32),
    /// V is clear.
    NotValid,
    /// W is set and R is clear, a combination that is reserved.
    WriteWithoutRead,
    /// Bits that no extension defines here are set; holds them.
    ReservedBits(u64),
    /// A, D or U is set in an entry that points to a table; holds them.
    NonLeafBits(u64),
    /// The entry of the last level points to yet another table.
    LevelExhausted,
    /// A leaf above level 0 whose physical page is not aligned to its size.
    MisalignedSuperpage(PageSize),
    /// A load, and neither R nor (with MXR) X.
    NotReadable,
    /// A store or AMO, and W is clear.
    NotWritable,
    /// A fetch, and X is clear.
    NotExecutable,
    /// A cache-block management operation where neither a load nor a store is allowed.
    NotReadableOrWritable,
    /// The supervisor loads from or stores to a user page while SUM is clear.
    UserPageWithoutSum,
    /// The supervisor may never execute a user page.
    UserPageFetchedBySupervisor,
    /// User mode at a page whose U is clear.
    SupervisorPage,
    /// A is clear and the machine leaves that to software (Svade).
    AccessedClear,
    /// D is clear at a write and the machine leaves that to software (Svade).
    DirtyClear,
    /// A page-table entry lies where there is no memory.
    EntryOutsideMemory,
    /// PMP does not let the walk read a page-table entry.
    EntryDenied,
    /// PMP, or read-only memory, does not let the hart set A or D in the entry.
    EntryUpdateDenied,
    /// N is set and the hart has no Svnapot.
    NapotWithoutSvnapot,
    /// N is set with an encoding that is reserved.
    ReservedNapot,
    /// PBMT is not zero and Svpbmt is absent or off.
    PbmtWithoutSvpbmt,
    /// PBMT is 3.
    ReservedPbmt,
}

impl FaultReason {
    /// How many reasons there are.
    pub const COUNT: usize = 23;

    /// Their names, in the order of [`FaultReason::index`].
    pub const NAMES: [&'static str; Self::COUNT] = [
        "non-canonical",
        "not-valid",
        "write-without-read",
        "reserved-bits",
        "non-leaf-bits",
        "level-exhausted",
        "misaligned-superpage",
        "not-readable",
        "not-writable",
        "not-executable",
        "not-readable-or-writable",
        "user-page-without-sum",
        "user-page-fetched-by-supervisor",
        "supervisor-page",
        "accessed-clear",
        "dirty-clear",
        "entry-outside-memory",
        "entry-denied",
        "entry-update-denied",
        "napot-without-svnapot",
        "reserved-napot",
        "pbmt-without-svpbmt",
        "reserved-pbmt",
    ];

    /// Its place in lists.
    pub const fn index(self) -> usize {
        match self {
            Self::NonCanonical(_) => 0,
            Self::NotValid => 1,
            Self::WriteWithoutRead => 2,
            Self::ReservedBits(_) => 3,
            Self::NonLeafBits(_) => 4,
            Self::LevelExhausted => 5,
            Self::MisalignedSuperpage(_) => 6,
            Self::NotReadable => 7,
            Self::NotWritable => 8,
            Self::NotExecutable => 9,
            Self::NotReadableOrWritable => 10,
            Self::UserPageWithoutSum => 11,
            Self::UserPageFetchedBySupervisor => 12,
            Self::SupervisorPage => 13,
            Self::AccessedClear => 14,
            Self::DirtyClear => 15,
            Self::EntryOutsideMemory => 16,
            Self::EntryDenied => 17,
            Self::EntryUpdateDenied => 18,
            Self::NapotWithoutSvnapot => 19,
            Self::ReservedNapot => 20,
            Self::PbmtWithoutSvpbmt => 21,
            Self::ReservedPbmt => 22,
        }
    }

    /// Its name, as reports for machines give it: `not-valid`.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self.index()]
    }

    /// Whether this is an *access* fault: the walk could not reach an entry, rather than read a bad one.
    pub const fn is_access_fault(self) -> bool {
        matches!(
            self,
            Self::EntryOutsideMemory | Self::EntryDenied | Self::EntryUpdateDenied
        )
    }

    /// The architectural cause. The only place where reasons become causes.
    pub const fn exception(self, kind: AccessKind) -> Exception {
        match (self.is_access_fault(), kind) {
            (false, AccessKind::Fetch) => Exception::InstructionPageFault,
            (false, AccessKind::Load) => Exception::LoadPageFault,
            (false, _) => Exception::StorePageFault,
            (true, AccessKind::Fetch) => Exception::InstructionAccessFault,
            (true, AccessKind::Load) => Exception::LoadAccessFault,
            (true, _) => Exception::StoreAccessFault,
        }
    }
}

impl Fault {
    /// The architectural cause.
    pub const fn exception(&self) -> Exception {
        self.reason.exception(self.access.kind)
    }
}

/// Names of PTE bits, as the manual writes them.
fn bit_names(bits: u64) -> String {
    let mut names: Vec<String> = Vec::new();
    for (bit, name) in [(Pte::U, "U"), (Pte::A, "A"), (Pte::D, "D")] {
        if bits & bit != 0 {
            names.push(name.to_owned());
        }
    }
    for bit in 54..64 {
        if bits >> bit & 1 == 1 {
            names.push(bit.to_string());
        }
    }
    names.join(", ")
}

impl fmt::Display for FaultReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NonCanonical(width) => write!(
                f,
                "the address is not canonical: bits 63 to {width} must equal bit {}",
                width.saturating_sub(1)
            ),
            Self::NotValid => f.write_str("the entry is not valid (V is clear)"),
            Self::WriteWithoutRead => f.write_str("the entry has W without R, which is reserved"),
            Self::ReservedBits(bits) => {
                write!(f, "the entry has reserved bits set: {}", bit_names(bits))
            }
            Self::NonLeafBits(bits) => write!(
                f,
                "the entry points to a table but has {} set, which only a leaf may have",
                bit_names(bits)
            ),
            Self::LevelExhausted => {
                f.write_str("the last level's entry is not a leaf (R, W and X are all clear)")
            }
            Self::MisalignedSuperpage(size) => write!(
                f,
                "the entry maps a {size} page to a physical address that is not {size} aligned"
            ),
            Self::NotReadable => f.write_str("the page is not readable (R is clear)"),
            Self::NotWritable => f.write_str("the page is not writable (W is clear)"),
            Self::NotExecutable => f.write_str("the page is not executable (X is clear)"),
            Self::NotReadableOrWritable => {
                f.write_str("the page is neither readable nor writable (R and W are clear)")
            }
            Self::UserPageWithoutSum => {
                f.write_str("the page is a user page (U is set) and SUM is clear")
            }
            Self::UserPageFetchedBySupervisor => f.write_str(
                "the page is a user page (U is set), which the supervisor may never execute",
            ),
            Self::SupervisorPage => f.write_str("the page is not a user page (U is clear)"),
            Self::AccessedClear => {
                f.write_str("A is clear, and this machine leaves it to software to set it (Svade)")
            }
            Self::DirtyClear => {
                f.write_str("D is clear, and this machine leaves it to software to set it (Svade)")
            }
            Self::EntryOutsideMemory => {
                f.write_str("the page-table entry lies where there is no memory")
            }
            Self::EntryDenied => f.write_str("PMP does not let the page-table entry be read"),
            Self::EntryUpdateDenied => {
                f.write_str("A or D cannot be set: the page-table entry cannot be written")
            }
            Self::NapotWithoutSvnapot => {
                f.write_str("the entry has N set, and this hart has no Svnapot")
            }
            Self::ReservedNapot => f.write_str(
                "the entry has N set with a reserved encoding (only 64 KiB ranges at level 0 exist)",
            ),
            Self::PbmtWithoutSvpbmt => f.write_str(
                "the entry names a memory type (PBMT), and Svpbmt is absent or off in menvcfg",
            ),
            Self::ReservedPbmt => f.write_str("the entry's memory type (PBMT) is 3, which is reserved"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { va, access, reason } = self;
        write!(
            f,
            "{} at {va} from {}-mode: {reason}",
            access.kind, access.privilege
        )
    }
}
