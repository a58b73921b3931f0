//! Which pages a guest used, how, and how often: the accesses that the MMU translated, by address
//! space and virtual page.
//!
//! A page here is 4 KiB of virtual addresses, whatever size the tables map them with. At most
//! [`Heat::DEFAULT_CELLS`] cells are kept. When they are full, the address space that has most of
//! them is made coarser: neighbouring cells become one of twice the size until a quarter are free.
//! The figures of at most [`Heat::MAX_SPACES`] address spaces are kept apart; those of any more are
//! kept together. No access is lost by either.

use crate::engine::Observer;
use crate::hart::{Event, Hart, Interest};
use crate::mem::VirtAddr;
use crate::mmu::{self, AccessKind, FaultSource, Satp, WalkCause};
use std::collections::HashMap;

/// What happened in a page, or in the pages of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Instruction fetches.
    pub fetches: u64,
    /// Loads.
    pub loads: u64,
    /// Stores, atomic operations and cache-block operations.
    pub stores: u64,
    /// Accesses for which no level of the TLB had an entry.
    pub misses: u64,
    /// Accesses whose translation failed.
    pub faults: u64,
}

impl Counts {
    /// Accesses of every kind, those that faulted among them.
    pub fn accesses(&self) -> u64 {
        self.fetches + self.loads + self.stores
    }

    /// Adds the figures of others.
    pub fn add(&mut self, other: &Self) {
        self.fetches += other.fetches;
        self.loads += other.loads;
        self.stores += other.stores;
        self.misses += other.misses;
        self.faults += other.faults;
    }
}

/// What was used of one address space.
#[derive(Clone, Debug)]
pub struct HeatSpace {
    /// Its `satp`; none for all those beyond [`Heat::MAX_SPACES`].
    pub satp: Option<Satp>,
    /// How many low bits of an address a cell covers: 12 for single pages.
    pub bits: u32,
    cells: HashMap<u64, Counts>,
}

/// The bits of a page, and so of the finest cell.
const PAGE_BITS: u32 = 12;

impl HeatSpace {
    fn new(satp: Option<Satp>) -> Self {
        Self {
            satp,
            bits: PAGE_BITS,
            cells: HashMap::new(),
        }
    }

    /// The cells that anything happened in, by address.
    pub fn cells(&self) -> Vec<(VirtAddr, Counts)> {
        let mut cells: Vec<_> = self
            .cells
            .iter()
            .map(|(&cell, &counts)| (VirtAddr(cell << self.bits), counts))
            .collect();
        cells.sort_by_key(|(va, _)| va.0);
        cells
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The sum of all cells.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.cells.values() {
            total.add(counts);
        }
        total
    }

    /// Makes cells larger until there are at most so many (at least one, which covers everything).
    pub fn coarsen(&mut self, most: usize) {
        while self.cells.len() > most.max(1) && self.bits < u64::BITS - 1 {
            self.bits += 1;
            let finer = std::mem::take(&mut self.cells);
            for (cell, counts) in finer {
                self.cells.entry(cell >> 1).or_default().add(&counts);
            }
        }
    }
}

/// Counts the accesses to each page.
#[derive(Clone, Debug)]
pub struct Heat {
    spaces: Vec<HeatSpace>,
    /// `satp` of each hart, once there was an event. When an event is told, the hart may have the
    /// `satp` that the same instruction wrote later.
    satp: Vec<Option<Satp>>,
    /// The address space of the last access: accesses seldom change it.
    last: usize,
    cells: usize,
    most: usize,
}

impl Default for Heat {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CELLS)
    }
}

impl Heat {
    /// How many cells are kept unless one says otherwise: some 6 MiB.
    pub const DEFAULT_CELLS: usize = 1 << 16;
    /// How many address spaces are kept apart.
    pub const MAX_SPACES: usize = 256;

    /// Counts from reset on, in at most `cells` cells (at least one for each address space).
    pub fn new(cells: usize) -> Self {
        Self {
            spaces: Vec::new(),
            satp: Vec::new(),
            last: 0,
            cells: 0,
            most: cells.max(2 * (Self::MAX_SPACES + 1)),
        }
    }

    /// The address spaces in which there was an access, in the order of the first.
    pub fn spaces(&self) -> &[HeatSpace] {
        &self.spaces
    }

    /// What happened in one address space.
    pub fn space(&self, satp: Satp) -> Option<&HeatSpace> {
        self.spaces.iter().find(|space| space.satp == Some(satp))
    }

