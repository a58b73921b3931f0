//! Where the guest's console goes, and what is said when it cannot go there.

use super::{done, hello, pagewalk};
use crate::support::guest::Folder;
use std::path::Path;

#[test]
fn a_console_file_that_cannot_be_written_is_named() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let folder = Folder::new();
    let htif = folder.guest("htif", &hello("j pass"));
    // Prints a letter through the UART.
    let serial = folder.guest(
        "serial",
        "lui t0, 0x10000\n li t1, 65\n sb t1, 0(t0)\n j pass",
    );
    for guest in [htif, serial] {
        for command in ["run", "walk"] {
            let options = [command, "--serial", "file:/dev/full"];
            let found = done(pagewalk().args(options).arg(&guest));
            // `walk` to the end answers what was asked, however the run ended.
            let text = found.out + &found.err;
            assert!(text.contains("cannot write /dev/full"), "{text}");
            assert!(!text.contains("standard output"), "{text}");
            assert_eq!(command == "run", found.code == Some(125), "{text}");
        }
    }
}
