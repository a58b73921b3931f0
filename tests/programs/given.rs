//! What a program is given, and what it gives back.

use super::{lines, program, run};
use crate::cli::done;
use crate::support::guest::Folder;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::process::{Command, Stdio};

#[test]
fn a_program_has_all_words_behind_it_as_arguments() {
    let path = program("given");
    let words = ["7", "--stats", "-x", "--", "", "two words", "-smp"];
    let command = &mut run(&["--env", "A=b", "--env", "HOME=/h"]);
    let done = done(command.arg(&path).args(words));
    done.expect(7, &["said\n"]);
    assert_eq!(done.err, "said\n");
    let name = path.display();
    let expected = format!(
        "argument {name}\nargument 7\nargument --stats\nargument -x\nargument --\nargument \n\
         argument two words\nargument -smp\n\
         variable PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n\
         variable HOME=/h\nvariable A=b\ndirectory /\nfile {name}\n"
    );
    assert_eq!(done.out, expected);
}

#[test]
fn a_program_is_called_what_it_is_told() {
    let path = program("given");
    let called = |options: &[&str]| {
        let done = done(run(options).arg(&path));
        done.expect(0, &[]);
        lines(&done)[0].to_owned()
    };
    assert_eq!(called(&["--argv0", "sh"]), "argument sh");
    // Where it finds itself.
    let folder = path.parent().unwrap().display();
    assert_eq!(
        called(&["--dir", &format!("{folder}:/bin")]),
        "argument /bin/given"
    );
}

#[test]
fn a_program_sees_the_folders_that_it_is_given() {
    let folder = Folder::new();
    let here = folder.path("here").canonicalize().unwrap_or_else(|_| {
        fs::create_dir(folder.path("here")).unwrap();
        folder.path("here").canonicalize().unwrap()
    });
    fs::copy(program("given"), here.join("given")).unwrap();
    let seen = |options: &[&str], name: &str| {
        let done = done(run(options).arg(name).current_dir(&here));
        done.expect(0, &[]);
        let kept = lines(&done)
            .into_iter()
            .filter(|line| !line.starts_with("variable"));
        kept.map(str::to_owned).collect::<Vec<_>>()
    };
    let host = here.display();
    assert_eq!(
        seen(&[], "./given"),
        [
            "argument ./given",
            "directory /",
            &format!("file {host}/given")
        ]
    );
    assert_eq!(
        seen(&["--dir", "."], "./given"),
        [
            "argument ./given",
            &format!("directory {host}"),
            &format!("file {host}/given")
        ]
    );
    assert_eq!(
        seen(&["--dir", ".:/data"], "given"),
        ["argument given", "directory /data", "file /data/given"]
    );
    assert_eq!(
        seen(&["--dir", "..:/"], "../here/given"),
        [
            "argument ../here/given",
            "directory /here",
            "file /here/given"
        ]
    );
}

#[test]
fn a_file_as_input_is_read_in_order_and_no_further_than_needed() {
    let folder = Folder::new();
    let path = folder.write("input", b"0123456789\n");
    let mut input = File::open(&path).unwrap();
    input.seek(SeekFrom::Start(4)).unwrap();
    let mut same = input.try_clone().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pagewalk"))
        .args(["run", "--timeout", "300s"])
        .arg(program("given"))
        .stdin(input)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.ends_with("input 456789\n"), "{out}");
    let mut rest = String::new();
    same.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_pipe_as_input_is_waited_for() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pagewalk"))
        .args(["run", "--timeout", "300s"])
        .arg(program("given"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut read_to = |end: &str| {
        let mut read = String::new();
        while !read.ends_with(end) {
            let mut byte = [0];
            assert_eq!(output.read(&mut byte).unwrap(), 1, "{read}");
            read.push(char::from(byte[0]));
        }
    };
    // What it prints comes before it asks; what it is given comes back before there is more.
    read_to("given\n");
    input.write_all(b"first\n").unwrap();
    read_to("input first\n");
    input.write_all(b"second\n").unwrap();
    read_to("input second\n");
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_run_is_the_same_each_time() {
    let folder = Folder::new();
    let path = folder.write("input", &b"some input\n".repeat(1000));
    let figures = |name: &str| {
        let figures = folder.path(name);
        let output = Command::new(env!("CARGO_BIN_EXE_pagewalk"))
            .args(["run", "--timeout", "300s", "--stats-json"])
            .arg(&figures)
            .arg(program("given"))
            .stdin(File::open(&path).unwrap())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        let text = fs::read_to_string(figures).unwrap();
        let figures: serde_json::Value = serde_json::from_str(&text).unwrap();
        (output.stdout, figures["instructions"].as_u64().unwrap())
    };
    let first = figures("first");
    assert!(first.1 > 0);
    assert_eq!(first, figures("second"));
}

#[test]
fn an_output_that_cannot_be_written_ends_the_run() {
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let run = |output: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagewalk"));
        command
            .args(["run", "--timeout", "300s"])
            .arg(program("given"));
        command
            .stdin(Stdio::null())
            .stdout(output)
            .output()
            .unwrap()
    };
    let output = run(full().into());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(125), "{said}");
    assert!(said.contains("cannot write to standard output"), "{said}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = run(writer.into());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(141), "{said}");
    assert_eq!(said, "");
}

#[test]
fn limits_end_a_program() {
    let done = done(run(&["--max-instructions", "5000"]).arg(program("given")));
    done.expect(124, &["5,000 instructions"]);
}
