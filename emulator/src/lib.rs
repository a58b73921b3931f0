//! Pagewalk: a RISC-V (RV64) full-system emulator whose memory-management unit can be seen.

pub mod board;
pub mod dev;
pub mod engine;
pub mod exec;
pub mod hart;
pub mod isa;
pub mod loader;
pub mod mem;
pub mod mmu;
pub mod report;
pub mod runner;
pub mod softfloat;
pub mod trace;
