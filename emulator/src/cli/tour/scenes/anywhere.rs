//! A program that may lie anywhere, at two addresses.

use super::{ANY_MEMORY, MEMORY, Play, Scene, program};
use crate::cli::tour::seen::{Look, PageSeen, Seen};
use crate::cli::tour::text::Text;
use pagewalk::mem::PAGE_SIZE;
use pagewalk::report::stats::grouped;

pub(super) const SCENE: Scene = Scene {
    number: 3,
    name: "anywhere",
    title: "A program that may lie anywhere",
    memory: MEMORY,
    memories: ANY_MEMORY,
    tlb: None,
    play: Play::Once {
        program: program!("anywhere"),
        picture: CODE,
        tell,
    },
};

const LOADED: i64 = 1;
const RELOCATED: i64 = 2;
const CODE: i64 = 3;

/// One of the two processes.
struct Process<'a> {
    begins: u64,
    pointers: &'a Look,
    code: &'a Look,
    /// The first pointer, from the file and as it is used.
    pointer: [u64; 2],
}

impl<'a> Process<'a> {
    fn all(seen: &'a Seen) -> Option<[Self; 2]> {
        let looks = [LOADED, RELOCATED, CODE].map(|mark| seen.all(mark));
        let [loaded, relocated, code] = &looks;
        let one = |index: usize| {
            let (loaded, relocated) = (loaded.get(index)?, relocated.get(index)?);
            Some(Self {
                begins: loaded.value,
                pointers: relocated,
                code: code.get(index)?,
                pointer: [page(loaded)?.word()?, page(relocated)?.word()?],
            })
        };
        Some([one(0)?, one(1)?])
    }
}

fn page(look: &Look) -> Option<&PageSeen> {
    look.own()?.pages.first()
}

fn tell(seen: &Seen, text: &mut Text) -> Option<()> {
    let [first, second] = Process::all(seen)?;
    let codes = [page(first.code)?, page(second.code)?];
    let pointers = [page(first.pointers)?, page(second.pointers)?];
    let both = [&first, &second];
    text.say(
        "Who compiles a program does not know what else will be in memory. The file of this one counts its \
         addresses from 0, and leaves it to the kernel where it goes. A process starts it; then the \
         process forks, and the child starts the same file once more:",
    );
    let row = |what: &str, [first, second]: [String; 2]| format!("{what:<30}{first:<16}{second}");
    let hex = |numbers: [u64; 2]| numbers.map(|number| format!("{number:#x}"));
    text.lines([
        row("", ["first".to_owned(), "second".to_owned()]),
        row("the program begins at", hex(both.map(|it| it.begins))),
        row("its code: address", hex(both.map(|it| it.code.va.0))),
        row(
            "          frame",
            hex([codes[0].frame()?, codes[1].frame()?]),
        ),
        row("its data: address", hex(both.map(|it| it.pointers.va.0))),
        row(
            "          frame",
            hex([pointers[0].frame()?, pointers[1].frame()?]),
        ),
        row(
            "a pointer there: in the file",
            hex(both.map(|it| it.pointer[0])),
        ),
        row("                 in use", hex(both.map(|it| it.pointer[1]))),
        row("what it computes", both.map(|it| it.code.value.to_string())),
    ]);
    let frame = match codes[0].frame() == codes[1].frame() {
        true => ", and one frame serves both",
        false => "",
    };
    if codes[0].bytes != codes[1].bytes || codes[0].bytes.len() as u64 != PAGE_SIZE {
        return None;
    }
    text.say(&format!(
        "The code is the same, all {} bytes of the page{frame}. It names no address: what it calls and what \
         it reads it finds by the distance from the pc, and distances within a program do not change.",
        grouped(PAGE_SIZE)
    ));
    let moved = both.map(|it| it.pointer[1].wrapping_sub(it.pointer[0]));
    if moved != both.map(|it| it.begins) {
        return None;
    }
    text.say(&format!(
        "A pointer in its data is an address. The file has {:#x}, and the program, before it does anything \
         else, adds {:#x} or {:#x} to it: this is called relocation. So the data differ, and \
         are in two frames.",
        first.pointer[0], first.begins, second.begins
    ));
    Some(())
}
