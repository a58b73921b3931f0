//! The hart's way to memory: triggers, translation, protection, then the bus.
//!
//! Everything an instruction asks of memory passes here. An access that crosses a page is checked
//! on both pages before either is touched, so a fault leaves nothing half done.

use super::triggers::{TriggerAccess, TriggerContext};
use super::{Hart, Trap, status};
use crate::isa::{Exception, length};
use crate::mem::{AccessError, Bus, PAGE_SIZE, PhysAddr, VirtAddr};
use crate::mmu::AccessKind;

/// The bytes that one cache-block operation covers.
const CACHE_BLOCK: u64 = 64;

/// An instruction's bits as fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The bits; the upper half is zero if the instruction is compressed.
    pub word: u32,
    /// Its length in bytes, 2 or 4.
    pub len: u8,
}

/// The access fault of a kind of access.
pub(super) fn access_fault(kind: AccessKind, va: VirtAddr) -> Trap {
    let exception = match kind {
        AccessKind::Fetch => Exception::InstructionAccessFault,
        AccessKind::Load => Exception::LoadAccessFault,
        _ => Exception::StoreAccessFault,
    };
    Trap::new(exception, va.0)
}

/// How many of `size` bytes at `va` lie on its page.
fn bytes_on_page(va: VirtAddr, size: u8) -> u8 {
    (PAGE_SIZE - va.page_offset()).min(u64::from(size)) as u8
}

impl Hart {
    // ---- Triggers. ----

    fn trigger_context(&self, insn_len: u8) -> TriggerContext {
        TriggerContext {
            privilege: self.privilege,
            mie: self.csr.mstatus & status::MIE != 0,
            sie: self.csr.mstatus & status::SIE != 0,
            breakpoint_delegated: self.csr.medeleg >> Exception::Breakpoint as u8 & 1 != 0,
            pc: self.pc,
            insn_len,
        }
    }

    #[cold]
    fn check_data_trigger(
        &mut self,
        va: VirtAddr,
        size: u8,
        access: TriggerAccess,
    ) -> Result<(), Trap> {
        let context = self.trigger_context(self.next_pc.wrapping_sub(self.pc) as u8);
        let size = u32::from(size);
        match self.triggers.check_data(va.0, size, access, &context) {
            true => Err(Trap::new(Exception::Breakpoint, va.0)),
            false => Ok(()),
        }
    }

    /// To triggers a cache-block operation is a store to the whole block.
    fn check_block_trigger(&mut self, va: VirtAddr) -> Result<(), Trap> {
        if self.triggers.armed_store(self.privilege) {
            let block = VirtAddr(va.0 & !(CACHE_BLOCK - 1));
            self.check_data_trigger(block, CACHE_BLOCK as u8, TriggerAccess::Store)?;
        }
        Ok(())
    }

    // ---- Fetch. ----

    /// Fetches the instruction at `pc`.
    #[inline]
    pub fn fetch(&mut self, bus: &mut Bus) -> Result<Fetched, Trap> {
        if self.triggers.armed_execute(self.privilege) {
            return self.fetch_watched(bus);
        }
        self.fetch_at(bus, VirtAddr(self.pc))
    }

    /// A trigger on the instruction comes before a fault of its fetch. Some triggers ask for its
    /// length, so it is fetched first.
    #[cold]
    fn fetch_watched(&mut self, bus: &mut Bus) -> Result<Fetched, Trap> {
        let fetched = self.fetch_at(bus, VirtAddr(self.pc));
        let len = fetched.map_or(2, |fetched| fetched.len);
        let context = self.trigger_context(len);
        if self.triggers.check_execute(&context) {
            return Err(Trap::new(Exception::Breakpoint, self.pc));
        }
        fetched
    }

    #[inline]
    fn fetch_at(&mut self, bus: &mut Bus, pc: VirtAddr) -> Result<Fetched, Trap> {
        // A whole word can be read wherever the page has four bytes left.
        if let Some(pa) = self.fast.fetch(pc.0)
            && let Some(word) = bus.ram().load(PhysAddr(pa), 4)
        {
            return Ok(fetched(word as u32));
        }
        self.fetch_slowly(bus, pc)
    }

