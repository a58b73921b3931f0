//! `--va`: one address explained, as facts. `address_text.rs` tells them.

use super::entry::Field;
use super::overview::{PlaceReport, TrapReport};
use super::steps::{accessed_dirty, began, checks, instruction, parts, return_address, steps};
use super::tlb::{Agreement, EntryReport, translates};
use super::until::{FaultSeen, Found};
use super::{Hex, SatpReport, View, mend};
use crate::hart::status;
use crate::isa::{Exception, Privilege};
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    Access, AccessKind, Entry, FaultReason, FaultSource, Meaning, Mode, Outcome, PageSize, Satp,
    Walk,
};
use serde::Serialize;

/// What is asked: an address, and how it is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The address.
    pub va: VirtAddr,
    /// How it is accessed.
    pub access: Access,
    /// In which address space.
    pub satp: Satp,
}

/// One translation, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The virtual address.
    pub va: Hex,
    /// What is linked there.
    pub symbol: Option<String>,
    /// `load`, `store`, `fetch`, `amo`, `cbo.zero` or `cbo`.
    pub access: &'static str,
    /// `U`, `S` or `M`.
    pub privilege: char,
    /// SUM, MXR, and who sets A and D.
    pub sum: bool,
    /// Whether loads may read executable pages.
    pub mxr: bool,
    /// The address space.
    pub satp: SatpReport,
    /// Why nothing is translated, if so.
    pub untranslated: Option<String>,
    /// The address in its parts, highest first. Empty if nothing is translated.
    pub parts: Vec<Part>,
    /// The entries read, root first.
    pub steps: Vec<StepReport>,
    /// The rights asked of the leaf, one after the other.
    pub checks: Vec<Check>,
    /// How it ends.
    pub outcome: OutcomeReport,
    /// What A and D mean for this access.
    pub accessed_dirty: Option<String>,
    /// What PMP says of the physical address.
    pub protection: Option<Protection>,
    /// What the TLB holds for the address.
    pub tlb: TlbAnswer,
    /// What happened in the run, if the access was made.
    pub happened: Option<Happened>,
}

/// A part of the virtual address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name: `unused`, `VPN[2]`, …, `offset`.
    pub name: String,
    /// Its highest bit.
    pub high: u32,
    /// Its lowest bit.
    pub low: u32,
    /// Its value.
    pub value: Hex,
    /// Its value in binary.
    pub binary: String,
}

/// An entry that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// The level.
    pub level: u8,
    /// The table.
    pub table: Hex,
    /// What the guest calls it.
    pub table_symbol: Option<String>,
    /// The index into it: `VPN[level]`.
    pub index: u64,
    /// Where the entry lies.
    pub entry: Hex,
    /// The entry; null if it cannot be read.
    pub pte: Option<Hex>,
    /// Its letters, as `DAGUXWRV`.
    pub letters: Option<String>,
    /// Its fields, highest first.
    pub fields: Vec<Field>,
    /// What it is.
    pub meaning: String,
}

/// A rule that a leaf was held against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Whether it holds.
    pub holds: bool,
    /// The rule, and why.
    pub text: String,
}

/// How a translation ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum OutcomeReport {
    /// With a physical address.
    Translated {
        /// The physical address.
        pa: Hex,
        /// The frame.
        frame: Hex,
        /// The offset in the frame.
        offset: Hex,
        /// The size of the page, in bytes; 0 if nothing is translated.
        page_size: u64,
        /// What is there: `RAM`, a device, or null for nothing.
        place: Option<&'static str>,
        /// What the guest calls it.
        symbol: Option<String>,
    },
    /// With a fault.
    Fault(FaultReport),
}

/// Why a translation fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultReport {
    /// The rule, by name.
    pub reason: &'static str,
    /// The rule, in words.
    pub text: String,
    /// The architectural cause, in words.
    pub cause: String,
    /// Its number.
    pub number: u8,
    /// What `stval` holds.
    pub stval: Hex,
    /// What would mend it.
    pub mend: Vec<String>,
}

/// What PMP says of the physical address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Protection {
    /// Whether the access is allowed.
    pub allowed: bool,
    /// The entry that decides; none if none matches.
    pub entry: Option<usize>,
    /// What the entry allows: `rwx`.
    pub rights: String,
}

/// What the TLB holds for the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TlbAnswer {
    /// Whether the access would hit.
    pub hit: bool,
    /// What the cached entry says of the access, if it does not allow it.
    pub denies: Option<String>,
    /// Where the hit would go.
    pub pa: Option<Hex>,
    /// Every entry for the address, whatever its address space: the array and the entry.
    pub entries: Vec<(&'static str, EntryReport)>,
}

