//! A report in words.

use super::fence_words;
use crate::loader::Guest;
use crate::mem::{PhysAddr, VirtAddr};
use crate::mmu::check::{Change, CheckKind, FenceSeen, Report, RightFence, Site, Use};
use crate::mmu::{AccessKind, Fault, PageSize, Pte, Satp};
use crate::report::place::Place;
use std::fmt::Write;

/// The width of what stands before each line of a report.
const NAME: usize = 16;

/// A report: what happened in one line, then the facts, then what would be right.
pub fn text(report: &Report, guest: &Guest) -> String {
    Words {
        guest,
        text: format!("{}\n", headline(report, guest)),
    }
    .all(report)
}

/// A report as it is printed: a mistake in full; what is legal and good to know in two lines, so that the mistakes
/// are seen.
pub fn printed(report: &Report, guest: &Guest) -> String {
    if report.kind.is_mistake() {
        return text(report, guest);
    }
    let details = details(report, guest);
    format!("note: {}\n  {details}", headline(report, guest))
}

/// A report in one line.
pub fn summary_line(report: &Report, guest: &Guest) -> String {
    match details(report, guest) {
        none if none.is_empty() => headline(report, guest),
        details => format!("{}; {details}", headline(report, guest)),
    }
}

/// What was changed by whom, who met it, and what is missing.
fn details(report: &Report, guest: &Guest) -> String {
    let mut line = String::new();
    let by = report.change.and_then(|change| change.by);
    let by = by.or(report.satp.map(|(_, _, by)| by));
    if let Some(change) = report.change {
        let entry = match change.level {
            Some(level) => format!("the level {level} entry"),
            None => "the word".to_owned(),
        };
        let _ = write!(line, "{entry} at {}", physical(guest, change.at));
    } else if report.satp.is_some() {
        line.push_str("satp");
    }
    if let Some(by) = by {
        let did = report.change.map_or("changed", did_write);
        let _ = write!(line, " {did} by {}", site(guest, by));
    }
    if let Some(used) = report.used {
        let comma = if line.is_empty() { "" } else { ", " };
        let _ = write!(line, "{comma}met by {}", site(guest, used.site));
    }
    if let Some(right) = report.fence {
        let _ = write!(line, "; missing: {}", fence_words(right.fence));
    }
    line
}

/// An entry whose value before is not known was written; others were changed.
fn did_write(change: Change) -> &'static str {
    match change.old == change.new {
        true => "written",
        false => "changed",
    }
}

fn headline(report: &Report, guest: &Guest) -> String {
    let kind = report.kind.name();
    let Some(used) = &report.used else {
        return match (report.kind, report.change) {
            (CheckKind::UserReachesTable, Some(change)) => format!(
                "{kind}: user mode stored to the page tables, at {}",
                physical(guest, change.at)
            ),
            _ => kind.to_owned(),
        };
    };
    let hart = used.site.hart;
    let did = did(used.access.kind);
    let va = virtual_address(guest, used);
    match report.kind {
        CheckKind::Unsafe => {
            format!("{kind}: hart {hart} {did} {va} through a stale translation")
        }
        CheckKind::Spurious if used.got.is_ok() => {
            format!("{kind}: hart {hart} {did} {va} through a stale translation, so A stays clear")
        }
        CheckKind::Spurious if used.cached.is_some() => format!(
            "{kind}: hart {hart} {did} {va} and a stale translation denied it, which the tables allow"
        ),
        CheckKind::Spurious => format!(
            "{kind}: hart {hart} {did} {va} through an entry that it may still take for invalid"
        ),
        CheckKind::WritableExecutable => {
            format!("{kind}: the page of {va} is both writable and executable")
        }
        CheckKind::UserReachesTable => {
            format!("{kind}: user mode can reach a page of page tables at {va}")
        }
        CheckKind::Reserved => {
            format!("{kind}: hart {hart} {did} {va} through an entry that is reserved")
        }
        CheckKind::AccessedNeverSet => {
            format!("{kind}: {va} cannot be used, because nobody sets A in its entry")
        }
        CheckKind::DirtyNeverSet => {
            format!("{kind}: {va} cannot be written, because nobody sets D in its entry")
        }
        CheckKind::StaleCode => format!(
            "{kind}: hart {hart} executed {va}, which was changed after it fetched from there, with no fence.i"
        ),
    }
}

const fn did(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Fetch => "fetched from",
        AccessKind::Load => "loaded from",
        AccessKind::Store => "stored to",
        AccessKind::Amo => "made an atomic access to",
        AccessKind::CacheBlockZero => "zeroed the cache block of",
        AccessKind::CacheBlockManage => "managed the cache block of",
    }
}