    /// An instruction within one page is one access, whatever its length; one that crosses into the
    /// next page is two.
    #[cold]
    fn fetch_slowly(&mut self, bus: &mut Bus, pc: VirtAddr) -> Result<Fetched, Trap> {
        let pa = self.locate(bus, pc, 2, AccessKind::Fetch)?;
        let low = self.fetch_half(bus, pc, pa)?;
        if length(low) == 2 {
            self.note_fetch(bus, pc, pa, 2);
            return Ok(fetched(u32::from(low)));
        }
        let next = pc.offset(2);
        let second = if next.page_offset() == 0 {
            self.note_fetch(bus, pc, pa, 2);
            let second = self.locate(bus, next, 2, AccessKind::Fetch)?;
            self.note_fetch(bus, next, second, 2);
            second
        } else {
            let second = pa.offset(2);
            let access = self.access(AccessKind::Fetch);
            self.check_protection(next, second, 2, access)?;
            self.note_fetch(bus, pc, pa, 4);
            second
        };
        let high = self.fetch_half(bus, next, second)?;
        Ok(fetched(u32::from(high) << 16 | u32::from(low)))
    }

    fn fetch_half(&mut self, bus: &mut Bus, va: VirtAddr, pa: PhysAddr) -> Result<u16, Trap> {
        bus.fetch(pa, self.mtime())
            .map(|half| half as u16)
            .map_err(|AccessError| access_fault(AccessKind::Fetch, va))
    }

    // ---- Loads and stores. ----

    /// Loads `size` bytes, aligned or not.
    #[inline]
    pub fn load(&mut self, bus: &mut Bus, va: VirtAddr, size: u8) -> Result<u64, Trap> {
        if self.triggers.armed_load(self.privilege) {
            self.check_data_trigger(va, size, TriggerAccess::Load)?;
        }
        if let Some(pa) = self.fast.load(va.0, size.into())
            && let Some(value) = bus.ram().load(PhysAddr(pa), size)
        {
            self.note_load(va, size);
            return Ok(value);
        }
        self.load_slowly(bus, va, size)
    }

    fn load_slowly(&mut self, bus: &mut Bus, va: VirtAddr, size: u8) -> Result<u64, Trap> {
        let value = if bytes_on_page(va, size) == size {
            let pa = self.locate(bus, va, size.into(), AccessKind::Load)?;
            bus.load(pa, size, self.mtime())
                .map_err(|AccessError| access_fault(AccessKind::Load, va))?
        } else {
            self.load_across(bus, va, size)?
        };
        self.note_load(va, size);
        Ok(value)
    }

    #[cold]
    fn load_across(&mut self, bus: &mut Bus, va: VirtAddr, size: u8) -> Result<u64, Trap> {
        let parts = self.locate_across(bus, va, size, AccessKind::Load)?;
        let mut value = 0;
        for (index, (va, pa)) in bytes(parts).enumerate() {
            let byte = bus
                .load(pa, 1, self.mtime())
                .map_err(|AccessError| access_fault(AccessKind::Load, va))?;
            value |= byte << (8 * index);
        }
        Ok(value)
    }

    /// Stores the low `size` bytes of `value`, aligned or not.
    #[inline]
    pub fn store(&mut self, bus: &mut Bus, va: VirtAddr, size: u8, value: u64) -> Result<(), Trap> {
        if self.triggers.armed_store(self.privilege) {
            self.check_data_trigger(va, size, TriggerAccess::Store)?;
        }
        if let Some(pa) = self.fast.store(va.0, size.into())
            && bus
                .memory_mut()
                .store_plain(self.id, PhysAddr(pa), size, value)
        {
            self.note_store(va, size, value);
            return Ok(());
        }
        self.store_slowly(bus, va, size, value)
    }

