//! What `pagewalk walk` tells: facts about address translation at a point of a run, gathered as
//! plain data, which text, JSON and HTML are made of.
//!
//! [`Document`] is the JSON form; `docs/walk.md` describes it. Addresses and register values are
//! strings in hexadecimal, since JSON's numbers do not hold 64 bits everywhere.

pub mod address;
mod address_text;
pub mod diff;
pub mod entry;
pub mod map;
mod mend;
pub mod names;
pub mod overview;
pub mod roots;
pub mod site;
mod steps;
pub mod tlb;
pub mod tree;
pub mod until;
pub mod who;

use crate::hart::Hart;
use crate::mem::{Bus, PhysAddr};
use crate::mmu::{EntryError, Mode, PageTableMemory, Satp, SpaceConfig, SpaceLimits};
use names::Names;
use serde::{Serialize, Serializer};
use std::fmt;

/// The version of [`Document`]: grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// Everything that was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `pagewalk-walk`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The guest's file.
    pub guest: String,
    /// Where the run stopped, and the state of the hart there.
    pub overview: overview::Overview,
    /// Every address space seen.
    pub roots: Vec<roots::RootReport>,
    /// The addresses explained.
    pub addresses: Vec<address::Explanation>,
    /// The maps.
    pub maps: Vec<map::MapReport>,
    /// The trees.
    pub trees: Vec<tree::TreeReport>,
    /// The TLB.
    pub tlb: Option<tlb::TlbReport>,
    /// Who maps a frame.
    pub who: Vec<who::WhoReport>,
    /// What changed since an earlier point.
    pub diff: Option<diff::DiffReport>,
}

/// A number that is written in hexadecimal, in text and in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex(pub u64);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is looked at: a hart, the memory it sees, and names for addresses.
pub struct View<'a> {
    /// The hart.
    pub hart: &'a Hart,
    /// Memory.
    pub bus: &'a mut Bus,
    /// Names.
    pub names: &'a Names<'a>,
}

impl View<'_> {
    /// The address space of a value of `satp`, by the rules that are in force.
    pub fn space(&self, satp: Satp) -> SpaceConfig {
        SpaceConfig {
            mode: satp.mode(),
            root: satp.root(),
            rules: self.hart.pte_rules(),
            limits: SpaceLimits::default(),
        }
    }

    /// The present `satp`.
    pub fn satp(&self) -> Satp {
        Satp(self.hart.csr.satp)
    }
}

impl PageTableMemory for View<'_> {
    fn read_entry(&mut self, at: PhysAddr) -> Result<u64, EntryError> {
        self.hart.read_entry(self.bus, at)
    }
}

/// The fields of `satp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SatpReport {
    /// Its value.
    pub value: Hex,
    /// The mode: `bare`, `Sv39`, `Sv48`, `Sv57`.
    pub mode: String,
    /// ASID.
    pub asid: u16,
    /// PPN.
    pub ppn: Hex,
    /// The root table; none in bare mode.
    pub root: Option<Hex>,
    /// What the guest calls it.
    pub root_symbol: Option<String>,
}

impl SatpReport {
    /// The fields of a value.
    pub fn new(satp: Satp, names: &Names<'_>) -> Self {
        let root = (satp.mode() != Mode::Bare).then(|| satp.root());
        Self {
            value: Hex(satp.0),
            mode: satp.mode().to_string(),
            asid: satp.asid(),
            ppn: Hex(satp.root_ppn()),
            root: root.map(|root| Hex(root.0)),
            root_symbol: root.and_then(|root| names.physical(root)),
        }
    }
}

impl fmt::Display for SatpReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mode)?;
        if let Some(root) = self.root {
            write!(f, ", root pa:{root}")?;
            named(f, self.root_symbol.as_deref())?;
            write!(f, ", ASID {}", self.asid)?;
        }
        Ok(())
    }
}

/// Appends ` <name>`, if there is a name.
fn named(f: &mut impl fmt::Write, name: Option<&str>) -> fmt::Result {
    name.map_or(Ok(()), |name| write!(f, " <{name}>"))
}

/// A number of bytes as people say it: `4 KiB`, `1.5 MiB` is `1536 KiB`.
pub fn bytes(size: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut size = size;
    let mut unit = 0;
    while size != 0 && size.is_multiple_of(1024) && unit + 1 < units.len() {
        size /= 1024;
        unit += 1;
    }
    format!("{size} {}", units[unit])
}
