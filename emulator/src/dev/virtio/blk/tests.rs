//! The block device as a driver sees it.

use super::super::testing::*;
use super::super::{RING_EVENT_IDX, RING_INDIRECT_DESC, VERSION_1};
use super::*;
use crate::mem::Device;
use std::io::Write;
use tempfile::NamedTempFile;

const OK: u8 = 0;
const IOERR: u8 = 1;
const UNSUPP: u8 = 2;

/// A file of so many sectors, each filled with its number.
pub(super) fn numbered(sectors: u16) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    for number in 0..sectors {
        file.write_all(&[number as u8; SECTOR as usize]).unwrap();
    }
    file
}

fn device(file: &NamedTempFile, options: &str) -> Blk {
    let path = file.path().to_str().unwrap();
    Blk::open(&format!("{path}{options}").parse().unwrap()).unwrap()
}

fn driver(file: &NamedTempFile, options: &str) -> Driver {
    Driver::new(device(file, options), RING_EVENT_IDX)
}

fn header(kind: u32, sector: u64) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend([0; 4]);
    bytes.extend(sector.to_le_bytes());
    bytes
}

/// Reads into segments of these lengths: the status, and the bytes.
fn read(driver: &mut Driver, sector: u64, segments: &[usize]) -> (u8, Vec<u8>) {
    let segments = [segments, &[1]].concat();
    let answer = driver.request(0, &[&header(0, sector)], &segments);
    let mut answer = answer.unwrap();
    let status = answer.bytes.pop().unwrap();
    // After a failure nothing but the status is written.
    let all = answer.bytes.len() as u32 + 1;
    let written = status == OK || all == 1;
    assert_eq!(answer.length, if written { all } else { 0 });
    (status, answer.bytes)
}

fn request(driver: &mut Driver, kind: u32, sector: u64, data: &[&[u8]]) -> u8 {
    let header = header(kind, sector);
    let readable = [&[&header[..]], data].concat();
    let answer = driver.request(0, &readable, &[1]).unwrap();
    assert_eq!(answer.length, 1);
    answer.bytes[0]
}

fn write(driver: &mut Driver, sector: u64, data: &[&[u8]]) -> u8 {
    request(driver, 1, sector, data)
}

