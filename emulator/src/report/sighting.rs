//! What an observer of the MMU sees: each event with the instruction at which it happened, and with
//! what explains it. Log lines and trace files are made of this.

use crate::engine::Retired;
use crate::hart::{Hart, TrapTaken};
use crate::isa::Privilege;
use crate::loader::Guest;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    AccessKind, Entry, Event, FaultSource, Leaf, MAX_LEVELS, Mode, Outcome, Satp, Walk,
};
use std::cell::Cell;

/// The instruction at which something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The hart.
    pub hart: usize,
    /// How many instructions the hart had retired before.
    pub count: u64,
    /// The privilege it runs in.
    pub privilege: Privilege,
    /// The ASID in `satp`.
    pub asid: u16,
    /// Where it is.
    pub pc: u64,
    /// Where that is in physical memory, as far as the TLB knows: code that runs at another address
    /// than it is linked to has its symbols there.
    pub physical: Option<u64>,
}

impl Spot {
    /// The symbol of the instruction, and how far behind it that is.
    pub fn symbol<'g>(&self, guest: &'g Guest) -> Option<(&'g str, u64)> {
        let symbols = guest.symbols();
        let named = symbols.by_address(self.pc);
        named.or_else(|| {
            let at = self.physical?;
            symbols.by_address(guest.virtual_of(at).unwrap_or(at))
        })
    }
}

/// Addresses from the first to the last, both included.
pub type Span = (u64, u64);

/// What an event is about, besides the instruction: what a filter may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// An address space that it names: that of a TLB entry, of a fence, of a new `satp`.
    pub asid: Option<u16>,
    /// The virtual addresses.
    pub va: Option<Span>,
    spans: [Span; MAX_LEVELS + 1],
    count: usize,
}

impl About {
    /// One virtual address.
    pub fn va(va: u64) -> Self {
        Self {
            va: Some((va, va)),
            ..Self::default()
        }
    }

    /// The virtual addresses from `first` to `last` in an address space.
    pub fn page(first: u64, last: u64, asid: Option<u16>) -> Self {
        Self {
            asid,
            va: Some((first, last)),
            ..Self::default()
        }
    }

    /// The physical addresses: of what is reached, and of the page-table entries that were read.
    pub fn pa(&self) -> &[Span] {
        self.spans.get(..self.count).unwrap_or(&[])
    }

    fn with_pa(mut self, first: u64, last: u64) -> Self {
        if let Some(slot) = self.spans.get_mut(self.count) {
            *slot = (first, last);
            self.count += 1;
        }
        self
    }

    fn of_walk(walk: &Walk) -> Self {
        let mut about = Self::va(walk.va.0);
        for step in walk.steps() {
            about = about.with_pa(step.at.0, step.at.0.wrapping_add(7));
        }
        match walk.outcome {
            Outcome::Identity(pa) | Outcome::Leaf(Leaf { pa, .. }) => about.with_pa(pa.0, pa.0),
            Outcome::Fault(_) => about,
        }
    }

    fn of_entry(entry: &Entry) -> Self {
        let mask = entry.size.mask();
        let (va, pa) = (entry.va.0, entry.pa().0);
        Self::page(va, va | mask, Some(entry.asid)).with_pa(pa, pa | mask)
    }
}

/// An event of the MMU with what explains it.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// The instruction.
    pub spot: Spot,
    /// What happened.
    pub event: &'a Event,
    /// For a fault that a walk decided, the walk.
    pub walk: Option<Walk>,
    /// For a fault that the TLB decided, its entry.
    pub entry: Option<Entry>,
}

