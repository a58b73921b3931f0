//! The layers of the architecture: each room imports only from those to its left.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `emulator/src`, with those that each may import from.
const LAYERS: &[&[&str]] = &[
    &["softfloat", "trace", "isa", "mem"],
    &["mmu", "dev", "loader"],
    &["hart"],
    &["exec"],
    &["engine"],
    &["board"],
    &["report", "debug"],
    &["runner"],
    &["cli"],
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that a source names: in `crate::room` and, in the binary, `pagewalk::room`.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut rooms = BTreeSet::new();
    for root in ["crate::", "pagewalk::"] {
        for (at, _) in code.match_indices(root) {
            let rest = code[at + root.len()..].trim_start();
            let list = match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap_or_default(),
                None => rest
                    .split([';', ',', ')', '>', ' '])
                    .next()
                    .unwrap_or_default(),
            };
            for item in list.split(',') {
                let room = item.trim().split("::").next().unwrap_or_default();
                rooms.insert(room.to_string());
            }
        }
    }
    rooms
}

#[test]
fn each_room_imports_only_from_those_to_its_left() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for path in sources(&root) {
        let inside = path.strip_prefix(&root).unwrap();
        let room = inside.iter().next().unwrap().to_str().unwrap();
        let Some(own) = layer(room) else {
            assert!(
                ["lib.rs", "main.rs"].contains(&room),
                "{} is in no layer",
                inside.display()
            );
            continue;
        };
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            let Some(other) = layer(&import) else {
                continue;
            };
            checked += 1;
            assert!(
                other < own || import == room || own == 0 && other == 0,
                "{} imports {import}, which is not to the left of {room}",
                inside.display()
            );
        }
    }
    assert!(checked > 50, "only {checked} imports were found");
}

#[test]
fn imports_are_found_however_they_are_written() {
    let found = imports(
        "use crate::isa::Insn;\nuse crate::{hart::Hart, mem::Bus};\nlet x = crate::mmu::walk();\n// crate::board",
    );
    let expected = ["hart", "isa", "mem", "mmu"].map(String::from);
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn unsafe_code_stays_in_its_rooms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&root) {
        let inside = path.strip_prefix(&root).unwrap();
        if inside.starts_with("mem") || inside.starts_with("engine") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            // A class of the sanitizer's reports has this name, and what a page of HTML allows itself.
            let line = line
                .replace("\"unsafe\"", "")
                .replace("'unsafe-inline'", "");
            assert!(
                !line
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| word == "unsafe"),
                "{}: {line}",
                inside.display()
            );
        }
    }
}
