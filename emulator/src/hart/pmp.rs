//! Physical memory protection with Smepmp: sixteen entries, granularity four bytes.

use crate::isa::Privilege;
use crate::mem::{PAGE_SIZE, PhysAddr};

/// How many entries are implemented. The registers of entries 16 to 63 exist and read zero.
pub const ENTRIES: usize = 16;

/// The bits of a `pmpaddr` that exist: bits 55 to 2 of a physical address.
const ADDR_MASK: u64 = (1 << 54) - 1;

const R: u8 = 1 << 0;
const W: u8 = 1 << 1;
const X: u8 = 1 << 2;
const A: u8 = 3 << 3;
const L: u8 = 1 << 7;

const OFF: u8 = 0 << 3;
const TOR: u8 = 1 << 3;
const NA4: u8 = 2 << 3;

/// `mseccfg.MML`: machine-mode lockdown.
pub const MML: u64 = 1 << 0;
/// `mseccfg.MMWP`: machine-mode whitelist policy.
pub const MMWP: u64 = 1 << 1;
/// `mseccfg.RLB`: rule-locking bypass.
pub const RLB: u64 = 1 << 2;

/// What an access does, or what a rule allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PmpAccess {
    /// Reads.
    pub read: bool,
    /// Writes.
    pub write: bool,
    /// Fetches.
    pub execute: bool,
}

impl PmpAccess {
    /// Nothing.
    pub const NONE: Self = Self::new(false, false, false);
    /// Everything.
    pub const ALL: Self = Self::new(true, true, true);
    /// A load, or the walk's read of a page-table entry.
    pub const READ: Self = Self::new(true, false, false);
    /// A store.
    pub const WRITE: Self = Self::new(false, true, false);
    /// An AMO, or the update of A and D in a page-table entry.
    pub const READ_WRITE: Self = Self::new(true, true, false);
    /// A fetch.
    pub const EXECUTE: Self = Self::new(false, false, true);

    const fn new(read: bool, write: bool, execute: bool) -> Self {
        Self {
            read,
            write,
            execute,
        }
    }

    /// Whether these permissions allow everything that the access does.
    #[inline]
    pub const fn allows(self, access: Self) -> bool {
        (self.read || !access.read)
            && (self.write || !access.write)
            && (self.execute || !access.execute)
    }
}

/// The addresses that an entry covers: `first..end`, empty if it is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Range {
    first: u64,
    end: u64,
}

enum Overlap {
    None,
    Part,
    Whole,
}

impl Range {
    #[inline]
    const fn overlap(self, first: u64, end: u64) -> Overlap {
        if end <= self.first || self.end <= first || self.first >= self.end {
            Overlap::None
        } else if self.first <= first && end <= self.end {
            Overlap::Whole
        } else {
            Overlap::Part
        }
    }
}

/// The PMP unit of one hart.
#[derive(Clone, Debug)]
pub struct Pmp {
    cfg: [u8; ENTRIES],
    addr: [u64; ENTRIES],
    mseccfg: u64,
    smepmp: bool,
    generation: u64,
    /// Derived from `cfg` and `addr`.
    ranges: [Range; ENTRIES],
    /// One past the last entry that is not off: no entry from here on can match.
    active: usize,
}

impl Pmp {
    /// The unit after reset: every entry off and zero. Without Smepmp, `mseccfg` keeps nothing.
    pub fn new(smepmp: bool) -> Self {
        Self {
            cfg: [0; ENTRIES],
            addr: [0; ENTRIES],
            mseccfg: 0,
            smepmp,
            generation: 0,
            ranges: [Range::default(); ENTRIES],
            active: 0,
        }
    }

