//! The command line: exit codes, what goes to which stream, what is said of how a run ended.

mod booting;
mod consoles;
mod endings;
mod spellings;

use crate::support::guest::{Folder, guest};
use crate::support::machine::words;
use assert_cmd::Command;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

pub(crate) fn pagewalk() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pagewalk"));
    command.env_remove("RUST_LOG");
    command
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// That it ended with this code, and said this.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        for text in said {
            assert!(self.err.contains(text), "{text:?} is not in:\n{}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

pub(crate) fn done(command: &mut Command) -> Done {
    let output = command.output().unwrap();
    Done {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A Linux Image that runs these instructions, separated by semicolons, of which the first is at
/// 0x80000040 for the assembler.
pub(crate) fn kernel(lines: &str) -> Vec<u8> {
    let lines = format!("jal zero, 0x80000040; {} {lines}", "ebreak; ".repeat(15));
    let code = words(&lines);
    let mut bytes: Vec<u8> = code.into_iter().flat_map(u32::to_le_bytes).collect();
    bytes[8..16].copy_from_slice(&0x20_0000u64.to_le_bytes());
    bytes[16..24].copy_from_slice(&0x10_0000u64.to_le_bytes());
    bytes[24..32].fill(0);
    bytes[32..36].copy_from_slice(&2u32.to_le_bytes());
    bytes[48..60].copy_from_slice(b"RISCV\0\0\0RSC\x05");
    bytes
}

fn run(guest: &Path, options: &[&str]) -> Done {
    done(pagewalk().arg("run").args(options).arg(guest))
}

/// Prints `hi` and a line feed.
const HELLO: &str = "
    la t1, tohost
    li a1, 0x101
    slli a1, a1, 48
    addi a2, a1, 104
    sd a2, 0(t1)
    addi a2, a1, 105
    sd a2, 0(t1)
    addi a2, a1, 10
    sd a2, 0(t1)
";

fn hello(then: &str) -> String {
    format!("{HELLO}{then}")
}

#[test]
fn the_exit_code_is_the_guests() {
    let folder = Folder::new();
    let zero = run(&folder.guest("zero", "j pass"), &[]);
    zero.expect(0, &[]);
    assert_eq!((zero.out.as_str(), zero.err.as_str()), ("", ""));
    let seven = run(&folder.guest("seven", "li a0, 7\n j exit"), &[]);
    seven.expect(7, &["the guest exited with code 7"]);
    // 256 must not look like zero.
    let large = run(&folder.guest("large", "li a0, 256\n j exit"), &[]);
    large.expect(255, &["code 256", "becomes 255"]);
}

#[test]
fn the_guests_output_alone_is_on_standard_output() {
    let folder = Folder::new();
    let path = folder.guest("hello", &hello(".word 0x00100073\n j pass"));
    let options = [
        "--stats",
        "--log",
        "exec=trace,trap=info",
        "--max-instructions",
        "100",
    ];
    let done = run(&path, &options);
    assert_eq!(done.out, "hi\n");
    done.expect(
        125,
        &[
            "TRACE exec hart 0",
            "INFO  trap hart 0",
            "breakpoint",
            "instructions",
        ],
    );
    let path = folder.guest("fine", &hello("j pass"));
    let done = run(&path, &[]);
    done.expect(0, &[]);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("hi\n", ""));
}

#[test]
fn limits_end_a_run() {
    let folder = Folder::new();
    let spin = folder.guest("spin", "here:\n j here");
    run(&spin, &["--max-instructions", "1000"]).expect(
        124,
        &["1,000 instructions", "M-mode at 0x80000000 <_start>"],
    );
    run(&spin, &["--timeout", "50ms"]).expect(124, &["0.05 s", "0x80000000"]);
    // A trap storm retires instructions or is seen to loop; either way it ends.
    let storm = folder.guest(
        "storm",
        "la t0, handler\n csrw mtvec, t0\nhandler:\n nop\n ecall",
    );
    run(&storm, &["--max-instructions", "1000"]).expect(124, &["handler"]);
}

#[test]
fn a_trap_without_a_handler_ends_the_run() {
    let folder = Folder::new();
    let path = folder.guest("crash", "nop\n .word 0xffffffff");
    run(&path, &[]).expect(
        125,
        &[
            "illegal instruction after 6 instructions, in M-mode at 0x80000004 <_start+0x4>",
            "mtval 0xffffffff",
            "mtvec says 0x0",
        ],
    );
}

#[test]
fn a_guest_that_sleeps_for_ever_ends_the_run() {
    let folder = Folder::new();
    let path = folder.guest("sleep", "here:\n wfi\n j here");
    run(&path, &[]).expect(125, &["asleep for ever", "no timer is set"]);
}

#[test]
fn a_request_that_does_not_exist_ends_the_run() {
    let folder = Folder::new();
    let path = folder.guest(
        "request",
        "la t0, tohost\n li t1, 5\n slli t1, t1, 56\n sd t1, 0(t0)",
    );
    run(&path, &[]).expect(125, &["asked for what there is not", "device 5"]);
}

#[test]
fn a_file_that_cannot_be_loaded_is_named() {
    let folder = Folder::new();
    run(&folder.path("missing"), &[]).expect(125, &["missing: cannot be opened"]);
    run(&folder.write("text", b"hello"), &[])
        .expect(125, &["text: neither an ELF file nor a Linux Image"]);
    let path = folder.guest("guest", "j pass");
    run(&path, &["-m", "4K"]).expect(125, &["guest: ", "-m"]);
    run(&path, &["-m", "1"]).expect(0, &[]);
}

#[test]
fn a_wrong_command_line_is_2() {
    let folder = Folder::new();
    let path = folder.guest("guest", "j pass");
    let wrong: [(&[&str], &str); 9] = [
        (&["--no-such-option"], "--no-such-option"),
        (&["-m", "1X"], "no unit `X`"),
        (&["-m", "0"], "some memory"),
        (&["--timeout", "soon"], "no unit `soon`"),
        (&["--isa", "rv64iq"], "`q`"),
        (&["--isa", "rv32i"], "only RV64"),
        (&["--log", "trap=loud"], "loud"),
        (&["--log", "trp=info"], "no log target `trp`"),
        (&["--signature-granularity", "4"], "--signature"),
    ];
    for (options, said) in wrong {
        run(&path, options).expect(2, &[said]);
    }
    let shares = ["--share", ".", "--share", "/"];
    run(&path, &shares).expect(2, &["the tag `share`"]);
    run(&path, &["--console", "stdio"]).expect(2, &["both on stdio"]);
    let extra = done(pagewalk().arg("run").arg(&path).args(["--", "-x"]));
    extra.expect(2, &["takes no arguments", "`-x`"]);
    let typo = done(pagewalk().arg("run").arg(&path).arg("--stat"));
    typo.expect(2, &["'--stats'"]);
    done(pagewalk().arg("boot")).expect(2, &["boot"]);
    done(pagewalk().arg("run")).expect(2, &["GUEST"]);
}

#[test]
fn absent_extensions_trap() {
    let folder = Folder::new();
    let path = folder.guest("zba", "sh1add a0, a1, a2\n j pass");
    run(&path, &[]).expect(0, &[]);
    run(&path, &["--isa", "rv64gc"]).expect(125, &["illegal instruction"]);
}

#[test]
fn logs_go_where_they_are_sent() {
    let folder = Folder::new();
    let path = folder.guest("guest", &hello("j pass"));
    let log = folder.path("log");
    let done = done(
        pagewalk()
            .args(["run", "--log", "exec=trace", "--log-file"])
            .arg(&log)
            .arg(&path),
    );
    done.expect(0, &[]);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("hi\n", ""));
    let text = folder.read("log");
    let first =
        "TRACE exec hart 0 #5 M asid 0 va:0x0000000080000000 <_start>: 00001317 auipc t1,0x1";
    assert!(text.lines().any(|line| line == first), "{text}");
}

#[test]
fn rust_log_counts_when_no_filter_is_given() {
    let folder = Folder::new();
    let path = folder.guest("guest", "ecall");
    let with = done(
        pagewalk()
            .env("RUST_LOG", "trap=info")
            .arg("run")
            .arg(&path),
    );
    with.expect(125, &["environment call from M-mode", "INFO  trap"]);
    let command = &mut pagewalk();
    let without = done(
        command
            .env("RUST_LOG", "trap=info")
            .args(["run", "--log", "off"])
            .arg(&path),
    );
    assert!(!without.err.contains("INFO"), "{}", without.err);
}

#[test]
fn a_wrong_rust_log_is_told_and_a_wrong_log_is_refused() {
    let folder = Folder::new();
    let path = folder.guest("guest", "j pass");
    for (filter, said) in [
        ("garbage", "no log target `garbage`"),
        (
            "trap=loud",
            "there are off, error, warn, info, debug, trace",
        ),
        ("=", "a log target is missing"),
    ] {
        let with = |options: &[&str]| {
            let mut command = pagewalk();
            command.env("RUST_LOG", filter).arg("run").args(options);
            done(command.arg(&path))
        };
        with(&[]).expect(0, &["RUST_LOG", said]);
        with(&["--log", "off"]).expect(0, &[]);
        run(&path, &["--log", filter]).expect(2, &["--log", said]);
    }
}

#[test]
fn the_commit_log_is_spikes() {
    let folder = Folder::new();
    let path = folder.guest("guest", "li a0, 5\n j pass");
    let log = folder.path("commits");
    done(
        pagewalk()
            .args(["run", "--log-commits"])
            .arg(&log)
            .arg(&path),
    )
    .expect(0, &[]);
    let text = folder.read("commits");
    let line = "core   0: 3 0x0000000080000000 (0x00500513) x10 0x0000000000000005";
    assert!(text.lines().any(|found| found == line), "{text}");
}

#[test]
fn the_signature_is_spikes() {
    let folder = Folder::new();
    // It is written also when the test fails.
    let path = folder.guest("guest", "li a0, 3\n j exit");
    let signature = folder.path("signature");
    let write = |options: &[&str]| {
        done(
            pagewalk()
                .args(["run", "--signature"])
                .arg(&signature)
                .args(options)
                .arg(&path),
        )
        .expect(3, &[]);
        folder.read("signature")
    };
    let four = "04030201\n08070605\n0c0b0a09\n100f0e0d\n14131211\n";
    assert_eq!(write(&["--signature-granularity", "4"]), four);
    // Spike's default is 16, and what is missing of the last unit is zero.
    let sixteen = "100f0e0d0c0b0a090807060504030201\n00000000000000000000000014131211\n";
    assert_eq!(write(&[]), sixteen);

    let mut elf = guest("j pass");
    elf.symbols.retain(|symbol| symbol.name != "end_signature");
    let path = folder.write("none", &elf.build());
    done(
        pagewalk()
            .args(["run", "--signature"])
            .arg(&signature)
            .arg(&path),
    )
    .expect(125, &["begin_signature and end_signature"]);
}

#[test]
fn figures_are_printed_at_the_end() {
    let folder = Folder::new();
    let path = folder.guest(
        "guest",
        "la t0, next\n csrw mtvec, t0\n ecall\nnext:\n j pass",
    );
    let done = run(&path, &["--stats"]);
    done.expect(
        0,
        &[
            "instructions",
            "MIPS",
            "traps",
            "environment call from M-mode",
        ],
    );
    assert_eq!(done.out, "");
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let folder = Folder::new();
    let path = folder.guest("yes", &hello("j _start"));
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_pagewalk"))
        .args(["run", "--timeout", "60s"])
        .arg(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 6]).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_told() {
    let folder = Folder::new();
    let path = folder.guest("hello", &hello("j pass"));
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_pagewalk"))
        .arg("run")
        .arg(path)
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(125));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("cannot write to standard output"), "{err}");
}

