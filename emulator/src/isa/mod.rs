//! What an instruction is: the table, the decoder, the disassembler, the encoder, names, ISA strings.

mod cause;
mod compressed;
pub(crate) mod csr_names;
mod decode;
mod extension;
mod format;
mod insn;
mod privilege;
pub mod registers;
pub(crate) mod table;

pub use cause::{Exception, Interrupt};
pub use csr_names::{CSRS, csr_name, csr_number};
pub use decode::{decode, length};
pub use extension::{Extension, ExtensionSet, Requirement};
pub use format::Format;
pub use insn::{Insn, Op, Row};
pub use privilege::Privilege;
