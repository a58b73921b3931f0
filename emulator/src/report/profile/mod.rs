//! Which functions and which blocks of the guest took the instructions.
//!
//! Each instruction is counted, once for the function and the stack it ran in and once for its block: nothing is
//! sampled. Who called whom is told by jumps and returns, as the manual's hints for predicting return addresses
//! have it. Frames are found again by return address and stack pointer, so a `longjmp`, a task switch or a program
//! that has no symbols costs the right stack at worst, never an instruction.
//!
//! Memory is bounded: what is too much to be told apart is counted together.

mod blocks;
mod folded;
mod names;
mod stack;
mod text;
mod transfer;
mod tree;

use crate::engine::{Observer, Retired};
use crate::hart::{Cause, Hart, TrapTaken};
use crate::isa::{Exception, ExtensionSet, Privilege};
use crate::loader::Guest;
use blocks::{Blocks, MAX_LENGTH, Resume, Run};
use names::{Extent, Function, FunctionId, Functions, Key};
use stack::{Parked, Returned, Stack};
use transfer::Transfer;
use tree::{NodeId, Tree};

/// Privilege modes, the highest first.
const MODES: [Privilege; 3] = [Privilege::Machine, Privilege::Supervisor, Privilege::User];

/// Counts the instructions of a run. [`Profiler::finish`] gives the figures.
pub struct Profiler<'a> {
    figures: Figures<'a>,
    harts: Vec<Watched>,
}

/// What all harts share.
struct Figures<'a> {
    names: Functions<'a>,
    tree: Tree,
    blocks: Blocks,
    /// By privilege.
    parked: [Parked; 4],
}

/// What is known of a hart.
struct Watched {
    /// By privilege.
    stacks: [Option<Stack>; 4],
    privilege: Privilege,
    /// Where the next instruction must be.
    next: u64,
    extent: Extent,
    node: NodeId,
    /// Instructions of the node that are not counted there yet.
    pending: u64,
    run: Run,
    extensions: ExtensionSet,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            stacks: Default::default(),
            privilege: Privilege::Machine,
            // No instruction is there.
            next: 1,
            extent: Extent::default(),
            node: 0,
            pending: 0,
            run: Run::default(),
            extensions: ExtensionSet::default(),
        }
    }
}

/// The stack pointer.
const SP: u8 = 2;

impl<'a> Profiler<'a> {
    /// Counts the instructions of a guest, which has been placed in RAM.
    pub fn new(guest: &'a Guest) -> Self {
        Self {
            figures: Figures {
                names: Functions::new(guest),
                tree: Tree::default(),
                blocks: Blocks::default(),
                parked: Default::default(),
            },
            harts: Vec::new(),
        }
    }

    /// The figures of what has run.
    pub fn finish(mut self) -> Profile<'a> {
        for hart in &mut self.harts {
            self.figures.settle(hart);
            self.figures.blocks.end(hart.privilege, &hart.run);
        }
        self.figures.blocks.finish();
        let Figures {
            names,
            tree,
            blocks,
            ..
        } = self.figures;
        Profile {
            names,
            tree,
            blocks,
            extensions: self
                .harts
                .first()
                .map(|hart| hart.extensions)
                .unwrap_or_default(),
        }
    }

    #[inline(always)]
    fn watched(&mut self, id: usize) -> (&mut Figures<'a>, &mut Watched) {
        if self.harts.len() <= id {
            self.harts.resize_with(id + 1, Watched::default);
        }
        (&mut self.figures, &mut self.harts[id])
    }
}

impl Observer for Profiler<'_> {
    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        let (figures, watched) = self.watched(hart.id);
        if retired.pc != watched.next || retired.privilege != watched.privilege {
            figures.begin(watched, hart, retired);
        } else if !watched.extent.holds(retired.pc) {
            figures.settle(watched);
            figures.end_run(watched);
            let extent = (figures.names).find_fetched(hart, retired.privilege, retired.pc);
            figures.arrive_in(watched, hart, retired.pc, extent);
        }
        watched.pending += 1;
        watched.run.push(retired.fetched.word, retired.fetched.len);
        watched.next = hart.pc;
        let transfer = Transfer::of(&retired.insn);
        if transfer != Transfer::None {
            figures.transfer(watched, hart, retired, transfer);
        } else if watched.run.length() >= MAX_LENGTH {
            figures.end_run(watched);
            watched.run = Run::new(hart.pc, watched.extent.moved);
        }
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        let (figures, watched) = self.watched(trap.hart);
        figures.trap(watched, hart, trap);
    }
}

