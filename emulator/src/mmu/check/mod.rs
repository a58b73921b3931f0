//! The sanitizer: finds translations that are used although the page tables no longer give them,
//! and other mistakes of whoever keeps the tables.
//!
//! It is told what happens, by [`Checker`]'s methods, and keeps [`Report`]s. It never changes what
//! the guest sees.
//!
//! The TLB holds what it holds, stale or not. When a store may have made something stale, the entries
//! concerned become *suspect*: at their next use the hart walks the tables as they are then, and
//! [`Checker::used`] compares. So nothing is guessed: a report says what the TLB gave and what the tables
//! say at that moment.

mod changes;
mod code;
mod early;
mod hash;
mod report;
mod stale;
mod tables;
#[cfg(test)]
mod tests;
mod user_pages;
mod walks;

pub use report::{Change, CheckKind, FenceSeen, Report, RightFence, Site, Use};

use super::{Entry, Fault, Fence, Mode, PageSize, Pte, Satp, Walk};
use crate::mem::{PhysAddr, VirtAddr};
use changes::Changes;
use code::Code;
use early::Early;
use hash::NumberMap;
use tables::Tables;
use walks::Walks;

/// What the sanitizer is made with.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckConfig {
    /// The hart has Svvptc: an entry made valid needs no fence.
    pub svvptc: bool,
}

/// A page whose cached translations must be compared with the tables before they are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// An address in it.
    pub va: VirtAddr,
    /// Its size.
    pub size: PageSize,
}

/// Reports that are kept; more are only counted.
const MOST_REPORTS: usize = 1000;
/// Reports with the same store and the same use, about different entries; for what a walk says of an entry, with the
/// same store.
const MOST_OF_A_KIND: u64 = 4;
/// Suspects that are told one by one. A hart that missed more compares everything.
const MOST_SUSPECTS: usize = 256;
/// Findings that are remembered, so that they are told once.
const MOST_KEYS: usize = 1 << 16;

/// What makes two findings one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// The same entry, changed and used in the same places.
    Place(CheckKind, u64, u64, u64),
    /// The same change of the same entry, wherever it is used.
    Instance(CheckKind, u64, u64),
    /// Of this kind, about this.
    About(CheckKind, u64),
    /// The same places, whatever the entry.
    Family(CheckKind, u64, u64),
}

/// The sanitizer of a machine: one for all its harts.
///
/// Its memory is bounded: by the guest's own tables, and by limits that stand where they count.
#[derive(Clone, Default)]
pub struct Checker {
    config: CheckConfig,
    epoch: u64,
    tables: Tables,
    changes: Changes,
    walks: Walks,
    code: Code,
    early: Early,
    suspects: Vec<Suspect>,
    suspects_before: u64,
    abandoned: Vec<PhysAddr>,
    keys: NumberMap<Key, usize>,
    families: NumberMap<Key, u64>,
    reports: Vec<Report>,
    told: usize,
    left_out: u64,
    pending: Vec<stale::Pending>,
}

impl std::fmt::Debug for Checker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checker")
            .field("config", &self.config)
            .field("epoch", &self.epoch)
            .field("table_pages", &self.tables.len())
            .field("reports", &self.reports)
            .finish_non_exhaustive()
    }
}

impl Checker {
    /// A sanitizer that knows nothing yet.
    pub fn new(config: CheckConfig) -> Self {
        Self {
            config,
            // The epoch 0 is that of entries which must be compared.
            epoch: 1,
            ..Self::default()
        }
    }

    /// What it was made with.
    pub fn config(&self) -> CheckConfig {
        self.config
    }

    /// Counts changes that may have made any cached translation stale. An entry of the TLB that was
    /// compared with the tables at this epoch need not be compared again, unless it becomes suspect.
    #[inline]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Counts changes of code that harts must look at ([`Checker::code_changed`]).
    #[inline]
    pub fn code_epoch(&self) -> u64 {
        self.code.epoch()
    }

