//! The sanitizer from outside: `run --check mmu`, its exit code and its files. What it finds and what not is tested
//! beside it.

use crate::cli::{Done, done, pagewalk};
use crate::support::guest::Folder;
use std::path::Path;

/// Maps page 3 through three tables and uses it from M-mode, with MPRV; then `unmap`s it, fences as `fence` says, and
/// uses it again.
fn unmap(fence: &str) -> String {
    format!(
        "
    la t0, pass
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 31
    csrw pmpcfg0, t0
    li s0, 1
    slli s0, s0, 31
    lui t0, 0x100
    add s0, s0, t0
    lui s3, 1
    add s1, s0, s3
    add s2, s1, s3
    add s4, s2, s3
    srli t0, s1, 2
    ori t0, t0, 1
    sd t0, 0(s0)
    srli t0, s2, 2
    ori t0, t0, 1
    sd t0, 0(s1)
    srli t0, s4, 2
    ori t0, t0, 0xc7
    sd t0, 24(s2)
    srli t0, s0, 12
    li t1, 8
    slli t1, t1, 60
    or t0, t0, t1
    csrw satp, t0
    li t0, 1
    slli t0, t0, 11
    csrs mstatus, t0
    lui s5, 0x20
    lui s6, 3
    lui s7, 4
    csrs mstatus, s5
    ld t0, 0(s6)
    ld t0, 0(s6)
    csrc mstatus, s5
unmap:
    sd zero, 24(s2)
fence:
    {fence}
use:
    csrs mstatus, s5
    ld t0, 0(s6)
    ld t0, 0(s6)
    csrc mstatus, s5
    j pass
"
    )
}

/// Changes an instruction and runs it.
fn patch(fence: &str) -> String {
    format!(
        "
    li a0, 0
    la t0, old
    la t1, new
    lw t2, 0(t1)
store:
    sw t2, 0(t0)
    {fence}
old:
    nop
    j pass
new:
    addi a0, a0, 0
"
    )
}

fn check(guest: &Path, options: &[&str]) -> Done {
    done(pagewalk().arg("run").args(options).arg(guest))
}

#[test]
fn a_missing_fence_is_reported_and_can_fail() {
    let folder = Folder::new();
    let guest = folder.guest("guest", &unmap("nop"));
    let said = [
        "unsafe: hart 0 loaded from va:0x3000 through a stale translation",
        "level 0 at pa:0x80102018",
        "<unmap>",
        "<use+0x4>",
        "sfence.vma 0x3000, asid 0 on hart 0",
        "the sanitizer found 1 unsafe; a mistake met again once",
    ];
    check(&guest, &["--check", "mmu"]).expect(0, &said);
    check(&guest, &["--check", "mmu=fail"]).expect(123, &said);
    let plain = check(&guest, &[]);
    plain.expect(0, &[]);
    assert_eq!(plain.err, "");
}

#[test]
fn the_right_fence_is_silent() {
    let folder = Folder::new();
    for fence in [
        "sfence.vma s6, zero",
        "sfence.vma zero, zero",
        "sfence.vma s6, t6",
        "sfence.vma zero, t6",
    ] {
        let guest = folder.guest("guest", &unmap(fence));
        check(&guest, &["--check", "mmu=fail"]).expect(0, &["the sanitizer found nothing"]);
    }
}

#[test]
fn the_wrong_fence_is_explained() {
    let folder = Folder::new();
    for (fence, why) in [
        (
            "sfence.vma s7, zero",
            "it names another page, that of va:0x4000",
        ),
        ("sfence.vma s6, s5", "<fence>"),
        (
            "sfence.vma zero, s6",
            "it names address space 12288, and the translation belongs to 0",
        ),
        ("sfence.vma zero, s6", "sfence.vma x0, asid 12288"),
    ] {
        let guest = folder.guest("guest", &unmap(fence));
        let done = check(&guest, &["--check", "mmu"]);
        if fence.contains("s5") {
            // The low 16 bits of 0x20000 are those of space 0.
            done.expect(0, &["the sanitizer found nothing"]);
        } else {
            done.expect(0, &["near miss", why]);
        }
    }
}

#[test]
fn changed_code_without_a_fence() {
    let folder = Folder::new();
    let guest = folder.guest("guest", &patch("nop"));
    let said = ["stale-code: hart 0 executed", "<old>", "<store>", "fence.i"];
    check(&guest, &["--check", "mmu=fail"]).expect(123, &said);
    let guest = folder.guest("guest", &patch("fence.i"));
    check(&guest, &["--check", "mmu=fail"]).expect(0, &["the sanitizer found nothing"]);
}

#[test]
fn reports_can_be_ignored() {
    let folder = Folder::new();
    let guest = folder.guest("guest", &unmap("nop"));
    for name in ["unsafe", "unmap", "spurious,use"] {
        let options = ["--check", "mmu=fail", "--check-ignore", name];
        let done = check(&guest, &options);
        done.expect(0, &["the sanitizer found nothing; 1 ignored"]);
        assert!(!done.err.contains("missing"), "{}", done.err);
    }
    let options = ["--check", "mmu=fail", "--check-ignore", "nobody"];
    check(&guest, &options).expect(123, &["neither a class of reports nor a function"]);
}

