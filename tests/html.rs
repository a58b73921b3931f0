//! The page of `pagewalk walk --html`: one file, with its data inside, that needs nothing else.
//!
//! If a Chromium is found (`CHROMIUM` names one, or it is on the path), it draws the page too.

use crate::cli::{Done, done, pagewalk};
use crate::support::elf::{Elf, R, W, segment};
use crate::support::guest::{CODE, Folder, guest};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn walk(guest: &Path, options: &[&str]) -> Done {
    done(pagewalk().arg("walk").arg(guest).args(options))
}

/// The page of a guest, and the JSON in it.
fn page(folder: &Folder, guest: &Path, options: &[&str]) -> (String, Value) {
    let file = folder.path("page.html");
    let mut all = vec!["--html", file.to_str().unwrap()];
    all.extend(options);
    walk(guest, &all).expect(0, &[]);
    let page = folder.read("page.html");
    let data = data(&page);
    (page, data)
}

const DATA_BEGINS: &str = r#"<script type="application/json" id="data">"#;

pub(crate) fn data(page: &str) -> Value {
    let (_, rest) = page
        .split_once(DATA_BEGINS)
        .expect("the data has its element");
    let (json, _) = rest.split_once("</script>").expect("which ends");
    serde_json::from_str(json).expect("and holds JSON")
}

/// That the page asks for nothing outside itself, and that its elements end where they should.
#[track_caller]
pub(crate) fn check_frame(page: &str) {
    for outside in [
        "http:", "https:", "src=", "<link", "@import", "url(", "fetch(",
    ] {
        assert!(!page.contains(outside), "{outside} is in the page");
    }
    assert!(page.contains("default-src 'none'"));
    assert_eq!(page.matches("</script>").count(), 2);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</html>").count(), 1);
    assert!(!page.contains("{{"), "a mark of the frame is left");
}

pub(crate) fn list<'a>(value: &'a Value, place: &str) -> &'a Vec<Value> {
    let found = value.pointer(place).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no list at {place}"))
}

fn number(value: &Value, key: &str) -> u64 {
    value[key]
        .as_u64()
        .unwrap_or_else(|| panic!("no number {key}"))
}

/// The accesses of all heat maps.
fn accesses(data: &Value) -> u64 {
    let cells = list(data, "/heat")
        .iter()
        .flat_map(|space| list(space, "/cells"));
    cells
        .flat_map(|cell| (1..4).map(|n| cell[n].as_u64().unwrap()))
        .sum()
}

