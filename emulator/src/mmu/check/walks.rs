//! What each walk and each store says of the tables themselves.

use super::changes::{Stored, of_hart};
use super::tables;
use super::user_pages::UserPage;
use super::{Change, CheckKind, Checker, Key, Report, RightFence, Site, Use};
use crate::isa::Privilege;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{Fault, FaultReason, Fence, Leaf, Outcome, PageSize, Pte, Satp, Walk};

/// Invalid entries that are remembered, of all harts.
const MOST_INVALID: usize = 128;
/// Entries that are remembered because A or D was clear.
const MOST_CLEAR: usize = 64;

/// An invalid entry on which a walk ended: a hart may go on believing that it is invalid.
#[derive(Clone)]
struct Invalid {
    hart: usize,
    at: PhysAddr,
    level: u8,
    va: VirtAddr,
    asid: u16,
    pte: u64,
    /// It became one of sixteen (Svnapot).
    napot: bool,
    fault: Fault,
    clock: u64,
}

/// An entry on which an access failed because A or D is left to software.
#[derive(Clone)]
struct Clear {
    hart: usize,
    at: PhysAddr,
    level: u8,
    pte: u64,
    used: Use,
    reason: FaultReason,
}

#[derive(Clone, Default)]
pub(super) struct Walks {
    invalid: Vec<Invalid>,
    clear: Vec<Clear>,
    /// The last fault of each hart, if it was for want of A or D and nobody changed the entry since.
    last_clear: Vec<Option<PhysAddr>>,
    /// User pages by their frame's number, one for each remainder.
    pub(super) user_pages: Vec<Option<UserPage>>,
    /// The last full fence of each hart that walked.
    full_fences: Vec<Option<u64>>,
    /// When everything was forgotten.
    forgotten: u64,
}

impl Walks {
    /// Forgets the invalid entries that a fence covers. Gives where those lie that no hart remembers any more.
    fn fenced(&mut self, hart: usize, fence: Fence) -> Vec<PhysAddr> {
        let mut gone = Vec::new();
        self.invalid.retain(|invalid| {
            // An address in the range of the entry counts: which of them its page will hold is not known before
            // there is one. Nor is it known whether the page will be global.
            let bits = match invalid.napot {
                true => PageSize::Kib64.bits(),
                false => 12 + 9 * u32::from(invalid.level),
            };
            let page = fence
                .va
                .is_none_or(|va| va.0 >> bits == invalid.va.0 >> bits);
            let space = fence.asid.is_none_or(|asid| asid == invalid.asid);
            let stays = invalid.hart != hart || !page || !space;
            if !stays {
                gone.push(invalid.at);
            }
            stays
        });
        gone.retain(|&at| !self.remembers(at));
        gone
    }

    /// Whether a hart may believe that an entry is invalid.
    fn remembers(&self, at: PhysAddr) -> bool {
        self.invalid.iter().any(|invalid| invalid.at == at)
    }

    /// A hart made a full fence. True if every hart that walked has, since this was last true.
    pub(super) fn all_fenced(&mut self, hart: usize, clock: u64) -> bool {
        *of_hart(&mut self.full_fences, hart) = Some(clock);
        let all = (self.full_fences.iter().flatten()).all(|&at| at > self.forgotten);
        if all {
            self.forgotten = clock;
        }
        all
    }
}

/// Whether a walk broke a rule that the manual reserves.
const fn is_reserved(reason: FaultReason) -> bool {
    use FaultReason::*;
    matches!(
        reason,
        WriteWithoutRead
            | ReservedBits(_)
            | NonLeafBits(_)
            | MisalignedSuperpage(_)
            | NapotWithoutSvnapot
            | ReservedNapot
            | PbmtWithoutSvpbmt
            | ReservedPbmt
    )
}

pub(super) fn use_of(site: Site, walk: &Walk) -> Use {
    Use {
        site,
        va: walk.va,
        access: walk.access,
        got: walk.result(),
        tables_say: walk.result(),
        cached: None,
        filled_at: None,
    }
}

impl Checker {
    /// Watches every entry that a walk read. Gives the pages that are new.
    pub(super) fn watch(&mut self, walk: &Walk) -> Vec<PhysAddr> {
        let mut new = Vec::new();
        self.watch_into(walk, &mut new);
        new
    }