    /// Changes whenever an answer of [`Pmp::check`] may: whoever keeps answers drops them when it does.
    #[inline]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether an access of `len` bytes with this (effective) privilege may go on.
    #[inline]
    pub fn check(&self, pa: PhysAddr, len: u64, access: PmpAccess, privilege: Privilege) -> bool {
        let end = pa.0.saturating_add(len);
        for (range, &cfg) in self.ranges.iter().zip(&self.cfg).take(self.active) {
            match range.overlap(pa.0, end) {
                Overlap::None => {}
                // "The matching PMP entry must match all bytes of an access, or the access fails."
                Overlap::Part => return false,
                Overlap::Whole => return self.rule(cfg, privilege).allows(access),
            }
        }
        self.without_match(privilege).allows(access)
    }

    /// The number of the entry that decides about an access of `len` bytes, the lowest that matches any of them, and
    /// what it allows this privilege; nothing, if it matches only some of the bytes. `None` if no entry matches.
    pub fn deciding(
        &self,
        pa: PhysAddr,
        len: u64,
        privilege: Privilege,
    ) -> Option<(usize, PmpAccess)> {
        let end = pa.0.saturating_add(len);
        let entries = self.ranges.iter().zip(&self.cfg).enumerate();
        entries
            .take(self.active)
            .find_map(|(number, (range, &cfg))| match range.overlap(pa.0, end) {
                Overlap::None => None,
                Overlap::Part => Some((number, PmpAccess::NONE)),
                Overlap::Whole => Some((number, self.rule(cfg, privilege))),
            })
    }

    /// What this privilege may do with the whole 4 KiB page that holds an address; `None` if that differs from
    /// one part of the page to another, or an access within it could match an entry only in part.
    pub fn uniform(&self, pa: PhysAddr, privilege: Privilege) -> Option<PmpAccess> {
        let first = pa.page().0;
        let end = first.saturating_add(PAGE_SIZE);
        for (range, &cfg) in self.ranges.iter().zip(&self.cfg).take(self.active) {
            match range.overlap(first, end) {
                Overlap::None => {}
                Overlap::Part => return None,
                Overlap::Whole => return Some(self.rule(cfg, privilege)),
            }
        }
        Some(self.without_match(privilege))
    }

    /// What a matching entry allows.
    fn rule(&self, cfg: u8, privilege: Privilege) -> PmpAccess {
        let machine = privilege == Privilege::Machine;
        let locked = cfg & L != 0;
        let (r, w, x) = (cfg & R != 0, cfg & W != 0, cfg & X != 0);
        if self.mseccfg & MML == 0 {
            return if machine && !locked {
                PmpAccess::ALL
            } else {
                PmpAccess::new(r, w, x)
            };
        }
        // Smepmp, "Truth table when mseccfg.MML is set".
        match (locked, r, w, x) {
            // Shared data: machine mode reads and writes, the others read, or with X write too.
            (false, false, true, x) => PmpAccess::new(true, machine || x, false),
            // Shared code, locked: all execute; with X machine mode also reads.
            (true, false, true, x) => PmpAccess::new(machine && x, false, true),
            // Shared data, locked: all read.
            (true, true, true, true) => PmpAccess::READ,
            // Locked rules are machine mode's alone, the others' rules are not machine mode's.
            _ if machine == locked => PmpAccess::new(r, w, x),
            _ => PmpAccess::NONE,
        }
    }

    /// What is allowed where no entry matches.
    fn without_match(&self, privilege: Privilege) -> PmpAccess {
        if privilege != Privilege::Machine || self.mseccfg & MMWP != 0 {
            PmpAccess::NONE
        } else {
            // Under MML, machine mode executes only what a rule lets it execute.
            PmpAccess::new(true, true, self.mseccfg & MML == 0)
        }
    }

    /// `pmpcfg<register>`; RV64 has the even registers only, with eight entries each.
    pub fn read_cfg(&self, register: usize) -> u64 {
        let mut bytes = [0; 8];
        for (byte, cfg) in bytes
            .iter_mut()
            .zip(self.cfg.iter().skip(register.saturating_mul(4)))
        {
            *byte = *cfg;
        }
        u64::from_le_bytes(bytes)
    }