#[test]
fn the_page_holds_what_the_other_forms_tell() {
    let folder = Folder::new();
    let first = repository("firmware/first/first.elf");
    let (page, data) = page(&folder, &first, &[]);
    check_frame(&page);
    let json = walk(&first, &["--json", "--map", "--tree", "--tlb"]);
    json.expect(0, &[]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    for part in [
        "maps", "trees", "tlb", "overview", "roots", "format", "version",
    ] {
        assert_eq!(data["walk"][part], json[part], "{part}");
        assert!(!json[part].is_null(), "{part}");
    }
    let translated: u64 = list(&data, "/statistics/rows")
        .iter()
        .map(|row| number(row, "first_hits") + number(row, "first_misses"))
        .sum();
    assert!(translated > 100);
    assert_eq!(accesses(&data), translated);
    assert!(list(&data, "/symbols").len() > 3);
    let left_out = data["left_out"].as_object().unwrap();
    assert!(left_out.values().all(|n| *n == 0), "{left_out:?}");
}

/// Names that would be elements, or would end the one that they are in.
const HOSTILE: [&str; 4] = [
    "</script><script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "<!--<script>",
    "{{script}}&amp;\u{2028}'\"",
];

fn hostile() -> Elf {
    let mut elf = guest("j pass");
    for (n, name) in HOSTILE.into_iter().enumerate() {
        elf.symbol(name, CODE + 2 + 4 * n as u64, 1);
    }
    elf
}

#[test]
fn a_symbol_is_never_read_as_html() {
    let folder = Folder::new();
    let path = folder.write("{{data}}<b>&.elf", &hostile().build());
    let (page, data) = page(&folder, &path, &["--until", "0x80000000"]);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(
        page.contains("{{data}}&lt;b&gt;&amp;.elf"),
        "the title is text"
    );
    assert!(!page.contains("<img"));
    let names: Vec<&str> = list(&data, "/symbols")
        .iter()
        .filter_map(|pair| pair[1].as_str())
        .collect();
    assert!(HOSTILE.iter().all(|name| names.contains(name)), "{names:?}");
}

#[test]
fn a_machine_that_never_translates_has_a_page_too() {
    let folder = Folder::new();
    let path = folder.guest("bare", "j pass");
    let (page, data) = page(&folder, &path, &[]);
    check_frame(&page);
    assert_eq!(accesses(&data), 0);
    assert_eq!(data["walk"]["overview"]["satp"]["mode"], "bare");
    assert_eq!(list(&data, "/walk/maps").len(), 1);
    assert_eq!(list(&data, "/walk/maps/0/ranges").len(), 0);
}

/// Where the tables of [`large`] lie, and how many pages they map.
const TABLES: u64 = 0x8010_0000;
const LEAF_TABLES: u64 = 40;
const PAGES: u64 = LEAF_TABLES * 512;

/// A guest with an address space in which no page is like its neighbour. It loads from each once.
fn large() -> Elf {
    let mut entries = vec![0; 512 * (2 + LEAF_TABLES as usize)];
    let pointer = |table: u64| (TABLES + table * 4096) >> 12 << 10 | 1;
    entries[0] = pointer(1);
    for table in 0..LEAF_TABLES {
        entries[512 + table as usize] = pointer(2 + table);
    }
    for page in 0..PAGES {
        let frame = 0x8_0200 + page * 7919 % PAGES;
        entries[1024 + page as usize] = frame << 10 | 0xc3;
    }
    let source = "
        li t0, -1
        csrw pmpaddr0, t0
        li t0, 0x1f
        csrw pmpcfg0, t0
        li t0, 8
        slli t0, t0, 60
        lui t1, 0x80
        addi t1, t1, 0x100
        add t0, t0, t1
        csrw satp, t0
        sfence.vma zero, zero
        # MPRV, with MPP = S.
        lui t0, 0x20
        csrs mstatus, t0
        li t0, 1
        slli t0, t0, 11
        csrs mstatus, t0
        lui t0, 5
        li t1, 0
        lui t2, 1
loop:
        ld t3, 0(t1)
        add t1, t1, t2
        addi t0, t0, -1
        bne t0, zero, loop
        lui t0, 0x20
        csrc mstatus, t0
        j pass
    ";
    let mut elf = guest(source);
    let bytes: Vec<u8> = entries
        .iter()
        .flat_map(|entry: &u64| entry.to_le_bytes())
        .collect();
    elf.segments.push(segment(R | W, TABLES, &bytes));
    elf
}

#[test]
fn a_large_address_space_is_cut_and_the_page_says_so() {
    let folder = Folder::new();
    let path = folder.write("large", &large().build());
    let (page, data) = page(&folder, &path, &["--memory", "256M"]);
    check_frame(&page);
    assert!(page.len() < 16 << 20, "{} bytes", page.len());
    let shown = list(&data, "/walk/maps/0/ranges").len() as u64;
    assert!(shown >= 10_000, "{shown} ranges");
    assert_eq!(shown + number(&data["left_out"], "ranges"), PAGES);
    assert!(list(&data, "/heat/0/cells").len() <= 4096);
    assert_eq!(accesses(&data), PAGES, "no access is lost");
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = Folder::new();
    let first = repository("firmware/first/first.elf");
    let nowhere = folder.path("no/folder/page.html");
    walk(&first, &["--html", nowhere.to_str().unwrap()])
        .expect(125, &["cannot write", "page.html"]);
    let path = folder.guest("guest", "j pass");
    walk(&path, &["--html", path.to_str().unwrap()]).expect(2, &["both the guest and --html"]);
}

// ---- In a browser, if there is one. ----

/// A Chromium: the one that `CHROMIUM` names, or one on the path.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let folders = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&folders)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

/// Draws a page with a script at its end, and returns what the script said.
pub(crate) fn drive(browser: &Path, folder: &Folder, page: &str, script: &str) -> Value {
    let listen = "<script>window.wrong = [];\
        addEventListener('error', (e) => wrong.push(e.message));\
        document.addEventListener('securitypolicyviolation', (e) => wrong.push(e.violatedDirective));</script>";
    let act = format!(
        "<script>{{ let said = null; try {{ said = (() => {{ {script} }})(); }} catch (e) {{ wrong.push(String(e)); }}\
         const text = JSON.stringify({{ said, wrong, title: document.title }});\
         document.body.dataset.said = [...text].map((c) => c.codePointAt(0).toString(16)).join('.'); }}</script>"
    );
    let page = page
        .replacen("<title>", &format!("{listen}<title>"), 1)
        .replace("</body>\n</html>", &format!("{act}</body>\n</html>"));
    let file = folder.write("driven.html", page.as_bytes());
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-quic",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.path("profile").display()
        ))
        .arg("--dump-dom")
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let said = dom.split_once("data-said=\"").map(|(_, rest)| rest);
    let said = said
        .and_then(|rest| rest.split_once('"'))
        .map(|(said, _)| said);
    let said = said.unwrap_or_else(|| {
        panic!(
            "the page did not run:\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    let text: String = said
        .split('.')
        .filter_map(|code| char::from_u32(u32::from_str_radix(code, 16).ok()?))
        .collect();
    serde_json::from_str(&text).unwrap()
}

/// Opens everything, chooses a leaf, walks addresses, and goes through each address space.
pub(crate) const USE: &str = "
    const one = (what) => document.querySelector(what);
    document.querySelectorAll('details').forEach((d) => { d.open = true; });
    let leaf = one('.run.leaf');
    for (let level = 0; !leaf && level < 5; level += 1) {
        const closed = document.querySelectorAll('#tree details');
        closed.forEach((d) => d.fill());
        leaf = one('.run.leaf');
    }
    if (leaf) leaf.click();
    const marked = one('#drawing .selected');
    const walk = (text) => {
        one('#address-input').value = text;
        one('#address-form').requestSubmit();
        const result = one('#address-result');
        return result ? result.textContent : one('#address-body').textContent;
    };
    const walks = [walk(leaf ? leaf.dataset.va : '0'), walk('_start'), walk('0x8000000000000000'), walk('no such')];
    one('input[value=table]')?.click();
    const cells = document.querySelectorAll('#heat-groups .cell').length;
    ['fault', 'miss'].forEach((name) => one(`#heat input[value=${name}]`)?.click());
    const list = one('#space');
    for (let i = 0; i < list.options.length; i += 1) {
        list.value = i;
        list.dispatchEvent(new Event('change'));
    }
    return {
        drawn: document.documentElement.dataset.drawn, walks, cells,
        leaf: leaf && leaf.dataset.va, marked: marked && marked.dataset.va,
    };
";

#[test]
fn a_browser_draws_the_page_without_an_error() {
    let Some(browser) = chromium() else {
        // Past the test harness, which would keep it to itself.
        let said = b"SKIPPED: no chromium on the path, and CHROMIUM names none\n";
        let _ = std::io::stderr().write_all(said);
        return;
    };
    let folder = Folder::new();
    let guests = [
        (repository("firmware/first/first.elf"), "0x80003000"),
        (folder.write("hostile", &hostile().build()), ""),
        (folder.write("large", &large().build()), "0x80200000"),
        (
            repository("riscv-tests/own/elf/pw64si-p-sv48-sv57"),
            "0x80006000",
        ),
        (repository("riscv-tests/own/elf/pw64si-p-svnapot"), ""),
        (repository("riscv-tests/own/elf/pw64si-p-pte-reserved"), ""),
    ];
    for (path, first_leaf) in guests {
        let name = path.display();
        let (page, data) = page(&folder, &path, &[]);
        let result = drive(&browser, &folder, &page, USE);
        assert_eq!(result["wrong"], Value::Array(vec![]), "{name}");
        let said = &result["said"];
        assert_eq!(said["drawn"], "yes", "{name}");
        assert_eq!(
            said["marked"], said["leaf"],
            "{name}: a leaf is shown in the map"
        );
        let title = result["title"].as_str().unwrap();
        assert!(title.contains("Pagewalk"), "{name}: {title}");
        let text = |n: usize| said["walks"][n].as_str().unwrap();
        if !first_leaf.is_empty() {
            assert_eq!(text(0), first_leaf, "{name}: the first leaf");
            assert!(text(2).contains("No table is read"), "{name}: {}", text(2));
            assert!(said["cells"].as_u64() > Some(0), "{name}");
            let first = &list(&data, "/walk/maps/0/ranges")[0];
            assert_eq!(first["va"], said["leaf"], "{name}");
        }
        assert!(
            text(3).contains("neither an address"),
            "{name}: {}",
            text(3)
        );
    }
}
