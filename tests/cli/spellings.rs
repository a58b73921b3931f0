//! Options as QEMU spells them.

use super::{done, pagewalk};

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
fn words_of_the_guest_are_not_options() {
    let found = done(pagewalk().args(["run", "guest.elf", "--", "-smp"]));
    assert!(!found.err.contains("QEMU"), "{}", found.err);
}
