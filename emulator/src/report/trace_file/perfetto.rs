//! Perfetto's own format: a `Trace`, which is a list of `TracePacket`s. The numbers of the fields
//! are those of Perfetto's `.proto` files.

use super::chrome::{process, thread};
use super::counters::Gauges;
use super::protobuf::Message;
use super::record::{Header, Record};
use super::{Time, Writer};
use crate::mmu::PRIVILEGES;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

#[derive(Default)]
pub(super) struct Perfetto {
    harts: BTreeSet<usize>,
    /// The counters that have a track.
    counters: HashMap<(usize, String), u64>,
    begun: bool,
    names: Interned,
    categories: Interned,
    keys: Interned,
}

/// Strings that are written once and then called by number.
#[derive(Default)]
struct Interned {
    numbers: HashMap<String, u64>,
    /// New ones, as `InternedData` has them.
    new: Vec<Message>,
}

impl Interned {
    fn number(&mut self, text: &str) -> u64 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.numbers.len() as u64 + 1;
        self.numbers.insert(text.to_owned(), number);
        // iid, name
        let entry = Message::new().number(1, number).bytes(2, text.as_bytes());
        self.new.push(entry);
        number
    }
}

const TRACE_PACKET: u32 = 1;
/// The one sequence of packets that there is.
const SEQUENCE: u64 = 1;

const SLICE_BEGIN: u64 = 1;
const SLICE_END: u64 = 2;
const INSTANT: u64 = 3;
const COUNTER: u64 = 4;

fn hart_track(hart: usize) -> u64 {
    process(hart) << 32
}

fn counter_track(hart: usize, counter: u64) -> u64 {
    hart_track(hart) | 1 << 31 | counter
}

impl Perfetto {
    fn packet(&mut self, out: &mut dyn Write, packet: Message) -> io::Result<()> {
        // sequence_flags: the first packet begins the interned data, later ones need it.
        let flags = if self.begun { 2 } else { 1 };
        self.begun = true;
        let packet = packet.number(10, SEQUENCE).number(13, flags);
        let field = Message::new().message(TRACE_PACKET, &packet);
        out.write_all(field.as_bytes())
    }

    /// A track: uuid, what it belongs to, and what it is.
    fn track(&mut self, out: &mut dyn Write, track: &Message) -> io::Result<()> {
        self.packet(out, Message::new().message(60, track))
    }

    fn meet(&mut self, out: &mut dyn Write, hart: usize) -> io::Result<()> {
        if !self.harts.insert(hart) {
            return Ok(());
        }
        let name = format!("hart {hart}");
        let pid = process(hart);
        let described = Message::new().number(1, pid).bytes(6, name.as_bytes());
        let track = Message::new().number(1, hart_track(hart));
        self.track(out, &track.message(3, &described))?;
        for privilege in PRIVILEGES {
            let tid = thread(hart, privilege);
            let name = format!("{privilege}-mode");
            let described = Message::new().number(1, pid).number(2, tid);
            let described = described.bytes(5, name.as_bytes());
            let track = Message::new().number(1, hart_track(hart) | tid % 10);
            let track = track.number(5, hart_track(hart));
            self.track(out, &track.message(4, &described))?;
        }
        Ok(())
    }

    /// An event of a track, with the strings that it is the first to use.
    fn track_event(&mut self, out: &mut dyn Write, at: u64, event: &Message) -> io::Result<()> {
        let mut strings = Message::new();
        for (field, interned) in [
            (1, &mut self.categories),
            (2, &mut self.names),
            (3, &mut self.keys),
        ] {
            for entry in interned.new.drain(..) {
                strings = strings.message(field, &entry);
            }
        }
        let mut packet = Message::new().number(8, at).message(11, event);
        if !strings.is_empty() {
            packet = packet.message(12, &strings);
        }
        self.packet(out, packet)
    }

    /// A `DebugAnnotation`: a name, unless it is in a list, and a value.
    fn annotation(&mut self, name: Option<&str>, value: &Value) -> Message {
        let mut message = Message::new();
        if let Some(name) = name {
            message = message.number(1, self.keys.number(name));
        }
        match value {
            Value::Null => message,
            Value::Bool(value) => message.number(2, (*value).into()),
            Value::Number(number) => match number.as_u64() {
                Some(number) => message.number(3, number),
                None => message.bytes(6, number.to_string().as_bytes()),
            },
            Value::String(text) => message.bytes(6, text.as_bytes()),
            Value::Object(entries) => entries.iter().fold(message, |message, (name, value)| {
                message.message(11, &self.annotation(Some(name), value))
            }),
            Value::Array(values) => values.iter().fold(message, |message, value| {
                message.message(12, &self.annotation(None, value))
            }),
        }
    }

    /// The fields of an object as annotations of a `TrackEvent`.
    fn annotations(&mut self, event: Message, object: &impl Serialize) -> io::Result<Message> {
        let Value::Object(fields) = serde_json::to_value(object)? else {
            return Ok(event);
        };
        Ok(fields.iter().fold(event, |event, (name, value)| {
            event.message(4, &self.annotation(Some(name), value))
        }))
    }
}

impl Writer for Perfetto {
    fn begin(&mut self, out: &mut dyn Write, header: &Header) -> io::Result<()> {
        self.meet(out, 0)?;
        let event = Message::new().number(9, INSTANT);
        let event = event.number(11, hart_track(0));
        let event = event.number(10, self.names.number("trace begins"));
        let event = self.annotations(event, header)?;
        self.track_event(out, 0, &event)
    }

    fn event(&mut self, out: &mut dyn Write, event: &Record, at: Time) -> io::Result<()> {
        self.meet(out, at.hart)?;
        let slice = at.length != 0;
        let track = hart_track(at.hart) | thread(at.hart, event.spot.privilege) % 10;
        let message = Message::new()
            .number(9, if slice { SLICE_BEGIN } else { INSTANT })
            .number(11, track)
            .number(10, self.names.number(event.title))
            .number(3, self.categories.number(event.category));
        let insn = self.annotation(Some("insn"), &event.spot.count.into());
        let asid = self.annotation(Some("asid"), &event.spot.asid.into());
        let message = message.message(4, &insn).message(4, &asid);
        let message = self.annotations(message, &event.place)?;
        let message = self.annotations(message, &event.body)?;
        self.track_event(out, at.start, &message)?;
        if slice {
            let end = Message::new().number(9, SLICE_END).number(11, track);
            self.track_event(out, at.start.saturating_add(at.length), &end)?;
        }
        Ok(())
    }

    fn gauges(&mut self, out: &mut dyn Write, gauges: &Gauges, at: Time) -> io::Result<()> {
        self.meet(out, at.hart)?;
        let arrays = gauges
            .arrays()
            .map(|(name, n)| (format!("{name} entries"), n));
        let all = arrays.chain([("TLB misses".to_owned(), gauges.misses)]);
        for (name, value) in all {
            let next = counter_track(at.hart, self.counters.len() as u64);
            let known = self.counters.get(&(at.hart, name.clone())).copied();
            let track = known.unwrap_or(next);
            if known.is_none() {
                let descriptor = Message::new().number(1, track).bytes(2, name.as_bytes());
                let descriptor = descriptor.number(5, hart_track(at.hart));
                self.track(out, &descriptor.message(8, &Message::new()))?;
                self.counters.insert((at.hart, name), track);
            }
            let event = Message::new().number(9, COUNTER).number(11, track);
            self.track_event(out, at.start, &event.number(30, value))?;
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
