//! Linux programs: what they are given of the host.

pub(super) mod needs;

use super::values;
use super::{WrongUse, boot::BASE, output::GuestOutput};
use anyhow::{Context, Result, anyhow};
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use pagewalk::board::{Host, MemoryMap};
use pagewalk::dev::console::{Input, Shared, Stream};
use pagewalk::dev::virtio::VirtioDevice;
use pagewalk::dev::virtio::blk::{Blk, Disk};
use pagewalk::dev::virtio::p9::{ControlFiles, P9, ProgramInput, ProgramOutput, ShareSpec, Tells};
use pagewalk::loader::check_program;
use rustix::termios;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// The memory of a machine for a program, if nothing else is said.
pub(super) const MEMORY: u64 = 512 << 20;

/// Where a program looks for others, if nothing else is said.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a Linux program is given.
#[derive(Args, Debug)]
#[command(next_help_heading = "Linux programs")]
pub(super) struct ProgramArguments {
    /// What the guest is, if Pagewalk's guess is wrong
    #[arg(long = "as", value_enum, value_name = "KIND")]
    pub(super) kind: Option<Kind>,

    /// A folder that the program may use: HOST[:GUEST][,ro]; may be repeated
    ///
    /// It is seen at GUEST, or at the same path as on the host. Without one a program sees nothing
    /// of the host but its own file. A comma in a name is written twice; HOST has no colon.
    #[arg(long, value_name = "FOLDER", value_parser = OsStringValueParser::new().try_map(|text| folder(&text)))]
    dir: Vec<Folder>,

    /// A variable of the program's environment: NAME=VALUE, or NAME to pass on the host's; may be repeated
    ///
    /// Without any there are PATH, HOME and, on a terminal, TERM.
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = OsStringValueParser::new().try_map(|text| variable(&text)))]
    env: Vec<OsString>,

    /// What the program is told to be called [default: as it is named here]
    #[arg(long, value_name = "NAME")]
    argv0: Option<OsString>,

    /// Let programs use more memory than -m says: so much more, in a temporary file
    #[arg(long, value_name = "SIZE", value_parser = swap_size)]
    swap: Option<u64>,

    /// Show each system call on standard error
    #[arg(long)]
    strace: bool,

    /// The kernel that programs run under, in place of Pagewalk's own
    #[arg(long, value_name = "FILE", hide = true)]
    pub(super) supervisor: Option<PathBuf>,
}

/// What a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// An ELF file that starts in machine mode
    Bare,
    /// A kernel, which firmware starts in supervisor mode
    Kernel,
    /// A program for Linux
    Linux,
}

/// A folder as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Folder {
    host: PathBuf,
    guest: Option<PathBuf>,
    read_only: bool,
}

fn folder(text: &OsStr) -> Result<Folder, String> {
    // A comma that is written twice stands for itself, which no path has as NUL.
    let text = replace(text.as_bytes(), b",,", b"\0");
    let whole = |part: &[u8]| -> PathBuf { OsString::from_vec(replace(part, b"\0", b",")).into() };
    let mut parts = text.split(|&byte| byte == b',');
    let place = parts.next().unwrap_or_default();
    let mut read_only = false;
    for part in parts {
        if part != b"ro" {
            return Err(format!(
                "`{}` after the folder is not known (`ro` is; a comma in a name is written `,,`)",
                whole(part).display()
            ));
        }
        read_only = true;
    }
    let colon = place.iter().position(|&byte| byte == b':');
    let (host, guest) = match colon {
        Some(at) => {
            // Wasmtime has two colons.
            let guest = &place[at + 1..];
            let guest = guest.strip_prefix(b":").unwrap_or(guest);
            (whole(&place[..at]), Some(whole(guest)))
        }
        None => (whole(place), None),
    };
    if host.as_os_str().is_empty() {
        return Err("no folder is named".into());
    }
    let guest = guest.map(|guest| match normal(&guest) {
        Some(path) => check_text(path),
        None => Err(format!(
            "`{}`, where the program sees the folder, must begin with /",
            guest.display()
        )),
    });
    Ok(Folder {
        host,
        guest: guest.transpose()?,
        read_only,
    })
}

