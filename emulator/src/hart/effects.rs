//! What one instruction did besides writing its destination register: for the commit log and for
//! comparing engines. Nothing is noted unless someone watches.

use super::Hart;
use crate::mem::VirtAddr;

/// A load or a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryEffect {
    /// Where.
    pub address: VirtAddr,
    /// How many bytes.
    pub size: u8,
    /// What was stored; `None` for a load.
    pub stored: Option<u64>,
}

/// The effects of the current instruction.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Someone watches.
    pub enabled: bool,
    /// CSRs written, with the value they took, in order.
    pub csrs: Vec<(u16, u64)>,
    /// Loads and stores, in order.
    pub memory: Vec<MemoryEffect>,
}

impl Effects {
    /// Forgets the last instruction's effects.
    pub fn clear(&mut self) {
        self.csrs.clear();
        self.memory.clear();
    }
}

impl Hart {
    /// Notes that a CSR was written.
    #[inline]
    pub(crate) fn note_csr(&mut self, number: u16, value: u64) {
        if self.effects.enabled {
            self.effects.csrs.push((number, value));
        }
    }

    /// Notes a load.
    #[inline]
    pub(crate) fn note_load(&mut self, address: VirtAddr, size: u8) {
        if self.effects.enabled {
            self.effects.memory.push(MemoryEffect {
                address,
                size,
                stored: None,
            });
        }
    }

    /// Notes a store.
    #[inline]
    pub(crate) fn note_store(&mut self, address: VirtAddr, size: u8, value: u64) {
        if self.effects.enabled {
            self.effects.memory.push(MemoryEffect {
                address,
                size,
                stored: Some(value),
            });
        }
    }
}
