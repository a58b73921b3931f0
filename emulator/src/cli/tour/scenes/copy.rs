//! Copy-on-write after a fork, counted in frames.

use super::{ANY_MEMORY, MEMORY, Play, Scene, program};
use crate::cli::tour::seen::{Look, Seen, SpaceSeen, UserFault};
use crate::cli::tour::text::{Text, count};
use pagewalk::mem::PAGE_SIZE;
use pagewalk::report::walk::entry::letters;
use std::collections::BTreeSet;

pub(super) const SCENE: Scene = Scene {
    number: 7,
    name: "copy",
    title: "What fork copies, and when",
    memory: MEMORY,
    memories: ANY_MEMORY,
    tlb: None,
    play: Play::Once {
        program: program!("copy"),
        picture: WRITTEN,
        tell,
    },
};

const BEFORE: i64 = 1;
const FORKED: i64 = 2;
const WRITTEN: i64 = 3;
const ALONE: i64 = 4;
const LAST: i64 = 5;

fn tell(seen: &Seen, text: &mut Text) -> Option<()> {
    let (before, forked, written) = (seen.at(BEFORE)?, seen.at(FORKED)?, seen.at(WRITTEN)?);
    let (alone, last) = (seen.at(ALONE)?, seen.at(LAST)?);
    let pages = before.own()?.pages.len() as u64;
    text.say(&format!(
        "A process has written to {}, from {:#x} on. It forks, and the child gets an address space of its \
         own. To copy all of it would take long, and most copies would never be looked at. So the kernel \
         copies the entries and takes away the w from both. The first page, before and after:",
        count(pages, "page"),
        before.va.0
    ));
    let [parent, child] = &forked.spaces[..] else {
        return None;
    };
    text.lines([
        format!("before        {}", entry(before.own()?)?),
        format!("after: parent {}", entry(parent)?),
        format!("       child  {}", entry(child)?),
    ]);
    let faults = inside(seen, forked, written, pages);
    text.say(&format!(
        "Now the child writes to some of its pages. Each time the walk finds no w and faults. The kernel \
         sees that the page may be written and the frame is shared: it copies the frame, and the \
         instruction runs again. {}:",
        count(faults.len() as u64, "page fault")
    ));
    let (old, new) = (forked.own()?.frames(), written.own()?.frames());
    let mut lines = Vec::new();
    for fault in &faults {
        let index = usize::try_from((fault.fault.va.0 - before.va.0) / PAGE_SIZE).ok()?;
        lines.push(format!(
            "page {index:<2}  {:<14} at {:#x}: copied from {:#x} to {:#x}",
            fault.instruction,
            fault.trap.epc,
            (*old.get(index)?)?,
            (*new.get(index)?)?
        ));
    }
    text.lines(lines);
    let mended = inside(seen, alone, last, pages);
    let [there, after] = [alone.own()?.frames(), last.own()?.frames()];
    text.say("Counted in frames:");
    let mut lines = vec![row(
        ["", "parent", "child", "of both", "in all"].map(str::to_owned)
    )];
    for (what, look) in [
        ("before the fork", before),
        ("after it", forked),
        ("the child has written", written),
    ] {
        lines.push(counted(what, look)?);
    }
    lines.push(counted_alone("the child has ended", alone)?);
    text.lines(lines);
    if there != after {
        return None;
    }
    text.say(&format!(
        "At last the parent, alone again, writes to pages 7 and 8. It has lost the w too, so it takes \
         {}; but nobody else has these frames now. The kernel gives back the w and copies nothing: \
         all {} are where they were.",
        count(mended.len() as u64, "fault"),
        count(pages, "page")
    ));
    Some(())
}

/// The entry of the first page.
fn entry(space: &SpaceSeen) -> Option<String> {
    let page = space.pages.first()?;
    let leaf = page.walk.leaf()?;
    Some(format!(
        "entry {:#x} holds {:#x}: {}, frame {:#x}",
        leaf.at.0,
        leaf.pte.0,
        letters(leaf.pte, false),
        page.frame()?
    ))
}

/// The faults in the memory that the scene is about.
fn inside<'a>(seen: &'a Seen, from: &Look, to: &Look, pages: u64) -> Vec<&'a UserFault> {
    let start = from.va.0;
    let mut faults = seen.faults_between(from, to);
    faults.retain(|fault| fault.fault.va.0.wrapping_sub(start) < pages * PAGE_SIZE);
    faults
}

fn row([what, parent, child, both, all]: [String; 5]) -> String {
    format!("{what:<23}{parent:>8}{child:>8}{both:>10}{all:>9}")
}

fn set(space: &SpaceSeen) -> BTreeSet<u64> {
    space.frames().into_iter().flatten().collect()
}

/// How many frames the parent has, how many the child.
fn counted(what: &str, look: &Look) -> Option<String> {
    let [parent, child] = &look.spaces[..] else {
        return counted_alone(what, look);
    };
    let (parent, child) = (set(parent), set(child));
    let both = parent.intersection(&child).count();
    let all = parent.union(&child).count();
    let numbers = [parent.len(), child.len(), both, all].map(|number| number.to_string());
    let [parent, child, both, all] = numbers;
    Some(row([what.to_owned(), parent, child, both, all]))
}

fn counted_alone(what: &str, look: &Look) -> Option<String> {
    let frames = set(look.own()?).len().to_string();
    let none = || "-".to_owned();
    Some(row([
        what.to_owned(),
        frames.clone(),
        none(),
        none(),
        frames,
    ]))
}