/// A size that is worth a disk.
fn swap_size(text: &str) -> Result<u64, String> {
    const LEAST: u64 = 1 << 20;
    let is_zero = text.starts_with('0') && !text.contains(|c: char| ('1'..='9').contains(&c));
    match values::size(text) {
        _ if is_zero => Err("there is none without this option: leave it out".into()),
        Ok(size) if size < LEAST => Err(format!("{size} bytes are too few, 1M is the least")),
        other => other,
    }
}

/// A path for the settings, in which each line says one thing.
fn check_text(path: PathBuf) -> Result<PathBuf, String> {
    if path.as_os_str().as_bytes().contains(&b'\n') {
        return Err(format!(
            "`{}` has a line break in it, which the path of a program or a folder must not",
            path.display()
        ));
    }
    Ok(path)
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut done = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from) {
            done.extend_from_slice(to);
            rest = after;
        } else {
            done.push(*first);
            rest = after;
        }
    }
    done
}

fn variable(text: &OsStr) -> Result<OsString, String> {
    if text.is_empty() || text.as_bytes().starts_with(b"=") {
        return Err("a variable is NAME=VALUE or NAME".into());
    }
    if text.as_bytes().contains(&b'=') {
        return Ok(text.to_owned());
    }
    let value = std::env::var_os(text).ok_or("the host's environment has no such variable")?;
    let mut variable = text.to_owned();
    variable.push("=");
    variable.push(value);
    Ok(variable)
}

/// An absolute path without `.`, `..` and needless slashes; nothing of one that is relative. The
/// root's parent is the root.
fn normal(path: &Path) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let mut normal = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => drop(normal.pop()),
            _ => {}
        }
    }
    Some(normal)
}

/// A path from the root on, as it is written if that says where it is.
fn absolute(path: &Path) -> io::Result<PathBuf> {
    // What is before `..` may be a link.
    if path.components().any(|part| part == Component::ParentDir) {
        return path.canonicalize();
    }
    let path = std::path::absolute(path)?;
    Ok(normal(&path).unwrap_or(path))
}

/// A folder that a program sees.
#[derive(Debug)]
struct Mount {
    /// Where it is on the host, as it was named, and without links.
    host: [PathBuf; 2],
    guest: PathBuf,
    read_only: bool,
}

impl Mount {
    fn new(folder: &Folder) -> Result<Self> {
        let named = || format!("--dir: cannot share the folder {}", folder.host.display());
        let real = folder.host.canonicalize().with_context(named)?;
        let named = absolute(&folder.host).with_context(named)?;
        let guest = match &folder.guest {
            Some(guest) => guest.clone(),
            None => {
                check_text(named.clone()).map_err(|error| WrongUse(format!("--dir: {error}")))?
            }
        };
        Ok(Self {
            host: [named, real],
            guest,
            read_only: folder.read_only,
        })
    }

    /// Where a program sees a file of the host, and how much of its path the folder is.
    fn shows(&self, path: &Path) -> Option<(usize, PathBuf)> {
        self.host.iter().find_map(|host| {
            let rest = path.strip_prefix(host).ok()?;
            let length = host.components().count();
            let shown = if rest.as_os_str().is_empty() {
                self.guest.clone()
            } else {
                self.guest.join(rest)
            };
            Some((length, shown))
        })
    }
}

/// The kernel has folders of its own, which would hide others.
fn check_place(mount: &Mount) -> Result<(), WrongUse> {
    let own = ["/dev", "/proc"];
    match own.iter().find(|own| mount.guest.starts_with(own)) {
        None => Ok(()),
        Some(own) => Err(WrongUse(format!(
            "--dir: {} cannot be seen at {}: {own} is the kernel's own; put a colon and another \
             place behind the folder",
            mount.host[0].display(),
            mount.guest.display()
        ))),
    }
}

/// Where a program sees a file of the host, if it does.
fn shown(mounts: &[Mount], path: &Path) -> Option<PathBuf> {
    let all = mounts.iter().filter_map(|mount| mount.shows(path));
    all.max_by_key(|(length, _)| *length).map(|(_, path)| path)
}

