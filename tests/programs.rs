//! Linux programs under our own supervisor: `pagewalk run PROGRAM ARGS…`.

mod escape;
mod given;
mod options;
mod outside;
mod own;
mod pressure;
mod terminal;

use crate::cli::{Done, pagewalk};
use assert_cmd::Command;
use std::path::PathBuf;

/// A program of firmware/programs.
fn program(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join("firmware/programs/elf").join(name);
    path.canonicalize().unwrap()
}

/// One of the supervisor's own tests.
fn own_program(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join("firmware/supervisor/tests/elf").join(name);
    path.canonicalize().unwrap()
}

/// `pagewalk run` with these options, which end sooner or later.
fn run(options: &[&str]) -> Command {
    let mut command = pagewalk();
    command.args(["run", "--timeout", "300s"]).args(options);
    command
}

/// The lines of standard output.
fn lines(done: &Done) -> Vec<&str> {
    done.out.lines().collect()
}
