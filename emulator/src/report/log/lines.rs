//! The words of a line.

use crate::loader::Guest;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    Entry, Event, Fault, FenceKind, Leaf, Meaning, Mode, Mode::Bare, Outcome, Pte, Satp, Step,
    TlbArray, TlbLevel, Walk, WalkCause,
};
use crate::report::check::summary_line;
use crate::report::sighting::{Sighting, Spot};
use std::fmt::{self, Display, Formatter};

/// `<name+0x4>` after a space, if an address has a symbol.
struct Name<'a>(&'a Guest, u64);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        named(f, self.0.symbols().by_address(self.1))
    }
}

fn named(f: &mut Formatter<'_>, symbol: Option<(&str, u64)>) -> fmt::Result {
    match symbol {
        Some((name, 0)) => write!(f, " <{name}>"),
        Some((name, offset)) => write!(f, " <{name}+{offset:#x}>"),
        None => Ok(()),
    }
}

/// The address of an instruction, all digits of it, and its symbol.
pub(super) struct Code<'a>(pub(super) &'a Guest, pub(super) u64);

impl Display for Code<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "va:{:#018x}{}", self.1, Name(self.0, self.1))
    }
}

/// How a line begins: the hart, the instruction count, the privilege, the ASID, the instruction.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) guest: &'a Guest,
    pub(super) spot: Spot,
}

impl Display for Line<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Spot {
            hart,
            count,
            privilege,
            asid,
            pc,
            ..
        } = self.spot;
        write!(
            f,
            "hart {hart} #{count} {privilege} asid {asid} va:{pc:#018x}"
        )?;
        named(f, self.spot.symbol(self.guest))
    }
}

/// Text that is made when it is written.
struct Text<F>(F);

