//! A page fault that is mended from the program's file.

use super::{ANY_MEMORY, MEMORY, Play, Scene, program};
use crate::cli::tour::seen::{Heard, Seen, UserFault};
use crate::cli::tour::text::{Text, count};
use pagewalk::mem::PAGE_SIZE;
use pagewalk::mmu::Outcome;
use pagewalk::report::stats::grouped;
use pagewalk::report::walk::entry::letters;

const PROGRAM: &[u8] = program!("fault");

pub(super) const SCENE: Scene = Scene {
    number: 5,
    name: "fault",
    title: "A page fault, mended from the file",
    memory: MEMORY,
    memories: ANY_MEMORY,
    tlb: None,
    play: Play::Once {
        program: PROGRAM,
        picture: AFTER,
        tell,
    },
};

const BEFORE: i64 = 1;
const AFTER: i64 = 2;

fn tell(seen: &Seen, text: &mut Text) -> Option<()> {
    let (before, after) = (seen.at(BEFORE)?, seen.at(AFTER)?);
    let va = before.va;
    let heard = seen.between(before, after);
    let at = heard
        .iter()
        .position(|heard| matches!(heard, Heard::Fault(fault) if fault.fault.va == va))?;
    let Heard::Fault(fault) = &heard[at] else {
        return None;
    };
    let UserFault { trap, walk, .. } = fault;
    let rest = &heard[at..];
    let fences = rest.iter().filter(|heard| matches!(heard, Heard::Fenced));
    let fences = fences.count() as u64;
    let (again, leaf) = rest.iter().find_map(|heard| match heard {
        Heard::Walked(walk) if walk.va == va => match walk.outcome {
            Outcome::Leaf(leaf) => Some((walk, leaf)),
            _ => None,
        },
        _ => None,
    })?;
    let done = rest.iter().find_map(|heard| match heard {
        Heard::Completed { pc, retired } if *pc == trap.epc => Some(*retired),
        _ => None,
    })?;
    let (there, now) = (before.own()?.mapped(), after.own()?.mapped());
    text.say(&format!(
        "A program of {} bytes has been started, and {} of its memory {} there. The rest is a promise: \
         the kernel knows which part of the file belongs where. Now it reads a word at {:#x}.",
        grouped(PROGRAM.len() as u64),
        count(there / PAGE_SIZE, "page"),
        if there == PAGE_SIZE { "is" } else { "are" },
        va.0
    ));
    let failed = walk.steps().last()?;
    text.lines([
        format!("1. {}, at {:#x}", fault.instruction, trap.epc),
        format!(
            "   The walk stops at level {}: the entry at {:#x} holds {:#x}.",
            failed.level, failed.at.0, failed.pte.0
        ),
        format!("   {}.", capital(&fault.fault.reason.to_string())),
        format!(
            "   {}, cause {}: the kernel runs, at {:#x}. Nothing was read.",
            capital(&trap.cause.to_string()),
            trap.cause.bits(),
            trap.handler
        ),
    ]);
    let page = after.own()?.pages.first()?;
    let size = PAGE_SIZE as usize;
    let part = PROGRAM
        .chunks(size)
        .position(|part| part == &page.bytes[..])? as u64;
    text.lines([
        format!(
            "2. The kernel takes {} instructions. It reads bytes {:#x} to {:#x} of the file",
            grouped(done.checked_sub(trap.retired)?.checked_sub(1)?),
            part * PAGE_SIZE,
            (part + 1) * PAGE_SIZE - 1
        ),
        format!(
            "   into the frame at {:#x}, makes the entry valid, fences ({}), returns.",
            page.frame()?,
            count(fences, "sfence.vma")
        ),
    ]);
    let step = again.steps().last()?;
    text.lines([
        format!(
            "3. {}, at {:#x}: the same again",
            fault.instruction, trap.epc
        ),
        format!(
            "   The walk ends at level {}: the entry at {:#x} holds {:#x}, {}.",
            step.level,
            step.at.0,
            step.pte.0,
            letters(step.pte, false)
        ),
        format!(
            "   The word is at {:#x}, and the program gets {}.",
            leaf.pa.0, after.value
        ),
    ]);
    text.say(&format!(
        "The program has noticed nothing, but for the time. All {} bytes of the frame are those of the \
         file, and {} mapped now.",
        grouped(page.bytes.len() as u64),
        match now / PAGE_SIZE {
            1 => "1 page is".to_owned(),
            pages => format!("{pages} pages are"),
        }
    ));
    Some(())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
