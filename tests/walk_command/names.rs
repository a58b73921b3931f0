//! Which name an address gets, and where `--until SYMBOL` stops.

use super::{first, lines, walk};
use crate::support::guest::Folder;
use std::path::PathBuf;

/// A kernel linked at 0x80000000 with two more views in S-mode: va 0 and 0x5000 hold code that is not
/// in the file; the third page of va 0 is the first page of the kernel again.
fn low(folder: &Folder) -> PathBuf {
    let put = |register: &str, page: u64| {
        format!(
            "lui {register}, {page:#x}\nslli {register}, {register}, 32\nsrli {register}, {register}, 32\n"
        )
    };
    let entry = |table: &str, page: u64, bits: u64, at: u64| {
        format!(
            "{}srli t1, t1, 2\naddi t1, t1, {bits}\nsd t1, {at}({table})\n",
            put("t1", page)
        )
    };
    let rwx = 0xcf;
    let source = [
        put("s0", 0x80010),
        put("s1", 0x80011),
        put("s2", 0x80012),
        put("s3", 0x80013),
        entry("s0", 0x80011, 1, 0),
        entry("s0", 0x80000, rwx, 16),
        entry("s1", 0x80012, 1, 0),
        entry("s2", 0x80013, rwx, 0),
        entry("s2", 0x80000, rwx, 16),
        // nop; ret
        "li t1, 0x13\nsw t1, 0(s3)\nlui t1, 0x8\naddi t1, t1, 0x67\nsw t1, 4(s3)\n".into(),
        "li t1, -1\ncsrw pmpaddr0, t1\nli t1, 0x1f\ncsrw pmpcfg0, t1\n".into(),
        put("t1", 0x80010),
        "srli t1, t1, 12\nli t0, 1\nslli t0, t0, 63\nor t1, t1, t0\ncsrw satp, t1\n".into(),
        "li t1, 1\nslli t1, t1, 11\ncsrw mstatus, t1\nla t0, supervisor\ncsrw mepc, t0\nmret\n"
            .into(),
        "supervisor:\nli t0, 0\njalr ra, 0(t0)\nback:\nla t0, twice\nlui t1, 0x80000\nslli t1, t1, 32\n\
         srli t1, t1, 32\nsub t0, t0, t1\nlui t1, 2\nadd t0, t0, t1\njalr ra, 0(t0)\nj pass\n"
            .into(),
        "twice:\nli t2, 5\nli t3, 6\njalr x0, 0(ra)\n".into(),
    ];
    folder.guest("low", &source.concat())
}

#[test]
fn another_program_at_a_low_address_has_no_name_of_the_kernel() {
    let folder = Folder::new();
    let done = walk(low(&folder), &["--until", "0x0"]);
    done.expect(0, &[]);
    let first = done.out.lines().next().unwrap_or_default();
    assert!(first.ends_with("S-mode at 0x0"), "{first}");
    // Nor is it the kernel's _start a second time.
    let done = walk(low(&folder), &["--until", "_start:2"]);
    done.expect(125, &["arrival at _start (it came once)"]);
    // An explanation does not name it either.
    let done = walk(
        low(&folder),
        &["--until", "0x0", "--va", "0x0", "--as", "fetch"],
    );
    lines(
        &done.out,
        &["Fetch of va:0x0000000000000000 from S-mode: pa:0x80013000"],
    );
}

#[test]
fn a_second_view_of_the_kernel_is_the_kernel() {
    let folder = Folder::new();
    let done = walk(low(&folder), &["--until", "twice"]);
    done.expect(0, &[]);
    lines(&done.out, &["Stopped at twice", "S-mode at 0x2", "<twice>"]);
}

#[test]
fn the_boot_rom_has_no_name() {
    let done = walk(first(), &["--until", "0"]);
    done.expect(0, &[]);
    let line = done.out.lines().next().unwrap_or_default();
    assert!(line.ends_with("M-mode at 0x1000"), "{line}");
    let done = walk(first(), &["--until", "tohost"]);
    done.expect(125, &["never came to tohost:"]);
}
