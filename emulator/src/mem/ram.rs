//! Guest RAM: one stretch of host memory, untouched pages of which cost nothing.

use super::{PAGE_SIZE, PhysAddr};
use memmap2::{MmapMut, MmapOptions};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many were made.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Why RAM could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RamError {
    /// The size is zero or not a multiple of the page size.
    #[error("the memory size {0:#x} is not a positive multiple of 4 KiB")]
    Size(u64),
    /// The range does not fit the 56-bit physical address space.
    #[error("memory of {size:#x} bytes at {base} does not fit the 56-bit physical address space")]
    TooLarge {
        /// The first address.
        base: PhysAddr,
        /// The size asked for.
        size: u64,
    },
    /// The host refused.
    #[error("the host has no room for {size:#x} bytes of guest memory: {source}")]
    Host {
        /// The size asked for.
        size: u64,
        /// What the host said.
        source: std::io::Error,
    },
}

/// Guest RAM at a physical base address.
#[derive(Debug)]
pub struct Ram {
    bytes: MmapMut,
    base: u64,
    /// Where the bytes are in the host's memory.
    host: u64,
    number: u64,
}

macro_rules! load_as {
    ($self:ident, $offset:ident, $type:ty) => {
        $self
            .bytes
            .get($offset..$offset.checked_add(size_of::<$type>())?)
            .and_then(|bytes| bytes.try_into().ok())
            .map(|bytes| u64::from(<$type>::from_le_bytes(bytes)))
    };
}

impl Ram {
    /// RAM of `size` zero bytes at `base`. The host gives pages when they are first written.
    pub fn new(base: PhysAddr, size: u64) -> Result<Self, RamError> {
        if size == 0 || !size.is_multiple_of(super::PAGE_SIZE) {
            return Err(RamError::Size(size));
        }
        if base.0.checked_add(size).is_none_or(|end| end > 1 << 56) {
            return Err(RamError::TooLarge { base, size });
        }
        let length = usize::try_from(size).map_err(|_| RamError::TooLarge { base, size })?;
        let mut bytes = MmapOptions::new()
            .len(length)
            .no_reserve_swap()
            .map_anon()
            .map_err(|source| RamError::Host { size, source })?;
        let host = bytes.as_mut_ptr().expose_provenance() as u64;
        Ok(Self {
            bytes,
            base: base.0,
            host,
            number: MADE.fetch_add(1, Ordering::Relaxed) + 1,
        })
    }

    /// The physical addresses that RAM answers to.
    pub fn range(&self) -> Range<u64> {
        self.base..self.base + self.bytes.len() as u64
    }

    /// A number that no other RAM of this process has, nor had: who knows where RAM is in the host's memory knows by
    /// it whether that is still so. It is not 0.
    #[inline]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What to add to a physical address of RAM to get its address in the host's memory.
    #[inline]
    pub fn bias(&self) -> u64 {
        self.host.wrapping_sub(self.base)
    }

    /// The pages that may hold something: all others are zeros that nobody has touched. Where the host does not say,
    /// these are all.
    pub fn used_pages(&self) -> Vec<PhysAddr> {
        let host = self.host_pages();
        self.range()
            .step_by(PAGE_SIZE as usize)
            .enumerate()
            .filter(|(n, _)| host.as_ref().is_none_or(|used| used[*n]))
            .map(|(_, at)| PhysAddr(at))
            .collect()
    }

    /// Of each page, whether the host has given memory for it.
    fn host_pages(&self) -> Option<Vec<bool>> {
        // Linux tells by eight bytes for each page; bit 63, it is in memory; bit 62, it is swapped.
        const ENTRY: u64 = 8;
        if rustix::param::page_size() as u64 != PAGE_SIZE {
            return None;
        }
        let mut entries = vec![0; self.bytes.len() / (PAGE_SIZE / ENTRY) as usize];
        let map = File::open("/proc/self/pagemap").ok()?;
        map.read_exact_at(&mut entries, self.host / PAGE_SIZE * ENTRY)
            .ok()?;
        let used = |entry: &[u8]| entry[ENTRY as usize - 1] >> 6 != 0;
        Some(entries.chunks_exact(ENTRY as usize).map(used).collect())
    }

