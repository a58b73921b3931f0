//! From instructions in memory to a block.

use super::code::{Decoded, Info};
use super::context::Context;
use super::handlers;
use super::leave::{next_stub, taken_stub};
use super::op::{Handler, Op, Trailer, budget};
use super::slow::straddle;
use super::table::{Kind, SLOW, SYSTEM, kind};
use crate::exec::{Destination, destination};
use crate::hart::Hart;
use crate::isa::{self, Extension, Insn, decode, length};
use crate::mem::{Bus, PAGE_SIZE, PhysAddr};

/// The most instructions of a block.
const MOST: usize = 64;
/// The rounding mode that says: use `frm`.
const DYNAMIC: u8 = 7;
/// The rounding mode towards zero.
const TOWARD_ZERO: u8 = 1;
/// The sink for writes to `x0`.
const SINK: u8 = 32;

impl Decoded {
    /// The length of the instruction in bytes. Nobody goes on after an illegal one.
    pub(super) fn length(&self) -> u64 {
        self.insn.map_or(4, |insn| insn.len.into())
    }
}

/// How many loads and stores of an instruction the fast arrays answer, as its block's charge says.
pub(super) fn static_counts(insn: Option<Insn>) -> (i64, i64) {
    match insn.map(|insn| kind(insn.op, 0)) {
        Some(Kind::Load(_)) => (1, 0),
        Some(Kind::Store(_)) => (0, 1),
        _ => (0, 0),
    }
}

/// The first operation of the block at a place on a page of RAM.
pub(super) fn find_or_build(
    hart: &mut Hart,
    context: &mut Context,
    page: PhysAddr,
    start: u16,
) -> *const Op {
    // SAFETY: nobody else uses the code.
    let code = unsafe { &mut *context.code };
    if let Some(first) = code.find(page, start) {
        return first;
    }
    // SAFETY: nobody else uses the bus.
    let bus = unsafe { &mut *context.bus };
    let block = Builder::new(bus, context.extensions, page, start).build();
    let end = page.offset(block.end);
    let from = page.offset(start.into());
    // An instruction that is left to the reference engine is not kept.
    hart.keep_decoded(bus, from, end.0 - from.0);
    code.add(block.charge, &block.ops, block.trailer, block.info);
    code.find(page, start).unwrap_or(std::ptr::null())
}

/// A block that is not yet in its place.
struct Built {
    charge: i64,
    ops: Vec<Op>,
    trailer: Trailer,
    info: Info,
    /// Where on the page its instructions end.
    end: u64,
}

struct Builder<'a> {
    bus: &'a Bus,
    extensions: isa::ExtensionSet,
    page: PhysAddr,
    start: u16,
    ops: Vec<Op>,
    insns: Vec<Decoded>,
    /// The register that the last operation's result is in.
    result: Option<u8>,
    charge: i64,
    taken: i64,
    /// Where the next instruction is on the page.
    next: u64,
    /// What a `jalr` has in its trailer.
    link: Option<u64>,
}

impl<'a> Builder<'a> {
    fn new(bus: &'a Bus, extensions: isa::ExtensionSet, page: PhysAddr, start: u16) -> Self {
        Self {
            bus,
            extensions,
            page,
            start,
            ops: Vec::new(),
            insns: Vec::new(),
            result: None,
            charge: 0,
            taken: 0,
            next: start.into(),
            link: None,
        }
    }

    /// The instruction at `next`: its bits; `None` if they are not all on the page.
    fn fetch(&self) -> Option<u32> {
        let at = self.page.offset(self.next);
        let low = self.bus.ram().load(at, 2)?;
        if length(low as u16) == 2 {
            return Some(low as u32);
        }
        if self.next + 4 > PAGE_SIZE {
            return None;
        }
        self.bus.ram().load(at, 4).map(|word| word as u32)
    }

