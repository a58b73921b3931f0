//! Guest programs written in assembly, assembled by Pagewalk itself.

use super::elf::{Elf, R, W, X, segment};
use pagewalk::isa::{assemble, encode};
use std::path::PathBuf;
use tempfile::TempDir;

/// Where the code starts.
pub(crate) const CODE: u64 = 0x8000_0000;
/// Where the data starts: `tohost`, `fromhost`, then the signature.
pub(crate) const DATA: u64 = 0x8000_1000;
const FROMHOST: u64 = DATA + 0x40;
const SIGNATURE: u64 = DATA + 0x80;

/// Ends the program with the exit code in `a0`, or with check `gp` failed.
const ENDINGS: &str = "
exit:
    slli a0, a0, 1
    ori a0, a0, 1
    la t0, tohost
    sd a0, 0(t0)
1spin:
    j 1spin
fail:
    addi a0, gp, 0
    j exit
pass:
    li a0, 0
    j exit
";

/// A program: labels, instructions, `la REG, LABEL` and `.word N`, one to a line. It can jump to
/// `exit`, `pass` and `fail`.
pub(crate) fn guest(source: &str) -> Elf {
    let source = format!("_start:\n{source}\n{ENDINGS}");
    let lines: Vec<&str> = source
        .lines()
        .map(|line| line.split('#').next().unwrap_or("").trim())
        .filter(|line| !line.is_empty())
        .collect();
    let mut labels = vec![("tohost", DATA), ("signature", SIGNATURE)];
    let mut pc = CODE;
    for line in &lines {
        match line.strip_suffix(':') {
            Some(label) => labels.push((label, pc)),
            None if line.starts_with("la ") => pc += 8,
            None => pc += 4,
        }
    }
    let address = |label: &str| labels.iter().find(|(name, _)| *name == label).map(|l| l.1);
    let mut code = Vec::new();
    for line in lines.iter().filter(|line| !line.ends_with(':')) {
        let pc = CODE + code.len() as u64;
        let mut put = |word: u32| code.extend(word.to_le_bytes());
        if let Some(word) = line.strip_prefix(".word 0x") {
            put(u32::from_str_radix(word, 16).unwrap());
        } else if let Some(operands) = line.strip_prefix("la ") {
            let (register, label) = operands.split_once(", ").unwrap();
            let distance = address(label).unwrap().wrapping_sub(pc) as i64;
            let (high, low) = ((distance + 0x800) >> 12, distance << 52 >> 52);
            put(word(
                &format!("auipc {register}, {:#x}", high & 0xfffff),
                pc,
            ));
            put(word(&format!("addi {register}, {register}, {low}"), pc + 4));
        } else {
            let (rest, last) = line.rsplit_once(' ').unwrap_or((line, ""));
            match address(last) {
                Some(target) => put(word(&format!("{rest} {target:#x}"), pc)),
                None => put(word(line, pc)),
            }
        }
    }
    let mut data = vec![0; 0x80];
    data.extend(1..=20);
    let mut elf = Elf::new(vec![
        segment(R | X, CODE, &code),
        segment(R | W, DATA, &data),
    ]);
    for (name, at) in labels.iter().filter(|(_, at)| *at < DATA) {
        elf.symbol(name, *at, 1);
    }
    elf.symbol("tohost", DATA, 2);
    elf.symbol("fromhost", FROMHOST, 2);
    elf.symbol("begin_signature", SIGNATURE, 2);
    elf.symbol("end_signature", SIGNATURE + 20, 2);
    elf
}

fn word(line: &str, pc: u64) -> u32 {
    let insn = assemble(line, pc).unwrap_or_else(|error| panic!("{line}: {error}"));
    encode(&insn).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// A folder with files in it, gone at the end of the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of a file, which may not be there yet.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, in a folder of its own if the name says so.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a guest program.
    pub(crate) fn guest(&self, name: &str, source: &str) -> PathBuf {
        self.write(name, &guest(source).build())
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}
