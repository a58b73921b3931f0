//! Trace files: what they say agrees with the figures, and has the format's form.

use super::{PAGING, own};
use pagewalk::board::{Limits, Machine, MachineConfig, Stop};
use pagewalk::loader::Guest;
use pagewalk::mmu::{ArrayConfig, Layout, Statistics, TlbArray, TlbConfig};
use pagewalk::report::trace_file::{Format, Header, Options, TraceFile};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

/// What a run in this process left: its statistics, its TLB's counters, and the file.
struct Traced {
    figures: Statistics,
    counters: [u64; 3],
    file: Vec<u8>,
}

fn small() -> TlbConfig {
    TlbConfig {
        layout: Layout::Split {
            instruction: ArrayConfig::fifo(1, 1),
            data: ArrayConfig::fifo(1, 1),
        },
        second: Some(ArrayConfig::fifo(2, 2)),
        ..TlbConfig::default()
    }
}

fn traced(path: &Path, tlb: TlbConfig, format: Option<Format>, hits: bool) -> Traced {
    let mut guest = Guest::open(path).unwrap();
    let config = MachineConfig {
        tlb,
        ..MachineConfig::default()
    };
    let mut machine = Machine::new(&config, &mut guest, Box::new(io::sink())).unwrap();
    let options = Options {
        guest: &guest,
        hits,
        stop: None,
    };
    let header = Header::new(&guest, &tlb);
    let mut file = Vec::new();
    let mut trace = format.map(|format| TraceFile::new(&mut file, format, &header, None, options));
    let stop = machine.run(&Limits::default(), &mut trace);
    assert_eq!(stop, Stop::Exit(0), "{}", path.display());
    if let Some(trace) = trace {
        trace.finish().unwrap();
    }
    let mut counters = [0; 3];
    for array in machine.hart().tlb.arrays() {
        let of = machine.hart().tlb.counters(array);
        for (sum, n) in counters
            .iter_mut()
            .zip([of.fills, of.evictions, of.flushed])
        {
            *sum += n;
        }
    }
    Traced {
        figures: machine.hart().mmu_statistics(),
        counters,
        file,
    }
}

#[test]
fn the_lines_of_a_trace_agree_with_the_statistics() {
    let mut everything = BTreeMap::new();
    for name in PAGING {
        for tlb in [TlbConfig::default(), small(), TlbConfig::OFF] {
            let quiet = traced(&own(name), tlb, None, false);
            let Traced {
                figures,
                counters,
                file,
            } = traced(&own(name), tlb, Some(Format::Lines), true);
            assert_eq!(figures, quiet.figures, "{name}: watching changes nothing");
            let text = String::from_utf8(file).unwrap();
            let mut lines = text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap());
            let header = lines.next().unwrap();
            assert_eq!(header["format"], "pagewalk-mmu-trace");
            assert_eq!(header["version"], 1);
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            let (mut entries, mut dropped) = (0, 0);
            for line in lines {
                *counts
                    .entry(line["event"].as_str().unwrap().into())
                    .or_default() += 1;
                entries += line["steps"].as_array().map_or(0, Vec::len) as u64;
                dropped += line["dropped"].as_u64().unwrap_or(0);
            }
            let of = |name: &str| counts.get(name).copied().unwrap_or(0);
            let total = figures.total();
            assert_eq!(of("walk"), total.walks, "{name}");
            assert_eq!(entries, total.entries_read, "{name}");
            assert_eq!(of("fault"), total.all_faults(), "{name}");
            assert_eq!(of("protected"), total.protected, "{name}");
            assert_eq!(of("satp"), figures.satp_writes, "{name}");
            assert_eq!(
                of("fence"),
                figures.fences.iter().flatten().sum::<u64>(),
                "{name}"
            );
            let hits = total.first_hits + total.second_hits;
            let allowed = hits - total.update_walks - total.faults_from_tlb;
            assert_eq!(of("hit"), allowed, "{name}");
            assert_eq!(of("fill"), counters[0], "{name}");
            assert_eq!((of("drop"), dropped), (counters[2], counters[2]), "{name}");
            // Replacing an entry by one for the same page is an eviction only here.
            assert!(of("evict") >= counters[1], "{name}");
            for (event, count) in counts {
                *everything.entry(event).or_insert(0) += count;
            }
        }
    }
    for event in [
        "walk", "fault", "hit", "fill", "evict", "drop", "fence", "satp",
    ] {
        assert!(everything.contains_key(event), "no guest makes a {event}");
    }
}

