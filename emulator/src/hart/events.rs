//! What happens in the MMU and to CSRs while an instruction runs: for logs, traces and whoever
//! else watches. Nothing is noted unless someone does.

use super::Hart;
use crate::isa::Privilege;
use crate::mmu::{self, Satp};

/// How much is wanted of what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interest {
    /// Nothing.
    #[default]
    Nothing,
    /// Only what the sanitizer finds.
    Reports,
    /// What happens beside the fast path: walks, fills, faults, fences, CSR writes.
    Slow,
    /// Every hit of the TLB too. Each access then takes the slow path; the figures are the same.
    Everything,
}

/// Something that happened while an instruction ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The MMU did something.
    Mmu(mmu::Event),
    /// A CSR was written.
    Csr {
        /// Its number.
        number: u16,
        /// What it reads now.
        value: u64,
    },
}

/// The events of the current instruction.
#[derive(Clone, Debug, Default)]
pub struct Events {
    interest: Interest,
    list: Vec<Event>,
    began: (Privilege, Satp),
}

impl Events {
    /// What is wanted now.
    #[inline]
    pub fn interest(&self) -> Interest {
        self.interest
    }

    /// Whether what happens beside the fast path is wanted.
    #[inline]
    pub(crate) fn wanted(&self) -> bool {
        self.interest >= Interest::Slow
    }

    /// Whether hits are wanted.
    #[inline]
    pub(super) fn hits_wanted(&self) -> bool {
        self.interest == Interest::Everything
    }

    /// Notes an event. The caller has asked whether it is wanted.
    pub(super) fn push(&mut self, event: Event) {
        self.list.push(event);
    }

    /// Notes an event of the MMU, if it is wanted.
    #[inline]
    pub(super) fn mmu(&mut self, event: impl FnOnce() -> mmu::Event) {
        if self.wanted() {
            self.list.push(Event::Mmu(event()));
        }
    }

    /// Notes what the sanitizer found, if it is wanted.
    pub(super) fn report(&mut self, report: &mmu::check::Report) {
        if self.interest >= Interest::Reports {
            let found = mmu::Event::Found(Box::new(report.clone()));
            self.list.push(Event::Mmu(found));
        }
    }

    /// Notes a hit of the TLB, if hits are wanted.
    #[inline]
    pub(super) fn mmu_hit(&mut self, event: impl FnOnce() -> mmu::Event) {
        if self.hits_wanted() {
            self.list.push(Event::Mmu(event()));
        }
    }

    /// Whether nothing happened.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Privilege and `satp` as the instruction found them whose events are being told; it may have
    /// changed both.
    pub fn began(&self) -> (Privilege, Satp) {
        self.began
    }

    /// Takes what happened, in order, while an instruction ran that began with `privilege`; `satp`
    /// is what it left.
    pub(crate) fn take(&mut self, privilege: Privilege, satp: Satp) -> Vec<Event> {
        let before = self.list.iter().find_map(|event| match event {
            Event::Mmu(mmu::Event::SatpWritten { old, .. }) => Some(*old),
            _ => None,
        });
        self.began = (privilege, before.unwrap_or(satp));
        std::mem::take(&mut self.list)
    }

    /// Takes back an empty list, so that the next events need no new one.
    pub(crate) fn reuse(&mut self, list: Vec<Event>) {
        if self.list.is_empty() {
            self.list = list;
        }
    }
}

impl Hart {
    /// Says how much is wanted of what happens from now on.
    pub fn watch(&mut self, interest: Interest) {
        if self.events.interest != interest {
            self.events.interest = interest;
            self.forget_translations();
        }
        if interest == Interest::Nothing {
            self.events.list.clear();
        }
    }
}