    fn store_slowly(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        size: u8,
        value: u64,
    ) -> Result<(), Trap> {
        if bytes_on_page(va, size) == size {
            let pa = self.locate(bus, va, size.into(), AccessKind::Store)?;
            self.put(bus, pa, size, value)
                .map_err(|AccessError| access_fault(AccessKind::Store, va))?;
        } else {
            self.store_across(bus, va, size, value)?;
        }
        self.note_store(va, size, value);
        Ok(())
    }

    #[cold]
    fn store_across(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        size: u8,
        value: u64,
    ) -> Result<(), Trap> {
        let parts = self.locate_across(bus, va, size, AccessKind::Store)?;
        for (index, (va, pa)) in bytes(parts).enumerate() {
            self.put(bus, pa, 1, value >> (8 * index) & 0xff)
                .map_err(|AccessError| access_fault(AccessKind::Store, va))?;
        }
        Ok(())
    }

    /// The two parts of an access that crosses a page, which must both be RAM.
    fn locate_across(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        size: u8,
        kind: AccessKind,
    ) -> Result<[Part; 2], Trap> {
        let first = bytes_on_page(va, size);
        let parts = [(va, first), (va.offset(first.into()), size - first)];
        let mut located = [Part::default(); 2];
        for (part, (va, size)) in located.iter_mut().zip(parts) {
            let pa = self.locate(bus, va, size.into(), kind)?;
            *part = Part { va, pa, size };
        }
        // A device could refuse one part after the other was made.
        match located
            .iter()
            .find(|part| !bus.is_ram(part.pa, part.size.into()))
        {
            Some(part) => Err(access_fault(kind, part.va)),
            None => Ok(located),
        }
    }

    // ---- Atomics: aligned, in RAM. ----

    fn locate_atomic(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        size: u8,
        kind: AccessKind,
    ) -> Result<PhysAddr, Trap> {
        let access = match kind {
            AccessKind::Load => TriggerAccess::Load,
            AccessKind::Store => TriggerAccess::Store,
            _ => TriggerAccess::LoadStore,
        };
        if self.triggers.armed_load(self.privilege) || self.triggers.armed_store(self.privilege) {
            self.check_data_trigger(va, size, access)?;
        }
        if !va.0.is_multiple_of(u64::from(size)) {
            let exception = match kind {
                AccessKind::Load => Exception::LoadAddressMisaligned,
                _ => Exception::StoreAddressMisaligned,
            };
            return Err(Trap::new(exception, va.0));
        }
        let pa = self.locate(bus, va, size.into(), kind)?;
        if bus.is_ram(pa, size.into()) {
            Ok(pa)
        } else {
            Err(access_fault(kind, va))
        }
    }

    /// Loads a value and writes back what `change` makes of it, in one step; `None` writes
    /// nothing. Gives what was loaded.
    pub fn read_modify_write(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        size: u8,
        change: impl FnOnce(u64) -> Option<u64>,
    ) -> Result<u64, Trap> {
        let pa = self.locate_atomic(bus, va, size, AccessKind::Amo)?;
        let fault = |AccessError| access_fault(AccessKind::Amo, va);
        let old = bus.load(pa, size, self.mtime()).map_err(fault)?;
        self.note_load(va, size);
        if let Some(new) = change(old) {
            self.put(bus, pa, size, new).map_err(fault)?;
            self.note_store(va, size, new);
        }
        Ok(old)
    }

    /// Compares 16 bytes with `expected` and stores `new` if they are equal, in one step.
    pub fn compare_and_swap_pair(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        expected: [u64; 2],
        new: [u64; 2],
    ) -> Result<[u64; 2], Trap> {
        let pa = self.locate_atomic(bus, va, 16, AccessKind::Amo)?;
        let fault = |AccessError| access_fault(AccessKind::Amo, va);
        let now = self.mtime();
        let old = [
            bus.load(pa, 8, now).map_err(fault)?,
            bus.load(pa.offset(8), 8, now).map_err(fault)?,
        ];
        self.note_load(va, 16);
        if old == expected {
            for (offset, word) in [(0, new[0]), (8, new[1])] {
                self.put(bus, pa.offset(offset), 8, word).map_err(fault)?;
                self.note_store(va.offset(offset), 8, word);
            }
        }
        Ok(old)
    }

