//! The page-table entry. Every rule about its bits lives here; the walk asks, and decides by the answers.

use std::fmt;

use super::{Access, AccessKind, FaultReason};
use crate::isa::Privilege;
use crate::mem::{PhysAddr, VirtAddr};

/// A page-table entry of Sv39, Sv48 or Sv57 (they share one format).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pte(pub u64);

/// Which optional bits an entry may use: an extension that is absent, or switched off in `menvcfg`, makes its
/// bits reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PteRules {
    /// Svnapot is there.
    pub svnapot: bool,
    /// Svpbmt is there and `menvcfg.PBMTE` is set.
    pub svpbmt: bool,
}

/// What a valid entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PteClass {
    /// It points to the next table.
    Pointer,
    /// It maps a page of this size.
    Leaf(PageSize),
}

/// What happens when A, or D for a write, is clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AdPolicy {
    /// Svadu with `menvcfg.ADUE` set: the hart sets the bits.
    #[default]
    Hardware,
    /// Svade: a page fault asks software to set them.
    Fault,
}

/// The memory type that Svpbmt gives a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Pbmt {
    /// PMA: what the physical address says.
    #[default]
    Pma = 0,
    /// NC: non-cacheable, idempotent main memory.
    NonCacheable = 1,
    /// IO: non-cacheable, strongly ordered.
    Io = 2,
}

/// The size of a mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PageSize {
    /// A 4 KiB page (a leaf at level 0).
    #[default]
    Kib4 = 0,
    /// A 64 KiB NAPOT range of pages (Svnapot; a leaf at level 0).
    Kib64 = 1,
    /// A 2 MiB megapage (level 1).
    Mib2 = 2,
    /// A 1 GiB gigapage (level 2).
    Gib1 = 3,
    /// A 512 GiB terapage (level 3: Sv48, Sv57).
    Gib512 = 4,
    /// A 256 TiB petapage (level 4: Sv57).
    Tib256 = 5,
}

impl PageSize {
    /// Every size, smallest first.
    pub const ALL: [Self; 6] = [
        Self::Kib4,
        Self::Kib64,
        Self::Mib2,
        Self::Gib1,
        Self::Gib512,
        Self::Tib256,
    ];

    /// The size that a leaf without N maps at a level, level 0 being the last.
    pub const fn at_level(level: u8) -> Self {
        match level {
            0 => Self::Kib4,
            1 => Self::Mib2,
            2 => Self::Gib1,
            3 => Self::Gib512,
            _ => Self::Tib256,
        }
    }

    /// The level whose leaf maps this size.
    pub const fn level(self) -> u8 {
        match self {
            Self::Kib4 | Self::Kib64 => 0,
            Self::Mib2 => 1,
            Self::Gib1 => 2,
            Self::Gib512 => 3,
            Self::Tib256 => 4,
        }
    }

    /// How many low address bits the page covers.
    #[inline]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Kib4 => 12,
            Self::Kib64 => 16,
            Self::Mib2 => 21,
            Self::Gib1 => 30,
            Self::Gib512 => 39,
            Self::Tib256 => 48,
        }
    }

    /// The size in bytes.
    #[inline]
    pub const fn bytes(self) -> u64 {
        1 << self.bits()
    }

    /// The bits of an address that lie within the page.
    #[inline]
    pub const fn mask(self) -> u64 {
        self.bytes() - 1
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kib4 => "4 KiB",
            Self::Kib64 => "64 KiB",
            Self::Mib2 => "2 MiB",
            Self::Gib1 => "1 GiB",
            Self::Gib512 => "512 GiB",
            Self::Tib256 => "256 TiB",
        })
    }
}

