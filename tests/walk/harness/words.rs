//! The words of the scenarios: numbers, bits, kinds of access, what is expected.

use super::model::{Expected, MODES, Range, mode_name};
use super::reason;
use pagewalk::isa::{Exception, Privilege};
use pagewalk::mmu::{Access, AccessKind, Mode, PageSize, Pbmt, Pte};
use std::collections::HashMap;

/// What was read, or what is wrong with it.
pub(crate) type Parsed<T> = Result<T, String>;

/// The letters of an entry, D first, as the manual's figures and Pagewalk's logs show them.
const LETTERS: &str = "DAGUXWRV";

/// A number up to a limit: decimal, or hexadecimal with `0x`.
pub(crate) fn number(text: &str, limit: u64) -> Parsed<u64> {
    let digits = text.replace('_', "");
    let parsed = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    match parsed {
        Ok(value) if value <= limit => Ok(value),
        Ok(_) => Err(format!("{text} is more than {limit:#x}")),
        Err(_) => Err(format!("'{text}' is not a number")),
    }
}

/// An address: a number, a name, or a name and an offset.
pub(crate) fn address(text: &str, names: &HashMap<String, u64>) -> Parsed<u64> {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return number(text, u64::MAX);
    }
    let (name, offset) = match text.split_once('+') {
        Some((name, offset)) => (name, number(offset, u64::MAX)?),
        None => (text, 0),
    };
    let base = names
        .get(name)
        .ok_or_else(|| format!("no address is called '{name}'"))?;
    base.checked_add(offset)
        .ok_or_else(|| format!("{text} is beyond the last address"))
}

/// `A to B`, both ends included.
pub(crate) fn range(text: &str, names: &HashMap<String, u64>) -> Parsed<Range> {
    let (first, last) = text
        .split_once(" to ")
        .ok_or_else(|| format!("'{text}' is not a range (write FIRST to LAST)"))?;
    let (first, last) = (address(first.trim(), names)?, address(last.trim(), names)?);
    if first > last {
        return Err(format!("the range ends at {last:#x}, before it begins"));
    }
    Ok((first, last))
}

/// The eight letters, `-` where a bit is clear.
pub(crate) fn letters(text: &str) -> Parsed<u64> {
    let wrong =
        || format!("'{text}' is not an entry's bits (write {LETTERS}, '-' for a clear bit)");
    if text.len() != LETTERS.len() {
        return Err(wrong());
    }
    let mut bits = 0;
    for (found, letter) in text.chars().zip(LETTERS.chars()) {
        bits <<= 1;
        if found == letter {
            bits |= 1;
        } else if found != '-' {
            return Err(wrong());
        }
    }
    Ok(bits)
}

pub(crate) fn letters_of(bits: u64) -> String {
    LETTERS
        .chars()
        .zip((0..8).rev())
        .map(|(letter, bit)| if bits >> bit & 1 == 1 { letter } else { '-' })
        .collect()
}

/// Bits by letter or by number: `A D`, `54 60`.
pub(crate) fn bits(text: &str) -> Parsed<u64> {
    let mut bits = 0;
    for name in text.split_whitespace() {
        let place = match LETTERS.find(name) {
            Some(place) if name.len() == 1 => 7 - place as u64,
            _ => number(name, 63)?,
        };
        bits |= 1 << place;
    }
    if bits == 0 {
        return Err("which bits?".to_owned());
    }
    Ok(bits)
}

pub(crate) fn bit_names(bits: u64) -> String {
    let names: Vec<String> = (0..64)
        .filter(|place| bits >> place & 1 == 1)
        .map(|place| match place {
            0..=7 => LETTERS[7 - place..8 - place].to_owned(),
            _ => place.to_string(),
        })
        .collect();
    names.join(" ")
}

/// What follows the letters of an entry: `N`, `PBMT=2`, `RSW=3`, `bit 54`.
pub(crate) fn high_bits(text: &str) -> Parsed<u64> {
    let mut found = 0;
    let mut rest = text.split_whitespace();
    while let Some(word) = rest.next() {
        found |= match word.split_once('=') {
            Some(("PBMT", value)) => number(value, 3)? << 61,
            Some(("RSW", value)) => number(value, 3)? << 8,
            None if word == "N" => Pte::N,
            None if word == "bit" => 1 << number(rest.next().unwrap_or("nothing"), 63)?,
            _ => {
                return Err(format!(
                    "'{word}' is no part of an entry (N, PBMT=n, RSW=n, bit n)"
                ));
            }
        };
    }
    Ok(found)
}

pub(crate) fn mode(text: &str) -> Parsed<Mode> {
    MODES
        .into_iter()
        .find(|&mode| mode_name(mode) == text)
        .ok_or_else(|| format!("'{text}' is not a mode (bare, sv39, sv48, sv57)"))
}

pub(crate) fn switch(text: &str) -> Parsed<bool> {
    match text {
        "on" | "1" => Ok(true),
        "off" | "0" => Ok(false),
        _ => Err(format!("'{text}' is neither on nor off")),
    }
}

pub(crate) fn page_size(text: &str) -> Parsed<PageSize> {
    PageSize::ALL
        .into_iter()
        .find(|&size| page_size_name(size) == text)
        .ok_or_else(|| format!("'{text}' is not a page size (such as 4KiB)"))
}

