//! The figures as text: tables of at most 100 columns, without rows of zeros.

use super::{HartStats, Stats, kind_name};
use crate::isa::Privilege;
use crate::mmu::{AccessKind, AccessStatistics, FaultReason, Layout, PageSize};
use std::fmt::{self, Formatter};

/// A number with its digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const NAME: usize = 34;
const FIGURE: usize = 16;
/// The first column of a table.
const LABEL: usize = 14;

fn row(f: &mut Formatter<'_>, name: &str, figure: String) -> fmt::Result {
    writeln!(f, "{name:NAME$}{figure:>FIGURE$}")
}

/// A part of a whole in percent; nothing if there is no whole.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".into();
    }
    let percent = part as f64 / whole as f64 * 100.0;
    // Not every access hit if the figure says 100 %.
    match format!("{percent:.2}%") {
        text if text == "100.00%" && part != whole => "99.99%".into(),
        text => text,
    }
}

/// How often in a thousand instructions.
fn per_thousand(count: u64, instructions: u64) -> String {
    if instructions == 0 {
        return "-".into();
    }
    match count as f64 / instructions as f64 * 1e3 {
        rate if rate < 100.0 => format!("{rate:.3}"),
        rate => format!("{rate:.0}"),
    }
}

/// A table: a heading, then rows; numbers are flush right.
struct Table {
    widths: &'static [usize],
    lines: Vec<Vec<String>>,
}

impl Table {
    fn new(title: &str, widths: &'static [usize], heads: &[&str]) -> Self {
        let mut table = Self {
            widths,
            lines: Vec::new(),
        };
        table.row(title, heads.iter().map(|head| (*head).to_owned()).collect());
        table
    }

    fn row(&mut self, label: &str, mut cells: Vec<String>) {
        cells.insert(0, label.to_owned());
        self.lines.push(cells);
    }