#[test]
fn a_chrome_trace_is_json_whose_slices_follow_each_other() {
    for name in PAGING {
        let Traced { figures, file, .. } = traced(&own(name), small(), Some(Format::Chrome), false);
        let trace: Value = serde_json::from_slice(&file).unwrap();
        assert_eq!(trace["otherData"]["format"], "pagewalk-mmu-trace");
        let events = trace["traceEvents"].as_array().unwrap();
        let mut ends: HashMap<u64, f64> = HashMap::new();
        let (mut slices, mut misses) = (0, 0);
        let mut names = Vec::new();
        for event in events {
            let tid = event["tid"].as_u64();
            match event["ph"].as_str().unwrap() {
                "M" => names.extend(tid),
                "C" => misses = event["args"]["misses"].as_u64().unwrap_or(misses),
                kind => {
                    let (start, tid) = (event["ts"].as_f64().unwrap(), tid.unwrap());
                    assert!(names.contains(&tid), "{event}");
                    let end = ends.entry(tid).or_default();
                    assert!(start >= *end, "{event} begins before {end}");
                    assert_eq!(start as u64, event["args"]["insn"].as_u64().unwrap());
                    *end = start + event["dur"].as_f64().unwrap_or(0.0);
                    slices += u64::from(kind == "X");
                }
            }
        }
        let total = figures.total();
        assert_eq!(slices, total.walks, "{name}");
        assert_eq!(misses, total.walks - total.update_walks, "{name}");
    }
}

/// The fields of a message: numbers, or bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Result<u64, &[u8]>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (first, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                break;
            }
        }
        value
    }
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let number = varint(&mut bytes);
        fields.push(match key & 7 {
            0 => (key >> 3, Ok(number)),
            2 => {
                let (value, rest) = bytes.split_at(number as usize);
                bytes = rest;
                (key >> 3, Err(value))
            }
            other => panic!("wire type {other}"),
        });
    }
    fields
}

#[test]
fn a_perfetto_trace_has_a_slice_for_each_walk() {
    for name in PAGING {
        let Traced { figures, file, .. } =
            traced(&own(name), small(), Some(Format::Perfetto), false);
        let mut kinds = [0_u64; 5];
        let (mut time, mut tracks, mut depth) = (0, Vec::new(), 0_i32);
        let number = |of: &[(u64, Result<u64, &[u8]>)], field: u64| {
            let found = of.iter().find(|(number, _)| *number == field);
            found.and_then(|(_, value)| value.ok())
        };
        for (field, packet) in fields(&file) {
            assert_eq!(field, 1);
            let packet = fields(packet.unwrap_err());
            for (field, value) in &packet {
                let message = || fields(value.unwrap_err());
                if *field == 60 {
                    tracks.extend(number(&message(), 1));
                } else if *field == 11 {
                    let (event, at) = (message(), number(&packet, 8).unwrap());
                    assert!(at >= time, "time goes back");
                    time = at;
                    assert!(tracks.contains(&number(&event, 11).unwrap()));
                    let kind = number(&event, 9).unwrap();
                    kinds[kind as usize] += 1;
                    depth += i32::from(kind == 1) - i32::from(kind == 2);
                    assert!((0..=1).contains(&depth));
                }
            }
        }
        let walks = figures.total().walks;
        assert_eq!((kinds[1], kinds[2], depth), (walks, walks, 0), "{name}");
        assert!(kinds[3] > 0 && kinds[4] > 0, "{name}");
    }
}

/// A counter of how full an array is says what the array says.
#[test]
fn the_occupancy_at_the_end_is_that_of_the_tlb() {
    let path = own("pw64si-p-permissions");
    let Traced { file, .. } = traced(&path, small(), Some(Format::Chrome), false);
    let trace: Value = serde_json::from_slice(&file).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let last = events
        .iter()
        .rev()
        .find(|e| e["name"] == "TLB entries")
        .unwrap();
    let mut guest = Guest::open(&path).unwrap();
    let config = MachineConfig {
        tlb: small(),
        ..MachineConfig::default()
    };
    let mut machine = Machine::new(&config, &mut guest, Box::new(io::sink())).unwrap();
    machine.run(&Limits::default(), &mut ());
    let tlb = &machine.hart().tlb;
    for array in [TlbArray::Instruction, TlbArray::Data, TlbArray::Second] {
        let entries = tlb.entries(array).count() as u64;
        assert_eq!(last["args"][array.name()], entries, "{array}");
    }
}
