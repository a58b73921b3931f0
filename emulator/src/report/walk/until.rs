//! `--until`: the points at which a run can be stopped, and the observer that stops there.

use super::names::{Names, distance, plain_number};
use super::roots::Roots;
use super::site::Site;
use crate::engine::Observer;
use crate::hart::{Cause, Event, Hart, Interest, TrapTaken};
use crate::isa::{Exception, Privilege};
use crate::mem::{Bus, PAGE_SIZE, PhysAddr, VirtAddr};
use crate::mmu::{self, Access, AccessKind, Fault, FaultSource, Satp};
use crate::report::stats::grouped;
use std::fmt;

/// A point of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// The n-th page fault.
    PageFault(u64),
    /// The n-th access fault.
    AccessFault(u64),
    /// The n-th trap of any cause.
    Trap(u64),
    /// So many instructions retired.
    Instructions(u64),
    /// Before the instruction at an address, the n-th time.
    Address {
        /// As it was asked for.
        text: String,
        /// Where that is, or is linked.
        at: u64,
        /// Where a symbol was loaded: its code may run at another address than it is linked to. None
        /// for a number, which is meant as it is.
        loaded: Option<u64>,
        /// Which time.
        nth: u64,
    },
    /// The end of the run.
    End,
}

impl Point {
    /// Reads a point: `fault`, `access-fault` and `trap`, each with `:N` for the n-th; `end`; a number of
    /// instructions; an address (`0x…`) or a symbol with or without an offset, and with `:N` for the n-th time.
    pub fn parse(text: &str, names: &Names<'_>) -> Result<Self, String> {
        let counted = ["fault", "page-fault", "access-fault", "trap"];
        let (what, nth) = match text.rsplit_once(':') {
            Some(("end", _)) => return Err(format!("`{text}`: a run ends once; write `end`")),
            Some((what, nth))
                if counted.contains(&what)
                    && (nth.is_empty() || !nth.bytes().all(|b| b.is_ascii_digit())) =>
            {
                return Err(format!(
                    "`{text}`: after `:` comes a count, as in {what}:2, and `{nth}` is none"
                ));
            }
            Some((what, nth)) if !nth.is_empty() && nth.bytes().all(|b| b.is_ascii_digit()) => {
                match nth.parse() {
                    Ok(nth) if nth > 0 => (what, nth),
                    Err(_) => {
                        return Err(format!(
                            "`{text}`: the count after `:` is more than 64 bits can say"
                        ));
                    }
                    _ => return Err(format!("`{text}`: the count after `:` starts at 1")),
                }
            }
            _ => (text, 1),
        };
        match what {
            "fault" | "page-fault" => return Ok(Self::PageFault(nth)),
            "access-fault" => return Ok(Self::AccessFault(nth)),
            "trap" => return Ok(Self::Trap(nth)),
            "end" if text == "end" => return Ok(Self::End),
            "" => return Err(format!("`{text}` is no point of a run")),
            _ => {}
        }
        if what.starts_with(|c: char| c.is_ascii_digit())
            && !what.starts_with("0x")
            && !what.starts_with("0X")
        {
            return match text.contains(':') {
                true => Err(format!("`{text}`: a number of instructions comes once")),
                false => plain_number(what).map(Self::Instructions),
            };
        }
        let address = names.address(what).map_err(|error| {
            let words = ["fault", "access-fault", "trap", "end"];
            match words
                .into_iter()
                .find(|word| distance(what, word, 2).is_some())
            {
                Some(word) if what.len() > 3 => format!("{error}; is it `{word}`, the point?"),
                _ => error,
            }
        })?;
        Ok(Self::Address {
            text: what.to_owned(),
            at: address,
            loaded: (!what.starts_with("0x") && !what.starts_with("0X"))
                .then(|| names.physical_of(address).unwrap_or(address)),
            nth,
        })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nth = |f: &mut fmt::Formatter<'_>, nth: u64, what: &str| match nth {
            1 => write!(f, "the first {what}"),
            2 => write!(f, "the second {what}"),
            3 => write!(f, "the third {what}"),
            n => write!(f, "{what} number {n}"),
        };
        match self {
            Self::PageFault(n) => nth(f, *n, "page fault"),
            Self::AccessFault(n) => nth(f, *n, "access fault"),
            Self::Trap(n) => nth(f, *n, "trap"),
            Self::Instructions(1) => f.write_str("1 instruction"),
            Self::Instructions(n) => write!(f, "{} instructions", grouped(*n)),
            Self::Address { text, nth: 1, .. } => f.write_str(text),
            Self::Address { text, nth: n, .. } => {
                nth(f, *n, "arrival at ").and_then(|()| f.write_str(text))
            }
            Self::End => f.write_str("the end of the run"),
        }
    }
}

