//! The forgotten `sfence.vma`, and how the sanitizer names it.

use super::{ANY_MEMORY, MEMORY, Play, Scene, program};
use crate::cli::tour::seen::{Look, Seen};
use crate::cli::tour::stage::{Stage, Task};
use crate::cli::tour::text::Text;
use anyhow::Result;
use pagewalk::mmu::Layout;
use pagewalk::mmu::TlbConfig;
use pagewalk::report::walk::entry::letters;

pub(super) const SCENE: Scene = Scene {
    number: 9,
    name: "fence",
    title: "The forgotten sfence.vma",
    memory: MEMORY,
    memories: ANY_MEMORY,
    tlb: None,
    play: Play::Runs(runs),
};

const BEFORE: i64 = 1;
const FORGOTTEN: i64 = 2;
const BEFORE_RIGHT: i64 = 3;
const RIGHT: i64 = 4;

fn runs(stage: &mut Stage<'_>, text: &mut Text) -> Result<Option<()>> {
    let with = Task {
        program: program!("fence"),
        is_kernel: true,
        picture: Some(FORGOTTEN),
        ..Task::default()
    };
    let without = Task {
        tlb: Some(TlbConfig {
            layout: Layout::Off,
            ..TlbConfig::default()
        }),
        picture: None,
        ..with
    };
    let seen = stage.run(&with)?;
    let without = stage.run(&without)?;
    Ok(tell(&seen, &without, text))
}

fn tell(seen: &Seen, without: &Seen, text: &mut Text) -> Option<()> {
    let (before, after) = (seen.at(BEFORE)?, seen.at(FORGOTTEN)?);
    let (old, new) = (frame(before)?, frame(after)?);
    let leaf = before.own()?.pages.first()?.walk.leaf()?;
    text.say(&format!(
        "This program is a kernel of its own, in supervisor mode. Its page at {:#x} lies in the frame at \
         {old:#x} and holds {}. It loads from the page, and so the TLB {}.",
        before.va.0,
        before.value,
        match before.cached {
            Some(_) => "has an entry for it",
            None => "might have an entry for it, but this one has none",
        }
    ));
    text.say(&format!(
        "Then it moves the page: it copies what is in it to the frame at {new:#x}, and stores the new frame \
         in the page's entry, at {:#x}. The old frame it gives to someone else, who writes to it at once. It \
         does not fence. It loads from {:#x} again:",
        leaf.at.0, after.va.0
    ));
    text.lines(told(before, after)?);
    let stale = after.value != before.value;
    if stale {
        text.say(
            "The entry in memory has changed; the copy of it in the TLB has not. A store to a page table is a \
             store like any other, and nothing tells the TLB. No trap, no message: the kernel reads \
             somebody else's data, and would write there too. With --check mmu Pagewalk looks on, and says:",
        );
    } else {
        text.say(&format!(
            "The load is right, by luck: the TLB here, {}, had no entry for the page{}. The mistake is there all \
             the same.",
            seen.tlb,
            match before.cached {
                Some(_) => " any more",
                None => "",
            }
        ));
    }
    let reports = seen.reports.iter().flat_map(|report| report.lines());
    let lines: Vec<String> = reports.flat_map(cut).collect();
    if lines.is_empty() {
        text.say(
            "With --check mmu Pagewalk tells of old translations that are used. Here none was, and it says nothing.",
        );
    } else {
        text.lines(lines);
    }
    let (before, after) = (seen.at(BEFORE_RIGHT)?, seen.at(RIGHT)?);
    text.say(&format!(
        "With another page, at {:#x}, it does the same, and executes sfence.vma {:#x} after the store. The \
         {}load walks:",
        before.va.0,
        before.va.0,
        match before.cached {
            Some(_) => "TLB drops its entry, and the ",
            None => "",
        }
    ));
    text.lines(told(before, after)?);
    if after.value != before.value {
        return None;
    }
    if seen.tlb == without.tlb {
        text.say("Of this page the sanitizer says nothing, either.");
        return Some(());
    }
    let (before, after) = (without.at(BEFORE)?, without.at(FORGOTTEN)?);
    let silent = without.reports.is_empty();
    text.say(&format!(
        "Of this page the sanitizer says nothing. And without a TLB (--tlb off) the same program loads {} \
         from the first page too, {}the sanitizer finds {}: the mistake is in it, and hides. So it does on a \
         machine whose TLB happens to have dropped the entry in time.",
        after.value,
        if after.value == before.value { "and " } else { "but " },
        if silent { "nothing" } else { "something" }
    ));
    Some(())
}

fn frame(look: &Look) -> Option<u64> {
    look.own()?.pages.first()?.frame()
}

/// What the tables, the TLB and the load say of a page that was moved.
fn told(before: &Look, after: &Look) -> Option<Vec<String>> {
    let page = after.own()?.pages.first()?;
    let leaf = page.walk.leaf()?;
    let cached = match &after.cached {
        Some(cached) => format!(
            "{:#x} -> {:#x}, {}, which holds {}; since instruction {}",
            after.va.0,
            cached.frame,
            letters(cached.entry.pte, false),
            cached.word,
            cached.entry.filled_at
        ),
        None => "nothing".to_owned(),
    };
    Some(vec![
        format!("the page held    {}", before.value),
        format!(
            "the tables say   {:#x} -> {:#x}, {}, which holds {}",
            after.va.0,
            page.frame()?,
            letters(leaf.pte, false),
            page.word()?
        ),
        format!("the TLB says     {cached}"),
        format!("the load gives   {}", after.value),
    ])
}

/// A line of the report; what is too long for a terminal goes on below.
fn cut(line: &str) -> Vec<String> {
    const WIDTH: usize = 94;
    const INDENT: usize = 18;
    let mut lines = vec![String::new()];
    for word in line.split_inclusive(' ') {
        let last = lines.len() - 1;
        if lines[last].chars().count() + word.trim_end().chars().count() > WIDTH {
            lines.push(format!("{:INDENT$}{word}", ""));
        } else {
            lines[last].push_str(word);
        }
    }
    lines
}
