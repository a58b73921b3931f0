//! The log of what the MMU does, its filter, and trace files. What a line should say is taken from
//! the guest's own output, and figures from the hart's statistics, which count by themselves.

use crate::cli::{Done, done, pagewalk};
use crate::support::guest::Folder;
use pagewalk::board::{Limits, Machine, MachineConfig, Stop};
use pagewalk::loader::Guest;
use pagewalk::mmu::{ArrayConfig, Layout, Statistics, TlbArray, TlbConfig};
use pagewalk::report::trace_file::{Format, Header, Options, TraceFile};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

#[test]
fn a_filter_leaves_what_it_admits_and_nothing_else() {
    let log = "exec=trace,mmu=trace,csr=debug,trap=info";
    let guest = own("pw64si-p-permissions");
    let all = run(&guest, &["--log", log]).err;
    let narrowed = |filter: &str| run(&guest, &["--log", log, "--log-filter", filter]).err;
    let expect = |filter: &str, admits: &dyn Fn(&str) -> bool| {
        let expected: Vec<&str> = all.lines().filter(|line| admits(prefix(line))).collect();
        let found = narrowed(filter);
        assert!(!expected.is_empty() && expected.len() < all.lines().count());
        assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{filter}");
    };
    expect("priv=u,s", &|at| !at.contains(" M asid"));
    expect("insn=300..400", &|at| {
        (300..400).contains(&after(at, " #").parse::<u64>().unwrap())
    });
    expect("pc=_start+4.. hart=0", &|at| {
        u64::from_str_radix(after(at, "va:0x"), 16).unwrap() > 0x8000_0000
    });
    assert_eq!(narrowed("insn=1_000_000_000.."), "");
    // What has no virtual address passes no term that asks for one.
    let addressed = narrowed("va=..");
    assert!(addressed.contains("mmu::fault") && addressed.contains(" trap hart"));
    assert!(!addressed.contains(" exec hart") && !addressed.contains(" csr hart"));
}

#[test]
fn a_wrong_filter_is_pointed_at() {
    let run = |filter: &str| {
        let path = first();
        done(pagewalk().args(["run", "--log-filter", filter]).arg(path))
    };
    run("priv=u bar=3").expect(2, &["no key `bar`", "    priv=u bar=3\n           ^^^"]);
    run("va=5..4").expect(2, &["an empty range", "^^^^"]);
    let symbol = run("hart=0 pc=nowhere");
    symbol.expect(
        2,
        &[
            "no symbol `nowhere`",
            "    hart=0 pc=nowhere\n              ^^^^^^^",
        ],
    );
    assert_eq!(symbol.out, "", "the guest has not run");
}

/// What a run in this process left: its statistics, its TLB's counters, and the file.
struct Traced {
    figures: Statistics,
    counters: [u64; 3],
    file: Vec<u8>,
}

fn small() -> TlbConfig {
    TlbConfig {
        layout: Layout::Split {
            instruction: ArrayConfig::fifo(1, 1),
            data: ArrayConfig::fifo(1, 1),
        },
        second: Some(ArrayConfig::fifo(2, 2)),
        ..TlbConfig::default()
    }
}

fn traced(path: &Path, tlb: TlbConfig, format: Option<Format>, hits: bool) -> Traced {
    let mut guest = Guest::open(path).unwrap();
    let config = MachineConfig {
        tlb,
        ..MachineConfig::default()
    };
    let mut machine = Machine::new(&config, &mut guest, Box::new(io::sink())).unwrap();
    let options = Options {
        guest: &guest,
        hits,
        stop: None,
    };
    let header = Header::new(&guest, &tlb);
    let mut file = Vec::new();
    let mut trace = format.map(|format| TraceFile::new(&mut file, format, &header, None, options));
    let stop = machine.run(&Limits::default(), &mut trace);
    assert_eq!(stop, Stop::Exit(0), "{}", path.display());
    if let Some(trace) = trace {
        trace.finish().unwrap();
    }
    let mut counters = [0; 3];
    for array in machine.hart().tlb.arrays() {
        let of = machine.hart().tlb.counters(array);
        for (sum, n) in counters
            .iter_mut()
            .zip([of.fills, of.evictions, of.flushed])
        {
            *sum += n;
        }
    }
    Traced {
        figures: machine.hart().mmu_statistics(),
        counters,
        file,
    }
}