impl Figures<'_> {
    /// Counts what is pending.
    fn settle(&mut self, watched: &mut Watched) {
        let count = std::mem::take(&mut watched.pending);
        if count != 0 {
            self.tree.count(watched.node, count);
            let function = watched.extent.function;
            self.names.count(function, watched.privilege, count);
        }
    }

    fn end_run(&mut self, watched: &mut Watched) {
        self.blocks.end(watched.privilege, &watched.run);
        watched.run = Run::default();
    }

    fn root(&mut self, hart: &Hart, privilege: Privilege) -> NodeId {
        self.tree.root(&mut self.names, hart.id, privilege)
    }

    /// The stack that runs, which is there unless the hart has just begun.
    fn stack<'w>(&mut self, watched: &'w mut Watched, hart: &Hart) -> &'w mut Stack {
        let privilege = watched.privilege;
        let root = self.root(hart, privilege);
        let (tree, function) = (&mut self.tree, watched.extent.function);
        watched.stacks[privilege as usize & 3]
            .get_or_insert_with(|| Stack::new(tree, root, function, hart.x(SP)))
    }

    /// The hart is at an address of the function that runs, or of one that takes its place.
    fn arrive(&mut self, watched: &mut Watched, hart: &Hart, pc: u64) {
        let extent = self.names.find(hart, watched.privilege, pc);
        self.arrive_in(watched, hart, pc, extent);
    }

    fn arrive_in(&mut self, watched: &mut Watched, hart: &Hart, pc: u64, extent: Extent) {
        watched.extent = extent;
        let stack = self.stack(watched, hart);
        stack.become_function(&mut self.tree, extent.function);
        watched.node = stack.top().0;
        watched.run = Run::new(pc, extent.moved);
    }

    /// The hart begins, at first or after a reset.
    fn begin(&mut self, watched: &mut Watched, hart: &Hart, retired: &Retired) {
        self.settle(watched);
        self.end_run(watched);
        *watched = Watched {
            privilege: retired.privilege,
            extensions: hart.extensions(),
            ..Watched::default()
        };
        let extent = (self.names).find_fetched(hart, retired.privilege, retired.pc);
        watched.extent = extent;
        self.arrive_in(watched, hart, retired.pc, extent);
    }

    fn transfer(
        &mut self,
        watched: &mut Watched,
        hart: &Hart,
        retired: &Retired,
        transfer: Transfer,
    ) {
        self.end_run(watched);
        let (pc, sp) = (hart.pc, hart.x(SP));
        if transfer == Transfer::Jump && watched.extent.holds(pc) {
            // A loop: the most frequent case.
            watched.run = Run::new(pc, watched.extent.moved);
            return;
        }
        self.settle(watched);
        let back = retired.pc.wrapping_add(u64::from(retired.fetched.len));
        match transfer {
            Transfer::None => {}
            Transfer::Jump => {
                self.stack(watched, hart).returns_from_top(pc, sp);
            }
            Transfer::Call => self.call(watched, hart, back),
            Transfer::Return => self.returns(watched, hart),
            Transfer::Swap => {
                self.stack(watched, hart).returns_from_top(pc, sp);
                self.call(watched, hart, back);
            }
            Transfer::TrapReturn => {
                self.returns_from_trap(watched, hart);
                return;
            }
        }
        self.arrive(watched, hart, pc);
    }

    fn call(&mut self, watched: &mut Watched, hart: &Hart, back: u64) {
        let callee = self.names.find(hart, watched.privilege, hart.pc).function;
        let stack = self.stack(watched, hart);
        let tables = (&mut self.tree, &mut self.names);
        stack.call(tables, callee, (back, hart.x(SP)));
    }

    fn returns(&mut self, watched: &mut Watched, hart: &Hart) {
        let place = watched.privilege as usize & 3;
        let to = (hart.pc, hart.x(SP));
        self.stack(watched, hart);
        let Some(stack) = &mut watched.stacks[place] else {
            return;
        };
        let done = self.parked[place].returns(&mut self.tree, stack, to);
        if done == Returned::ToAnotherStack {
            let function = self.names.find(hart, watched.privilege, hart.pc).function;
            let root = self.root(hart, watched.privilege);
            let new = Stack::new(&mut self.tree, root, function, hart.x(SP));
            if let Some(old) = watched.stacks[place].replace(new) {
                self.parked[place].park(old);
            }
        }
    }

    fn returns_from_trap(&mut self, watched: &mut Watched, hart: &Hart) {
        let (old, new) = (watched.privilege, hart.privilege);
        let place = new as usize & 3;
        let at = Resume {
            privilege: new,
            pc: hart.pc,
            sp: hart.x(SP),
            satp: hart.csr.satp,
        };
        if old == new {
            self.stack(watched, hart);
            if let Some(stack) = &mut watched.stacks[place] {
                self.parked[place].returns_from_trap(&mut self.tree, stack, (at.pc, at.sp));
            }
        } else {
            // A handler is done; anything else may be gone back to by other ways.
            let left = watched.stacks[old as usize & 3].take();
            if let Some(left) = left.filter(|left| !left.is_handler()) {
                self.parked[old as usize & 3].park(left);
            }
            watched.privilege = new;
            let here = watched.stacks[place].take_if(|stack| stack.goes_on(at));
            if here.is_none()
                && let Some(other) = watched.stacks[place].take()
            {
                self.parked[place].park(other);
            }
            let root = self.root(hart, new);
            let stack = here.or_else(|| self.parked[place].resume(&mut self.tree, root, at));
            watched.stacks[place] = Some(stack.unwrap_or_else(|| {
                let function = self.names.find(hart, new, hart.pc).function;
                Stack::new(&mut self.tree, root, function, hart.x(SP))
            }));
        }
        self.arrive(watched, hart, hart.pc);
        if let Some(run) = self.blocks.resume(at) {
            watched.run = run;
        }
    }

    fn trap(&mut self, watched: &mut Watched, hart: &Hart, trap: &TrapTaken) {
        self.settle(watched);
        let sp = hart.x(SP);
        let left = Resume {
            privilege: trap.from,
            pc: trap.epc,
            sp,
            satp: hart.csr.satp,
        };
        // A system call does not come back to where it was.
        match trap.cause {
            Cause::Exception(
                Exception::EnvironmentCallFromU
                | Exception::EnvironmentCallFromS
                | Exception::EnvironmentCallFromM,
            ) => self.blocks.end(watched.privilege, &watched.run),
            _ => self.blocks.interrupt(left, &watched.run),
        }
        watched.run = Run::default();
        if watched.next == 1 || watched.privilege != trap.from {
            // Nothing has run before.
            *watched = Watched {
                privilege: trap.from,
                extensions: hart.extensions(),
                ..Watched::default()
            };
            watched.extent = self.names.find(hart, trap.from, trap.epc);
        }
        watched.next = trap.handler;
        if turns_translation_on(trap) {
            self.arrive(watched, hart, trap.handler);
            return;
        }
        let cause = Key::Trap(trap.cause.bits());
        let cause = self.names.of(cause, || format!("[{}]", trap.cause));
        let handler = self.names.find(hart, trap.to, trap.handler).function;
        if trap.from == trap.to {
            let stack = self.stack(watched, hart);
            let tables = (&mut self.tree, &mut self.names);
            stack.trap(tables, (cause, handler), (trap.epc, sp));
        } else {
            self.stack(watched, hart).left = Some(left);
            watched.privilege = trap.to;
            let root = self.root(hart, trap.to);
            let (place, frames) = (trap.to as usize & 3, (cause, handler));
            let new = Stack::of_trap(&mut self.tree, root, frames, (trap.epc, sp));
            watched.stacks[place] = Some(new);
        }
        self.arrive(watched, hart, trap.handler);
    }
}

