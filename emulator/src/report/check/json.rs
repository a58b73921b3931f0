//! Reports as JSON.
//!
//! One object. `format` is always `"pagewalk-check"`; `version` is 1, and grows when a field changes its meaning or
//! goes; fields may be added without that. Addresses and values are strings in hexadecimal. `emulator/docs/sanitizer.md`
//! lists the fields.

use super::{Count, Ignored};
use crate::loader::Guest;
use crate::mem::PhysAddr;
use crate::mmu::check::{Change, Checker, FenceSeen, Report, Site, Use};
use crate::mmu::{Fault, Fence, Satp};
use crate::report::place::Place;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct JsonRun {
    format: &'static str,
    version: u32,
    reports: Vec<JsonReport>,
    left_out: u64,
    ignored: usize,
}

#[derive(Serialize)]
struct JsonReport {
    class: &'static str,
    mistake: bool,
    times: u64,
    change: Option<JsonChange>,
    satp: Option<JsonSatp>,
    used: Option<JsonUse>,
    missing: Option<JsonFence>,
    near: Option<JsonFence>,
    text: String,
}

#[derive(Serialize)]
struct JsonSite {
    hart: usize,
    pc: String,
    symbol: Option<String>,
    line: Option<String>,
    privilege: String,
    instruction: u64,
}

#[derive(Serialize)]
struct JsonChange {
    at: String,
    symbol: Option<String>,
    level: Option<u8>,
    old: String,
    new: String,
    by: Option<JsonSite>,
}

#[derive(Serialize)]
struct JsonSpace {
    value: String,
    mode: String,
    asid: u16,
    root: String,
}

#[derive(Serialize)]
struct JsonSatp {
    from: JsonSpace,
    to: JsonSpace,
    by: JsonSite,
}

#[derive(Serialize)]
struct JsonResult {
    pa: Option<String>,
    fault: Option<&'static str>,
}

#[derive(Serialize)]
struct JsonCached {
    entry: String,
    page_size: u64,
    filled_at: Option<u64>,
}

#[derive(Serialize)]
struct JsonUse {
    #[serde(flatten)]
    site: JsonSite,
    va: String,
    va_symbol: Option<String>,
    access: String,
    effective_privilege: String,
    got: JsonResult,
    tables_say: JsonResult,
    cached: Option<JsonCached>,
}

#[derive(Serialize)]
struct JsonFence {
    hart: usize,
    va: Option<String>,
    asid: Option<u16>,
    by: Option<JsonSite>,
}

fn hex(value: u64) -> String {
    format!("{value:#x}")
}

fn symbol(place: &Place) -> Option<String> {
    place.symbol.is_some().then(|| place.name())
}

fn site(guest: &Guest, site: Site) -> JsonSite {
    let place = Place::of_code(guest, site.pc.0, site.privilege);
    JsonSite {
        hart: site.hart,
        pc: hex(site.pc.0),
        symbol: symbol(&place),
        line: place.line.map(|line| line.to_string()),
        privilege: site.privilege.to_string(),
        instruction: site.retired,
    }
}

fn change(guest: &Guest, change: Change) -> JsonChange {
    JsonChange {
        at: hex(change.at.0),
        symbol: symbol(&Place::of_physical(guest, change.at.0)),
        level: change.level,
        old: hex(change.old),
        new: hex(change.new),
        by: change.by.map(|by| site(guest, by)),
    }
}

fn space(value: u64) -> JsonSpace {
    let satp = Satp(value);
    JsonSpace {
        value: hex(value),
        mode: satp.mode().to_string(),
        asid: satp.asid(),
        root: hex(satp.root().0),
    }
}

fn result(result: Result<PhysAddr, Fault>) -> JsonResult {
    JsonResult {
        pa: result.ok().map(|pa| hex(pa.0)),
        fault: result.err().map(|fault| fault.reason.name()),
    }
}

fn used(guest: &Guest, used: Use) -> JsonUse {
    JsonUse {
        site: site(guest, used.site),
        va: hex(used.va.0),
        va_symbol: symbol(&Place::of_code(guest, used.va.0, used.site.privilege)),
        access: used.access.kind.to_string(),
        effective_privilege: used.access.privilege.to_string(),
        got: result(used.got),
        tables_say: result(used.tables_say),
        cached: used.cached.map(|(pte, size)| JsonCached {
            entry: hex(pte.0),
            page_size: size.bytes(),
            filled_at: used.filled_at,
        }),
    }
}

fn fence(hart: usize, fence: Fence, by: Option<JsonSite>) -> JsonFence {
    JsonFence {
        hart,
        va: fence.va.map(|va| hex(va.0)),
        asid: fence.asid,
        by,
    }
}

fn report(guest: &Guest, report: &Report) -> JsonReport {
    JsonReport {
        class: report.kind.name(),
        mistake: report.kind.is_mistake(),
        times: report.times,
        change: report.change.map(|what| change(guest, what)),
        satp: report.satp.map(|(from, to, by)| JsonSatp {
            from: space(from),
            to: space(to),
            by: site(guest, by),
        }),
        used: report.used.map(|what| used(guest, what)),
        missing: report
            .fence
            .map(|right| fence(right.hart, right.fence, None)),
        near: report.near.map(
            |FenceSeen {
                 site: by,
                 fence: seen,
             }| { fence(by.hart, seen, Some(site(guest, by))) },
        ),
        text: super::text(report, guest),
    }
}

/// Writes everything that a sanitizer found, but for what is ignored.
pub fn write_json(
    out: &mut impl Write,
    checker: &Checker,
    guest: &Guest,
    ignored: &Ignored,
) -> io::Result<()> {
    let run = JsonRun {
        format: "pagewalk-check",
        version: 1,
        reports: (checker.reports().iter())
            .filter(|found| !ignored.holds(found, guest))
            .map(|found| report(guest, found))
            .collect(),
        left_out: checker.left_out(),
        ignored: Count::of(checker, guest, ignored).ignored,
    };
    serde_json::to_writer_pretty(&mut *out, &run)?;
    writeln!(out)
}
