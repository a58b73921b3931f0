//! Shadow stacks: who called whom, as far as jumps and returns tell it.

use super::blocks::Resume;
use super::names::{FunctionId, Functions, Key};
use super::tree::{NodeId, Tree};
use std::collections::VecDeque;

/// A deeper stack loses its oldest half.
const MAX_DEPTH: usize = 512;
/// So many stacks of tasks that do not run are kept for each privilege.
const MAX_PARKED: usize = 256;
/// Of a stack that does not run, so many of the last frames may be the one that a return goes to.
const PARKED_FRAMES: usize = 8;
/// A function that saves registers for its caller (`__riscv_save_12`) returns with a lower stack
/// pointer, less than this away.
const NEAR: u64 = 512;
/// A return that nobody called for, with a stack pointer further away than this, is to another task.
const ANOTHER_STACK: u64 = 4096;

/// How a frame came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It is not known who called it, or a trap did.
    Base,
    /// A call: where it returns to.
    Call(u64),
    /// A trap: the instruction that trapped or was interrupted.
    Trap(u64),
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    kind: Kind,
    /// The stack pointer at the call.
    sp: u64,
    function: FunctionId,
    node: NodeId,
}

/// The calls of one task with one privilege. Never empty.
#[derive(Clone, Debug)]
pub(super) struct Stack {
    root: NodeId,
    frames: Vec<Frame>,
    /// It was left for a higher privilege: what holds when it goes on.
    pub(super) left: Option<Resume>,
}

impl Stack {
    /// A stack of one function. What called it is not known.
    pub(super) fn new(tree: &mut Tree, root: NodeId, function: FunctionId, sp: u64) -> Self {
        let mut stack = Self {
            root,
            frames: Vec::new(),
            left: None,
        };
        stack.push(tree, Kind::Base, function, sp);
        stack
    }

    /// The stack of a handler that a trap from a lower privilege has entered.
    pub(super) fn of_trap(
        tree: &mut Tree,
        root: NodeId,
        (trap, handler): (FunctionId, FunctionId),
        (epc, sp): (u64, u64),
    ) -> Self {
        let mut stack = Self {
            root,
            frames: Vec::new(),
            left: None,
        };
        stack.push(tree, Kind::Trap(epc), trap, sp);
        stack.push(tree, Kind::Base, handler, sp);
        stack
    }

    /// The node to count for, and its function.
    pub(super) fn top(&self) -> (NodeId, FunctionId) {
        let top = self.frames.last();
        top.map_or((self.root, 0), |top| (top.node, top.function))
    }

    /// Whether it began with a trap, so that the way back ends it.
    pub(super) fn is_handler(&self) -> bool {
        matches!(
            self.frames.first(),
            Some(Frame {
                kind: Kind::Trap(_),
                ..
            })
        )
    }

    fn push(&mut self, tree: &mut Tree, kind: Kind, function: FunctionId, sp: u64) {
        let parent = self.top().0;
        self.frames.push(Frame {
            kind,
            sp,
            function,
            node: tree.child(parent, function),
        });
    }