/// Whether a trap is the way in which Linux turns translation on: the instruction after the write of `satp` is not
/// mapped, and the handler is the same instruction where it is. Nothing returns from there.
fn turns_translation_on(trap: &TrapTaken) -> bool {
    let fetch = Cause::Exception(Exception::InstructionPageFault);
    // The handler is aligned to four bytes.
    let distance = trap.handler.wrapping_sub(trap.epc) & 0xfff;
    trap.cause == fetch && trap.from == trap.to && trap.value == trap.epc && distance <= 2
}

/// What a run took, by function, stack and block.
pub struct Profile<'a> {
    names: Functions<'a>,
    tree: Tree,
    blocks: Blocks,
    extensions: ExtensionSet,
}

/// What a function took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionFigures {
    /// Its symbol, or what stands for one in brackets: a page, a trap.
    pub name: String,
    /// Its own instructions, by [`Privilege`].
    pub own: [u64; 4],
    /// With what it called; what it does while it calls itself counts once.
    pub total: u64,
}

impl FunctionFigures {
    /// Its own instructions.
    pub fn own(&self) -> u64 {
        self.own.iter().sum()
    }
}

/// What a block took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockFigures {
    /// The privilege it ran in.
    pub privilege: Privilege,
    /// Its first address.
    pub start: u64,
    /// The first address behind it.
    pub end: u64,
    /// How many instructions it has.
    pub length: u32,
    /// How often it ran.
    pub times: u64,
    /// Instructions: its length as often as it ran.
    pub instructions: u64,
}

