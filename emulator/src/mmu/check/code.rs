//! Code that changes after a hart may have fetched it.
//!
//! A hart that has fetched from a page may hold any instruction of it until its next `fence.i`. From the first store
//! that changes the page on, its fetches there are looked at one by one. A page whose stores and code lie side by
//! side would be slow for ever, so after [`PATIENCE`] such fetches and stores without a finding it is left alone.

use super::changes::of_hart;
use super::hash::NumberMap;
use super::{Change, CheckKind, Checker, Key, Report, Site, Use};
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{Access, AccessKind};

/// Fetches and stores on one page that are looked at.
const PATIENCE: u32 = 1 << 20;
/// Pages that are kept.
const MOST_PAGES: usize = 1 << 16;

/// Two bytes of code that changed, the least that an instruction has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed {
    /// The word that holds them, before and after.
    pub(super) old: u64,
    pub(super) new: u64,
    pub(super) by: Option<Site>,
    was: u16,
}

/// What one hart may hold of a page.
#[derive(Clone, Default)]
struct View {
    /// The hart's fences when it fetched.
    fences: u64,
    changed: NumberMap<u64, Changed>,
}

#[derive(Clone)]
struct Page {
    views: Vec<View>,
    patience: u32,
}

#[derive(Clone, Default)]
pub(super) struct Code {
    pages: NumberMap<u64, Page>,
    /// How many `fence.i` each hart has executed, counted from one.
    fences: Vec<u64>,
    epoch: u64,
    abandoned: Vec<PhysAddr>,
}

impl Code {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Pages whose stores need not be told any more.
    pub(super) fn take_abandoned(&mut self) -> Vec<PhysAddr> {
        std::mem::take(&mut self.abandoned)
    }

    fn fences(&mut self, hart: usize) -> u64 {
        *of_hart(&mut self.fences, hart) + 1
    }

    pub(super) fn fetched_from(&mut self, hart: usize, page: PhysAddr) -> bool {
        let fences = self.fences(hart);
        let new = !self.pages.contains_key(&page.0);
        if new && self.pages.len() >= MOST_PAGES {
            self.abandoned
                .extend(self.pages.drain().map(|(at, _)| PhysAddr(at)));
        }
        let page = self.pages.entry(page.0).or_insert_with(|| Page {
            views: Vec::new(),
            patience: PATIENCE,
        });
        let view = of_hart(&mut page.views, hart);
        if view.fences != fences {
            view.fences = fences;
            view.changed.clear();
        }
        new
    }

    pub(super) fn fence_i(&mut self, hart: usize) {
        *of_hart(&mut self.fences, hart) += 1;
    }

    pub(super) fn stored(&mut self, by: Option<Site>, at: PhysAddr, old: u64, new: u64) -> bool {
        let base = at.page();
        let Some(page) = self.pages.get_mut(&base.0) else {
            self.abandoned.push(base);
            return false;
        };
        if page.patience == 0 {
            return false;
        }
        let (mut known, mut first) = (false, false);
        for (view, fences) in page.views.iter_mut().zip(&self.fences) {
            if view.fences != fences + 1 {
                continue;
            }
            known = true;
            let none = view.changed.is_empty();
            for lane in 0..4 {
                let half = |word: u64| (word >> (16 * lane)) as u16;
                let (was, is) = (half(old), half(new));
                if was == is {
                    continue;
                }
                let place = at.0 + 2 * lane;
                match view.changed.get(&place) {
                    Some(changed) if changed.was == is => {
                        view.changed.remove(&place);
                    }
                    Some(_) => {}
                    None => {
                        view.changed.insert(place, Changed { old, new, by, was });
                    }
                }
            }
            first |= none && !view.changed.is_empty();
        }
        page.patience -= 1;
        if !known {
            self.pages.remove(&base.0);
            self.abandoned.push(base);
        } else if page.patience == 0 {
            Self::give_up(page, base, &mut self.abandoned);
        }
        self.epoch += u64::from(first);
        first
    }

    /// The page stays, so that it is not taken for a new one.
    fn give_up(page: &mut Page, base: PhysAddr, abandoned: &mut Vec<PhysAddr>) {
        page.views.clear();
        abandoned.push(base);
    }

    #[inline]
    pub(super) fn changed(&self, hart: usize, page: PhysAddr) -> bool {
        let view = (self.pages.get(&page.0)).and_then(|page| page.views.get(hart));
        view.is_some_and(|view| {
            !view.changed.is_empty()
                && Some(view.fences) == self.fences.get(hart).map(|fences| fences + 1)
        })
    }

    /// The change that an instruction meets.
    pub(super) fn fetched(&mut self, hart: usize, pa: PhysAddr, length: u8) -> Option<Changed> {
        let base = pa.page();
        let page = self.pages.get_mut(&base.0)?;
        let changed = &page.views.get(hart)?.changed;
        let found = (0..u64::from(length))
            .step_by(2)
            .find_map(|offset| changed.get(&(pa.0 + offset)).copied());
        page.patience = page.patience.saturating_sub(1);
        if page.patience == 0 {
            Self::give_up(page, base, &mut self.abandoned);
            self.epoch += 1;
        }
        found
    }
}

impl Checker {
    pub(super) fn look_at_fetch(&mut self, site: Site, va: VirtAddr, pa: PhysAddr, length: u8) {
        let Some(changed) = self.code.fetched(site.hart, pa, length) else {
            return;
        };
        let kind = CheckKind::StaleCode;
        let by = changed.by.map_or(0, |by| by.pc.0);
        // One piece of code that was changed by one loop is one finding.
        let key = Key::Place(kind, pa.page().0, by, 0);
        self.add(&[key], None, |_| Report {
            kind,
            change: Some(Change {
                at: PhysAddr(pa.0 & !7),
                level: None,
                old: changed.old,
                new: changed.new,
                by: changed.by,
            }),
            satp: None,
            used: Some(Use {
                site,
                va,
                access: Access {
                    kind: AccessKind::Fetch,
                    privilege: site.privilege,
                    sum: false,
                    mxr: false,
                },
                got: Ok(pa),
                tables_say: Ok(pa),
                cached: None,
                filled_at: None,
            }),
            fence: None,
            near: None,
            times: 1,
        });
    }
}
