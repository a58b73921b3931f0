//! Options that say what is booted, shared by the commands that run a guest.

use super::WrongUse;
use anyhow::Result;
use clap::Args;
use pagewalk::loader::{BootFiles, FileKind, Firmware, Guest, sniff};
use std::path::{Path, PathBuf};

/// Where the supervisor puts a program that may lie anywhere, as the control folder tells it.
pub(super) const BASE: u64 = 0x2a_aaaa_a000;

/// What is booted.
#[derive(Args, Debug)]
#[command(next_help_heading = "Booting")]
pub(super) struct BootArguments {
    /// Boot a kernel: a Linux Image (or Image.gz), an ELF file, or any file for S-mode at 0x80200000
    ///
    /// The same as to name it as the guest, but for files that do not tell what they are.
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,

    /// The initial RAM disk
    #[arg(long, value_name = "FILE")]
    initrd: Option<PathBuf>,

    /// The kernel's command line
    #[arg(long, value_name = "TEXT")]
    append: Option<String>,

    /// The firmware in M-mode: builtin, none, or a file (ELF, or bytes for 0x80000000)
    ///
    /// A kernel gets Pagewalk's own unless this names another. With none the kernel itself starts
    /// in M-mode.
    #[arg(long, value_name = "FIRMWARE", value_parser = firmware)]
    bios: Option<Firmware>,

    /// A device tree blob to hand over in place of the board's
    ///
    /// It is handed over as it is, so the kernel's command line is its own, in place of --append.
    /// With --initrd it must say where that lies, as the board's does (--dump-dtb).
    #[arg(long, value_name = "FILE")]
    dtb: Option<PathBuf>,

    /// Where names of addresses come from besides the guest: an ELF file, or a System.map
    #[arg(long, value_name = "FILE")]
    symbols: Option<PathBuf>,
}

fn firmware(text: &str) -> Result<Firmware, String> {
    Ok(match text {
        "builtin" | "default" => Firmware::Builtin,
        "none" => Firmware::None,
        "" => return Err("the firmware is builtin, none or a file".into()),
        path => Firmware::File(path.into()),
    })
}

impl BootArguments {
    /// The files that are read, with their options.
    pub(super) fn files(&self) -> [(&'static str, Option<&Path>); 5] {
        let firmware = match &self.bios {
            Some(Firmware::File(path)) => Some(path.as_path()),
            _ => None,
        };
        [
            ("--bios", firmware),
            ("--kernel", self.kernel.as_deref()),
            ("--initrd", self.initrd.as_deref()),
            ("--dtb", self.dtb.as_deref()),
            ("--symbols", self.symbols.as_deref()),
        ]
    }

    /// Whether anything here asks for more than a bare-metal program.
    fn boots(&self) -> bool {
        self.kernel.is_some()
            || self.initrd.is_some()
            || self.append.is_some()
            || self.bios.is_some()
            || self.dtb.is_some()
    }

    /// What the command line names, to be run. `bare` says whether it starts by itself, in
    /// M-mode; without it, the file does.
    pub(super) fn guest(&self, named: Option<&Path>, bare: Option<bool>) -> Result<Guest> {
        self.with_symbols(self.open(named, bare)?)
    }

    /// The kernel for a Linux program, and the program's names. `supervisor` is another one than
    /// our own.
    pub(super) fn supervisor(&self, supervisor: Option<&Path>, program: &Path) -> Result<Guest> {
        /// What our firmware takes for: say nothing but what goes wrong.
        const QUIET: &str = "sbi.quiet";
        let mut guest = Guest::supervisor(&BootFiles {
            kernel: supervisor.map(Path::to_owned),
            firmware: self.bios.clone().unwrap_or_default(),
            initrd: self.initrd.clone(),
            append: Some(match &self.append {
                Some(append) => format!("{append} {QUIET}"),
                None => QUIET.to_owned(),
            }),
            dtb: self.dtb.clone(),
        })?;
        // A stripped program has no names.
        if let Err(error) = guest.add_program(program, BASE) {
            log::debug!(target: pagewalk::trace::LOADER, "{error}");
        }
        self.with_symbols(guest)
    }

    fn with_symbols(&self, mut guest: Guest) -> Result<Guest> {
        if let Some(path) = &self.symbols {
            guest.add_symbols(path)?;
        }
        Ok(guest)
    }

    /// Whether a kernel gets Pagewalk's own firmware.
    pub(super) fn own_firmware(&self) -> bool {
        matches!(self.bios, None | Some(Firmware::Builtin))
    }

    /// Whether a guest is named here.
    pub(super) fn names_guest(&self) -> bool {
        self.kernel.is_some() || self.bios.is_some()
    }

    /// The kernel's command line.
    pub(super) fn append(&self) -> Option<&str> {
        self.append.as_deref()
    }

    /// What makes no sense without a guest.
    pub(super) fn check_without_guest(&self) -> Result<(), WrongUse> {
        if self.initrd.is_some() {
            return Err(WrongUse(
                "where the --initrd lies depends on the kernel: name that too".into(),
            ));
        }
        Ok(())
    }

    /// What a device tree that is handed over as it is must say by itself.
    fn check_tree(&self, guest: &Guest) -> Result<(), WrongUse> {
        let Some(tree) = guest.dtb() else {
            return Ok(());
        };
        if self.append.is_some() {
            return Err(WrongUse(
                "the tree of --dtb is handed over as it is, and --append cannot be put into it: \
                 write the command line into its /chosen, as bootargs"
                    .into(),
            ));
        }
        const INITRD: &[u8] = b"linux,initrd-start\0";
        let says = tree.windows(INITRD.len()).any(|name| name == INITRD);
        if self.initrd.is_some() && !says {
            return Err(WrongUse(
                "the tree of --dtb is handed over as it is, and does not say where the --initrd \
                 lies: its /chosen needs linux,initrd-start and linux,initrd-end, which --dump-dtb \
                 shows if the kernel and the initrd are named with it"
                    .into(),
            ));
        }
        Ok(())
    }

    /// Whether a file that is named as the guest is a Linux program.
    pub(super) fn is_program(&self, named: &Path) -> bool {
        !self.boots() && sniff(named).is_ok_and(|kind| kind == FileKind::LinuxProgram)
    }

    fn open(&self, named: Option<&Path>, bare: Option<bool>) -> Result<Guest> {
        let bare = match (named, bare) {
            (_, Some(bare)) => bare,
            (Some(path), None) if !self.boots() => match sniff(path)? {
                FileKind::Program => true,
                FileKind::LinuxProgram => {
                    return Err(WrongUse(format!(
                        "{} is a program for Linux, which only `pagewalk run` takes",
                        path.display()
                    ))
                    .into());
                }
                _ => false,
            },
            _ => false,
        };
        if let (true, Some(path)) = (bare, named) {
            return Ok(Guest::open(path)?);
        }
        let guest = Guest::boot(&BootFiles {
            kernel: self.kernel.clone().or(named.map(Path::to_owned)),
            firmware: self.bios.clone().unwrap_or_default(),
            initrd: self.initrd.clone(),
            append: self.append.clone(),
            dtb: self.dtb.clone(),
        })?;
        self.check_tree(&guest)?;
        Ok(guest)
    }
}
