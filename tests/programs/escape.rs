//! A program that tries to get out of two folders while the host changes what is in them.

use super::{own_program, run};
use crate::cli::done;
use crate::support::guest::Folder;
use rustix::fs::{CWD, FileType, Mode, RenameFlags};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// `one/` and `two/` for the program, `outside/` beside them with what it must not reach.
struct Place {
    folder: Folder,
    before: (u32, u64, i64, i64),
}

impl Place {
    fn new() -> Self {
        let folder = Folder::new();
        let secret = folder.write("outside/secret", b"the secret");
        folder.write("one/inside", b"inside");
        folder.write("two/other", b"other");
        let one = folder.path("one");
        symlink(&secret, one.join("absolute")).unwrap();
        symlink("../outside/secret", one.join("relative")).unwrap();
        symlink("../outside", one.join("above")).unwrap();
        let fifo = one.join("fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        drop(UnixListener::bind(one.join("socket")).unwrap());
        let before = state(&secret);
        Self { folder, before }
    }

    fn command(&self, part: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagewalk"));
        command.args(["run", "--timeout", "300s"]);
        for name in ["one", "two"] {
            let path = self.folder.path(name);
            command
                .arg("--dir")
                .arg(format!("{}:/{name}", path.display()));
        }
        command.arg(own_program("escape")).arg(part);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// That nothing outside changed.
    #[track_caller]
    fn check(&self, names: &[&str]) {
        let secret = self.folder.path("outside/secret");
        assert_eq!(fs::read(&secret).unwrap(), b"the secret");
        assert_eq!(state(&secret), self.before);
        assert_eq!(entries(&self.folder.path("outside")), names);
        assert_eq!(
            entries(&self.folder.path(".")),
            ["one", "outside", "two"].as_slice()
        );
    }
}

fn state(path: &Path) -> (u32, u64, i64, i64) {
    let about = fs::metadata(path).unwrap();
    (
        about.mode(),
        about.nlink(),
        about.mtime(),
        about.mtime_nsec(),
    )
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Waits for the program's first line.
fn ready(child: &mut Child) {
    let mut line = [0; 6];
    let output = child.stdout.as_mut().unwrap();
    output.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"ready\n");
}

/// Waits for its end, which must be a good one.
fn end(child: Child) {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "escape: nothing is out\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn no_link_name_or_node_leads_out() {
    let place = Place::new();
    end(place.command("all").spawn().unwrap());
    place.check(&["secret"]);
    // What each folder had is there, and stayed there.
    assert_eq!(
        fs::read(place.folder.path("one/inside")).unwrap(),
        b"inside"
    );
    assert_eq!(fs::read(place.folder.path("two/other")).unwrap(), b"other");
    assert_eq!(entries(&place.folder.path("two")), ["other"]);
}

#[test]
fn a_folder_that_the_host_swaps_for_a_link_does_not_lead_out() {
    let place = Place::new();
    let (turning, other) = (
        place.folder.path("one/turning"),
        place.folder.path("turned"),
    );
    fs::create_dir(&turning).unwrap();
    symlink("../outside", &other).unwrap();
    let mut child = place.command("raced").spawn().unwrap();
    ready(&mut child);
    let over = AtomicBool::new(false);
    let swaps = std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            let mut count = 0;
            while !over.load(Ordering::Relaxed) {
                let exchange = RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(CWD, &turning, CWD, &other, exchange).unwrap();
                count += 1;
            }
            count
        });
        let output = child.wait_with_output().unwrap();
        over.store(true, Ordering::Relaxed);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, "escape: nothing is out\n");
        swapper.join().unwrap()
    });
    assert!(swaps > 100, "{swaps}");
    let link = [&turning, &other]
        .into_iter()
        .find(|path| path.is_symlink());
    fs::remove_file(link.unwrap()).unwrap();
    let _ = fs::remove_dir_all(&other);
    place.check(&["secret"]);
}

#[test]
fn a_folder_that_the_host_takes_out_does_not_take_the_program_along() {
    let place = Place::new();
    fs::create_dir(place.folder.path("one/leaving")).unwrap();
    let mut child = place.command("taken").spawn().unwrap();
    ready(&mut child);
    let left = place.folder.path("outside/leaving");
    fs::rename(place.folder.path("one/leaving"), &left).unwrap();
    child.stdin.take().unwrap().write_all(b"x").unwrap();
    end(child);
    place.check(&["leaving", "secret"]);
}

#[test]
fn arguments_have_a_limit() {
    let word = "w".repeat(120 << 10);
    let hello = own_program("hello");
    let fits = done(run(&[]).arg(&hello).arg(&word));
    fits.expect(42, &[]);
    assert!(fits.out.ends_with("2 words\n"), "{}", fits.out);
    let many = done(run(&[]).arg(&hello).args(vec!["w"; 10_000]));
    many.expect(42, &[]);
    assert!(many.out.ends_with("10001 words\n"), "{}", many.out);
    let command = &mut run(&[]);
    let over = done(command.arg(&hello).arg(&word).arg(&word));
    assert_eq!(over.code, Some(2), "{}", over.out);
    let reason = "the list of arguments of the program has 245";
    assert!(over.err.contains(reason), "{}", over.err);
}