#[test]
fn the_file_has_every_fact() {
    let folder = Folder::new();
    let guest = folder.guest("guest", &unmap("sfence.vma s7, zero"));
    let file = folder.path("check.json");
    let options = ["--check", "mmu", "--check-json", file.to_str().unwrap()];
    check(&guest, &options).expect(0, &[]);
    let json: serde_json::Value = serde_json::from_str(&folder.read("check.json")).unwrap();
    assert_eq!(json["format"], "pagewalk-check");
    assert_eq!(json["version"], 1);
    let report = &json["reports"][0];
    assert_eq!(json["reports"].as_array().unwrap().len(), 1);
    for (path, value) in [
        ("/class", "unsafe"),
        ("/change/at", "0x80102018"),
        ("/change/old", "0x20040cc7"),
        ("/change/new", "0x0"),
        ("/change/by/symbol", "unmap"),
        ("/used/symbol", "use+0x4"),
        ("/used/va", "0x3000"),
        ("/used/access", "load"),
        ("/used/effective_privilege", "S"),
        ("/used/privilege", "M"),
        ("/used/got/pa", "0x80103000"),
        ("/used/tables_say/fault", "not-valid"),
        ("/missing/va", "0x3000"),
        ("/near/va", "0x4000"),
        ("/near/by/symbol", "fence"),
    ] {
        assert_eq!(report.pointer(path).unwrap(), value, "{path}: {report:#}");
    }
    assert_eq!(report["times"], 2);
    assert_eq!(report["change"]["level"], 0);
    assert_eq!(report["missing"]["asid"], 0);
    assert!(report["near"]["asid"].is_null());
}

/// Maps page 3 by an entry with these bits, which `make` stores before paging is on, and uses it.
fn map(bits: &str) -> String {
    unmap("nop")
        .replace(
            "ori t0, t0, 0xc7\n",
            &format!("ori t0, t0, {bits}\nmake:\n"),
        )
        .replace("unmap:\n", "j pass\nunmap:\n")
}

#[test]
fn who_wrote_an_entry_before_paging_is_known() {
    let folder = Folder::new();
    // W without R.
    let guest = folder.guest("guest", &map("0xc5"));
    let done = check(&guest, &["--check", "mmu=fail"]);
    done.expect(123, &["reserved: hart 0 loaded from va:0x3000"]);
    let written = |line: &&str| line.contains("written by");
    let lines: Vec<&str> = done.err.lines().filter(written).collect();
    assert_eq!(lines.len(), 1, "{}", done.err);
    assert!(lines[0].contains("hart 0 #"), "{}", lines[0]);
    assert!(lines[0].contains(" <make>"), "{}", lines[0]);
}

#[test]
fn figures_are_the_same_while_every_store_is_looked_at() {
    let folder = Folder::new();
    let guest = folder.guest("guest", &unmap("sfence.vma zero, zero"));
    let figures = |options: &[&str]| {
        let file = folder.path("stats.json");
        let file = ["--stats-json", file.to_str().unwrap()];
        check(&guest, &[&file[..], options].concat()).expect(0, &[]);
        let mut json: serde_json::Value = serde_json::from_str(&folder.read("stats.json")).unwrap();
        for time in ["seconds", "mips"] {
            json.as_object_mut().unwrap().remove(time);
        }
        json
    };
    assert_eq!(figures(&[]), figures(&["--check", "mmu"]));
}

#[test]
fn what_is_legal_is_told_in_two_lines() {
    let folder = Folder::new();
    let guest = folder.guest("guest", &map("0xcf"));
    let file = folder.path("check.json");
    let options = [
        "--check",
        "mmu=fail",
        "--check-json",
        file.to_str().unwrap(),
    ];
    let done = check(&guest, &options);
    done.expect(0, &["the sanitizer found 1 writable-executable"]);
    let lines: Vec<&str> = done.err.lines().collect();
    assert_eq!(lines.len(), 3, "{}", done.err);
    assert!(lines[0].starts_with("note: writable-executable: the page of va:0x3000"));
    assert!(lines[1].contains("written by hart 0 #") && lines[1].contains("<make>"));
    let json: serde_json::Value = serde_json::from_str(&folder.read("check.json")).unwrap();
    let text = json["reports"][0]["text"].as_str().unwrap();
    assert!(text.lines().count() > 4, "{text}");
}

#[test]
fn without_a_tlb_nothing_can_be_stale() {
    let folder = Folder::new();
    let guest = folder.guest("guest", &unmap("nop"));
    check(&guest, &["--check", "mmu=fail", "--tlb", "off"]).expect(
        0,
        &[
            "with --tlb off no translation is cached, so no forgotten fence can show",
            "the sanitizer found nothing",
        ],
    );
    let cached = check(&guest, &["--check", "mmu"]);
    assert!(!cached.err.contains("--tlb off"), "{}", cached.err);
}

#[test]
fn a_run_that_is_cut_off_may_have_been_about_to_set_a() {
    let folder = Folder::new();
    // A is clear, and the handler only thinks.
    let source = unmap("nop").replace("ori t0, t0, 0xc7", "ori t0, t0, 0x87");
    for (end, code, said) in [
        ("j handler", 124, "the sanitizer found nothing"),
        ("j pass", 0, "1 accessed-never-set"),
    ] {
        let handler = format!("{source}\nhandler:\n    {end}\n");
        let handler = handler.replacen(
            "    csrw satp, t0\n",
            "    csrw satp, t0\n    la t0, handler\n    csrw mtvec, t0\n",
            1,
        );
        let guest = folder.guest("guest", &handler);
        let options = [
            "--check",
            "mmu",
            "--ad",
            "fault",
            "--max-instructions",
            "1000",
        ];
        check(&guest, &options).expect(code, &[said]);
    }
}

#[test]
fn wrong_options_are_refused() {
    let folder = Folder::new();
    let guest = folder.guest("guest", &patch("fence.i"));
    for options in [
        &["--check", "tlb"][..],
        &["--check-json", "x.json"],
        &["--check-ignore", "unsafe"],
    ] {
        check(&guest, options).expect(2, &[]);
    }
}
