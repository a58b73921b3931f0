//! Our disassembly against GNU objdump's, word for word.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use pagewalk::isa::{
    CSRS, Extension, ExtensionSet, Format, Insn, Op, csr_name, decode, disassemble_word,
};

use super::Random;

const BASE: u64 = 0x8000_0000;
const WORDS_PER_ROW: usize = 340;
const RANDOM_WORDS: usize = 100_000;

/// Extensions whose instructions an objdump knows from this version (times 100) on.
const SINCE: &[(u32, &[Extension])] = {
    use Extension::*;
    &[
        (
            239,
            &[
                I,
                M,
                A,
                F,
                D,
                C,
                Zicsr,
                Zifencei,
                Zicbom,
                Zicbop,
                Zicboz,
                Zihintpause,
                Zba,
                Zbb,
                Zbc,
                Zbs,
                Zbkb,
                Zbkc,
                Zbkx,
                Zfh,
                Zfhmin,
                Zmmul,
                Svinval,
            ],
        ),
        (240, &[Zawrs]),
        (242, &[Zfa, Zicond, Zihintntl, Zca, Zcb, Zcd]),
        (244, &[Zacas, Zabha, Zaamo, Zalrsc, Zimop, Zcmop]),
    ]
};

/// The objdump to ask: `OBJDUMP` in the environment, or the one on the path.
fn objdump() -> Option<PathBuf> {
    let named = std::env::var_os("OBJDUMP").filter(|name| !name.is_empty());
    let program = PathBuf::from(named.unwrap_or_else(|| "riscv64-unknown-elf-objdump".into()));
    Command::new(&program)
        .arg("--version")
        .output()
        .ok()
        .filter(|o| o.status.success())?;
    Some(program)
}

/// `GNU objdump (…) 2.44` is 244.
fn version(program: &PathBuf) -> u32 {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .expect("it ran before");
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text
        .lines()
        .next()
        .and_then(|line| line.rsplit(' ').next())
        .unwrap_or("");
    let mut numbers = last.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    numbers.next().unwrap_or(0) * 100 + numbers.next().unwrap_or(0)
}

/// A relocatable ELF file with one section of code, and the attribute that tells objdump which
/// extensions the code uses. (Of a flat binary objdump would assume RV64GC.)
fn elf(code: &[u8], arch: &str) -> Vec<u8> {
    let names = b"\0.text\0.riscv.attributes\0.shstrtab\0";
    let mut attribute = vec![5];
    attribute.extend_from_slice(arch.as_bytes());
    attribute.push(0);
    let mut attributes = b"A".to_vec();
    attributes.extend_from_slice(&(4 + 6 + 5 + attribute.len() as u32).to_le_bytes());
    attributes.extend_from_slice(b"riscv\0\x01");
    attributes.extend_from_slice(&(5 + attribute.len() as u32).to_le_bytes());
    attributes.extend_from_slice(&attribute);

    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(64, 0);
    let mut headers = vec![0; 64];
    let mut section = |name: u32, kind: u32, flags: u64, address: u64, data: &[u8]| {
        headers.extend_from_slice(&name.to_le_bytes());
        headers.extend_from_slice(&kind.to_le_bytes());
        for value in [
            flags,
            address,
            file.len() as u64,
            data.len() as u64,
            0,
            2,
            0,
        ] {
            headers.extend_from_slice(&value.to_le_bytes());
        }
        // sh_link and sh_info share eight bytes, so seven words make the header.
        file.extend_from_slice(data);
    };
    section(1, 1, 6, BASE, code);
    section(7, 0x7000_0003, 0, 0, &attributes);
    section(25, 3, 0, 0, names);
    let table = file.len() as u64;
    file.extend_from_slice(&headers);
    file[16..18].copy_from_slice(&1u16.to_le_bytes()); // relocatable
    file[18..20].copy_from_slice(&243u16.to_le_bytes()); // RISC-V
    file[20..24].copy_from_slice(&1u32.to_le_bytes());
    file[40..48].copy_from_slice(&table.to_le_bytes());
    file[48..52].copy_from_slice(&5u32.to_le_bytes()); // RVC, double-float ABI
    file[52..54].copy_from_slice(&64u16.to_le_bytes());
    file[58..60].copy_from_slice(&64u16.to_le_bytes());
    file[60..62].copy_from_slice(&4u16.to_le_bytes());
    file[62..64].copy_from_slice(&3u16.to_le_bytes());
    file
}

