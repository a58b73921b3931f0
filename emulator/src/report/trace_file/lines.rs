//! JSON lines: a header, then an object for each event.

use super::counters::Gauges;
use super::record::{Body, Header, Record, Site};
use super::{Time, Writer};
use serde::Serialize;
use std::io::{self, Write};

pub(super) struct Lines;

#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    hart: usize,
    insn: u64,
    #[serde(rename = "priv")]
    privilege: char,
    asid: u16,
    #[serde(flatten)]
    place: &'a Site,
    #[serde(flatten)]
    body: &'a Body,
}

fn line(out: &mut dyn Write, object: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}

impl Writer for Lines {
    fn begin(&mut self, out: &mut dyn Write, header: &Header) -> io::Result<()> {
        line(out, header)
    }

    fn event(&mut self, out: &mut dyn Write, event: &Record, _: Time) -> io::Result<()> {
        let spot = &event.spot;
        let object = Line {
            event: event.name,
            hart: spot.hart,
            insn: spot.count,
            privilege: spot.privilege.letter(),
            asid: spot.asid,
            place: &event.place,
            body: &event.body,
        };
        line(out, &object)
    }

    fn gauges(&mut self, _: &mut dyn Write, _: &Gauges, _: Time) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
