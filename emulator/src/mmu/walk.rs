//! The page-table walk. It reads entries and decides; it never writes.

use std::fmt;

use super::pte::PteClass;
use super::{Access, AdPolicy, Fault, FaultReason, Mode, PageSize, Pte, PteRules, Satp};
use crate::isa::Privilege;
use crate::mem::{PhysAddr, VirtAddr};

/// The most levels a walk has (Sv57).
pub const MAX_LEVELS: usize = 5;

/// Why an entry could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryError {
    /// There is no memory that can hold page tables.
    OutsideMemory,
    /// PMP denies it.
    Denied,
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutsideMemory => "no memory there",
            Self::Denied => "denied by PMP",
        })
    }
}

/// Memory as the walk sees it. Its reads are made with supervisor privilege, and PMP applies to them.
pub trait PageTableMemory {
    /// The entry at a physical address, which is a multiple of eight.
    fn read_entry(&mut self, at: PhysAddr) -> Result<u64, EntryError>;
}

/// What a walk depends on besides the access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkConfig {
    /// The translation mode.
    pub mode: Mode,
    /// The page number of the root table.
    pub root_ppn: u64,
    /// Which optional bits entries may use.
    pub rules: PteRules,
    /// Who sets A and D.
    pub ad: AdPolicy,
}

impl WalkConfig {
    /// The configuration that a value of `satp` gives.
    pub const fn from_satp(satp: Satp, rules: PteRules, ad: AdPolicy) -> Self {
        Self {
            mode: satp.mode(),
            root_ppn: satp.root_ppn(),
            rules,
            ad,
        }
    }
}

/// What the walk took an entry for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A pointer to the next table.
    Pointer,
    /// A leaf of this size. The access may still be denied.
    Leaf(PageSize),
    /// An entry that breaks a rule.
    Broken,
    /// It could not be read; [`Step::pte`] is zero.
    Unreadable,
}

/// One entry that a walk looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The level, 0 being the last.
    pub level: u8,
    /// Where the entry lies.
    pub at: PhysAddr,
    /// The entry as it was read.
    pub pte: Pte,
    /// What it was taken for.
    pub meaning: Meaning,
}

/// The mapping that a walk found, and that allows the access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The translated address.
    pub pa: PhysAddr,
    /// The size of the page; it also tells the level.
    pub size: PageSize,
    /// The entry as it was read.
    pub pte: Pte,
    /// Where the entry lies.
    pub at: PhysAddr,
    /// The A and D bits that must be set in the entry before the access goes on; 0 for none.
    pub update: u64,
    /// G is set in the leaf or in an entry above it: the mapping is in every address space.
    pub global: bool,
}

impl Leaf {
    /// The entry with [`Leaf::update`] applied: what memory, and a TLB, must hold.
    #[inline]
    pub const fn updated_pte(&self) -> Pte {
        Pte(self.pte.0 | self.update)
    }
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to translate: bare mode or machine mode.
    Identity(PhysAddr),
    /// A mapping that allows the access.
    Leaf(Leaf),
    /// No mapping that allows it.
    Fault(Fault),
}

/// A whole walk: what was asked, each entry read, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The address asked for.
    pub va: VirtAddr,
    /// How it was asked for.
    pub access: Access,
    /// How it ended.
    pub outcome: Outcome,
    steps: [Step; MAX_LEVELS],
    count: u8,
}

impl Walk {
    /// The entries looked at, root first.
    pub fn steps(&self) -> &[Step] {
        self.steps.get(..usize::from(self.count)).unwrap_or(&[])
    }

    /// The translated address, or the fault.
    pub const fn result(&self) -> Result<PhysAddr, Fault> {
        match self.outcome {
            Outcome::Identity(pa) => Ok(pa),
            Outcome::Leaf(leaf) => Ok(leaf.pa),
            Outcome::Fault(fault) => Err(fault),
        }
    }

    /// The fault, if it ended in one.
    pub const fn fault(&self) -> Option<Fault> {
        match self.outcome {
            Outcome::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    /// The leaf, if it ended in one.
    pub const fn leaf(&self) -> Option<Leaf> {
        match self.outcome {
            Outcome::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    fn new(va: VirtAddr, access: Access) -> Self {
        let unused = Step {
            level: 0,
            at: PhysAddr(0),
            pte: Pte(0),
            meaning: Meaning::Unreadable,
        };
        Self {
            va,
            access,
            outcome: Outcome::Identity(PhysAddr(va.0)),
            steps: [unused; MAX_LEVELS],
            count: 0,
        }
    }

    fn push(&mut self, step: Step) {
        if let Some(slot) = self.steps.get_mut(usize::from(self.count)) {
            *slot = step;
            self.count += 1;
        }
    }

    pub(super) fn fail(&mut self, reason: FaultReason) {
        self.outcome = Outcome::Fault(Fault {
            va: self.va,
            access: self.access,
            reason,
        });
    }
}

/// Translates one address: the privileged manual's "Virtual Address Translation Process", whose step numbers the
/// comments give. The access must lie within one page; the caller splits those that do not.
#[inline]
pub fn walk(
    config: &WalkConfig,
    va: VirtAddr,
    access: Access,
    memory: &mut impl PageTableMemory,
) -> Walk {
    let mut walk = Walk::new(va, access);
    if config.mode == Mode::Bare || access.privilege == Privilege::Machine {
        return walk;
    }
    if !config.mode.is_canonical(va) {
        walk.fail(FaultReason::NonCanonical(config.mode.va_bits()));
        return walk;
    }
    match descend(config, &mut walk, memory) {
        Ok(leaf) => walk.outcome = Outcome::Leaf(leaf),
        Err(reason) => walk.fail(reason),
    }
    walk
}

#[inline]
fn descend(
    config: &WalkConfig,
    walk: &mut Walk,
    memory: &mut impl PageTableMemory,
) -> Result<Leaf, FaultReason> {
    // Step 1.
    let mut table = PhysAddr(config.root_ppn << 12);
    let mut global = false;
    for level in (0..config.mode.levels()).rev() {
        // Step 2.
        let at = table.offset(Mode::index(walk.va, level) * 8);
        let pte = match memory.read_entry(at) {
            Ok(raw) => Pte(raw),
            Err(error) => {
                walk.push(Step {
                    level,
                    at,
                    pte: Pte(0),
                    meaning: Meaning::Unreadable,
                });
                return Err(match error {
                    EntryError::OutsideMemory => FaultReason::EntryOutsideMemory,
                    EntryError::Denied => FaultReason::EntryDenied,
                });
            }
        };
        // Steps 3 to 5.
        let class = pte.classify(level, config.rules);
        walk.push(Step {
            level,
            at,
            pte,
            meaning: match class {
                Ok(PteClass::Pointer) => Meaning::Pointer,
                Ok(PteClass::Leaf(size)) => Meaning::Leaf(size),
                Err(_) => Meaning::Broken,
            },
        });
        global |= pte.global();
        match class? {
            PteClass::Pointer => table = pte.target(),
            PteClass::Leaf(size) => {
                // Steps 6 to 10.
                let update = pte.check(walk.access, config.ad)?;
                return Ok(Leaf {
                    pa: pte.map(walk.va, size),
                    size,
                    pte,
                    at,
                    update,
                    global,
                });
            }
        }
    }
    Err(FaultReason::LevelExhausted)
}