    /// A call of a function.
    pub(super) fn call(
        &mut self,
        (tree, names): (&mut Tree, &mut Functions<'_>),
        function: FunctionId,
        (back, sp): (u64, u64),
    ) {
        self.bound(tree, names);
        let same_page = self.top().1 == function
            && matches!(names.get(function), Some(it) if matches!(it.key, Key::Page(_)));
        if same_page {
            // Nobody knows whether it is another function.
            let node = self.top().0;
            self.frames.push(Frame {
                kind: Kind::Call(back),
                sp,
                function,
                node,
            });
        } else {
            self.push(tree, Kind::Call(back), function, sp);
        }
    }

    /// A trap to the same privilege.
    pub(super) fn trap(
        &mut self,
        (tree, names): (&mut Tree, &mut Functions<'_>),
        (trap, handler): (FunctionId, FunctionId),
        (epc, sp): (u64, u64),
    ) {
        self.bound(tree, names);
        self.push(tree, Kind::Trap(epc), trap, sp);
        self.push(tree, Kind::Base, handler, sp);
    }

    /// The function that runs is another one: a jump at its end, or code that runs on.
    pub(super) fn become_function(&mut self, tree: &mut Tree, function: FunctionId) {
        let Some(top) = self.frames.pop() else {
            return;
        };
        if top.function == function {
            self.frames.push(top);
        } else if let Kind::Trap(_) = top.kind {
            self.frames.push(top);
            self.push(tree, Kind::Base, function, top.sp);
        } else {
            self.push(tree, top.kind, function, top.sp);
        }
    }

    /// A jump that is not marked as a return, but is one.
    pub(super) fn returns_from_top(&mut self, target: u64, sp: u64) -> bool {
        let is = |top: &Frame| top.kind == Kind::Call(target) && top.sp == sp;
        let found = self.frames.last().is_some_and(is);
        if found {
            self.frames.pop();
        }
        found
    }

    /// The last call that returns there, with the stack as it was, ends, and those after it.
    fn returns(&mut self, target: u64, so: impl Fn(&Frame) -> bool) -> bool {
        let is = |frame: &Frame| frame.kind == Kind::Call(target) && so(frame);
        let found = self.frames.iter().rposition(is);
        if let Some(place) = found {
            self.frames.truncate(place);
        }
        found.is_some()
    }

    /// The handler of the last trap that was taken there, or just before, ends.
    fn returns_from_trap(&mut self, target: u64, sp: u64) -> bool {
        let is = |frame: &Frame| {
            matches!(frame.kind, Kind::Trap(epc) if resumes(epc, target)) && frame.sp == sp
        };
        let found = self.frames.iter().rposition(is).filter(|&place| place > 0);
        if let Some(place) = found {
            self.frames.truncate(place);
        }
        found.is_some()
    }

    /// The handler of the last trap ends, wherever it goes.
    fn leave_trap(&mut self) {
        let is = |frame: &Frame| matches!(frame.kind, Kind::Trap(_));
        let found = self.frames.iter().rposition(is);
        if let Some(place) = found.filter(|&place| place > 0) {
            self.frames.truncate(place);
        }
    }

    fn is_another(&self, sp: u64) -> bool {
        let far = |top: &Frame| top.sp.abs_diff(sp) > ANOTHER_STACK;
        self.frames.len() > 1 && self.frames.last().is_some_and(far)
    }

    fn bound(&mut self, tree: &mut Tree, names: &mut Functions<'_>) {
        if self.frames.len() < MAX_DEPTH {
            return;
        }
        let deep = names.of(Key::Deep, || "[deeper]".to_owned());
        self.frames.drain(..MAX_DEPTH / 2);
        self.frames.insert(
            0,
            Frame {
                kind: Kind::Base,
                sp: 0,
                function: deep,
                node: self.root,
            },
        );
        self.move_to(tree, self.root);
    }

    /// Hangs it below another root.
    fn move_to(&mut self, tree: &mut Tree, root: NodeId) {
        self.root = root;
        let (mut node, mut last) = (root, None);
        for frame in &mut self.frames {
            // Frames in one page that has no symbols share a node.
            let shared = last == Some((frame.function, frame.node));
            last = Some((frame.function, frame.node));
            if !shared {
                node = tree.child(node, frame.function);
            }
            frame.node = node;
        }
    }
}

/// Whether a handler that returns to `target` returns from a trap of the instruction at `epc`.
fn resumes(epc: u64, target: u64) -> bool {
    matches!(target.wrapping_sub(epc), 0 | 2 | 4)
}

/// The stacks of the tasks that do not run, with one privilege.
#[derive(Default)]
pub(super) struct Parked(VecDeque<Stack>);

impl Parked {
    pub(super) fn park(&mut self, stack: Stack) {
        if self.0.len() >= MAX_PARKED {
            self.0.pop_front();
        }
        self.0.push_back(stack);
    }

    fn take(
        &mut self,
        tree: &mut Tree,
        root: NodeId,
        is: impl Fn(&Stack) -> bool,
    ) -> Option<Stack> {
        let place = self.0.iter().rposition(is)?;
        let mut stack = self.0.remove(place)?;
        if stack.root != root {
            stack.move_to(tree, root);
        }
        Some(stack)
    }

    /// A return. Says whether the stack that runs now knew of it; if not, its last function has
    /// become another one, unless another stack is needed.
    pub(super) fn returns(
        &mut self,
        tree: &mut Tree,
        stack: &mut Stack,
        (target, sp): (u64, u64),
    ) -> Returned {
        if stack.returns(target, |frame| frame.sp == sp) {
            return Returned::Here;
        }
        let is = |frame: &Frame| frame.kind == Kind::Call(target) && frame.sp == sp;
        let waits = |other: &Stack| {
            let last = other.frames.iter().rev().take(PARKED_FRAMES);
            last.into_iter().any(is)
        };
        if let Some(mut other) = self.take(tree, stack.root, waits) {
            other.returns(target, |frame| frame.sp == sp);
            self.park(std::mem::replace(stack, other));
            return Returned::Here;
        }
        if stack.returns(target, |frame| frame.sp.abs_diff(sp) <= NEAR) {
            Returned::Here
        } else if stack.is_another(sp) {
            Returned::ToAnotherStack
        } else {
            Returned::Nowhere
        }
    }

    /// The way back from a trap to the same privilege.
    pub(super) fn returns_from_trap(
        &mut self,
        tree: &mut Tree,
        stack: &mut Stack,
        (target, sp): (u64, u64),
    ) {
        if stack.returns_from_trap(target, sp) {
            return;
        }
        let waits = |other: &Stack| {
            let is = |frame: &Frame| {
                matches!(frame.kind, Kind::Trap(epc) if resumes(epc, target)) && frame.sp == sp
            };
            let last = other.frames.iter().skip(1).rev().take(PARKED_FRAMES);
            last.into_iter().any(is)
        };
        if let Some(mut other) = self.take(tree, stack.root, waits) {
            other.returns_from_trap(target, sp);
            self.park(std::mem::replace(stack, other));
        } else {
            stack.leave_trap();
        }
    }

    /// The stack that goes on when a handler of a higher privilege returns.
    pub(super) fn resume(&mut self, tree: &mut Tree, root: NodeId, at: Resume) -> Option<Stack> {
        self.take(tree, root, |stack| stack.goes_on(at))
    }
}

impl Stack {
    /// Whether this is the stack that goes on when a handler of a higher privilege returns.
    pub(super) fn goes_on(&self, at: Resume) -> bool {
        self.left.is_some_and(|left| {
            let same = |it: Resume| (it.privilege, it.sp, it.satp);
            resumes(left.pc, at.pc) && same(left) == same(at)
        })
    }
}

/// What a return has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// It ended a call.
    Here,
    /// It ended no call that is known: it is a jump.
    Nowhere,
    /// It goes to a task that is not known yet.
    ToAnotherStack,
}
