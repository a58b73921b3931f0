//! Programs that want more memory than there is.

use super::{own_program, run};
use crate::cli::{Done, done};

/// The memory of the machine, in MiB.
const MEMORY: u64 = 8;

/// Writes and checks a pattern of so many MiB.
fn pattern(options: &[&str], size: u64) -> Done {
    let mut command = run(&["-m", &format!("{MEMORY}M")]);
    command
        .args(options)
        .arg(own_program("pattern"))
        .arg(size.to_string());
    done(&mut command)
}

#[test]
fn with_swap_each_byte_comes_back() {
    for size in [MEMORY * 3 / 2, MEMORY * 3] {
        // The child of the program changes its copy: that takes as much again.
        let swap = format!("{}M", 2 * size + 8);
        let done = pattern(&["--swap", &swap, "--check", "mmu=fail"], size);
        done.expect(0, &[]);
        assert_eq!(
            done.out,
            format!("pattern: {size} MiB, byte for byte\n"),
            "{}",
            done.err
        );
    }
}

#[test]
fn without_swap_it_is_killed_and_told_why() {
    const SIGKILL: i32 = 9;
    let done = pattern(&[], MEMORY * 3 / 2);
    done.expect(128 + SIGKILL, &["pattern[1]", "out of memory", "no swap"]);
    assert_eq!(done.out, "");
}

#[test]
fn with_too_little_swap_too() {
    const SIGKILL: i32 = 9;
    let done = pattern(&["--swap", "4M"], MEMORY * 3);
    done.expect(128 + SIGKILL, &["pattern[1]", "out of memory"]);
    assert!(!done.err.contains("no swap"), "{}", done.err);
}

#[test]
fn who_takes_all_is_killed_and_others_go_on() {
    for options in [&["--check", "mmu=fail"][..], &["--swap", "4M"]] {
        let command = &mut run(&["-m", &format!("{MEMORY}M")]);
        let done = done(command.args(options).arg(own_program("crowd")));
        done.expect(0, &["crowd[3]", "out of memory"]);
        assert_eq!(
            done.out,
            "crowd: one was killed, the other has what it had\n"
        );
        // The parent and the other one are not named.
        assert_eq!(done.err.matches("killed").count(), 1, "{}", done.err);
    }
}
