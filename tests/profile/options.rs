//! `--profile` and `--profile-folded` on the command line.

use super::program;
use crate::cli::{done, pagewalk};
use crate::support::guest::Folder;
use std::path::{Path, PathBuf};

const LOOP: &str = "
    li a1, 1000
    jal ra, spin
    li a0, 0
    j exit
spin:
    addi a1, a1, -1
    bnez a1, spin
    ret
";

fn looping(folder: &Folder) -> PathBuf {
    folder.write("loop.elf", &program(LOOP, &["spin"]).build())
}

/// The loop runs 1,000 times two instructions: the branch ends a block each time.
#[test]
fn the_tables_show_where_the_instructions_went() {
    let folder = Folder::new();
    let answer = done(pagewalk().args(["run", "--profile"]).arg(looping(&folder)));
    answer.expect(
        0,
        &[
            "profile: 2,0",
            "M 100.00%",
            "0x80000010..0x80000018 <spin>",
            "0x80000014: bnez a1,0x80000010",
        ],
    );
    let spin = answer.err.lines().find(|line| line.ends_with("  spin"));
    let cells: Vec<_> = spin.unwrap().split_whitespace().collect();
    assert_eq!((cells[0], cells[2]), ("2,001", "2,001"), "{}", answer.err);
    let block = answer.err.lines().find(|line| line.ends_with("<spin>"));
    let cells: Vec<_> = block.unwrap().split_whitespace().collect();
    assert_eq!(
        (cells[0], cells[2], cells[3], cells[4]),
        ("2,000", "1,000", "2", "M")
    );
    for line in answer.err.lines() {
        assert!(line.len() <= 100, "{line}");
    }
    assert_eq!(answer.out, "");
}

#[test]
fn files_take_the_tables_and_the_stacks() {
    let folder = Folder::new();
    let (text, folded) = (folder.path("profile.txt"), folder.path("stacks.txt"));
    let mut command = pagewalk();
    command
        .arg("run")
        .arg(format!("--profile={}", text.display()));
    command
        .args(["--profile-top", "1", "--profile-folded"])
        .arg(&folded);
    let answer = done(command.arg("--engine=threaded").arg(looping(&folder)));
    answer.expect(0, &[]);
    assert_eq!(answer.err, "");
    let text = folder.read("profile.txt");
    assert!(
        text.contains("  spin\n") && !text.contains("  _start\n"),
        "{text}"
    );
    assert!(text.contains(" more\n"), "{text}");
    let stacks = folder.read("stacks.txt");
    assert!(
        stacks.contains("hart 0;M-mode;_start;spin 2001\n"),
        "{stacks}"
    );
}

#[test]
fn stacks_alone_print_nothing() {
    let folder = Folder::new();
    let folded = folder.path("stacks.txt");
    let mut command = pagewalk();
    command.args(["run", "--profile-folded"]).arg(&folded);
    let answer = done(command.arg(looping(&folder)));
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    assert!(folded.exists());
}

#[test]
fn a_profile_is_written_however_the_run_ends() {
    let folder = Folder::new();
    let folded = folder.path("stacks.txt");
    let mut command = pagewalk();
    command.args(["run", "--max-instructions", "500", "--profile-folded"]);
    done(command.arg(&folded).arg(looping(&folder))).expect(124, &[]);
    let counts = folder.read("stacks.txt");
    let counts = counts.lines().filter_map(|line| line.rsplit_once(' '));
    assert_eq!(
        counts
            .map(|(_, count)| count.parse::<u64>().unwrap())
            .sum::<u64>(),
        500
    );
}

#[test]
fn other_observers_watch_along() {
    let folder = Folder::new();
    let (folded, commits) = (folder.path("stacks.txt"), folder.path("commits.log"));
    let mut command = pagewalk();
    command.args([
        "run",
        "--check",
        "mmu",
        "--stats",
        "--profile",
        "--log",
        "trap=info",
    ]);
    command.arg("--log-commits").arg(&commits);
    command.arg("--profile-folded").arg(&folded);
    let answer = done(command.arg(looping(&folder)));
    answer.expect(0, &["profile: ", "instructions"]);
    let lines = folder.read("commits.log").lines().count() as u64;
    let stacks = folder.read("stacks.txt");
    let counts = stacks.lines().filter_map(|line| line.rsplit_once(' '));
    assert_eq!(
        counts
            .map(|(_, count)| count.parse::<u64>().unwrap())
            .sum::<u64>(),
        lines
    );
}

#[test]
fn what_cannot_be_written_is_told() {
    let folder = Folder::new();
    let guest = looping(&folder);
    let run = |options: &[&str]| done(pagewalk().arg("run").args(options).arg(&guest));
    run(&["--profile=/no/such/file"]).expect(125, &["cannot write /no/such/file"]);
    run(&["--profile-top", "3"]).expect(2, &["--profile"]);
    run(&["--profile", "--profile-top", "many"]).expect(2, &["--profile-top"]);
    let same = folder.path("same").display().to_string();
    let profile = format!("--profile={same}");
    run(&[&profile, "--profile-folded", &same]).expect(2, &["--profile-folded"]);
    if Path::new("/dev/full").exists() {
        run(&["--profile-folded", "/dev/full"]).expect(125, &["cannot write /dev/full"]);
        run(&["--profile=/dev/full"]).expect(125, &["cannot write /dev/full"]);
    }
}
