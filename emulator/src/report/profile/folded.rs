//! Folded stacks, as tools that draw flame graphs read them: a line for each stack, its frames from the outermost
//! to the innermost with semicolons between, a space, a count.

use super::Profile;
use super::names::{Function, Key};
use crate::isa::Privilege;
use std::collections::BTreeMap;
use std::io::{self, Write};

impl Profile<'_> {
    /// Writes the folded stacks, sorted. The first two frames are the hart and its privilege mode.
    pub fn write_folded(&self, out: &mut impl Write) -> io::Result<()> {
        // Different symbols may have one name.
        let mut lines: BTreeMap<String, u64> = BTreeMap::new();
        for node in self.tree.nodes.iter().filter(|node| node.own != 0) {
            let mut frames = Vec::new();
            let mut next = Some(node);
            while let Some(node) = next {
                frames.extend(self.function(node.function).map(frame));
                next = node.parent.and_then(|parent| self.tree.node(parent));
            }
            frames.reverse();
            let count = lines.entry(frames.join(";")).or_default();
            *count = count.saturating_add(node.own);
        }
        for (stack, count) in lines {
            writeln!(out, "{stack} {count}")?;
        }
        Ok(())
    }
}

fn frame(function: &Function) -> String {
    match function.key {
        Key::Root(hart, privilege) => format!("hart {hart};{}", mode(privilege)),
        // A symbol may have any character in it.
        _ => (function.name.chars())
            .map(|letter| match letter {
                ';' => ':',
                letter if letter.is_control() => '?',
                letter => letter,
            })
            .collect(),
    }
}

fn mode(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::User => "U-mode",
        Privilege::Supervisor => "S-mode",
        Privilege::Machine => "M-mode",
    }
}
