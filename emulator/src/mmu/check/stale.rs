//! Stale translations: what changed, who changed it, and which fence is missing.

use super::changes::Stored;
use super::{Change, CheckKind, Checker, FenceSeen, Key, Report, RightFence, Site, Use};
use crate::mem::PhysAddr;
use crate::mmu::{Entry, Fault, FaultReason, Fence, Outcome, Pte, Satp, Walk};

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

/// What an access meant, for finding the store that matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// The store took something away.
    Takes,
    /// The store gave something.
    Gives,
}

/// The stale entry only kept A from being set: the tables would give the same page.
fn only_accessed_differs(entry: &Entry, now: &Walk) -> bool {
    match now.outcome {
        Outcome::Leaf(leaf) => leaf.update == Pte::A,
        Outcome::Fault(Fault {
            reason: FaultReason::AccessedClear,
            access,
            ..
        }) => now.steps().last().is_some_and(|step| {
            step.pte.map(now.va, entry.size) == entry.pte.map(now.va, entry.size)
                && (!access.kind.writes() || step.pte.dirty())
        }),
        _ => false,
    }
}

impl Checker {
    pub(super) fn look_at_use(&mut self, site: Site, satp: Satp, entry: &Entry, now: &Walk) {
        let got = entry.pte.map(now.va, entry.size);
        let kind = match now.outcome {
            Outcome::Identity(_) => return,
            // PMP was changed, which is another matter.
            Outcome::Fault(fault) if fault.reason.is_access_fault() => return,
            _ if only_accessed_differs(entry, now) => CheckKind::Spurious,
            Outcome::Leaf(leaf) if leaf.pa == got && leaf.update == 0 => return,
            _ => CheckKind::Unsafe,
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
        self.add(&all, Some(family), |checker| Report {
            kind,
            change: cause.change,
            satp: cause.satp,
            used: Some(used),
            fence: Some(right_fence(used, satp, entry, &cause)),
            near: cause
                .clock
                .and_then(|clock| checker.fence_after(used.site.hart, clock)),
            times: 1,
        });
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
            if *at != step.at {
                break;
            }
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