struct Line {
    at: u64,
    word: u32,
    theirs: String,
    ours: String,
}

/// What objdump writes after the instruction proper: a symbol beside a target, a comment.
fn without_notes(text: &str) -> String {
    let text = text.split(" # ").next().unwrap_or(text);
    let text = text.split(" <").next().unwrap_or(text);
    text.trim_end().to_string()
}

/// Targets: objdump writes `80000010` for our `0x80000010`.
fn same_target(theirs: &str, ours: &str) -> bool {
    let split = |text: &str| {
        let at = text.rfind([',', '\t']).map_or(0, |at| at + 1);
        (text[..at].to_string(), text[at..].to_string())
    };
    let ((a, theirs), (b, ours)) = (split(theirs), split(ours));
    a == b && ours.strip_prefix("0x") == Some(theirs.as_str())
}

fn is_illegal(text: &str) -> bool {
    [".insn", ".word", ".short", ".2byte", ".4byte"]
        .iter()
        .any(|d| text.starts_with(d))
}

/// Why a difference is none of ours, or `None`.
fn explain(line: &Line, set: ExtensionSet, version: u32) -> Option<&'static str> {
    let (theirs, ours) = (line.theirs.as_str(), line.ours.as_str());
    if is_illegal(theirs) && is_illegal(ours) {
        return Some("not an instruction: the directive's spelling differs between versions");
    }
    if line.word == 0x6101 && theirs.ends_with("\tsp,sp,0") {
        return Some("c.addi16sp by 0 is reserved: objdump takes it for an instruction");
    }
    let insn = decode(line.word, set)?;
    if is_illegal(theirs) {
        return match insn.op {
            Op::Fence | Op::FenceI => Some(
                "fences with reserved fields: the manual has hardware ignore them, objdump \
                 takes them for no instruction",
            ),
            Op::FcvtSH | Op::FcvtDH | Op::FcvtDS | Op::FcvtDW | Op::FcvtDWu if insn.rm != 0 => {
                Some("exact conversions with a rounding mode: objdump knows them with 0 alone")
            }
            _ => None,
        };
    }
    if same_but_for_csr(theirs, ours, &insn) {
        return Some("names of CSRs that Pagewalk does not have");
    }
    if version >= 244 {
        return None;
    }
    if !set.has(Extension::Zihintntl) && ours.starts_with("ntl.") {
        return Some("older than Zihintntl");
    }
    let before = without_i(ours);
    if theirs == before || same_but_for_csr(theirs, &before, &insn) {
        return Some("older objdumps write `add` for `addi`, and so on");
    }
    None
}

/// Whether the texts differ in nothing but a CSR that we have no name for.
fn same_but_for_csr(theirs: &str, ours: &str, insn: &Insn) -> bool {
    let csr = matches!(insn.op.row().format, Format::Csr | Format::CsrImmediate);
    let number = format!("{:#x}", insn.imm);
    csr && csr_name(insn.imm as u16).is_none()
        && ours
            .split_once(&number)
            .is_some_and(|(before, after)| theirs.starts_with(before) && theirs.ends_with(after))
}

/// The text without the `i` of immediate in its mnemonic: `add` for `addi`, `sllw` for `slliw`.
fn without_i(text: &str) -> String {
    let Some((mnemonic, operands)) = text.split_once('\t') else {
        return text.into();
    };
    let stem = mnemonic.strip_suffix('i').map(str::to_string);
    let word = mnemonic.strip_suffix("iw").map(|stem| format!("{stem}w"));
    format!("{}\t{operands}", stem.or(word).unwrap_or(mnemonic.into()))
}

