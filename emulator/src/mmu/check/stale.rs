//! Stale translations: what changed, who changed it, and which fence is missing.

use super::changes::Stored;
use super::{Change, CheckKind, Checker, FenceSeen, Key, Report, RightFence, Site, Use};
use crate::mem::PhysAddr;
use crate::mmu::{Entry, Fault, FaultReason, Fence, Outcome, PageSize, Pte, Satp, Walk};

/// Instructions that a hart has for its fence after it used what another hart had changed.
pub(super) const PATIENCE: u64 = 1_000_000;
/// Uses that wait for such a fence. More are not looked at: if the fence never comes, these tell it.
const MOST_PENDING: usize = 256;

/// What made a translation stale, and when.
pub(super) struct Cause {
    pub(super) change: Option<Change>,
    pub(super) satp: Option<(u64, u64, Site)>,
    pub(super) clock: Option<u64>,
}

impl Cause {
    fn by(&self) -> u64 {
        let by = self.change.and_then(|change| change.by);
        let satp = self.satp.map(|(_, _, by)| by);
        by.or(satp).map_or(0, |site| site.pc.0)
    }

    fn at(&self) -> u64 {
        self.change.map_or(0, |change| change.at.0)
    }
}

/// A finding that can be told.
#[derive(Clone)]
pub(super) struct Finding {
    keys: Vec<Key>,
    family: Key,
    /// When the entry was changed.
    clock: Option<u64>,
    report: Report,
}

/// A stale translation that a hart used after another hart changed the entry. That is no mistake yet: the other hart
/// may be about to ask for a fence, and to wait for it before it gives the frame to someone else.
#[derive(Clone)]
pub(super) struct Pending {
    hart: usize,
    until: u64,
    entry: Entry,
    finding: Finding,
}

/// What an access meant, for finding the store that matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// The store took something away.
    Takes,
    /// The store gave something.
    Gives,
}

/// Which of A and D the tables still want for a use that they otherwise allow as the stale entry did; `None` if they
/// give something else.
///
/// Sixteen entries that are one page (Svnapot) may be cached from any of them, and only that one need have A and D:
/// then `source`, what it holds now, counts for all.
fn missing_bits(entry: &Entry, source: Pte, now: &Walk) -> Option<u64> {
    let got = entry.pte.map(now.va, entry.size);
    let missing = match now.outcome {
        Outcome::Leaf(leaf) if leaf.pa == got => leaf.update,
        Outcome::Fault(Fault {
            reason: FaultReason::AccessedClear | FaultReason::DirtyClear,
            access,
            ..
        }) => {
            let step = now.steps().last()?;
            if step.pte.map(now.va, entry.size) != got {
                return None;
            }
            step.pte.missing_bits(access.kind)
        }
        _ => return None,
    };
    Some(match entry.size {
        PageSize::Kib64 => missing & !source.0,
        _ => missing,
    })
}

impl Checker {
    pub(super) fn look_at_use(
        &mut self,
        site: Site,
        satp: Satp,
        entry: &Entry,
        source: Pte,
        now: &Walk,
    ) {
        let got = entry.pte.map(now.va, entry.size);
        let kind = match now.outcome {
            Outcome::Identity(_) => return,
            // PMP was changed, which is another matter.
            Outcome::Fault(fault) if fault.reason.is_access_fault() => return,
            _ => match missing_bits(entry, source, now) {
                Some(0) => return,
                Some(Pte::A) => CheckKind::Spurious,
                _ => CheckKind::Unsafe,
            },
        };
        let cause = self.cause(site.hart, entry, now, Effect::Takes);
        let used = use_of(site, now, Ok(got), entry);
        if kind == CheckKind::Spurious {
            // Kernels that look for idle pages do this on purpose, everywhere: once for each place that does.
            let keys = [Key::About(kind, cause.by())];
            self.add_stale(kind, satp, entry, cause, used, &keys);
        } else {
            self.add_stale(kind, satp, entry, cause, used, &[]);
        }
    }

