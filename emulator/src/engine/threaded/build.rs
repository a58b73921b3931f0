//! From instructions in memory to a block.

use super::code::{Decoded, Info};
use super::context::Context;
use super::handlers;
use super::leave::{exit_stub, next_stub, taken_stub};
use super::op::{Handler, Op, SideExit, Trailer, budget};
use super::pair::{self, Part, What};
use super::slow::{slow, slow_without_result, straddle};
use super::step::{Constant, Move, PageRelative};
use super::table::{Kind, SYSTEM, kind};
use crate::exec::{Destination, destination};
use crate::hart::Hart;
use crate::isa::{self, Extension, Insn, decode, length};
use crate::mem::{Bus, PAGE_SIZE, PhysAddr};

/// The most instructions of a block.
const MOST: usize = 64;
/// The most instructions before a branch or jump that does not end its block.
const MOST_ON: usize = 32;
/// The most instructions before a branch back that does not end its block. More would make Linux's boot slower, whose
/// code mostly runs a few times.
const MOST_BACK: usize = 16;
/// The most branches in the middle of a block.
const MOST_EXITS: usize = 8;
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
    let (block, info) = Builder::new(bus, context.extensions, page, start).build();
    // An instruction that is left to the reference engine is not kept.
    for &(from, end) in &block.pieces {
        hart.keep_decoded(bus, page.offset(from), end - from);
    }
    code.add(block, info);
    code.find(page, start).unwrap_or(std::ptr::null())
}

/// A block that is not yet in its place.
pub(super) struct Built {
    pub(super) charge: i64,
    pub(super) ops: Vec<Op>,
    pub(super) trailer: Trailer,
    pub(super) exits: Vec<SideExit>,
    /// Where on the page its instructions stand: from one place to another, for each piece.
    pieces: Vec<(u64, u64)>,
}

/// A branch in the middle of a block.
struct BranchOut {
    /// Which operation it is.
    index: usize,
    /// Where it goes, from the start of the page.
    target: i32,
    /// The instructions up to it.
    insns: usize,
    /// The loads and stores up to it.
    counts: i64,
}

