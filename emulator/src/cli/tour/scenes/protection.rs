//! Protection: three accesses that are denied, and who survives.

use super::{ANY_MEMORY, MEMORY, Play, Scene, program};
use crate::cli::tour::seen::{Look, Seen, UserFault};
use crate::cli::tour::text::Text;
use pagewalk::report::walk::entry::letters;

pub(super) const SCENE: Scene = Scene {
    number: 4,
    name: "protection",
    title: "What a process must not do",
    memory: MEMORY,
    memories: ANY_MEMORY,
    tlb: None,
    play: Play::Once {
        program: program!("protection"),
        picture: TRY,
        tell,
    },
};

const TRY: i64 = 1;
const ENDED: i64 = 2;
const ALIVE: i64 = 3;

fn tell(seen: &Seen, text: &mut Text) -> Option<()> {
    let tries = looks(seen, TRY);
    let ends = looks(seen, ENDED);
    let alive = seen.at(ALIVE)?;
    let messages: Vec<&str> = seen.printed.lines().collect();
    let ([constant, kernel, secret], [first, second, last]) = (&tries[..], &ends[..]) else {
        return None;
    };
    text.say(
        "A program forks three times. Each child makes one access that it must not make; the parent \
         waits, and tells by which signal the child ended.",
    );
    text.say("The first child writes to a constant. It may read it: the entry has r and not w.");
    text.lines(told(seen, constant, first, &messages, 0)?);
    text.say(
        "The second reads the kernel's code. The kernel is in every address space, so that a trap finds \
         it without a change of satp; but its entries lack u, and user mode is kept out. Of its own memory \
         the kernel says no more than that nothing is mapped there.",
    );
    text.lines(told(seen, kernel, second, &messages, 1)?);
    let parent = last.own()?.satp;
    let theirs = secret.spaces.iter().find(|space| space.satp == parent)?;
    let theirs = theirs.pages.first()?;
    text.say(&format!(
        "The third wants its parent's memory. The parent has put {} at {:#x}, in the frame at {:#x}, and \
         has told the child where. But the child walks its own tables:",
        theirs.word()?,
        secret.va.0,
        theirs.frame()?
    ));
    text.lines(told(seen, secret, last, &messages, 2)?);
    text.say(&format!(
        "Each fault stopped the instruction before it did anything, and the kernel ended that process and no \
         other. The parent is alive and reads its memory: {}.",
        alive.value
    ));
    Some(())
}

fn looks(seen: &Seen, mark: i64) -> Vec<&Look> {
    let looks = seen.looks.iter();
    looks.filter(|look| look.mark == mark).collect()
}

/// What became of one access.
fn told(
    seen: &Seen,
    look: &Look,
    end: &Look,
    messages: &[&str],
    index: usize,
) -> Option<Vec<String>> {
    let faults = seen.faults_between(look, end);
    let found: &&UserFault = faults.iter().find(|fault| fault.fault.va == look.va)?;
    let UserFault {
        fault, trap, walk, ..
    } = found;
    let step = walk.steps().last()?;
    let holds = match step.pte.valid() {
        true => format!("{:#x}, {}", step.pte.0, letters(step.pte, false)),
        false => format!("{:#x}", step.pte.0),
    };
    let mut lines = vec![
        format!("the instruction  {}, at {:#x}", found.instruction, trap.epc),
        format!(
            "asks for         {} of {:#x}",
            fault.access.kind, fault.va.0
        ),
        format!(
            "the walk ends    at level {}, entry {:#x}: {holds}",
            step.level, step.at.0
        ),
        format!("the reason       {}", fault.reason),
        format!(
            "the trap         {}, cause {}, to the kernel at {:#x}",
            trap.cause,
            trap.cause.bits(),
            trap.handler
        ),
    ];
    // The message has the addresses again, and is longer than a line.
    let (first, rest) = messages.get(index)?.split_once(", pc ")?;
    lines.push(format!("the kernel says  {first},"));
    lines.push(format!("                 pc {rest}"));
    lines.push(format!("the parent sees  signal {}", end.value));
    Some(lines)
}
