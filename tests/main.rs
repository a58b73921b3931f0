//! The integration tests: one binary, one file for each topic.

mod bench;
mod board;
mod check;
mod cli;
mod commit_log;
mod counters;
mod engines;
mod firmware;
mod harts;
mod heat;
mod html;
mod isa;
mod layers;
mod loader;
mod logs;
mod profile;
mod programs;
mod random_programs;
mod readme;
mod run_loop;
mod runner;
mod sanitizer;
#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
mod softfloat;
mod support;
mod tour;
mod walk;
mod walk_command;