struct Builder<'a> {
    bus: &'a Bus,
    extensions: isa::ExtensionSet,
    page: PhysAddr,
    start: u16,
    ops: Vec<Op>,
    /// What [`pair`] may know of each operation.
    parts: Vec<Option<Part>>,
    exits: Vec<BranchOut>,
    insns: Vec<Decoded>,
    /// The instructions, with those that need no operation.
    count: usize,
    /// Where the instructions stand, but for the piece that is being read.
    pieces: Vec<(u64, u64)>,
    /// Where that piece begins.
    piece: u64,
    /// The registers that the last two results are in.
    results: [Option<u8>; 2],
    /// The loads and stores.
    counts: i64,
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
            parts: Vec::new(),
            exits: Vec::new(),
            insns: Vec::new(),
            count: 0,
            pieces: Vec::new(),
            piece: start.into(),
            results: [None; 2],
            counts: 0,
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

    fn build(mut self) -> (Built, Info) {
        let mut ends_with_jump = false;
        loop {
            if self.count == MOST || self.next == PAGE_SIZE {
                ends_with_jump = true;
                break;
            }
            let Some(word) = self.fetch() else {
                ends_with_jump = true;
                break;
            };
            let insn = decode(word, self.extensions);
            let offset = self.next as u16;
            self.insns.push(Decoded {
                insn,
                offset,
                number: self.count as u8,
            });
            self.count += 1;
            self.next += u64::from(length(word as u16));
            if !self.push(insn, offset) {
                break;
            }
        }
        if ends_with_jump {
            let handler: Handler = if self.count == 0 {
                straddle
            } else {
                handlers::jump
            };
            self.taken = self.next as i64;
            self.ops.push(operation(handler));
            self.parts.push(None);
        }
        self.pieces.push((self.piece, self.next));
        self.join();
        let count = self.ops.len();
        let exits = self.place_exits();
        for (index, op) in self.ops.iter_mut().enumerate() {
            op.left = (count - index) as u8;
        }
        let stub = |handler| Op {
            rd: 0,
            ..operation(handler)
        };
        let link = |at: u64| std::ptr::without_provenance(at as usize);
        let built = Built {
            charge: budget(self.count as i64, 0, 0) - self.counts,
            ops: self.ops,
            trailer: Trailer {
                taken: std::ptr::null(),
                next: self.link.map_or(std::ptr::null(), link),
                info: std::ptr::null(),
                zero: 0,
                taken_stub: stub(taken_stub),
                next_stub: stub(next_stub),
            },
            exits,
            pieces: self.pieces,
        };
        let info = Info {
            page: self.page,
            start: self.start,
            insns: self.insns.into(),
            count: self.count as u8,
            taken: self.taken,
            next: self.next as i64,
            ends_with_jump,
        };
        (built, info)
    }

    /// Gives operations that follow each other one handler.
    fn join(&mut self) {
        let mut index = 0;
        while let Some(parts) = self.parts.get(index..) {
            index += match pair::of(parts) {
                Some((handler, length)) => {
                    self.ops[index].handler = handler;
                    length
                }
                None => 1,
            };
        }
    }

    /// The side exits; the operations are told where they will be.
    fn place_exits(&mut self) -> Vec<SideExit> {
        let trailer = self.ops.len() * size_of::<Op>() + size_of::<Trailer>();
        let mut exits = Vec::with_capacity(self.exits.len());
        for (n, branch) in self.exits.iter().enumerate() {
            let at = (trailer + n * size_of::<SideExit>()) / size_of::<Op>();
            self.ops[branch.index].imm = (at - branch.index) as i32;
            let insns = self.count - branch.insns;
            exits.push(SideExit {
                taken: std::ptr::null(),
                refund: budget(insns as i64, 0, 0) - (self.counts - branch.counts),
                info: std::ptr::null(),
                zero: 0,
                stub: Op {
                    imm: branch.target,
                    rd: 0,
                    ..operation(exit_stub)
                },
            });
        }
        exits
    }

    /// Adds the operation of an instruction. False if it ends the block.
    fn push(&mut self, insn: Option<Insn>, offset: u16) -> bool {
        let Some(insn) = insn else {
            self.ops.push(operation(SYSTEM));
            self.parts.push(None);
            return false;
        };
        let insn = canonical(insn);
        let mut k = self.source(insn.rs1, 1, 8) | self.source(insn.rs2, 2, 16);
        if insn.rs2 == 0 && matches!(kind(insn.op, 0), Kind::Branch(..)) {
            k |= 4;
        }
        let writes = destination(insn.op) == Destination::Integer;
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
            ..operation(if writes { slow } else { slow_without_result })
        };
        let target = i64::from(offset) + i64::from(insn.imm);
        // Without compressed instructions a jump may trap.
        let may_trap = !self.extensions.has(Extension::Zca);
        let mut goes_on = true;
        let mut what = Some(What::Op(insn.op));
        let before = self.results;
        match destination(insn.op) {
            Destination::Integer => {
                let written = (insn.rd != 0).then_some(insn.rd);
                // What that register held is not what it holds.
                self.results = [written, before[0].filter(|_| before[0] != written)];
            }
            // Nobody passes two on.
            Destination::IntegerPair => self.results = [None; 2],
            Destination::Float | Destination::None => {}
        }
        match kind(insn.op, k) {
            Kind::Plain(_) if insn.op == isa::Op::Addi && insn.rs1 == 0 => {
                op.handler = handlers::one::<Constant<0>>;
                what = Some(What::Constant);
            }
            Kind::Plain(handler) => {
                op.handler = handler;
                if insn.op == isa::Op::Addi && insn.imm == 0 {
                    op.handler = match k & 9 {
                        0 => handlers::one::<Move<0>>,
                        1 => handlers::one::<Move<1>>,
                        _ => handlers::one::<Move<8>>,
                    };
                    what = Some(What::Move);
                }
            }
            // Other roundings are left to the slow path, and so are the reserved ones, which trap.
            Kind::Float(handler) | Kind::Rounded(handler, _) if matches!(insn.rm, 0 | DYNAMIC) => {
                op.handler = handler;
            }
            Kind::Rounded(_, handler) if insn.rm == TOWARD_ZERO => op.handler = handler,
            Kind::Float(_) | Kind::Rounded(..) => {}
            Kind::Load(handler) => {
                op.handler = handler;
                self.counts += budget(0, 1, 0);
            }
            Kind::Store(handler) => {
                op.handler = handler;
                self.counts += budget(0, 0, 1);
            }
            Kind::Nothing => {
                op.handler = handlers::nothing;
                self.results = before;
            }
            Kind::Upper => {
                op.handler = handlers::one::<Constant<0>>;
                what = Some(What::Constant);
            }
            Kind::PcRelative => match i32::try_from(target) {
                Ok(target) => {
                    op.imm = target;
                    op.handler = handlers::one::<PageRelative>;
                    what = Some(What::PageRelative);
                }
                Err(_) => op.handler = slow,
            },
            Kind::Slow => {}
            Kind::System => {
                op.handler = SYSTEM;
                goes_on = false;
            }
            Kind::Branch(..) | Kind::Jump if may_trap && target & 2 != 0 => {
                what = None;
                op.handler = SYSTEM;
                goes_on = false;
            }
            Kind::JumpRegister if may_trap => {
                what = None;
                op.handler = SYSTEM;
                goes_on = false;
            }
            // More often than not, a branch forward is not taken.
            Kind::Branch(_, handler) if insn.imm > 0 && self.may_go_on() => {
                op.handler = handler;
                what = Some(What::Out(insn.op));
                self.leave_to(target);
            }
            // And a branch back is. A small loop stands in its block several times.
            Kind::Branch(..)
                if self.count < MOST_BACK && self.may_go_on() && is_on_page(target) =>
            {
                let inverse = inverse(insn.op);
                if let Kind::Branch(_, handler) = kind(inverse, k) {
                    op.handler = handler;
                }
                what = Some(What::Out(inverse));
                self.leave_to(self.next as i64);
                self.go_on_at(target);
            }
            Kind::Branch(handler, _) => {
                op.handler = handler;
                self.taken = target;
                goes_on = false;
            }
            Kind::Jump if self.may_go_on() && is_on_page(target) => {
                let next = self.next;
                self.go_on_at(target);
                if insn.rd == 0 {
                    self.results = before;
                    self.insns.pop();
                    return true;
                }
                op.imm = next as i32;
                op.handler = handlers::one::<PageRelative>;
                what = Some(What::PageRelative);
            }
            Kind::Jump => {
                self.taken = target;
                op.imm = self.next as i32;
                op.handler = match insn.rd {
                    0 => handlers::jump,
                    _ => handlers::jump_and_link,
                };
                what = None;
                goes_on = false;
            }
            Kind::JumpRegister => {
                op.handler = match (insn.rd, k & 9) {
                    (0, 0) => handlers::jump_register::<0>,
                    (0, 1) => handlers::jump_register::<1>,
                    (0, _) => handlers::jump_register::<8>,
                    (_, 0) => handlers::jump_register_and_link::<0>,
                    (_, 1) => handlers::jump_register_and_link::<1>,
                    (_, _) => handlers::jump_register_and_link::<8>,
                };
                what = Some(if insn.rd == 0 {
                    What::Return
                } else {
                    What::Call
                });
                self.link = Some(self.next);
                goes_on = false;
            }
        }
        self.ops.push(op);
        self.parts.push(what.map(|what| Part { what, k }));
        goes_on
    }

    /// Whether a block may have a branch in its middle here.
    fn may_go_on(&self) -> bool {
        self.exits.len() < MOST_EXITS && self.count < MOST_ON
    }

    /// Where a source comes from: `last` or `before`, if it is one of the last results.
    fn source(&self, register: u8, last: u8, before: u8) -> u8 {
        match register {
            0 => 0,
            _ if self.results[0] == Some(register) => last,
            _ if self.results[1] == Some(register) => before,
            _ => 0,
        }
    }

    /// Makes the operation that comes next a branch out of the block.
    fn leave_to(&mut self, target: i64) {
        self.exits.push(BranchOut {
            index: self.ops.len(),
            target: target as i32,
            insns: self.count,
            counts: self.counts,
        });
    }

    /// Goes on reading elsewhere on the page.
    fn go_on_at(&mut self, target: i64) {
        self.pieces.push((self.piece, self.next));
        self.next = target as u64;
        self.piece = self.next;
    }
}

/// Whether a place, counted from the start of a page, is on it.
fn is_on_page(place: i64) -> bool {
    (0..PAGE_SIZE as i64).contains(&place)
}

/// The branch that goes where another one does not.
fn inverse(branch: isa::Op) -> isa::Op {
    match branch {
        isa::Op::Beq => isa::Op::Bne,
        isa::Op::Bne => isa::Op::Beq,
        isa::Op::Blt => isa::Op::Bge,
        isa::Op::Bge => isa::Op::Blt,
        isa::Op::Bltu => isa::Op::Bgeu,
        isa::Op::Bgeu => isa::Op::Bltu,
        other => other,
    }
}

/// The same instruction in the form that has the shorter handler: `mv` is `addi` here, as the compressed one is not.
fn canonical(insn: Insn) -> Insn {
    if insn.op == isa::Op::Add && insn.rs1 == 0 {
        Insn {
            op: isa::Op::Addi,
            rs1: insn.rs2,
            rs2: 0,
            imm: 0,
            ..insn
        }
    } else {
        insn
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
