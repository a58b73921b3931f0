//! Pagewalk: a RISC-V (RV64) full-system emulator whose memory-management unit can be seen.
//!
//! The command line is a thin layer around this library. A program of its own can load an ELF file
//! into a machine and run it:
//!
//! ```no_run
//! use pagewalk::board::{Limits, Machine, MachineConfig, Stop};
//! use pagewalk::loader::Guest;
//!
//! let mut guest = Guest::open("program.elf".as_ref())?;
//! let console = Box::new(std::io::stdout());
//! let mut machine = Machine::new(&MachineConfig::default(), &mut guest, console)?;
//! match machine.run(&Limits::default(), &mut ()) {
//!     Stop::Exit(code) => println!("the guest ended with {code}"),
//!     other => println!("the guest did not end: {other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! or build an empty one, put instructions into its memory and watch them:
//!
//! ```
//! use pagewalk::board::{Limits, Machine, MachineConfig, MemoryMap};
//! use pagewalk::engine::{Observer, Retired};
//! use pagewalk::hart::Hart;
//! use pagewalk::isa::{assemble, disassemble, encode};
//! use pagewalk::mem::PhysAddr;
//!
//! /// Keeps the text of each instruction.
//! #[derive(Default)]
//! struct Listing(Vec<String>);
//!
//! impl Observer for Listing {
//!     fn retired(&mut self, _: &Hart, retired: &Retired) {
//!         self.0.push(disassemble(&retired.insn, retired.pc));
//!     }
//! }
//!
//! let mut machine = Machine::empty(&MachineConfig::default(), MemoryMap::RAM)?;
//! for (n, line) in ["li a0,6", "li a1,7", "mul a0,a0,a1"].into_iter().enumerate() {
//!     let at = MemoryMap::RAM + 4 * n as u64;
//!     let word = encode(&assemble(line, at)?)?;
//!     machine.bus_mut().ram_mut().store(PhysAddr(at), 4, word.into());
//! }
//! let mut listing = Listing::default();
//! // The reset vector takes five instructions.
//! let limits = Limits { max_instructions: Some(8), ..Limits::default() };
//! machine.run(&limits, &mut listing);
//! assert_eq!(machine.hart().x(10), 42);
//! assert_eq!(listing.0.last().unwrap(), "mul\ta0,a0,a1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The rooms and how they depend on each other are drawn in `ARCHITECTURE.md`. Of use by
//! themselves are [`isa`] (decode, disassemble, encode, assemble), [`mmu`] (a page walk over any
//! map of words), [`softfloat`] and [`loader`].

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
