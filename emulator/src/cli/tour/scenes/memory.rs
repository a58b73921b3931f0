//! More memory than there is: swap, and the hit rate against the memory's size.

use super::{Play, Scene, program};
use crate::cli::tour::seen::Seen;
use crate::cli::tour::stage::{Stage, Task};
use crate::cli::tour::text::Text;
use anyhow::Result;
use pagewalk::mem::PAGE_SIZE;
use pagewalk::report::stats::grouped;
use std::ops::Range;

pub(super) const SCENE: Scene = Scene {
    number: 6,
    name: "memory",
    title: "More memory than there is",
    memory: 16 << 20,
    memories: 8 << 20..=64 << 20,
    tlb: None,
    play: Play::Runs(runs),
};

const END: i64 = 1;

/// The memories of the curve, in eighths of the machine's.
const EIGHTHS: [u64; 9] = [4, 5, 6, 7, 8, 10, 12, 14, 16];
/// How long a bar of the plot is at most.
const BAR: u64 = 40;

fn runs(stage: &mut Stage<'_>, text: &mut Text) -> Result<Option<()>> {
    let memory = stage.config.memory;
    let size = memory / 2 * 3 / PAGE_SIZE * PAGE_SIZE;
    let hot = memory / 2 / PAGE_SIZE * PAGE_SIZE;
    let [size_text, hot_text] = [size, hot].map(|size| (size / PAGE_SIZE).to_string());
    let task = Task {
        program: program!("memory"),
        swap: Some(memory.saturating_mul(4)),
        is_fast: true,
        ..Task::default()
    };
    let seen = stage.run(&Task {
        arguments: &["fill", &size_text],
        ..task
    })?;
    let mut points = Vec::new();
    for eighths in EIGHTHS {
        let memory = memory / 8 * eighths;
        let seen = stage.run(&Task {
            arguments: &["touch", &size_text, &hot_text],
            memory: Some(memory),
            picture: (eighths == 8).then_some(END),
            ..task
        })?;
        points.push(Point::new(memory, &seen));
    }
    let points: Option<Vec<Point>> = points.into_iter().collect();
    Ok(tell_fill(memory, size, &seen, text)
        .and(points)
        .and_then(|points| tell_curve(size, hot, &points, text)))
}

/// The number that a line of what was printed has behind this word.
fn number(printed: &str, word: &str) -> Option<u64> {
    let line = printed.lines().find_map(|line| line.strip_prefix(word))?;
    line.split_whitespace().next()?.parse().ok()
}

/// With a tenth, if it is not a whole number.
fn mebibytes(bytes: u64) -> String {
    let tenths = (bytes * 10) >> 20;
    match tenths % 10 {
        0 => format!("{} MiB", tenths / 10),
        tenth => format!("{}.{tenth} MiB", tenths / 10),
    }
}

/// What the kernel had for programs.
fn free(printed: &str) -> Option<u64> {
    Some(number(printed, "MemFree:")? << 10)
}

fn tell_fill(memory: u64, size: u64, seen: &Seen, text: &mut Text) -> Option<()> {
    let start = number(&seen.printed, "memory ")?;
    let wrong = number(&seen.printed, "wrong ")?;
    let checked = number(&seen.printed, "checked ")?;
    let range = start..start + size;
    let (first, again) = (seen.faults.first(&range), seen.faults.again(&range));
    let [read, written] = seen.swap;
    if wrong != 0 {
        return None;
    }
    text.say(&format!(
        "The machine has {} of memory, of which the kernel leaves {}. A program asks for {} and writes \
         to all of it, then checks every byte and writes others, then checks again. Beside memory there is \
         a disk for swap. What does not fit goes there, and comes back when it is used:",
        mebibytes(memory),
        mebibytes(free(&seen.printed)?),
        mebibytes(size)
    ));
    let row =
        |what: &str, number: u64, more: String| format!("{what:<46}{:>12}{more}", grouped(number));
    let moved = |bytes: u64| format!("   {}", mebibytes(bytes));
    text.lines([
        row("pages touched for the first time", first, String::new()),
        row("page faults on pages that were gone", again, String::new()),
        row("writes to the disk", written.requests, moved(written.bytes)),
        row("reads from the disk", read.requests, moved(read.bytes)),
        row("bytes checked", checked, String::new()),
        row("bytes that were wrong", wrong, String::new()),
    ]);
    text.say(
        "To the program it was memory all the time. To the kernel memory is a cache of the disk. To find what \
         can go, it looks at the A bits, which the hardware sets when a page is used, and it saves the write \
         where D is clear.",
    );
    let tenths = (10 * read.bytes / PAGE_SIZE).checked_div(again);
    if let Some(tenths @ 15..) = tenths {
        text.say(&format!(
            "A fault brings back {}.{} pages on average, taken together: the disk is asked once for the page that is \
             needed and for those behind it, as long as the program goes through its memory in order.",
            tenths / 10,
            tenths % 10
        ));
    }
    Some(())
}

