//! `pagewalk tour`: its text is what is written in tests/tour, and its figures are those of the run.
//!
//! The text has the addresses that the supervisor chooses. When it has changed, look at what the scenes
//! tell now, and keep it with `PAGEWALK_KEEP_TOUR=1 cargo test tour`.

use crate::cli::{Done, done, pagewalk};
use crate::html;
use crate::support::guest::Folder;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const SCENES: [(&str, &str); 11] = [
    ("1", "address"),
    ("2", "processes"),
    ("3", "frames"),
    ("3", "anywhere"),
    ("4", "protection"),
    ("5", "fault"),
    ("6", "memory"),
    ("7", "file"),
    ("7", "copy"),
    ("8", "large"),
    ("9", "fence"),
];

fn tour(words: &[&str]) -> Done {
    let done = done(pagewalk().arg("tour").args(words));
    assert_eq!((done.code, &*done.err), (Some(0), ""), "{words:?}");
    done
}

/// What stands behind the first words of a line.
#[track_caller]
fn line<'a>(text: &'a str, what: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(what));
    let line = line.unwrap_or_else(|| panic!("no {what} in {text}"));
    line.trim()
}

fn numbers(line: &str) -> Vec<u64> {
    let words = line.split_whitespace();
    words
        .filter_map(|word| word.replace(',', "").parse().ok())
        .collect()
}

/// The figures of a line of scene 8: with small pages, with a large one.
#[track_caller]
fn figures(text: &str, what: &str) -> [u64; 2] {
    numbers(line(text, what)).try_into().unwrap()
}

/// The text of each scene in that of all, by their titles.
fn split(all: &str) -> Vec<String> {
    let lines: Vec<&str> = all.lines().collect();
    let title = |&at: &usize| lines[at + 1].starts_with("==") && !lines[at].is_empty();
    let starts: Vec<usize> = (0..lines.len() - 1).filter(title).collect();
    let ends = starts
        .iter()
        .skip(1)
        .map(|next| next - 1)
        .chain([lines.len()]);
    let scenes = starts.iter().zip(ends);
    scenes
        .map(|(&start, end)| lines[start..end].join("\n") + "\n")
        .collect()
}

#[test]
fn without_a_command_the_tour_tells_what_is_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tour");
    let all = done(&mut pagewalk());
    all.expect(0, &[]);
    assert_eq!(all.err, "");
    let told = split(&all.out);
    assert_eq!(told.join("\n"), all.out, "no pauses");
    assert_eq!(told.len(), SCENES.len());
    for (told, (_, name)) in told.iter().zip(SCENES) {
        let path = folder.join(format!("{name}.txt"));
        if std::env::var_os("PAGEWALK_KEEP_TOUR").is_some() {
            fs::write(&path, told).unwrap();
        }
        assert_eq!(*told, fs::read_to_string(&path).unwrap(), "{name}");
        assert!(told.lines().all(|line| line.chars().count() <= 100));
        assert!(!told.contains('\x1b'), "colour is for terminals");
        if name != "memory" {
            assert_eq!(*told, tour(&[name]).out, "each time the same");
        }
    }
    let [file, copy] = [&told[7], &told[8]];
    assert_eq!(tour(&["7"]).out, format!("{file}\n{copy}"), "by number");
    let list = tour(&["--list"]).out;
    assert_eq!(list.lines().count(), SCENES.len());
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
    for scene in [
        "processes",
        "anywhere",
        "protection",
        "fault",
        "file",
        "copy",
    ] {
        let told = [tour(&[scene]).out, tour(&[scene, "-m", "128M"]).out];
        assert_ne!(told[0], told[1], "{scene}: the addresses are others");
        assert_eq!(told[0].lines().count(), told[1].lines().count(), "{scene}");
    }
}

#[test]
fn what_does_not_fit_goes_to_the_disk_and_comes_back() {
    const MEMORY: u64 = 8 << 20;
    const PAGE: u64 = 4096;
    let text = tour(&["memory", "-m", "8M"]).out;
    let first = |what| numbers(line(&text, what))[0];
    let pages = MEMORY * 3 / 2 / PAGE;
    assert_eq!(first("pages touched for the first time"), pages);
    assert_eq!(first("bytes checked"), 2 * pages * PAGE);
    assert_eq!(first("bytes that were wrong"), 0);
    // Two more rounds: each time at least what cannot be in memory comes back, and had been written before.
    let least = 2 * (pages - MEMORY / PAGE);
    let faults = first("page faults on pages that were gone");
    assert!(faults > 0 && faults <= 2 * pages, "{faults}");
    for direction in ["writes to", "reads from"] {
        let line = line(&text, &format!("{direction} the disk"));
        let mebibytes = line.split_whitespace().rev().nth(1).unwrap();
        let mebibytes: f64 = mebibytes.parse().unwrap();
        assert!(mebibytes * 1048576.0 >= (least * PAGE) as f64, "{line}");
    }
    // The curve: of memory that grows, more and more touches find their page; in the end all.
    let rates = text.lines().filter(|line| line.contains(" %  "));
    let rates: Vec<f64> = rates
        .map(|line| line.split_whitespace().nth(2).unwrap().parse().unwrap())
        .collect();
    assert!(rates.len() >= 6, "{rates:?}");
    assert!(
        rates.windows(2).all(|two| two[1] > two[0] - 2.0),
        "{rates:?}"
    );
    assert!(rates[0] < 80.0 && rates.last() == Some(&100.0), "{rates:?}");
}