    /// Writes `pmpcfg<register>`: each entry takes its byte or, if that is not allowed, keeps what it has.
    pub fn write_cfg(&mut self, register: usize, value: u64) {
        for (entry, byte) in (register.saturating_mul(4)..ENTRIES).zip(value.to_le_bytes()) {
            if let Some(legal) = self.legal_cfg(entry, byte) {
                self.cfg[entry] = legal;
            }
        }
        self.changed();
    }

    /// What an entry's configuration becomes when `byte` is written to it; `None` if the write is ignored.
    fn legal_cfg(&self, entry: usize, byte: u8) -> Option<u8> {
        if self.is_locked(entry) {
            return None;
        }
        let mut cfg = byte & (R | W | X | A | L);
        if self.mseccfg & MML == 0 {
            // R=0 W=1 is reserved: W reads zero.
            if cfg & R == 0 {
                cfg &= !W;
            }
        } else if self.mseccfg & RLB == 0 && gives_machine_execute(cfg) {
            return None;
        }
        Some(cfg)
    }

    fn is_locked(&self, entry: usize) -> bool {
        self.cfg.get(entry).is_some_and(|cfg| cfg & L != 0) && self.mseccfg & RLB == 0
    }

    /// `pmpaddr<entry>`.
    pub fn read_addr(&self, entry: usize) -> u64 {
        self.addr.get(entry).copied().unwrap_or(0)
    }

    /// Writes `pmpaddr<entry>` and says whether it did. Ignored if the entry is locked, or the next is a locked TOR, whose lower end this
    /// is.
    pub fn write_addr(&mut self, entry: usize, value: u64) -> bool {
        let next = entry.saturating_add(1);
        let is_end_of_locked_tor =
            self.is_locked(next) && self.cfg.get(next).is_some_and(|cfg| cfg & A == TOR);
        if self.is_locked(entry) || is_end_of_locked_tor {
            return false;
        }
        if let Some(addr) = self.addr.get_mut(entry) {
            *addr = value & ADDR_MASK;
            self.changed();
        }
        true
    }

    /// `mseccfg`.
    pub const fn read_mseccfg(&self) -> u64 {
        self.mseccfg
    }

    /// Writes `mseccfg`. MML and MMWP stay set until reset; RLB cannot be set while any entry is locked.
    pub fn write_mseccfg(&mut self, value: u64) {
        if !self.smepmp {
            return;
        }
        let sticky = self.mseccfg & (MML | MMWP);
        let rlb_stays_clear = self.mseccfg & RLB == 0 && self.cfg.iter().any(|cfg| cfg & L != 0);
        let rlb = if rlb_stays_clear { 0 } else { value & RLB };
        self.mseccfg = sticky | value & (MML | MMWP) | rlb;
        self.changed();
    }

    fn changed(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.active = 0;
        let mut previous = 0;
        for (entry, range) in self.ranges.iter_mut().enumerate() {
            let (cfg, addr) = (self.cfg[entry], self.addr[entry]);
            *range = match cfg & A {
                OFF => Range::default(),
                TOR => Range {
                    first: previous << 2,
                    end: addr << 2,
                },
                NA4 => Range {
                    first: addr << 2,
                    end: (addr << 2) + 4,
                },
                _ => {
                    // The trailing ones, and the zero above them, are the mask of a power-of-two range.
                    let mask = addr ^ (addr + 1);
                    let first = (addr & !mask) << 2;
                    Range {
                        first,
                        end: first + ((mask + 1) << 2),
                    }
                }
            };
            if cfg & A != OFF {
                self.active = entry + 1;
            }
            previous = addr;
        }
    }
}

/// Under MML without RLB, no rule may be added that lets machine mode execute: a machine-mode rule with X, or a
/// locked shared-code region.
const fn gives_machine_execute(cfg: u8) -> bool {
    let locked = cfg & L != 0;
    let shared_code = cfg & (R | W) == W;
    let shared_read_only = cfg & (R | W | X) == R | W | X;
    locked && (shared_code || cfg & X != 0) && !shared_read_only
}

#[cfg(test)]
#[path = "pmp_tests.rs"]
mod tests;
