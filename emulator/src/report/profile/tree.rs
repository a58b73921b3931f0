//! The tree of calls: a node for each stack that was seen.

use super::names::{FunctionId, Functions, Key};
use crate::isa::Privilege;
use rustc_hash::FxHashMap;

/// A node, by its place in the list.
pub(super) type NodeId = u32;

/// No more stacks are told apart.
const MAX_NODES: usize = 1 << 20;

/// A stack: a function and who called it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// None for a root.
    pub(super) parent: Option<NodeId>,
    pub(super) function: FunctionId,
    /// Where what is too much goes.
    other: NodeId,
    /// Instructions of the function itself.
    pub(super) own: u64,
}

/// All stacks that were seen.
#[derive(Default)]
pub(super) struct Tree {
    /// A parent comes before its children.
    pub(super) nodes: Vec<Node>,
    children: FxHashMap<(Option<NodeId>, FunctionId), NodeId>,
}

impl Tree {
    /// The root of what a hart runs with a privilege.
    pub(super) fn root(
        &mut self,
        names: &mut Functions<'_>,
        hart: usize,
        as_: Privilege,
    ) -> NodeId {
        let function = names.of(Key::Root(hart, as_), String::new);
        if let Some(&root) = self.children.get(&(None, function)) {
            return root;
        }
        let other = self.nodes.len() as NodeId + 1;
        let root = self.add(None, function, other);
        let function = names.other();
        self.add(Some(root), function, other);
        root
    }

    /// What a function called.
    pub(super) fn child(&mut self, parent: NodeId, function: FunctionId) -> NodeId {
        if let Some(&child) = self.children.get(&(Some(parent), function)) {
            return child;
        }
        let other = self.node(parent).map_or(0, |node| node.other);
        if parent == other || self.nodes.len() >= MAX_NODES {
            return other;
        }
        self.add(Some(parent), function, other)
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    pub(super) fn count(&mut self, id: NodeId, instructions: u64) {
        if let Some(node) = self.nodes.get_mut(id as usize) {
            node.own = node.own.saturating_add(instructions);
        }
    }

    fn add(&mut self, parent: Option<NodeId>, function: FunctionId, other: NodeId) -> NodeId {
        let id = self.nodes.len() as NodeId;
        self.nodes.push(Node {
            parent,
            function,
            other,
            own: 0,
        });
        self.children.insert((parent, function), id);
        id
    }
}