fn named(place: &Place) -> String {
    match place.symbol {
        Some(_) => format!(" <{}>", place.name()),
        None => String::new(),
    }
}

/// What was accessed, with its name.
fn virtual_address(guest: &Guest, used: &Use) -> String {
    let place = Place::of_code(guest, used.va.0, used.site.privilege);
    format!("{}{}", used.va, named(&place))
}

fn physical(guest: &Guest, pa: PhysAddr) -> String {
    format!("{pa}{}", named(&Place::of_physical(guest, pa.0)))
}

/// `hart 0 #1234 S va:0x80000400 <unmap+0x10> kernel.c:41`.
fn site(guest: &Guest, site: Site) -> String {
    let Site {
        hart,
        pc,
        privilege,
        retired,
    } = site;
    let place = Place::of_code(guest, pc.0, privilege);
    let name = named(&place);
    let line = place.line.map_or(String::new(), |line| format!(" {line}"));
    format!("hart {hart} #{retired} {privilege} {pc}{name}{line}")
}

fn target(guest: &Guest, result: Result<PhysAddr, Fault>) -> String {
    match result {
        Ok(pa) => physical(guest, pa),
        Err(fault) => format!("a fault: {}", fault.reason),
    }
}

/// What an entry is: `0x… DA---WRV, a 4 KiB page at pa:0x80010000`.
fn entry(guest: &Guest, raw: u64, level: u8) -> String {
    let pte = Pte(raw);
    let meaning = if !pte.valid() {
        "not valid".to_owned()
    } else if pte.is_leaf() {
        let size = match pte.napot() {
            true => PageSize::Kib64,
            false => PageSize::at_level(level),
        };
        let pa = pte.map(VirtAddr(0), size);
        format!("a {size} page at {}", physical(guest, pa))
    } else {
        format!("a table at {}", physical(guest, pte.target()))
    };
    format!("{pte}, {meaning}")
}

struct Words<'a> {
    guest: &'a Guest,
    text: String,
}

impl Words<'_> {
    fn line(&mut self, name: &str, what: &str) {
        let _ = writeln!(self.text, "  {name:NAME$}{what}");
    }

    fn all(mut self, report: &Report) -> String {
        let guest = self.guest;
        if let Some(change) = report.change {
            self.change(report, change);
        }
        if let Some((from, to, by)) = report.satp {
            let name = |satp| {
                let satp = Satp(satp);
                let root = physical(guest, satp.root());
                format!("{}, asid {}, root {root}", satp.mode(), satp.asid())
            };
            self.line("satp was", &name(from));
            self.line("satp is", &name(to));
            self.line("switched by", &site(guest, by));
        }
        if let Some(used) = report.used {
            self.used(report, used);
        }
        if report.kind == CheckKind::StaleCode {
            let hart = report.used.map_or(0, |used| used.site.hart);
            let when = "after the store and before the code runs";
            self.line("missing", &format!("fence.i on hart {hart}, {when}"));
        }
        if let Some(right) = report.fence {
            self.fence(report, right);
        }
        self.line("note", note(report));
        self.text.pop();
        self.text
    }

    fn change(&mut self, report: &Report, change: Change) {
        let guest = self.guest;
        let at = physical(guest, change.at);
        let Some(level) = change.level else {
            self.line("the word", &at);
            self.line("was", &format!("{:#018x}", change.old));
            self.line("is", &format!("{:#018x}", change.new));
            let by = change.by.map(|by| site(guest, by));
            let by = by.unwrap_or_else(|| "a device or the host".to_owned());
            self.line("changed by", &by);
            return;
        };
        self.line("the entry", &format!("level {level} at {at}"));
        if change.old == change.new {
            self.line("is", &entry(guest, change.new, level));
        } else {
            self.line("was", &entry(guest, change.old, level));
            self.line("is", &entry(guest, change.new, level));
        }
        let stale = matches!(report.kind, CheckKind::Unsafe | CheckKind::Spurious);
        match change.by {
            Some(by) => self.line(&format!("{} by", did_write(change)), &site(guest, by)),
            None if report.satp.is_none() && stale => {
                self.line("changed by", "a device or the host, or it is not known");
            }
            None if !stale => {
                self.line(
                    &format!("{} by", did_write(change)),
                    "not known: it was so when a walk first read this table",
                );
            }
            None => {}
        }
    }

    fn used(&mut self, report: &Report, used: Use) {
        let guest = self.guest;
        let name = match report.kind {
            CheckKind::Unsafe | CheckKind::Spurious => "used by",
            CheckKind::StaleCode => "run by",
            _ => "met by",
        };
        let mut what = site(guest, used.site);
        if report.kind != CheckKind::StaleCode && used.access.kind != AccessKind::Fetch {
            let _ = write!(what, ", a {} at {}", used.access.kind, used.va);
        }
        self.line(name, &what);
        if report.kind == CheckKind::Reserved
            && let Err(fault) = used.got
        {
            self.line("the rule", &fault.reason.to_string());
        }
        if !matches!(report.kind, CheckKind::Unsafe | CheckKind::Spurious) {
            return;
        }
        if let Some((pte, size)) = used.cached {
            let when = used.filled_at.map_or(String::new(), |at| {
                format!(", cached by hart {} at #{at}", used.site.hart)
            });
            self.line("the TLB has", &format!("{pte}, a {size} page{when}"));
        }
        let gave = if used.cached.is_some() {
            "the TLB gave"
        } else {
            "it may give"
        };
        self.line(gave, &target(guest, used.got));
        let says = if used.got.is_ok() && used.got == used.tables_say {
            let bit = if report.kind == CheckKind::Unsafe {
                "D"
            } else {
                "A"
            };
            format!("the same, and {bit} would have to be set first")
        } else {
            target(guest, used.tables_say)
        };
        self.line("the tables say", &says);
    }

    fn fence(&mut self, report: &Report, right: RightFence) {
        let after = if report.satp.is_some() {
            "satp was written"
        } else {
            "the entry was changed"
        };
        let words = fence_words(right.fence);
        self.line(
            "missing",
            &format!("{words} on hart {}, after {after}", right.hart),
        );
        if let Some(near) = report.near {
            let at = site(self.guest, near.site);
            let words = fence_words(near.fence);
            let why = why_not(report, near, right);
            self.line("near miss", &format!("{words} by {at}"));
            self.line("", &why);
        }
    }
}

