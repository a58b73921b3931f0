//! The threaded engine does what the reference engine does, to the instruction.

mod cases;
mod generated;
mod generator;
mod pair;
