//! `--map`: an address space as merged ranges.

use super::entry::Bits;
use super::{Hex, SatpReport, View, bytes};
use crate::mem::{Bus, PhysAddr};
use crate::mmu::{BrokenRange, MappedRange, Satp, Space};
use crate::report::stats::grouped;
use serde::Serialize;
use std::fmt;

/// An address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapReport {
    /// Which.
    pub satp: SatpReport,
    /// Whether it is the present one.
    pub present: bool,
    /// What is mapped, by virtual address.
    pub ranges: Vec<RangeReport>,
    /// What is valid but breaks a rule, so that every access faults.
    pub broken: Vec<BrokenReport>,
    /// How many bytes are mapped.
    pub mapped_bytes: u64,
    /// How many tables there are; one that is reached twice counts twice.
    pub tables: usize,
    /// How many leaves there are.
    pub leaves: u64,
    /// The virtual address from which on nothing was looked at, if the tables were too large.
    pub cut_at: Option<Hex>,
}

/// Virtual addresses mapped to physical ones by leaves with the same bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RangeReport {
    /// The first virtual address.
    pub va: Hex,
    /// The last virtual address.
    pub last: Hex,
    /// How many bytes.
    pub size: u64,
    /// The first physical address.
    pub pa: Hex,
    /// The last physical address.
    pub last_pa: Hex,
    /// The size of a page, in bytes.
    pub page_size: u64,
    /// The bits.
    #[serde(flatten)]
    pub bits: Bits,
    /// Where the first leaf lies.
    pub entry: Hex,
    /// `RAM`, the device that it begins with, or null for nothing.
    pub place: Option<&'static str>,
    /// What is at the start, if the guest's file tells.
    pub symbol: Option<String>,
}

/// Virtual addresses whose entries break a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrokenReport {
    /// The first virtual address.
    pub va: Hex,
    /// The last virtual address.
    pub last: Hex,
    /// The level of the entries.
    pub level: u8,
    /// Where the first entry lies.
    pub entry: Hex,
    /// The first entry.
    pub pte: Hex,
    /// How many entries.
    pub count: u64,
    /// The rule, by name.
    pub reason: &'static str,
    /// The rule, in words.
    pub text: String,
}

impl RangeReport {
    /// What a range says.
    pub fn new(range: &MappedRange, view: &View<'_>) -> Self {
        Self {
            va: Hex(range.va.0),
            last: Hex(range.last().0),
            size: range.size,
            pa: Hex(range.pa.0),
            last_pa: Hex(range.last_pa().0),
            page_size: range.page.bytes(),
            bits: Bits::of(range),
            entry: Hex(range.entry.0),
            place: place(view.bus, range),
            symbol: view.data(range.va, Some(range.pa)),
        }
    }
}

impl fmt::Display for RangeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, page) = (bytes(self.size), bytes(self.page_size));
        write!(
            f,
            "{:016x}-{:016x}  {:012x}-{:012x}  {size:>9}  {page:>7}  {}{}",
            self.va.0,
            self.last.0,
            self.pa.0,
            self.last_pa.0,
            self.bits.letters,
            self.bits.rest(),
        )?;
        if let Some(symbol) = &self.symbol {
            write!(f, "  {symbol}")?;
        }
        match self.place {
            Some("RAM") => Ok(()),
            Some(device) => write!(f, "  ({device})"),
            None => f.write_str("  (no memory there)"),
        }
    }
}

/// What is in a range: RAM from the first to the last byte, or else the device that it begins with. A device may be
/// smaller than a page.
fn place(bus: &Bus, range: &MappedRange) -> Option<&'static str> {
    let (first, last) = (at(bus, range.pa)?, at(bus, range.last_pa()));
    match (first, last) {
        ("RAM", last) => last,
        (_, Some("RAM")) => last,
        (device, _) => Some(device),
    }
}

/// What is at a physical address.
fn at(bus: &Bus, pa: PhysAddr) -> Option<&'static str> {
    match bus.is_ram(pa, 1) {
        true => Some("RAM"),
        false => bus.device_name(pa),
    }
}

impl BrokenReport {
    fn new(broken: &BrokenRange) -> Self {
        let last = broken.va.0.wrapping_add(broken.size.wrapping_sub(1));
        Self {
            va: Hex(broken.va.0),
            last: Hex(last),
            level: broken.level,
            entry: Hex(broken.entry.0),
            pte: Hex(broken.pte.0),
            count: broken.count,
            reason: broken.reason.name(),
            text: broken.reason.to_string(),
        }
    }
}

impl fmt::Display for BrokenReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:016x}-{:016x}  broken: {} (level {}, entry pa:{} = {}",
            self.va.0, self.last.0, self.text, self.level, self.entry, self.pte
        )?;
        match self.count {
            1 => f.write_str(")"),
            count => write!(f, ", and {} more)", grouped(count - 1)),
        }
    }
}

/// The line above the ranges.
pub const COLUMNS: &str = "virtual                            physical                        size     \
                       page  rights   symbol at the start";

impl MapReport {
    /// The map of an address space.
    pub fn new(view: &mut View<'_>, satp: Satp) -> Self {
        let config = view.space(satp);
        let space = Space::read(&config, view);
        Self::of(&space, view, satp)
    }

    /// The report of a map.
    pub fn of(space: &Space, view: &View<'_>, satp: Satp) -> Self {
        let ranges = space.ranges.iter();
        Self {
            satp: SatpReport::new(satp, view.names),
            present: satp == view.satp(),
            ranges: ranges.map(|range| RangeReport::new(range, view)).collect(),
            broken: space.broken.iter().map(BrokenReport::new).collect(),
            mapped_bytes: space.bytes(),
            tables: space.tables.len(),
            leaves: space.leaves,
            cut_at: space.cut_at.map(|at| Hex(at.0)),
        }
    }

    /// How much there is, in a line.
    pub fn summary(&self) -> String {
        if self.satp.root.is_none() {
            return "bare: nothing is translated, every address is a physical one".to_owned();
        }
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let mut text = format!(
            "{} mapped in {} range{}, by {} lea{} in {} table{}",
            rounded(self.mapped_bytes),
            grouped(self.ranges.len() as u64),
            plural(self.ranges.len()),
            grouped(self.leaves),
            if self.leaves == 1 { "f" } else { "ves" },
            self.tables,
            plural(self.tables),
        );
        if !self.broken.is_empty() {
            text += &format!(
                "; {} broken range{}",
                grouped(self.broken.len() as u64),
                plural(self.broken.len())
            );
        }
        text
    }
}

/// A number of bytes, to about three digits.
fn rounded(size: u64) -> String {
    let exact = bytes(size);
    if exact.len() <= 8 {
        return exact;
    }
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let unit = (size.max(1).ilog2() / 10).min(5) as usize;
    format!(
        "{:.2} {}",
        size as f64 / (1_u64 << (10 * unit)) as f64,
        units[unit]
    )
}

impl fmt::Display for MapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let present = if self.present {
            ""
        } else {
            " (not the present one)"
        };
        writeln!(f, "Address space: {}{present}", self.satp)?;
        writeln!(f, "  {}", self.summary())?;
        if !self.ranges.is_empty() {
            writeln!(f, "  {COLUMNS}")?;
        }
        for range in &self.ranges {
            writeln!(f, "  {range}")?;
        }
        for broken in &self.broken {
            writeln!(f, "  {broken}")?;
        }
        if let Some(at) = self.cut_at {
            writeln!(
                f,
                "  cut short at va:{at}: the tables are too many to be read whole; do they point to each other?"
            )?;
        }
        Ok(())
    }
}
