//! Large pages: the same loop with 4 KiB and 2 MiB pages.

use super::{MEMORY, Play, Scene, program};
use crate::cli::tour::seen::{Look, Seen};
use crate::cli::tour::text::{Text, count};
use pagewalk::isa::Privilege;
use pagewalk::mmu::{AccessKind, PageSize};
use pagewalk::report::stats::grouped;
use pagewalk::report::walk::bytes;

pub(super) const SCENE: Scene = Scene {
    number: 8,
    name: "large",
    title: "Large pages",
    memory: MEMORY,
    memories: 12 << 20..=u64::MAX,
    tlb: Some("u=16"),
    play: Play::Once {
        program: program!("large"),
        picture: LARGE_DONE,
        tell,
    },
};

const SMALL: i64 = 1;
const SMALL_DONE: i64 = 2;
const LARGE: i64 = 3;
const LARGE_DONE: i64 = 4;

/// What the MMU did in one loop.
struct Loop {
    page: PageSize,
    levels: usize,
    loads: u64,
    misses: u64,
    walks: u64,
    entries: u64,
}

impl Loop {
    fn new(from: &Look, to: &Look) -> Option<Self> {
        let of = |look: &Look| *look.figures.of(Privilege::User, AccessKind::Load);
        let (before, after) = (of(from), of(to));
        let walk = &from.own()?.pages.first()?.walk;
        Some(Self {
            page: walk.leaf()?.size,
            levels: walk.steps().len(),
            loads: after.translated() - before.translated(),
            misses: after.first_misses - before.first_misses,
            walks: after.walks - before.walks,
            entries: after.entries_read - before.entries_read,
        })
    }
}

fn tell(seen: &Seen, text: &mut Text) -> Option<()> {
    let small = Loop::new(seen.at(SMALL)?, seen.at(SMALL_DONE)?)?;
    let large = Loop::new(seen.at(LARGE)?, seen.at(LARGE_DONE)?)?;
    if seen.at(SMALL_DONE)?.value != seen.at(LARGE_DONE)?.value {
        return None;
    }
    let sizes = [&small, &large].map(|run| bytes(run.page.bytes()));
    text.say(&format!(
        "A program reads one byte in every {} of {}, again and again: {} in all. It does so twice: in \
         ordinary pages, and in memory that it asked for with MAP_HUGETLB. There the walk \
         ends a level earlier and one entry maps {}: {} in place of {}.",
        sizes[0],
        sizes[1],
        count(small.loads, "load"),
        sizes[1],
        count(large.levels as u64, "step"),
        small.levels
    ));
    text.say(&format!(
        "The TLB here: {}. What the MMU did for the loads:",
        seen.tlb
    ));
    let row = |what: &str, small: &str, large: &str| format!("{what:<28}{small:>12}{large:>14}");
    let figures =
        |what: &str, of: fn(&Loop) -> u64| row(what, &grouped(of(&small)), &grouped(of(&large)));
    text.lines([
        row(
            "",
            &format!("{} pages", sizes[0]),
            &format!("{} pages", sizes[1]),
        ),
        figures("loads", |run| run.loads),
        figures("TLB misses", |run| run.misses),
        figures("walks", |run| run.walks),
        figures("entries read by the walks", |run| run.entries),
    ]);
    let pages = large.page.bytes() / small.page.bytes();
    text.say(&if large.misses >= large.loads {
        "This TLB does not keep even one entry until the next load: what the program does between two of them \
         takes its place, if there is a place. A large page saves no more than a step of each walk."
            .to_owned()
    } else if small.misses == 0 {
        format!(
            "One entry of the TLB reaches {} or {}. This one has room for the entries of all {pages} small pages, \
             and they were in it from the start. A large page saves nothing here but room.",
            sizes[0], sizes[1]
        )
    } else {
        format!(
            "One entry of the TLB reaches {} or {}. The loop needs {pages} small pages, and when they do not \
             fit, each is gone before its turn comes again.",
            sizes[0], sizes[1]
        )
    });
    text.say(&format!(
        "The price of a large page: its {} have to lie in one piece of physical memory, and have to be there all \
         or not at all.",
        sizes[1]
    ));
    Some(())
}