#[test]
fn the_text_is_objdumps() {
    let Some(program) = objdump() else {
        // Past the test harness, which would keep it to itself.
        let _ = std::io::stderr().write_all(
            b"SKIPPED: no riscv64-unknown-elf-objdump on the path, and OBJDUMP names none\n",
        );
        return;
    };
    let version = version(&program);
    let known: ExtensionSet = SINCE
        .iter()
        .filter(|(since, _)| *since <= version)
        .flat_map(|(_, extensions)| extensions.iter().copied())
        .collect();
    let arch: Vec<&str> = known
        .iter()
        .map(Extension::name)
        .filter(|name| name.len() > 1)
        .collect();
    let arch = format!("rv64imafdc_{}", arch.join("_"));
    let set = known.closed().with(Extension::S).with(Extension::U);

    let mut random = Random(7);
    let mut code: Vec<(u32, usize)> = Vec::new();
    for row in Op::rows()
        .iter()
        .filter(|row| row.length() == 4 && row.requirement.met_by(set))
    {
        for _ in 0..WORDS_PER_ROW {
            code.push((random.word(row), 4));
        }
    }
    // Random words, most of them no instruction (bits 4:2 all set would be a longer one).
    for _ in 0..RANDOM_WORDS {
        let word = random.next() as u32 | 3;
        code.push((if word >> 2 & 7 == 7 { word ^ 4 } else { word }, 4));
    }
    // Every CSR by its name; and every halfword, compressed instruction or none.
    code.extend(
        CSRS.iter()
            .map(|&(number, _)| (u32::from(number) << 20 | 0x2573, 4)),
    );
    code.extend(
        (0..=u16::MAX)
            .filter(|h| h & 3 != 3)
            .map(|h| (u32::from(h), 2)),
    );
    let bytes: Vec<u8> = code
        .iter()
        .flat_map(|(word, len)| word.to_le_bytes()[..*len].to_vec())
        .collect();

    let path = std::env::temp_dir().join(format!("pagewalk-objdump-{}.o", std::process::id()));
    std::fs::write(&path, elf(&bytes, &arch)).expect("a temporary file");
    let output = Command::new(&program)
        .args(["-d", "-z"])
        .arg(&path)
        .output()
        .expect("it ran before");
    std::fs::remove_file(&path).expect("our own file");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    let text = String::from_utf8_lossy(&output.stdout);

    let mut theirs = text.lines().filter_map(|line| {
        let (at, rest) = line.trim_start().split_once(":\t")?;
        let (_, text) = rest.split_once('\t')?;
        Some((u64::from_str_radix(at, 16).ok()?, without_notes(text)))
    });
    let mut at = BASE;
    let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for &(word, len) in &code {
        let (address, theirs) = theirs.next().expect("a line for each word");
        assert_eq!(
            address, at,
            "objdump took {word:#x} for a longer or shorter instruction"
        );
        let line = Line {
            at,
            word,
            theirs,
            ours: disassemble_word(word, set, at),
        };
        at += len as u64;
        if line.theirs == line.ours || same_target(&line.theirs, &line.ours) {
            continue;
        }
        match explain(&line, set, version) {
            Some(reason) => *explained.entry(reason).or_default() += 1,
            None => differences.push(line),
        }
    }
    println!(
        "objdump {version}: {} words compared, {} differences",
        code.len(),
        differences.len()
    );
    for (reason, count) in &explained {
        println!("{count:6} {reason}");
    }
    let shown: Vec<String> = differences
        .iter()
        .map(|l| {
            format!(
                "{:x}: {:08x} `{}` but objdump `{}`",
                l.at, l.word, l.ours, l.theirs
            )
        })
        .collect();
    assert!(
        shown.is_empty(),
        "{} differences\n{}",
        shown.len(),
        shown.join("\n")
    );
}