#[test]
#[cfg(target_os = "linux")]
fn figures_that_cannot_be_written_are_a_failure() {
    let folder = Folder::new();
    for (guest, code) in [("j pass", 125), ("li a0, 7\n j exit", 7)] {
        let path = folder.guest("guest", guest);
        let full = std::fs::File::options().write(true).open("/dev/full");
        let status = std::process::Command::new(env!("CARGO_BIN_EXE_pagewalk"))
            .args(["run", "--stats"])
            .arg(path)
            .stderr(full.unwrap())
            .status();
        assert_eq!(status.unwrap().code(), Some(code), "{guest}");
    }
}

#[test]
fn help_lists_what_works() {
    let help = done(pagewalk().arg("--help"));
    help.expect(0, &[]);
    for text in ["run", "test", "walk", "Examples:", "Exit codes:"] {
        assert!(help.out.contains(text), "{text}");
    }
    for absent in ["debug", "disasm", "completions"] {
        assert!(
            !help.out.contains(&format!("  {absent}")),
            "{absent} is not there yet"
        );
    }
    done(pagewalk().arg("--version")).expect(0, &[]);
    for command in ["run", "test", "walk"] {
        let help = done(pagewalk().args(["help", command]));
        help.expect(0, &[]);
        assert!(help.out.contains("Examples:"), "{}", help.out);
    }
}