/// What happened when the access was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Happened {
    /// The trap.
    pub trap: TrapReport,
    /// The instruction's address.
    pub at: PlaceReport,
    /// The instruction; null if it could not be fetched.
    pub instruction: Option<String>,
    /// Where the access began, if this is its second page.
    pub began: Option<Hex>,
    /// `ra`, if a jump led to where nothing can be fetched.
    pub return_address: Option<PlaceReport>,
    /// `tables`, `TLB`, `PMP` or `memory`.
    pub decided_by: &'static str,
    /// What was decided, in words.
    pub text: String,
    /// Whether the tables as they are now say the same.
    pub still: bool,
    /// What would have helped, if the tables are not at fault.
    pub mend: Option<String>,
}

/// The name of a kind of access, as `--as` takes it.
pub const fn kind_name(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Fetch => "fetch",
        AccessKind::Load => "load",
        AccessKind::Store => "store",
        AccessKind::Amo => "amo",
        AccessKind::CacheBlockZero => "cbo.zero",
        AccessKind::CacheBlockManage => "cbo",
    }
}

/// What PMP and the address map say of a physical address.
fn protection(view: &View<'_>, pa: PhysAddr, access: Access) -> Protection {
    let decided = view.hart.pmp.deciding(pa, 1, access.privilege);
    let letters = |rights: crate::hart::pmp::PmpAccess| {
        let letter = |set: bool, letter: char| if set { letter } else { '-' };
        [
            letter(rights.read, 'r'),
            letter(rights.write, 'w'),
            letter(rights.execute, 'x'),
        ]
        .into_iter()
        .collect()
    };
    Protection {
        allowed: !view.hart.protected(pa, 1, access),
        entry: decided.map(|(number, _)| number),
        rights: decided.map_or_else(|| "---".to_owned(), |(_, rights)| letters(rights)),
    }
}

/// What answers at a physical address.
fn place(view: &View<'_>, pa: PhysAddr) -> Option<&'static str> {
    match view.bus.is_ram(pa, 1) {
        true => Some("RAM"),
        false => view.bus.device_name(pa),
    }
}

impl Explanation {
    /// Explains what an access would do now. Nothing is changed by it.
    pub fn new(view: &mut View<'_>, question: Question, roots: &[Satp]) -> Self {
        let Question { va, access, satp } = question;
        let walk = view.hart.explain(view.bus, satp, va, access);
        let mode = satp.mode();
        let untranslated = if access.privilege == Privilege::Machine {
            Some("M-mode uses physical addresses: satp does not matter".to_owned())
        } else if mode == Mode::Bare {
            Some("satp.MODE is bare: virtual addresses are physical addresses".to_owned())
        } else {
            None
        };
        let ad = view.hart.ad_policy();
        let leaf = walk
            .steps()
            .last()
            .filter(|step| matches!(step.meaning, Meaning::Leaf(_)));
        let protection = match walk.result() {
            Ok(pa) => Some(protection(view, pa, access)),
            Err(_) => None,
        };
        Self {
            va: Hex(va.0),
            symbol: match access.kind {
                // Code may have been moved from where it is linked.
                AccessKind::Fetch => Some(view.code_in(va.0, access.privilege, satp))
                    .filter(|place| place.symbol.is_some())
                    .map(|place| place.name()),
                _ => view.data(va, walk.result().ok()),
            },
            access: kind_name(access.kind),
            privilege: access.privilege.letter(),
            sum: access.sum,
            mxr: access.mxr,
            satp: SatpReport::new(satp, view.names),
            parts: match untranslated {
                Some(_) => Vec::new(),
                None => parts(mode, va),
            },
            untranslated,
            steps: steps(view, &walk, satp),
            checks: leaf.map_or_else(Vec::new, |step| checks(step.pte, access, ad)),
            outcome: outcome(view, &walk, satp, protection.as_ref()),
            accessed_dirty: walk.leaf().map(|leaf| accessed_dirty(&leaf, access, ad)),
            protection,
            tlb: tlb_answer(view, question, roots),
            happened: None,
        }
    }

    /// Explains an access that trapped.
    pub fn of_fault(view: &mut View<'_>, seen: &FaultSeen, roots: &[Satp]) -> Self {
        let question = Question {
            va: seen.va,
            access: seen.access,
            satp: seen.satp,
        };
        let mut explanation = Self::new(view, question, roots);
        let now = match &explanation.outcome {
            OutcomeReport::Fault(fault) => Some(fault.reason),
            OutcomeReport::Translated { .. } => None,
        };
        let (decided_by, text, still) = match seen.found {
            Found::Translation(fault, source) => {
                let still = now == Some(fault.reason.name());
                let by = match source {
                    FaultSource::Walk => "tables",
                    FaultSource::Tlb(_) => "TLB",
                };
                (by, fault.reason.to_string(), still)
            }
            Found::Protected(pa) => ("PMP", format!("PMP denies {pa}"), now == Some("pmp-denied")),
            Found::Nothing => (
                "memory",
                "the translation is not at fault: PMP or the memory at the physical address refused the access".into(),
                now.is_some(),
            ),
        };
        let mend = (decided_by == "TLB" && !still).then(|| {
            format!(
                "sfence.vma for va:{:#x} after the tables were changed: the TLB still held the old entry",
                seen.va.0
            )
        });
        explanation.happened = Some(Happened {
            trap: TrapReport::new(&seen.trap, view),
            at: PlaceReport::new(&view.code_in(seen.trap.epc, seen.trap.from, seen.satp)),
            instruction: instruction(view, seen),
            began: began(view, seen),
            return_address: return_address(view, seen),
            decided_by,
            text,
            still,
            mend,
        });
        if let OutcomeReport::Fault(fault) = &mut explanation.outcome {
            fault.stval = Hex(seen.trap.value);
        }
        explanation
    }

    /// The register with the address that the trap of this explanation sets.
    pub fn register(&self) -> &'static str {
        self.happened
            .as_ref()
            .map_or("stval", |happened| happened.trap.register)
    }
}

