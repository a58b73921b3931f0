//! Ctrl-C: the run stops, and the questions are answered where it was.
#![cfg(unix)]

use super::lines;
use crate::support::guest::Folder;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

#[test]
fn an_interrupted_run_is_answered_where_it_was() {
    let folder = Folder::new();
    let guest = folder.guest("loops", "around:\naddi a0, a0, 1\nj around\n");
    for (signal, code, name) in [("INT", 130, "SIGINT (Ctrl-C)"), ("TERM", 143, "SIGTERM")] {
        let child = Command::new(env!("CARGO_BIN_EXE_pagewalk"))
            .arg("walk")
            .arg(&guest)
            .args(["--until", "fault", "--html"])
            .arg(guest.with_extension("html"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(1500));
        let killed = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let text = String::from_utf8(output.stdout).unwrap();
        lines(
            &text,
            &[
                &format!("Stopped at {name}, which interrupted the run: hart 0"),
                "<_start",
                "satp",
            ],
        );
        let page = std::fs::read_to_string(guest.with_extension("html")).unwrap();
        assert!(page.trim_end().ends_with("</html>"));
    }
}
