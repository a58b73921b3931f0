//! The events of the MMU as a file: JSON lines, or a timeline for Chrome's trace viewer or
//! Perfetto. `docs/trace.md` describes all three.

mod chrome;
mod counters;
mod lines;
mod perfetto;
mod protobuf;
mod record;

pub use record::{Arrays, Header};

use super::filter::Filter;
use super::sighting::{Spot, Watcher};
use crate::engine::Observer;
use crate::hart::{Event, Hart, Interest};
use crate::loader::Guest;
use crate::mmu;
use counters::Gauges;
use record::Record;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a trace file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object on each line.
    Lines,
    /// Chrome's trace-event format.
    Chrome,
    /// Perfetto's own format.
    Perfetto,
}

impl Format {
    /// The format that a file's name asks for.
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Self::Chrome,
            Some("pftrace" | "perfetto-trace") => Self::Perfetto,
            _ => Self::Lines,
        }
    }

    fn writer(self) -> Box<dyn Writer> {
        match self {
            Self::Lines => Box::new(lines::Lines),
            Self::Chrome => Box::new(chrome::Chrome::default()),
            Self::Perfetto => Box::new(perfetto::Perfetto::default()),
        }
    }
}

/// What each format does. Times are nanoseconds of the timeline, on which an instruction takes a
/// microsecond.
trait Writer {
    fn begin(&mut self, out: &mut dyn Write, header: &Header) -> io::Result<()>;

    /// An event, and how long it takes: 0 for what has no length.
    fn event(&mut self, out: &mut dyn Write, event: &Record, at: Time) -> io::Result<()>;

    /// The counters of a hart, if the format has any.
    fn gauges(&mut self, out: &mut dyn Write, gauges: &Gauges, at: Time) -> io::Result<()>;

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

/// When something happened on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Time {
    hart: usize,
    start: u64,
    length: u64,
}

/// What one instruction takes.
const INSTRUCTION: u64 = 1000;
/// What each entry that a walk reads takes, so that a walk can be seen.
const ENTRY: u64 = 20;

/// Whose events a trace file has.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The guest, for names.
    pub guest: &'a Guest,
    /// Hits of the TLB too.
    pub hits: bool,
    /// To be set when the file cannot be written, so that the run ends.
    pub stop: Option<&'static AtomicBool>,
}

/// Writes a trace file.
pub struct TraceFile<'a, W> {
    out: W,
    options: Options<'a>,
    filter: Option<Filter>,
    format: Box<dyn Writer>,
    watcher: Watcher,
    gauges: Vec<Gauges>,
    /// The time of each hart's last event.
    clocks: Vec<u64>,
    error: Option<io::Error>,
}

impl<'a, W: Write> TraceFile<'a, W> {
    /// Begins a file.
    pub fn new(
        out: W,
        format: Format,
        header: &Header,
        filter: Option<Filter>,
        options: Options<'a>,
    ) -> Self {
        let mut file = Self {
            out,
            options,
            filter,
            format: format.writer(),
            watcher: Watcher::default(),
            gauges: Vec::new(),
            clocks: Vec::new(),
            error: None,
        };
        let begun = file.format.begin(&mut file.out, header);
        file.note(begun);
        file
    }

    /// Ends the file and gives the first error that writing it met.
    pub fn finish(mut self) -> io::Result<()> {
        for hart in 0..self.gauges.len() {
            self.tell_gauges(hart, u64::MAX);
        }
        match self.error.take() {
            Some(error) => Err(error),
            None => {
                self.format.end(&mut self.out)?;
                self.out.flush()
            }
        }
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written
            && self.error.is_none()
        {
            self.error = Some(error);
            if let Some(stop) = self.options.stop {
                stop.store(true, Ordering::Relaxed);
            }
        }
    }

    fn mmu(&mut self, hart: &Hart, event: &mmu::Event) {
        if self.error.is_some() {
            return;
        }
        let seen = self.watcher.see(hart, event);
        self.tell_gauges(hart.id, seen.spot.count);
        if let Some(gauges) = self.gauges_of(hart.id) {
            gauges.count(event, seen.spot.count);
        }
        let filtered = |filter: &Filter| !filter.admits(&seen.spot, &seen.about());
        let unwanted = matches!(event, mmu::Event::Hit { .. }) && !self.options.hits;
        if unwanted || self.filter.as_ref().is_some_and(filtered) {
            return;
        }
        let length = match event {
            mmu::Event::Walked { walk, .. } => ENTRY * walk.steps().len().max(1) as u64,
            _ => 0,
        };
        let time = self.time(&seen.spot, length);
        let record = Record::new(&seen, self.options.guest);
        let written = self.format.event(&mut self.out, &record, time);
        self.note(written);
    }

    /// The next free time in an instruction.
    fn time(&mut self, spot: &Spot, length: u64) -> Time {
        if spot.hart >= self.clocks.len() {
            self.clocks.resize(spot.hart + 1, 0);
        }
        let mut start = spot.count.saturating_mul(INSTRUCTION);
        if let Some(clock) = self.clocks.get_mut(spot.hart) {
            start = start.max(*clock);
            *clock = start.saturating_add(length + 1);
        }
        Time {
            hart: spot.hart,
            start,
            length,
        }
    }

    fn gauges_of(&mut self, hart: usize) -> Option<&mut Gauges> {
        if hart >= self.gauges.len() {
            self.gauges.resize_with(hart + 1, Gauges::default);
        }
        self.gauges.get_mut(hart)
    }

    /// Tells the counters of a hart if they changed at an instruction before `count`.
    fn tell_gauges(&mut self, hart: usize, count: u64) {
        let Some(changed) = self.gauges.get_mut(hart).and_then(|it| it.due(count)) else {
            return;
        };
        let start = changed.saturating_mul(INSTRUCTION);
        let clock = self.clocks.get(hart).copied().unwrap_or(0);
        let time = Time {
            hart,
            start: start.max(clock),
            length: 0,
        };
        if self.error.is_none()
            && let Some(gauges) = self.gauges.get(hart)
        {
            let written = self.format.gauges(&mut self.out, gauges, time);
            self.note(written);
        }
    }
}

impl<W: Write> Observer for TraceFile<'_, W> {
    const EVENTS: bool = true;

    fn wants_each_instruction(&self) -> bool {
        false
    }

    fn interest(&self) -> Interest {
        match (self.error.is_some(), self.options.hits) {
            (true, _) => Interest::Nothing,
            (false, true) => Interest::Everything,
            (false, false) => Interest::Slow,
        }
    }

    fn interest_for(&self, hart: &Hart, budget: u64) -> Interest {
        let last = hart.retired.saturating_add(budget);
        let outside = |filter: &Filter| filter.rules_out(hart.retired, last);
        match self.filter.as_ref().is_some_and(outside) {
            // Fills and fences are counted all the time.
            true => self.interest().min(Interest::Slow),
            false => self.interest(),
        }
    }

    fn event(&mut self, hart: &Hart, event: &Event) {
        if let Event::Mmu(event) = event {
            self.mmu(hart, event);
        }
    }
}
