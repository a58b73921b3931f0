//! The address spaces that a run used: the values written to `satp`.

use super::{Hex, SatpReport, View};
use crate::hart::Hart;
use crate::isa::Privilege;
use crate::mmu::{Mode, Satp};
use crate::report::stats::grouped;
use serde::Serialize;
use std::fmt;

/// The most address spaces that are kept.
const MOST: usize = 4096;

/// An address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// The value of `satp`.
    pub satp: Satp,
    /// When it was first written: instructions retired.
    pub first: u64,
    /// When it was last written.
    pub last: u64,
    /// How often.
    pub writes: u64,
    /// Where it was first written.
    pub pc: u64,
    /// The privilege that wrote it.
    pub privilege: Privilege,
}

/// The address spaces seen, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    list: Vec<Root>,
    lost: u64,
}

impl Roots {
    /// Notes a write of `satp`. Bare mode is no address space.
    pub fn written(&mut self, hart: &Hart, satp: Satp) {
        if satp.mode() == Mode::Bare {
            return;
        }
        let room = self.list.len() < MOST;
        match self.list.iter_mut().find(|root| root.satp == satp) {
            Some(root) => {
                root.last = hart.retired;
                root.writes += 1;
            }
            None if room => self.list.push(Root {
                satp,
                first: hart.retired,
                last: hart.retired,
                writes: 1,
                pc: hart.pc,
                privilege: hart.privilege,
            }),
            None => self.lost += 1,
        }
    }

    /// The address spaces.
    pub fn list(&self) -> &[Root] {
        &self.list
    }

    /// How many writes named an address space that was not kept, since there were too many.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The values of `satp`.
    pub fn values(&self) -> Vec<Satp> {
        self.list.iter().map(|root| root.satp).collect()
    }

    /// The address space that was written last with this ASID.
    pub fn with_asid(&self, asid: u16) -> Option<Satp> {
        let roots = self.list.iter().filter(|root| root.satp.asid() == asid);
        roots.max_by_key(|root| root.last).map(|root| root.satp)
    }
}

/// An address space that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RootReport {
    /// Which.
    pub satp: SatpReport,
    /// When it was first written: instructions retired.
    pub first_written: u64,
    /// When it was last written.
    pub last_written: u64,
    /// How often it was written.
    pub writes: u64,
    /// Where it was first written.
    pub pc: Hex,
    /// The name of that place.
    pub symbol: Option<String>,
}

impl RootReport {
    /// What is known of an address space.
    pub fn new(root: &Root, view: &mut View<'_>) -> Self {
        // The code that writes satp must be mapped in the new address space too.
        let place = view.code_in(root.pc, root.privilege, root.satp);
        Self {
            satp: SatpReport::new(root.satp, view.names),
            first_written: root.first,
            last_written: root.last,
            writes: root.writes,
            pc: Hex(root.pc),
            symbol: place.symbol.is_some().then(|| place.name()),
        }
    }
}

impl fmt::Display for RootReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: first used after {} instructions, at {}",
            self.satp,
            grouped(self.first_written),
            self.pc
        )?;
        super::named(f, self.symbol.as_deref())?;
        match self.writes {
            1 => Ok(()),
            n => write!(
                f,
                "; {} times, last after {}",
                grouped(n),
                grouped(self.last_written)
            ),
        }
    }
}
