//! Where a scene plays: machines that its programs run on.

use super::faults::PageFaults;
use super::page;
use super::seen::Seen;
use super::witness::{SharedFile, Witness};
use crate::cli::boot::BASE;
use crate::cli::interrupt;
use anyhow::{Context, Result, anyhow, bail};
use pagewalk::board::{Host, Limits, Machine, MachineConfig, Stop};
use pagewalk::dev::console::{Input, Shared, Stream};
use pagewalk::dev::virtio::blk::{Blk, Disk};
use pagewalk::dev::virtio::p9::{ControlFiles, P9, ProgramInput, ProgramOutput, ShareSpec, Tells};
use pagewalk::dev::virtio::{Traffic, VirtioDevice};
use pagewalk::engine::Pair;
use pagewalk::isa::Privilege;
use pagewalk::loader::{BootFiles, Firmware, Guest};
use pagewalk::mmu::TlbConfig;
use pagewalk::report::check::text;
use pagewalk::report::heat::Heat;
use pagewalk::report::walk::View;
use pagewalk::report::walk::names::Names;
use pagewalk::report::walk::until::Watcher;
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};

/// No program takes as many instructions, and so many for each byte of memory.
const MOST_INSTRUCTIONS: u64 = 100_000_000;
const MOST_FOR_EACH_BYTE: u64 = 64;

/// The name of the file that a program may be given, and the folder that it is in.
pub(super) const FILE_NAME: &str = "note";
const FILE_FOLDER: &str = "/data";

/// What is to be run, and how.
#[derive(Clone, Copy, Default)]
pub(super) struct Task<'a> {
    /// An ELF file from firmware/tour.
    pub(super) program: &'static [u8],
    /// It is a kernel of its own, in supervisor mode, and the sanitizer looks on.
    pub(super) is_kernel: bool,
    /// What it is told besides its name.
    pub(super) arguments: &'a [&'a str],
    /// Another memory or TLB than the scene's.
    pub(super) memory: Option<u64>,
    pub(super) tlb: Option<TlbConfig>,
    /// The size of a disk for swap.
    pub(super) swap: Option<u64>,
    /// What is in a file that it may change; the file's name is then its first argument.
    pub(super) file: Option<&'a [u8]>,
    /// Nobody looks at its marks, so that it runs fast.
    pub(super) is_fast: bool,
    /// The mark at which the scene's page shows the machine; of several, the last.
    pub(super) picture: Option<i64>,
}

/// Where a scene plays.
pub(super) struct Stage<'a> {
    /// The scene's name.
    pub(super) name: &'a str,
    /// What its page is called.
    pub(super) title: String,
    /// Its machine, if a task does not ask for another.
    pub(super) config: MachineConfig,
    /// Whether a page is wanted.
    pub(super) draws: bool,
    /// The page.
    pub(super) page: Option<String>,
}

impl Stage<'_> {
    /// Runs a program to its end.
    pub(super) fn run(&mut self, task: &Task<'_>) -> Result<Seen> {
        let config = MachineConfig {
            memory: task.memory.unwrap_or(self.config.memory),
            tlb: task.tlb.unwrap_or(self.config.tlb),
            check: task.is_kernel,
            ..self.config.clone()
        };
        let picture = task.picture.filter(|_| self.draws);
        let kept = Kept::default();
        let console = Shared::new(Stream::new(Box::new(kept.clone()), Input::None));
        let mut host = Host::new(console.clone());
        let folder = task.file.map(Folder::new).transpose()?;
        let mut disk = Traffic::default();
        let mut file = None;
        let mut guest = if task.is_kernel {
            Guest::from_bytes(self.name, task.program)?
        } else {
            let mut guest = supervisor()?;
            let program = held(self.name, task.program)?;
            if picture.is_some() {
                name_addresses(&mut guest, &program);
            }
            let control = control(self.name, task, program, console);
            host.virtio.push(Box::new(P9::control(control)));
            if let Some(folder) = &folder {
                let (device, shared) = folder.share()?;
                host.virtio.push(device);
                file = Some(shared);
            }
            if let Some(size) = task.swap {
                let device = Blk::new(Disk::temporary(size, b"PWSWAP1\0")?, "swap");
                disk = device.traffic();
                host.virtio.push(Box::new(device));
            }
            guest
        };
        let mut machine = Machine::with_host(&config, &mut guest, host)?;
        let names = Names::new(&guest);
        let mode = match task.is_kernel {
            true => Privilege::Supervisor,
            false => Privilege::User,
        };
        let mut witness = Witness::new(&names, mode, picture, file);
        let mut faults = PageFaults::default();
        let mut drawn = picture.map(|_| (Watcher::new(Vec::new(), None, &names), Heat::default()));
        let for_memory = config.memory.saturating_mul(MOST_FOR_EACH_BYTE);
        let limits = Limits {
            max_instructions: Some(for_memory.saturating_add(MOST_INSTRUCTIONS)),
            stop: Some(interrupt::stop_flag()),
            ..Limits::default()
        };
        let stop = loop {
            let stop = match &mut drawn {
                None if task.is_fast => machine.run(&limits, &mut faults),
                None => machine.run(&limits, &mut Pair(&mut witness, &mut faults)),
                Some((watcher, heat)) => {
                    let draws = Pair(watcher, heat);
                    let all = Pair(&mut witness, Pair(&mut faults, draws));
                    machine.run(&limits, &mut { all })
                }
            };
            let (Stop::Break, Some((watcher, heat))) = (&stop, &drawn) else {
                break stop;
            };
            let (hart, bus) = machine.hart_and_bus(0).context("no hart")?;
            let names = &names;
            let mut view = View { hart, bus, names };
            self.page = Some(page::of_machine(
                &self.title,
                &config,
                &mut view,
                watcher,
                heat,
                &guest,
            )?);
        };
        let printed = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        let printed = String::from_utf8_lossy(&printed).into_owned();
        match stop {
            Stop::Exit(0) => {}
            Stop::Interrupted => bail!("interrupted"),
            other => bail!("the program did not end well: {other:?}\n{printed}"),
        }
        let mut reports = Vec::new();
        if let Some(checker) = machine.checker_mut() {
            checker.finish(true);
            let found = checker.reports().iter();
            reports.extend(found.map(|report| text(report, &guest)));
        }
        Ok(Seen {
            looks: witness.looks,
            heard: witness.heard,
            printed,
            tlb: config.tlb.to_string(),
            faults,
            swap: [disk.read(), disk.written()],
            reports,
        })
    }
}