    /// Prints it, unless there is nothing below the heading.
    fn print(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.lines.len() < 2 {
            return Ok(());
        }
        writeln!(f)?;
        for line in &self.lines {
            let mut text = String::new();
            for (index, cell) in line.iter().enumerate() {
                let width = self.widths.get(index.wrapping_sub(1)).copied();
                match width {
                    None => text.push_str(&format!("{cell:LABEL$}")),
                    // A number that fills its column still keeps its distance.
                    Some(width) => text.push_str(&format!(" {cell:>0$}", width.saturating_sub(1))),
                }
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

type Rows<'a> = Vec<(String, &'a AccessStatistics)>;

/// `fetch from U`, and their sum if there is more than one.
fn labelled<'a>(
    rows: &[(Privilege, AccessKind, &'a AccessStatistics)],
    total: &'a AccessStatistics,
    shown: impl Fn(&AccessStatistics) -> bool,
) -> Rows<'a> {
    let mut labelled: Rows<'a> = rows
        .iter()
        .filter(|(_, _, figures)| shown(figures))
        .map(|&(privilege, kind, figures)| (format!("  {privilege} {}", kind_name(kind)), figures))
        .collect();
    if labelled.len() > 1 {
        labelled.push(("  all".into(), total));
    }
    labelled
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        row(f, "instructions", grouped(self.instructions))?;
        row(f, "time", format!("{:.3} s", self.time.as_secs_f64()))?;
        row(f, "speed", format!("{:.1} MIPS", self.mips()))?;
        row(f, "guest's clock", format!("{:.6} s", self.guest_seconds()))?;
        let total = self.traps.iter().map(|(_, count)| count).sum();
        row(f, "traps", grouped(total))?;
        for (cause, count) in &self.traps {
            row(f, &format!("  {cause}"), grouped(*count))?;
        }
        for hart in &self.harts {
            if self.harts.len() > 1 {
                writeln!(f)?;
                row(
                    f,
                    &format!("hart {}: instructions", hart.id),
                    grouped(hart.instructions),
                )?;
            }
            hart.print(f)?;
        }
        Ok(())
    }
}

impl HartStats {
    fn print(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let total = self.mmu.total();
        let rows = self.rows();
        self.print_accesses(f, &rows, &total)?;
        if total.translated() == 0 {
            return self.print_fences(f);
        }
        self.print_second_level(f, &rows, &total)?;
        self.print_walks(f, &rows, &total)?;
        print_lengths(f, &total)?;
        print_leaves(f, &total)?;
        print_faults(f, &rows, &total)?;
        self.print_arrays(f)?;
        self.print_fences(f)
    }

    fn print_accesses(
        &self,
        f: &mut Formatter<'_>,
        rows: &[(Privilege, AccessKind, &AccessStatistics)],
        total: &AccessStatistics,
    ) -> fmt::Result {
        if total.translated() == 0 {
            // A machine that never translates has nothing here to learn from.
            return Ok(());
        }
        let off = self.tlb.layout == Layout::Off;
        let heads = [
            "untranslated",
            "translated",
            "hits",
            "misses",
            "hit rate",
            "MPKI",
        ];
        let mut table = Table::new(
            if off { "no TLB" } else { "TLB" },
            &[18, 18, 18, 14, 10, 8],
            &heads,
        );
        for (label, figures) in labelled(rows, total, |_| true) {
            table.row(
                &label,
                vec![
                    grouped(figures.untranslated),
                    grouped(figures.translated()),
                    grouped(figures.first_hits),
                    grouped(figures.first_misses),
                    percent(figures.first_hits, figures.translated()),
                    match figures.translated() {
                        0 => "-".into(),
                        _ => per_thousand(figures.first_misses, self.instructions),
                    },
                ],
            );
        }
        table.print(f)?;
        writeln!(f, "{:>100}", "MPKI: misses per 1,000 instructions")
    }

    fn print_second_level(
        &self,
        f: &mut Formatter<'_>,
        rows: &[(Privilege, AccessKind, &AccessStatistics)],
        total: &AccessStatistics,
    ) -> fmt::Result {
        if self.tlb.second.is_none() {
            return Ok(());
        }
        let heads = ["", "asked", "hits", "misses", "hit rate", "MPKI"];
        let mut table = Table::new("second level", &[18, 18, 18, 14, 10, 8], &heads);
        for (label, figures) in labelled(rows, total, |figures| figures.first_misses != 0) {
            table.row(
                &label,
                vec![
                    String::new(),
                    grouped(figures.first_misses),
                    grouped(figures.second_hits),
                    grouped(figures.second_misses),
                    percent(figures.second_hits, figures.first_misses),
                    per_thousand(figures.second_misses, self.instructions),
                ],
            );
        }
        table.print(f)
    }

    fn print_walks(
        &self,
        f: &mut Formatter<'_>,
        rows: &[(Privilege, AccessKind, &AccessStatistics)],
        total: &AccessStatistics,
    ) -> fmt::Result {
        let heads = [
            "walks",
            "entries read",
            "per walk",
            "set A or D",
            "for A or D only",
        ];
        let mut table = Table::new("walks", &[18, 18, 14, 18, 18], &heads);
        for (label, figures) in labelled(rows, total, |figures| figures.walks != 0) {
            let each = figures.entries_read as f64 / figures.walks.max(1) as f64;
            table.row(
                &label,
                vec![
                    grouped(figures.walks),
                    grouped(figures.entries_read),
                    format!("{each:.2}"),
                    grouped(figures.updates),
                    grouped(figures.update_walks),
                ],
            );
        }
        table.print(f)
    }

    fn print_arrays(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let heads = [
            "sets x ways",
            "replacement",
            "fills",
            "evictions",
            "dropped by fences",
        ];
        let mut table = Table::new("arrays", &[18, 14, 18, 18, 18], &heads);
        for array in &self.arrays {
            let policy = array.config.replacement.to_string();
            table.row(
                &format!("  {}", array.array),
                vec![
                    array.config.geometry.to_string(),
                    // The seed of a random policy is in the JSON.
                    policy.split('=').next().unwrap_or_default().to_owned(),
                    grouped(array.counters.fills),
                    grouped(array.counters.evictions),
                    grouped(array.counters.flushed),
                ],
            );
        }
        table.print(f)
    }

    fn print_fences(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let fences = self.fences();
        let mut pairs: Vec<_> = fences
            .map(|(instruction, form, count)| (format!("{instruction}, {form}"), count))
            .collect();
        pairs.push(("writes of satp".into(), self.mmu.satp_writes));
        list(f, "fences and satp", &pairs)
    }
}

/// Pairs of a name and a figure under a heading.
fn list(f: &mut Formatter<'_>, title: &str, pairs: &[(String, u64)]) -> fmt::Result {
    if pairs.iter().all(|(_, count)| *count == 0) {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    for (name, count) in pairs.iter().filter(|(_, count)| *count != 0) {
        row(f, &format!("  {name}"), grouped(*count))?;
    }
    Ok(())
}

fn print_lengths(f: &mut Formatter<'_>, total: &AccessStatistics) -> fmt::Result {
    let lengths = total.walk_lengths.iter().enumerate();
    let pairs: Vec<_> = lengths
        .map(|(length, &count)| {
            let entries = if length == 1 { "entry" } else { "entries" };
            (format!("{length} {entries}"), count)
        })
        .collect();
    list(f, "walks by the entries they read", &pairs)
}

fn print_leaves(f: &mut Formatter<'_>, total: &AccessStatistics) -> fmt::Result {
    let sizes = PageSize::ALL.iter().zip(total.leaves);
    let pairs: Vec<_> = sizes
        .map(|(size, count)| (format!("{size} page"), count))
        .collect();
    list(f, "walks by what they found", &pairs)
}

fn print_faults(
    f: &mut Formatter<'_>,
    rows: &[(Privilege, AccessKind, &AccessStatistics)],
    total: &AccessStatistics,
) -> fmt::Result {
    let mut pairs = Vec::new();
    for (privilege, kind, figures) in rows {
        for (reason, &count) in FaultReason::NAMES.iter().zip(&figures.faults) {
            pairs.push((format!("{privilege} {}, {reason}", kind_name(*kind)), count));
        }
    }
    pairs.push(("decided by the TLB".into(), total.faults_from_tlb));
    list(f, "faults", &pairs)?;
    let denied: Vec<_> = rows
        .iter()
        .map(|(privilege, kind, figures)| {
            (
                format!("{privilege} {}", kind_name(*kind)),
                figures.protected,
            )
        })
        .collect();
    list(f, "denied by PMP after translation", &denied)
}