    /// The time of changes and fences: what an entry of the TLB keeps as [`Entry::stamp`].
    #[inline]
    pub fn clock(&self) -> u64 {
        self.changes.clock()
    }

    /// How many suspects there have been.
    #[inline]
    pub fn suspect_count(&self) -> u64 {
        self.suspects_before + self.suspects.len() as u64
    }

    /// The suspects after the first `seen` ones. Those that are not kept any more were made up for by a new epoch.
    pub fn suspects_after(&self, seen: u64) -> &[Suspect] {
        let first = seen.saturating_sub(self.suspects_before) as usize;
        self.suspects.get(first..).unwrap_or(&[])
    }

    fn suspect(&mut self, va: VirtAddr, size: PageSize) {
        if self.suspects.len() >= MOST_SUSPECTS {
            self.suspects_before += self.suspects.len() as u64;
            self.suspects.clear();
            self.epoch += 1;
        }
        self.suspects.push(Suspect { va, size });
    }

    /// A walk was made, and A and D were set as it asked. Its entries are watched from now on.
    /// Gives the pages of tables that were not watched before: the caller must call
    /// [`Checker::stored`] for each software store to them.
    #[inline]
    pub fn walked(&mut self, site: Site, satp: Satp, walk: &Walk) -> Vec<PhysAddr> {
        self.pass_time(site);
        self.look_at_walk(site, satp, walk)
    }

    /// Software (`site`), or a device or the host (`None`), stored to an aligned word of a watched
    /// page. Not called for A and D set by a walk.
    pub fn stored(&mut self, site: Option<Site>, at: PhysAddr, old: u64, new: u64) {
        self.look_at_store(site, at, old, new);
    }

    /// Whether every store is to be told ([`Checker::stored_early`]): until translation is first switched on, and not
    /// for ever.
    #[inline]
    pub fn wants_every_store(&self) -> bool {
        self.early.is_on()
    }

    /// Software stored to an aligned word, whatever it is, while [`Checker::wants_every_store`] holds.
    pub fn stored_early(&mut self, site: Site, at: PhysAddr, new: u64) {
        self.early.stored(site, at, new);
    }

    /// Pages of tables that are none any more: stores to them need not be told.
    pub fn take_abandoned_tables(&mut self) -> Vec<PhysAddr> {
        let mut pages = std::mem::take(&mut self.abandoned);
        // A walk may have found one again since.
        pages.retain(|&page| !self.tables.knows(page));
        pages
    }

    /// A hart executed a fence.
    pub fn fenced(&mut self, site: Site, fence: Fence) {
        self.pass_time(site);
        self.changes.fenced(FenceSeen { site, fence });
        self.drop_pending(site.hart, fence);
        self.forget_invalid(site.hart, fence);
        if fence == Fence::ALL && self.walks.all_fenced(site.hart, self.changes.clock()) {
            self.forget_if_large();
        }
    }

    /// No hart holds a translation that is older than the fences just made. If a lot is known, it can go.
    fn forget_if_large(&mut self) {
        if self.tables.len() > LARGE || self.changes.entries() > LARGE {
            self.tables.clear();
            self.changes.clear();
            // Another hart may have filled its TLB since its fence.
            self.epoch += 1;
        }
    }

    /// A hart wrote `satp`.
    pub fn satp_written(&mut self, site: Site, old: Satp, new: Satp) {
        let _ = old;
        if new.mode() != Mode::Bare {
            self.early.end();
        }
        if self.changes.satp_written(site, new) {
            self.epoch += 1;
        }
    }

    /// A cached translation allowed an access, and was last compared with the tables before the
    /// present epoch, or is suspect. `now` is what a walk of the same access would give now, which sets
    /// nothing; `source` is what the page-table entry holds now that the translation was cached from. Gives the
    /// pages of tables that were not watched before.
    pub fn used(
        &mut self,
        site: Site,
        satp: Satp,
        entry: &Entry,
        source: Pte,
        now: &Walk,
    ) -> Vec<PhysAddr> {
        self.pass_time(site);
        let new = self.watch(now);
        self.look_at_use(site, satp, entry, source, now);
        new
    }

