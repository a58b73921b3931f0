//! What an instruction is: the table, the decoder, the disassembler, the encoder, names, ISA strings.

mod cause;
mod privilege;

pub use cause::{Exception, Interrupt};
pub use privilege::Privilege;
