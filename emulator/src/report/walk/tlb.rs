//! `--tlb`: what the TLB holds, and whether the tables still say so.

use super::entry::{letters, pbmt};
use super::{Hex, View, bytes, named};
use crate::hart::Hart;
use crate::isa::Privilege;
use crate::mem::{Bus, PhysAddr};
use crate::mmu::{
    Access, AccessKind, ArrayConfig, Entry, FaultReason, Layout, Meaning, Mode, Pte, Satp,
    TlbArray, TlbConfig,
};
use crate::report::stats::grouped;
use serde::Serialize;
use std::fmt;

/// The TLB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TlbReport {
    /// Its arrays; none if it is off.
    pub arrays: Vec<ArrayReport>,
}

/// An array of the TLB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArrayReport {
    /// Its name: `ITLB`, `DTLB`, `TLB`, `L2 TLB`.
    pub name: &'static str,
    /// How many entries it has room for.
    pub capacity: u64,
    /// What it holds, by address space and address.
    pub entries: Vec<EntryReport>,
}

/// An entry of the TLB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryReport {
    /// The first virtual address.
    pub va: Hex,
    /// The first physical address.
    pub pa: Hex,
    /// The size of the page, in bytes.
    pub page_size: u64,
    /// The translation mode it was filled in.
    pub mode: String,
    /// The address space it was filled for.
    pub asid: u16,
    /// Whether it answers in every address space.
    pub global: bool,
    /// The leaf as it was cached.
    pub pte: Hex,
    /// `rwxugAD` of the leaf as it was cached.
    pub letters: String,
    /// `NC` or `IO`.
    pub pbmt: Option<&'static str>,
    /// When it was filled: instructions retired.
    pub filled_at: u64,
    /// How many instructions retired since.
    pub age: u64,
    /// The page-table entries it came from, root first.
    pub origin: Vec<Hex>,
    /// Whether the tables still say so.
    #[serde(flatten)]
    pub agreement: Agreement,
    /// What is there.
    pub symbol: Option<String>,
}

/// Whether the tables still say what an entry of the TLB says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "agreement", content = "tables", rename_all = "kebab-case")]
pub enum Agreement {
    /// They do.
    Agrees,
    /// They do, and have A or D set where the entry has not: a harmless difference.
    Behind(String),
    /// They say something else, which these words tell.
    Stale(String),
    /// The address space it was filled for is not known any more.
    Unknown,
}

impl Agreement {
    /// Whether the entry is stale.
    pub const fn is_stale(&self) -> bool {
        matches!(self, Self::Stale(_))
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agrees => f.write_str("agrees with the tables"),
            Self::Behind(what) => write!(f, "agrees with the tables, but for {what}"),
            Self::Stale(what) => write!(f, "STALE: {what}"),
            Self::Unknown => f.write_str("its address space is not the present one"),
        }
    }
}

/// Compares an entry of the TLB with what the tables of its address space say now. `roots` are the
/// address spaces known; an entry of another is compared with none.
pub fn agreement(hart: &Hart, bus: &mut Bus, entry: &Entry, roots: &[Satp]) -> Agreement {
    let present = Satp(hart.csr.satp);
    let belongs =
        |satp: &Satp| satp.mode() == entry.mode && (entry.global || satp.asid() == entry.asid);
    let root = [present].into_iter().find(belongs).or_else(|| {
        // Of several roots with this ASID, the one that the entry came from.
        let from = |satp: &Satp| {
            let origin = entry.origin().first();
            origin.is_some_and(|at| at.page() == satp.root())
        };
        roots
            .iter()
            .copied()
            .find(|satp| belongs(satp) && from(satp))
    });
    let Some(satp) = root else {
        return Agreement::Unknown;
    };
    // The privilege does not matter: what is compared is the leaf, which is read before it is asked.
    let access = Access::new(AccessKind::Load, Privilege::Supervisor);
    let walk = hart.explain(bus, satp, entry.va, access);
    let Some(step) = walk.steps().last() else {
        return Agreement::Unknown;
    };
    let Meaning::Leaf(size) = step.meaning else {
        let why = walk
            .fault()
            .map_or(FaultReason::NotValid, |fault| fault.reason);
        return Agreement::Stale(format!(
            "the tables map nothing here now: at level {}, {why}",
            step.level
        ));
    };
    let global = walk.steps().iter().any(|step| step.pte.global());
    let mut changes = Vec::new();
    let now = PhysAddr(step.pte.map(entry.va, size).0);
    if now != entry.pa() {
        changes.push(format!("the frame is now {now}"));
    }
    if size != entry.size {
        changes.push(format!("the page is now of {size}"));
    }
    let ad = Pte::A | Pte::D;
    let rights = Pte::R | Pte::W | Pte::X | Pte::U;
    if (step.pte.0 ^ entry.pte.0) & rights != 0 || entry.pte.0 & !step.pte.0 & ad != 0 {
        changes.push(format!("the bits are now {}", letters(step.pte, global)));
    }
    if (step.pte.0 ^ entry.pte.0) & Pte::PBMT != 0 {
        changes.push(format!(
            "the memory type is now {}",
            pbmt(step.pte).unwrap_or("PMA")
        ));
    }
    if global != entry.global {
        let what = if global { "global" } else { "not global" };
        changes.push(format!("the page is now {what}"));
    }
    if !changes.is_empty() {
        return Agreement::Stale(changes.join(", "));
    }
    match step.pte.0 & !entry.pte.0 & ad {
        0 => Agreement::Agrees,
        Pte::A => Agreement::Behind("A, which was set since".into()),
        Pte::D => Agreement::Behind("D, which was set since".into()),
        _ => Agreement::Behind("A and D, which were set since".into()),
    }
}

