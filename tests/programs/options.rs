//! What the command line says of programs, and what is wrong with it.

use super::{own_program, program, run};
use crate::cli::{done, pagewalk};
use crate::support::elf::{Elf, PT_INTERP, R, Segment, X, segment};
use crate::support::guest::Folder;
use std::fs;

#[test]
fn options_for_programs_are_for_programs() {
    let folder = Folder::new();
    let bare = folder.guest("bare", "j pass");
    for option in [
        "--dir=.",
        "--env=A=b",
        "--argv0=x",
        "--swap=64M",
        "--strace",
    ] {
        let name = option.split('=').next().unwrap();
        done(run(&[option]).arg(&bare)).expect(2, &[name, "is for Linux programs"]);
        // Behind a guest that is no program, options are Pagewalk's.
        done(run(&[]).arg(&bare).arg(option)).expect(2, &[name, "is for Linux programs"]);
    }
    done(run(&[]).arg(&bare).arg("word")).expect(2, &["takes no arguments", "`word`"]);
    let missing = bare.with_file_name("missing");
    done(run(&[]).arg(&missing).arg("word")).expect(125, &["missing: cannot be opened"]);
    let both = &mut run(&[]);
    done(both.arg(&bare).args(["word", "--stats"])).expect(2, &["takes no arguments", "`word`"]);
    let stats = done(run(&[]).arg(&bare).args(["--stats", "-m", "64M"]));
    stats.expect(0, &["instructions"]);
    let typo = done(run(&[]).arg(&bare).args(["--stats", "--no-such"]));
    typo.expect(2, &["'--no-such'"]);
}

#[test]
fn a_wrong_guess_is_corrected() {
    let folder = Folder::new();
    let bare = folder.guest("bare", "li a0, 3\n j exit");
    done(run(&["--as", "bare"]).arg(&bare)).expect(3, &[]);
    let given = program("given");
    let wrong = done(run(&["--as", "bare"]).arg(&given));
    wrong.expect(125, &["outside RAM"]);
    done(run(&["--as", "windows"]).arg(&given)).expect(2, &["bare, kernel, linux"]);
    let text = folder.write("text", b"hello");
    done(run(&["--as", "linux"]).arg(&text)).expect(125, &["it is a text file"]);
    let walk = done(pagewalk().arg("walk").arg(&given));
    walk.expect(2, &["a program for Linux", "pagewalk run"]);
}

#[test]
fn a_program_that_needs_a_dynamic_loader_is_told_so() {
    let folder = Folder::new();
    let interpreter = b"/lib/ld-linux-riscv64-lp64d.so.1\0";
    let elf = Elf::new(vec![
        segment(R | X, 0x1_0000, &[0x13, 0, 0, 0]),
        Segment {
            kind: PT_INTERP,
            ..segment(R, 0x400, interpreter)
        },
    ]);
    let path = folder.write("dynamic", &elf.build());
    let said = ["/lib/ld-linux-riscv64-lp64d.so.1", "--dir"];
    done(run(&[]).arg(&path)).expect(2, &said);
    let other = format!("{}:/usr", folder.path("").display());
    done(run(&["--dir", &other]).arg(&path)).expect(2, &said);
}

#[test]
fn a_file_that_cannot_become_a_process_says_why() {
    let folder = Folder::new();
    let code = [0x13, 0, 0, 0];
    let one = |address| Elf::new(vec![segment(R | X, address, &code)]).build();
    let mut cut = one(0x1_0000);
    cut.truncate(cut.len() - 1);
    let many = Elf::new((0..65).map(|n| segment(R, n << 16, &code)).collect()).build();
    for (name, file, said) in [
        ("cut", cut, "truncated: segment 0"),
        (
            "high",
            one(0x40_0000_0000),
            "segment 0 (p_vaddr 0x4000000000",
        ),
        ("low", one(0), "segment 0 (p_vaddr 0x0"),
        ("askew", one(0x1_0001), "p_offset"),
        ("many", many, "e_phnum is 65"),
    ] {
        let path = folder.write(name, &file);
        done(run(&["--as", "linux"]).arg(&path)).expect(125, &[name, said]);
    }
}

#[test]
fn folders_that_cannot_be_shown_are_named() {
    let folder = Folder::new();
    let given = program("given");
    fs::create_dir(folder.path("one")).unwrap();
    let one = folder.path("one").display().to_string();
    let file = folder.write("file", b"").display().to_string();
    let missing = folder.path("missing").display().to_string();
    let twice = [format!("{one}:/x"), format!("{one}:/x/")];
    let own = [format!("{one}:/proc"), format!("{one}:/dev/x")];
    let cases: [(&[&str], i32, &str); 12] = [
        (&["--dir", &missing], 125, "missing"),
        (&["--dir", &file], 125, "Not a directory"),
        (
            &["--dir", &twice[0], "--dir", &twice[1]],
            2,
            "both to be seen at /x",
        ),
        (&["--dir", &one, "--dir", &one], 2, "both to be seen at"),
        (&["--dir", "one:x"], 2, "must begin with /"),
        (&["--dir", "one,rw"], 2, "`rw`"),
        (
            &["--env", "PAGEWALK_NO_SUCH_VARIABLE"],
            2,
            "no such variable",
        ),
        (&["--swap", "much"], 2, "--swap"),
        (&["--swap", "0"], 2, "leave it out"),
        (&["--swap", "4K"], 2, "1M is the least"),
        (&["--dir", &own[0]], 2, "/proc is the kernel's own"),
        (&["--dir", &own[1]], 2, "/dev is the kernel's own"),
    ];
    for (options, code, said) in cases {
        done(run(options).arg(&given)).expect(code, &[said]);
    }
    let many: Vec<String> = (0..7).map(|n| format!("--dir={one}:/{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    done(run(&many).arg(&given)).expect(2, &["8 slots", "here are 9"]);
    done(run(&["--swap", "16000000T"]).arg(&given)).expect(125, &["--swap", "temporary file"]);
}

#[test]
fn the_device_tree_of_a_programs_machine_has_its_devices() {
    let folder = Folder::new();
    let tree = folder.path("tree");
    let nodes = |options: &[&str]| {
        done(
            run(options)
                .arg("--dump-dtb")
                .arg(&tree)
                .arg(program("given")),
        )
        .expect(0, &[]);
        let bytes = fs::read(&tree).unwrap();
        let name = b"virtio,mmio";
        bytes.windows(name.len()).filter(|at| at == name).count()
    };
    let (one, three) = (nodes(&[]), nodes(&["--dir", "/:/x", "--swap", "1M"]));
    assert_eq!(three - one, 2);
}

#[test]
fn a_hart_that_cannot_run_programs_is_refused() {
    let done = done(run(&["--isa", "rv64imac"]).arg(own_program("hello")));
    assert_eq!(done.code, Some(2), "{}", done.out);
    assert!(done.err.contains("F, D are missing"), "{}", done.err);
}