/// A program that is to be run.
pub(super) struct Program {
    devices: Vec<Box<dyn VirtioDevice>>,
    consoles: Vec<Shared>,
}

impl ProgramArguments {
    /// The number of virtio devices that a program needs.
    pub(super) fn virtio_count(&self) -> usize {
        const CONTROL: usize = 1;
        CONTROL + self.dir.len() + usize::from(self.swap.is_some())
    }

    /// The option of those here that is given, if one is: they are for programs only.
    pub(super) fn first(&self) -> Option<&'static str> {
        let options = [
            ("--dir", !self.dir.is_empty()),
            ("--env", !self.env.is_empty()),
            ("--argv0", self.argv0.is_some()),
            ("--swap", self.swap.is_some()),
            ("--strace", self.strace),
            ("--supervisor", self.supervisor.is_some()),
        ];
        let given = options.into_iter().find(|(_, given)| *given);
        given.map(|(option, _)| option)
    }

    /// What makes no sense together; `others` are the virtio devices that the machine has besides.
    pub(super) fn check(&self, others: usize) -> Result<(), WrongUse> {
        let count = self.virtio_count() + others;
        let room = MemoryMap::VIRTIO_SLOTS;
        if count > room {
            return Err(WrongUse(format!(
                "the board has {room} slots for virtio devices, and here are {count}: a program \
                 takes one, random numbers take one, and each --dir, --swap, --drive, --share, \
                 --net and --console does; put folders into one and give that with --dir"
            )));
        }
        Ok(())
    }

    /// Opens what the program is given. `words` are its file, as it is named, and its arguments.
    pub(super) fn open(&self, words: &[OsString]) -> Result<Program> {
        let [name, arguments @ ..] = words else {
            return Err(WrongUse("no program is named".into()).into());
        };
        let mounts = self.mounts()?;
        let path = Path::new(name);
        let place = self.place(path, &mounts)?;
        let shown = |file: &Path| mounts.iter().any(|mount| file.starts_with(&mount.guest));
        needs::check_loader(path, shown)?;
        check_program(path)?;
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let called = match &self.argv0 {
            Some(name) => name.clone(),
            None if place.is_found_by(path) => name.clone(),
            None => place.path.clone().into(),
        };
        let mut settings = Vec::new();
        let mut say = |key: &str, value: &OsStr| {
            settings.extend_from_slice(key.as_bytes());
            settings.push(b' ');
            settings.extend_from_slice(value.as_bytes());
            settings.push(b'\n');
        };
        say("path", place.path.as_os_str());
        say("cwd", place.cwd.as_os_str());
        say("base", OsStr::new(&format!("{BASE:#x}")));
        for (index, mount) in mounts.iter().enumerate() {
            let key = if mount.read_only { "mount-ro" } else { "mount" };
            let mut value = OsString::from(format!("dir{index} "));
            value.push(&mount.guest);
            say(key, &value);
        }
        if self.strace {
            say("trace", OsStr::new("1"));
        }
        let (input, output, errors) = (io::stdin(), io::stdout(), io::stderr());
        let streams = [input.as_fd(), output.as_fd(), errors.as_fd()];
        for (number, stream) in streams.iter().enumerate() {
            if stream.is_terminal() {
                say("tty", OsStr::new(&number.to_string()));
            }
        }
        let mut terminals = streams.iter().filter(|stream| stream.is_terminal());
        if let Some(size) = terminals.find_map(|stream| termios::tcgetwinsize(stream).ok()) {
            let size = format!("{} {}", size.ws_row, size.ws_col);
            say("winsize", OsStr::new(&size));
        }
        let shown_on = |to: GuestOutput| Shared::new(Stream::new(Box::new(to), Input::None));
        let outputs = shown_on(GuestOutput::stdout());
        // The name is for the error: standard output has none.
        let error_stream = Stream::new(Box::new(GuestOutput::stderr()), Input::None);
        let error_stream = Shared::new(error_stream.to_file("standard error"));
        let arguments = ended([&called].into_iter().chain(arguments));
        needs::check_words("the list of arguments", &arguments)?;
        let environment = ended(&self.environment());
        needs::check_words("the environment", &environment)?;
        let control = ControlFiles {
            program: file,
            arguments,
            environment,
            settings,
            input: standard_input()?,
            output: ProgramOutput::new(outputs.clone(), tells(output.as_fd())),
            errors: ProgramOutput::new(error_stream.clone(), tells(errors.as_fd())),
        };
        let mut devices: Vec<Box<dyn VirtioDevice>> = vec![Box::new(P9::control(control))];
        for (index, mount) in mounts.iter().enumerate() {
            let [_, folder] = &mount.host;
            let share = ShareSpec {
                folder: folder.clone(),
                read_only: mount.read_only,
                tag: format!("dir{index}"),
            };
            devices.push(Box::new(P9::new(&share).context("--dir")?));
        }
        if let Some(size) = self.swap {
            const MAGIC: &[u8] = b"PWSWAP1\0";
            let disk = Disk::temporary(size, MAGIC).map_err(|error| anyhow!("--swap: {error}"))?;
            devices.push(Box::new(Blk::new(disk, "swap")));
        }
        Ok(Program {
            devices,
            consoles: vec![outputs, error_stream],
        })
    }

    fn mounts(&self) -> Result<Vec<Mount>> {
        let mut mounts: Vec<Mount> = Vec::new();
        for folder in &self.dir {
            let mount = Mount::new(folder)?;
            if let Some(other) = mounts.iter().find(|other| other.guest == mount.guest) {
                return Err(WrongUse(format!(
                    "--dir: {} and {} are both to be seen at {}",
                    other.host[0].display(),
                    mount.host[0].display(),
                    mount.guest.display()
                ))
                .into());
            }
            check_place(&mount)?;
            mounts.push(mount);
        }
        Ok(mounts)
    }

    /// Where a program that the host has at `path` finds itself.
    fn place(&self, path: &Path, mounts: &[Mount]) -> Result<Place> {
        let cannot_open = || format!("cannot open {}", path.display());
        let named = absolute(path).with_context(cannot_open)?;
        // The last name is its own, though it may be a link: programs go by it.
        let folder = named.parent().unwrap_or(Path::new("/"));
        let real = folder.canonicalize().with_context(cannot_open)?;
        let real = real.join(named.file_name().unwrap_or_default());
        let seen = shown(mounts, &named).or_else(|| shown(mounts, &real));
        let found = check_text(seen.unwrap_or(named)).map_err(WrongUse)?;
        let cwd = std::env::current_dir().ok();
        let cwd = cwd.and_then(|cwd| shown(mounts, &cwd));
        let cwd = cwd.filter(|cwd| check_text(cwd.clone()).is_ok());
        Ok(Place {
            visible: cwd.is_some() || mounts.is_empty(),
            path: found,
            cwd: cwd.unwrap_or_else(|| "/".into()),
        })
    }

    /// The variables, each once: a later one takes the place of an earlier.
    fn environment(&self) -> Vec<OsString> {
        let mut all: Vec<OsString> = vec![PATH.into(), "HOME=/".into()];
        if io::stdout().is_terminal()
            && let Some(term) = std::env::var_os("TERM")
        {
            let mut variable = OsString::from("TERM=");
            variable.push(term);
            all.push(variable);
        }
        for given in &self.env {
            match all.iter_mut().find(|old| name(old) == name(given)) {
                Some(old) => old.clone_from(given),
                None => all.push(given.clone()),
            }
        }
        all
    }
}