impl Pte {
    /// Valid.
    pub const V: u64 = 1 << 0;
    /// Readable.
    pub const R: u64 = 1 << 1;
    /// Writable.
    pub const W: u64 = 1 << 2;
    /// Executable.
    pub const X: u64 = 1 << 3;
    /// A user page.
    pub const U: u64 = 1 << 4;
    /// Global: the same in every address space.
    pub const G: u64 = 1 << 5;
    /// Accessed.
    pub const A: u64 = 1 << 6;
    /// Dirty.
    pub const D: u64 = 1 << 7;
    /// For software; the hart ignores it.
    pub const RSW: u64 = 3 << 8;
    /// The physical page number.
    pub const PPN: u64 = ((1 << 44) - 1) << 10;
    /// Reserved in every entry.
    pub const RESERVED: u64 = 0x7f << 54;
    /// The memory type (Svpbmt).
    pub const PBMT: u64 = 3 << 61;
    /// Part of a naturally aligned power-of-two range (Svnapot).
    pub const N: u64 = 1 << 63;

    /// An entry with this page number and these other bits.
    pub const fn new(ppn: u64, bits: u64) -> Self {
        Self((ppn << 10) & Self::PPN | bits)
    }

    /// Whether every one of these bits is set.
    #[inline]
    pub const fn has(self, bits: u64) -> bool {
        self.0 & bits == bits
    }

    /// V.
    #[inline]
    pub const fn valid(self) -> bool {
        self.has(Self::V)
    }

    /// R.
    #[inline]
    pub const fn readable(self) -> bool {
        self.has(Self::R)
    }

    /// W.
    #[inline]
    pub const fn writable(self) -> bool {
        self.has(Self::W)
    }

    /// X.
    #[inline]
    pub const fn executable(self) -> bool {
        self.has(Self::X)
    }

    /// U.
    #[inline]
    pub const fn user(self) -> bool {
        self.has(Self::U)
    }

    /// G.
    #[inline]
    pub const fn global(self) -> bool {
        self.has(Self::G)
    }

    /// A.
    #[inline]
    pub const fn accessed(self) -> bool {
        self.has(Self::A)
    }

    /// D.
    #[inline]
    pub const fn dirty(self) -> bool {
        self.has(Self::D)
    }

    /// N.
    #[inline]
    pub const fn napot(self) -> bool {
        self.has(Self::N)
    }

    /// RSW, the two bits that software may use.
    #[inline]
    pub const fn rsw(self) -> u64 {
        (self.0 & Self::RSW) >> 8
    }

    /// The physical page number.
    #[inline]
    pub const fn ppn(self) -> u64 {
        (self.0 & Self::PPN) >> 10
    }

    /// The physical address that the page number names: the next table, or the page.
    #[inline]
    pub const fn target(self) -> PhysAddr {
        PhysAddr(self.ppn() << 12)
    }

    /// The memory type; `None` for the reserved encoding.
    #[inline]
    pub const fn pbmt(self) -> Option<Pbmt> {
        match (self.0 & Self::PBMT) >> 61 {
            0 => Some(Pbmt::Pma),
            1 => Some(Pbmt::NonCacheable),
            2 => Some(Pbmt::Io),
            _ => None,
        }
    }

    /// R or X makes a valid entry a leaf.
    #[inline]
    pub const fn is_leaf(self) -> bool {
        self.0 & (Self::R | Self::X) != 0
    }

    /// What the entry is at this level, or which rule it breaks: steps 3 to 5 of "Virtual Address Translation
    /// Process", but for the end of the levels, which the walk knows.
    #[inline]
    pub fn classify(self, level: u8, rules: PteRules) -> Result<PteClass, FaultReason> {
        if !self.valid() {
            return Err(FaultReason::NotValid);
        }
        if self.writable() && !self.readable() {
            return Err(FaultReason::WriteWithoutRead);
        }
        if self.0 & Self::RESERVED != 0 {
            return Err(FaultReason::ReservedBits(self.0 & Self::RESERVED));
        }
        if self.0 & (Self::N | Self::PBMT) != 0 {
            self.check_optional_bits(level, rules)?;
        }
        if !self.is_leaf() {
            // "For non-leaf PTEs, the D, A, and U bits are reserved for future standard use."
            let reserved = self.0 & (Self::D | Self::A | Self::U);
            if reserved != 0 {
                return Err(FaultReason::NonLeafBits(reserved));
            }
            return Ok(PteClass::Pointer);
        }
        if self.napot() {
            return Ok(PteClass::Leaf(PageSize::Kib64));
        }
        let size = PageSize::at_level(level);
        if self.target().0 & size.mask() != 0 {
            return Err(FaultReason::MisalignedSuperpage(size));
        }
        Ok(PteClass::Leaf(size))
    }

