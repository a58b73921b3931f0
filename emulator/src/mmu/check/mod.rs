//! The sanitizer: finds translations that are used although the page tables no longer give them,
//! and other mistakes of whoever keeps the tables.
//!
//! It is told what happens, by [`Checker`]'s methods, and keeps [`Report`]s. It never changes what
//! the guest sees.

mod report;

pub use report::{Change, CheckKind, FenceSeen, Report, RightFence, Site, Use};

use super::{Entry, Fault, Fence, Satp, Walk};
use crate::mem::{PhysAddr, VirtAddr};

/// What the sanitizer is made with.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckConfig {
    /// The hart has Svvptc: an entry made valid needs no fence.
    pub svvptc: bool,
}

/// The sanitizer of a machine: one for all its harts.
#[derive(Debug, Default)]
pub struct Checker {
    config: CheckConfig,
    epoch: u64,
    code_epoch: u64,
    reports: Vec<Report>,
    told: usize,
}

impl Checker {
    /// A sanitizer that knows nothing yet.
    pub fn new(config: CheckConfig) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// What it was made with.
    pub fn config(&self) -> CheckConfig {
        self.config
    }

    /// Counts changes that may have made cached translations stale. An entry of the TLB that was
    /// compared with the tables at this epoch need not be compared again.
    #[inline]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Counts changes of code that harts must look at ([`Checker::code_changed`]).
    #[inline]
    pub fn code_epoch(&self) -> u64 {
        self.code_epoch
    }

    /// A walk was made, and A and D were set as it asked. Its entries are watched from now on.
    /// Gives the pages of tables that were not watched before: the caller must call
    /// [`Checker::stored`] for each software store to them.
    pub fn walked(&mut self, site: Site, satp: Satp, walk: &Walk) -> Vec<PhysAddr> {
        let _ = (site, satp, walk);
        Vec::new()
    }

    /// Software (`site`), or a device or the host (`None`), stored to an aligned word of a watched
    /// page. Not called for A and D set by a walk.
    pub fn stored(&mut self, site: Option<Site>, at: PhysAddr, old: u64, new: u64) {
        let _ = (site, at, old, new);
    }

    /// A hart executed a fence.
    pub fn fenced(&mut self, site: Site, fence: Fence) {
        let _ = (site, fence);
    }

    /// A hart wrote `satp`.
    pub fn satp_written(&mut self, site: Site, old: Satp, new: Satp) {
        let _ = (site, old, new);
    }

    /// A cached translation allowed an access, and was last compared with the tables before the
    /// present epoch. `now` is what a walk of the same access would give now, which sets nothing.
    pub fn used(&mut self, site: Site, satp: Satp, entry: &Entry, now: &Walk) {
        let _ = (site, satp, entry, now);
    }

    /// A cached translation denied an access. `now` is what a walk would give now.
    pub fn denied(&mut self, site: Site, satp: Satp, entry: &Entry, fault: Fault, now: &Walk) {
        let _ = (site, satp, entry, fault, now);
    }

    /// A hart began to fetch from a page. Gives whether it was not known as a page of code: the
    /// caller must then call [`Checker::code_stored`] for each store to it.
    pub fn fetched_from(&mut self, hart: usize, page: PhysAddr) -> bool {
        let _ = (hart, page);
        false
    }

    /// Something stored to a page of code. True if harts that fetch from the page must from now on
    /// ask [`Checker::fetched`] for each instruction there.
    pub fn code_stored(&mut self, site: Option<Site>, at: PhysAddr, size: u64) -> bool {
        let _ = (site, at, size);
        false
    }

    /// Whether instructions fetched from this page must be told one by one ([`Checker::fetched`]).
    pub fn code_changed(&self, hart: usize, page: PhysAddr) -> bool {
        let _ = (hart, page);
        false
    }

    /// An instruction was fetched from a page for which [`Checker::code_changed`] holds.
    pub fn fetched(&mut self, site: Site, va: VirtAddr, pa: PhysAddr, length: u8) {
        let _ = (site, va, pa, length);
    }

    /// A hart executed `fence.i`.
    pub fn fence_i(&mut self, hart: usize) {
        let _ = hart;
    }

    /// The run is over: tells what can only be known now.
    pub fn finish(&mut self) {}

    /// Every report, in order.
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// The reports that were not taken before.
    pub fn take_new(&mut self) -> &[Report] {
        let from = std::mem::replace(&mut self.told, self.reports.len());
        self.reports.get(from..).unwrap_or(&[])
    }
}