/// How many entries an array has room for.
pub fn capacity(config: &TlbConfig, array: TlbArray) -> u64 {
    let entries = |array: &ArrayConfig| array.entries();
    match (config.layout, array) {
        (Layout::Unified(first), TlbArray::Unified) => entries(&first),
        (Layout::Split { instruction, .. }, TlbArray::Instruction) => entries(&instruction),
        (Layout::Split { data, .. }, TlbArray::Data) => entries(&data),
        (_, TlbArray::Second) => config.second.as_ref().map_or(0, entries),
        _ => 0,
    }
}

impl EntryReport {
    /// What an entry says.
    pub fn new(view: &mut View<'_>, entry: &Entry, roots: &[Satp]) -> Self {
        Self {
            va: Hex(entry.va.0),
            pa: Hex(entry.pa().0),
            page_size: entry.size.bytes(),
            mode: entry.mode.to_string(),
            asid: entry.asid,
            global: entry.global,
            pte: Hex(entry.pte.0),
            letters: letters(entry.pte, entry.global),
            pbmt: pbmt(entry.pte),
            filled_at: entry.filled_at,
            age: view.hart.retired.saturating_sub(entry.filled_at),
            origin: entry.origin().iter().map(|at| Hex(at.0)).collect(),
            agreement: agreement(view.hart, view.bus, entry, roots),
            symbol: view.data(entry.va, Some(entry.pa())),
        }
    }
}

impl TlbReport {
    /// What the TLB of a hart holds.
    pub fn new(view: &mut View<'_>, roots: &[Satp]) -> Self {
        let hart = view.hart;
        let arrays = hart.tlb.arrays().into_iter().map(|array| {
            let mut entries: Vec<Entry> = hart.tlb.entries(array).copied().collect();
            entries.sort_by_key(|entry| (entry.mode, entry.asid, entry.va, entry.size));
            ArrayReport {
                name: array.name(),
                capacity: capacity(hart.tlb.config(), array),
                entries: (entries.iter())
                    .map(|entry| EntryReport::new(view, entry, roots))
                    .collect(),
            }
        });
        Self {
            arrays: arrays.collect(),
        }
    }
}

impl fmt::Display for TlbReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.arrays.is_empty() {
            return writeln!(f, "TLB: off, every access walks the tables");
        }
        for array in &self.arrays {
            let held = array.entries.len();
            writeln!(f, "{}: {held} of {} entries", array.name, array.capacity)?;
            if held != 0 {
                writeln!(
                    f,
                    "  {:16}  {:12}  {:>7}  {:>5}  {:8}  {:>11}  from",
                    "virtual", "physical", "page", "asid", "rights", "age"
                )?;
            }
            for entry in &array.entries {
                let asid = match entry.global {
                    true => "all".to_owned(),
                    false => entry.asid.to_string(),
                };
                let origin: Vec<String> = entry.origin.iter().map(Hex::to_string).collect();
                write!(
                    f,
                    "  {:016x}  {:012x}  {:>7}  {asid:>5}  {:8}  {:>11}  {}",
                    entry.va.0,
                    entry.pa.0,
                    bytes(entry.page_size),
                    format!("{}{}", entry.letters, entry.pbmt.unwrap_or_default()),
                    grouped(entry.age),
                    origin.join(" > "),
                )?;
                named(f, entry.symbol.as_deref())?;
                match &entry.agreement {
                    Agreement::Agrees => writeln!(f)?,
                    other => writeln!(f, "\n      {other}")?,
                }
            }
        }
        let all = || self.arrays.iter().flat_map(|array| &array.entries);
        let stale = all().filter(|entry| entry.agreement.is_stale()).count();
        match (stale, all().count()) {
            (_, 0) => Ok(()),
            (0, _) => writeln!(f, "No entry is stale."),
            (1, _) => writeln!(f, "1 entry is stale: a fence is missing, or still to come."),
            (n, _) => writeln!(
                f,
                "{n} entries are stale: a fence is missing, or still to come."
            ),
        }
    }
}

/// Whether a mode translates.
pub(super) const fn translates(mode: Mode) -> bool {
    !matches!(mode, Mode::Bare)
}
