//! What would mend a fault.

use super::View;
use crate::isa::Privilege;
use crate::mem::PhysAddr;
use crate::mmu::{Access, AccessKind, AdPolicy, FaultReason, Mode, Pte, Satp, Step, Walk};

/// The bits that a leaf needs for an access.
fn needed(access: Access) -> &'static str {
    match (access.kind, access.privilege) {
        (AccessKind::Fetch, Privilege::User) => "V, X, U and A",
        (AccessKind::Fetch, _) => "V, X and A",
        (AccessKind::Load | AccessKind::CacheBlockManage, Privilege::User) => "V, R, U and A",
        (AccessKind::Load | AccessKind::CacheBlockManage, _) => "V, R and A",
        (_, Privilege::User) => "V, R, W, U, A and D",
        _ => "V, R, W, A and D",
    }
}

/// The bits of a leaf that an access needs and that are clear: all of them, since the first that is
/// set by itself only leads to the next fault.
fn missing(pte: Pte, access: Access, ad: AdPolicy) -> String {
    let mut bits = Vec::new();
    let read = pte.readable() || access.mxr && pte.executable();
    match access.kind {
        AccessKind::Fetch if !pte.executable() => bits.push("X"),
        AccessKind::Load if !read => bits.push("R"),
        AccessKind::CacheBlockManage if !read && !pte.writable() => bits.push("R"),
        AccessKind::Store | AccessKind::Amo | AccessKind::CacheBlockZero if !pte.writable() => {
            if !pte.readable() {
                bits.push("R");
            }
            bits.push("W");
        }
        _ => {}
    }
    if access.privilege == Privilege::User && !pte.user() {
        bits.push("U");
    }
    if ad == AdPolicy::Fault {
        let clear = pte.missing_bits(access.kind);
        bits.extend((clear & Pte::A != 0).then_some("A"));
        bits.extend((clear & Pte::D != 0).then_some("D"));
    }
    match bits.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The first entry of a walk that points back to a table that the walk has come through already: its
/// step, and the level that the table had.
fn points_back(walk: &Walk) -> Option<(&Step, u8)> {
    let steps = walk.steps();
    let again = steps.last()?.at.page();
    let before = steps.iter().take(steps.len() - 1);
    before.clone().find(|step| step.at.page() == again)?;
    steps.iter().enumerate().find_map(|(index, step)| {
        let known = steps[..=index].iter();
        let known = known
            .clone()
            .find(|known| known.at.page() == step.pte.target())?;
        (index + 1 < steps.len()).then_some((step, known.level))
    })
}

/// What would mend a translation that fails for a reason.
pub(super) fn of(view: &View<'_>, walk: &Walk, satp: Satp, reason: FaultReason) -> Vec<String> {
    let access = walk.access;
    let last = walk.steps().last();
    let entry = last.map_or_else(
        || "the entry".to_owned(),
        |step| format!("the entry at {}", step.at),
    );
    let level = last.map_or(0, |step| step.level);
    let pte = last.map_or(Pte(0), |step| step.pte);
    let fence = format!(
        "then sfence.vma for va:{:#x}, since the TLB may hold what was there",
        walk.va.0
    );
    let set = |bits: &str| format!("set {bits} in {entry} (level {level})");
    let all = missing(pte, access, view.hart.ad_policy());
    if let Some((step, level)) = points_back(walk)
        && matches!(
            reason,
            FaultReason::LevelExhausted
                | FaultReason::NonLeafBits(_)
                | FaultReason::NotValid
                | FaultReason::MisalignedSuperpage(_)
        )
    {
        return vec![
            format!(
                "the entry at {} (level {}) points back to the table at {}, which is the table of level {level} of this walk: the table points to itself",
                step.at,
                step.level,
                step.pte.target()
            ),
            format!(
                "change that entry: let it point to a table of its own for level {}, or clear it",
                step.level.saturating_sub(1)
            ),
            fence,
        ];
    }
    let mut steps = match reason {
        FaultReason::NonCanonical(width) => {
            let low = walk.va.0 << (64 - width) >> (64 - width);
            let high = ((walk.va.0 << (64 - width)) as i64 >> (64 - width)) as u64;
            let mut steps = vec![format!(
                "use an address that {} has: with the same low {width} bits that is {high:#x}",
                satp.mode()
            )];
            if low != walk.va.0 || high != walk.va.0 {
                steps.push("a pointer with such bits is often damaged, has a tag in its high bits, or was made for a wider mode".to_owned());
            }
            let wider = [Mode::Sv48, Mode::Sv57]
                .into_iter()
                .find(|mode| mode.is_canonical(walk.va));
            if let Some(mode) = wider {
                steps.push(format!(
                    "{mode} would take it as it is, with tables of its own"
                ));
            }
            return steps;
        }
        FaultReason::NotValid if level == 0 => vec![format!(
            "map the page: write a leaf with {} and the frame's page number into {entry} (level 0)",
            needed(access)
        )],
        FaultReason::NotValid => vec![
            format!(
                "map the page: make {entry} (level {level}) point to a table with V alone set, and fill in the levels below"
            ),
            format!(
                "or write a leaf with {} there, which maps {} at once",
                needed(access),
                crate::mmu::PageSize::at_level(level)
            ),
        ],
        FaultReason::WriteWithoutRead => vec![
            set("R"),
            "a page cannot be write-only: W needs R".to_owned(),
        ],
        FaultReason::ReservedBits(bits) => vec![format!(
            "clear the bits {bits:#x} in {entry}; do the flags or the page number overflow into them?"
        )],
        FaultReason::NonLeafBits(bits) => vec![
            format!(
                "clear the bits {bits:#x} (of D, A and U) in {entry}: a pointer to a table has V alone"
            ),
            "or set R (and W), or X as well, if it was meant to be a leaf".to_owned(),
        ],
        FaultReason::LevelExhausted => vec![
            format!(
                "set R (and W), or X in {entry}: at level 0 there is no table below it, so it must be a leaf"
            ),
            "if it is a table's address, one level of tables is too many".to_owned(),
        ],
        FaultReason::MisalignedSuperpage(size) => vec![
            format!(
                "give {entry} a frame at a multiple of {size}, for example pa:{:#x}",
                pte.target().0 & !size.mask()
            ),
            "or point to a table of the next level, if R, W or X is set by mistake".to_owned(),
        ],
        FaultReason::NotReadable => {
            let mut steps = vec![set(&all)];
            if pte.executable() {
                steps.push("or set mstatus.MXR, which lets loads read executable pages".to_owned());
            }
            steps
        }
        FaultReason::NotWritable => {
            vec![if pte.readable() {
                format!(
                    "{}, if the page is meant to be written; with copy-on-write, give the process a copy first",
                    set(&all)
                )
            } else {
                format!("{}, if the page is meant to be written", set(&all))
            }]
        }
        FaultReason::NotExecutable => vec![
            format!("{}, if there is code", set(&all)),
            "or find out why the pc is here: a damaged return address or function pointer"
                .to_owned(),
        ],
        FaultReason::NotReadableOrWritable => vec![set("R or W")],
        FaultReason::UserPageWithoutSum => {
            let mut steps = vec![
                "set sstatus.SUM around the access, and clear it afterwards".to_owned(),
                format!("or clear U in {entry}, if user mode has no business there"),
            ];
            if !all.is_empty() {
                steps.push(format!("and with either, {}: it is clear too", set(&all)));
            }
            steps.push(fence);
            return steps;
        }
        FaultReason::UserPageFetchedBySupervisor => vec![
            format!("clear U in {entry}: SUM does not help, S-mode never executes user pages"),
            match all.is_empty() {
                true => {
                    "or go to U-mode first (sret with SPP clear), if this is user code".to_owned()
                }
                false => format!(
                    "or go to U-mode first (sret with SPP clear), if this is user code; and with either, {}",
                    set(&all)
                ),
            },
        ],
        FaultReason::SupervisorPage => vec![
            format!("{}, if user mode may use the page", set(&all)),
            "U counts in the leaf only: in a pointer it must be clear".to_owned(),
        ],
        FaultReason::AccessedClear | FaultReason::DirtyClear => {
            let mut steps = vec![format!(
                "{} in the page-fault handler, or from the start when the page is mapped",
                set(&all)
            )];
            if view.hart.isa().has(crate::isa::Extension::Svadu) {
                steps.push("or set menvcfg.ADUE in M-mode: this hart has Svadu".to_owned());
            } else {
                steps.push("or run with --ad hardware, which gives the hart Svadu".to_owned());
            }
            steps
        }
        FaultReason::EntryOutsideMemory => {
            let mut steps = match walk.steps().len() {
                0 | 1 => vec![format!(
                    "satp.PPN is a page number: the root would be at {}; was an address written there, or a virtual one?",
                    satp.root()
                )],
                _ => vec!["the entry above points to a table where there is no RAM: is its page number an address, or a virtual one?".to_owned()],
            };
            let ram = view.bus.ram().range();
            steps.push(format!(
                "RAM is from {:#x} to {:#x}",
                ram.start,
                ram.end.wrapping_sub(1)
            ));
            steps
        }
        FaultReason::EntryDenied => vec![format!(
            "let S-mode read {entry} through PMP: walks read tables with S-mode's rights"
        )],
        FaultReason::EntryUpdateDenied => vec![
            format!("let S-mode write {entry} through PMP"),
            format!("or set the bits by software: {}", set("A and D")),
        ],
        FaultReason::NapotWithoutSvnapot => vec![
            format!("clear N (bit 63) in {entry}"),
            "or run with an ISA that has Svnapot".to_owned(),
        ],
        FaultReason::ReservedNapot => vec![format!(
            "N wants a leaf of level 0 whose page number ends in binary 1000: write {:#x}, the same in all 16 entries of the 64 KiB",
            pte.0 & !(0xf << 10) | 8 << 10
        )],
        FaultReason::PbmtWithoutSvpbmt => {
            let on = view.hart.isa().has(crate::isa::Extension::Svpbmt);
            vec![
                match on {
                    true => "set menvcfg.PBMTE in M-mode: this hart has Svpbmt, and it is off"
                        .to_owned(),
                    false => "run with an ISA that has Svpbmt".to_owned(),
                },
                format!("or clear PBMT (bits 62 and 61) in {entry}"),
            ]
        }
        FaultReason::ReservedPbmt => {
            vec![format!("set PBMT in {entry} to 0 (PMA), 1 (NC) or 2 (IO)")]
        }
    };
    steps.push(fence);
    steps
}

/// What would let an access pass PMP.
pub(super) fn of_pmp(pa: PhysAddr, access: Access, entry: Option<usize>) -> Vec<String> {
    let right = match access.kind {
        AccessKind::Fetch => "X",
        AccessKind::Load => "R",
        AccessKind::Amo => "R and W",
        AccessKind::CacheBlockManage => "R or W",
        _ => "W",
    };
    vec![match entry {
        Some(entry) => format!(
            "in M-mode, set {right} in pmp{entry}cfg, or put an entry before it that covers {pa}"
        ),
        None => format!(
            "in M-mode, write a PMP entry with {right} that covers {pa}: most firmware gives S-mode all of memory (pmpaddr0 all ones, pmpcfg0 = 0x1f)"
        ),
    }]
}

/// What would put something at a physical address.
pub(super) fn of_nothing(view: &View<'_>, walk: &Walk, pa: PhysAddr) -> Vec<String> {
    let ram = view.bus.ram().range();
    let mut steps = vec![format!(
        "RAM is from {:#x} to {:#x}",
        ram.start,
        ram.end.wrapping_sub(1)
    )];
    if pa.0 >= ram.end {
        steps.push("if the guest expects more memory, run it with a larger -m".to_owned());
    }
    match walk.leaf() {
        Some(leaf) => steps.push(format!(
            "or correct the page number in the entry at {}",
            leaf.at
        )),
        None => steps.push("is it a virtual address, used before translation is on?".to_owned()),
    }
    steps
}
