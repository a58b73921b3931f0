//! One address, cut and walked.

use super::{ANY_MEMORY, MEMORY, Play, Scene, program};
use crate::cli::tour::seen::Seen;
use crate::cli::tour::text::{Text, count};
use pagewalk::mmu::{Meaning, Mode};
use pagewalk::report::stats::grouped;
use pagewalk::report::walk::bytes;
use pagewalk::report::walk::entry::letters;

pub(super) const SCENE: Scene = Scene {
    number: 1,
    name: "address",
    title: "One address, walked level by level",
    memory: MEMORY,
    memories: ANY_MEMORY,
    tlb: None,
    play: Play::Once {
        program: program!("address"),
        picture: LOOK,
        tell,
    },
};

const LOOK: i64 = 1;

fn tell(seen: &Seen, text: &mut Text) -> Option<()> {
    let look = seen.at(LOOK)?;
    let own = look.own()?;
    let page = own.pages.first()?;
    let (va, mode) = (look.va, own.satp.mode());
    let leaf = page.walk.leaf()?;
    text.say(&format!(
        "A program has a variable. To the program it lies at address {:#x}, and it has just stored {} \
         there. But no memory chip has that address: it is a virtual one, which the MMU translates \
         into a physical one. {mode} cuts it into page numbers and an offset:",
        va.0, look.value
    ));
    text.lines(cut(va.0, mode));
    text.say(&format!(
        "Each page number has nine bits and picks one of the 512 entries of a table. The register satp \
         says where the first table is: at physical address {:#x}.",
        own.satp.root().0
    ));
    let mut table = own.satp.root();
    let mut lines = Vec::new();
    for step in page.walk.steps() {
        let index = Mode::index(va, step.level);
        lines.push(format!(
            "level {}: entry {index} of the table at {:#x} lies at {:#x} + {index} x 8 = {:#x}",
            step.level, table.0, table.0, step.at.0
        ));
        lines.push(match step.meaning {
            Meaning::Pointer => format!(
                "         it holds {:#x}: the next table is at {:#x}",
                step.pte.0,
                step.pte.target().0
            ),
            _ => format!(
                "         it holds {:#x}: a page, {}, in the frame at {:#x}",
                step.pte.0,
                letters(step.pte, false),
                page.frame()?
            ),
        });
        table = step.pte.target();
    }
    text.lines(lines);
    text.say(&format!(
        "The letters are what the page may be used for: r read, w write, x execute, u by a program. A: \
         it was accessed, D: it was written to. The frame at {:#x} and the offset {:#x} make the \
         physical address {:#x}. In the memory chip, the word there is {}.",
        page.frame()?,
        leaf.pa.0 - page.frame()?,
        leaf.pa.0,
        page.word()?
    ));
    let levels = page.walk.steps().len() as u64;
    let entries = 1_u64 << (mode.va_bits() - 12);
    text.say(&format!(
        "The walk read {} to find one address, which is why there is a TLB to remember it. Why not \
         one table with an entry for each page? {mode} has {} bits of address, so that would be {} \
         entries of 8 bytes: {} for each process, most of it empty. This process has {} mapped, in {} \
         of 4 KiB, and its part of the tree is {}: {}.",
        count(levels, "entry").replace("entrys", "entries"),
        mode.va_bits(),
        grouped(entries),
        bytes(entries * 8),
        bytes(own.mapped()),
        count(own.mapped() / 4096, "page"),
        count(own.tables, "table"),
        bytes(own.tables * 4096)
    ));
    Some(())
}

/// The address in binary, cut where the mode cuts it.
fn cut(va: u64, mode: Mode) -> [String; 4] {
    let mut fields = Vec::new();
    for level in (0..mode.levels()).rev() {
        let low = 12 + 9 * u32::from(level);
        fields.push((format!("page number {level}"), low + 8, low));
    }
    fields.push(("offset".to_owned(), 11, 0));
    let mut lines: [Vec<String>; 4] = Default::default();
    for (name, high, low) in fields {
        let width = (high - low + 1) as usize;
        let value = va >> low & ((1 << width) - 1);
        let column = width.max(name.len());
        let shown = match low {
            0 => format!("{value:#x}"),
            _ => value.to_string(),
        };
        let bits = format!(
            "{high}{:>rest$}",
            low,
            rest = column - high.to_string().len()
        );
        lines[0].push(bits);
        lines[1].push(format!("{:^column$}", format!("{value:0width$b}")));
        lines[2].push(format!("{shown:^column$}"));
        lines[3].push(format!("{name:^column$}"));
    }
    lines.map(|line| line.join(" | "))
}
