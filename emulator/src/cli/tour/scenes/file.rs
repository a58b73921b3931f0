//! A file that is changed through memory.

use super::{ANY_MEMORY, MEMORY, Play, Scene, program};
use crate::cli::tour::seen::{Heard, Look, Seen};
use crate::cli::tour::stage::{FILE_NAME, Stage, Task};
use crate::cli::tour::text::{Text, count};
use anyhow::Result;
use pagewalk::report::walk::entry::letters;

pub(super) const SCENE: Scene = Scene {
    number: 7,
    name: "file",
    title: "A file in memory",
    memory: MEMORY,
    memories: ANY_MEMORY,
    tlb: None,
    play: Play::Runs(runs),
};

/// What is in the file. The program changes the first eight bytes.
const CONTENT: &[u8] = b"On disk, all of it.\n";

const MAPPED: i64 = 1;
const STORED: i64 = 2;
const READ: i64 = 3;
const WRITTEN: i64 = 4;
const LAST: i64 = 5;

fn runs(stage: &mut Stage<'_>, text: &mut Text) -> Result<Option<()>> {
    let seen = stage.run(&Task {
        program: program!("file"),
        file: Some(CONTENT),
        picture: Some(STORED),
        ..Task::default()
    })?;
    Ok(tell(&seen, text))
}

fn tell(seen: &Seen, text: &mut Text) -> Option<()> {
    let looks = [MAPPED, STORED, READ, WRITTEN, LAST].map(|mark| seen.at(mark));
    let [
        Some(mapped),
        Some(stored),
        Some(read),
        Some(written),
        Some(last),
    ] = looks
    else {
        return None;
    };
    let frame = mapped.own()?.pages.first()?.frame()?;
    text.say(&format!(
        "The host has a file `{FILE_NAME}` of {}. A program maps it, shared, and gets the \
         address {:#x}. It loads from there: a page fault, the kernel reads the file into the frame at \
         {frame:#x}, and the program finds {}. Then it stores eight bytes, and calls nobody:",
        count(mapped.file.len() as u64, "byte"),
        mapped.va.0,
        words(mapped.value)?
    ));
    text.lines(states([("before", mapped), ("after", stored)])?);
    let faults = seen.faults_between(mapped, stored).into_iter();
    let faults = faults.filter(|fault| fault.fault.va == stored.va).count() as u64;
    let how = match faults {
        0 => "No fault, no call: the kernel does not know yet. But the hardware has set D, for \"dirty\", \
              in the page's entry."
            .to_owned(),
        faults => format!(
            "The store took {}: the kernel wants to know who changes the page. D, for \"dirty\", is \
             set in its entry now.",
            count(faults, "page fault")
        ),
    };
    text.say(&format!(
        "{how} The file on the host is as it was. Whoever asks this kernel gets the new words all the same: \
         a read(2) from the file gives {}, since it looks at the same frame.",
        words(read.value)?
    ));
    let requests = written
        .written
        .requests
        .checked_sub(read.written.requests)?;
    let bytes = written.written.bytes.checked_sub(read.written.bytes)?;
    let fences = seen.between(read, written);
    let fences = fences.iter().filter(|heard| matches!(heard, Heard::Fenced));
    text.say(&format!(
        "Now the program calls msync. The kernel finds D set, clears it, fences ({}), and writes the page \
         back. The host has seen {} with {}:",
        count(fences.count() as u64, "sfence.vma"),
        count(requests, "request"),
        count(bytes, "byte")
    ));
    text.lines(states([("after msync", written), ("stored again", last)])?);
    text.say(&format!(
        "A page whose D is clear need not be written back. The next store sets it again, and {}.",
        match last.file == written.file {
            true => "the host has not heard of that one yet",
            false => "the host has it too",
        }
    ));
    Some(())
}

/// Eight bytes as text.
fn words(value: u64) -> Option<String> {
    let bytes = value.to_le_bytes();
    Some(format!("`{}`", std::str::from_utf8(&bytes).ok()?))
}

/// The page's entry, and what is on the host, at two points.
fn states(all: [(&str, &Look); 2]) -> Option<Vec<String>> {
    let state = |(what, look): (&str, &Look)| {
        let leaf = look.own()?.pages.first()?.walk.leaf()?;
        let file = std::str::from_utf8(&look.file).ok()?;
        Some(format!(
            "{what:<13} entry {:#x} holds {:#x}: {}   on the host `{}`",
            leaf.at.0,
            leaf.pte.0,
            letters(leaf.pte, false),
            file.trim_end()
        ))
    };
    all.into_iter().map(state).collect()
}