/// Where a program finds itself.
struct Place {
    path: PathBuf,
    cwd: PathBuf,
    /// Whether relative paths mean the same to it as to the host.
    visible: bool,
}

impl Place {
    /// Whether a program that goes by this name, as the host knows it, finds itself.
    fn is_found_by(&self, path: &Path) -> bool {
        // Without folders there is nothing else to find.
        let lost = !self.visible && path.is_relative();
        !lost && normal(&self.cwd.join(path)).is_some_and(|found| found == self.path)
            || absolute(path).is_ok_and(|found| found == self.path)
    }
}

impl Program {
    /// Gives the machine what the program needs.
    pub(super) fn attach(self, host: &mut Host) {
        host.virtio.splice(0..0, self.devices);
        host.more_consoles.extend(self.consoles);
    }
}

fn name(variable: &OsStr) -> &[u8] {
    let bytes = variable.as_bytes();
    bytes.split(|&byte| byte == b'=').next().unwrap_or(bytes)
}

/// Words, each ended by a NUL.
fn ended<'a>(words: impl IntoIterator<Item = &'a OsString>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in words {
        bytes.extend_from_slice(word.as_bytes());
        bytes.push(0);
    }
    bytes
}

/// Standard input, as a file of its own.
fn standard_input() -> Result<ProgramInput> {
    let input = io::stdin();
    let Ok(copy) = input.as_fd().try_clone_to_owned() else {
        // It is closed.
        return Ok(ProgramInput::none());
    };
    ProgramInput::file(File::from(copy), input.is_terminal()).context("standard input")
}

