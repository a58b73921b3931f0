//! The supervisor's own tests on QEMU's machine, with QEMU's firmware, MMU and devices.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long one may take.
const LIMIT: Duration = Duration::from_secs(300);

fn supervisor() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("firmware/supervisor")
}

/// A machine of 64 MiB that runs this program with these arguments, with swap if there is some.
fn machine(folder: &Path, name: &str, arguments: &[&str], swap: u64) -> Command {
    let control = folder.join("control");
    fs::create_dir_all(&control).unwrap();
    let program = supervisor().join("tests/elf").join(name);
    fs::copy(program, control.join("program")).unwrap();
    let words: String = ([name].iter().chain(arguments))
        .map(|word| format!("{word}\0"))
        .collect();
    fs::write(control.join("args"), words).unwrap();
    fs::write(control.join("settings"), "path /program\n").unwrap();
    let mut command = Command::new("qemu-system-riscv64");
    command
        .args(["-M", "virt", "-m", "64M", "-nographic", "-bios", "default"])
        .arg("-kernel")
        .arg(supervisor().join("supervisor.elf"))
        .args(["-global", "virtio-mmio.force-legacy=false"])
        .args(["-device", "virtio-9p-device,fsdev=f0,mount_tag=pagewalk"])
        .arg("-fsdev")
        .arg(format!(
            "local,id=f0,path={},security_model=none",
            control.display()
        ));
    if swap > 0 {
        let path = folder.join("swap");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"PWSWAP1\0").unwrap();
        file.set_len(swap << 20).unwrap();
        command
            .args(["-device", "virtio-blk-device,drive=d0"])
            .arg("-drive")
            .arg(format!("file={},if=none,format=raw,id=d0", path.display()));
    }
    command
}

/// What a machine ends with, and what it said.
fn end(command: &mut Command, folder: &Path) -> (Option<i32>, String) {
    let said = folder.join("said");
    let file = File::create(&said).unwrap();
    command
        .stdin(Stdio::null())
        .stderr(file.try_clone().unwrap());
    let mut child = command.stdout(file).spawn().unwrap();
    let start = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    (
        code,
        String::from_utf8_lossy(&fs::read(said).unwrap()).into_owned(),
    )
}

fn is_installed() -> bool {
    let mut command = Command::new("qemu-system-riscv64");
    let there = command.arg("--version").stdout(Stdio::null()).status();
    if there.is_err() {
        eprintln!("skipped: qemu-system-riscv64 is not installed (Debian: qemu-system-misc)");
    }
    there.is_ok()
}

#[test]
#[ignore = "needs qemu-system-riscv64, and is skipped without it"]
fn the_supervisors_own_tests_pass_on_qemu() {
    if !is_installed() {
        return;
    }
    // Those that need a folder, somebody at a terminal, or little memory are not for this machine.
    let elsewhere = ["escape", "scarce", "window"];
    let mut count = 0;
    for entry in fs::read_dir(supervisor().join("tests/elf")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if elsewhere.contains(&name.as_str()) {
            continue;
        }
        let folder = TempDir::new().unwrap();
        let expected = if name == "hello" { 42 } else { 0 };
        let (code, said) = end(&mut machine(folder.path(), &name, &[], 0), folder.path());
        assert_eq!(code, Some(expected), "{name}: {said}");
        assert!(!said.contains("FAILED"), "{name}: {said}");
        count += 1;
    }
    assert!(count > 10);
}

#[test]
#[ignore = "needs qemu-system-riscv64, and is skipped without it"]
fn more_memory_than_there_is_comes_back_on_qemu() {
    if !is_installed() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let command = &mut machine(folder.path(), "pattern", &["96"], 256);
    let (code, said) = end(command, folder.path());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("pattern: 96 MiB, byte for byte"), "{said}");
}
