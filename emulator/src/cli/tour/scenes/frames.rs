//! One process in scattered frames.

use super::{ANY_MEMORY, MEMORY, Play, Scene, program};
use crate::cli::tour::seen::Seen;
use crate::cli::tour::text::{Text, count};
use pagewalk::mem::PAGE_SIZE;
use pagewalk::report::stats::grouped;

pub(super) const SCENE: Scene = Scene {
    number: 3,
    name: "frames",
    title: "One piece for the program, many for the machine",
    memory: MEMORY,
    memories: ANY_MEMORY,
    tlb: None,
    play: Play::Once {
        program: program!("frames"),
        picture: FULL,
        tell,
    },
};

const EMPTY: i64 = 1;
const FULL: i64 = 2;
const SUM: i64 = 3;

fn tell(seen: &Seen, text: &mut Text) -> Option<()> {
    let (empty, full, sum) = (seen.at(EMPTY)?, seen.at(FULL)?, seen.at(SUM)?);
    let pages = empty.own()?.pages.len() as u64;
    let there = empty.own()?.frames().into_iter().flatten().count();
    let frames = full.own()?.frames();
    let frames: Vec<u64> = frames.into_iter().collect::<Option<_>>()?;
    let faults = seen.faults_between(empty, full);
    let start = full.va.0;
    let inside = |va: u64| va.wrapping_sub(start) < pages * PAGE_SIZE;
    let brought = faults
        .iter()
        .filter(|fault| inside(fault.fault.va.0))
        .count();
    text.say(&format!(
        "A program asks for {} in one piece and gets the addresses from {start:#x} on. That is a promise: \
         {} of the pages {} in memory. It then writes to them, not in their order, and to other memory \
         in between. Each first touch is a page fault, {brought} here, and the kernel takes the next frame \
         that is free:",
        count(pages, "page"),
        none(there),
        if there == 1 { "is" } else { "are" }
    ));
    let rows: Vec<String> = frames
        .iter()
        .enumerate()
        .map(|(index, frame)| {
            let va = start + index as u64 * PAGE_SIZE;
            format!("{}  {va:#x} -> {frame:#x}", letter(index))
        })
        .collect();
    let half = rows.len().div_ceil(2);
    text.lines((0..half).map(|row| {
        let right = rows.get(row + half).map_or("", String::as_str);
        format!("{:<42}{right}", rows[row])
    }));
    let (low, high) = (*frames.iter().min()?, *frames.iter().max()?);
    let picture: String = (low..=high)
        .step_by(PAGE_SIZE as usize)
        .map(|at| {
            let found = frames.iter().position(|&frame| frame == at);
            found.map_or('.', letter)
        })
        .collect();
    text.say(&format!(
        "The same in the order of the frames, from {low:#x} to {high:#x}; a dot is something else:"
    ));
    let picture: Vec<char> = picture.chars().collect();
    text.lines(picture.chunks(90).map(|row| row.iter().collect::<String>()));
    let new = seen.faults_between(full, sum);
    let new = new.iter().filter(|fault| inside(fault.fault.va.0)).count();
    text.say(&format!(
        "The program goes through all {} bytes, one after the other, as if they lay side by side. Their sum \
         is {}, and the faults that it took: {}. Each page is found by its own entry, so any frame will do.",
        grouped(pages * PAGE_SIZE),
        sum.value,
        none(new)
    ));
    Some(())
}

/// A number, in words if there is nothing.
fn none(number: usize) -> String {
    match number {
        0 => "none".to_owned(),
        number => number.to_string(),
    }
}

/// The name of a page.
fn letter(index: usize) -> char {
    let index = u8::try_from(index).unwrap_or(u8::MAX);
    char::from(b'A'.saturating_add(index))
}