    /// Gives the flags of all the entries, put together, too.
    #[inline]
    fn watch_into(&mut self, walk: &Walk, new: &mut Vec<PhysAddr>) -> u64 {
        let mut parent = tables::ROOT;
        let mut flags = 0;
        for step in walk.steps() {
            if step.meaning == crate::mmu::Meaning::Unreadable {
                break;
            }
            let valid = step.pte.valid();
            let (bits, is_new) = self.tables.watch(step.at, walk.va.0, step.level, parent);
            if is_new {
                new.push(step.at.page());
            }
            if valid && bits & tables::INVALID != 0 {
                self.tables.unmark(step.at, tables::INVALID);
            }
            flags |= bits;
            parent = step.at.0;
        }
        flags
    }

    pub(super) fn look_at_walk(&mut self, site: Site, satp: Satp, walk: &Walk) -> Vec<PhysAddr> {
        let mut new = Vec::new();
        let flags = self.watch_into(walk, &mut new);
        if !new.is_empty() && self.tables.is_full() {
            // Nothing else is known any more, so everything must be compared.
            self.tables.clear();
            self.watch_into(walk, &mut new);
            self.epoch += 1;
        }
        if (self.walks.full_fences.get(site.hart)).is_none_or(Option::is_none) {
            self.begin(site.hart, satp);
        }
        match walk.outcome {
            Outcome::Leaf(leaf) => {
                let pte = leaf.pte;
                if pte.user() || pte.has(Pte::W | Pte::X) {
                    self.look_at_leaf(site, satp, walk, leaf);
                }
                if flags & tables::INVALID_SEEN != 0 {
                    self.look_for_invalid(site, satp, walk, leaf);
                }
            }
            Outcome::Fault(fault) => self.look_at_fault(site, satp, walk, fault),
            Outcome::Identity(_) => {}
        }
        if !new.is_empty() {
            self.look_at_new_tables(&new);
        }
        new
    }

    fn begin(&mut self, hart: usize, satp: Satp) {
        self.changes.satp_used(hart, satp);
        of_hart(&mut self.walks.full_fences, hart).get_or_insert(0);
    }

    // ---- Leaves. ----

    /// What is known of the store that made an entry what it is.
    fn made(&self, at: PhysAddr, level: u8, pte: u64) -> Change {
        // A store that gave it another value was not the last one: the table was not watched for a while.
        let same = |stored: &Stored| (stored.new ^ pte) & !(Pte::A | Pte::D) == 0;
        let last = self.changes.last(at).filter(same);
        Change {
            at,
            level: Some(level),
            old: last.map_or(pte, |stored| stored.old),
            new: pte,
            by: match last {
                Some(stored) => stored.by,
                None => self.early.writer(at, pte),
            },
        }
    }

    pub(super) fn about_entry(
        &mut self,
        kind: CheckKind,
        about: u64,
        (at, level, pte): (PhysAddr, u8, u64),
        used: Use,
    ) {
        let by = self.made(at, level, pte).by;
        let family = Key::Family(kind, by.unwrap_or(used.site).pc.0, 0);
        self.add(&[Key::About(kind, about)], Some(family), |checker| Report {
            kind,
            change: Some(checker.made(at, level, pte)),
            satp: None,
            used: Some(used),
            fence: None,
            near: None,
            times: 1,
        });
    }

    #[cold]
    fn look_at_leaf(&mut self, site: Site, satp: Satp, walk: &Walk, leaf: Leaf) {
        let Some(Some(word)) = self.tables.get(leaf.at) else {
            return;
        };
        let level = leaf.size.level();
        let entry = (leaf.at, level, leaf.pte.0);
        if leaf.pte.has(Pte::W | Pte::X) && !word.has(tables::RIGHTS_SEEN) {
            self.tables.mark(leaf.at, tables::RIGHTS_SEEN);
            // Many kernels map everything with every right: told once for an address space, and once for its user
            // pages.
            let about = satp.root().0 | u64::from(leaf.pte.user());
            self.about_entry(
                CheckKind::WritableExecutable,
                about,
                entry,
                use_of(site, walk),
            );
        }
        if leaf.pte.user() {
            let first = !word.has(tables::USER);
            if first {
                self.tables.mark(leaf.at, tables::USER);
            }
            self.look_at_user_page(site, walk, leaf, first);
        }
    }

    // ---- Faults. ----