fn range(sector: u64, sectors: u32, flags: u32) -> Vec<u8> {
    let mut bytes = sector.to_le_bytes().to_vec();
    bytes.extend(sectors.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes
}

fn content(file: &NamedTempFile) -> Vec<u8> {
    std::fs::read(file.path()).unwrap()
}

#[test]
fn the_configuration_describes_the_disk() {
    let file = numbered(16);
    let mut driver = driver(&file, "");
    assert_eq!(driver.get(8), 2);
    let rings = VERSION_1 | RING_EVENT_IDX | RING_INDIRECT_DESC;
    assert_eq!(driver.features() & !rings, 0x6a46);
    assert_eq!(driver.config(0, 8), 16);
    assert_eq!(driver.config(12, 4), 254);
    assert_eq!(driver.config(20, 4), 512);
    assert_eq!(driver.config(32, 1), 1);
    assert!(driver.config(36, 4) > 0 && driver.config(48, 4) > 0);
    let mut driver = Driver::bare(device(&numbered(2), ",ro"));
    assert_eq!(driver.features() & !rings, 0x0a66);
    assert_eq!(driver.config(40, 8), 0);
}

#[test]
fn sectors_are_read_into_any_segments() {
    let file = numbered(16);
    let mut driver = driver(&file, "");
    assert_eq!(read(&mut driver, 3, &[512]), (OK, vec![3; 512]));
    let (status, bytes) = read(&mut driver, 14, &[1, 600, 423]);
    assert_eq!(status, OK);
    assert_eq!(bytes, content(&file)[14 * 512..]);
    assert_eq!(
        read(&mut driver, 16, &[]),
        (OK, vec![]),
        "nothing, at the end"
    );
}

#[test]
fn the_status_may_share_its_segment() {
    let mut driver = driver(&numbered(2), "");
    let answer = driver.request(0, &[&header(0, 1)], &[513]).unwrap();
    assert_eq!(answer.length, 513);
    assert_eq!(answer.bytes[..512], [1; 512]);
    assert_eq!(answer.bytes[512], OK);
    // And the header the data's.
    let mut both = header(1, 0);
    both.extend([9; 512]);
    let answer = driver.request(0, &[&both], &[1]).unwrap();
    assert_eq!(answer.bytes, [OK]);
    assert_eq!(read(&mut driver, 0, &[512]), (OK, vec![9; 512]));
}

#[test]
fn what_is_written_is_in_the_file() {
    let file = numbered(300);
    let mut driver = driver(&file, "");
    let mut expected = content(&file);
    assert_eq!(write(&mut driver, 2, &[&[1; 100], &[2; 412]]), OK);
    expected[1024..1124].fill(1);
    expected[1124..1536].fill(2);
    assert_eq!(content(&file), expected);
    // More than is moved in one piece.
    let large: Vec<u8> = (0..140 * 1024_u32)
        .map(|index| index as u8 ^ (index >> 9) as u8)
        .collect();
    assert_eq!(write(&mut driver, 10, &[&large]), OK);
    expected[5120..5120 + large.len()].copy_from_slice(&large);
    assert_eq!(content(&file), expected);
    assert_eq!(read(&mut driver, 10, &[large.len()]), (OK, large));
    assert_eq!(request(&mut driver, 4, 0, &[]), OK);
}

#[test]
fn requests_outside_the_disk_fail() {
    let file = numbered(4);
    let mut driver = driver(&file, "");
    let before = content(&file);
    for (sector, sectors) in [
        (4, 1),
        (3, 2),
        (5, 0),
        (u64::MAX, 1),
        (1 << 55, 1),
        (u64::MAX / 512, 1),
        (1 << 63, 0),
    ] {
        let length = sectors * 512;
        let (status, bytes) = read(&mut driver, sector, &[length]);
        assert_eq!((status, bytes), (IOERR, vec![0; length]), "{sector}");
        assert_eq!(write(&mut driver, sector, &[&vec![7; length]]), IOERR);
    }
    assert_eq!(content(&file), before);
}

#[test]
fn parts_of_sectors_are_refused() {
    let file = numbered(4);
    let mut driver = driver(&file, "");
    let before = content(&file);
    for length in [1, 511, 513] {
        assert_eq!(read(&mut driver, 0, &[length]).0, IOERR);
        assert_eq!(write(&mut driver, 0, &[&vec![7; length]]), IOERR);
    }
    assert_eq!(content(&file), before);
}

#[test]
fn what_is_no_request_gets_an_error_or_a_reset() {
    let mut driver = driver(&numbered(2), "");
    for kind in [2, 3, 5, 7, 9, 10, 14, 16, u32::MAX] {
        assert_eq!(request(&mut driver, kind, 0, &[]), UNSUPP, "{kind}");
    }
    for readable in [&[&[0; 15][..]][..], &[&[]], &[]] {
        let answer = driver.request(0, readable, &[1]).unwrap();
        assert_eq!(answer.bytes, [IOERR]);
    }
    assert!(!driver.needs_reset());
    assert_eq!(driver.request(0, &[&header(0, 0)], &[]), None);
    assert!(driver.needs_reset(), "nowhere to put a status");
}

#[test]
fn a_disk_that_can_only_be_read_is_not_written() {
    let file = numbered(4);
    let before = content(&file);
    let mut driver = driver(&file, ",readonly=on");
    assert_eq!(read(&mut driver, 1, &[512]), (OK, vec![1; 512]));
    assert_eq!(write(&mut driver, 1, &[&[9; 512]]), IOERR);
    assert_eq!(request(&mut driver, 11, 0, &[&range(0, 1, 0)]), UNSUPP);
    assert_eq!(request(&mut driver, 13, 0, &[&range(0, 1, 0)]), UNSUPP);
    assert_eq!(request(&mut driver, 4, 0, &[]), OK);
    assert_eq!(content(&file), before);
}

#[test]
fn a_snapshot_reads_what_was_written_and_leaves_the_file() {
    let file = numbered(4);
    let before = content(&file);
    let mut driver = driver(&file, ",snapshot=on");
    assert_eq!(write(&mut driver, 1, &[&[9; 512]]), OK);
    assert_eq!(request(&mut driver, 13, 0, &[&range(3, 1, 0)]), OK);
    assert_eq!(request(&mut driver, 4, 0, &[]), OK);
    let (_, bytes) = read(&mut driver, 0, &[2048]);
    assert_eq!(bytes[512..1024], [9; 512]);
    assert_eq!(bytes[1536..], [0; 512]);
    assert_eq!(bytes[..512], before[..512]);
    assert_eq!(content(&file), before);
    // A reset of the device is not the end of the snapshot.
    driver.start(0);
    assert_eq!(read(&mut driver, 1, &[512]).1, [9; 512]);
}

#[test]
fn the_serial_number_can_be_asked_for() {
    let file = numbered(1);
    let mut driver = driver(&file, ",serial=abc");
    for (length, expected) in [(20, &b"abc\0\0"[..]), (2, b"ab"), (30, b"abc")] {
        let answer = driver.request(0, &[&header(8, 0)], &[length, 1]).unwrap();
        assert_eq!(answer.bytes[length], OK);
        assert!(answer.bytes.starts_with(expected));
    }
}

#[test]
fn ranges_are_zeroed_and_discarded() {
    let file = numbered(64);
    let mut driver = driver(&file, "");
    let two = [range(1, 2, 0), range(8, 8, 1)].concat();
    assert_eq!(request(&mut driver, 13, 0, &[&two[..20], &two[20..]]), OK);
    assert_eq!(request(&mut driver, 11, 0, &[&range(32, 8, 0)]), OK);
    let found = content(&file);
    for (number, sector) in found.chunks(512).enumerate() {
        let zero = matches!(number, 1 | 2 | 8..16);
        if !(32..40).contains(&number) {
            let expected = if zero { 0 } else { number as u8 };
            assert_eq!(sector, [expected; 512], "{number}");
        }
    }
}

#[test]
fn ranges_that_cannot_be_are_refused_before_anything_is_done() {
    let file = numbered(64);
    let before = content(&file);
    let mut driver = driver(&file, "");
    let good = range(0, 1, 0);
    for (kind, bad, expected) in [
        (13, range(64, 1, 0), IOERR),
        (13, range(0, 65, 0), IOERR),
        (13, range(u64::MAX, 1, 0), IOERR),
        (13, range(0, u32::MAX, 0), IOERR),
        (13, range(0, 1, 2), UNSUPP),
        (11, range(0, 1, 1), UNSUPP),
        (11, range(0, 65, 0), IOERR),
        (13, vec![0; 15], IOERR),
        (13, vec![0; 16 * 16], IOERR),
    ] {
        let status = request(&mut driver, kind, 0, &[&good, &bad]);
        assert_eq!(status, expected, "{kind} {bad:?}");
    }
    assert_eq!(request(&mut driver, 13, 0, &[]), IOERR);
    assert_eq!(content(&file), before);
    // Not agreed upon.
    driver.start(feature::DISCARD | feature::WRITE_ZEROES);
    for kind in [11, 13] {
        assert_eq!(request(&mut driver, kind, 0, &[&good]), UNSUPP);
    }
}

#[test]
fn too_many_sectors_at_once_are_refused() {
    let file = NamedTempFile::new().unwrap();
    file.as_file().set_len(4 << 30).unwrap();
    let mut driver = driver(&file, "");
    let most = driver.config(48, 4) as u32;
    assert_eq!(request(&mut driver, 13, 0, &[&range(0, most, 1)]), OK);
    assert_eq!(
        request(&mut driver, 13, 0, &[&range(0, most + 1, 1)]),
        IOERR
    );
    let most = driver.config(36, 4) as u32;
    assert_eq!(request(&mut driver, 11, 0, &[&range(0, most, 0)]), OK);
    assert_eq!(
        request(&mut driver, 11, 0, &[&range(0, most + 1, 0)]),
        IOERR
    );
}

#[test]
fn the_driver_decides_whether_writes_are_cached() {
    let file = numbered(4);
    let blk = device(&file, "");
    let cached = |blk: &Blk, features| {
        // What is flushed cannot be seen from here; what decides it can.
        blk.is_cached(features)
    };
    assert!(cached(&blk, feature::FLUSH));
    assert!(!cached(&blk, 0), "a driver that cannot flush");
    assert!(cached(&blk, feature::FLUSH | feature::CONFIG_WCE));
    let mut driver = Driver::new(blk, 0);
    assert_eq!(driver.config(32, 1), 1);
    driver.mmio.write(0x120, 1, 0, 0).unwrap();
    assert_eq!(driver.config(32, 1), 0);
    assert_eq!(write(&mut driver, 1, &[&[9; 512]]), OK);
    let state = driver.mmio.state();
    driver.set(0x70, 0);
    assert_eq!(driver.config(32, 1), 1, "as after power-on");
    driver.mmio.set_state(state);
    assert_eq!(driver.config(32, 1), 0);
    // The rest can only be read.
    driver.mmio.write(0x100, 8, 99, 0).unwrap();
    assert_eq!(driver.config(0, 8), 4);
}

#[test]
fn an_error_of_the_host_is_one_of_the_disk() {
    let file = numbered(8);
    let mut driver = driver(&file, "");
    // The file is cut behind the device's back.
    file.as_file().set_len(1024).unwrap();
    assert_eq!(read(&mut driver, 1, &[512]), (OK, vec![1; 512]));
    let answer = driver.request(0, &[&header(0, 6)], &[512, 1]).unwrap();
    assert_eq!(answer.bytes[512], IOERR);
    assert!(!driver.needs_reset());
}

#[test]
fn a_reset_in_the_middle_forgets_the_request() {
    let file = numbered(4);
    let before = content(&file);
    let mut driver = driver(&file, "");
    driver.add(0, &[&header(1, 0), &[9; 512]], &[1]);
    driver.set(0x50, 0);
    driver.set(0x70, 0);
    driver.work();
    assert_eq!(content(&file), before);
    driver.start(0);
    assert_eq!(write(&mut driver, 0, &[&[9; 512]]), OK);
}

#[test]
fn a_broken_driver_does_no_harm() {
    for (options, changes) in [("", true), (",snapshot=on", false), (",ro", false)] {
        let file = numbered(64);
        let before = content(&file);
        let mut driver = driver(&file, options);
        let met = fuzz(&mut driver, 4, 20_000, |random, bytes| {
            let kind = random.pick(&[0, 0, 1, 1, 4, 8, 11, 13, 99]);
            let sector = random.pick(&[0, 1, 7, 62, 63, 64, u64::MAX, 1 << 55]);
            bytes[..16].copy_from_slice(&header(kind, sector));
            let sectors = random.below(8) as u32;
            bytes[16..32].copy_from_slice(&range(sector, sectors, random.below(3) as u32));
        });
        assert!(met.answers > 1000 && met.resets > 1000, "{met:?}");
        assert_eq!(content(&file).len(), before.len());
        assert_eq!(content(&file) != before, changes, "{options}");
    }
}
