//! Temporary.
#![expect(missing_docs)]
use crate::mem::{AccessError, Device};
pub struct Clint {
    cmp: u64,
    msip: bool,
}
impl Clint {
    pub fn new(_: usize) -> Self {
        Self {
            cmp: u64::MAX,
            msip: false,
        }
    }
    pub fn msip(&self, _: usize) -> bool {
        self.msip
    }
    pub fn mtimecmp(&self, _: usize) -> u64 {
        self.cmp
    }
    pub fn take_mtime_write(&mut self) -> Option<u64> {
        None
    }
}
impl Device for Clint {
    fn name(&self) -> &'static str {
        "clint"
    }
    fn read(&mut self, _: u64, _: u8, now: u64) -> Result<u64, AccessError> {
        Ok(now)
    }
    fn write(&mut self, o: u64, _: u8, v: u64, _: u64) -> Result<(), AccessError> {
        if o == 0 {
            self.msip = v & 1 != 0
        } else if o == 0x4000 {
            self.cmp = v
        }
        Ok(())
    }
    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