    pub(super) fn look_at_denial(
        &mut self,
        site: Site,
        satp: Satp,
        entry: &Entry,
        fault: Fault,
        now: &Walk,
    ) {
        match now.outcome {
            Outcome::Leaf(_) => {
                let cause = self.cause(site.hart, entry, now, Effect::Gives);
                let used = use_of(site, now, Err(fault), entry);
                self.add_stale(CheckKind::Spurious, satp, entry, cause, used, &[]);
            }
            Outcome::Fault(fault) => self.note_software_bits(site, now, fault),
            Outcome::Identity(_) => {}
        }
    }

    fn add_stale(
        &mut self,
        kind: CheckKind,
        satp: Satp,
        entry: &Entry,
        cause: Cause,
        used: Use,
        keys: &[Key],
    ) {
        // A page of stale code meets the report at each instruction.
        let user = match used.access.kind {
            crate::mmu::AccessKind::Fetch => 0,
            _ => used.site.pc.0,
        };
        let mut all = vec![Key::Place(kind, cause.at(), cause.by(), user)];
        if let Some(clock) = cause.clock {
            all.push(Key::Instance(kind, cause.at(), clock));
        }
        all.extend(keys);
        let family = Key::Family(kind, cause.by(), user);
        let by = cause.change.and_then(|change| change.by);
        let foreign = by.is_some_and(|by| by.hart != used.site.hart);
        let finding = Finding {
            keys: all,
            family,
            clock: cause.clock,
            report: Report {
                kind,
                change: cause.change,
                satp: cause.satp,
                used: Some(used),
                fence: Some(right_fence(used, satp, entry, &cause)),
                near: None,
                times: 1,
            },
        };
        if foreign && used.got.is_ok() {
            self.hold(finding, used.site, entry);
        } else {
            self.tell(finding);
        }
    }

    fn tell(&mut self, finding: Finding) {
        let Finding {
            keys,
            family,
            clock,
            report,
        } = finding;
        self.add(&keys, Some(family), |checker| {
            let hart = report.used.map_or(0, |used| used.site.hart);
            Report {
                near: clock.and_then(|clock| checker.fence_after(hart, clock)),
                ..report
            }
        });
    }

    /// Keeps what may turn out to be no mistake.
    fn hold(&mut self, finding: Finding, site: Site, entry: &Entry) {
        if finding.keys.iter().any(|key| self.keys.contains_key(key)) {
            return self.tell(finding);
        }
        let same = |held: &&mut Pending| {
            let keys = &finding.keys;
            held.hart == site.hart && held.finding.keys.iter().any(|key| keys.contains(key))
        };
        if let Some(held) = self.pending.iter_mut().find(same) {
            held.finding.report.times += 1;
        } else if self.pending.len() < MOST_PENDING {
            self.pending.push(Pending {
                hart: site.hart,
                until: site.retired.saturating_add(PATIENCE),
                entry: *entry,
                finding,
            });
        }
    }

    /// A hart has come to this place: what it had to fence before is told.
    #[inline]
    pub(super) fn pass_time(&mut self, site: Site) {
        if !self.pending.is_empty() {
            self.tell_pending(|held| held.hart == site.hart && held.until < site.retired);
        }
    }

    /// A hart executed a fence: what it covers was only used in time.
    pub(super) fn drop_pending(&mut self, hart: usize, fence: Fence) {
        self.pending.retain(|held| {
            let entry = &held.entry;
            let page = fence.va.is_none_or(|va| entry.contains(va));
            let space = (fence.asid).is_none_or(|asid| asid == entry.asid && !entry.global);
            held.hart != hart || !page || !space
        });
    }

