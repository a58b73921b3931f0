//! Options as QEMU spells them, and options that do not go together.

use super::{done, pagewalk};
use crate::support::guest::Folder;

#[test]
fn qemus_spellings_are_answered_with_ours() {
    for (line, said) in [
        ("-smp 4 Image", "write -p N"),
        ("Image -append console=ttyS0", "--append TEXT"),
        ("-nographic Image", "leave it out"),
        ("-kernel Image", "--kernel FILE"),
        ("-bios none Image", "--bios builtin|none|FILE"),
        ("-drive file=disk.img,format=raw Image", "--drive FILE"),
        ("-initrd initrd Image", "--initrd FILE"),
        ("-dtb tree Image", "--dtb FILE"),
        ("-machine virt Image", "always virt"),
        ("-M virt Image", "always virt"),
        ("-cpu rv64 Image", "--isa ISA"),
        ("-serial stdio Image", "--serial stdio"),
        ("-netdev user,id=net0 Image", "--net user"),
        ("-device virtio-blk-device Image", "--drive"),
    ] {
        let words = line.split(' ');
        done(pagewalk().arg("run").args(words)).expect(2, &["is QEMU's", said]);
    }
}

#[test]
fn lockstep_does_not_pretend_to_compare() {
    let folder = Folder::new();
    let guest = folder.guest("loops", "around:\naddi a0, a0, 1\nj around\n");
    for option in [
        "--check=mmu",
        "--log=trap=info",
        "--profile",
        "--log-commits=/dev/null",
    ] {
        let found = done(
            pagewalk()
                .args(["run", "--engine", "lockstep", option])
                .arg(&guest),
        );
        found.expect(
            2,
            &["compares nothing while", option.split('=').next().unwrap()],
        );
    }
}

#[test]
fn words_of_the_guest_are_not_options() {
    let found = done(pagewalk().args(["run", "guest.elf", "--", "-smp"]));
    assert!(!found.err.contains("QEMU"), "{}", found.err);
}
