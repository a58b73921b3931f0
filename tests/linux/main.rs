//! Debian's Linux on the board: boots, devices, disks.
//!
//! These tests need what `scripts/guests debian` fetches, and take a while, so they run when
//! asked for: `cargo test --profile fast --test linux -- --ignored`. Those whose names begin with
//! `long_` take minutes each.

mod boot;
mod devices;
mod disk;
mod support;