    /// A cached translation denied an access. `now` is what a walk would give now.
    pub fn denied(&mut self, site: Site, satp: Satp, entry: &Entry, fault: Fault, now: &Walk) {
        self.look_at_denial(site, satp, entry, fault, now);
    }

    /// A hart began to fetch from a page. Gives whether it was not known as a page of code: the
    /// caller must then call [`Checker::code_stored`] for each store to it.
    pub fn fetched_from(&mut self, hart: usize, page: PhysAddr) -> bool {
        self.code.fetched_from(hart, page)
    }

    /// Something changed an aligned word of a page of code. True if harts that fetch from the page must from now on
    /// ask [`Checker::fetched`] for each instruction there.
    pub fn code_stored(&mut self, site: Option<Site>, at: PhysAddr, old: u64, new: u64) -> bool {
        self.code.stored(site, at, old, new)
    }

    /// Whether instructions fetched from this page must be told one by one ([`Checker::fetched`]).
    pub fn code_changed(&self, hart: usize, page: PhysAddr) -> bool {
        self.code.changed(hart, page)
    }

    /// An instruction was fetched from a page for which [`Checker::code_changed`] holds.
    pub fn fetched(&mut self, site: Site, va: VirtAddr, pa: PhysAddr, length: u8) {
        self.look_at_fetch(site, va, pa, length);
    }

    /// Pages of code that are none any more: stores to them need not be told.
    pub fn take_abandoned_code(&mut self) -> Vec<PhysAddr> {
        self.code.take_abandoned()
    }

    /// A hart executed `fence.i`. It must tell again from which pages it fetches.
    pub fn fence_i(&mut self, hart: usize) {
        self.code.fence_i(hart);
    }

    /// The run is over: tells what can only be known now. `ended` tells whether the guest ended by itself or can
    /// do no more. If it was cut off instead, it may have been about to do what is missing.
    pub fn finish(&mut self, ended: bool) {
        if ended {
            self.tell_pending(|_| true);
            self.look_at_end();
        }
    }

    /// The machine starts again: what was found stays, what was known of tables and harts does not.
    pub fn restart(&mut self) {
        self.finish(true);
        let before = std::mem::replace(self, Self::new(self.config));
        self.keys = before.keys;
        self.families = before.families;
        self.reports = before.reports;
        self.told = before.told;
        self.left_out = before.left_out;
    }

    /// Every report, in order.
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// How many findings are neither reports nor repeats of one: there were too many.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Whether there are reports that were not taken before.
    #[inline]
    pub fn has_new(&self) -> bool {
        self.told != self.reports.len()
    }

    /// The reports that were not taken before.
    pub fn take_new(&mut self) -> &[Report] {
        let from = std::mem::replace(&mut self.told, self.reports.len());
        self.reports.get(from..).unwrap_or(&[])
    }

    /// Adds a finding, or counts it if one of its keys is known.
    fn add(&mut self, keys: &[Key], family: Option<Key>, report: impl FnOnce(&Self) -> Report) {
        if let Some(&known) = keys.iter().find_map(|key| self.keys.get(key)) {
            self.again(known);
            return;
        }
        let of_family = family.map_or(0, |family| {
            let count = self.families.entry(family).or_default();
            *count += 1;
            *count
        });
        if of_family > MOST_OF_A_KIND
            || self.reports.len() >= MOST_REPORTS
            || self.keys.len() >= MOST_KEYS
        {
            self.left_out += 1;
            return;
        }
        let report = report(self);
        let place = self.reports.len();
        self.reports.push(report);
        self.keys.extend(keys.iter().map(|&key| (key, place)));
    }

    fn again(&mut self, place: usize) {
        if let Some(report) = self.reports.get_mut(place) {
            report.times += 1;
        }
    }
}

/// Pages of tables, or changed entries, that are worth forgetting when it costs nothing.
const LARGE: usize = 1 << 13;
