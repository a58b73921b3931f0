//! `pagewalk walk`: what it says of an address, of whole address spaces, and of wrong questions.

mod address;
mod advice;
mod interrupted;
mod names;

use crate::cli::{Done, done, pagewalk};
use crate::support::guest::Folder;
use pagewalk::board::{Machine, MachineConfig, MemoryMap};
use pagewalk::hart::status;
use pagewalk::isa::{Isa, Privilege};
use pagewalk::loader::Guest;
use pagewalk::mem::{PhysAddr, VirtAddr};
use pagewalk::mmu::{Access, AccessKind, Entry, Mode, Pte, Satp};
use pagewalk::report::walk::View;
use pagewalk::report::walk::address::{Explanation, OutcomeReport, Question, access_now};
use pagewalk::report::walk::map::MapReport;
use pagewalk::report::walk::names::Names;
use pagewalk::report::walk::tlb::TlbReport;
use pagewalk::report::walk::tree::TreeReport;
use pagewalk::report::walk::who::WhoReport;
use std::path::PathBuf;

const FIRST: &[u8] = include_bytes!("../firmware/first/first.elf");

fn first() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../firmware/first/first.elf")
}

fn own(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../riscv-tests/own/elf").join(name)
}

fn walk(guest: PathBuf, options: &[&str]) -> Done {
    done(pagewalk().arg("walk").arg(guest).args(options))
}

/// That the lines are there, in this order.
#[track_caller]
fn lines(text: &str, expected: &[&str]) {
    let mut rest = text;
    for line in expected {
        match rest.find(line) {
            Some(at) => rest = &rest[at + line.len()..],
            None => panic!("{line:?} is not (or not in this place) in:\n{text}"),
        }
    }
}

#[test]
fn the_first_fault_of_the_built_in_guest() {
    let done = walk(first(), &["--until", "fault"]);
    done.expect(0, &[]);
    lines(
        &done.out,
        &[
            "Stopped at the first page fault: hart 0, ",
            "Load of va:0x0000000040001230 from S-mode: load page fault",
            "the instruction is ld a0,0(a0)",
            "decided by the tables: the entry is not valid (V is clear)",
            "table pa:0x80006000 <root>",
            "  stval  0x40001230",
        ],
    );
    // What the guest prints does not come between.
    assert!(!done.out.contains("Paging is on"));
    assert!(done.err.contains("Paging is on"));
}

#[test]
fn what_changed_between_two_points() {
    let done = walk(first(), &["--diff", "fault", "--until", "end"]);
    done.expect(0, &[]);
    lines(
        &done.out,
        &[
            "from the first page fault",
            "to   the end of the run",
            "added   0000000040001000-0000000040001fff      4 KiB  pa:0x80003000 rw---AD 4 KiB <frame>",
        ],
    );
    let done = walk(first(), &["--diff", "end", "--until", "fault"]);
    done.expect(125, &["--diff, the end of the run, was not reached before"]);
    let done = walk(first(), &["--diff", "fault", "--until", "fault"]);
    assert!(
        done.out
            .contains("nothing: every address is mapped as before")
    );
}

#[test]
fn everything_as_one_json_document() {
    let options = [
        "--until",
        "end",
        "--json",
        "--map",
        "--tree",
        "--tlb",
        "--who",
        "frame",
        "--va",
        "frame+0x8",
        "--diff",
        "fault",
        "--all-roots",
    ];
    let done = walk(first(), &options);
    done.expect(0, &[]);
    let json: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(json["format"], "pagewalk-walk");
    assert_eq!(json["version"], 1);
    assert_eq!(json["overview"]["privilege"], "S");
    assert_eq!(json["roots"][0]["satp"]["root"], "0x80006000");
    assert_eq!(json["addresses"][0]["outcome"]["pa"], "0x80003008");
    assert_eq!(json["maps"][0]["ranges"][0]["va"], "0x40001000");
    assert_eq!(json["maps"][0]["ranges"][0]["letters"], "rw---AD");
    assert_eq!(json["trees"][0]["root"]["entries"][0]["kind"], "not-valid");
    assert_eq!(json["who"][0]["mappings"][0]["va"], "0x40001000");
    assert_eq!(json["diff"]["changes"][0]["kind"], "added");
    assert_eq!(
        json["tlb"]["arrays"][0]["entries"][0]["agreement"],
        "agrees"
    );
}

#[test]
fn without_a_question_there_is_an_overview() {
    let done = walk(first(), &["--until", "page_fault"]);
    done.expect(0, &[]);
    lines(
        &done.out,
        &[
            "Stopped at page_fault: hart 0, ",
            "last trap  load page fault (cause 13) in S-mode at 0x80000064 <read_word>",
            "satp       0x8000000000080006: Sv39, root pa:0x80006000 <root>, ASID 0",
            "the hardware sets A and D",
            "1 GiB mapped in 1 range, by 1 leaf in 1 table",
        ],
    );
}

