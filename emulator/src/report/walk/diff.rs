//! `--diff`: what changed in an address space between two points.

use super::entry::Bits;
use super::names::Names;
use super::{Hex, SatpReport, bytes};
use crate::mem::PhysAddr;
use crate::mmu::{MappedRange, PageSize, Pte, Satp, Space};
use serde::Serialize;
use std::fmt;

/// What an address space was at a point.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The point, in words.
    pub point: String,
    /// Instructions retired there.
    pub retired: u64,
    /// Which address space.
    pub satp: Satp,
    /// What it mapped.
    pub space: Space,
}

/// The difference between two points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiffReport {
    /// The earlier point.
    pub from: SideReport,
    /// The later point.
    pub to: SideReport,
    /// What changed, by virtual address.
    pub changes: Vec<Change>,
}

/// One of the two points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideReport {
    /// The point, in words.
    pub point: String,
    /// Instructions retired there.
    pub instructions: u64,
    /// The address space.
    pub satp: SatpReport,
    /// The virtual address from which on nothing was looked at, if the tables were too large.
    pub cut_at: Option<Hex>,
}

/// What happened to a range of virtual addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `added`, `removed` or `changed`.
    pub kind: &'static str,
    /// The first virtual address.
    pub va: Hex,
    /// The last virtual address.
    pub last: Hex,
    /// How many bytes.
    pub size: u64,
    /// What it was.
    pub old: Option<Mapping>,
    /// What it is.
    pub new: Option<Mapping>,
    /// What is at the start.
    pub symbol: Option<String>,
}

/// What a range is mapped to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// The first physical address.
    pub pa: Hex,
    /// The size of a page, in bytes.
    pub page_size: u64,
    /// The bits.
    #[serde(flatten)]
    pub bits: Bits,
}

/// A mapping without its extent: which physical address virtual address zero would have.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Rule {
    distance: u64,
    page: PageSize,
    bits: Pte,
    global: bool,
}

impl Rule {
    fn of(range: &MappedRange) -> Self {
        Self {
            distance: range.pa.0.wrapping_sub(range.va.0),
            page: range.page,
            bits: range.bits,
            global: range.global,
        }
    }

    fn mapping(&self, va: u64) -> Mapping {
        Mapping {
            pa: Hex(va.wrapping_add(self.distance)),
            page_size: self.page.bytes(),
            bits: Bits::new(self.bits, self.global),
        }
    }
}

/// A range that changed: first and last address, old and new rule.
type Span = (u64, u64, Option<Rule>, Option<Rule>);

/// Goes through both maps at once, by virtual address.
fn compare(old: &[MappedRange], new: &[MappedRange]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    // Where the next piece may begin; `None` past the last address.
    let mut at = Some(0);
    while let Some(here) = at {
        while old.next_if(|range| range.last().0 < here).is_some() {}
        while new.next_if(|range| range.last().0 < here).is_some() {}
        let sides = [old.peek().copied(), new.peek().copied()];
        let starts = sides.iter().flatten().map(|range| range.va.0.max(here));
        let Some(start) = starts.min() else { break };
        // The piece ends where a range ends, or before the next begins.
        let ends = sides
            .iter()
            .flatten()
            .map(|range| match range.va.0 > start {
                true => range.va.0 - 1,
                false => range.last().0,
            });
        let end = ends.min().unwrap_or(u64::MAX);
        let rule =
            |side: Option<&MappedRange>| side.filter(|range| range.va.0 <= start).map(Rule::of);
        let (before, after) = (rule(sides[0]), rule(sides[1]));
        if before != after {
            match spans.last_mut() {
                Some((_, last, one, other))
                    if last.wrapping_add(1) == start && (*one, *other) == (before, after) =>
                {
                    *last = end;
                }
                _ => spans.push((start, end, before, after)),
            }
        }
        at = end.checked_add(1);
    }
    spans
}

