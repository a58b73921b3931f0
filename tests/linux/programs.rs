//! Debian's programs under our own supervisor, compared with QEMU's user mode where that is there.
//!
//! They need `scripts/guests debian --programs`.

use super::support::file;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A program to run: its name below /usr/bin, its arguments, its standard input.
struct Case {
    words: &'static [&'static str],
    input: &'static str,
    /// What must be in its output, whatever QEMU says.
    says: &'static str,
}

const fn case(words: &'static [&'static str], input: &'static str, says: &'static str) -> Case {
    Case { words, input, says }
}

/// Text for those that read some.
const LINES: &str = "pear 3\napple 10\nfig 7\napple 2\n";

const PYTHON: &str = r#"
import json, re, hashlib, threading, queue
done = queue.Queue()
def work(number):
    done.put((number, hashlib.sha256(str(number).encode()).hexdigest()[:8]))
threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
found = sorted(done.get() for _ in threads)
print(json.dumps(found[:3]), re.findall(r"\d(\w)\d", "1a2 3b4"))
print(hashlib.sha256(b"pagewalk").hexdigest(), 2 ** 100)
"#;

const PYTHON_FILES: &str = r#"
import os, mmap, tempfile, struct
with open("numbers", "wb") as out:
    out.write(struct.pack("<1000I", *range(1000)))
with open("numbers", "r+b") as file:
    view = mmap.mmap(file.fileno(), 0)
    view[0:4] = b"\xff\xff\xff\xff"
    view.flush()
    view.close()
print(struct.unpack("<2I", open("numbers", "rb").read(8)), os.path.getsize("numbers"))
os.rename("numbers", "renamed")
os.mkdir("folder")
os.symlink("renamed", "link")
print(sorted(os.listdir(".")), os.readlink("link"), os.stat("link").st_size)
os.remove("renamed"), os.remove("link"), os.rmdir("folder")
"#;

const PYTHON_FORKS: &str = r#"
import os, signal, sys
read, write = os.pipe()
children = []
for n in range(5):
    child = os.fork()
    if child == 0:
        os.write(write, b"%d\n" % n)
        os._exit(n)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
os.close(write)
print(sorted(os.read(read, 100).split()))
signal.signal(signal.SIGUSR1, lambda *_: print("signal"))
os.kill(os.getpid(), signal.SIGUSR1)
sys.exit(17)
"#;

const SQL: &str = "
create table fruit(name text, count integer);
begin;
insert into fruit values ('pear', 3), ('apple', 10), ('fig', 7), ('apple', 2);
commit;
create index names on fruit(name);
select name, sum(count) from fruit group by name order by 2 desc;
pragma integrity_check;
";

