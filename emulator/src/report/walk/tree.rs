//! `--tree`: the tables as a tree.

use super::entry::letters;
use super::{Hex, SatpReport, View, bytes, named};
use crate::mmu::{PageSize, Satp, TreeKind, TreeRun, TreeTable};
use serde::Serialize;
use std::fmt;

/// The tables of an address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TreeReport {
    /// Which.
    pub satp: SatpReport,
    /// The root table; none in bare mode.
    pub root: Option<TableReport>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Where it lies.
    pub at: Hex,
    /// What the guest calls it.
    pub symbol: Option<String>,
    /// Its level.
    pub level: u8,
    /// The first virtual address that it translates.
    pub va: Hex,
    /// Its entries, equal neighbours folded.
    pub entries: Vec<RunReport>,
}

/// Neighbouring entries that say the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// The first index.
    pub first: u16,
    /// The last index.
    pub last: u16,
    /// The first virtual address.
    pub va: Hex,
    /// Where the first entry lies.
    pub entry: Hex,
    /// The first entry.
    pub pte: Hex,
    /// What they are.
    #[serde(flatten)]
    pub kind: KindReport,
}

/// What a run of entries is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum KindReport {
    /// V is clear.
    NotValid,
    /// Leaves whose frames follow each other.
    Leaves {
        /// The first physical address.
        pa: Hex,
        /// The size of a page, in bytes.
        page_size: u64,
        /// `rwxugAD`.
        letters: String,
        /// What is there.
        symbol: Option<String>,
    },
    /// Entries that break a rule.
    Broken {
        /// The rule, by name.
        reason: &'static str,
        /// The rule, in words.
        text: String,
    },
    /// A pointer to a table.
    Table {
        /// The table.
        table: TableReport,
    },
    /// Pointers to a table that is told before.
    Again {
        /// Where it lies.
        table: Hex,
    },
    /// Pointers to a table on the way from the root to here.
    Loop {
        /// Where it lies.
        table: Hex,
        /// Its level there.
        level: u8,
    },
    /// A pointer to a table that is left out, since there are too many.
    LeftOut {
        /// Where it lies.
        table: Hex,
    },
}

impl TreeReport {
    /// The tables of an address space.
    pub fn new(view: &mut View<'_>, satp: Satp) -> Self {
        let config = view.space(satp);
        let root = TreeTable::read(&config, view);
        Self {
            satp: SatpReport::new(satp, view.names),
            root: root.map(|root| TableReport::new(&root, view)),
        }
    }
}

impl TableReport {
    fn new(table: &TreeTable, view: &View<'_>) -> Self {
        Self {
            at: Hex(table.at.0),
            symbol: view.names.physical(table.at),
            level: table.level,
            va: Hex(table.va.0),
            entries: (table.runs.iter())
                .map(|run| RunReport::new(run, view))
                .collect(),
        }
    }
}

impl RunReport {
    fn new(run: &TreeRun, view: &View<'_>) -> Self {
        let kind = match &run.kind {
            TreeKind::NotValid => KindReport::NotValid,
            TreeKind::Leaves { pa, page } => KindReport::Leaves {
                pa: Hex(pa.0),
                page_size: page.bytes(),
                letters: letters(run.pte, false),
                symbol: view.data(run.va, Some(*pa)),
            },
            TreeKind::Broken(reason) => KindReport::Broken {
                reason: reason.name(),
                text: reason.to_string(),
            },
            TreeKind::Table(table) => KindReport::Table {
                table: TableReport::new(table, view),
            },
            TreeKind::Again(at) => KindReport::Again { table: Hex(at.0) },
            TreeKind::Loop(at, level) => KindReport::Loop {
                table: Hex(at.0),
                level: *level,
            },
            TreeKind::LeftOut(at) => KindReport::LeftOut { table: Hex(at.0) },
        };
        Self {
            first: run.first,
            last: run.last,
            va: Hex(run.va.0),
            entry: Hex(run.entry.0),
            pte: Hex(run.pte.0),
            kind,
        }
    }
}

impl fmt::Display for TreeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(root) = &self.root else {
            return writeln!(f, "Tables: satp is bare, so there are none");
        };
        writeln!(f, "Tables: {}", self.satp)?;
        write!(f, "  root, level {}: table pa:{}", root.level, root.at)?;
        named(f, root.symbol.as_deref())?;
        writeln!(f)?;
        lines(f, root, 2)
    }
}

fn lines(f: &mut fmt::Formatter<'_>, table: &TableReport, depth: usize) -> fmt::Result {
    let page = PageSize::at_level(table.level).bytes();
    for run in &table.entries {
        let index = match run.first == run.last {
            true => format!("[{}]", run.first),
            false => format!("[{}..{}]", run.first, run.last),
        };
        let count = u64::from(run.last - run.first) + 1;
        let covered = bytes(page.saturating_mul(count));
        write!(f, "{:1$}{index} ", "", depth * 2)?;
        if !matches!(run.kind, KindReport::NotValid) {
            write!(f, "va:{} ", run.va)?;
        }
        match &run.kind {
            KindReport::NotValid => writeln!(f, "not valid")?,
            KindReport::Leaves {
                pa,
                page_size,
                letters,
                symbol,
            } => {
                write!(f, "-> pa:{pa} {letters} {covered}")?;
                if covered != bytes(*page_size) {
                    write!(f, " in pages of {}", bytes(*page_size))?;
                }
                named(f, symbol.as_deref())?;
                writeln!(f)?;
            }
            KindReport::Broken { text, .. } => writeln!(f, "broken: {text}: {}", run.pte)?,
            KindReport::Table { table } => {
                write!(f, "-> level {}: table pa:{}", table.level, table.at)?;
                named(f, table.symbol.as_deref())?;
                writeln!(f)?;
                lines(f, table, depth + 1)?;
            }
            KindReport::Again { table } => {
                writeln!(f, "-> table pa:{table}, which is told above")?;
            }
            KindReport::Loop { table, level } => {
                writeln!(
                    f,
                    "-> table pa:{table} again: a loop, it is the table of level {level} above"
                )?;
            }
            KindReport::LeftOut { table } => {
                writeln!(
                    f,
                    "-> table pa:{table}, left out: there are too many tables"
                )?;
            }
        }
    }
    Ok(())
}
