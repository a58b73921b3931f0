//! A failure as people read it.

use super::{Failure, Line, TrapLine};
use std::fmt;

/// The width of the titles on the left.
const TITLE: usize = 14;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut block = |title: &str, lines: Vec<String>| -> fmt::Result {
            let mut title = title;
            for line in lines {
                writeln!(f, "  {title:TITLE$}{}", line.trim_end())?;
                title = "";
            }
            Ok(())
        };
        if let Some(stopped) = &self.stopped_at {
            let mut lines = vec![stopped.place.to_string()];
            if let Some(instruction) = &stopped.instruction {
                lines.push(format!("{instruction:24}  {}", stopped.values));
            }
            block("stopped at", lines)?;
        }
        block("note", self.notes.clone())?;
        block("last traps", self.trap_lines())?;
        block("registers", in_columns(&self.registers))?;
        block("CSRs", in_columns(&self.csrs))?;
        block("last instrs", self.instruction_lines())
    }
}

impl Failure {
    fn trap_lines(&self) -> Vec<String> {
        let count = width(self.traps.iter().map(|trap| trap.count.to_string()));
        let cause = width(self.traps.iter().map(|trap| trap.cause.clone()));
        let line = |trap: &TrapLine| {
            let TrapLine {
                count: number,
                from,
                to,
                cause: what,
                value,
                place,
                instruction,
            } = trap;
            let instruction = instruction.as_deref().unwrap_or("");
            let value = match value {
                0 => String::new(),
                value => format!("  tval {value:#x}"),
            };
            let name = match place.name() {
                name if name.is_empty() => name,
                name => format!(" <{name}>"),
            };
            let at = place.address;
            format!(
                "#{number:<count$} {from}>{to} {what:cause$}  at {at:#x}{name}  {instruction}{value}"
            )
        };
        self.traps.iter().map(line).collect()
    }

    /// The last instructions, with the traps between them.
    fn instruction_lines(&self) -> Vec<String> {
        let all = || self.instructions.iter();
        let count = width(all().map(|line| line.count.to_string()));
        let address = width(all().map(|line| format!("{:#x}", line.address)));
        let symbol = width(all().map(|line| line.symbol.clone())).min(28);
        let instruction = width(all().map(|line| line.instruction.clone())).min(32);
        let mut lines = Vec::new();
        let mut traps = self.traps.iter().peekable();
        let first = self.instructions.first().map_or(0, |line| line.count);
        let put_repeated = |lines: &mut Vec<String>, times: &mut u64| {
            if *times != 0 {
                lines.push(format!("{:count$}    {times} times more", ""));
                *times = 0;
            }
        };
        let mut put_traps = |lines: &mut Vec<String>, before: u64| {
            while let Some(trap) = traps.next_if(|trap| trap.count <= before) {
                if trap.count > first {
                    lines.push(format!(
                        "{:count$}    {} at {:#x}, to {}-mode",
                        "", trap.cause, trap.place.address, trap.to
                    ));
                }
            }
        };
        let mut repeated = 0_u64;
        let mut previous: Option<&Line> = None;
        for line in all() {
            if previous.is_some_and(|previous| line.repeats(previous)) {
                repeated += 1;
                previous = Some(line);
                continue;
            }
            put_repeated(&mut lines, &mut repeated);
            previous = Some(line);
            put_traps(&mut lines, line.count);
            let Line {
                count: number,
                privilege,
                address: at,
                symbol: name,
                instruction: text,
                values,
            } = line;
            lines.push(format!(
                "#{number:<count$} {privilege} {at:#0address$x} {name:symbol$}  {text:instruction$}  {values}"
            ));
        }
        put_repeated(&mut lines, &mut repeated);
        if let Some(last) = self.instructions.last() {
            put_traps(&mut lines, last.count.saturating_add(1));
        }
        if self.more != 0 {
            lines.push(format!(
                "{:count$}    and {} more to the end",
                "", self.more
            ));
        }
        lines
    }
}

fn width(texts: impl Iterator<Item = String>) -> usize {
    texts.map(|text| text.len()).max().unwrap_or(0)
}

fn in_columns(registers: &[(String, u64)]) -> Vec<String> {
    let row = |row: &[(String, u64)]| {
        let cells = row
            .iter()
            .map(|(name, value)| format!("{name:>7} {value:016x}"));
        cells.collect::<Vec<_>>().join(" ")
    };
    registers.chunks(4).map(row).collect()
}