    /// Loads a value and reserves its address.
    pub fn load_reserved(&mut self, bus: &mut Bus, va: VirtAddr, size: u8) -> Result<u64, Trap> {
        let pa = self.locate_atomic(bus, va, size, AccessKind::Load)?;
        let value = bus
            .load(pa, size, self.mtime())
            .map_err(|AccessError| access_fault(AccessKind::Load, va))?;
        bus.memory_mut().reserve(self.id, pa);
        self.note_load(va, size);
        Ok(value)
    }

    /// Stores if the reservation still holds, and says whether it did. The reservation ends.
    pub fn store_conditional(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        size: u8,
        value: u64,
    ) -> Result<bool, Trap> {
        let pa = self.locate_atomic(bus, va, size, AccessKind::Store)?;
        if !bus.memory_mut().take_reservation(self.id, pa) {
            return Ok(false);
        }
        self.put(bus, pa, size, value)
            .map_err(|AccessError| access_fault(AccessKind::Store, va))?;
        self.note_store(va, size, value);
        Ok(true)
    }

    // ---- Cache blocks. ----

    /// The block that holds `va`. A fault reports `va` itself.
    fn locate_block(
        &mut self,
        bus: &mut Bus,
        va: VirtAddr,
        kind: AccessKind,
    ) -> Result<PhysAddr, Trap> {
        let block = VirtAddr(va.0 & !(CACHE_BLOCK - 1));
        let pa = self
            .locate(bus, block, CACHE_BLOCK, kind)
            .map_err(|trap| Trap::new(trap.exception, va.0))?;
        if bus.is_ram(pa, CACHE_BLOCK) {
            Ok(pa)
        } else {
            Err(access_fault(kind, va))
        }
    }

    /// Zeroes the cache block that holds `va`.
    pub fn zero_cache_block(&mut self, bus: &mut Bus, va: VirtAddr) -> Result<(), Trap> {
        self.check_block_trigger(va)?;
        let block = VirtAddr(va.0 & !(CACHE_BLOCK - 1));
        let pa = self.locate_block(bus, va, AccessKind::CacheBlockZero)?;
        for offset in (0..CACHE_BLOCK).step_by(8) {
            self.put(bus, pa.offset(offset), 8, 0)
                .map_err(|AccessError| access_fault(AccessKind::Store, va))?;
        }
        for offset in 0..CACHE_BLOCK {
            self.note_store(block.offset(offset), 1, 0);
        }
        Ok(())
    }

    /// Checks what `cbo.inval`, `cbo.clean` and `cbo.flush` need: the right to the block.
    pub fn manage_cache_block(&mut self, bus: &mut Bus, va: VirtAddr) -> Result<(), Trap> {
        self.check_block_trigger(va)?;
        self.locate_block(bus, va, AccessKind::CacheBlockManage)
            .map(|_| ())
    }
}

/// The bits of an instruction, with those cut off that belong to the next one.
#[inline]
fn fetched(word: u32) -> Fetched {
    let len = length(word as u16);
    Fetched {
        word: if len == 2 { word & 0xffff } else { word },
        len,
    }
}

/// A run of bytes on one page.
#[derive(Clone, Copy, Default)]
struct Part {
    va: VirtAddr,
    pa: PhysAddr,
    size: u8,
}

/// The bytes of the parts, one by one.
fn bytes(parts: [Part; 2]) -> impl Iterator<Item = (VirtAddr, PhysAddr)> {
    parts.into_iter().flat_map(|part| {
        (0..u64::from(part.size)).map(move |n| (part.va.offset(n), part.pa.offset(n)))
    })
}
