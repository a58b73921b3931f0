//! QEMU's spellings: options that people write out of habit, and what to write instead.
//!
//! Clap reads `-smp` as `-s -m p`, so they are looked for before it parses.

use super::Arguments;
use clap::{Command, CommandFactory};
use pagewalk::loader::{FileKind, sniff};
use std::ffi::OsString;

/// What QEMU calls it, and what to do here.
const SPELLINGS: &[(&str, &str)] = &[
    ("accel", LEAVE_OUT),
    ("append", "write --append TEXT"),
    ("bios", "write --bios builtin|none|FILE"),
    ("cpu", "write --isa ISA"),
    (
        "device",
        "write --drive, --net, --share or --console, each of which brings its virtio device",
    ),
    ("display", LEAVE_OUT),
    ("drive", "write --drive FILE[,ro][,snapshot=on]"),
    ("dtb", "write --dtb FILE"),
    ("fsdev", "write --share DIR[,ro][,tag=NAME]"),
    ("icount", "leave it out: time always counts instructions"),
    ("initrd", "write --initrd FILE"),
    ("kernel", "write --kernel FILE"),
    ("M", MACHINE),
    ("machine", MACHINE),
    (
        "monitor",
        "leave it out: Ctrl-A X quits, Ctrl-A H tells more",
    ),
    ("net", "write --net user[,hostfwd=tcp::2222-:22]"),
    ("netdev", "write --net user[,hostfwd=tcp::2222-:22]"),
    ("nic", "write --net user[,hostfwd=tcp::2222-:22]"),
    ("no-reboot", "write --no-reboot"),
    (
        "nographic",
        "leave it out: the serial line is on the terminal anyway",
    ),
    ("rtc", "write --rtc now|DATE"),
    ("serial", "write --serial stdio|null|file:FILE"),
    ("smp", "write -p N (or --harts N)"),
    ("virtfs", "write --share DIR[,ro][,tag=NAME]"),
];

const LEAVE_OUT: &str = "leave it out: there is nothing to choose";
const MACHINE: &str = "leave it out: the machine is always virt (its device tree: --dump-dtb FILE)";

/// What to say of the first of QEMU's spellings on the command line (without the program's name),
/// if there is one among Pagewalk's own options.
pub(super) fn found(words: &[OsString]) -> Option<String> {
    let root = Arguments::command();
    let first = words.first()?.to_str()?;
    let Some(command) = root.find_subcommand(first) else {
        return spelling(first, &root)
            .map(|advice| format!("{advice}, after the command: pagewalk run"));
    };
    if !matches!(first, "run" | "walk") {
        return None;
    }
    let mut words = words[1..].iter();
    let mut guest = false;
    while let Some(word) = words.next() {
        // A path that is no text is no option.
        let word = word.to_str().unwrap_or_default();
        if word == "--" {
            return None;
        }
        if !word.starts_with('-') {
            // What follows the guest's first argument is the guest's too, and all that follows a
            // program.
            let is_program =
                || sniff(word.as_ref()).is_ok_and(|kind| kind == FileKind::LinuxProgram);
            if std::mem::replace(&mut guest, true) || first == "run" && is_program() {
                return None;
            }
            continue;
        }
        if let Some(advice) = spelling(word, command) {
            return Some(advice);
        }
        if takes_next(word, command) {
            words.next();
        }
    }
    None
}

/// What to say of a word, if it is a spelling of QEMU's, which takes one hyphen or two.
fn spelling(word: &str, command: &Command) -> Option<String> {
    let own = |name: &str| {
        let mut options = command.get_arguments();
        options.any(|option| option.get_long() == Some(name))
    };
    let name = word.strip_prefix('-')?;
    let name = match name.strip_prefix('-') {
        Some(name) if own(name) => return None,
        Some(name) => name,
        None => name,
    };
    let (name, advice) = SPELLINGS.iter().find(|(spelling, _)| *spelling == name)?;
    Some(format!("-{name} is QEMU's: {advice}"))
}

/// Whether the word after this option is its value.
fn takes_next(word: &str, command: &Command) -> bool {
    let option = command.get_arguments().find(|option| {
        option
            .get_long()
            .is_some_and(|long| word.strip_prefix("--") == Some(long))
            || option
                .get_short()
                .is_some_and(|short| word.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4])))
    });
    option
        .is_some_and(|option| option.get_action().takes_values() && !option.is_require_equals_set())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Option<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        found(&words)
    }

    #[test]
    fn what_is_written_instead_exists() {
        let root = Arguments::command();
        let run = root.find_subcommand("run").unwrap();
        for (name, advice) in SPELLINGS {
            for word in advice.split([' ', ',']).filter(|w| w.starts_with("--")) {
                let long = word.trim_matches(['-', ')', '(']);
                let mut options = run.get_arguments();
                assert!(
                    options.any(|option| option.get_long() == Some(long)),
                    "{name}: {word}"
                );
            }
        }
    }

    #[test]
    fn only_options_of_pagewalk_are_looked_at() {
        for own in [
            "run a.elf",
            "run --kernel Image --append quiet -m 2G -p 4",
            "run -m2G -p4 --serial null a.elf --stats",
            "run --append -smp --kernel Image",
            "run a.elf b -smp 4",
            "run a.elf -- -smp 4",
            "run -- -smp",
            "test -smp",
            "help run",
        ] {
            assert_eq!(said(own), None, "{own}");
        }
    }

    #[test]
    fn a_spelling_of_qemus_is_found_wherever_an_option_can_be() {
        for line in [
            "run -smp 4 Image",
            "run Image -smp 4",
            "run -m 1G --stats -smp 4",
            "run --smp 4 Image",
            "walk -smp 4 Image",
        ] {
            let said = said(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(said, "-smp is QEMU's: write -p N (or --harts N)", "{line}");
        }
        let said = said("-kernel Image -nographic").unwrap();
        assert!(said.ends_with("pagewalk run"), "{said}");
    }
}
