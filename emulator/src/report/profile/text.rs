//! The profile as text: tables of at most 100 columns, unless a name is longer.

use super::blocks::Found;
use super::{MODES, Profile};
use crate::isa::disassemble_word;
use crate::report::place::Place;
use crate::report::stats::grouped;
use std::io::{self, Write};

/// A part of a whole in percent.
fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".into(),
        _ => format!("{:.2}%", part as f64 / whole as f64 * 100.0),
    }
}

impl Profile<'_> {
    /// Writes the tables: at most `top` functions and as many blocks.
    pub fn write_text(&self, out: &mut impl Write, top: usize) -> io::Result<()> {
        let all = self.instructions();
        let by_privilege = self.by_privilege();
        let used: Vec<_> = MODES
            .into_iter()
            .filter(|&mode| by_privilege[mode as usize & 3] != 0)
            .collect();
        write!(out, "\nprofile: {} instructions", grouped(all))?;
        for (index, &mode) in used.iter().enumerate() {
            let separator = if index == 0 { ':' } else { ',' };
            let share = percent(by_privilege[mode as usize & 3], all);
            write!(out, "{separator} {mode} {share}")?;
        }
        writeln!(out)?;

        // With one mode its column would be that of all.
        let columns = if used.len() > 1 { &used[..] } else { &[] };
        let functions = self.functions();
        write!(out, "\n{:>16}{:>9}{:>16}{:>9}", "self", "", "total", "")?;
        for mode in columns {
            write!(out, "{:>9}", format!("self {mode}"))?;
        }
        writeln!(out, "  function")?;
        for function in functions.iter().take(top) {
            let (own, total) = (function.own(), function.total);
            write!(out, "{:>16}{:>9}", grouped(own), percent(own, all))?;
            write!(out, "{:>16}{:>9}", grouped(total), percent(total, all))?;
            for &mode in columns {
                let own = function.own[mode as usize & 3];
                write!(out, "{:>9}", percent(own, all))?;
            }
            writeln!(out, "  {}", function.name)?;
        }
        if functions.len() > top {
            let rest = functions.iter().skip(top).map(|it| it.own()).sum();
            let count = functions.len() - top;
            let (figure, share) = (grouped(rest), percent(rest, all));
            writeln!(out, "{figure:>16}{share:>9}  in {count} more")?;
        }

        let blocks = self.blocks.list();
        let heads = ("instructions", "times", "length");
        writeln!(
            out,
            "\n{:>16}{:>9}{:>16}{:>9}  block",
            heads.0, "", heads.1, heads.2
        )?;
        for block in blocks.iter().take(top) {
            self.block(out, block, all)?;
        }
        let rest = blocks.iter().skip(top);
        let rest = (rest.map(Found::instructions)).fold(self.blocks.other, u64::saturating_add);
        if rest != 0 {
            let (figure, share) = (grouped(rest), percent(rest, all));
            write!(out, "{figure:>16}{share:>9}  in ")?;
            match self.blocks.other {
                0 => writeln!(out, "{} more", blocks.len().saturating_sub(top))?,
                _ => writeln!(out, "others")?,
            }
        }
        Ok(())
    }

    fn block(&self, out: &mut impl Write, block: &Found, all: u64) -> io::Result<()> {
        let run = &block.run;
        let place = Place::linked(
            self.names.guest(),
            run.start,
            run.start.wrapping_add(run.moved),
        );
        let (figure, share) = (block.instructions(), percent(block.instructions(), all));
        write!(
            out,
            "{:>16}{share:>9}{:>16}{:>9}  {} {:#x}..{:#x}",
            grouped(figure),
            grouped(block.times),
            run.length(),
            block.privilege,
            run.start,
            block.end()
        )?;
        match &place.symbol {
            Some(_) => writeln!(out, " <{}>", place.name())?,
            None => writeln!(out)?,
        }
        let indent = "";
        if let Some(line) = &place.line {
            writeln!(out, "{indent:>27}{line}")?;
        }
        let mut pc = run.start;
        for &word in block.words() {
            let text = disassemble_word(word, self.extensions, pc).replace('\t', " ");
            writeln!(out, "{indent:>27}{pc:#x}: {text}")?;
            pc = pc.wrapping_add(if word & 3 == 3 { 4 } else { 2 });
        }
        let hidden = run.length() as usize - block.words().len();
        if hidden != 0 {
            writeln!(out, "{indent:>27}and {hidden} more")?;
        }
        Ok(())
    }
}
