//! U-Boot in S-mode loads the kernel from a disk and boots it.

use super::support::{Run, file, initrd};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What is typed. The first key stops U-Boot from booting by itself.
const TYPED: &str = "
load virtio 0:0 ${kernel_addr_r} /Image
load virtio 0:0 ${ramdisk_addr_r} /initrd
setenv bootargs console=ttyS0 quiet TESTS=harts
booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}
";

/// A disk with an ext4 file system, without partitions, in which the kernel and its initramfs are.
fn disk(folder: &Path) -> PathBuf {
    let files = folder.join("files");
    fs::create_dir(&files).unwrap();
    fs::copy(file("Image"), files.join("Image")).unwrap();
    initrd(&files);
    let disk = folder.join("disk.img");
    let path = std::env::var("PATH").unwrap_or_default();
    let made = Command::new("mke2fs")
        // Where Debian has it, which is not on every user's path.
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .args(["-q", "-t", "ext4", "-d"])
        .args([&files, &disk])
        .arg("96M")
        .output()
        .expect("mke2fs (of e2fsprogs)");
    assert!(made.status.success(), "{made:?}");
    disk
}

#[test]
#[ignore = "needs scripts/guests debian"]
fn u_boot_loads_a_kernel_from_a_disk_and_boots_it() {
    let folder = TempDir::new().unwrap();
    let drive = format!("{},ro", disk(folder.path()).display());
    let typed = folder.path().join("typed");
    fs::write(&typed, TYPED).unwrap();
    for firmware in ["builtin".into(), file("fw_jump.bin")] {
        let output = Command::new(env!("CARGO_BIN_EXE_pagewalk"))
            .args(["run", "-m", "512M", "--timeout", "600s", "--drive", &drive])
            .arg("--bios")
            .arg(&firmware)
            .arg("--kernel")
            .arg(file("u-boot.bin"))
            .stdin(File::open(&typed).unwrap())
            .output()
            .unwrap();
        let run = Run::of(&output);
        assert!(run.line("U-Boot").starts_with("20"), "{run:?}");
        assert!(run.line("BOOT-OK").starts_with("Linux 6.12"), "{run:?}");
        assert!(run.console.contains("RUN-EXIT 0"), "{run:?}");
    }
}
