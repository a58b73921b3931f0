//! Counts the page faults of a program, page by page. It does not slow a run down.

use pagewalk::engine::Observer;
use pagewalk::hart::{Event, Hart, Interest};
use pagewalk::isa::Privilege;
use pagewalk::mem::PAGE_SIZE;
use pagewalk::mmu::{self, FaultReason};
use std::collections::HashMap;
use std::ops::Range;

/// How often each page was not there when the program used it.
#[derive(Default)]
pub(super) struct PageFaults {
    pages: HashMap<u64, u64>,
}

impl PageFaults {
    fn inside(&self, addresses: &Range<u64>) -> impl Iterator<Item = u64> {
        let pages = self.pages.iter();
        pages
            .filter(|&(page, _)| addresses.contains(&(page * PAGE_SIZE)))
            .map(|(_, &count)| count)
    }

    /// The pages between these addresses that were touched for the first time.
    pub(super) fn first(&self, addresses: &Range<u64>) -> u64 {
        self.inside(addresses).count() as u64
    }

    /// How often one of them had been there before, and was gone.
    pub(super) fn again(&self, addresses: &Range<u64>) -> u64 {
        self.inside(addresses).map(|count| count - 1).sum()
    }
}

impl Observer for PageFaults {
    const EVENTS: bool = true;

    fn wants_each_instruction(&self) -> bool {
        false
    }

    fn interest(&self) -> Interest {
        Interest::Slow
    }

    fn event(&mut self, _hart: &Hart, event: &Event) {
        if let Event::Mmu(mmu::Event::Faulted { fault, .. }) = event
            && fault.access.privilege == Privilege::User
            && fault.reason == FaultReason::NotValid
        {
            *self.pages.entry(fault.va.0 / PAGE_SIZE).or_default() += 1;
        }
    }
}
