//! What an instruction is: the table, the decoder, the disassembler, the encoder, names, ISA strings.

mod alias;
mod assemble;
mod cause;
mod compressed;
pub(crate) mod csr_names;
mod decode;
mod disassemble;
mod encode;
mod extension;
mod format;
mod insn;
mod isa_string;
mod privilege;
pub mod registers;
pub(crate) mod table;

pub use assemble::{AssembleError, assemble};
pub use cause::{Exception, Interrupt};
pub use compressed::compressed_name;
pub use csr_names::{CSRS, csr_name, csr_number};
pub use decode::{decode, length};
pub use disassemble::{disassemble, disassemble_word};
pub use encode::{EncodeError, encode};
pub use extension::{Extension, ExtensionSet, Requirement};
pub use format::Format;
pub use insn::{Insn, Op, Row};
pub use isa_string::{Isa, IsaError};
pub use privilege::Privilege;
