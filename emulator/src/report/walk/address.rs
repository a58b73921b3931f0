//! `--va`: one address explained, as facts. [`super::address_text`] tells them.

use super::entry::{Field, fields, meaning};
use super::overview::{PlaceReport, TrapReport};
use super::tlb::{Agreement, EntryReport, translates};
use super::until::{FaultSeen, Found};
use super::{Hex, SatpReport, View, mend};
use crate::hart::status;
use crate::isa::{Exception, Privilege, disassemble_word};
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::{
    Access, AccessKind, AdPolicy, Entry, FaultReason, FaultSource, Leaf, Mode, Outcome, PageSize,
    Pte, Satp, Walk,
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

/// The address in its parts.
fn parts(mode: Mode, va: VirtAddr) -> Vec<Part> {
    let part = |name: String, high: u32, low: u32| {
        let value = va.0 << (63 - high) >> (63 - high + low);
        let width = (high - low + 1) as usize;
        Part {
            name,
            high,
            low,
            value: Hex(value),
            binary: format!("{value:0width$b}"),
        }
    };
    let mut parts = vec![part("unused".into(), 63, mode.va_bits())];
    for level in (0..mode.levels()).rev() {
        let low = 12 + 9 * u32::from(level);
        parts.push(part(format!("VPN[{level}]"), low + 8, low));
    }
    parts.push(part("offset".into(), 11, 0));
    parts
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

/// The rules of a leaf, one after the other, up to the first that does not hold.
fn checks(pte: Pte, access: Access, ad: AdPolicy) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut check = |holds: bool, text: String| {
        checks.push(Check { holds, text });
        holds
    };
    let from = format!("{}-mode", access.privilege);
    let user = match (pte.user(), access.privilege) {
        (true, Privilege::User) => check(true, format!("U is set: {from} may use the page")),
        (false, Privilege::User) => {
            check(false, format!("U is clear: {from} may not use the page"))
        }
        (false, _) => check(true, format!("U is clear: a page of {from}")),
        (true, _) if access.kind == AccessKind::Fetch => check(
            false,
            format!("U is set: {from} may never fetch from a user page"),
        ),
        (true, _) => match access.sum {
            true => check(
                true,
                format!("U is set, and so is SUM: {from} may use the user page"),
            ),
            false => check(
                false,
                format!("U is set and SUM is clear: {from} may not use the user page"),
            ),
        },
    };
    if !user {
        return checks;
    }
    let readable = pte.readable() || access.mxr && pte.executable();
    let right = match access.kind {
        AccessKind::Fetch => match pte.executable() {
            true => check(true, "X is set: the page may be executed".into()),
            false => check(false, "X is clear: the page may not be executed".into()),
        },
        AccessKind::Load => match (pte.readable(), readable) {
            (true, _) => check(true, "R is set: the page may be read".into()),
            (false, true) => check(
                true,
                "R is clear, but X and MXR are set: the page may be read".into(),
            ),
            (false, false) => check(false, "R is clear: the page may not be read".into()),
        },
        AccessKind::CacheBlockManage => match readable || pte.writable() {
            true => check(
                true,
                "R or W is set: the page may be read or written".into(),
            ),
            false => check(
                false,
                "R and W are clear: the page may neither be read nor written".into(),
            ),
        },
        _ => match pte.writable() {
            true => check(true, "W is set: the page may be written".into()),
            false => check(false, "W is clear: the page may not be written".into()),
        },
    };
    if !right {
        return checks;
    }
    let missing = pte.missing_bits(access.kind);
    let needed = if access.kind.writes() {
        "A and D are"
    } else {
        "A is"
    };
    let lacks = match missing {
        Pte::A => "A is clear",
        Pte::D => "D is clear",
        _ => "A and D are clear",
    };
    match (missing, ad) {
        (0, _) => check(true, format!("{needed} set: nothing has to be updated")),
        (_, AdPolicy::Hardware) => check(
            true,
            format!("{lacks}: the hardware sets what is missing (Svadu)"),
        ),
        (_, AdPolicy::Fault) => check(
            false,
            format!("{lacks}: software must set what is missing (Svade)"),
        ),
    };
    checks
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
            .filter(|step| matches!(step.meaning, crate::mmu::Meaning::Leaf(_)));
        let protection = match walk.result() {
            Ok(pa) => Some(protection(view, pa, access)),
            Err(_) => None,
        };
        Self {
            va: Hex(va.0),
            symbol: match access.kind {
                // Code may have been moved from where it is linked.
                AccessKind::Fetch => Some(view.names.code(va.0))
                    .filter(|place| place.symbol.is_some())
                    .map(|place| place.name()),
                _ => view.names.linked(va),
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
            at: PlaceReport::new(&view.names.code(seen.trap.epc)),
            instruction: instruction(view, seen),
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

/// The instruction that trapped, if it can be fetched.
fn instruction(view: &mut View<'_>, seen: &FaultSeen) -> Option<String> {
    if seen.access.kind == AccessKind::Fetch {
        return None;
    }
    let (pc, hart) = (VirtAddr(seen.trap.epc), view.hart);
    let access = Access::new(AccessKind::Fetch, seen.trap.from);
    let mut half = |va: VirtAddr| {
        let pa = hart
            .explain(view.bus, seen.satp, va, access)
            .result()
            .ok()?;
        view.bus.ram().load(pa, 2).map(|half| half as u32)
    };
    let low = half(pc)?;
    let word = match low & 3 {
        3 => half(pc.offset(2))? << 16 | low,
        _ => low,
    };
    let text = disassemble_word(word, hart.extensions(), pc.0);
    Some(text.replace('\t', " "))
}

fn steps(view: &View<'_>, walk: &Walk, satp: Satp) -> Vec<StepReport> {
    let rules = view.hart.pte_rules();
    let mut table = satp.root();
    let mut steps = Vec::new();
    for step in walk.steps() {
        let unreadable = step.meaning == crate::mmu::Meaning::Unreadable;
        let pte = step.pte;
        let why = walk.fault().map(|fault| fault.reason.to_string());
        steps.push(StepReport {
            level: step.level,
            table: Hex(table.0),
            table_symbol: view.names.physical(table),
            index: Mode::index(walk.va, step.level),
            entry: Hex(step.at.0),
            pte: (!unreadable).then_some(Hex(pte.0)),
            letters: (!unreadable).then(|| {
                let text = pte.to_string();
                text.rsplit(' ').next().unwrap_or_default().to_owned()
            }),
            fields: match unreadable {
                true => Vec::new(),
                false => fields(pte, step.level, rules),
            },
            meaning: match unreadable {
                true => why.unwrap_or_default(),
                false => meaning(pte, step.level, rules),
            },
        });
        table = pte.target();
    }
    steps
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

fn accessed_dirty(leaf: &Leaf, access: Access, ad: AdPolicy) -> String {
    let who = match ad {
        AdPolicy::Hardware => "the hardware sets A and D on this machine (Svadu)",
        AdPolicy::Fault => "software sets A and D on this machine: the hardware faults (Svade)",
    };
    let what = match leaf.update {
        0 => format!("this {} finds set what it needs", access.kind),
        Pte::A => format!("this {} makes it set A in {}", access.kind, leaf.at),
        Pte::D => format!("this {} makes it set D in {}", access.kind, leaf.at),
        _ => format!("this {} makes it set A and D in {}", access.kind, leaf.at),
    };
    format!("{who}; {what}")
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