/// The kernel that programs run under.
fn supervisor() -> Result<Guest> {
    Ok(Guest::supervisor(&BootFiles {
        kernel: None,
        firmware: Firmware::default(),
        initrd: None,
        append: Some("sbi.quiet".into()),
        dtb: None,
    })?)
}

/// A file that is nowhere but in memory.
fn held(name: &str, bytes: &[u8]) -> Result<File> {
    let file = memfd_create(name, MemfdFlags::CLOEXEC).map_err(io::Error::from);
    let mut file = File::from(file.context("cannot hold the program")?);
    file.write_all(bytes).context("cannot hold the program")?;
    Ok(file)
}

/// Gives the guest the names of the program. Without them a page shows numbers.
fn name_addresses(guest: &mut Guest, program: &File) {
    use std::os::fd::AsRawFd;
    let path = PathBuf::from(format!("/proc/self/fd/{}", program.as_raw_fd()));
    if let Err(error) = guest.add_program(&path, BASE) {
        log::debug!(target: pagewalk::trace::LOADER, "{error}");
    }
}

/// What a program is given.
fn control(name: &str, task: &Task<'_>, program: File, console: Shared) -> ControlFiles {
    let mut arguments = format!("{name}\0");
    let mut settings = format!("path /{name}\ncwd /\nbase {BASE:#x}\n");
    if task.file.is_some() {
        arguments.push_str(&format!("{FILE_FOLDER}/{FILE_NAME}\0"));
        settings.push_str(&format!("mount data {FILE_FOLDER}\n"));
    }
    for argument in task.arguments {
        arguments.push_str(argument);
        arguments.push('\0');
    }
    ControlFiles {
        program,
        arguments: arguments.into_bytes(),
        environment: Vec::new(),
        settings: settings.into_bytes(),
        input: ProgramInput::none(),
        output: ProgramOutput::new(console.clone(), Tells::pipe()),
        errors: ProgramOutput::new(console, Tells::pipe()),
    }
}

/// A folder of the host that goes away again, with one file in it.
struct Folder(PathBuf);

impl Folder {
    fn new(bytes: &[u8]) -> Result<Self> {
        let base = std::env::temp_dir();
        let mut number = 0;
        let folder = loop {
            let folder = base.join(format!("pagewalk-tour-{}-{number}", process::id()));
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => break Self(folder),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => {
                    let what = format!("cannot make a folder in {}", base.display());
                    return Err(anyhow!(error).context(what));
                }
            }
        };
        let path = folder.0.join(FILE_NAME);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(folder)
    }

    fn share(&self) -> Result<(Box<dyn VirtioDevice>, SharedFile)> {
        let device = P9::new(&ShareSpec {
            folder: self.0.clone(),
            read_only: false,
            tag: "data".to_owned(),
        })?;
        let shared = SharedFile {
            path: self.0.join(FILE_NAME),
            traffic: device.traffic(),
        };
        Ok((Box::new(device), shared))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in a folder for what is temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An output that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
