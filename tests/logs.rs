//! The log of what the MMU does, its filter, and trace files. What a line should say is taken from
//! the guest's own output, and figures from the hart's statistics, which count by themselves.

mod files;
mod filter;
mod traces;

use crate::cli::{Done, done, pagewalk};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn first() -> PathBuf {
    Path::new(ROOT).join("firmware/first/first.elf")
}

fn own(name: &str) -> PathBuf {
    Path::new(ROOT).join("riscv-tests/own/elf").join(name)
}

/// Guests that do much with the MMU.
const PAGING: [&str; 6] = [
    "pw64si-p-permissions",
    "pw64si-p-asid",
    "pw64si-p-sfence",
    "pw64si-p-superpages",
    "pw64si-p-straddle-store",
    "pw64si-p-sv48-sv57",
];

fn run_any(guest: &Path, options: &[&str]) -> Done {
    done(pagewalk().arg("run").args(options).arg(guest))
}

fn run(guest: &Path, options: &[&str]) -> Done {
    let done = run_any(guest, options);
    done.expect(0, &[]);
    done
}

/// The word after `mark`, without a comma.
fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let rest = text
        .split(mark)
        .nth(1)
        .unwrap_or_else(|| panic!("{mark} in {text}"));
    let end = rest.find([' ', ',', ':', '\n', ')']).unwrap_or(rest.len());
    &rest[..end]
}

#[test]
fn a_page_fault_is_one_line_that_tells_all() {
    let done = run(&first(), &["--log", "mmu::fault=info"]);
    let lines: Vec<&str> = done.err.lines().collect();
    assert_eq!(lines.len(), 1, "{}", done.err);
    let line = lines[0];
    // What the guest says of it.
    let (va, pc) = (after(&done.out, "stval = "), after(&done.out, "sepc = "));
    let entry = after(&done.out, "level 2, index 1, entry at ");
    let pc: u64 = u64::from_str_radix(&pc[2..], 16).unwrap();
    assert!(line.starts_with("INFO  mmu::fault hart 0 #"), "{line}");
    for part in [
        format!(" S asid 0 va:{pc:#018x} <read_word>: load page fault: "),
        format!("load at va:{va} from S-mode: the entry is not valid (V is clear); "),
        format!("level 2 entry at pa:{entry} <root+0x8> is 0x0000000000000000 --------, "),
        "read by a walk".to_owned(),
    ] {
        assert!(line.contains(&part), "{part:?} is not in {line}");
    }
}

#[test]
fn the_steps_of_a_walk_are_those_that_the_guest_made() {
    let log = ["--log", "mmu::walk=trace", "--log-filter", "va=0x40001230"];
    let done = run(&first(), &log);
    // The second walk, after the page fault: the entries that the guest has filled in.
    let steps: Vec<&str> = done
        .err
        .lines()
        .filter(|l| l.starts_with("TRACE"))
        .collect();
    assert_eq!(steps.len(), 1 + 3, "{}", done.err);
    let told = done.out.lines().filter(|line| line.contains("    level "));
    let mut count = 0;
    for (step, told) in steps[1..].iter().zip(told) {
        let place = told.trim().split(": ").next().unwrap();
        let (level, entry) = place.split_once(", entry at ").unwrap();
        assert!(
            step.contains(&format!(": {level}: entry at pa:{entry} <")),
            "{step}\n{told}"
        );
        let now = u64::from_str_radix(&after(told, "now ")[2..], 16).unwrap();
        assert!(
            step.contains(&format!(" is {now:#018x} ")),
            "{step}\n{told}"
        );
        count += 1;
    }
    assert_eq!(count, 3, "{}", done.out);
    let walk = done.err.lines().last().unwrap();
    let frame = after(&done.out, "a leaf: frame ");
    let frame = u64::from_str_radix(&frame[2..], 16).unwrap();
    assert!(walk.starts_with("DEBUG mmu::walk"), "{walk}");
    let found = format!("3 entries read, pa:{:#x} <frame+0x230>", frame + 0x230);
    assert!(walk.contains(&found), "{walk}");
    assert!(walk.contains("in a page of 4 KiB (DA---WRV)"), "{walk}");
}

