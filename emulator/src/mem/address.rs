//! Virtual and physical addresses: two types, so that one is never taken for the other.

use std::fmt;

/// An address before translation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtAddr(pub u64);

/// An address after translation, as the bus sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysAddr(pub u64);

/// The size of the smallest page, and the unit of translation.
pub const PAGE_SIZE: u64 = 4096;

macro_rules! address {
    ($name:ident, $mark:literal) => {
        impl $name {
            /// The address `offset` bytes further on, wrapping at the end of the address space.
            #[inline]
            pub fn offset(self, offset: u64) -> Self {
                Self(self.0.wrapping_add(offset))
            }

            /// The offset within a 4 KiB page.
            #[inline]
            pub fn page_offset(self) -> u64 {
                self.0 % PAGE_SIZE
            }

            /// The first address of the 4 KiB page that holds this one.
            #[inline]
            pub fn page(self) -> Self {
                Self(self.0 & !(PAGE_SIZE - 1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($mark, ":{:#x}"), self.0)
            }
        }
    };
}

address!(VirtAddr, "va");
address!(PhysAddr, "pa");