/// An access that trapped, as the MMU saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultSeen {
    /// The trap.
    pub trap: TrapTaken,
    /// The address that faulted.
    pub va: VirtAddr,
    /// How it was accessed.
    pub access: Access,
    /// The address space.
    pub satp: Satp,
    /// Who found what.
    pub found: Found,
}

/// What was found wrong with an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The translation failed.
    Translation(Fault, FaultSource),
    /// PMP denied the physical address.
    Protected(PhysAddr),
    /// Nothing of the MMU: the physical address does not answer.
    Nothing,
}

struct Target {
    point: Point,
    count: u64,
    reached: bool,
    /// Who reached it, and with which fault.
    hart: usize,
    fault: Option<FaultSeen>,
}

/// Stops a run at points, and remembers what happened on the way.
pub struct Watcher<'a> {
    targets: Vec<Target>,
    told: usize,
    /// The only hart that counts, if one was named.
    only: Option<usize>,
    /// When and where each hart was asked last: after a stop it is asked again.
    asked: Vec<Option<(u64, u64)>>,
    pending: Option<(VirtAddr, Access, Found, u64)>,
    last_trap: Option<TrapTaken>,
    roots: Roots,
    names: &'a Names<'a>,
}

impl<'a> Watcher<'a> {
    /// Stops at each of these points, once, whichever hart comes there, or only if one does.
    pub fn new(points: Vec<Point>, only: Option<usize>, names: &'a Names<'a>) -> Self {
        let targets = points.into_iter().map(|point| Target {
            point,
            count: 0,
            reached: false,
            hart: 0,
            fault: None,
        });
        Self {
            targets: targets.collect(),
            told: 0,
            only,
            asked: Vec::new(),
            pending: None,
            last_trap: None,
            roots: Roots::default(),
            names,
        }
    }

    /// Whether a point was reached. The end is, when the caller says so.
    pub fn reached(&self, index: usize) -> bool {
        self.targets.get(index).is_some_and(|target| target.reached)
    }

    /// How often what a point counts came.
    pub fn count(&self, index: usize) -> u64 {
        self.targets.get(index).map_or(0, |target| target.count)
    }

    /// Tells that the run is over: that is a point too.
    pub fn ended(&mut self, hart: &Hart) {
        for target in &mut self.targets {
            target.reached |= match target.point {
                Point::End => true,
                Point::Instructions(count) => hart.retired >= count,
                _ => false,
            };
            if target.fault.is_none() && target.point == Point::End {
                target.hart = hart.id;
            }
        }
    }

    fn counts(&self, hart: &Hart) -> bool {
        self.only.is_none_or(|only| only == hart.id)
    }

    /// The hart that reached a point.
    pub fn hart(&self, index: usize) -> usize {
        self.targets.get(index).map_or(0, |target| target.hart)
    }

    /// The access that faulted at a point that is a fault.
    pub fn fault(&self, index: usize) -> Option<&FaultSeen> {
        self.targets.get(index)?.fault.as_ref()
    }

    /// The last trap.
    pub fn last_trap(&self) -> Option<&TrapTaken> {
        self.last_trap.as_ref()
    }

