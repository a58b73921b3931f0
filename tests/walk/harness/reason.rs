//! The words for the reasons of a fault, and which accesses each can hit.

use super::words::{self, Parsed};
use AccessKind::{Amo, CacheBlockManage, CacheBlockZero, Fetch, Load, Store};
use pagewalk::mmu::{AccessKind, FaultReason, Mode, PageSize, Pte};

const EVERY: &[AccessKind] = &AccessKind::ALL;
const WRITES: &[AccessKind] = &[Store, Amo, CacheBlockZero];
const DATA: &[AccessKind] = &[Load, Store, Amo, CacheBlockZero, CacheBlockManage];

/// Each row: the word, the variant, the kinds of access that it can hit, and the values of it that
/// some scenario must show in a mode. A reason without a row does not compile.
macro_rules! reasons {
    ($($word:literal: $pattern:pat, $kinds:expr, $shown:expr;)*) => {
        /// The word of a reason.
        pub(crate) fn word(reason: FaultReason) -> &'static str {
            match reason { $($pattern => $word,)* }
        }

        /// The kinds of access that a reason can hit.
        pub(crate) fn kinds(reason: FaultReason) -> &'static [AccessKind] {
            match reason { $($pattern => $kinds,)* }
        }

        /// Every reason that a mode must show.
        pub(crate) fn all(mode: Mode) -> Vec<FaultReason> {
            let mut all = Vec::new();
            $({
                let shown: fn(Mode) -> Vec<FaultReason> = $shown;
                let shown = shown(mode);
                assert!(!shown.is_empty(), "{} is shown nowhere", $word);
                for reason in &shown {
                    assert!(matches!(reason, $pattern), "{} is not {reason:?}", $word);
                }
                all.extend(shown);
            })*
            all
        }
    };
}

reasons! {
    "non-canonical": FaultReason::NonCanonical(_), EVERY,
        |mode| vec![FaultReason::NonCanonical(match mode {
            Mode::Bare => 64,
            Mode::Sv39 => 39,
            Mode::Sv48 => 48,
            Mode::Sv57 => 57,
        })];
    "not-valid": FaultReason::NotValid, EVERY, |_| vec![FaultReason::NotValid];
    "write-without-read": FaultReason::WriteWithoutRead, EVERY,
        |_| vec![FaultReason::WriteWithoutRead];
    // 54 to 60 in any entry, N and PBMT in a pointer.
    "reserved-bits": FaultReason::ReservedBits(_), EVERY,
        |_| (54..64).map(|bit| FaultReason::ReservedBits(1 << bit)).collect();
    "non-leaf-bits": FaultReason::NonLeafBits(_), EVERY,
        |_| [Pte::U, Pte::A, Pte::D].map(FaultReason::NonLeafBits).to_vec();
    "level-exhausted": FaultReason::LevelExhausted, EVERY, |_| vec![FaultReason::LevelExhausted];
    "misaligned-superpage": FaultReason::MisalignedSuperpage(_), EVERY,
        |mode| superpages(mode).into_iter().map(FaultReason::MisalignedSuperpage).collect();
    "not-readable": FaultReason::NotReadable, &[Load], |_| vec![FaultReason::NotReadable];
    "not-writable": FaultReason::NotWritable, WRITES, |_| vec![FaultReason::NotWritable];
    "not-executable": FaultReason::NotExecutable, &[Fetch], |_| vec![FaultReason::NotExecutable];
    "not-readable-or-writable": FaultReason::NotReadableOrWritable, &[CacheBlockManage],
        |_| vec![FaultReason::NotReadableOrWritable];
    "user-page-without-sum": FaultReason::UserPageWithoutSum, DATA,
        |_| vec![FaultReason::UserPageWithoutSum];
    "user-page-fetched-by-supervisor": FaultReason::UserPageFetchedBySupervisor, &[Fetch],
        |_| vec![FaultReason::UserPageFetchedBySupervisor];
    "supervisor-page": FaultReason::SupervisorPage, EVERY, |_| vec![FaultReason::SupervisorPage];
    "accessed-clear": FaultReason::AccessedClear, EVERY, |_| vec![FaultReason::AccessedClear];
    "dirty-clear": FaultReason::DirtyClear, WRITES, |_| vec![FaultReason::DirtyClear];
    "entry-outside-memory": FaultReason::EntryOutsideMemory, EVERY,
        |_| vec![FaultReason::EntryOutsideMemory];
    "entry-denied": FaultReason::EntryDenied, EVERY, |_| vec![FaultReason::EntryDenied];
    "entry-update-denied": FaultReason::EntryUpdateDenied, EVERY,
        |_| vec![FaultReason::EntryUpdateDenied];
    "napot-without-svnapot": FaultReason::NapotWithoutSvnapot, EVERY,
        |_| vec![FaultReason::NapotWithoutSvnapot];
    "reserved-napot": FaultReason::ReservedNapot, EVERY, |_| vec![FaultReason::ReservedNapot];
    "pbmt-without-svpbmt": FaultReason::PbmtWithoutSvpbmt, EVERY,
        |_| vec![FaultReason::PbmtWithoutSvpbmt];
    "reserved-pbmt": FaultReason::ReservedPbmt, EVERY, |_| vec![FaultReason::ReservedPbmt];
}

/// The page sizes above 4 KiB that a mode has without Svnapot.
pub(crate) fn superpages(mode: Mode) -> Vec<PageSize> {
    (1..mode.levels()).map(PageSize::at_level).collect()
}

/// A reason as the scenarios write it: the word, then what it holds.
pub(crate) fn parse(text: &str) -> Parsed<FaultReason> {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    let reason = match name {
        "non-canonical" => FaultReason::NonCanonical(words::number(rest, 64)? as u32),
        "misaligned-superpage" => FaultReason::MisalignedSuperpage(words::page_size(rest)?),
        "non-leaf-bits" => FaultReason::NonLeafBits(words::bits(rest)?),
        "reserved-bits" => FaultReason::ReservedBits(words::bits(rest)?),
        _ => {
            // The others hold nothing, so that the list for any mode names them.
            let all = all(Mode::Sv39);
            let found = all.iter().find(|&&reason| word(reason) == name);
            match found {
                Some(&reason) if rest.is_empty() => reason,
                Some(_) => return Err(format!("'{name}' takes nothing after it")),
                None => {
                    let mut known: Vec<_> = all.into_iter().map(word).collect();
                    known.dedup();
                    return Err(format!(
                        "no reason is called '{name}'; there are: {}",
                        known.join(", ")
                    ));
                }
            }
        }
    };
    Ok(reason)
}

/// A reason as the scenarios write it.
pub(crate) fn text(reason: FaultReason) -> String {
    let name = word(reason);
    match reason {
        FaultReason::NonCanonical(width) => format!("{name} {width}"),
        FaultReason::MisalignedSuperpage(size) => {
            format!("{name} {}", words::page_size_name(size))
        }
        FaultReason::NonLeafBits(bits) | FaultReason::ReservedBits(bits) => {
            format!("{name} {}", words::bit_names(bits))
        }
        _ => name.to_owned(),
    }
}
