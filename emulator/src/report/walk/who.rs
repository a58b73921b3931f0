//! `--who`: every virtual address that maps a frame, and whether it holds page tables.

use super::entry::Bits;
use super::{Hex, SatpReport, View, bytes, named};
use crate::mem::{PAGE_SIZE, PhysAddr, VirtAddr};
use crate::mmu::{Satp, Space};
use serde::Serialize;
use std::fmt;

/// The most virtual addresses that are told; only tables that loop have more.
const MOST: usize = 4096;

/// Who maps a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhoReport {
    /// The physical address asked for.
    pub pa: Hex,
    /// The frame that holds it.
    pub frame: Hex,
    /// What is at the address.
    pub symbol: Option<String>,
    /// Whether there is RAM.
    pub ram: bool,
    /// The virtual addresses, in each address space.
    pub mappings: Vec<MappingReport>,
    /// As which table it serves, in each address space.
    pub tables: Vec<TableUse>,
    /// How many address spaces were looked at.
    pub roots: usize,
    /// Whether one of them was too large to be looked at whole.
    pub cut_short: bool,
}

/// A virtual address that maps the frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MappingReport {
    /// In which address space.
    pub satp: SatpReport,
    /// The virtual address of the address asked for.
    pub va: Hex,
    /// The size of the page, in bytes.
    pub page_size: u64,
    /// The bits.
    #[serde(flatten)]
    pub bits: Bits,
    /// The leaf.
    pub entry: Hex,
    /// What is linked there.
    pub symbol: Option<String>,
}

/// The frame as a page table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableUse {
    /// In which address space.
    pub satp: SatpReport,
    /// Its level.
    pub level: u8,
    /// The first virtual address that it translates.
    pub va: Hex,
    /// The entry that points to it; none for the root.
    pub from: Option<Hex>,
    /// The table that this entry is in.
    pub from_symbol: Option<String>,
}

impl WhoReport {
    /// Who maps the frame of a physical address, in these address spaces.
    pub fn new(view: &mut View<'_>, pa: PhysAddr, roots: &[Satp]) -> Self {
        let mut report = Self {
            pa: Hex(pa.0),
            frame: Hex(pa.page().0),
            symbol: view.names.physical(pa),
            ram: view.bus.is_ram(pa, 1),
            mappings: Vec::new(),
            tables: Vec::new(),
            roots: roots.len(),
            cut_short: false,
        };
        for &satp in roots {
            let config = view.space(satp);
            let space = Space::read(&config, view);
            report.cut_short |= space.cut_at.is_some();
            report.add(view, satp, pa, &space);
        }
        report
    }

    fn add(&mut self, view: &mut View<'_>, satp: Satp, pa: PhysAddr, space: &Space) {
        let names = view.names;
        for range in space.mapping(pa.page(), PAGE_SIZE) {
            if self.mappings.len() >= MOST {
                self.cut_short = true;
                break;
            }
            let va = VirtAddr(range.va.0.wrapping_add(pa.0.wrapping_sub(range.pa.0)));
            // A range tells its first leaf only.
            let kind = crate::mmu::AccessKind::Load;
            let access = crate::mmu::Access::new(kind, crate::isa::Privilege::Supervisor);
            let walk = view.hart.explain(view.bus, satp, va, access);
            let leaf = walk.steps().last().map_or(range.entry, |step| step.at);
            self.mappings.push(MappingReport {
                satp: SatpReport::new(satp, names),
                va: Hex(va.0),
                page_size: range.page.bytes(),
                bits: Bits::of(range),
                entry: Hex(leaf.0),
                symbol: view.data(va, Some(pa)),
            });
        }
        for table in space.tables.iter().filter(|table| table.at == pa.page()) {
            if self.tables.len() >= MOST {
                self.cut_short = true;
                break;
            }
            self.tables.push(TableUse {
                satp: SatpReport::new(satp, names),
                level: table.level,
                va: Hex(table.va.0),
                from: table.from.map(|at| Hex(at.0)),
                from_symbol: table.from.and_then(|at| names.physical(at)),
            });
        }
    }
}

impl fmt::Display for WhoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Who maps pa:{}", self.pa)?;
        named(f, self.symbol.as_deref())?;
        if self.pa != self.frame {
            write!(f, ", in the frame pa:{}", self.frame)?;
        }
        let spaces = if self.roots == 1 {
            "address space"
        } else {
            "address spaces"
        };
        writeln!(f, " (in {} {spaces})", self.roots)?;
        if !self.ram {
            writeln!(f, "  there is no RAM at this address")?;
        }
        if self.roots == 0 {
            writeln!(
                f,
                "  satp was never written: every address is a physical one"
            )?;
        } else if self.mappings.is_empty() {
            writeln!(f, "  no virtual address maps it")?;
        }
        for mapping in &self.mappings {
            write!(f, "  va:{}", mapping.va)?;
            named(f, mapping.symbol.as_deref())?;
            writeln!(
                f,
                "  {}{}  {} page, leaf pa:{}, in {}",
                mapping.bits.letters,
                mapping.bits.rest(),
                bytes(mapping.page_size),
                mapping.entry,
                mapping.satp
            )?;
        }
        if self.tables.is_empty() {
            writeln!(f, "  it holds no page table")?;
        }
        for table in &self.tables {
            write!(
                f,
                "  it is the table of level {} for va:{}.., ",
                table.level, table.va
            )?;
            match table.from {
                None => write!(f, "the root")?,
                Some(from) => {
                    write!(f, "the entry pa:{from}")?;
                    named(f, table.from_symbol.as_deref())?;
                    write!(f, " points to it")?;
                }
            }
            writeln!(f, ", in {}", table.satp)?;
        }
        if !self.tables.is_empty() {
            let user = self
                .mappings
                .iter()
                .find(|mapping| mapping.bits.letters.contains('u'));
            if let Some(user) = user {
                writeln!(
                    f,
                    "  beware: user mode reaches this table at va:{}",
                    user.va
                )?;
            }
        }
        if self.cut_short {
            writeln!(
                f,
                "  the tables are too many to be told whole: there may be more"
            )?;
        }
        Ok(())
    }
}