#[rustfmt::skip]
const CASES: &[Case] = &[
    case(&["busybox", "sh", "-c", "seq 1 1000 | grep 7 | sort -rn | head -3; exit 4"], "", "997"),
    case(&["busybox", "awk", "{ sum += $2 } END { print sum }"], LINES, "22"),
    case(&["busybox", "sh"], "for i in a b c; do (echo $i) & wait; done; f() { echo $(($1 * 2)); }; f 21\n", "42"),
    case(&["bash", "-c", "for i in 1 2 3; do echo $i; done | while read x; do echo got $x; done; a=(x y); echo ${a[1]} $((2**40)); exit 9"], "", "1099511627776"),
    case(&["bash-static"], "trap 'echo bye' EXIT\nread -r line <<< 'here'\necho $line\n[[ $line =~ ^h(.)r ]] && echo ${BASH_REMATCH[1]}\n", "bye"),
    case(&["dash", "-c", "x=5; while [ $x -gt 0 ]; do x=$((x-1)); done; echo $x; kill -9 $$"], "", "0"),
    case(&["python3", "-c", PYTHON], "", "1267650600228229401496703205376"),
    case(&["python3", "-c", PYTHON_FILES], "", "(4294967295, 1) 4000"),
    case(&["python3", "-c", PYTHON_FORKS], "", "[0, 1, 2, 3, 4]"),
    case(&["python3", "-"], "import sys\nprint(sys.stdin.fileno(), sys.platform)\nraise SystemExit(3)\n", "linux"),
    case(&["lua5.4", "-e", "local t = {} for i = 1, 10 do t[i] = i * i end print(table.concat(t, ','), math.pi) os.exit(3)"], "", "81,100"),
    case(&["perl", "-e", r#"my %h; while (<>) { my ($k, $v) = split; $h{$k} += $v } print "$_ $h{$_}\n" for sort keys %h; exit 2"#], LINES, "apple 12"),
    case(&["tclsh8.6"], "proc fib n {expr {$n < 2 ? $n : [fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]}}\nputs [fib 15]\n", "610"),
    case(&["sqlite3", "fruit.db"], SQL, "apple|12"),
    case(&["jq", "-c", "[.[] | {name, more: (.count + 1)}] | sort_by(.name)"], r#"[{"name":"b","count":1},{"name":"a","count":2}]"#, r#"{"name":"a","more":3}"#),
    case(&["gawk", "{ count[$1] += $2 } END { for (name in count) print name, count[name] | \"cat\" }"], "one 1\none 2\n", "one 3"),
    case(&["mawk", "BEGIN { printf \"%.10f\\n\", atan2(0, -1) }"], "", "3.1415926536"),
    case(&["sed", "-E", "s/([a-z]+) ([0-9]+)/\\2 \\1/; 2d"], LINES, "3 pear"),
    case(&["grep", "-nE", "^(apple|fig) [0-9]+$"], LINES, "4:apple 2"),
    case(&["sort", "-k2n"], LINES, "apple 2\npear 3\nfig 7\napple 10"),
    case(&["sha256sum"], "pagewalk", "f80b7a9d55120db9"),
    case(&["md5sum"], "", "d41d8cd98f00b204e9800998ecf8427e"),
    case(&["factor"], "1234567891011\n", "1234567891011: 3"),
    case(&["od", "-An", "-tx4"], "abcdefgh", "64636261 68676665"),
    case(&["date", "-u", "-d", "@86400", "+%F %T"], "", "1970-01-02 00:00:00"),
    case(&["expr", "6", "*", "7"], "", "42"),
    case(&["printf", "%s-%05d\\n", "x", "42"], "", "x-00042"),
    case(&["dd", "bs=3", "count=2", "status=none"], "0123456789", "012345"),
    case(&["tr", "a-z", "A-Z"], LINES, "APPLE 10"),
    case(&["cut", "-d", " ", "-f", "2"], LINES, "10"),
    case(&["uniq", "-c"], "a\na\nb\n", "2 a"),
    case(&["bc", "-lq"], "scale=40\n4*a(1)\n", "3.1415926535897932384626433832795028841968"),
    case(&["dc", "-e", "2 200 ^ p"], "", "1606938044258990275541962092341162602522202993782792835301376"),
    case(&["m4"], "define(`twice', `$1 $1')twice(word)\n", "word word"),
    case(&["openssl", "dgst", "-sha3-256"], "", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"),
    case(&["openssl", "enc", "-aes-128-ecb", "-nosalt", "-nopad", "-a", "-K", "000102030405060708090a0b0c0d0e0f"], "\0\x11\"3DUfw01234567", ""),
    case(&["xz", "-9e", "--stdout", "--check=crc32"], LINES, ""),
    case(&["gzip", "-n", "-c"], LINES, ""),
    case(&["bzip2", "-c"], LINES, "BZh"),
    case(&["zstd", "-T2", "-q", "-c"], LINES, ""),
    case(&["hexdump", "-C"], "0123456789abcdef", "30 31 32 33 34 35 36 37"),
    case(&["column", "-t"], LINES, "apple  10"),
    case(&["file", "-b", "-"], "#!/bin/sh\n", "shell script"),
    case(&["false"], "", ""),
    case(&["env", "-i", "A=b", "printenv", "A"], "", "b"),
];

/// Where Debian's programs are.
fn root() -> PathBuf {
    file("../programs")
}

/// `pagewalk run` with Debian's programs as its root, which cannot be changed, and this folder.
fn pagewalk(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pagewalk"));
    command
        .args(["run", "--timeout", "120s", "--dir"])
        .arg(format!("{}:/,ro", root().display()))
        .args(["--dir", ".:/data"])
        .current_dir(folder);
    command
}

/// Runs a command with this input, in a file beside the folder that it works in.
fn run(command: &mut Command, input: &str) -> Output {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    command.stdin(file).output().unwrap()
}

fn program(name: &str) -> PathBuf {
    root().join("usr/bin").join(name)
}

/// The same under QEMU, if it is installed.
fn qemu(folder: &Path, words: &[&str], input: &str) -> Option<Output> {
    let mut command = Command::new("qemu-riscv64");
    command
        .arg("-L")
        .arg(root())
        .args(["-0", words[0]])
        .arg(program(words[0]))
        .args(&words[1..])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(folder);
    let mut installed = Command::new("qemu-riscv64");
    installed.arg("--version").stdout(Stdio::null());
    installed.status().is_ok().then(|| run(&mut command, input))
}

#[test]
#[ignore = "needs scripts/guests debian --programs"]
fn programs_do_what_they_do_under_qemu() {
    let mut wrong = Vec::new();
    for case in CASES {
        let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        let [name, arguments @ ..] = case.words else {
            panic!("no program");
        };
        let command = &mut pagewalk(folders[0].path());
        command
            .args(["--argv0", name])
            .arg(program(name))
            .args(arguments);
        let ours = run(command, case.input);
        let text = String::from_utf8_lossy(&ours.stdout);
        let errors = String::from_utf8_lossy(&ours.stderr);
        if !text.contains(case.says) {
            wrong.push(format!(
                "{:?}: {:?} is not in {text}\n{errors}",
                case.words, case.says
            ));
        }
        let Some(theirs) = qemu(folders[1].path(), case.words, case.input) else {
            continue;
        };
        // QEMU dies of the signal that its program does.
        let signal = std::os::unix::process::ExitStatusExt::signal(&theirs.status);
        let code = theirs.status.code().or(signal.map(|signal| 128 + signal));
        if ours.stdout != theirs.stdout || ours.status.code() != code {
            let theirs = String::from_utf8_lossy(&theirs.stdout);
            wrong.push(format!(
                "{:?}: {:?}, and QEMU {code:?}\n{text}\nand QEMU\n{theirs}\n{errors}",
                case.words,
                ours.status.code()
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        CASES.len(),
        wrong.join("\n")
    );
}

#[test]
#[ignore = "needs scripts/guests debian --programs"]
fn a_shell_that_waits_for_its_input_runs_other_programs_meanwhile() {
    let folder = TempDir::new().unwrap();
    let mut child = pagewalk(folder.path())
        .arg(program("bash"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // The loop goes on while the shell waits for its next line.
    input
        .write_all(b"(for i in 1 2 3 4 5; do echo $i; done >counted) &\n")
        .unwrap();
    let counted = folder.path().join("counted");
    let waited = (0..600).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        fs::read_to_string(&counted).is_ok_and(|text| text == "1\n2\n3\n4\n5\n")
    });
    assert!(waited.is_some());
    input.write_all(b"echo done; exit 6\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert_eq!(output.stdout, b"done\n");
}

#[test]
#[ignore = "needs scripts/guests debian --programs"]
fn tools_work_on_files_of_the_host() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("one"), "a\nb\nc\n").unwrap();
    fs::write(path("two"), "a\nB\nc\n").unwrap();
    fs::write(
        path("Makefile"),
        "all: sum\nsum: one two\n\tcat one two | sort | md5sum >sum\n",
    )
    .unwrap();
    let script = "
        set -e
        diff -u one two >patch || true
        cp one three; patch -s three <patch; cmp two three
        tar cf all.tar one two; mkdir out; tar xf all.tar -C out; cmp one out/one
        find out -type f | sort | xargs wc -l
        ls out | cpio -o --quiet -D out >all.cpio
        gzip -k all.tar; gunzip -c all.tar.gz | cmp - all.tar
        make -s; cat sum
        ln -s one link; readlink link; stat -c '%s %F' link one
        mv three moved; rm moved; rmdir out 2>/dev/null || echo not empty
    ";
    let output = run(
        pagewalk(folder.path())
            .arg(program("bash"))
            .args(["-c", script]),
        "",
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}\n{errors}");
    let expected = " 3 out/one\n 3 out/two\n 6 total\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.ends_with("one\n3 symbolic link\n6 regular file\nnot empty\n"),
        "{text}"
    );
    assert!(!path("moved").exists() && path("link").is_symlink());
    assert_eq!(fs::read(path("out/two")).unwrap(), b"a\nB\nc\n");
}

#[test]
#[ignore = "needs scripts/guests debian --programs"]
fn more_memory_than_there_is_needs_swap() {
    let folder = TempDir::new().unwrap();
    // A pattern that says of each page which it is, checked twice.
    let script = "
size, page = 96 << 20, 4096
memory = bytearray(size)
for at in range(0, size, page):
    memory[at:at + 8] = at.to_bytes(8, 'little')
for _ in range(2):
    for at in range(0, size, page):
        assert memory[at:at + 8] == at.to_bytes(8, 'little'), at
print('right')
";
    let with = |options: &[&str]| {
        let mut command = pagewalk(folder.path());
        command
            .args(["-m", "64M"])
            .args(options)
            .arg(program("python3"));
        run(command.args(["-c", script]), "")
    };
    let output = with(&["--swap", "256M"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.stdout, b"right\n", "{errors}");
    let output = with(&[]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(0), "{errors}");
    assert_eq!(output.stdout, b"");
}

#[test]
#[ignore = "needs scripts/guests debian --programs"]
fn a_program_that_is_killed_says_why() {
    let folder = TempDir::new().unwrap();
    let script = "import ctypes\nctypes.string_at(16)\n";
    let command = &mut pagewalk(folder.path());
    let output = run(command.arg(program("python3")).args(["-c", script]), "");
    let errors = String::from_utf8_lossy(&output.stderr);
    const SIGSEGV: i32 = 11;
    assert_eq!(output.status.code(), Some(128 + SIGSEGV), "{errors}");
    assert!(errors.contains("0x10"), "{errors}");
}

#[test]
#[ignore = "needs scripts/guests debian --programs"]
fn a_file_that_is_given_is_not_changed_by_who_may_only_read() {
    let folder = TempDir::new().unwrap();
    let script = "for f in /etc/debian_version /usr/bin/ls /new; do (echo x >$f) 2>/dev/null && echo wrote $f; done; echo tried";
    let before = fs::read(root().join("etc/debian_version")).unwrap();
    let output = run(
        pagewalk(folder.path())
            .arg(program("dash"))
            .args(["-c", script]),
        "",
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), "tried\n");
    assert_eq!(fs::read(root().join("etc/debian_version")).unwrap(), before);
    assert!(File::open(root().join("new")).is_err());
}
