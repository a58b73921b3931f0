//! The parts of an explanation: the address in pieces, the entries read, the rights asked.

use super::address::{Check, Part, StepReport};
use super::entry::{fields, meaning};
use super::overview::PlaceReport;
use super::until::FaultSeen;
use super::{Hex, View};
use crate::isa::{Privilege, decode, disassemble_word};
use crate::mem::{PAGE_SIZE, VirtAddr};
use crate::mmu::{Access, AccessKind, AdPolicy, Leaf, Meaning, Mode, Pte, Satp, Walk};

/// The address in its parts.
pub(super) fn parts(mode: Mode, va: VirtAddr) -> Vec<Part> {
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

/// The rules of a leaf, one after the other: every one, since several may be broken.
pub(super) fn checks(pte: Pte, access: Access, ad: AdPolicy) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut check = |holds: bool, text: String| {
        checks.push(Check { holds, text });
    };
    let from = format!("{}-mode", access.privilege);
    match (pte.user(), access.privilege) {
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
    let readable = pte.readable() || access.mxr && pte.executable();
    match access.kind {
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

/// Who sets A and D, and whether this access makes it do so.
pub(super) fn accessed_dirty(leaf: &Leaf, access: Access, ad: AdPolicy) -> String {
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

/// The instruction that trapped, if it can be fetched.
pub(super) fn instruction(view: &mut View<'_>, seen: &FaultSeen) -> Option<String> {
    if seen.access.kind == AccessKind::Fetch {
        return None;
    }
    let word = word(view, seen)?;
    let text = disassemble_word(word, view.hart.extensions(), seen.trap.epc);
    Some(text.replace('\t', " "))
}

/// The bits of the instruction that trapped.
fn word(view: &mut View<'_>, seen: &FaultSeen) -> Option<u32> {
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
    Some(match low & 3 {
        3 => half(pc.offset(2))? << 16 | low,
        _ => low,
    })
}

/// Whether the hart is still as the trap left it, so that its registers are those of the access.
fn untouched(view: &View<'_>, seen: &FaultSeen) -> bool {
    let hart = view.hart;
    hart.id == seen.trap.hart && hart.retired == seen.trap.retired && hart.pc == seen.trap.handler
}

/// Where an access began, if what faulted is the second of the two pages that it needs.
pub(super) fn began(view: &mut View<'_>, seen: &FaultSeen) -> Option<Hex> {
    let first_of_page = seen.va.0.is_multiple_of(PAGE_SIZE);
    if seen.access.kind == AccessKind::Fetch || !first_of_page || !untouched(view, seen) {
        return None;
    }
    let insn = decode(word(view, seen)?, view.hart.extensions())?;
    let from = view.hart.x(insn.rs1).wrapping_add(insn.imm as u64);
    let before = seen.va.0.wrapping_sub(from);
    // No access is longer than 16 bytes.
    (1..16).contains(&before).then_some(Hex(from))
}

/// `ra`, if what faulted is a fetch at the pc itself: a call to nowhere leaves it there.
pub(super) fn return_address(view: &mut View<'_>, seen: &FaultSeen) -> Option<PlaceReport> {
    let jumped = seen.access.kind == AccessKind::Fetch && seen.va.0 == seen.trap.epc;
    if !jumped || !untouched(view, seen) {
        return None;
    }
    // Where there is code of the guest, the rights are at fault and not the jump.
    let target = view.code_in(seen.trap.epc, seen.trap.from, seen.satp);
    if target.symbol.is_some() {
        return None;
    }
    let place = view.code_in(view.hart.x(1), seen.trap.from, seen.satp);
    let report = PlaceReport::new(&place);
    report.symbol.is_some().then_some(report)
}

/// The entries that a walk read.
pub(super) fn steps(view: &View<'_>, walk: &Walk, satp: Satp) -> Vec<StepReport> {
    let rules = view.hart.pte_rules();
    let mut table = satp.root();
    let mut steps = Vec::new();
    for step in walk.steps() {
        let unreadable = step.meaning == Meaning::Unreadable;
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
