//! What would mend a fault, when more than one thing is wrong; and what the headline says.

use super::address::{Bench, LAST_ENTRY, LEAF, MIDDLE, MIDDLE_ENTRY, VA, fault};
use super::{first, lines, walk};
use crate::support::guest::Folder;
use pagewalk::isa::Privilege;
use pagewalk::mmu::{AccessKind, Pte};

#[test]
fn every_broken_rule_is_told_and_mended_at_once() {
    let mut bench = Bench::new();
    // Neither may S-mode use the page, nor may it be written.
    bench.put(
        LAST_ENTRY,
        Pte::new(0x81234, Pte::V | Pte::R | Pte::U | Pte::A | Pte::D).0,
    );
    let store = bench.explain(VA, AccessKind::Store, Privilege::Supervisor);
    fault(
        &store,
        "user-page-without-sum",
        15,
        "and with either, set W in",
    );
    lines(
        &store.to_string(),
        &[
            "NO   U is set and SUM is clear",
            "NO   W is clear",
            "yes  A and D are set",
        ],
    );
    // Neither U nor W.
    bench.put(
        LAST_ENTRY,
        Pte::new(0x81234, Pte::V | Pte::R | Pte::A | Pte::D).0,
    );
    let store = bench.explain(VA, AccessKind::Store, Privilege::User);
    fault(
        &store,
        "supervisor-page",
        15,
        "set W and U in the entry at pa:0x80102008",
    );
    lines(&store.to_string(), &["NO   U is clear", "NO   W is clear"]);
    // One rule alone asks for one bit alone.
    let read = bench.explain(VA, AccessKind::Load, Privilege::User);
    fault(&read, "supervisor-page", 13, "set U in the entry");
}

#[test]
fn a_table_that_points_to_itself_is_mended_where_it_does() {
    let mut bench = Bench::new();
    bench.put(MIDDLE_ENTRY, Pte::new(MIDDLE >> 12, Pte::V).0);
    // The walk ends at a good pointer, which is read as an entry of the last level.
    let load = bench.load();
    fault(
        &load,
        "level-exhausted",
        13,
        "the entry at pa:0x80101008 (level 1) points back to the table at pa:0x80101000",
    );
    lines(&load.to_string(), &["mend", "change that entry"]);
    // A pointer at the last level that is none of this: it must become a leaf.
    let load = Bench::with_leaf(Pte::new(0x81234, Pte::V).0);
    fault(&load, "level-exhausted", 13, "set R (and W), or X in");
}

#[test]
fn the_headline_tells_the_tables_and_the_tlb_apart() {
    let mut bench = Bench::new();
    bench.fill();
    bench.put(LAST_ENTRY, 0);
    lines(
        &bench.load().to_string(),
        &[
            "from S-mode: the tables: load page fault; but the TLB still translates it to pa:0x81234234, see below\n",
            "hit: this access goes to pa:0x81234234",
        ],
    );
    bench.put(LAST_ENTRY, Pte::new(0x85678, LEAF).0);
    lines(
        &bench.load().to_string(),
        &["the tables: pa:0x85678234; but the TLB still translates it to pa:0x81234234"],
    );
    let wide = bench.explain(1 << 38, AccessKind::Load, Privilege::Supervisor);
    lines(
        &wide.to_string(),
        &[
            "no table is read",
            "The TLB\n  not asked: the address is not canonical\n",
        ],
    );
}

#[test]
fn an_atomic_operation_in_words() {
    let text = Bench::new()
        .explain(VA, AccessKind::Amo, Privilege::Supervisor)
        .to_string();
    assert!(
        text.contains("May S-mode do this atomic operation?"),
        "{text}"
    );
}

#[test]
fn a_call_to_nowhere_tells_where_it_came_from() {
    let folder = Folder::new();
    let guest = folder.guest(
        "nowhere",
        "la t0, pass\ncsrw mtvec, t0\nli t1, 0\ncaller:\njalr ra, 0(t1)\nj pass\n",
    );
    let done = walk(guest, &["--until", "access-fault"]);
    done.expect(0, &[]);
    lines(
        &done.out,
        &["ra is 0x8000", "<caller+0x4>", "perhaps called from there"],
    );
}