#[test]
fn satp_and_fences_are_told_with_what_they_drop() {
    let done = run(&first(), &["--log", "mmu::fence=debug"]);
    let root = after(&done.out, "root table at ");
    let satp = format!("satp: bare -> Sv39 asid 0 root pa:{root}");
    let lines: Vec<&str> = done.err.lines().collect();
    assert!(lines[0].ends_with(&satp), "{}", done.err);
    assert!(
        lines[1]
            .ends_with(": sfence.vma for every address in every address space: 1 entry dropped")
    );
    assert!(lines[2].contains(": dropped ITLB va:0x80000000 -> pa:0x80000000 (1 GiB, asid 0, "));
    let page = "sfence.vma for the page of va:0x40001230 in every address space: 0 entries dropped";
    assert!(lines[3].ends_with(page), "{}", done.err);
    assert_eq!(lines.len(), 4, "{}", done.err);
}

#[test]
fn a_fault_from_the_tlb_says_so_and_since_when() {
    let done = run(&own("pw64si-p-permissions"), &["--log", "mmu=debug"]);
    let mut filled: HashMap<String, String> = HashMap::new();
    let mut seen = 0;
    for line in done.err.lines() {
        // The moment of the last walk that read an entry is what the TLB remembers.
        if line.contains(": filled ") {
            filled.insert(after(line, " #").to_owned(), line.to_owned());
        }
        if let Some((_, since)) = line.split_once("in the TLB, which read it at #") {
            assert!(line.starts_with("INFO  mmu::fault"), "{line}");
            assert!(line.contains("level 0 entry at pa:0x"), "{line}");
            assert!(filled.contains_key(since), "{line}");
            seen += 1;
        }
    }
    assert!(seen > 0, "{}", done.err);
}

/// What an instruction's lines begin with, without level and target.
fn prefix(line: &str) -> &str {
    let start = line.find("hart ").unwrap();
    let end = line[start..].find(": ").unwrap();
    &line[start..start + end]
}

/// An instruction may change privilege and `satp`; its lines say what it began with.
#[test]
fn all_lines_of_an_instruction_begin_alike() {
    for name in ["pw64si-p-asid", "pw64si-p-permissions"] {
        let log = "exec=trace,mmu=trace,csr=debug,trap=info";
        let done = run(&own(name), &["--log", log]);
        let mut told = Vec::new();
        let (mut instructions, mut changes) = (0, 0);
        for line in done.err.lines() {
            let this = prefix(line);
            let ends = line.contains(" exec hart ") || line.contains(" trap hart ");
            if !ends {
                told.push(this);
                continue;
            }
            for other in told.drain(..) {
                assert_eq!(other, this, "{line}");
            }
            instructions += 1;
            changes += u32::from(line.contains(" sret") || line.contains(" csrw satp"));
        }
        assert!(told.is_empty());
        assert!(instructions > 100 && changes > 1, "{name}");
    }
}

/// What `--log-filter` and the targets say in `--help`, in the documentation and in the code is one.
#[test]
fn the_levels_of_the_targets_are_those_that_are_told() {
    let help = done(pagewalk().args(["run", "--help"])).out;
    let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = fs::read_to_string(Path::new(ROOT).join("emulator/docs/logs.md")).unwrap();
    for target in pagewalk::trace::TARGETS {
        let (level, _) = target.about.split_once(':').unwrap();
        let name = target.name;
        if name.starts_with("mmu::") {
            assert!(help.contains(&format!("{name} ({level}: ")), "{name}");
            let row = format!("| `{name}` | {level} |");
            assert!(text.contains(&row), "{name}");
        }
    }
}