/// The machine's clock and `wfi` do not depend on the host: two runs are the same.
#[test]
fn runs_repeat_to_the_last_instruction() {
    let folder = Folder::new();
    let path = folder.guest("guest", &hello("j pass"));
    let log = |name: &str| {
        let to = folder.path(name);
        done(pagewalk().args(["run", "--log-commits"]).arg(to).arg(&path)).expect(0, &[]);
        folder.read(name)
    };
    assert_eq!(log("one"), log("two"));
}

#[test]
fn an_output_may_not_overwrite_the_guest() {
    let folder = Folder::new();
    let guest = folder.guest("guest", "j pass");
    let name = guest.to_str().unwrap();
    let run = done(pagewalk().args(["run", "--log-commits", name, name]));
    run.expect(2, &["is both the guest and --log-commits"]);
    done(pagewalk().args(["run", name])).expect(0, &[]);
    let both = folder.path("both");
    let both = both.to_str().unwrap();
    let twice = ["run", "--log-commits", both, "--log-file", both, name];
    done(pagewalk().args(twice)).expect(2, &["is both --log-commits and --log-file"]);
}

#[test]
fn a_time_limit_holds_even_if_nobody_reads_the_output() {
    let folder = Folder::new();
    let print = "la t0, tohost\n li t1, 0x101\n slli t1, t1, 48\n ori t1, t1, 65\n\
                 again:\n sd t1, 0(t0)\n j again";
    let guest = folder.guest("guest", print);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_pagewalk"))
        .args(["run", "--timeout", "100ms"])
        .arg(&guest)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = std::time::Instant::now();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(124));
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