impl Profile<'_> {
    /// All instructions.
    pub fn instructions(&self) -> u64 {
        self.by_privilege().iter().sum()
    }

    /// Instructions by [`Privilege`].
    pub fn by_privilege(&self) -> [u64; 4] {
        let mut sum = [0_u64; 4];
        for function in &self.names.list {
            for (sum, own) in sum.iter_mut().zip(function.own) {
                *sum = sum.saturating_add(own);
            }
        }
        sum
    }

    /// The functions, those with most instructions of their own first.
    pub fn functions(&self) -> Vec<FunctionFigures> {
        let totals = self.totals();
        let mut found: Vec<_> = (self.names.list.iter().zip(totals))
            .filter(|(function, total)| {
                let root = matches!(function.key, Key::Root(..));
                !root && (*total != 0 || function.own != [0; 4])
            })
            .map(|(function, total)| FunctionFigures {
                name: function.name.clone(),
                own: function.own,
                total,
            })
            .collect();
        found.sort_by(|one, other| {
            let key = |it: &FunctionFigures| std::cmp::Reverse((it.own(), it.total));
            key(one)
                .cmp(&key(other))
                .then_with(|| one.name.cmp(&other.name))
        });
        found
    }

    /// The blocks, those that took most first.
    pub fn blocks(&self) -> Vec<BlockFigures> {
        let found = self.blocks.list();
        let figures = found.iter().map(|block| BlockFigures {
            privilege: block.privilege,
            start: block.run.start,
            end: block.end(),
            length: block.run.length(),
            times: block.times,
            instructions: block.instructions(),
        });
        figures.collect()
    }

    /// Instructions of blocks that were too many to be told apart.
    pub fn other_blocks(&self) -> u64 {
        self.blocks.other
    }

    /// The instructions of each function with what it called: each stack counts once for each
    /// function in it.
    fn totals(&self) -> Vec<u64> {
        let nodes = &self.tree.nodes;
        let mut below: Vec<u64> = nodes.iter().map(|node| node.own).collect();
        for (id, node) in nodes.iter().enumerate().rev() {
            if let Some(parent) = node.parent {
                let sum = below[id];
                let parent = &mut below[parent as usize];
                *parent = parent.saturating_add(sum);
            }
        }
        let mut totals = vec![0_u64; self.names.list.len()];
        for (node, sum) in nodes.iter().zip(below) {
            let mut above = node.parent;
            let mut inside = false;
            while let Some(parent) = above.and_then(|id| nodes.get(id as usize)) {
                inside |= parent.function == node.function;
                above = parent.parent;
            }
            if let Some(total) = totals.get_mut(node.function as usize).filter(|_| !inside) {
                *total = total.saturating_add(sum);
            }
        }
        totals
    }

    fn function(&self, id: FunctionId) -> Option<&Function> {
        self.names.get(id)
    }
}