/// What an access of a hart in this state would be made with.
pub fn access_now(view: &View<'_>, kind: AccessKind, privilege: Privilege) -> Access {
    let mstatus = view.hart.csr.mstatus;
    Access::new(kind, privilege)
        .with_sum(mstatus & status::SUM != 0)
        .with_mxr(mstatus & status::MXR != 0)
}

fn outcome(
    view: &View<'_>,
    walk: &Walk,
    satp: Satp,
    protection: Option<&Protection>,
) -> OutcomeReport {
    let access = walk.access;
    let fault = |reason, text: String, exception: Exception, mend| {
        OutcomeReport::Fault(FaultReport {
            reason,
            text,
            cause: exception.to_string(),
            number: exception as u8,
            stval: Hex(walk.va.0),
            mend,
        })
    };
    let access_fault = FaultReason::EntryDenied.exception(access.kind);
    let (pa, size) = match walk.outcome {
        Outcome::Fault(found) => {
            return fault(
                found.reason.name(),
                found.reason.to_string(),
                found.exception(),
                mend::of(view, walk, satp, found.reason),
            );
        }
        Outcome::Identity(pa) => (pa, None),
        Outcome::Leaf(leaf) => (leaf.pa, Some(leaf.size)),
    };
    if let Some(denied) = protection.filter(|protection| !protection.allowed) {
        let text = match denied.entry {
            Some(entry) => format!(
                "PMP entry {entry} allows {} at {pa}: not this {}",
                denied.rights, access.kind
            ),
            None => format!("no PMP entry matches {pa}, and below M-mode that denies everything"),
        };
        return fault(
            "pmp-denied",
            text,
            access_fault,
            mend::of_pmp(pa, access, denied.entry),
        );
    }
    let place = place(view, pa);
    if place.is_none() {
        let text = format!("there is neither memory nor a device at {pa}");
        return fault(
            "nothing-there",
            text,
            access_fault,
            mend::of_nothing(view, walk, pa),
        );
    }
    let mask = size.map_or(PageSize::Kib4.mask(), PageSize::mask);
    OutcomeReport::Translated {
        pa: Hex(pa.0),
        frame: Hex(pa.0 & !mask),
        offset: Hex(pa.0 & mask),
        page_size: size.map_or(0, PageSize::bytes),
        place,
        symbol: view.names.physical(pa),
    }
}

/// What the TLB holds, and what it would say.
fn tlb_answer(view: &mut View<'_>, question: Question, roots: &[Satp]) -> TlbAnswer {
    let Question { va, access, satp } = question;
    let (hart, mode) = (view.hart, satp.mode());
    let mut answer = TlbAnswer {
        hit: false,
        denies: None,
        pa: None,
        entries: Vec::new(),
    };
    for array in hart.tlb.arrays() {
        let held: Vec<Entry> = (hart.tlb.entries(array))
            .filter(|entry| entry.contains(va))
            .copied()
            .collect();
        for entry in held {
            let report = EntryReport::new(view, &entry, roots);
            answer.entries.push((array.name(), report));
        }
    }
    if access.privilege == Privilege::Machine || !translates(mode) {
        return answer;
    }
    if let Some(entry) = hart.tlb.peek(access.kind, mode, satp.asid(), va) {
        answer.hit = true;
        match entry.pte.check(access, hart.ad_policy()) {
            Ok(_) => answer.pa = Some(Hex(entry.pte.map(va, entry.size).0)),
            Err(reason) => answer.denies = Some(reason.to_string()),
        }
    }
    answer
}

impl TlbAnswer {
    /// Whether an entry for the address is stale.
    pub fn stale(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|(_, entry)| matches!(entry.agreement, Agreement::Stale(_)))
    }
}