    fn look_at_fault(&mut self, site: Site, satp: Satp, walk: &Walk, fault: Fault) {
        let Some(step) = walk.steps().last() else {
            return;
        };
        *of_hart(&mut self.walks.last_clear, site.hart) = None;
        match fault.reason {
            FaultReason::NotValid => {
                self.tables
                    .mark(step.at, tables::INVALID_SEEN | tables::INVALID);
                let asid = satp.asid();
                let known = (self.walks.invalid.iter()).position(|known| {
                    (known.hart, known.at, known.asid) == (site.hart, step.at, asid)
                });
                let invalid = Invalid {
                    hart: site.hart,
                    at: step.at,
                    level: step.level,
                    va: walk.va,
                    asid,
                    pte: step.pte.0,
                    napot: false,
                    fault,
                    clock: self.changes.clock(),
                };
                match known {
                    Some(place) => self.walks.invalid[place] = invalid,
                    None => {
                        self.walks.invalid.push(invalid);
                        if self.walks.invalid.len() > MOST_INVALID {
                            let oldest = self.walks.invalid.remove(0);
                            self.leave_invalid(oldest.at);
                        }
                    }
                }
            }
            reason if is_reserved(reason) => {
                let entry = (step.at, step.level, step.pte.0);
                self.about_entry(CheckKind::Reserved, step.at.0, entry, use_of(site, walk));
            }
            _ => self.note_software_bits(site, walk, fault),
        }
    }

    /// A fence makes a hart forget invalid entries.
    pub(super) fn forget_invalid(&mut self, hart: usize, fence: Fence) {
        if !self.walks.invalid.is_empty() {
            for at in self.walks.fenced(hart, fence) {
                self.leave_invalid(at);
            }
        }
    }

    /// No hart may remember any more that an entry was invalid. If it still is, nothing hangs on it.
    fn leave_invalid(&mut self, at: PhysAddr) {
        if self.walks.remembers(at) {
            return;
        }
        match self.tables.get(at) {
            Some(Some(word)) if word.has(tables::INVALID) => self.unwatch(at),
            _ => self.tables.unmark(at, tables::INVALID_SEEN),
        }
    }

    fn unwatch(&mut self, at: PhysAddr) {
        if self.tables.unwatch(at) {
            self.abandoned.push(at.page());
        }
    }

    /// A walk succeeded through an entry that a hart found invalid before.
    #[cold]
    fn look_for_invalid(&mut self, site: Site, satp: Satp, walk: &Walk, leaf: Leaf) {
        for step in walk.steps() {
            // What a hart remembers is of one address space, unless the page is in all of them.
            let mine = |invalid: &Invalid| {
                invalid.hart == site.hart
                    && invalid.at == step.at
                    && (leaf.global || invalid.asid == satp.asid())
            };
            let place = self.walks.invalid.iter().position(mine);
            let Some(invalid) = place.map(|place| self.walks.invalid.swap_remove(place)) else {
                if !self.walks.remembers(step.at) {
                    self.tables.unmark(step.at, tables::INVALID_SEEN);
                }
                continue;
            };
            if self.config.svvptc {
                continue;
            }
            let after = self.changes.after(step.at, invalid.clock);
            let made = after.iter().find(|stored| Pte(stored.new).valid()).copied();
            let by = made.and_then(|made| made.by);
            let kind = CheckKind::Spurious;
            let pc = by.map_or(0, |by| by.pc.0);
            let keys = [
                Key::Place(kind, step.at.0, pc, site.pc.0),
                Key::Instance(kind, step.at.0, made.map_or(0, |made| made.clock)),
            ];
            let family = Key::Family(kind, pc, site.pc.0);
            self.add(&keys, Some(family), |checker| Report {
                kind,
                change: Some(Change {
                    at: step.at,
                    level: Some(step.level),
                    old: invalid.pte,
                    new: step.pte.0,
                    by,
                }),
                satp: None,
                used: Some(Use {
                    got: Err(invalid.fault),
                    ..use_of(site, walk)
                }),
                fence: Some(RightFence {
                    hart: site.hart,
                    fence: Fence {
                        va: Some(VirtAddr(walk.va.0 & !0xfff)),
                        asid: (!leaf.global).then_some(satp.asid()),
                    },
                }),
                near: made.and_then(|made| checker.changes.fence_after(site.hart, made.clock)),
                times: 1,
            });
        }
    }

