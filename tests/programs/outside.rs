//! A program that tries to reach what it is not given.

use super::{program, run};
use crate::cli::done;
use crate::support::guest::Folder;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

/// `share/` for the program, and `outside/` beside it, with a file that it must not reach.
fn folders() -> Folder {
    let folder = Folder::new();
    let secret = folder.write("outside/secret", b"the secret");
    folder.write("share/inside", b"inside");
    let link = |to: &Path, name: &str| symlink(to, folder.path("share").join(name)).unwrap();
    link(&secret, "absolute");
    link(Path::new("../outside/secret"), "relative");
    link(Path::new("../outside"), "above");
    folder
}

/// Every name in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Runs the program with the folder shown as this one, and looks at what became of the others.
fn try_to_get_out(seen: &str, options: &str) {
    let folder = folders();
    let share = folder.path("share");
    let secret = folder.path("outside/secret");
    let before = fs::metadata(&secret).unwrap();
    let guest = if seen.is_empty() {
        share.canonicalize().unwrap().display().to_string()
    } else {
        seen.to_owned()
    };
    let dir = match seen {
        "" => format!("{}{options}", share.display()),
        seen => format!("{}:{seen}{options}", share.display()),
    };
    let command = &mut run(&["--dir", &dir]);
    let done = done(command.arg(program("outside")).arg(&guest).arg(&secret));
    let reached: Vec<_> = (done.out.lines())
        .filter(|line| line.contains("REACHED") || line.contains("SECRET"))
        .collect();
    assert!(reached.is_empty(), "{reached:#?}\n{}", done.err);
    done.expect(0, &[]);
    assert!(done.out.ends_with("confined\n"), "{}", done.out);
    assert!(done.out.lines().count() > 60, "{}", done.out);
    // What is outside is as it was.
    assert_eq!(fs::read(&secret).unwrap(), b"the secret");
    let after = fs::metadata(&secret).unwrap();
    assert_eq!(
        (after.mode(), after.nlink(), after.mtime_nsec()),
        (before.mode(), before.nlink(), before.mtime_nsec())
    );
    assert_eq!(names(&folder.path("outside")), ["secret"]);
    assert_eq!(names(&folder.path(".")), ["outside", "share"]);
    // What is inside is the program's, but no device and no hard link came of it.
    for entry in fs::read_dir(&share).unwrap() {
        let about = entry.unwrap().path().symlink_metadata().unwrap();
        assert!(
            about.is_file() || about.is_symlink() || about.is_dir(),
            "{about:?}"
        );
        assert!(about.ino() != before.ino() || about.dev() != before.dev());
    }
    if options == ",ro" {
        assert_eq!(names(&share), ["above", "absolute", "inside", "relative"]);
        assert_eq!(fs::read(share.join("inside")).unwrap(), b"inside");
    } else {
        assert!(names(&share).contains(&"own".to_owned()), "it may write");
    }
}

#[test]
fn a_program_stays_in_its_folder() {
    try_to_get_out("/share", "");
}

#[test]
fn a_program_stays_in_its_folder_at_the_hosts_path() {
    try_to_get_out("", "");
}

#[test]
fn a_program_stays_in_its_root() {
    try_to_get_out("/", "");
}

#[test]
fn a_place_that_ends_as_an_option_does_is_a_place() {
    try_to_get_out("/share ro", "");
}

#[test]
fn a_program_does_not_change_what_it_may_only_read() {
    try_to_get_out("/share", ",ro");
}

#[test]
fn without_a_folder_nothing_of_the_host_is_there() {
    let folder = folders();
    let secret = folder.path("outside/secret");
    let share = folder.path("share");
    let done = done(run(&[]).arg(program("outside")).arg(&share).arg(&secret));
    done.expect(0, &[]);
    assert!(!done.out.contains("REACHED"), "{}", done.out);
    assert!(!done.out.contains("SECRET"), "{}", done.out);
    assert_eq!(names(&folder.path("outside")), ["secret"]);
    assert_eq!(names(&share), ["above", "absolute", "inside", "relative"]);
}
