//! Options that describe the machine, shared by every command that makes one.

use super::values;
use clap::{Args, ValueEnum};
use pagewalk::board::{AdChoice, MAX_HARTS, MachineConfig};
use pagewalk::engine::EngineKind;
use pagewalk::isa::Isa;
use pagewalk::mmu::TlbConfig;

/// The machine.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machine")]
pub(super) struct MachineArguments {
    /// Memory of the guest, from 0x80000000 on [default: 2G; for Linux programs 512M]
    ///
    /// A number with K, M, G or T (or KiB, MiB, GiB, TiB). A plain number is in MiB, as QEMU and
    /// Spike take it. Memory that the guest does not touch costs the host nothing.
    #[arg(short, long, value_name = "SIZE", value_parser = values::size)]
    memory: Option<u64>,

    /// Number of harts, 1 to 8
    ///
    /// They take turns, always in the same way, and share memory and the time. All of them start
    /// at the guest's entry with their number in a0.
    #[arg(short = 'p', long, value_name = "N", default_value_t = 1, value_parser = harts)]
    harts: usize,

    /// Extensions of each hart: an ISA string or a profile
    ///
    /// For example rv64gc, rv64imac_zba_zbb, rva20s64, rva22s64_sstc. Instructions and CSRs of
    /// absent extensions trap. The default is everything that Pagewalk has.
    #[arg(long, value_name = "ISA", value_parser = isa)]
    isa: Option<Isa>,

    /// Who sets the A and D bits of page-table entries
    #[arg(long, value_enum, value_name = "WHO", default_value_t = Ad::Isa)]
    ad: Ad,

    /// How instructions are run
    ///
    /// What the guest does is the same with each, to the instruction. Whatever looks at each instruction
    /// (--log exec, --log-commits, --profile, stops) uses the reference engine by itself, and then
    /// lockstep is refused, as with --check, --log and --trace-mmu.
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = EngineName::Threaded)]
    engine: EngineName,
}

/// The shape of the TLB, for commands that call it `--tlb`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machine")]
pub(super) struct TlbArguments {
    /// The TLB that is modelled: off, a preset, or its arrays
    ///
    /// Presets: default, large, u54, u74, c910. Arrays: u=64x4 (sets x ways) is one for all, i=32x4,d=64x4
    /// are for fetches and for data; l2=1024x8 is a second level. One number, as in d=40, makes an
    /// array fully associative. A colon and fifo, lru, random or random=SEED choose the replacement.
    /// asid=0 to asid=16 is the width of an ASID. Terms after a preset change parts of it: u74,asid=9.
    /// What a correct guest computes does not depend on it; --stats shows what does.
    #[arg(long, value_name = "SPEC", value_parser = tlb)]
    tlb: Option<TlbConfig>,
}

impl TlbArguments {
    /// The shape that the option describes.
    pub(super) fn config(&self) -> TlbConfig {
        self.tlb.unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ad {
    /// As the ISA string says: the hardware, unless it names Svade
    Isa,
    /// The hardware does (Svadu)
    Hardware,
    /// An access that needs them set faults (Svade)
    Fault,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EngineName {
    /// One instruction after the other: fetch, decode, execute
    Reference,
    /// Instructions decoded once, into blocks
    Threaded,
    /// Both side by side, compared after each block; slow, the more so the more memory (-m) there is
    Lockstep,
}

fn harts(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(harts) if (1..=MAX_HARTS).contains(&harts) => Ok(harts),
        _ => Err(format!("a machine has 1 to {MAX_HARTS} harts")),
    }
}

fn isa(text: &str) -> Result<Isa, String> {
    Isa::parse(text).map_err(|error| error.to_string())
}

/// The shape of a TLB.
pub(super) fn tlb(text: &str) -> Result<TlbConfig, String> {
    text.parse()
        .map_err(|error: pagewalk::mmu::TlbSpecError| error.to_string())
}

impl MachineArguments {
    /// Who sets A and D, as the option has it.
    pub(super) fn ad(&self) -> &'static str {
        match self.ad {
            Ad::Isa => "isa",
            Ad::Hardware => "hardware",
            Ad::Fault => "fault",
        }
    }

    /// The machine that the options describe.
    pub(super) fn config(&self) -> MachineConfig {
        const MEMORY: u64 = 2 << 30;
        self.config_with(MEMORY)
    }

    /// The same, with so much memory if they say nothing of it.
    pub(super) fn config_with(&self, memory: u64) -> MachineConfig {
        MachineConfig {
            memory: self.memory.unwrap_or(memory),
            harts: self.harts,
            isa: self.isa.unwrap_or_default(),
            ad: match self.ad {
                Ad::Isa => AdChoice::Isa,
                Ad::Hardware => AdChoice::Hardware,
                Ad::Fault => AdChoice::Fault,
            },
            engine: match self.engine {
                EngineName::Reference => EngineKind::Reference,
                EngineName::Threaded => EngineKind::Threaded,
                EngineName::Lockstep => EngineKind::Lockstep,
            },
            ..MachineConfig::default()
        }
    }
}
