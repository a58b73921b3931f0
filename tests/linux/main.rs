//! Debian's Linux on the board: boots, devices, disks, U-Boot, and a whole Debian. And our
//! supervisor on another board, QEMU's.
//!
//! These tests need what `scripts/guests debian` fetches, and take a while, so they run when
//! asked for: `cargo test --profile fast --test linux -- --ignored`. Those whose names begin with
//! `long_` take minutes each; those named `debian` need its `--root` too.

mod boot;
mod devices;
mod disk;
mod programs;
mod qemu;
mod root;
mod support;
mod uboot;
