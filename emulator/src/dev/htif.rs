//! Temporary.
#![expect(missing_docs)]
use std::io::Write;
pub trait HtifMemory {
    fn read(&mut self, at: u64, bytes: &mut [u8]) -> bool;
    fn write(&mut self, at: u64, bytes: &[u8]) -> bool;
}
pub enum HtifEvent {
    None,
    Reply(u64),
    Exit(u64),
    Bad(String),
}
pub struct Htif(Box<dyn Write + Send>);
impl Htif {
    pub fn new(c: Box<dyn Write + Send>) -> Self {
        Self(c)
    }
    pub fn request(&mut self, v: u64, m: &mut impl HtifMemory) -> HtifEvent {
        let _ = &m;
        if v & 1 == 1 {
            HtifEvent::Exit(v >> 1)
        } else if v >> 48 == 0x101 {
            let _ = self.0.write_all(&[v as u8]);
            HtifEvent::Reply(v >> 48 << 48)
        } else if v == 0 {
            HtifEvent::None
        } else {
            HtifEvent::Bad(format!("{v:#x}"))
        }
    }
}