impl Sighting<'_> {
    /// What a filter may ask for.
    pub fn about(&self) -> About {
        match self.event {
            Event::Hit { va, pa, .. } | Event::Protected { va, pa, .. } => {
                About::va(va.0).with_pa(pa.0, pa.0)
            }
            Event::Walked { walk, .. } => About::of_walk(walk),
            Event::Filled { entry, .. }
            | Event::Evicted { entry, .. }
            | Event::Dropped { entry, .. } => About::of_entry(entry),
            Event::Faulted { fault, .. } => match (&self.walk, self.leaf_entry()) {
                (Some(walk), _) => About::of_walk(walk),
                (None, Some(at)) => About::va(fault.va.0).with_pa(at, at.wrapping_add(7)),
                (None, None) => About::va(fault.va.0),
            },
            Event::Fenced { fence, .. } => About {
                asid: fence.asid,
                // Without an address it covers all of them.
                va: Some(fence.va.map_or((0, u64::MAX), |va| (va.0, va.0))),
                ..About::default()
            },
            Event::SatpWritten { new, .. } => About {
                asid: Some(new.asid()),
                ..About::default()
            },
            Event::Found(report) => {
                let mut about = match &report.used {
                    Some(used) => About::va(used.va.0),
                    None => About::default(),
                };
                if let Some(change) = &report.change {
                    about = about.with_pa(change.at.0, change.at.0.wrapping_add(7));
                }
                about
            }
        }
    }

    /// Where the leaf of the TLB entry that decided a fault lies in memory.
    fn leaf_entry(&self) -> Option<u64> {
        Some(self.entry.as_ref()?.origin().last()?.0)
    }
}

/// Follows a run closely enough to say at which instruction an event happened, and what explains it.
#[derive(Clone, Debug, Default)]
pub struct Watcher {
    walk: Option<Walk>,
    /// The last page of code, and its frame.
    code: Cell<Option<(VirtAddr, PhysAddr)>>,
    /// The instruction that wrote `satp` last, by hart and count, and what it found there.
    switched: Option<(usize, u64, Satp)>,
}

impl Watcher {
    /// The instruction whose events are being told.
    pub fn spot(&self, hart: &Hart) -> Spot {
        let (privilege, satp) = hart.events.began();
        self.at(hart, hart.retired, (privilege, satp), hart.pc)
    }

    /// The instruction that just completed.
    pub fn retired(&self, hart: &Hart, retired: &Retired) -> Spot {
        let count = hart.retired.wrapping_sub(1);
        let satp = match self.switched {
            Some((id, at, satp)) if (id, at) == (hart.id, count) => satp,
            _ => Satp(hart.csr.satp),
        };
        self.at(hart, count, (retired.privilege, satp), retired.pc)
    }

    /// The instruction that just trapped.
    pub fn trapped(&self, hart: &Hart, trap: &TrapTaken) -> Spot {
        let satp = Satp(hart.csr.satp);
        self.at(hart, trap.retired, (trap.from, satp), trap.epc)
    }

    fn at(&self, hart: &Hart, count: u64, (privilege, satp): (Privilege, Satp), pc: u64) -> Spot {
        let translated = privilege < Privilege::Machine && satp.mode() != Mode::Bare;
        Spot {
            hart: hart.id,
            count,
            privilege,
            asid: satp.asid(),
            pc,
            physical: match translated {
                true => self.physical(hart, VirtAddr(pc), satp),
                false => Some(pc),
            },
        }
    }

    /// Where an instruction is in physical memory, if it is fetched through the TLB.
    fn physical(&self, hart: &Hart, va: VirtAddr, satp: Satp) -> Option<u64> {
        let cached = (hart.tlb).peek(AccessKind::Fetch, satp.mode(), satp.asid(), va);
        match cached {
            Some(entry) => {
                let pa = entry.pte.map(va, entry.size);
                self.code.set(Some((va.page(), pa.page())));
                Some(pa.0)
            }
            // The instruction may just have dropped it.
            None => {
                let (page, frame) = self.code.get()?;
                (page == va.page()).then(|| frame.offset(va.page_offset()).0)
            }
        }
    }

    /// An event with what explains it.
    pub fn see<'a>(&mut self, hart: &Hart, event: &'a Event) -> Sighting<'a> {
        let (mut walk, mut entry) = (None, None);
        match event {
            Event::Walked { walk, .. } => self.walk = Some(*walk),
            Event::SatpWritten { old, .. } => {
                self.switched = Some((hart.id, hart.retired, *old));
            }
            Event::Faulted { fault, source } => match source {
                // A fault follows its walk at once.
                FaultSource::Walk => walk = self.walk.filter(|walk| walk.va == fault.va),
                FaultSource::Tlb(_) => {
                    let satp = hart.events.began().1;
                    let (kind, va) = (fault.access.kind, fault.va);
                    entry = hart.tlb.peek(kind, satp.mode(), satp.asid(), va);
                }
            },
            _ => {}
        }
        Sighting {
            spot: self.spot(hart),
            event,
            walk,
            entry,
        }
    }
}
