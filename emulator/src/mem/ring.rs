//! Guest memory as the crate virtio-queue wants to see it.
//!
//! That crate reads and writes rings through vm-memory, and vm-memory through slices of host
//! memory. Slices of RAM would go round the memory hook. So a slice here is a window onto a copy,
//! and vm-memory's notice that something was written (it means it for a dirty bitmap) stores the
//! bytes, through [`Memory::store_from_device`].

use super::{Memory, PhysAddr};
use std::cell::{RefCell, UnsafeCell};
use std::fmt;
use vm_memory::bitmap::{Bitmap, BitmapSlice, WithBitmapSlice};
use vm_memory::{
    GuestAddress, GuestMemoryBackend, GuestMemoryError, GuestMemoryRegion, GuestMemoryRegionBytes,
    GuestUsize, MemoryRegionAddress, VolatileSlice,
};

/// The bytes of the window. The longest piece of a ring is a descriptor, 16 bytes, and it can be
/// at any address.
const WINDOW: usize = 32;

/// RAM, for as long as the crate virtio-queue looks at a ring. It gives small pieces only, and
/// one at a time: the next slice uses the same window.
pub struct RingMemory<'a, 'm> {
    region: Region<'a, 'm>,
}

impl RingMemory<'_, '_> {
    /// Shows `memory` to `look`.
    pub fn with<T>(memory: &mut Memory, look: impl FnOnce(&RingMemory<'_, '_>) -> T) -> T {
        let range = memory.ram().range();
        let shared = Shared {
            memory: RefCell::new(memory),
            window: UnsafeCell::default(),
        };
        look(&RingMemory {
            region: Region {
                start: range.start,
                length: range.end - range.start,
                shared: &shared,
            },
        })
    }
}

impl<'a, 'm> GuestMemoryBackend for RingMemory<'a, 'm> {
    type R = Region<'a, 'm>;

    fn iter(&self) -> impl Iterator<Item = &Self::R> {
        std::iter::once(&self.region)
    }

    fn check_range(&self, base: GuestAddress, length: usize) -> bool {
        let memory = self.region.shared.memory.borrow();
        memory
            .ram()
            .slice(PhysAddr(base.0), length as u64)
            .is_some()
    }
}

/// The one region of [`RingMemory`].
pub struct Region<'a, 'm> {
    start: u64,
    length: u64,
    shared: &'a Shared<'m>,
}

impl<'a, 'm> GuestMemoryRegion for Region<'a, 'm> {
    type B = Hook<'a, 'm>;

    fn len(&self) -> GuestUsize {
        self.length
    }

    fn start_addr(&self) -> GuestAddress {
        GuestAddress(self.start)
    }

    fn bitmap(&self) -> Hook<'a, 'm> {
        Hook {
            shared: self.shared,
            at: PhysAddr(self.start),
            offset: 0,
        }
    }

    fn get_slice(
        &self,
        offset: MemoryRegionAddress,
        count: usize,
    ) -> Result<VolatileSlice<'_, Hook<'a, 'm>>, GuestMemoryError> {
        let at = PhysAddr(self.start.wrapping_add(offset.0));
        // What is aligned in the guest is aligned here: vm-memory's atomic accesses want that.
        let in_window = (at.0 & 7) as usize;
        let hook = Hook {
            shared: self.shared,
            at,
            offset: in_window,
        };
        let mut copy = [0; WINDOW];
        let copy = copy
            .get_mut(..count)
            .ok_or(GuestMemoryError::HostAddressNotAvailable)?;
        let memory = self.shared.memory.borrow();
        memory
            .load_for_device(at, copy)
            .map_err(|_| GuestMemoryError::InvalidBackendAddress)?;
        let none = GuestMemoryError::HostAddressNotAvailable;
        let plain = self.shared.slice(in_window, count, ()).ok_or(none)?;
        plain.copy_from(copy);
        let none = GuestMemoryError::HostAddressNotAvailable;
        self.shared.slice(in_window, count, hook).ok_or(none)
    }
}

impl GuestMemoryRegionBytes for Region<'_, '_> {}

/// What all slices of one [`RingMemory`] share.
struct Shared<'m> {
    memory: RefCell<&'m mut Memory>,
    window: UnsafeCell<[u64; WINDOW / 8]>,
}

impl Shared<'_> {
    /// Some bytes of the window; `None` if they are not all in it.
    fn slice<B: BitmapSlice>(
        &self,
        offset: usize,
        count: usize,
        bitmap: B,
    ) -> Option<VolatileSlice<'_, B>> {
        let end = offset.checked_add(count)?;
        if end > WINDOW {
            return None;
        }
        let start = self.window.get().cast::<u8>().wrapping_add(offset);
        // SAFETY: `offset..end` lies in the window, which lives as long as the borrow of `self`
        // that the slice holds. Nothing reads or writes the window but slices made here, and
        // they do it by volatile and atomic accesses; none of them goes to another thread, since
        // `Shared` is not `Sync`.
        Some(unsafe { VolatileSlice::with_bitmap(start, count, bitmap, None) })
    }
}

/// Carries into RAM what was written to a slice.
#[derive(Clone)]
pub struct Hook<'a, 'm> {
    shared: &'a Shared<'m>,
    /// The address of the slice's first byte.
    at: PhysAddr,
    /// The place of that byte in the window.
    offset: usize,
}

impl fmt::Debug for Hook<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({})", self.at)
    }
}

impl<'a, 'm> WithBitmapSlice<'_> for Hook<'a, 'm> {
    type S = Hook<'a, 'm>;
}

impl BitmapSlice for Hook<'_, '_> {}

impl Bitmap for Hook<'_, '_> {
    fn mark_dirty(&self, offset: usize, length: usize) {
        let in_window = self.offset.wrapping_add(offset);
        let mut copy = [0; WINDOW];
        let (Some(written), Some(copy)) = (
            self.shared.slice(in_window, length, ()),
            copy.get_mut(..length),
        ) else {
            return;
        };
        written.copy_to(copy);
        let at = PhysAddr(self.at.0.wrapping_add(offset as u64));
        // A slice is made of RAM only, so this does not fail.
        let _ = self.shared.memory.borrow_mut().store_from_device(at, copy);
    }

    fn dirty_at(&self, _offset: usize) -> bool {
        false
    }

    fn slice_at(&self, offset: usize) -> Self {
        Self {
            shared: self.shared,
            at: PhysAddr(self.at.0.wrapping_add(offset as u64)),
            offset: self.offset.wrapping_add(offset),
        }
    }
}