#[test]
fn a_fetch_that_may_not_be_made_is_no_call_to_nowhere() {
    let folder = Folder::new();
    // No PMP entry: U-mode may fetch nothing.
    let guest = folder.guest(
        "named",
        "la t0, pass\ncsrw mtvec, t0\nla ra, pass\nla t0, user\ncsrw mepc, t0\nmret\nuser:\nj pass\n",
    );
    let done = walk(guest, &["--until", "access-fault"]);
    done.expect(0, &[]);
    lines(&done.out, &["<user> from U-mode: instruction access fault"]);
    assert!(!done.out.contains("perhaps called"), "{}", done.out);
}

/// M-mode with MPRV and translation on, which loads across the end of a page: `8(x)` is not mapped.
#[test]
fn the_second_page_of_a_load_and_mprv() {
    let folder = Folder::new();
    let source = "la t0, pass\ncsrw mtvec, t0\nlui s0, 0x80010\nslli s0, s0, 32\nsrli s0, s0, 32\n\
        li t1, -1\ncsrw pmpaddr0, t1\nli t1, 0x1f\ncsrw pmpcfg0, t1\n\
        lui t1, 0x20004\naddi t1, t1, 0x401\nsd t1, 0(s0)\n\
        lui t2, 1\nadd s1, s0, t2\nlui t1, 0x20005\naddi t1, t1, -0x7ff\nsd t1, 0(s1)\n\
        add s1, s1, t2\nlui t1, 0x20000\naddi t1, t1, 0xc7\nsd t1, 0(s1)\n\
        srli t1, s0, 12\nli t0, 1\nslli t0, t0, 63\nor t1, t1, t0\ncsrw satp, t1\n\
        li t1, 1\nslli t1, t1, 11\nlui t0, 0x20\nor t0, t0, t1\ncsrw mstatus, t0\n\
        lui t1, 1\nld a0, -4(t1)\n";
    let done = walk(folder.guest("crossing", source), &["--until", "fault"]);
    done.expect(0, &[]);
    lines(
        &done.out,
        &[
            "Load of va:0x0000000000001000 from M-mode with MPRV set (MPP is S): load page fault",
            "the instruction is ld a0,-4(t1)",
            "this is the second page of a load at va:0xffc",
        ],
    );
}

#[test]
fn numbers_are_addresses_and_counts() {
    let done = walk(first(), &["--until", "end", "--va", "1073746480"]);
    done.expect(0, &[]);
    lines(&done.out, &["Load of va:0x0000000040001230"]);
    let done = walk(first(), &["--until", "1_000"]);
    lines(
        &done.out,
        &["Stopped at 1,000 instructions: hart 0, 1,000 "],
    );
    let done = walk(first(), &["--until", "1k"]);
    lines(
        &done.out,
        &["Stopped at 1,000 instructions: hart 0, 1,000 "],
    );
    let done = walk(first(), &["--until", "1"]);
    lines(&done.out, &["Stopped at 1 instruction: hart 0, 1 "]);
    let done = walk(first(), &["--until", "fault", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    for at in [
        "/overview/trap/number",
        "/addresses/0/happened/trap/number",
        "/addresses/0/outcome/number",
    ] {
        assert_eq!(json.pointer(at), Some(&13.into()), "{at}");
    }
}

#[test]
fn a_range_without_memory_is_marked() {
    let mut bench = Bench::new();
    bench.put(LAST_ENTRY + 8, Pte::new(0x100_0000, LEAF).0);
    bench.put(LAST_ENTRY + 16, Pte::new(0x200_0000 >> 12, LEAF).0);
    // Its registers take less than the page.
    bench.put(LAST_ENTRY + 24, Pte::new(0x1000_0000 >> 12, LEAF).0);
    let text = bench.look(|view| {
        let satp = view.satp();
        pagewalk::report::walk::map::MapReport::new(view, satp).to_string()
    });
    lines(
        &text,
        &[
            "000081234000-",
            "rw---AD\n",
            "(no memory there)\n",
            "(clint)\n",
            "(uart)\n",
        ],
    );
}