    fn check_optional_bits(self, level: u8, rules: PteRules) -> Result<(), FaultReason> {
        if self.0 & Self::PBMT != 0 {
            if !rules.svpbmt {
                return Err(FaultReason::PbmtWithoutSvpbmt);
            }
            if !self.is_leaf() {
                return Err(FaultReason::ReservedBits(self.0 & Self::PBMT));
            }
            if self.pbmt().is_none() {
                return Err(FaultReason::ReservedPbmt);
            }
        }
        if self.napot() {
            if !rules.svnapot {
                return Err(FaultReason::NapotWithoutSvnapot);
            }
            if !self.is_leaf() {
                return Err(FaultReason::ReservedBits(Self::N));
            }
            // The one defined encoding: a level-0 leaf whose ppn ends in 1000 (64 KiB).
            if level != 0 || self.ppn() & 0xf != 0b1000 {
                return Err(FaultReason::ReservedNapot);
            }
        }
        Ok(())
    }

    /// Whether a leaf with these bits allows the access: steps 6 and 8. The walk asks it of the entry in memory,
    /// a TLB hit of the entry it cached.
    #[inline]
    pub fn permits(self, access: Access) -> Result<(), FaultReason> {
        if self.user() {
            if access.privilege == Privilege::Supervisor {
                if access.kind == AccessKind::Fetch {
                    return Err(FaultReason::UserPageFetchedBySupervisor);
                }
                if !access.sum {
                    return Err(FaultReason::UserPageWithoutSum);
                }
            }
        } else if access.privilege == Privilege::User {
            return Err(FaultReason::SupervisorPage);
        }
        let readable = self.readable() || access.mxr && self.executable();
        match access.kind {
            AccessKind::Fetch if !self.executable() => Err(FaultReason::NotExecutable),
            AccessKind::Load if !readable => Err(FaultReason::NotReadable),
            AccessKind::Store | AccessKind::Amo | AccessKind::CacheBlockZero
                if !self.writable() =>
            {
                Err(FaultReason::NotWritable)
            }
            AccessKind::CacheBlockManage if !readable && !self.writable() => {
                Err(FaultReason::NotReadableOrWritable)
            }
            _ => Ok(()),
        }
    }

    /// The A and D bits that this kind of access needs and the entry lacks: step 9.
    #[inline]
    pub const fn missing_bits(self, kind: AccessKind) -> u64 {
        let needed = if kind.writes() {
            Self::A | Self::D
        } else {
            Self::A
        };
        needed & !self.0
    }

    /// Steps 6 to 9 together: permission first, then A and D. `Ok` holds the bits that hardware must set before
    /// the access may go on.
    #[inline]
    pub fn check(self, access: Access, ad: AdPolicy) -> Result<u64, FaultReason> {
        self.permits(access)?;
        let missing = self.missing_bits(access.kind);
        if missing != 0 && ad == AdPolicy::Fault {
            return Err(if missing & Self::A != 0 {
                FaultReason::AccessedClear
            } else {
                FaultReason::DirtyClear
            });
        }
        Ok(missing)
    }

    /// The physical address that a leaf of this size gives a virtual address: step 10.
    #[inline]
    pub const fn map(self, va: VirtAddr, size: PageSize) -> PhysAddr {
        PhysAddr(self.target().0 & !size.mask() | va.0 & size.mask())
    }
}

impl fmt::Display for Pte {
    /// The value and its letters, in the order of the bits from D to V, `-` where a bit is clear.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x} ", self.0)?;
        for (place, letter) in "DAGUXWRV".chars().enumerate() {
            let set = self.0 >> (7 - place) & 1 == 1;
            write!(f, "{}", if set { letter } else { '-' })?;
        }
        Ok(())
    }
}