#[test]
fn paged_user_programs() {
    let guest = || own("pw64ui-v-paging");
    // Code that was moved from where it was linked has its name all the same.
    let done = walk(guest(), &["--until", "fault"]);
    done.expect(0, &[]);
    lines(
        &done.out,
        &[
            "<user_first> from U-mode: instruction page fault",
            "V, X, U and A",
        ],
    );
    let done = walk(guest(), &["--until", "end", "--map", "--all-roots"]);
    done.expect(0, &[]);
    lines(
        &done.out,
        &["1: Sv39, root pa:0x8000c000 <root>", "rwxu-A-", "rwx-gAD"],
    );
    let done = walk(guest(), &["--until", "fault:2", "--asid", "9", "--map"]);
    done.expect(2, &["no address space had it; those seen: 0"]);
    let done = walk(
        guest(),
        &[
            "--until",
            "fault",
            "--root",
            "0x8000b000",
            "--mode",
            "sv39",
            "--map",
        ],
    );
    done.expect(0, &[]);
    assert!(
        done.out
            .contains("root pa:0x8000b000 <middle>, ASID 0 (not the present one)")
    );
}

#[test]
fn wrong_questions() {
    for (options, said) in [
        (&["--until", "fualt"][..], "is it `fault`, the point?"),
        (&["--until", "superviser"], "is it `supervisor`?"),
        (&["--va", "8000abcd"], "an address is written 0x8000abcd"),
        (
            &["--va", "99999999999999999999"],
            "is not a number of at most 64 bits",
        ),
        (
            &["--until", "fault:99999999999999999999"],
            "more than 64 bits can say",
        ),
        (
            &["--until", "fault:abc"],
            "after `:` comes a count, as in fault:2, and `abc` is none",
        ),
        (&["--until", "trap:"], "after `:` comes a count"),
        (&["--until", "end:1"], "a run ends once; write `end`"),
        (&["--until", "10Q"], "no unit `Q`"),
        (&["--until", "5:2"], "comes once"),
        (&["--va", "frame+x"], "`x` is not a number"),
        (
            &["--va", "0x12345678901234567"],
            "is not a number of at most 64 bits",
        ),
        (&["--until", "fault:0"], "the count after `:` starts at 1"),
        (&["--until", ""], "is no point of a run"),
        (&["--root", "0x80000123", "--map"], "a multiple of 0x1000"),
        (&["--hart", "1"], "there are 1"),
        (&["--as", "store"], "--va"),
        (&["--all-roots", "--asid", "1"], "cannot be used with"),
    ] {
        let done = walk(first(), options);
        done.expect(2, &[said]);
        assert_eq!(done.out, "", "{options:?}");
    }
}

#[test]
fn a_point_that_never_comes() {
    let done = walk(first(), &["--until", "fault:3"]);
    done.expect(
        125,
        &["never came to the third page fault (it came once): the guest exited with code 0 after"],
    );
    let done = walk(first(), &["--until", "fault", "--max-instructions", "1000"]);
    done.expect(124, &["the limit of instructions is reached, in S-mode"]);
    let folder = Folder::new();
    let guest = folder.guest("exits", "li a0, 3\nj exit");
    let done = walk(guest, &["--until", "trap"]);
    done.expect(
        125,
        &["never came to the first trap: the guest exited with code 3"],
    );
}

#[test]
fn faults_without_translation() {
    let folder = Folder::new();
    let guest = folder.guest(
        "null",
        "la t0, pass\ncsrw mtvec, t0\nli a0, 0x400\nslli a0, a0, 20\nlw a1, 0(a0)\n",
    );
    let done = walk(guest, &["--until", "access-fault"]);
    done.expect(0, &[]);
    lines(
        &done.out,
        &[
            "Load of va:0x0000000040000000 from M-mode: load access fault",
            "the instruction is lw a1,0(a0)",
            "decided by the memory",
            "M-mode uses physical addresses",
            "there is neither memory nor a device at pa:0x40000000",
            "cause  5 (load access fault)",
            "mtval  0x40000000",
        ],
    );
}

#[test]
fn each_hart_has_its_own_view() {
    let done = walk(first(), &["-p", "2", "--hart", "0", "--until", "fault"]);
    done.expect(0, &[]);
    assert!(done.out.contains("hart 0, "), "{}", done.out);
    let done = walk(first(), &["-p", "2", "--hart", "1", "--until", "100"]);
    done.expect(0, &[]);
    assert!(
        done.out.contains("hart 1, 100 instructions"),
        "{}",
        done.out
    );
}
