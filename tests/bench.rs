//! The benchmark kernels of firmware/bench, made small: they check themselves and say what they did.

use crate::cli::{done, pagewalk};
use object::{Object, ObjectSection, ObjectSymbol};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The kernels' files.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/bench/elf");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// A copy of a kernel with another scale: thousandths of the work.
fn with_scale(elf: &[u8], scale: u64) -> Vec<u8> {
    let mut copy = elf.to_vec();
    let file = object::File::parse(elf).unwrap();
    let symbol = file.symbol_by_name("bench_scale").unwrap();
    let section = file
        .section_by_index(symbol.section_index().unwrap())
        .unwrap();
    let (offset, _) = section.file_range().unwrap();
    let at = (offset + symbol.address() - section.address()) as usize;
    assert_eq!(copy[at..at + 8], 1000_u64.to_le_bytes());
    copy[at..at + 8].copy_from_slice(&scale.to_le_bytes());
    copy
}

/// What a kernel printed.
#[derive(Debug)]
struct Line {
    name: String,
    instret: u64,
    checksum: String,
}

fn parse(text: &str) -> Option<Line> {
    let mut words = text.strip_suffix(" ok\n")?.split(' ');
    Some(Line {
        name: words.next()?.to_owned(),
        instret: words.next()?.strip_prefix("instret=")?.parse().ok()?,
        checksum: words.next()?.strip_prefix("checksum=0x")?.to_owned(),
    })
}

/// Runs a file, which must say that all is well.
fn run(file: &Path, options: &[&str]) -> Line {
    let done = done(
        pagewalk()
            .args(["run", "-m", "128M", "--stats"])
            .args(options)
            .arg(file),
    );
    let line = parse(&done.out);
    assert_eq!(done.code, Some(0), "{}\n{}", done.out, done.err);
    let line = line.unwrap_or_else(|| panic!("{}", done.out));
    let total = done
        .err
        .lines()
        .find_map(|line| line.strip_prefix("instructions"))
        .unwrap();
    let total: u64 = total.trim().replace(',', "").parse().unwrap();
    assert!(line.instret > 0 && line.instret < total, "{line:?} {total}");
    line
}

#[test]
fn each_kernel_does_the_same_in_every_mode_and_with_every_tlb() {
    let folder = tempfile::tempdir().unwrap();
    let mut checksums = BTreeMap::new();
    let mut instret = BTreeMap::new();
    for file in files() {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let (kernel, mode) = name.rsplit_once('-').unwrap();
        let small = folder.path().join(name);
        fs::write(&small, with_scale(&fs::read(&file).unwrap(), 1)).unwrap();
        let mut machines = vec![["--tlb", "default"]];
        if mode == "sv39" {
            machines.push(["--tlb", "u=2x2,asid=0"]);
        }
        for machine in machines {
            let line = run(&small, &machine);
            assert_eq!(line.name, name);
            let first = checksums
                .entry(kernel.to_owned())
                .or_insert_with(|| line.checksum.clone());
            assert_eq!(*first, line.checksum, "{name} {machine:?}");
            instret.insert(name.to_owned(), line.instret);
        }
    }
    // The work is the same in both modes, to the instruction.
    for kernel in ["integer", "memory-8", "double", "atomic"] {
        let [m, sv39] = ["m", "sv39"].map(|mode| instret[&format!("{kernel}-{mode}")]);
        assert_eq!(m, sv39, "{kernel}");
    }
    assert_eq!(checksums.len(), 12);
}

/// Without its fences a kernel uses old translations, which it finds and says.
#[test]
fn a_wrong_result_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let files = files();
    let file = files.iter().find(|file| file.ends_with("fences-sv39.elf"));
    let mut elf = with_scale(&fs::read(file.unwrap()).unwrap(), 1);
    let mut fences = 0;
    for at in (0..elf.len() - 4).step_by(2) {
        let word = u32::from_le_bytes(elf[at..at + 4].try_into().unwrap());
        // sfence.vma with any registers becomes a nop.
        if word & 0xfe00_7fff == 0x1200_0073 {
            elf[at..at + 4].copy_from_slice(&0x13_u32.to_le_bytes());
            fences += 1;
        }
    }
    assert!(fences >= 5, "{fences}");
    let broken = folder.path().join("broken");
    fs::write(&broken, elf).unwrap();
    let done = done(pagewalk().args(["run", "-m", "128M"]).arg(&broken));
    assert_eq!(done.code, Some(1), "{}\n{}", done.out, done.err);
    assert_eq!(
        done.out,
        "fences-sv39 FAILED: an old translation was used\n"
    );
}