    #[cold]
    pub(super) fn tell_pending(&mut self, is_certain: impl Fn(&Pending) -> bool) {
        let (certain, open) = (std::mem::take(&mut self.pending).into_iter()).partition(is_certain);
        self.pending = open;
        for held in certain {
            self.tell(held.finding);
        }
    }

    fn fence_after(&self, hart: usize, clock: u64) -> Option<FenceSeen> {
        self.changes.fence_after(hart, clock)
    }

    /// Why an entry of the TLB differs from what the tables say now: the first entry on the way from the root that
    /// was changed after the fill.
    fn cause(&self, hart: usize, entry: &Entry, now: &Walk, effect: Effect) -> Cause {
        let (origin, steps) = (entry.origin(), now.steps());
        let leaf = origin.len().saturating_sub(1);
        let same_root = match (origin.first(), steps.first()) {
            (Some(was), Some(is)) => *was == is.at,
            _ => false,
        };
        if !same_root {
            return self.other_root(hart, entry);
        }
        for (index, (at, step)) in origin.iter().zip(steps).enumerate() {
            // The entry of this address, where the TLB's came from another one of sixteen.
            let sibling = index == leaf && entry.size == PageSize::Kib64;
            if *at != step.at && !(sibling && at.page() == step.at.page()) {
                break;
            }
            let at = &step.at;
            let after = self.changes.after(*at, entry.stamp);
            let old = match after.first() {
                _ if index == leaf => entry.pte.0,
                Some(first) => first.old,
                None => continue,
            };
            if old & !Pte::RSW == step.pte.0 & !Pte::RSW {
                continue;
            }
            let wanted = |stored: &&Stored| match effect {
                Effect::Takes => !stored.adds_only(),
                Effect::Gives => Pte(stored.new).valid() && stored.new & !stored.old != 0,
            };
            let by = after.iter().find(wanted).or(after.first());
            return Cause {
                change: Some(Change {
                    at: *at,
                    level: Some(step.level),
                    old,
                    new: step.pte.0,
                    by: by.and_then(|stored| stored.by),
                }),
                satp: None,
                clock: by.map(|stored| stored.clock),
            };
        }
        Cause {
            change: None,
            satp: None,
            clock: None,
        }
    }

    fn other_root(&self, hart: usize, entry: &Entry) -> Cause {
        let root = self.changes.root_change(hart, entry.asid);
        Cause {
            change: entry.origin().last().map(|&at| Change {
                at,
                level: Some(entry.size.level()),
                old: entry.pte.0,
                new: (self.changes.after(at, entry.stamp).last())
                    .map_or(entry.pte.0, |stored| stored.new),
                by: None,
            }),
            satp: root.map(|root| (root.from.0, root.to.0, root.by)),
            clock: root.map(|root| root.clock),
        }
    }
}

fn use_of(site: Site, now: &Walk, got: Result<PhysAddr, Fault>, entry: &Entry) -> Use {
    Use {
        site,
        va: now.va,
        access: now.access,
        got,
        tables_say: now.result(),
        cached: Some((entry.pte, entry.size)),
        filled_at: Some(entry.filled_at),
    }
}

/// The fence that the privileged manual asks for ("Supervisor Memory-Management Fence Instruction"): for a leaf an
/// address in its page, for an entry that pointed to a table rs1 = x0; rs2 = x0 if the mapping is global, or else its
/// address space. If the number of an address space was given to another root: rs1 = x0 and the number.
fn right_fence(used: Use, satp: Satp, entry: &Entry, cause: &Cause) -> RightFence {
    let pointer = cause.change.is_some_and(|change| {
        let old = Pte(change.old);
        old.valid() && !old.is_leaf()
    });
    let whole = pointer || cause.satp.is_some();
    let va = crate::mem::VirtAddr(used.va.0 & !0xfff);
    RightFence {
        hart: used.site.hart,
        fence: Fence {
            va: (!whole).then_some(va),
            asid: (!entry.global).then_some(satp.asid()),
        },
    }
}
