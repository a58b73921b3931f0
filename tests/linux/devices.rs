//! The devices, as Linux's drivers use them.

use super::support::{Machine, Run};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes that are not all alike.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The sum of a file, as the guest's `md5sum <file` prints it.
fn md5(path: &Path) -> String {
    let output = Command::new("md5sum")
        .stdin(fs::File::open(path).unwrap())
        .output();
    String::from_utf8(output.unwrap().stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn random_numbers_are_the_seeds_and_the_date_is_the_one_asked_for() {
    let run = |options: &[&str]| -> Run {
        let machine = Machine::new("rng,date");
        options
            .iter()
            .fold(machine, |machine, option| machine.option(option))
            .run()
    };
    let default = run(&[]);
    assert_eq!(default.line("RNG"), run(&[]).line("RNG"));
    let seconds = |run: &Run| run.line("DATE").parse::<u64>().unwrap();
    let start = 1_735_689_600;
    assert!(
        (start..start + 60).contains(&seconds(&default)),
        "{default:?}"
    );
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let other = run(&["--rtc", "now", "--rng", "host"]);
    assert_ne!(default.line("RNG"), other.line("RNG"));
    assert!(
        (now..now + 60).contains(&seconds(&other)),
        "{now} {other:?}"
    );
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn a_shared_folder_is_read_and_written() {
    let folder = tempfile::TempDir::new().unwrap();
    let given = folder.path().join("from-host");
    fs::write(&given, bytes(300_000)).unwrap();
    let share = folder.path().display().to_string();
    let run = Machine::new("share").option("--share").option(&share).run();
    assert_eq!(run.line("SHARE-READ"), md5(&given));
    let written = folder.path().join("folder/renamed");
    assert_eq!(run.line("SHARE-WROTE"), md5(&written));
    assert_eq!(
        fs::read_link(folder.path().join("folder/link")).unwrap(),
        Path::new("renamed")
    );
    assert!(!folder.path().join("folder/gone").exists());
    let read_only = Machine::new("share")
        .append("SHARE_READ_ONLY=1")
        .option("--share")
        .option(&format!("{share},ro,tag=other"))
        .run();
    assert_eq!(read_only.line("SHARE-TAG"), "other");
    assert_eq!(read_only.line("SHARE-REFUSED"), "Read-only file system");
    assert!(!folder.path().join("no").exists());
}

/// Serves one file to everybody who asks, on a port of the loopback interface.
fn serve(content: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let head = format!(
                "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n",
                content.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&content).unwrap();
        }
    });
    port
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn a_page_is_fetched_from_the_hosts_loopback() {
    let folder = tempfile::TempDir::new().unwrap();
    let page = folder.path().join("page");
    let content = bytes(1_000_000);
    fs::write(&page, &content).unwrap();
    let run = Machine::new("net")
        .append(&format!("PORT={}", serve(content)))
        .option("--net")
        .option("user")
        .run();
    assert!(run.console.contains("NET-PING"), "{run:?}");
    assert_eq!(run.line("NET-GOT"), format!("1000000 {}", md5(&page)));
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn a_second_console_talks_and_listens() {
    let machine = Machine::new("console").append("WAIT=60");
    let log = machine.folder.path().join("serial");
    let machine = machine
        .option("--serial")
        .option(&format!("file:{}", log.display()))
        .option("--console")
        .option("stdio");
    let mut child = machine
        .command()
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line.trim_end(), "HVC0-READY");
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"good morning\n").unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(rest.trim_end(), "HVC0-ECHO good morning");
    let serial = fs::read_to_string(log).unwrap();
    assert!(serial.contains("HVC0-HEARD good morning"), "{serial}");
}
