//! What the tests share.

pub(crate) mod dwarf;
pub(crate) mod elf;
pub(crate) mod guest;
pub(crate) mod machine;
pub(crate) mod random;