/// A run of the curve.
struct Point {
    memory: u64,
    free: u64,
    /// Touches, and those that did not find their page: of the hot pages, and of the others.
    touches: [u64; 2],
    missed: [u64; 2],
}

impl Point {
    fn new(memory: u64, seen: &Seen) -> Option<Self> {
        let printed = &seen.printed;
        let [start, hot, size] = ["memory ", "hot ", "bytes "].map(|word| number(printed, word));
        let (start, hot, size) = (start?, hot?, size?);
        let ranges: [Range<u64>; 2] = [start..start + hot, start + hot..start + size];
        let swept = number(printed, "swept ")?;
        let touches = number(printed, "touches ")?;
        let right = number(printed, "wrong ")? == 0;
        right.then_some(Self {
            memory,
            free: free(printed)?,
            touches: [touches.checked_sub(swept)?, swept],
            missed: ranges.map(|range| seen.faults.again(&range)),
        })
    }

    /// Of touches, in tenths of a percent, how many found their page.
    fn rate(touches: u64, missed: u64) -> u64 {
        1000 * touches.saturating_sub(missed) / touches.max(1)
    }

    fn all(&self) -> u64 {
        Self::rate(self.touches.iter().sum(), self.missed.iter().sum())
    }

    fn of(&self, which: usize) -> u64 {
        Self::rate(self.touches[which], self.missed[which])
    }
}

fn percent(tenths: u64) -> String {
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn tell_curve(size: u64, hot: u64, points: &[Point], text: &mut Text) -> Option<()> {
    let first = points.first()?;
    let touches: u64 = first.touches.iter().sum();
    text.say(&format!(
        "How much memory does a program need? Another one has {} too. It touches pages: nine times of ten \
         one of the first {}, at random; the tenth time the next one of the rest, round and round. It runs \
         {} times, each time with more memory. Of its {} touches, so many find their page in memory (the \
         first touch of each page is not counted):",
        mebibytes(size),
        mebibytes(hot),
        points.len(),
        grouped(touches)
    ));
    let row = |[memory, all, bar, hot, rest]: [&str; 5]| {
        format!("{memory:>8}  {all:>9}  {bar:<40}  {hot:>9}  {rest:>9}")
    };
    let mut lines = vec![row(["memory", "hit rate", "", "first", "rest"])];
    lines.extend(points.iter().map(|point| {
        let bar = "#".repeat(usize::try_from(point.all() * BAR / 1000).unwrap_or(0));
        let rates = [point.all(), point.of(0), point.of(1)].map(percent);
        row([
            &mebibytes(point.memory),
            &rates[0],
            &bar,
            &rates[1],
            &rates[2],
        ])
    }));
    text.lines(lines);
    let whole = points.iter().find(|point| point.missed == [0, 0]);
    if let Some(fits) = points.iter().find(|point| point.free >= hot) {
        text.say(&format!(
            "With {} the kernel has {} for programs, and the pages that are used again and again find room: \
             the working set. With less memory they push each other out.",
            mebibytes(fits.memory),
            mebibytes(fits.free)
        ));
    }
    let swept = |found: Range<u64>| {
        let mut above = points
            .iter()
            .filter(|point| point.free >= hot && point.missed[1] != 0);
        above.any(|point| found.contains(&point.of(1)))
    };
    if swept(0..100) {
        text.say(
            "Then more memory does little for a while. The rest is gone through in order, and a kernel that \
             throws out what came first, or was used longest ago, as FIFO and LRU do, throws out just what comes \
             next.",
        );
    } else if swept(100..1001) {
        text.say(
            "The rest is gone through in order. A kernel that throws out what came first, or was used longest ago, \
             as FIFO and LRU do, throws out just what comes next; but it can foresee what that is, and reads it \
             before it is asked for. So, when there is some room to spare, touches of the rest find their page, too.",
        );
    }
    if let Some(whole) = whole {
        text.say(&format!(
            "With {} everything fits: nothing is ever read back.",
            mebibytes(whole.memory)
        ));
    }
    Some(())
}