pub(crate) fn page_size_name(size: PageSize) -> String {
    size.to_string().replace(' ', "")
}

fn kind(text: &str) -> Parsed<AccessKind> {
    Ok(match text {
        "fetch" => AccessKind::Fetch,
        "load" => AccessKind::Load,
        "store" => AccessKind::Store,
        "amo" => AccessKind::Amo,
        "cbo.zero" => AccessKind::CacheBlockZero,
        "cbo.clean" | "cbo.flush" | "cbo.inval" => AccessKind::CacheBlockManage,
        _ => return Err(format!("'{text}' is not a kind of access")),
    })
}

/// Whether a line asks for accesses.
pub(crate) fn is_access(line: &str) -> bool {
    let first = line.split([' ', ',']).next().unwrap_or("");
    kind(first).is_ok()
}

/// `store, amo x from s sum=1`: the address and the accesses.
pub(crate) fn accesses(text: &str, names: &HashMap<String, u64>) -> Parsed<(u64, Vec<Access>)> {
    let (what, from) = text
        .split_once(" from ")
        .ok_or("an access says where it comes from (from u, from s, from m)")?;
    let (kinds, va) = what
        .trim()
        .rsplit_once(' ')
        .ok_or("an access names an address")?;
    let va = address(va, names)?;
    let mut from = from.split_whitespace();
    let privilege = match from.next() {
        Some("u") => Privilege::User,
        Some("s") => Privilege::Supervisor,
        Some("m") => Privilege::Machine,
        other => {
            let other = other.unwrap_or("");
            return Err(format!("'{other}' is not a privilege mode (u, s, m)"));
        }
    };
    let (mut sum, mut mxr) = (false, false);
    for word in from {
        match word.split_once('=') {
            Some(("sum", value)) => sum = switch(value)?,
            Some(("mxr", value)) => mxr = switch(value)?,
            _ => return Err(format!("'{word}' is neither sum=… nor mxr=…")),
        }
    }
    let accesses = kinds
        .split(',')
        .map(|name| {
            let access = Access::new(kind(name.trim())?, privilege);
            Ok(access.with_sum(sum).with_mxr(mxr))
        })
        .collect::<Parsed<_>>()?;
    Ok((va, accesses))
}

/// What stands after `->`.
pub(crate) fn expected(text: &str, names: &HashMap<String, u64>) -> Parsed<Expected> {
    match text.strip_prefix("fault ") {
        Some(rest) => fault(rest, names),
        None => success(text, names),
    }
}

fn fault(text: &str, names: &HashMap<String, u64>) -> Parsed<Expected> {
    let wrong = "a fault is written: fault REASON at level N => CAUSE, stval ADDRESS";
    let (what, cause) = text.split_once("=>").ok_or(wrong)?;
    let (cause, stval) = cause.split_once(", stval ").ok_or(wrong)?;
    let (reason, level) = match what.split_once(" before the walk") {
        Some((reason, rest)) if rest.trim().is_empty() => (reason, None),
        _ => {
            let (reason, level) = what.split_once(" at level ").ok_or(wrong)?;
            (reason, Some(number(level.trim(), 4)? as u8))
        }
    };
    // The names of the manual's table of causes.
    let cause = match cause.trim() {
        "instruction page fault" => Exception::InstructionPageFault,
        "load page fault" => Exception::LoadPageFault,
        "store/AMO page fault" => Exception::StorePageFault,
        "instruction access fault" => Exception::InstructionAccessFault,
        "load access fault" => Exception::LoadAccessFault,
        "store/AMO access fault" => Exception::StoreAccessFault,
        other => return Err(format!("'{other}' is not a cause that a walk can have")),
    };
    Ok(Expected::Fault {
        reason: reason::parse(reason.trim())?,
        level,
        cause,
        stval: address(stval.trim(), names)?,
    })
}

fn success(text: &str, names: &HashMap<String, u64>) -> Parsed<Expected> {
    let (mut pa, mut size, mut becomes) = (None, None, None);
    let (mut global, mut identity, mut memory_type) = (false, false, Pbmt::Pma);
    for part in text.split(',').map(str::trim) {
        let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
        match (word, rest) {
            ("pa", rest) => pa = Some(address(rest, names)?),
            ("page", rest) => size = Some(page_size(rest)?),
            ("not", "translated") => identity = true,
            ("global", "") => global = true,
            ("memory", "nc") => memory_type = Pbmt::NonCacheable,
            ("memory", "io") => memory_type = Pbmt::Io,
            ("entry", rest) => match rest.strip_prefix("becomes ") {
                Some(bits) => becomes = Some(letters(bits)?),
                None => return Err(format!("'{part}': write entry becomes DAGUXWRV")),
            },
            _ => return Err(format!("'{part}' is nothing that can be expected")),
        }
    }
    let pa = pa.ok_or("the physical address is missing (pa ADDRESS)")?;
    match (identity, size) {
        (true, None) if becomes.is_none() && !global && memory_type == Pbmt::Pma => {
            Ok(Expected::Identity { pa })
        }
        (false, Some(size)) => Ok(Expected::Page {
            pa,
            size,
            becomes,
            global,
            memory_type,
        }),
        (false, None) => Err("the page's size is missing (page 4KiB)".to_owned()),
        (true, _) => Err("an access that is not translated meets no page".to_owned()),
    }
}
