//! Two processes, the same virtual address, different frames.

use super::{ANY_MEMORY, MEMORY, Play, Scene, program};
use crate::cli::tour::seen::{Look, PageSeen, Seen, SpaceSeen};
use crate::cli::tour::text::Text;
use pagewalk::mem::PhysAddr;
use pagewalk::report::walk::entry::letters;

pub(super) const SCENE: Scene = Scene {
    number: 2,
    name: "processes",
    title: "Two processes, one address",
    memory: MEMORY,
    memories: ANY_MEMORY,
    tlb: None,
    play: Play::Once {
        program: program!("processes"),
        picture: CHILD,
        tell,
    },
};

const BEFORE: i64 = 1;
const CHILD: i64 = 2;
const CODE: i64 = 3;
const PARENT: i64 = 4;

fn tell(seen: &Seen, text: &mut Text) -> Option<()> {
    let (before, child) = (seen.at(BEFORE)?, seen.at(CHILD)?);
    let (code, parent) = (seen.at(CODE)?, seen.at(PARENT)?);
    let first = page(before.own()?)?;
    let va = before.va.0;
    text.say(&format!(
        "A program stores {} in a variable at {va:#x} and forks: now there are two processes. The child \
         stores {} in its variable, at {va:#x} as well. These are the two address spaces at that moment:",
        first.word()?,
        child.value
    ));
    text.lines(table(child)?);
    let (spaces, own) = both(child)?;
    let [theirs, ours] = [page(spaces)?.frame()?, page(own)?.frame()?];
    if theirs == ours {
        return None;
    }
    let reaches = |range: &pagewalk::mmu::MappedRange| {
        range.pa <= PhysAddr(theirs) && PhysAddr(theirs) <= range.last_pa()
    };
    if own.ranges.iter().any(reaches) {
        return None;
    }
    text.say(&format!(
        "One address, two trees of tables, two frames. The kernel changes from one process to the other \
         by writing satp. None of the {} pages that the child can use leads to {theirs:#x}, where its \
         parent's variable lies: there is no address by which it could ask for it.",
        own.mapped() / 4096
    ));
    let (theirs, ours) = both(code)?;
    let [theirs, ours] = [page(theirs)?, page(ours)?];
    if theirs.frame() != ours.frame() {
        return None;
    }
    text.say(&format!(
        "What nobody may write to can be shared. The program's code at {:#x} is in the frame at {:#x} \
         for both, with the rights {}.",
        code.va.0,
        ours.frame()?,
        letters(ours.walk.leaf()?.pte, false)
    ));
    text.say(&format!(
        "The child ends. Its parent reads its own variable again and finds {}.",
        parent.value
    ));
    Some(())
}

fn page(space: &SpaceSeen) -> Option<&PageSeen> {
    space.pages.first()
}

/// The parent's address space and the child's, who came to the mark.
fn both(look: &Look) -> Option<(&SpaceSeen, &SpaceSeen)> {
    match &look.spaces[..] {
        [parent, child] => Some((parent, child)),
        _ => None,
    }
}

fn table(look: &Look) -> Option<Vec<String>> {
    let (parent, child) = both(look)?;
    let mut lines = vec![format!(
        "{:<8}{:<14}{:<16}{:<12}{}",
        "", "first table", "address", "frame", "holds"
    )];
    for (name, space) in [("parent", parent), ("child", child)] {
        let page = page(space)?;
        lines.push(format!(
            "{name:<8}{:<14}{:<16}{:<12}{}",
            format!("{:#x}", space.satp.root().0),
            format!("{:#x}", look.va.0),
            format!("{:#x}", page.frame()?),
            page.word()?
        ));
    }
    Some(lines)
}