    fn build(mut self) -> Built {
        let mut ends_with_jump = false;
        loop {
            if self.insns.len() == MOST || self.next == PAGE_SIZE {
                ends_with_jump = true;
                break;
            }
            let Some(word) = self.fetch() else {
                ends_with_jump = true;
                break;
            };
            let insn = decode(word, self.extensions);
            let offset = self.next as u16;
            self.insns.push(Decoded { insn, offset });
            self.next += u64::from(length(word as u16));
            if !self.push(insn, offset) {
                break;
            }
        }
        if ends_with_jump {
            let handler: Handler = if self.insns.is_empty() {
                straddle
            } else {
                handlers::jump
            };
            self.taken = self.next as i64;
            self.ops.push(operation(handler));
        }
        let count = self.ops.len();
        for (index, op) in self.ops.iter_mut().enumerate() {
            op.left = (count - index) as u8;
        }
        let stub = |handler| Op {
            rd: 0,
            ..operation(handler)
        };
        let link = |at: u64| std::ptr::without_provenance(at as usize);
        Built {
            charge: self.charge - budget(self.insns.len() as i64, 0, 0),
            ops: self.ops,
            trailer: Trailer {
                taken: std::ptr::null(),
                next: self.link.map_or(std::ptr::null(), link),
                info: std::ptr::null(),
                zero: 0,
                taken_stub: stub(taken_stub),
                next_stub: stub(next_stub),
            },
            info: Info {
                page: self.page,
                start: self.start,
                insns: self.insns.into(),
                taken: self.taken,
                next: self.next as i64,
                ends_with_jump,
            },
            end: self.next,
        }
    }

    /// Adds the operation of an instruction. False if it ends the block.
    fn push(&mut self, insn: Option<Insn>, offset: u16) -> bool {
        let Some(insn) = insn else {
            self.ops.push(operation(SYSTEM));
            return false;
        };
        let from = |register: u8| u8::from(register != 0 && self.result == Some(register));
        let k = from(insn.rs1) | from(insn.rs2) << 1;
        let writes_float = destination(insn.op) == Destination::Float;
        let mut op = Op {
            imm: if insn.rs3 != 0 {
                insn.rs3.into()
            } else {
                insn.imm
            },
            rd: if insn.rd == 0 && !writes_float {
                SINK
            } else {
                insn.rd
            },
            rs1: insn.rs1,
            rs2: insn.rs2,
            ..operation(SLOW)
        };
        let target = i64::from(offset) + i64::from(insn.imm);
        // Without compressed instructions a jump may trap.
        let may_trap = !self.extensions.has(Extension::Zca);
        let mut goes_on = true;
        let writes = destination(insn.op) == Destination::Integer && insn.rd != 0;
        self.result = writes.then_some(insn.rd);
        match kind(insn.op, k) {
            Kind::Plain(_) if insn.op == isa::Op::Addi && insn.rs1 == 0 => {
                op.handler = handlers::constant;
            }
            Kind::Plain(handler) => op.handler = handler,
            // Other roundings are left to the slow path, and so are the reserved ones, which trap.
            Kind::Float(handler) | Kind::Rounded(handler, _) if matches!(insn.rm, 0 | DYNAMIC) => {
                op.handler = handler;
            }
            Kind::Rounded(_, handler) if insn.rm == TOWARD_ZERO => op.handler = handler,
            Kind::Float(_) | Kind::Rounded(..) => {}
            Kind::Load(handler) => {
                op.handler = handler;
                self.charge += budget(0, 1, 0);
            }
            Kind::Store(handler) => {
                op.handler = handler;
                self.charge += budget(0, 0, 1);
            }
            Kind::Nothing => op.handler = handlers::nothing,
            Kind::Upper => op.handler = handlers::constant,
            Kind::PcRelative => match i32::try_from(target) {
                Ok(target) => {
                    op.imm = target;
                    op.handler = handlers::pc_relative;
                }
                Err(_) => op.handler = SLOW,
            },
            Kind::Slow => op.handler = SLOW,
            Kind::System => {
                op.handler = SYSTEM;
                goes_on = false;
            }
            Kind::Branch(_) | Kind::Jump if may_trap && target & 2 != 0 => {
                op.handler = SYSTEM;
                goes_on = false;
            }
            Kind::JumpRegister if may_trap => {
                op.handler = SYSTEM;
                goes_on = false;
            }
            Kind::Branch(handler) => {
                op.handler = handler;
                self.taken = target;
                goes_on = false;
            }
            Kind::Jump => {
                self.taken = target;
                op.imm = self.next as i32;
                op.handler = if insn.rd == 0 {
                    handlers::jump
                } else {
                    handlers::jump_and_link
                };
                goes_on = false;
            }
            Kind::JumpRegister => {
                op.handler = match (insn.rd, k & 1) {
                    (0, 0) => handlers::jump_register::<0>,
                    (0, _) => handlers::jump_register::<1>,
                    (_, 0) => handlers::jump_register_and_link::<0>,
                    (_, _) => handlers::jump_register_and_link::<1>,
                };
                self.link = Some(self.next);
                goes_on = false;
            }
        }
        self.ops.push(op);
        goes_on
    }
}

/// An operation without operands.
fn operation(handler: Handler) -> Op {
    Op {
        handler,
        imm: 0,
        rd: SINK,
        rs1: 0,
        rs2: 0,
        left: 0,
    }
}