/// What a program is told of a stream; of one that is closed, that it is a pipe.
fn tells(stream: BorrowedFd<'_>) -> Tells {
    let file = stream.try_clone_to_owned().map(File::from);
    file.and_then(|file| Tells::of(&file))
        .unwrap_or_else(|_| Tells::pipe())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Folder, String> {
        folder(OsStr::new(text))
    }

    fn expected(host: &str, guest: Option<&str>, read_only: bool) -> Result<Folder, String> {
        Ok(Folder {
            host: host.into(),
            guest: guest.map(PathBuf::from),
            read_only,
        })
    }

    #[test]
    fn folders_are_read() {
        assert_eq!(parsed("a/b"), expected("a/b", None, false));
        assert_eq!(parsed("a:/b"), expected("a", Some("/b"), false));
        assert_eq!(parsed("a:/,ro"), expected("a", Some("/"), true));
        assert_eq!(parsed("a,ro"), expected("a", None, true));
        assert_eq!(parsed("a::/b"), expected("a", Some("/b"), false));
        assert_eq!(parsed("a,,b"), expected("a,b", None, false));
        assert_eq!(
            parsed("a:/c//d/../e:f/,ro"),
            expected("a", Some("/c/e:f"), true)
        );
        for (wrong, said) in [
            ("", "no folder"),
            (":/x", "no folder"),
            (",ro", "no folder"),
            ("a:b", "must begin with /"),
            ("a:", "must begin with /"),
            ("a,rw", "`rw`"),
            ("a:/x\ny", "line break"),
        ] {
            let error = parsed(wrong).unwrap_err();
            assert!(error.contains(said), "{wrong}: {error}");
        }
    }

    #[test]
    fn variables_are_read() {
        assert_eq!(variable(OsStr::new("A=b=c")), Ok("A=b=c".into()));
        assert_eq!(variable(OsStr::new("A=")), Ok("A=".into()));
        for wrong in ["", "=x", "PAGEWALK_NO_SUCH_VARIABLE"] {
            assert!(variable(OsStr::new(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(name(OsStr::new("A=b")), b"A");
    }

    #[test]
    fn a_file_is_seen_through_the_innermost_folder() {
        let mount = |host: &str, guest: &str| Mount {
            host: [host.into(), host.into()],
            guest: guest.into(),
            read_only: false,
        };
        let mounts = [mount("/h", "/"), mount("/h/in", "/x/y"), mount("/h2", "/2")];
        for (host, guest) in [
            ("/h/a", Some("/a")),
            ("/h", Some("/")),
            ("/h/in", Some("/x/y")),
            ("/h/in/b", Some("/x/y/b")),
            ("/h/inside", Some("/inside")),
            ("/h2/b", Some("/2/b")),
            ("/other", None),
        ] {
            assert_eq!(
                shown(&mounts, Path::new(host)),
                guest.map(PathBuf::from),
                "{host}"
            );
        }
    }
}