    /// An access failed because A or D is clear and software must set it. Software that does not gets the same fault
    /// again.
    pub(super) fn note_software_bits(&mut self, site: Site, walk: &Walk, fault: Fault) {
        let kind = match fault.reason {
            FaultReason::AccessedClear => CheckKind::AccessedNeverSet,
            FaultReason::DirtyClear => CheckKind::DirtyNeverSet,
            _ => return,
        };
        let Some(step) = walk.steps().last() else {
            return;
        };
        *of_hart(&mut self.walks.last_clear, site.hart) = Some(step.at);
        let known = self.walks.clear.iter().position(|clear| {
            (clear.hart, clear.at, clear.reason) == (site.hart, step.at, fault.reason)
        });
        let clear = Clear {
            hart: site.hart,
            at: step.at,
            level: step.level,
            pte: step.pte.0,
            used: use_of(site, walk),
            reason: fault.reason,
        };
        match known {
            Some(place) => {
                let before = std::mem::replace(&mut self.walks.clear[place], clear);
                if before.pte == step.pte.0 {
                    let entry = (step.at, step.level, step.pte.0);
                    self.about_entry(kind, step.at.0, entry, use_of(site, walk));
                }
            }
            None => {
                if self.walks.clear.len() >= MOST_CLEAR {
                    self.walks.clear.remove(0);
                }
                self.walks.clear.push(clear);
            }
        }
    }

    pub(super) fn look_at_end(&mut self) {
        let last = std::mem::take(&mut self.walks.last_clear);
        for (hart, at) in last.into_iter().enumerate() {
            let found = self
                .walks
                .clear
                .iter()
                .rposition(|clear| clear.hart == hart && Some(clear.at) == at);
            let Some(clear) = found.map(|place| self.walks.clear.swap_remove(place)) else {
                continue;
            };
            let kind = match clear.reason {
                FaultReason::AccessedClear => CheckKind::AccessedNeverSet,
                _ => CheckKind::DirtyNeverSet,
            };
            if self.keys.contains_key(&Key::About(kind, clear.at.0)) {
                continue;
            }
            let entry = (clear.at, clear.level, clear.pte);
            self.about_entry(kind, clear.at.0, entry, clear.used);
        }
    }

    // ---- Stores. ----

    pub(super) fn look_at_store(&mut self, site: Option<Site>, at: PhysAddr, old: u64, new: u64) {
        let Some(word) = self.tables.get(at) else {
            self.abandoned.push(at.page());
            return;
        };
        if let Some(by) = site
            && by.privilege == Privilege::User
            && word.is_some()
        {
            self.user_stored(by, at, old, new);
        }
        if !Pte(old).valid() && !Pte(new).valid() {
            return;
        }
        let stored = self.changes.stored(at, old, new, site);
        self.forget_user_page(at, old, new);
        for last in &mut self.walks.last_clear {
            last.take_if(|last| *last == at);
        }
        // The bit was set. Should the entry be as before some day, it is another one: tables are used again.
        self.walks.clear.retain(|clear| {
            let wanted = match clear.reason {
                FaultReason::AccessedClear => Pte::V | Pte::A,
                _ => Pte::V | Pte::D,
            };
            clear.at != at || !Pte(new).has(wanted)
        });
        if Pte(old).valid() && !Pte(old).is_leaf() {
            // What it pointed to may be no table now. If there is another way to it, then no harm is done: below,
            // every translation is made to be compared before its next use, and what is compared is watched again.
            let freed = self.tables.free(Pte(old).target(), at);
            self.abandoned.extend(freed);
        }
        let Some(word) = word else {
            return;
        };
        if Pte(new).valid() && word.has(tables::INVALID) {
            self.tables.unmark(at, tables::INVALID);
        }
        if Pte(new).napot() && word.has(tables::INVALID_SEEN) {
            for invalid in self.walks.invalid.iter_mut().filter(|known| known.at == at) {
                invalid.napot = true;
            }
        }
        if Pte(old).valid() && !stored.adds_only() {
            if word.level() == 0 && !word.has(tables::MANY) {
                let size = match Pte(old).napot() {
                    true => PageSize::Kib64,
                    false => PageSize::Kib4,
                };
                self.suspect(VirtAddr(word.va()), size);
            } else {
                self.epoch += 1;
            }
            self.unwatch(at);
        } else if stored.new & (Pte::W | Pte::X) != stored.old & (Pte::W | Pte::X) {
            self.tables.unmark(at, tables::RIGHTS_SEEN);
        }
    }
}
