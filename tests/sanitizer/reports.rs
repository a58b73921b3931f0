//! What the sanitizer says, held against what the header of a seeded bug says that it should.

use super::header::{Bug, User, value};
use pagewalk::board::{AdChoice, Limits, Machine, MachineConfig, Stop};
use pagewalk::isa::Isa;
use pagewalk::loader::Guest;
use pagewalk::mmu::AccessKind;
use pagewalk::mmu::check::{CheckKind, Report, Site};
use std::io;

/// What the sanitizer says of a run with these options of `pagewalk run`.
pub(super) fn reports(guest: &mut Guest, options: &[&str]) -> Vec<Report> {
    let mut config = MachineConfig {
        check: true,
        ..MachineConfig::default()
    };
    for option in options.chunks(2) {
        match option {
            ["--isa", isa] => config.isa = Isa::parse(isa).unwrap(),
            ["-p", harts] => config.harts = harts.parse().unwrap(),
            ["--ad", "fault"] => config.ad = AdChoice::Fault,
            ["--ad", "hardware"] => config.ad = AdChoice::Hardware,
            _ => panic!("{}: option {option:?}", guest.name()),
        }
    }
    let mut machine = Machine::new(&config, guest, Box::new(io::sink())).unwrap();
    let limits = Limits {
        max_instructions: Some(10_000_000),
        ..Limits::default()
    };
    assert_eq!(machine.run(&limits, &mut ()), Stop::Exit(0));
    let checker = machine.checker_mut().unwrap();
    checker.finish(true);
    checker.reports().to_vec()
}

/// That a report is the one which the header asks for.
pub(super) fn check(bug: &Bug, guest: &Guest, report: &Report) {
    let name = &bug.name;
    let by = |site: &Site, function: &str| {
        let found = guest.symbols().by_address(site.pc.0);
        assert_eq!(found.map(|(symbol, _)| symbol), Some(function), "{name}");
    };
    assert_eq!(kind(report.kind), bug.report, "{name}");

    if bug.entry_changes() {
        let change = report.change.unwrap_or_else(|| panic!("{name}: no change"));
        assert_eq!(change.at.0, bug.entry.address(guest), "{name}: the entry");
        assert_eq!(
            change.level.map(u64::from),
            bug.entry.level,
            "{name}: level"
        );
        if let Some((old, new)) = &bug.values {
            assert_eq!(change.new, value(guest, new), "{name}: the new value");
            if bug.fence.is_some() {
                assert_eq!(change.old, value(guest, old), "{name}: the old value");
            }
        }
        // A mistake that is not a change may be older than the sanitizer's interest in the page.
        match &change.by {
            Some(site) => by(site, &bug.changed_by),
            None => assert_eq!(bug.fence, None, "{name}: who changed it?"),
        }
    } else {
        let (_, _, site) = report.satp.unwrap_or_else(|| panic!("{name}: no satp"));
        by(&site, &bug.changed_by);
    }

    let used = report.used.unwrap_or_else(|| panic!("{name}: no use"));
    match &bug.used_by {
        User::Function(function) => by(&used.site, function),
        User::Address(address) => assert_eq!(used.va.0, *address, "{name}: used"),
    }
    let access = match used.access.kind {
        AccessKind::Fetch => "fetch",
        AccessKind::Load => "load",
        _ => "store",
    };
    assert_eq!(access, bug.access, "{name}: used");

    let Some(operands) = bug
        .fence
        .as_deref()
        .and_then(|fence| fence.strip_prefix("sfence.vma "))
    else {
        assert_eq!(report.fence, None, "{name}: fence");
        return;
    };
    let right = report.fence.unwrap_or_else(|| panic!("{name}: no fence"));
    assert_eq!(right.hart, used.site.hart, "{name}: fence");
    let va = right.fence.va.map_or("zero", |va| {
        assert_eq!(va.page(), used.va.page(), "{name}: fence");
        "va"
    });
    let asid = right.fence.asid.map_or("zero", |_| "asid");
    assert_eq!(format!("{va}, {asid}"), operands, "{name}: fence");
}

/// The word of a `report:` line.
fn kind(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Unsafe => "unsafe",
        CheckKind::Spurious => "spurious",
        CheckKind::WritableExecutable => "writable-executable",
        CheckKind::UserReachesTable => "user-reaches-table",
        CheckKind::Reserved => "reserved",
        CheckKind::AccessedNeverSet => "accessed-never-set",
        CheckKind::DirtyNeverSet => "dirty-never-set",
        CheckKind::StaleCode => "stale-code",
    }
}
