//! What the tests share: the fetched files, an initramfs with a script, a run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Where `scripts/guests debian` writes.
pub(crate) fn file(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository().join("target"), PathBuf::from);
    let path = target.join("guests/debian/boot").join(name);
    assert!(
        path.exists(),
        "{} is not there: run scripts/guests debian first",
        path.display()
    );
    path
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Makes an initramfs in this folder that runs the scripts of `TESTS`, and powers off.
pub(crate) fn initrd(folder: &Path) -> PathBuf {
    let initrd = folder.join("initrd");
    let here = repository().join("tests/linux");
    let made = Command::new(repository().join("scripts/initrd"))
        .arg(&initrd)
        .arg("--base")
        .arg(file("initrd"))
        .arg(format!("run.sh={}", here.join("run.sh").display()))
        .arg(format!("tests={}", here.display()))
        .status()
        .unwrap();
    assert!(made.success());
    initrd
}

/// A machine with Debian's kernel that runs scripts of this folder.
pub(crate) struct Machine {
    pub(crate) folder: TempDir,
    arguments: Vec<String>,
    /// The kernel's command line.
    append: String,
    /// How long a run may take.
    limit: Duration,
}

impl Machine {
    /// A machine whose guest runs these scripts, one after the other, and powers off.
    pub(crate) fn new(scripts: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let initrd = initrd(folder.path());
        Self::boot(folder, &initrd).append(&format!("TESTS={scripts}"))
    }

    /// A machine with the image of Debian's root, which gives a login. What it writes is
    /// forgotten.
    pub(crate) fn login() -> Self {
        Self::boot(TempDir::new().unwrap(), &file("initrd")).root()
    }

    fn boot(folder: TempDir, initrd: &Path) -> Self {
        Self {
            folder,
            arguments: vec!["run".to_owned()],
            append: "console=ttyS0 quiet".to_owned(),
            limit: Duration::from_secs(600),
        }
        .option("--kernel")
        .option(&file("Image").display().to_string())
        .option("--initrd")
        .option(&initrd.display().to_string())
        .option("-m")
        .option("512M")
    }

    /// Gives it the image of Debian's root. What it writes there is forgotten.
    pub(crate) fn root(self) -> Self {
        self.append("root=/dev/vda")
            .option("--drive")
            .option(&format!("{},snapshot=on", file("../root.img").display()))
    }

    /// Lets a run take so many minutes.
    pub(crate) fn minutes(mut self, minutes: u64) -> Self {
        self.limit = Duration::from_secs(60 * minutes);
        self
    }

    /// Adds an argument of the command line.
    pub(crate) fn option(mut self, text: &str) -> Self {
        self.arguments.push(text.to_owned());
        self
    }

    /// Adds to the kernel's command line.
    pub(crate) fn append(mut self, text: &str) -> Self {
        self.append = format!("{} {text}", self.append);
        self
    }

    /// The command, which has no input.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagewalk"));
        command
            .args(&self.arguments)
            .args(["--append", &self.append])
            .args(["--timeout", &format!("{}s", self.limit.as_secs())])
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end, which must be a power-off, after scripts of which none failed.
    pub(crate) fn run(&self) -> Run {
        let run = Run::of(&self.command().output().unwrap());
        assert!(run.console.contains("RUN-EXIT 0"), "{run:?}");
        run
    }
}

/// What a run said.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) console: String,
    pub(crate) errors: String,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n{}\n{}", self.console, self.errors)
    }
}

impl Run {
    /// What a run said that ended with exit code 0.
    pub(crate) fn of(output: &Output) -> Self {
        let run = Self {
            console: String::from_utf8_lossy(&output.stdout).replace('\r', ""),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        assert_eq!(output.status.code(), Some(0), "{run:?}");
        run
    }

    /// The rest of the line that begins with a word.
    pub(crate) fn line(&self, word: &str) -> &str {
        let mut lines = self.console.lines();
        let found = lines.find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no line {word}: {self:?}"))
    }
}
