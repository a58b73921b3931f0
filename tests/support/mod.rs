//! What the tests share.

pub(crate) mod dwarf;
pub(crate) mod elf;
pub(crate) mod random;
