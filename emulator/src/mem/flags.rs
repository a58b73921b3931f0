//! What is special about a page of RAM, so that stores to it must be seen.

use std::ops::BitOr;

/// Flags of one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageFlags(u8);

impl PageFlags {
    /// Nothing is special.
    pub const NONE: Self = Self(0);
    /// The doorbell of the host interface is on it.
    pub const DOORBELL: Self = Self(1);
    /// It holds page-table entries, and the sanitizer watches them.
    pub const TABLE: Self = Self(2);
    /// Instructions were fetched from it, and the sanitizer watches them.
    pub const CODE: Self = Self(4);
    /// An engine keeps decoded instructions of it.
    pub const DECODED: Self = Self(8);
    /// Another hart than the one whose turn it is holds a reservation on it.
    pub const RESERVED: Self = Self(16);

    /// Whether nothing is special.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has every one of these flags.
    #[inline]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// These flags less some.
    #[inline]
    pub const fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }

    /// Whether the sanitizer watches stores to it.
    #[inline]
    pub const fn watched(self) -> bool {
        self.0 & (Self::TABLE.0 | Self::CODE.0) != 0
    }
}

impl BitOr for PageFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
