//! Programs that want more memory than there is.

use super::{own_program, run};
use crate::cli::{Done, done};
use crate::support::guest::Folder;

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

#[test]
fn forks_without_swap_come_to_an_end() {
    let folder = Folder::new();
    folder.write("given/file", &[1; 100 * 4096]);
    let command = &mut run(&["-m", "16M", "--check", "mmu=fail"]);
    command
        .arg("--dir")
        .arg(format!("{}:/data", folder.path("given").display()));
    command.arg(own_program("scarce"));
    let done = done(command.args(["fork", "/data/file"]));
    done.expect(0, &[]);
    assert_eq!(done.out, "scarce: all forks came to an end\n");
}

#[test]
fn what_was_cut_off_does_not_come_back_from_the_disk() {
    let command = &mut run(&["-m", "16M", "--swap", "64M", "--check", "mmu=fail"]);
    let done = done(command.arg(own_program("scarce")).arg("cut"));
    done.expect(0, &[]);
    assert_eq!(done.out, "scarce: what was cut off is zero\n");
}
