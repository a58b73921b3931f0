//! The parts of an explanation: the address in pieces, the entries read, the rights asked.

use super::address::{Check, Part, StepReport};
use super::entry::{fields, meaning};
use super::until::FaultSeen;
use super::{Hex, View};
use crate::isa::{Privilege, disassemble_word};
use crate::mem::VirtAddr;
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

/// The rules of a leaf, one after the other, up to the first that does not hold.
pub(super) fn checks(pte: Pte, access: Access, ad: AdPolicy) -> Vec<Check> {
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