#[test]
fn the_lines_of_a_trace_agree_with_the_statistics() {
    let mut everything = BTreeMap::new();
    for name in PAGING {
        for tlb in [TlbConfig::default(), small(), TlbConfig::OFF] {
            let quiet = traced(&own(name), tlb, None, false);
            let Traced {
                figures,
                counters,
                file,
            } = traced(&own(name), tlb, Some(Format::Lines), true);
            assert_eq!(figures, quiet.figures, "{name}: watching changes nothing");
            let text = String::from_utf8(file).unwrap();
            let mut lines = text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap());
            let header = lines.next().unwrap();
            assert_eq!(header["format"], "pagewalk-mmu-trace");
            assert_eq!(header["version"], 1);
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            let (mut entries, mut dropped) = (0, 0);
            for line in lines {
                *counts
                    .entry(line["event"].as_str().unwrap().into())
                    .or_default() += 1;
                entries += line["steps"].as_array().map_or(0, Vec::len) as u64;
                dropped += line["dropped"].as_u64().unwrap_or(0);
            }
            let of = |name: &str| counts.get(name).copied().unwrap_or(0);
            let total = figures.total();
            assert_eq!(of("walk"), total.walks, "{name}");
            assert_eq!(entries, total.entries_read, "{name}");
            assert_eq!(of("fault"), total.all_faults(), "{name}");
            assert_eq!(of("protected"), total.protected, "{name}");
            assert_eq!(of("satp"), figures.satp_writes, "{name}");
            assert_eq!(
                of("fence"),
                figures.fences.iter().flatten().sum::<u64>(),
                "{name}"
            );
            let hits = total.first_hits + total.second_hits;
            let allowed = hits - total.update_walks - total.faults_from_tlb;
            assert_eq!(of("hit"), allowed, "{name}");
            assert_eq!(of("fill"), counters[0], "{name}");
            assert_eq!((of("drop"), dropped), (counters[2], counters[2]), "{name}");
            // Replacing an entry by one for the same page is an eviction only here.
            assert!(of("evict") >= counters[1], "{name}");
            for (event, count) in counts {
                *everything.entry(event).or_insert(0) += count;
            }
        }
    }
    for event in [
        "walk", "fault", "hit", "fill", "evict", "drop", "fence", "satp",
    ] {
        assert!(everything.contains_key(event), "no guest makes a {event}");
    }
}

#[test]
fn a_chrome_trace_is_json_whose_slices_follow_each_other() {
    for name in PAGING {
        let Traced { figures, file, .. } = traced(&own(name), small(), Some(Format::Chrome), false);
        let trace: Value = serde_json::from_slice(&file).unwrap();
        assert_eq!(trace["otherData"]["format"], "pagewalk-mmu-trace");
        let events = trace["traceEvents"].as_array().unwrap();
        let mut ends: HashMap<u64, f64> = HashMap::new();
        let (mut slices, mut misses) = (0, 0);
        let mut names = Vec::new();
        for event in events {
            let tid = event["tid"].as_u64();
            match event["ph"].as_str().unwrap() {
                "M" => names.extend(tid),
                "C" => misses = event["args"]["misses"].as_u64().unwrap_or(misses),
                kind => {
                    let (start, tid) = (event["ts"].as_f64().unwrap(), tid.unwrap());
                    assert!(names.contains(&tid), "{event}");
                    let end = ends.entry(tid).or_default();
                    assert!(start >= *end, "{event} begins before {end}");
                    assert_eq!(start as u64, event["args"]["insn"].as_u64().unwrap());
                    *end = start + event["dur"].as_f64().unwrap_or(0.0);
                    slices += u64::from(kind == "X");
                }
            }
        }
        let total = figures.total();
        assert_eq!(slices, total.walks, "{name}");
        assert_eq!(misses, total.walks - total.update_walks, "{name}");
    }
}

/// The fields of a message: numbers, or bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Result<u64, &[u8]>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (first, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                break;
            }
        }
        value
    }
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let number = varint(&mut bytes);
        fields.push(match key & 7 {
            0 => (key >> 3, Ok(number)),
            2 => {
                let (value, rest) = bytes.split_at(number as usize);
                bytes = rest;
                (key >> 3, Err(value))
            }
            other => panic!("wire type {other}"),
        });
    }
    fields
}

#[test]
fn a_perfetto_trace_has_a_slice_for_each_walk() {
    for name in PAGING {
        let Traced { figures, file, .. } =
            traced(&own(name), small(), Some(Format::Perfetto), false);
        let mut kinds = [0_u64; 5];
        let (mut time, mut tracks, mut depth) = (0, Vec::new(), 0_i32);
        let number = |of: &[(u64, Result<u64, &[u8]>)], field: u64| {
            let found = of.iter().find(|(number, _)| *number == field);
            found.and_then(|(_, value)| value.ok())
        };
        for (field, packet) in fields(&file) {
            assert_eq!(field, 1);
            let packet = fields(packet.unwrap_err());
            for (field, value) in &packet {
                let message = || fields(value.unwrap_err());
                if *field == 60 {
                    tracks.extend(number(&message(), 1));
                } else if *field == 11 {
                    let (event, at) = (message(), number(&packet, 8).unwrap());
                    assert!(at >= time, "time goes back");
                    time = at;
                    assert!(tracks.contains(&number(&event, 11).unwrap()));
                    let kind = number(&event, 9).unwrap();
                    kinds[kind as usize] += 1;
                    depth += i32::from(kind == 1) - i32::from(kind == 2);
                    assert!((0..=1).contains(&depth));
                }
            }
        }
        let walks = figures.total().walks;
        assert_eq!((kinds[1], kinds[2], depth), (walks, walks, 0), "{name}");
        assert!(kinds[3] > 0 && kinds[4] > 0, "{name}");
    }
}

