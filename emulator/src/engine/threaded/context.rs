//! What the handlers share besides the hart.

use super::code::{Code, Jump};
#[cfg(not(tail_calls))]
use super::op::{Handler, Op, Results};
use crate::engine::Decoder;
use crate::hart::Trap;
use crate::isa::{ExtensionSet, Privilege};
use crate::mem::Bus;

/// Why a chain of handlers ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exit {
    /// Something is to be looked at before the instruction at the pc.
    Look,
    /// The instruction at the pc is for the reference engine.
    Step,
    /// The instruction at the pc was executed, but for going on to `next_pc`. It began with this privilege.
    Executed(Privilege),
    /// The instruction at the pc trapped.
    Trap(Trap),
}

/// The engine's state while handlers run.
#[repr(C)]
pub(super) struct Context {
    /// The jump table.
    pub(super) jumps: *const Jump,
    pub(super) code: *mut Code,
    pub(super) bus: *mut Bus,
    /// For instructions that lie on two pages.
    pub(super) decoder: *mut Decoder,
    /// How many instructions will have retired when the budget is used up.
    pub(super) end: u64,
    /// Fetches are counted for the instructions up to this one.
    pub(super) fetched: u64,
    /// The extensions that the code was decoded with.
    pub(super) extensions: ExtensionSet,
    pub(super) exit: Exit,
    #[cfg(not(tail_calls))]
    pub(super) relay: Option<Relay>,
}

/// What comes next, where handlers return.
#[cfg(not(tail_calls))]
#[derive(Clone, Copy)]
pub(super) struct Relay {
    pub(super) handler: Handler,
    pub(super) op: *const Op,
    pub(super) acc: Results,
    pub(super) budget: i64,
    pub(super) page: u64,
}