    /// The address spaces seen.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    fn note(&mut self, hart: &Hart, va: VirtAddr, access: Access, found: Found) {
        self.pending = Some((va, access, found, hart.retired));
    }

    /// The access behind a trap, if it was one.
    fn access_of(&mut self, hart: &Hart, trap: &TrapTaken) -> Option<FaultSeen> {
        let Cause::Exception(exception) = trap.cause else {
            return None;
        };
        let kind = match exception {
            Exception::InstructionPageFault | Exception::InstructionAccessFault => {
                AccessKind::Fetch
            }
            Exception::LoadPageFault | Exception::LoadAccessFault => AccessKind::Load,
            Exception::StorePageFault | Exception::StoreAccessFault => AccessKind::Store,
            _ => return None,
        };
        let pending = self.pending.take();
        let (va, access, found) = match pending.filter(|pending| pending.3 == trap.retired) {
            // A cache-block operation translates its block, and reports its own address.
            Some((va, access, found, _)) => (va, access, found),
            None => (
                VirtAddr(trap.value),
                Access::new(kind, trap.from),
                Found::Nothing,
            ),
        };
        Some(FaultSeen {
            trap: *trap,
            va,
            access,
            satp: Satp(hart.csr.satp),
            found,
        })
    }
}

impl Observer for Watcher<'_> {
    const EVENTS: bool = true;
    const STOPS: bool = true;

    fn interest(&self) -> Interest {
        Interest::Slow
    }

    fn event(&mut self, hart: &Hart, event: &Event) {
        match *event {
            Event::Mmu(mmu::Event::SatpWritten { new, .. }) => self.roots.written(hart, new),
            Event::Mmu(mmu::Event::Faulted { fault, source }) => {
                self.note(
                    hart,
                    fault.va,
                    fault.access,
                    Found::Translation(fault, source),
                );
            }
            Event::Mmu(mmu::Event::Protected { va, pa, access }) => {
                self.note(hart, va, access, Found::Protected(pa));
            }
            _ => {}
        }
    }

    fn stops(&mut self, hart: &Hart, bus: &mut Bus) -> bool {
        let now = Some((hart.retired, hart.pc));
        if self.asked.len() <= hart.id {
            self.asked.resize(hart.id + 1, None);
        }
        let again = std::mem::replace(&mut self.asked[hart.id], now) == now;
        let counts = self.counts(hart);
        let mut reached = 0;
        for target in &mut self.targets {
            if !target.reached && counts {
                target.hart = hart.id;
                match &target.point {
                    Point::Instructions(count) => target.reached = hart.retired >= *count,
                    Point::Address {
                        at, loaded, nth, ..
                    } if !again && arrives(self.names, hart, bus, *at, *loaded) => {
                        target.count += 1;
                        target.reached = target.count >= *nth;
                    }
                    _ => {}
                }
            }
            reached += usize::from(target.reached);
        }
        let stops = reached > self.told;
        self.told = reached;
        stops
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        let seen = self.access_of(hart, trap);
        if !self.counts(hart) {
            return;
        }
        let page_fault = matches!(
            trap.cause,
            Cause::Exception(
                Exception::InstructionPageFault
                    | Exception::LoadPageFault
                    | Exception::StorePageFault
            )
        );
        for target in self.targets.iter_mut().filter(|target| !target.reached) {
            let nth = match target.point {
                Point::Trap(nth) => nth,
                Point::PageFault(nth) if page_fault => nth,
                Point::AccessFault(nth) if seen.is_some() && !page_fault => nth,
                _ => continue,
            };
            target.count += 1;
            target.reached = target.count >= nth;
            target.hart = hart.id;
            target.fault = seen;
        }
        self.last_trap = Some(*trap);
    }
}

/// Whether a hart is at an address, or at the code of a symbol that is linked there.
fn arrives(names: &Names<'_>, hart: &Hart, bus: &mut Bus, at: u64, loaded: Option<u64>) -> bool {
    let Some(loaded) = loaded else {
        return hart.pc == at;
    };
    let offset = |address: u64| address % PAGE_SIZE;
    // Translation keeps the offset in the page: few pcs have to be looked at.
    if offset(hart.pc) != offset(at) && offset(hart.pc) != offset(loaded) {
        return false;
    }
    let pc = VirtAddr(hart.pc);
    let site = Site::fetched(hart, bus, pc, hart.privilege, Satp(hart.csr.satp));
    site.pa == Some(PhysAddr(loaded)) || names.linked_at(pc, &site, site.translated) == Some(at)
}

/// The register that tells a handler about its trap: `stval` or `mtval`.
pub fn value_register(trap: &TrapTaken) -> &'static str {
    match trap.to {
        Privilege::Machine => "mtval",
        _ => "stval",
    }
}
