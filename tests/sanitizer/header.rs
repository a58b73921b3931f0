//! What the header of a seeded bug's source says a checker should find.

use pagewalk::loader::Guest;
use pagewalk::mem::PAGE_SIZE;
use std::fs;
use std::path::{Path, PathBuf};

/// The names that a `report:` line may have.
const KINDS: [&str; 8] = [
    "unsafe",
    "spurious",
    "writable-executable",
    "user-reaches-table",
    "reserved",
    "accessed-never-set",
    "dirty-never-set",
    "stale-code",
];

/// A seeded bug: its file name without the ending, and what its header says.
pub(super) struct Bug {
    pub(super) name: String,
    /// Options of `pagewalk run`.
    pub(super) options: Vec<String>,
    /// The class of the report.
    pub(super) report: String,
    /// The page-table entry, or what else was changed: a symbol, an index, a level.
    pub(super) entry: Place,
    /// The function that stored.
    pub(super) changed_by: String,
    /// The entry before and after, if it was an entry that changed: as written.
    pub(super) values: Option<(String, String)>,
    /// Who made the access.
    pub(super) used_by: User,
    /// `load`, `store` or `fetch`.
    pub(super) access: String,
    /// The fence that was missing, if one was.
    pub(super) fence: Option<String>,
    /// The check that goes wrong while the TLB keeps what it holds; 0 for none.
    pub(super) wrong: u64,
}

/// Where a page-table entry lies.
pub(super) struct Place {
    pub(super) symbol: String,
    pub(super) index: u64,
    /// `None` if it is no page-table entry.
    pub(super) level: Option<u64>,
}

/// Who used a translation.
pub(super) enum User {
    Function(String),
    /// The address that was fetched from.
    Address(u64),
}

/// The folder of the seeded bugs.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../riscv-tests/mmu")
}

impl Bug {
    /// Every seeded bug, by name.
    pub(super) fn all() -> Vec<Self> {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
            .collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        let line = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix("// ")?.strip_prefix(key))
                .map(str::trim)
        };
        let need = |key| line(key).unwrap_or_else(|| panic!("{name}: no line `{key}`"));
        let pair = |key| {
            need(key)
                .split_once(", ")
                .unwrap_or_else(|| panic!("{name}: `{key}` needs two parts"))
        };
        let (changed_by, values) = match need("changed:").split_once(", ") {
            Some((function, values)) => (function, values.split_once(" -> ")),
            None => (need("changed:"), None),
        };
        let (used_by, access) = pair("used:");
        Self {
            options: line("options:")
                .unwrap_or_default()
                .split_whitespace()
                .map(String::from)
                .collect(),
            report: need("report:").into(),
            entry: Place::parse(need("entry:")),
            changed_by: changed_by.into(),
            values: values.map(|(old, new)| (old.into(), new.into())),
            used_by: match address(used_by) {
                Some(address) => User::Address(address),
                None => User::Function(used_by.into()),
            },
            access: access.into(),
            fence: line("fence:").map(String::from),
            wrong: match need("wrong:").strip_prefix("check ") {
                Some(number) => number.parse().unwrap(),
                None => 0,
            },
            name,
        }
    }

    /// The options that it needs.
    pub(super) fn options(&self) -> Vec<&str> {
        self.options.iter().map(String::as_str).collect()
    }

    /// Whether it is an entry that changes, and not `satp`.
    pub(super) fn entry_changes(&self) -> bool {
        self.values.is_some() || self.entry.level.is_none()
    }

    /// The built file with the bug.
    pub(super) fn with_bug(&self) -> PathBuf {
        folder().join(format!("elf/{}-bug", self.name))
    }

    /// The built file without it.
    pub(super) fn fixed(&self) -> PathBuf {
        folder().join(format!("elf/{}-fixed", self.name))
    }

    /// That the header names what exists.
    pub(super) fn check(&self) {
        let name = &self.name;
        let guest = Guest::open(&self.with_bug()).unwrap();
        let exists = |symbol: &str| {
            assert!(
                guest.symbols().by_name(symbol).is_some(),
                "{name}: no symbol {symbol}"
            );
        };
        assert!(KINDS.contains(&self.report.as_str()), "{name}: report");
        exists(&self.entry.symbol);
        assert!(self.entry.index < PAGE_SIZE / 8, "{name}: index");
        assert!(
            self.entry.level.is_none_or(|level| level < 3),
            "{name}: level"
        );
        exists(&self.changed_by);
        if let Some((old, new)) = &self.values {
            assert_ne!(value(&guest, old), value(&guest, new), "{name}: changed");
        }
        match &self.used_by {
            User::Function(function) => exists(function),
            User::Address(address) => assert!(address.is_multiple_of(PAGE_SIZE), "{name}: used"),
        }
        assert!(
            ["load", "store", "fetch"].contains(&self.access.as_str()),
            "{name}: used"
        );
        let needs_fence = matches!(self.report.as_str(), "unsafe" | "spurious" | "stale-code");
        assert_eq!(self.fence.is_some(), needs_fence, "{name}: fence");
    }
}

impl Place {
    /// `table[3] level 0`, or a symbol alone.
    fn parse(text: &str) -> Self {
        match text.split_once(" level ") {
            Some((entry, level)) => {
                let (symbol, index) = entry.trim_end_matches(']').split_once('[').unwrap();
                Self {
                    symbol: symbol.into(),
                    index: index.parse().unwrap(),
                    level: Some(level.parse().unwrap()),
                }
            }
            None => Self {
                symbol: text.into(),
                index: 0,
                level: None,
            },
        }
    }

    /// Its physical address.
    pub(super) fn address(&self, guest: &Guest) -> u64 {
        guest.symbols().by_name(&self.symbol).unwrap() + 8 * self.index
    }
}

fn address(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// An entry as a header writes it: 0, or a frame, the letters of the bits, and what else is set.
pub(super) fn value(guest: &Guest, text: &str) -> u64 {
    let mut words = text.split_whitespace();
    let frame = words.next().unwrap();
    if frame == "0" {
        return 0;
    }
    let frame = address(frame)
        .or_else(|| guest.symbols().by_name(frame))
        .unwrap_or_else(|| panic!("no symbol {frame}"));
    let mut entry = frame >> 12 << 10;
    for letter in words.next().unwrap().chars() {
        entry |= 1 << "VRWXUGAD".find(letter).unwrap();
    }
    for word in words {
        entry |= match word {
            "napot" => 1 << 63 | 8 << 10,
            bit => 1 << bit.strip_prefix("bit").unwrap().parse::<u32>().unwrap(),
        };
    }
    entry
}

#[test]
fn values_are_read() {
    let guest = Guest::open(&folder().join("elf/unmap-bug")).unwrap();
    let frame = guest.symbols().by_name("first_frame").unwrap();
    assert_eq!(value(&guest, "0"), 0);
    assert_eq!(value(&guest, "first_frame VRWAD"), frame >> 2 | 0xc7);
    assert_eq!(value(&guest, "0x80000000 V napot"), 1 << 63 | 0x2000_2001);
    assert_eq!(
        value(&guest, "0x80000000 VXUG bit54"),
        1 << 54 | 0x2000_0039
    );
}