impl<F: Fn(&mut Formatter<'_>) -> fmt::Result> Display for Text<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

impl<'a> Line<'a> {
    fn va(self, va: VirtAddr) -> impl Display + 'a {
        Text(move |f: &mut Formatter<'_>| write!(f, "{va}{}", Name(self.guest, va.0)))
    }

    fn pa(self, pa: PhysAddr) -> impl Display + 'a {
        // What lies there is named as where it is linked to run.
        let linked = self.guest.virtual_of(pa.0).unwrap_or(pa.0);
        Text(move |f: &mut Formatter<'_>| write!(f, "{pa}{}", Name(self.guest, linked)))
    }

    /// What the MMU did.
    pub(super) fn mmu(self, seen: &Sighting<'_>) -> impl Display {
        Text(move |f: &mut Formatter<'_>| match seen.event {
            Event::Hit {
                va,
                pa,
                access,
                level,
            } => {
                let level = match level {
                    TlbLevel::First => "first",
                    TlbLevel::Second => "second",
                };
                let (kind, va, pa) = (access.kind, self.va(*va), self.pa(*pa));
                write!(f, "hit in the {level} level: {kind} at {va} is {pa}")
            }
            Event::Walked { walk, satp, cause } => self.walk(f, walk, *satp, *cause),
            Event::Filled { array, entry } => write!(f, "filled {}", self.entry(*array, entry)),
            Event::Evicted { array, entry } => write!(
                f,
                "evicted {}, filled at #{}",
                self.entry(*array, entry),
                entry.filled_at
            ),
            // A fence tells these after itself.
            Event::Dropped { array, entry } => write!(f, "dropped {}", self.entry(*array, entry)),
            Event::Faulted { fault, .. } => self.fault(f, fault, seen),
            Event::Protected { va, pa, access } => write!(
                f,
                "PMP denies the {} at {} from {}-mode, which translates to {}",
                access.kind,
                self.va(*va),
                access.privilege,
                self.pa(*pa),
            ),
            Event::Fenced {
                fence,
                kind,
                dropped,
            } => {
                f.write_str(match kind {
                    FenceKind::Sfence => "sfence.vma",
                    FenceKind::Sinval => "sinval.vma",
                })?;
                match fence.va {
                    Some(va) => write!(f, " for the page of {}", self.va(va))?,
                    None => f.write_str(" for every address")?,
                }
                match fence.asid {
                    Some(asid) => write!(f, " in asid {asid}")?,
                    None => f.write_str(" in every address space")?,
                }
                let entries = if *dropped == 1 { "entry" } else { "entries" };
                write!(f, ": {dropped} {entries} dropped")
            }
            Event::SatpWritten { old, new } => {
                write!(f, "satp: {} -> {}", self.satp(*old), self.satp(*new))
            }
            Event::Found(report) => f.write_str(&summary_line(report, self.guest)),
        })
    }

    /// An entry of the TLB.
    pub(super) fn entry(self, array: TlbArray, entry: &Entry) -> impl Display {
        let entry = *entry;
        Text(move |f: &mut Formatter<'_>| {
            let (va, pa) = (entry.va, entry.pa());
            write!(f, "{array} {va} -> {pa} ({}, ", entry.size)?;
            match entry.global {
                true => f.write_str("global")?,
                false => write!(f, "asid {}", entry.asid)?,
            }
            write!(f, ", {})", Bits(entry.pte))
        })
    }

    fn satp(self, satp: Satp) -> impl Display {
        Text(move |f: &mut Formatter<'_>| match satp.mode() {
            Bare => f.write_str("bare"),
            mode => write!(f, "{mode} asid {} root {}", satp.asid(), satp.root()),
        })
    }

    /// A step of a walk.
    pub(super) fn step(self, va: VirtAddr, step: &Step) -> impl Display {
        let step = *step;
        Text(move |f: &mut Formatter<'_>| {
            let Step { level, at, pte, .. } = step;
            let index = Mode::index(va, level);
            write!(f, "walk of {va}: level {level}, index {index}: ")?;
            write!(f, "entry at {} ", self.pa(at))?;
            match step.meaning {
                Meaning::Unreadable => f.write_str("cannot be read"),
                Meaning::Broken if !pte.valid() => write!(f, "is {pte}: not valid"),
                Meaning::Broken => write!(f, "is {pte}: breaks a rule"),
                Meaning::Pointer => write!(f, "is {pte}: the next table is at {}", pte.target()),
                Meaning::Leaf(size) => write!(f, "is {pte}: a {size} page at {}", pte.target()),
            }
        })
    }

    fn walk(self, f: &mut Formatter<'_>, walk: &Walk, satp: Satp, cause: WalkCause) -> fmt::Result {
        let (kind, privilege) = (walk.access.kind, walk.access.privilege);
        let steps = walk.steps().len();
        let entries = if steps == 1 { "entry" } else { "entries" };
        write!(f, "{} walk for {kind} at ", satp.mode())?;
        write!(f, "{} from {privilege}-mode", self.va(walk.va))?;
        if cause == WalkCause::UpdateBits {
            f.write_str(", to set A or D")?;
        }
        write!(f, ": {steps} {entries} read, ")?;
        match walk.outcome {
            Outcome::Identity(pa) => write!(f, "{pa}"),
            Outcome::Fault(fault) => write!(f, "{}", fault.reason),
            Outcome::Leaf(leaf) => self.leaf(f, &leaf),
        }
    }

    fn leaf(self, f: &mut Formatter<'_>, leaf: &Leaf) -> fmt::Result {
        let (pa, bits) = (self.pa(leaf.pa), Bits(leaf.updated_pte()));
        write!(f, "{pa} in a page of {} ({bits})", leaf.size)?;
        match (leaf.update & Pte::A != 0, leaf.update & Pte::D != 0) {
            (true, true) => f.write_str(", A and D set by the walk"),
            (true, false) => f.write_str(", A set by the walk"),
            (false, true) => f.write_str(", D set by the walk"),
            (false, false) => Ok(()),
        }
    }

    /// A fault as a person understands it: what was asked, why not, and who decided.
    fn fault(self, f: &mut Formatter<'_>, fault: &Fault, seen: &Sighting<'_>) -> fmt::Result {
        let Fault { va, access, reason } = *fault;
        let (exception, kind) = (fault.exception(), access.kind);
        write!(f, "{exception}: {kind} at {}", self.va(va))?;
        write!(f, " from {}-mode: {reason}; ", access.privilege)?;
        if let Some(entry) = &seen.entry {
            let (level, pte) = (entry.size.level(), entry.pte);
            write!(f, "level {level} entry ")?;
            if let Some(&at) = entry.origin().last() {
                write!(f, "at {} ", self.pa(at))?;
            }
            let filled = entry.filled_at;
            return write!(f, "is {pte} in the TLB, which read it at #{filled}");
        }
        match seen.walk.as_ref().and_then(|walk| walk.steps().last()) {
            None => f.write_str("no entry was read"),
            Some(step) => {
                let (level, at) = (step.level, self.pa(step.at));
                write!(f, "level {level} entry at {at} ")?;
                match step.meaning {
                    Meaning::Unreadable => f.write_str("could not be read by the walk"),
                    _ => write!(f, "is {}, read by a walk", step.pte),
                }
            }
        }
    }
}

/// The letters of an entry's bits.
struct Bits(Pte);

impl Display for Bits {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.rsplit(' ').next().unwrap_or_default())
    }
}
