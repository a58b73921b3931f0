//! What is booted: the device tree, and what belongs to it.

use super::{done, kernel, pagewalk};
use crate::support::guest::Folder;

/// Whether a tree has these bytes somewhere.
fn has(tree: &[u8], text: &str) -> bool {
    tree.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn the_device_tree_is_written_without_a_guest() {
    let folder = Folder::new();
    let (tree, console) = (folder.path("tree"), folder.path("console"));
    let serial = format!("file:{}", console.display());
    let command = &mut pagewalk();
    command
        .args(["run", "-p", "2", "-m", "1G", "--append", "some words"])
        .args(["--drive", "no-such-disk", "--serial", &serial]);
    done(command.arg("--dump-dtb").arg(&tree)).expect(0, &[]);
    assert!(!console.exists(), "nothing runs");
    let tree = std::fs::read(tree).unwrap();
    for text in ["cpu@1", "memory@80000000", "virtio@10002000", "some words"] {
        assert!(has(&tree, text), "{text}");
    }
    for text in ["cpu@2", "virtio@10003000", "linux,initrd-start"] {
        assert!(!has(&tree, text), "{text}");
    }
}

#[test]
fn with_a_guest_the_tree_says_what_that_needs() {
    let folder = Folder::new();
    let program = folder.guest("program", "j pass");
    let image = folder.write("Image", &kernel("jal zero, 0x80000040"));
    let initrd = folder.write("initrd", b"070701");
    let dump = |name: &str, options: &[&std::path::Path]| {
        let path = folder.path(name);
        let command = &mut pagewalk();
        command.args(["run", "--dump-dtb"]).arg(&path);
        done(command.args(options)).expect(0, &[]);
        std::fs::read(path).unwrap()
    };
    assert!(has(&dump("program.dtb", &[&program]), "ucb,htif0"));
    let tree = dump("image.dtb", &[&image, "--initrd".as_ref(), &initrd]);
    assert!(has(&tree, "linux,initrd-start") && !has(&tree, "ucb,htif0"));
    let command = &mut pagewalk();
    command.args(["run", "--dump-dtb"]).arg(folder.path("none"));
    done(command.arg("--initrd").arg(&initrd)).expect(2, &["depends on the kernel"]);
}

#[test]
fn a_given_tree_must_say_itself_what_else_is_given() {
    let folder = Folder::new();
    let image = folder.write("Image", &kernel("jal zero, 0x80000040"));
    let initrd = folder.write("initrd", b"070701");
    let dump = |name: &str, more: &[&std::path::Path]| {
        let path = folder.path(name);
        let command = &mut pagewalk();
        command.args(["run", "--dump-dtb"]).arg(&path).arg(&image);
        done(command.args(more)).expect(0, &[]);
        path
    };
    let without = dump("without", &[]);
    let with = dump("with", &["--initrd".as_ref(), &initrd]);
    let run = |tree: &std::path::Path, more: &[&str]| {
        let command = &mut pagewalk();
        command.args(["run", "--max-instructions", "1000", "--dtb"]);
        done(command.arg(tree).args(more).arg(&image))
    };
    let initrd = initrd.display().to_string();
    run(&without, &[]).expect(124, &[]);
    run(&without, &["--append", "quiet"]).expect(2, &["--dtb", "--append", "bootargs"]);
    run(&without, &["--initrd", &initrd]).expect(2, &["--dtb", "--initrd", "linux,initrd-start"]);
    run(&with, &["--initrd", &initrd]).expect(124, &[]);
}