/// A counter of how full an array is says what the array says.
#[test]
fn the_occupancy_at_the_end_is_that_of_the_tlb() {
    let path = own("pw64si-p-permissions");
    let Traced { file, .. } = traced(&path, small(), Some(Format::Chrome), false);
    let trace: Value = serde_json::from_slice(&file).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let last = events
        .iter()
        .rev()
        .find(|e| e["name"] == "TLB entries")
        .unwrap();
    let mut guest = Guest::open(&path).unwrap();
    let config = MachineConfig {
        tlb: small(),
        ..MachineConfig::default()
    };
    let mut machine = Machine::new(&config, &mut guest, Box::new(io::sink())).unwrap();
    machine.run(&Limits::default(), &mut ());
    let tlb = &machine.hart().tlb;
    for array in [TlbArray::Instruction, TlbArray::Data, TlbArray::Second] {
        let entries = tlb.entries(array).count() as u64;
        assert_eq!(last["args"][array.name()], entries, "{array}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_ends_the_run_with_its_name() {
    let full = "/dev/full";
    for options in [
        &["--log", "mmu=debug", "--log-file", full][..],
        &["--trace-mmu", full],
        &["--log-commits", full],
    ] {
        let done = done(pagewalk().arg("run").args(options).arg(first()));
        done.expect(125, &["cannot write /dev/full: No space left on device"]);
        assert_eq!(done.err.matches("cannot write").count(), 1, "{}", done.err);
    }
}

/// Runs for ever.
#[cfg(target_os = "linux")]
const ENDLESS: &str = "again:\n sfence.vma x0, x0\n j again";

#[cfg(target_os = "linux")]
#[test]
fn a_guest_without_end_ends_when_its_files_cannot_be_written() {
    let folder = Folder::new();
    let path = folder.guest("endless", ENDLESS);
    for options in [
        &["--log", "mmu=debug", "--log-file", "/dev/full"][..],
        &["--trace-mmu", "/dev/full"],
        &["--log-commits", "/dev/full"],
    ] {
        let done = run_any(&path, &[options, &["--timeout", "60s"]].concat());
        done.expect(125, &["cannot write /dev/full: No space left on device"]);
        assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_guest_without_end_ends_when_nobody_reads_its_files() {
    let folder = Folder::new();
    let path = folder.guest("endless", ENDLESS);
    for options in [
        &["--log", "mmu=debug", "--log-file", "/dev/stdout"][..],
        &["--trace-mmu", "/dev/stdout"],
        &["--log-commits", "/dev/stdout"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pagewalk"))
            .args(["run", "--timeout", "60s"])
            .args(options)
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 6]).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(141), "{options:?}: {said}");
        assert_eq!(said, "", "{options:?}");
    }
}

#[test]
fn a_filter_that_cannot_admit_anything_is_refused() {
    for (filter, said) in [
        ("hart=9", "no hart 9: the machine has hart 0 alone"),
        ("asid=70000", "no ASID 70000"),
        ("insn=0..10 insn=100..", "exclude each other"),
    ] {
        let options = ["--log", "trap=info", "--log-filter", filter];
        run_any(&first(), &options).expect(2, &["--log-filter", said, filter, "^"]);
    }
    let two = ["-p", "2", "--max-instructions", "1000"];
    let options = ["--log", "trap=info", "--log-filter", "hart=1"];
    run_any(&first(), &[&two[..], &options].concat()).expect(124, &[]);
}

#[test]
fn a_filter_of_nothing_is_told() {
    let said = "--log-filter has nothing to narrow";
    run(&first(), &["--log-filter", "priv=u"]).expect(0, &[said]);
    for options in [
        &["--log", "trap=info"][..],
        &["--trace-mmu", "/dev/null"],
        &["--log", "mmu::check=info", "--check", "mmu"],
    ] {
        let done = run(&first(), &[options, &["--log-filter", "priv=u"]].concat());
        assert!(!done.err.contains(said), "{options:?}: {}", done.err);
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

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_whole_files() {
    let folder = Folder::new();
    // Prints a line feed, then fences and never ends.
    let path = folder.guest(
        "endless",
        "
        la t1, tohost
        li a1, 0x101
        slli a1, a1, 48
        addi a1, a1, 10
        sd a1, 0(t1)
        again:
        sfence.vma x0, x0
        j again
        ",
    );
    for (signal, code) in [("-INT", 130), ("-QUIT", 131), ("-TERM", 143)] {
        let trace = folder.path("trace.json");
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagewalk"));
        command
            .args(["run", "--timeout", "60", "--trace-mmu"])
            .arg(&trace);
        command
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = [0];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut said)
            .unwrap();
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("interrupted by SIG"), "{text}");
        assert!(text.contains("in M-mode at "), "{text}");
        let trace: Value = serde_json::from_str(&folder.read("trace.json")).unwrap();
        assert!(trace["traceEvents"].is_array());
    }
}