impl DiffReport {
    /// The difference between two points.
    pub fn new(from: &Snapshot, to: &Snapshot, names: &Names<'_>) -> Self {
        let side = |snapshot: &Snapshot| SideReport {
            point: snapshot.point.clone(),
            instructions: snapshot.retired,
            satp: SatpReport::new(snapshot.satp, names),
            cut_at: snapshot.space.cut_at.map(|at| Hex(at.0)),
        };
        let spans = compare(&from.space.ranges, &to.space.ranges);
        let changes = spans.into_iter().map(|(va, last, old, new)| Change {
            kind: match (old.is_some(), new.is_some()) {
                (false, _) => "added",
                (_, false) => "removed",
                _ => "changed",
            },
            va: Hex(va),
            last: Hex(last),
            size: (last - va).saturating_add(1),
            symbol: (new.or(old))
                .and_then(|rule| names.physical(PhysAddr(va.wrapping_add(rule.distance)))),
            old: old.map(|rule| rule.mapping(va)),
            new: new.map(|rule| rule.mapping(va)),
        });
        Self {
            from: side(from),
            to: side(to),
            changes: changes.collect(),
        }
    }
}

impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "pa:{} {}{} {}",
            self.pa,
            self.bits.letters,
            self.bits.rest(),
            bytes(self.page_size)
        )
    }
}

impl fmt::Display for DiffReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "What changed")?;
        for (word, side) in [("from", &self.from), ("to", &self.to)] {
            writeln!(f, "  {word:4} {}: {}", side.point, side.satp)?;
            if let Some(at) = side.cut_at {
                writeln!(f, "       cut short at va:{at}: the tables are too many")?;
            }
        }
        if self.from.satp != self.to.satp {
            writeln!(f, "  these are two address spaces, or one and none")?;
        }
        if self.changes.is_empty() {
            writeln!(f, "  nothing: every address is mapped as before")?;
        }
        for change in &self.changes {
            write!(
                f,
                "  {:8}{:016x}-{:016x}  {:>9}  ",
                change.kind,
                change.va.0,
                change.last.0,
                bytes(change.size)
            )?;
            match (&change.old, &change.new) {
                (Some(old), Some(new)) => write!(f, "{old} -> {new}")?,
                (Some(only), None) | (None, Some(only)) => write!(f, "{only}")?,
                (None, None) => {}
            }
            super::named(f, change.symbol.as_deref())?;
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::VirtAddr;

    fn range(va: u64, size: u64, pa: u64, bits: u64) -> MappedRange {
        MappedRange {
            va: VirtAddr(va),
            size,
            pa: PhysAddr(pa),
            page: PageSize::Kib4,
            bits: Pte(bits),
            global: false,
            entry: PhysAddr(0),
        }
    }

    /// The spans as numbers: first, last, old and new physical address of the first.
    fn pieces(
        old: &[MappedRange],
        new: &[MappedRange],
    ) -> Vec<(u64, u64, Option<u64>, Option<u64>)> {
        let pa = |va: u64, rule: Option<Rule>| rule.map(|rule| va.wrapping_add(rule.distance));
        let spans = compare(old, new).into_iter();
        spans
            .map(|(va, last, old, new)| (va, last, pa(va, old), pa(va, new)))
            .collect()
    }

    #[test]
    fn the_same_is_no_change_however_it_is_cut() {
        let whole = [range(0x1000, 0x3000, 0x8000, Pte::R)];
        let cut = [
            range(0x1000, 0x1000, 0x8000, Pte::R),
            range(0x2000, 0x2000, 0x9000, Pte::R),
        ];
        assert_eq!(pieces(&whole, &cut), []);
        assert_eq!(pieces(&cut, &whole), []);
    }

    #[test]
    fn parts_added_removed_and_changed() {
        let old = [range(0x1000, 0x3000, 0x8000, Pte::R)];
        let new = [
            range(0x2000, 0x1000, 0x9000, Pte::R | Pte::W),
            range(0x3000, 0x2000, 0xa000, Pte::R),
        ];
        assert_eq!(
            pieces(&old, &new),
            [
                (0x1000, 0x1fff, Some(0x8000), None),
                (0x2000, 0x2fff, Some(0x9000), Some(0x9000)),
                (0x4000, 0x4fff, None, Some(0xb000)),
            ]
        );
    }

    #[test]
    fn the_last_page_of_all() {
        let top = [range(0xffff_ffff_ffff_f000, 0x1000, 0x8000, Pte::R)];
        let whole = (0xffff_ffff_ffff_f000, u64::MAX, None, Some(0x8000));
        assert_eq!(pieces(&[], &top), [whole]);
        assert_eq!(pieces(&top, &top), []);
    }
}
