//! `pagewalk tour`: its text is what is written in tests/tour, and its figures are those of the run.
//!
//! The text has the addresses that the supervisor chooses. When it has changed, look at what the scenes
//! tell now, and keep it with `PAGEWALK_KEEP_TOUR=1 cargo test tour`.

use crate::cli::{Done, done, pagewalk};
use std::fs;
use std::path::Path;

const SCENES: [(&str, &str); 7] = [
    ("1", "address"),
    ("2", "processes"),
    ("3", "frames"),
    ("4", "protection"),
    ("5", "fault"),
    ("7", "copy"),
    ("8", "large"),
];

fn tour(words: &[&str]) -> Done {
    let done = done(pagewalk().arg("tour").args(words));
    assert_eq!((done.code, &*done.err), (Some(0), ""), "{words:?}");
    done
}

/// The figures of a line of scene 8: with small pages, with a large one.
#[track_caller]
fn figures(text: &str, what: &str) -> [u64; 2] {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(what));
    let line = line.unwrap_or_else(|| panic!("no {what} in {text}"));
    let numbers = line.split_whitespace();
    let numbers: Vec<u64> = numbers
        .map(|number| number.replace(',', "").parse().unwrap())
        .collect();
    numbers.try_into().unwrap()
}

#[test]
fn the_scenes_tell_what_is_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tour");
    let mut all = Vec::new();
    for (number, name) in SCENES {
        let told = tour(&[number]).out;
        let path = folder.join(format!("{name}.txt"));
        if std::env::var_os("PAGEWALK_KEEP_TOUR").is_some() {
            fs::write(&path, &told).unwrap();
        }
        assert_eq!(told, fs::read_to_string(&path).unwrap(), "{name}");
        assert_eq!(told, tour(&[name]).out, "by number and by name");
        assert!(told.lines().all(|line| line.chars().count() <= 100));
        assert!(!told.contains('\x1b'), "colour is for terminals");
        all.push(told);
    }
    assert_eq!(tour(&[]).out, all.join("\n"), "all, and no pauses");
    let list = tour(&["--list"]).out;
    for ((number, name), line) in SCENES.iter().zip(list.lines()) {
        assert!(line.starts_with(&format!("{number}  {name} ")), "{line}");
    }
}

#[test]
fn misses_are_those_of_the_tlb_that_is_modelled() {
    const LOADS: u64 = 2048;
    let small = |spec: &str| {
        let text = tour(&["large", "--tlb", spec]).out;
        assert_eq!(figures(&text, "loads"), [LOADS; 2], "{spec}");
        let entries = figures(&text, "entries read by the walks");
        let walks = figures(&text, "walks");
        assert_eq!(entries, [3 * walks[0], 2 * walks[1]], "{spec}");
        figures(&text, "TLB misses")
    };
    // One entry, which the code takes away again and again; none at all; more than enough for data.
    let one = small("u=1x1");
    assert_eq!(one[0], LOADS);
    assert!(one[1] > 1, "{one:?}");
    assert_eq!(small("off"), [LOADS; 2]);
    let room = small("i=16,d=1024");
    assert!(room[0] < LOADS / 2 && room[1] <= 1, "{room:?}");
}

#[test]
fn frames_are_those_of_the_machine() {
    // With more memory the kernel's own tables are larger, and the program's frames lie further up.
    let frame = |memory: &str| {
        let text = tour(&["address", "-m", memory]).out;
        let (_, rest) = text.split_once("in the frame at 0x").unwrap();
        let digits = rest.split_whitespace().next().unwrap();
        u64::from_str_radix(digits, 16).unwrap()
    };
    let frames = ["64M", "128M", "256M"].map(frame);
    assert!(frames.is_sorted() && frames[0] < frames[2], "{frames:x?}");
    assert!(frames.iter().all(|frame| frame % 4096 == 0));
    // Fewer frames do not change what there is to tell.
    for scene in ["processes", "protection", "fault", "copy"] {
        let told = [tour(&[scene]).out, tour(&[scene, "-m", "128M"]).out];
        assert_ne!(told[0], told[1], "{scene}: the addresses are others");
        assert_eq!(told[0].lines().count(), told[1].lines().count(), "{scene}");
    }
}

#[test]
fn what_cannot_be_shown_is_said() {
    done(pagewalk().args(["tour", "10"])).expect(2, &["no scene `10`", "1 address", "8 large"]);
    done(pagewalk().args(["tour", "--tlb", "x"])).expect(2, &["--tlb"]);
    done(pagewalk().args(["tour", "1", "-m", "1M"])).expect(125, &["scene 1"]);
}