#[test]
fn a_forgotten_fence_shows_if_the_tlb_has_the_old_entry() {
    let gives = |text: &str| {
        let lines = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("the load gives"));
        lines.map(|line| numbers(line)[0]).collect::<Vec<_>>()
    };
    let with = tour(&["fence"]).out;
    assert_eq!(gives(&with), [999, 111]);
    assert!(with.contains("unsafe: hart 0 loaded"), "{with}");
    assert!(
        with.contains("missing         sfence.vma 0x40003000"),
        "{with}"
    );
    let without = tour(&["fence", "--tlb", "off"]).out;
    assert_eq!(gives(&without), [111, 111]);
    assert!(!without.contains("unsafe"), "{without}");
    assert!(without.contains("the TLB says     nothing"), "{without}");
}

#[test]
fn a_store_reaches_the_file_when_it_is_written_back() {
    let text = tour(&["file"]).out;
    let lines = text
        .lines()
        .filter_map(|line| line.split_once("on the host `"));
    let states: Vec<(bool, &str)> = lines
        .map(|(entry, file)| (entry.contains("rw-u-AD "), file.trim_end_matches('`')))
        .collect();
    let [before, stored, synced, again] = states[..] else {
        panic!("{text}");
    };
    assert_eq!(
        (before.0, stored.0, synced.0, again.0),
        (false, true, false, true)
    );
    assert_eq!(
        (stored.1, again.1),
        (before.1, synced.1),
        "the host hears of msync alone"
    );
    assert_eq!(synced.1.strip_prefix("memory, "), before.1.get(8..));
}

#[test]
fn each_scene_has_a_page() {
    let folder = Folder::new();
    let pages = folder.path("new/pages");
    let told = tour(&["--html", pages.to_str().unwrap(), "-m", "12M"]).out;
    let index = fs::read_to_string(pages.join("index.html")).unwrap();
    assert!(!index.contains("http:") && !index.contains("https:"));
    let browser = html::chromium();
    for (number, name) in SCENES {
        let file = format!("{number}-{name}.html");
        assert!(index.contains(&format!("<a href=\"{file}\">")), "{file}");
        let page = fs::read_to_string(pages.join(&file)).unwrap();
        html::check_frame(&page);
        let data = html::data(&page);
        let guest = data["walk"]["guest"].as_str().unwrap();
        let title = guest.split_once(": ").unwrap().1;
        assert!(told.contains(&format!("{number}  {title}\n===")), "{title}");
        assert!(!html::list(&data, "/walk/maps").is_empty(), "{name}");
        assert!(!html::list(&data, "/heat").is_empty(), "{name}");
        let Some(browser) = &browser else { continue };
        let result = html::drive(browser, &folder, &page, html::USE);
        assert_eq!(result["wrong"], Value::Array(vec![]), "{name}");
        assert_eq!(result["said"]["drawn"], "yes", "{name}");
    }
    // The machine is shown where the entry is stale.
    let page = fs::read_to_string(pages.join("9-fence.html")).unwrap();
    let data = html::data(&page);
    let arrays = html::list(&data, "/walk/tlb/arrays").iter();
    let mut entries = arrays.flat_map(|array| array["entries"].as_array().unwrap());
    let stale = entries.find(|entry| entry["agreement"] == "stale").unwrap();
    assert_eq!(stale["va"], "0x40003000");
}

/// Gives the tour on a terminal, with these keys for the prompts, and says how it ended and what was shown. Nothing
/// if there is no `script`, which makes terminals.
fn on_a_terminal(keys: &[&str]) -> Option<(i32, String)> {
    const PROMPT: &str = "(Enter: go on, q: end) ";
    let command = format!("{} tour 1 2 5", env!("CARGO_BIN_EXE_pagewalk"));
    let child = Command::new("script")
        .args(["-qefc", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        let _ = std::io::stderr().write_all(b"SKIPPED: no `script` on the path\n");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut shown = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let prompts = |shown: &[u8]| String::from_utf8_lossy(shown).matches(PROMPT).count();
        while prompts(&shown) <= index {
            let mut byte = [0];
            assert_eq!(output.read(&mut byte).unwrap(), 1, "it ended: {shown:?}");
            shown.push(byte[0]);
        }
        input.write_all(key.as_bytes()).unwrap();
        input.flush().unwrap();
    }
    output.read_to_end(&mut shown).unwrap();
    let code = child.wait().unwrap().code().unwrap();
    Some((code, String::from_utf8_lossy(&shown).into_owned()))
}

#[test]
fn on_a_terminal_it_waits_between_scenes() {
    const CTRL_C: &str = "\x03";
    const CTRL_D: &str = "\x04";
    for (keys, code, scenes) in [
        (&["\n", "\n"][..], 0, 3),
        (&["\n", "q\n"], 0, 2),
        (&[CTRL_D], 0, 1),
        (&["\n", CTRL_C], 130, 2),
    ] {
        let Some((ended, shown)) = on_a_terminal(keys) else {
            return;
        };
        assert_eq!(ended, code, "{keys:?}: {shown}");
        assert_eq!(
            shown.matches("\x1b[1m").count(),
            scenes,
            "{keys:?}: {shown}"
        );
        assert!(!shown.contains("pagewalk:"), "{keys:?}: {shown}");
    }
}

#[test]
fn what_cannot_be_shown_is_said() {
    done(pagewalk().args(["tour", "10"])).expect(2, &["no scene `10`", "1 address", "8 large"]);
    done(pagewalk().args(["tour", "--tlb", "x"])).expect(2, &["--tlb"]);
    done(pagewalk().args(["tour", "1", "-m", "1M"])).expect(125, &["scene 1"]);
    let folder = Folder::new();
    let file = folder.write("file", b"");
    let command = &mut pagewalk();
    done(command.args(["tour", "1", "--html"]).arg(&file)).expect(125, &["cannot make the folder"]);
}