    #[inline]
    fn offset(&self, at: PhysAddr) -> usize {
        // An address below the base wraps to a huge offset, which no slice holds.
        at.0.wrapping_sub(self.base) as usize
    }

    /// A little-endian value of 1, 2, 4 or 8 bytes; `None` outside RAM.
    #[inline]
    pub fn load(&self, at: PhysAddr, size: u8) -> Option<u64> {
        let offset = self.offset(at);
        match size {
            1 => load_as!(self, offset, u8),
            2 => load_as!(self, offset, u16),
            4 => load_as!(self, offset, u32),
            8 => load_as!(self, offset, u64),
            _ => None,
        }
    }

    /// Stores the low `size` bytes of `value`; `None` outside RAM, where nothing is changed.
    #[inline]
    pub fn store(&mut self, at: PhysAddr, size: u8, value: u64) -> Option<()> {
        let offset = self.offset(at);
        let size = usize::from(size);
        self.bytes
            .get_mut(offset..offset.checked_add(size)?)?
            .copy_from_slice(value.to_le_bytes().get(..size)?);
        Some(())
    }

    /// The bytes from `at` on; `None` if they are not all in RAM.
    pub fn slice(&self, at: PhysAddr, length: u64) -> Option<&[u8]> {
        let offset = self.offset(at);
        let length = usize::try_from(length).ok()?;
        self.bytes.get(offset..offset.checked_add(length)?)
    }

    /// The bytes from `at` on, to write; `None` if they are not all in RAM.
    pub fn slice_mut(&mut self, at: PhysAddr, length: u64) -> Option<&mut [u8]> {
        let offset = self.offset(at);
        let length = usize::try_from(length).ok()?;
        self.bytes.get_mut(offset..offset.checked_add(length)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_little_endian_and_bounded() {
        let mut ram = Ram::new(PhysAddr(0x8000_0000), 0x1000).unwrap();
        ram.store(PhysAddr(0x8000_0ff8), 8, 0x1122_3344_5566_7788)
            .unwrap();
        assert_eq!(ram.load(PhysAddr(0x8000_0ff8), 2), Some(0x7788));
        assert_eq!(ram.load(PhysAddr(0x8000_0fff), 1), Some(0x11));
        assert_eq!(ram.load(PhysAddr(0x8000_0fff), 2), None);
        assert_eq!(ram.load(PhysAddr(0x7fff_ffff), 1), None);
        assert_eq!(ram.store(PhysAddr(0x8000_0ffc), 8, 0), None);
        assert_eq!(ram.load(PhysAddr(0x8000_0ffc), 4), Some(0x1122_3344));
        assert_eq!(ram.load(PhysAddr(u64::MAX), 8), None);
        assert_eq!(ram.load(PhysAddr(0x8000_0000), 3), None);
    }

    #[test]
    fn pages_that_were_written_are_used() {
        let mut ram = Ram::new(PhysAddr(0x8000_0000), 64 << 20).unwrap();
        for at in [0x8000_0000, 0x8123_4008, 0x83ff_fff8] {
            ram.store(PhysAddr(at), 8, 1).unwrap();
        }
        let used = ram.used_pages();
        for at in [0x8000_0000, 0x8123_4000, 0x83ff_f000] {
            assert!(used.contains(&PhysAddr(at)), "{at:#x}");
        }
        // The host may give more than was asked for, but not all.
        if cfg!(target_os = "linux") {
            assert!(used.len() < (64 << 20 >> 12) / 2, "{}", used.len());
        }
    }

    #[test]
    fn sizes_are_checked() {
        assert!(matches!(
            Ram::new(PhysAddr(0), 100),
            Err(RamError::Size(100))
        ));
        assert!(matches!(
            Ram::new(PhysAddr(1 << 55), 1 << 55 | 0x1000),
            Err(RamError::TooLarge { .. })
        ));
    }
}
