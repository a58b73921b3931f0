//! Chrome's trace-event format: one JSON object that its trace viewer and Perfetto open.

use super::counters::Gauges;
use super::record::{Body, Header, Record, Site};
use super::{Time, Writer};
use crate::isa::Privilege;
use crate::mmu::PRIVILEGES;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

#[derive(Default)]
pub(super) struct Chrome {
    /// Whether an event was written.
    begun: bool,
    harts: BTreeSet<usize>,
}

/// The process that stands for a hart. Zero is the idle process of a real system.
pub(super) fn process(hart: usize) -> u64 {
    hart as u64 + 1
}

/// The thread that stands for a privilege of a hart.
pub(super) fn thread(hart: usize, privilege: Privilege) -> u64 {
    process(hart) * 10 + privilege as u64 + 1
}

#[derive(Serialize)]
struct Event<'a> {
    name: &'static str,
    cat: &'static str,
    ph: &'static str,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    /// An instant is drawn on its thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    pid: u64,
    tid: u64,
    args: Arguments<'a>,
}

#[derive(Serialize)]
struct Arguments<'a> {
    insn: u64,
    asid: u16,
    #[serde(flatten)]
    place: &'a Site,
    #[serde(flatten)]
    body: &'a Body,
}

fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}

impl Chrome {
    fn put(&mut self, out: &mut dyn Write, event: &impl Serialize) -> io::Result<()> {
        out.write_all(if self.begun { b",\n" } else { b"\n" })?;
        self.begun = true;
        serde_json::to_writer(out, event)?;
        Ok(())
    }

    /// Names the tracks of a hart.
    fn meet(&mut self, out: &mut dyn Write, hart: usize) -> io::Result<()> {
        if !self.harts.insert(hart) {
            return Ok(());
        }
        let name = |what: &str, thread: u64, name: String| {
            let args = json!({ "name": name });
            json!({"name": what, "ph": "M", "pid": process(hart), "tid": thread, "args": args})
        };
        self.put(out, &name("process_name", 0, format!("hart {hart}")))?;
        for privilege in PRIVILEGES {
            let thread = thread(hart, privilege);
            self.put(
                out,
                &name("thread_name", thread, format!("{privilege}-mode")),
            )?;
        }
        Ok(())
    }
}

impl Writer for Chrome {
    fn begin(&mut self, out: &mut dyn Write, header: &Header) -> io::Result<()> {
        out.write_all(b"{\"displayTimeUnit\":\"ns\",\"otherData\":")?;
        serde_json::to_writer(&mut *out, header)?;
        out.write_all(b",\"traceEvents\":[")
    }

    fn event(&mut self, out: &mut dyn Write, event: &Record, at: Time) -> io::Result<()> {
        self.meet(out, at.hart)?;
        let slice = at.length != 0;
        let event = Event {
            name: event.title,
            cat: event.category,
            ph: if slice { "X" } else { "i" },
            ts: microseconds(at.start),
            dur: slice.then(|| microseconds(at.length)),
            s: (!slice).then_some("t"),
            pid: process(at.hart),
            tid: thread(at.hart, event.spot.privilege),
            args: Arguments {
                insn: event.spot.count,
                asid: event.spot.asid,
                place: &event.place,
                body: &event.body,
            },
        };
        self.put(out, &event)
    }

    fn gauges(&mut self, out: &mut dyn Write, gauges: &Gauges, at: Time) -> io::Result<()> {
        self.meet(out, at.hart)?;
        let arrays = gauges.arrays().map(|(name, n)| (name.to_owned(), n.into()));
        let arrays = Value::Object(arrays.collect());
        let misses = json!({ "misses": gauges.misses });
        for (name, args) in [("TLB entries", arrays), ("TLB misses", misses)] {
            let (ts, pid) = (microseconds(at.start), process(at.hart));
            let event = json!({"name": name, "ph": "C", "ts": ts, "pid": pid, "args": args});
            self.put(out, &event)?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"\n]}\n")
    }
}