    /// The sum of all pages.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for space in &self.spaces {
            total.add(&space.total());
        }
        total
    }

    fn satp_of(&mut self, hart: &Hart) -> &mut Satp {
        if self.satp.len() <= hart.id {
            self.satp.resize(hart.id + 1, None);
        }
        self.satp[hart.id].get_or_insert(Satp(hart.csr.satp))
    }

    /// The place of an address space in the list.
    fn find(&mut self, satp: Satp) -> usize {
        let is = |space: &HeatSpace| space.satp == Some(satp);
        if self.spaces.get(self.last).is_some_and(is) {
            return self.last;
        }
        let found = self.spaces.iter().position(is);
        self.last = found.unwrap_or_else(|| {
            if self.spaces.len() < Self::MAX_SPACES {
                self.spaces.push(HeatSpace::new(Some(satp)));
            } else if self.spaces.len() == Self::MAX_SPACES {
                self.spaces.push(HeatSpace::new(None));
            }
            self.spaces.len() - 1
        });
        self.last
    }

    fn count(&mut self, satp: Satp, va: VirtAddr, count: impl FnOnce(&mut Counts)) {
        let place = self.find(satp);
        let space = &mut self.spaces[place];
        let before = space.cells.len();
        let counts = space.cells.entry(va.0 >> space.bits).or_default();
        count(counts);
        self.cells += space.cells.len() - before;
        if self.cells > self.most {
            self.make_room();
        }
    }

    /// Makes the address space with most cells coarser.
    fn make_room(&mut self) {
        if let Some(largest) = self.spaces.iter_mut().max_by_key(|space| space.len()) {
            let before = largest.len();
            largest.coarsen(before - before / 4);
            self.cells -= before - largest.len();
        }
    }
}

impl Counts {
    fn access(&mut self, kind: AccessKind) {
        match kind {
            AccessKind::Fetch => self.fetches += 1,
            AccessKind::Load => self.loads += 1,
            AccessKind::Store
            | AccessKind::Amo
            | AccessKind::CacheBlockZero
            | AccessKind::CacheBlockManage => self.stores += 1,
        }
    }
}

impl Observer for Heat {
    const EVENTS: bool = true;

    fn interest(&self) -> Interest {
        Interest::Everything
    }

    /// Each access is counted once: by its hit, by its walk, or by its fault if the TLB decided it.
    fn event(&mut self, hart: &Hart, event: &Event) {
        let Event::Mmu(event) = event else { return };
        let satp = *self.satp_of(hart);
        match event {
            mmu::Event::SatpWritten { new, .. } => *self.satp_of(hart) = *new,
            mmu::Event::Hit { va, access, .. } => {
                self.count(satp, *va, |counts| counts.access(access.kind));
            }
            mmu::Event::Walked { walk, satp, cause } => {
                self.count(*satp, walk.va, |counts| {
                    counts.access(walk.access.kind);
                    counts.misses += u64::from(*cause == WalkCause::Miss);
                });
            }
            mmu::Event::Faulted { fault, source } => {
                self.count(satp, fault.va, |counts| {
                    counts.faults += 1;
                    if *source != FaultSource::Walk {
                        counts.access(fault.access.kind);
                    }
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mmu::Mode;

    fn satp(asid: u16) -> Satp {
        Satp::new(Mode::Sv39, asid, 0x80001)
    }

    fn load(heat: &mut Heat, at: Satp, va: u64) {
        heat.count(at, VirtAddr(va), |counts| counts.access(AccessKind::Load));
    }

    #[test]
    fn pages_and_address_spaces_are_kept_apart() {
        let mut heat = Heat::default();
        for (asid, va) in [(1, 0x1000), (1, 0x1ff8), (1, 0x2000), (2, 0x1000)] {
            load(&mut heat, satp(asid), va);
        }
        let loads = |asid| -> Vec<(u64, u64)> {
            let cells = heat.space(satp(asid)).map(HeatSpace::cells);
            let cells = cells.unwrap_or_default();
            cells.iter().map(|(va, c)| (va.0, c.loads)).collect()
        };
        assert_eq!(loads(1), [(0x1000, 2), (0x2000, 1)]);
        assert_eq!(loads(2), [(0x1000, 1)]);
        assert_eq!(heat.total().accesses(), 4);
    }

    #[test]
    fn no_access_is_lost_when_cells_run_out() {
        let mut heat = Heat::new(0);
        let accesses = 20_000_u64;
        for n in 0..accesses {
            // Odd multiples visit addresses that have nothing in common.
            load(&mut heat, satp(1), n.wrapping_mul(0x9e37_79b9_7f4a_7000));
            load(&mut heat, satp(2), 0x1000);
        }
        assert_eq!(heat.total().loads, 2 * accesses);
        assert!(heat.cells <= heat.most, "{} cells", heat.cells);
        let kept: usize = heat.spaces.iter().map(HeatSpace::len).sum();
        assert_eq!(kept, heat.cells);
        assert!(heat.space(satp(1)).is_some_and(|space| space.bits > 12));
        assert!(heat.space(satp(2)).is_some_and(|space| space.bits == 12));
    }

    #[test]
    fn address_spaces_beyond_the_limit_share_one_place() {
        let mut heat = Heat::default();
        let spaces = 3 * Heat::MAX_SPACES as u16;
        for asid in 0..spaces {
            load(&mut heat, satp(asid), 0x1000);
        }
        assert_eq!(heat.spaces().len(), Heat::MAX_SPACES + 1);
        assert_eq!(heat.total().loads, u64::from(spaces));
    }

    #[test]
    fn cells_can_be_made_as_large_as_all_addresses() {
        let mut space = HeatSpace::new(None);
        for cell in [0, 1, 1 << 51, (1 << 52) - 1] {
            space.cells.insert(cell, Counts::default());
        }
        space.coarsen(0);
        assert!(space.len() <= 2, "{space:?}");
    }
}
