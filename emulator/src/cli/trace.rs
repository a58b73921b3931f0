//! Options for the filter of the log and for trace files.

use super::interrupt::stop_flag;
use super::machine::MachineArguments;
use anyhow::{Context, Result};
use clap::Args;
use pagewalk::loader::Guest;
use pagewalk::report::filter::{Expression, Filter, FilterError};
use pagewalk::report::trace_file::{Format, Header, Options, TraceFile};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Narrowing the log, and the trace file.
#[derive(Args, Debug)]
#[command(next_help_heading = "Logging")]
pub(super) struct TraceArguments {
    /// Log and trace only what this admits: 'priv=u,s va=0x4000..0x5000 pc=main insn=1000..2000'
    ///
    /// Terms with spaces between them, all of which must hold: hart=0, priv=u,s, asid=3, va=RANGE,
    /// pa=RANGE, pc=RANGE, insn=RANGE (instructions that the hart has retired). A range is FROM..TO
    /// without TO itself; either may be left out; a number alone is a range of one. Commas separate
    /// values of which one must hold. Addresses may be symbols: `main` is all of it, `main+0x10` is
    /// one address. What has no virtual (physical) address passes no va (pa) term. It narrows the
    /// targets exec, trap, irq, csr and mmu, and --trace-mmu.
    #[arg(long, value_name = "EXPR", value_parser = expression)]
    log_filter: Option<Expression>,

    /// Write what the MMU does to a file: JSON lines, or a timeline (.json, .pftrace)
    ///
    /// Walks, fills, evictions, faults, fences and satp writes. FILE.json is in Chrome's trace-event
    /// format, FILE.pftrace in Perfetto's; both open in Perfetto's viewer, and an instruction takes a
    /// microsecond there. Any other name gives JSON lines.
    #[arg(long, value_name = "FILE")]
    trace_mmu: Option<PathBuf>,

    /// Write hits of the TLB to the trace file too, which makes it large and the run slow
    #[arg(long, requires = "trace_mmu")]
    trace_mmu_hits: bool,
}

fn expression(text: &str) -> Result<Expression, String> {
    Expression::parse(text).map_err(|error| error.to_string())
}

/// The trace file that is being written, and its name.
pub(super) type Trace<'a> = (TraceFile<'a, BufWriter<File>>, &'a Path);

impl TraceArguments {
    /// The trace file.
    pub(super) fn file(&self) -> Option<&Path> {
        self.trace_mmu.as_deref()
    }

    /// The filter, with the guest's symbols, for a machine with so many harts.
    pub(super) fn filter(
        &self,
        guest: &Guest,
        harts: usize,
    ) -> Result<Option<Filter>, FilterError> {
        let Some(expression) = &self.log_filter else {
            return Ok(None);
        };
        expression.check_harts(harts)?;
        expression.resolve(guest.symbols()).map(Some)
    }

    /// Begins the trace file.
    pub(super) fn start<'a>(
        &'a self,
        guest: &'a Guest,
        machine: &MachineArguments,
        filter: Option<Filter>,
    ) -> Result<Option<Trace<'a>>> {
        let Some(path) = self.file() else {
            return Ok(None);
        };
        let file = File::create(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let config = machine.config();
        let mut header = Header::new(guest, &config.tlb);
        header.isa = config.isa.to_string();
        header.memory = config.memory;
        header.ad = machine.ad();
        header.hits = self.trace_mmu_hits;
        let expression = self.log_filter.as_ref();
        header.filter = expression.map(|expression| expression.text().to_owned());
        let options = Options {
            guest,
            hits: self.trace_mmu_hits,
            stop: Some(stop_flag()),
        };
        let out = BufWriter::with_capacity(1 << 16, file);
        let trace = TraceFile::new(out, Format::of(path), &header, filter, options);
        Ok(Some((trace, path)))
    }
}
