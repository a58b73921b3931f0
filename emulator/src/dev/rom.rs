//! Read-only memory.

use crate::mem::{AccessError, Device};

/// Bytes that can be read at any size and never written; beyond them it reads zero.
pub struct Rom {
    bytes: Vec<u8>,
}

impl Rom {
    /// A ROM with these contents.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }
}

impl Device for Rom {
    fn name(&self) -> &'static str {
        "rom"
    }

    fn read(&mut self, offset: u64, size: u8, _now: u64) -> Result<u64, AccessError> {
        let mut value = [0; 8];
        let start = usize::try_from(offset).map_err(|_| AccessError)?;
        let bytes = self.bytes.iter().skip(start).take(usize::from(size));
        for (to, from) in value.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(u64::from_le_bytes(value))
    }

    fn write(&mut self, _: u64, _: u8, _: u64, _: u64) -> Result<(), AccessError> {
        Err(AccessError)
    }

    fn executable(&self) -> bool {
        true
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
