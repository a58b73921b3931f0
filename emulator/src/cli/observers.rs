//! Who watches what `pagewalk run` runs, and the run itself, across resets.

use anyhow::Result;
use pagewalk::board::{Limits, Machine, Stop};
use pagewalk::engine::{Observer, Pair};
use pagewalk::loader::Guest;
use pagewalk::report::check::CheckObserver;
use pagewalk::report::commit_log::CommitLog;
use pagewalk::report::log::LogObserver;
use pagewalk::report::profile::Profiler;
use pagewalk::report::stats::HartStats;
use pagewalk::report::trace_file::TraceFile;
use pagewalk::report::traps::TrapHistory;
use pagewalk::trace;
use std::fs::File;
use std::io::{self, BufWriter};

/// Who watches a run besides the history of traps.
pub(super) struct Observers<'a, 'o, 'p> {
    pub(super) log: Option<LogObserver<'a>>,
    pub(super) trace: Option<&'o mut TraceFile<'a, BufWriter<File>>>,
    pub(super) check: Option<CheckObserver<'o, io::Stderr>>,
    pub(super) commits: Option<&'o mut CommitLog<BufWriter<File>>>,
    pub(super) profiler: Option<&'o mut Profiler<'p>>,
}

impl Observers<'_, '_, '_> {
    /// The option that asked for the first of them, if there is any.
    pub(super) fn first(&self) -> Option<&'static str> {
        let asked = [
            ("--log", self.log.is_some()),
            ("--trace-mmu", self.trace.is_some()),
            ("--check", self.check.is_some()),
            ("--log-commits", self.commits.is_some()),
            ("--profile", self.profiler.is_some()),
        ];
        asked
            .into_iter()
            .find_map(|(option, given)| given.then_some(option))
    }

    /// Runs with the observers that are asked for. The loop is compiled for each of the common cases,
    /// since even an absent observer costs something at each instruction; and loads and stores are
    /// noted only for the commit log.
    pub(super) fn run(self, run: &mut Run<'_>, traps: &mut TrapHistory) -> Result<Stop> {
        match (
            self.log,
            self.trace,
            self.check,
            self.commits,
            self.profiler,
        ) {
            (None, None, None, None, None) => run.until_end(traps),
            (None, None, Some(check), None, None) => run.until_end(&mut Pair(traps, check)),
            (Some(log), None, None, None, None) => run.until_end(&mut Pair(traps, log)),
            (None, None, None, Some(commits), None) => run.until_end(&mut Pair(traps, commits)),
            (None, None, None, None, Some(profiler)) => run.until_end(&mut Pair(traps, profiler)),
            (log, trace, check, None, None) => {
                let events = Pair(log, Pair(trace, check));
                run.until_end(&mut Pair(traps, events))
            }
            (log, trace, check, None, profiler) => {
                let events = Pair(log, Pair(trace, check));
                run.until_end(&mut Pair(traps, Pair(events, profiler)))
            }
            (log, trace, check, Some(commits), profiler) => {
                let events = Pair(log, Pair(trace, check));
                let each = Pair(commits, profiler);
                run.until_end(&mut Pair(traps, Pair(events, each)))
            }
        }
    }
}

/// A run, across the resets that the guest asks for.
pub(super) struct Run<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) guest: &'a Guest,
    pub(super) limits: &'a Limits,
    pub(super) no_reboot: bool,
    /// What the harts did before each reset.
    pub(super) earlier: Vec<Vec<HartStats>>,
}

impl Run<'_> {
    fn until_end<O: Observer>(&mut self, observer: &mut O) -> Result<Stop> {
        loop {
            let stop = self.machine.run(self.limits, observer);
            if stop != Stop::Reset || self.no_reboot {
                return Ok(stop);
            }
            log::info!(target: trace::BOARD, "reset");
            let harts = self.machine.harts().iter();
            self.earlier.push(harts.map(HartStats::new).collect());
            self.machine.reset(self.guest)?;
        }
    }
}