#[test]
fn a_file_that_cannot_be_written_costs_no_other_file() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let folder = Folder::new();
    let path = folder.guest("guest", "j pass");
    let (stats, checks) = (folder.path("stats"), folder.path("checks"));
    let options = |first: &str| {
        vec![
            "--log-commits".to_owned(),
            first.to_owned(),
            "--stats-json".to_owned(),
            stats.display().to_string(),
            "--check=mmu".to_owned(),
            "--check-json".to_owned(),
            checks.display().to_string(),
        ]
    };
    let full = options("/dev/full");
    let full: Vec<_> = full.iter().map(String::as_str).collect();
    run(&path, &full).expect(
        125,
        &["cannot write /dev/full", "the sanitizer found nothing"],
    );
    for file in [&stats, &checks] {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains("\"format\""), "{}: {text}", file.display());
    }
    let stats_full = ["--stats-json", "/dev/full", "--check=mmu", "--check-json"];
    let mut command = pagewalk();
    command.arg("run").args(stats_full).arg(&checks).arg(&path);
    std::fs::remove_file(&checks).unwrap();
    done(&mut command).expect(125, &["cannot write /dev/full"]);
    assert!(
        std::fs::read_to_string(&checks)
            .unwrap()
            .contains("\"format\"")
    );
}

#[test]
fn the_header_of_a_trace_names_the_machine_that_ran() {
    let folder = Folder::new();
    let path = folder.guest("guest", "j pass");
    let trace = folder.path("trace.jsonl");
    let name = trace.display().to_string();
    run(
        &path,
        &["--tlb", "i=2x1,d=4x1", "-p", "2", "--trace-mmu", &name],
    )
    .expect(0, &[]);
    let text = std::fs::read_to_string(&trace).unwrap();
    let header = text.lines().next().unwrap();
    assert!(header.contains("\"harts\":2"), "{header}");
    for shape in ["\"sets\":2,\"ways\":1", "\"sets\":4,\"ways\":1"] {
        assert!(header.contains(shape), "{header}");
    }
}