/// Why a fence did not cover the translation.
fn why_not(report: &Report, near: FenceSeen, right: RightFence) -> String {
    let used = report.used;
    let va = used.map_or(0, |used| used.va.0);
    let size = used.and_then(|used| used.cached).map(|(_, size)| size);
    let page = |va: u64| va & !size.unwrap_or_default().mask();
    let asid = right.fence.asid;
    if near.site.hart != right.hart {
        return format!(
            "it works on hart {} only, and hart {} holds the translation: send it an interrupt, or ask SBI, \
             to fence there too",
            near.site.hart, right.hart
        );
    }
    if let (Some(named), Some(number)) = (near.fence.va, near.fence.asid)
        && page(named.0) != page(va)
        && asid.is_none_or(|asid| u64::from(asid) == named.0)
        && number == (va & 0xf000) as u16
    {
        return "its operands are swapped: rs1 is the address, rs2 the number of the address space"
            .to_owned();
    }
    if let Some(named) = near.fence.va
        && page(named.0) != page(va)
    {
        return match right.fence.va {
            Some(_) => format!("it names another page, that of {named}"),
            None => format!(
                "it names one page, that of {named}, and the change concerns many: rs1 must be x0"
            ),
        };
    }
    match (near.fence.asid, asid) {
        (Some(_), None) => {
            "it names an address space, and so leaves global mappings alone: rs2 must be x0"
                .to_owned()
        }
        (Some(named), Some(right)) if named != right => {
            format!("it names address space {named}, and the translation belongs to {right}")
        }
        _ => "it did not reach the translation, which was cached again afterwards".to_owned(),
    }
}

/// What the class means, for those who meet it for the first time.
const fn note(report: &Report) -> &'static str {
    match report.kind {
        CheckKind::Unsafe => {
            "until the fence a hart may use the old translation: it reaches a frame, or has a right, that is gone"
        }
        CheckKind::Spurious => match &report.used {
            Some(Use { got: Ok(_), .. }) => "legal, but the page looks unused although it is used",
            _ => {
                "legal, but a hart may fault here although the tables are right: fence, or expect the fault and retry"
            }
        },
        CheckKind::WritableExecutable => {
            "legal, but whoever can write there can run what was written; other such pages of this address space are \
             not told one by one"
        }
        CheckKind::UserReachesTable => {
            "a program that can write page tables has all of memory; one that can read them knows where everything is"
        }
        CheckKind::Reserved => {
            "a page fault for now, and it may mean something on a later machine: keep reserved bits zero"
        }
        CheckKind::AccessedNeverSet => {
            "this machine leaves A to software (Svade): the kernel must set A when it makes the entry, or in its \
             page-fault handler. `--ad hardware` makes the machine do it"
        }
        CheckKind::DirtyNeverSet => {
            "this machine leaves D to software (Svade): the kernel must set D when it makes a writable entry, or in its \
             page-fault handler at the first store. `--ad hardware` makes the machine do it"
        }
        CheckKind::StaleCode => {
            "a hart may fetch old instructions until it executes fence.i, whatever it stored; other harts need their own"
        }
    }
}
