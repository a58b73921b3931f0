//! The control folder, reached through the device as a kernel does.

use super::*;
use crate::dev::console::{Console, Shared};
use crate::dev::virtio::p9::{ControlFiles, P9, ProgramInput, ProgramOutput, Tells};
use crate::dev::virtio::testing::{Driver, fuzz};
use client::Message;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

const ROOM: usize = 8192;

/// What was shown, and whether it was flushed.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<(Vec<u8>, bool)>>);

impl Console for Shown {
    fn write(&mut self, bytes: &[u8]) {
        let mut shown = self.0.lock().unwrap();
        shown.0.extend_from_slice(bytes);
        shown.1 = false;
    }
    fn flush(&mut self) {
        self.0.lock().unwrap().1 = true;
    }
    fn read(&mut self) -> Option<u8> {
        None
    }
    fn is_open(&self) -> bool {
        false
    }
    fn waits(&self) -> bool {
        false
    }
}

struct Control {
    driver: Driver,
    output: Shown,
    errors: Shown,
}

/// A file with these bytes.
fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn device(input: ProgramInput) -> (P9, Shown, Shown) {
    let (output, errors) = (Shown::default(), Shown::default());
    let stream = |shown: &Shown| ProgramOutput::new(Shared::new(shown.clone()), Tells::pipe());
    let device = P9::control(ControlFiles {
        program: file(b"\x7fELF program"),
        arguments: b"name\0one\0".to_vec(),
        environment: b"A=b\0".to_vec(),
        settings: b"cwd /\n".to_vec(),
        input,
        output: stream(&output),
        errors: stream(&errors),
    });
    (device, output, errors)
}

impl Control {
    /// A client that has attached the folder as fid 0.
    fn new(input: ProgramInput) -> Self {
        let (device, output, errors) = device(input);
        let driver = Driver::new(device, 0);
        let mut control = Self {
            driver,
            output,
            errors,
        };
        control.attach();
        control
    }

    fn attach(&mut self) {
        let version = Message::new(100).u32(ROOM as u32).text("9P2000.L");
        self.call(version).unwrap();
        let attach = Message::new(104).u32(0).u32(u32::MAX);
        self.call(attach.text("root").text("").u32(0)).unwrap();
    }

    /// The fields of the reply.
    fn call(&mut self, message: Message) -> Result<Vec<u8>, Errno> {
        let message = message.finish();
        let answer = self.driver.request(0, &[&message], &[ROOM]);
        let answer = answer.expect("an answer");
        fields(&answer.bytes[..answer.length as usize], message[4])
    }

    fn walk(&mut self, fid: u32, name: &str) -> Result<Vec<u8>, Errno> {
        let walk = Message::new(110).u32(0).u32(fid).u16(1);
        self.call(walk.text(name))
    }

    fn open(&mut self, fid: u32, name: &str, flags: u32) -> Result<Vec<u8>, Errno> {
        self.walk(fid, name)?;
        self.call(Message::new(12).u32(fid).u32(flags))
    }

    fn read(&mut self, fid: u32, offset: u64, count: u32) -> Result<Vec<u8>, Errno> {
        let reply = self.call(read(fid, offset, count))?;
        Ok(reply[4..].to_vec())
    }

    fn write(&mut self, fid: u32, offset: u64, data: &[u8]) -> Result<u32, Errno> {
        let reply = self.call(Message::new(118).u32(fid).u64(offset).data(data))?;
        Ok(u32::from_le_bytes(reply[..4].try_into().unwrap()))
    }

    fn set_size(&mut self, fid: u32) -> Result<Vec<u8>, Errno> {
        let request = Message::new(26).u32(fid).u32(8).u32(0).u32(0).u32(0);
        self.call(request.u64(0).u64(0).u64(0).u64(0).u64(0))
    }

    /// Mode and size.
    fn about(&mut self, fid: u32) -> (u32, u64) {
        let reply = self.call(Message::new(24).u32(fid).u64(0x7ff)).unwrap();
        let mode = u32::from_le_bytes(reply[21..25].try_into().unwrap());
        let size = u64::from_le_bytes(reply[49..57].try_into().unwrap());
        (mode, size)
    }

    /// Lets the device work until it gives back a request, and gives the reply.
    fn wait(&mut self, buffer: (u64, usize)) -> Vec<u8> {
        for _ in 0..5000 {
            self.driver.work();
            if let Some((_, length)) = self.driver.take_used(0) {
                return self.driver.load(buffer.0, length as usize);
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("no reply");
    }
}

fn read(fid: u32, offset: u64, count: u32) -> Message {
    Message::new(116).u32(fid).u64(offset).u32(count)
}

fn fields(reply: &[u8], number: u8) -> Result<Vec<u8>, Errno> {
    assert_eq!(reply[..4], (reply.len() as u32).to_le_bytes());
    if reply[4] == 7 {
        let errno = i32::from_le_bytes(reply[7..11].try_into().unwrap());
        return Err(Errno::from_raw_os_error(errno));
    }
    assert_eq!(reply[4], number + 1);
    Ok(reply[7..].to_vec())
}

/// A stream, and the end of it that is written to.
fn pipe() -> (ProgramInput, File) {
    let (reader, writer): (OwnedFd, OwnedFd) = rustix::pipe::pipe().unwrap();
    let input = ProgramInput::file(File::from(reader), false).unwrap();
    (input, File::from(writer))
}

#[test]
fn the_files_say_what_the_program_is_given() {
    let mut control = Control::new(ProgramInput::none());
    for (fid, (name, bytes)) in [
        ("program", &b"\x7fELF program"[..]),
        ("args", b"name\0one\0"),
        ("env", b"A=b\0"),
        ("settings", b"cwd /\n"),
        ("stdin", b""),
    ]
    .into_iter()
    .enumerate()
    {
        let fid = fid as u32 + 1;
        control.open(fid, name, 0).unwrap();
        assert_eq!(control.read(fid, 0, 4096).unwrap(), bytes, "{name}");
        assert_eq!(control.about(fid).1, bytes.len() as u64, "{name}");
        let rest = bytes.get(3..).unwrap_or_default();
        assert_eq!(control.read(fid, 3, 4096).unwrap(), rest, "{name}");
        assert_eq!(control.read(fid, 1 << 40, 4096).unwrap(), b"", "{name}");
        assert_eq!(control.read(fid, 0, 0).unwrap(), b"", "{name}");
    }
    assert_eq!(control.about(1).0, 0o100_555);
    assert_eq!(control.about(0).0, 0o040_555);
}

#[test]
fn nothing_else_is_there_and_nothing_changes() {
    let mut control = Control::new(ProgramInput::none());
    for name in ["etc", ".", "", "program/", "args\0", "PROGRAM"] {
        assert_eq!(control.walk(1, name), Err(Errno::NOENT), "{name:?}");
    }
    // The folder's parent is the folder.
    control.walk(1, "..").unwrap();
    assert_eq!(control.about(1).0, 0o040_555);
    control.walk(2, "program").unwrap();
    let below = Message::new(110).u32(2).u32(3).u16(1).text("..");
    assert_eq!(control.call(below), Err(Errno::NOTDIR));
    for name in ["program", "args", "env", "settings"] {
        control.walk(4, name).unwrap();
        for access in [1, 2] {
            let open = Message::new(12).u32(4).u32(access);
            assert_eq!(control.call(open), Err(Errno::ROFS), "{name}");
        }
        assert_eq!(control.write(4, 0, b"x"), Err(Errno::BADF));
        control.call(Message::new(120).u32(4)).unwrap();
    }
    let m = Message::new;
    for change in [
        m(14).u32(0).text("new").u32(2).u32(0o600).u32(0),
        m(16).u32(0).text("link").text("/etc").u32(0),
        m(72).u32(0).text("dir").u32(0o700).u32(0),
        m(76).u32(0).text("program").u32(0),
        m(74).u32(0).text("program").u32(0).text("moved"),
        m(70).u32(0).u32(2).text("linked"),
        m(122).u32(2),
    ] {
        assert_eq!(control.call(change), Err(Errno::ROFS));
    }
    assert_eq!(control.call(m(24).u32(99).u64(0)), Err(Errno::BADF));
    assert_eq!(control.call(m(22).u32(0)), Err(Errno::INVAL));
}

#[test]
fn the_folder_lists_its_files() {
    let mut control = Control::new(ProgramInput::none());
    control
        .call(Message::new(110).u32(0).u32(1).u16(0))
        .unwrap();
    control.call(Message::new(12).u32(1).u32(0)).unwrap();
    let mut names = Vec::new();
    let mut offset = 0_u64;
    loop {
        // Room for one or two entries.
        let list = Message::new(40).u32(1).u64(offset).u32(70);
        let reply = control.call(list).unwrap();
        let mut rest = &reply[4..];
        if rest.is_empty() {
            break;
        }
        while !rest.is_empty() {
            offset = u64::from_le_bytes(rest[13..21].try_into().unwrap());
            let length = usize::from(u16::from_le_bytes(rest[22..24].try_into().unwrap()));
            names.push(String::from_utf8(rest[24..24 + length].to_vec()).unwrap());
            rest = &rest[24 + length..];
        }
    }
    let all = [
        ".", "..", "program", "args", "env", "settings", "stdin", "stdout", "stderr",
    ];
    assert_eq!(names, all);
    let list = |offset, count| Message::new(40).u32(1).u64(offset).u32(count);
    assert_eq!(control.call(list(0, 10)), Err(Errno::INVAL));
    assert_eq!(control.call(list(u64::MAX, 1000)).unwrap(), [0; 4]);
}

#[test]
fn what_is_written_is_shown_at_once_and_in_order() {
    let mut control = Control::new(ProgramInput::none());
    control.open(1, "stdout", 1).unwrap();
    control.open(2, "stderr", 2).unwrap();
    assert_eq!(control.write(1, 0, b"one ").unwrap(), 4);
    // The offset says nothing.
    assert_eq!(control.write(1, 0, b"two").unwrap(), 3);
    assert_eq!(control.write(2, u64::MAX, b"wrong\n").unwrap(), 6);
    assert_eq!(
        *control.output.0.lock().unwrap(),
        (b"one two".to_vec(), true)
    );
    assert_eq!(
        *control.errors.0.lock().unwrap(),
        (b"wrong\n".to_vec(), true)
    );
    assert_eq!(control.read(1, 0, 10), Err(Errno::BADF));
    assert_eq!(control.read(2, 0, 10), Err(Errno::BADF));
    assert_eq!(control.about(1).0, 0o010_600);
    // Nor can it be emptied, but a shell asks for that.
    assert_eq!(control.set_size(1), Ok(vec![]));
    assert_eq!(control.set_size(0), Err(Errno::ROFS));
}

#[test]
fn a_file_as_input_is_read_where_it_stands() {
    let mut input = file(b"0123456789");
    input.seek(SeekFrom::Start(4)).unwrap();
    let mut same = input.try_clone().unwrap();
    let mut control = Control::new(ProgramInput::file(input, false).unwrap());
    control.open(1, "stdin", 0).unwrap();
    assert_eq!(control.about(1).1, 6);
    assert_eq!(control.about(1).0 & 0o170_000, 0o100_000);
    assert_eq!(control.read(1, 0, 3).unwrap(), b"456");
    assert_eq!(control.read(1, 3, 1).unwrap(), b"7");
    // Who shares the descriptor goes on behind that.
    let mut rest = String::new();
    same.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "89");
    assert_eq!(control.read(1, 6, 10).unwrap(), b"");
    assert_eq!(control.read(1, u64::MAX, 10), Err(Errno::INVAL));
    assert!(!crate::mem::Device::expects_host(&control.driver.mmio));
}

#[test]
fn a_read_that_waits_lets_others_pass() {
    let (input, mut writer) = pipe();
    let mut control = Control::new(input);
    control.open(1, "stdin", 0).unwrap();
    control.open(2, "stdout", 1).unwrap();
    let expects = |control: &Control| crate::mem::Device::expects_host(&control.driver.mmio);
    assert!(!expects(&control));
    let message = read(1, 0, 100).finish();
    let (head, buffers) = control.driver.add(0, &[&message], &[ROOM]);
    control.driver.notify(0);
    assert_eq!(control.driver.take_used(0), None);
    assert!(expects(&control));
    assert_eq!(control.write(2, 0, b"meanwhile").unwrap(), 9);
    // The second reader gets what the first leaves.
    let second = read(1, 0, 100).finish();
    let (_, more) = control.driver.add(0, &[&second], &[ROOM]);
    control.driver.notify(0);
    writer.write_all(b"hello").unwrap();
    let reply = control.wait(buffers[0]);
    assert_eq!(fields(&reply, 116).unwrap(), b"\x05\0\0\0hello");
    assert_eq!(u32::from(head), 12);
    assert!(expects(&control));
    drop(writer);
    let reply = control.wait(more[0]);
    assert_eq!(fields(&reply, 116).unwrap(), [0; 4]);
    assert!(!expects(&control));
    assert_eq!(control.read(1, 0, 100).unwrap(), b"");
}

#[test]
fn a_read_that_waits_can_be_ended() {
    let (input, _writer) = pipe();
    let mut control = Control::new(input);
    control.open(1, "stdin", 0).unwrap();
    for end in [
        Message::new(108).u16(7),
        Message::new(100).u32(8192).text("9P2000.L"),
    ] {
        let message = read(1, 0, 100).finish();
        let (_, buffers) = control.driver.add(0, &[&message], &[ROOM]);
        control.driver.notify(0);
        assert_eq!(control.driver.take_used(0), None);
        // Another tag is another request's.
        let other = Message::new(108).u16(8);
        control.call(other).unwrap();
        let end = end.finish();
        let (_, ended) = control.driver.add(0, &[&end], &[ROOM]);
        control.driver.notify(0);
        let (_, length) = control.driver.take_used(0).unwrap();
        let reply = control.driver.load(buffers[0].0, length as usize);
        assert_eq!(fields(&reply, 116), Err(Errno::INTR));
        let (_, length) = control.driver.take_used(0).unwrap();
        let reply = control.driver.load(ended[0].0, length as usize);
        fields(&reply, end[4]).unwrap();
    }
}

#[test]
fn a_read_that_waits_is_part_of_the_state() {
    let (input, mut writer) = pipe();
    let mut control = Control::new(input);
    control.open(1, "stdin", 0).unwrap();
    let message = read(1, 0, 100).finish();
    let (_, buffers) = control.driver.add(0, &[&message], &[ROOM]);
    control.driver.notify(0);
    let state = control.driver.mmio.state();
    control.driver.mmio.set_state(state.clone());
    assert_eq!(control.driver.mmio.state(), state);
    writer.write_all(b"late").unwrap();
    let reply = control.wait(buffers[0]);
    assert_eq!(fields(&reply, 116).unwrap(), b"\x04\0\0\0late");
    // A state that cannot be does no harm.
    let mut state = serde_json::to_value(state).unwrap();
    state["device"]["Control"][1][0]["chain"]["head"] = 0xffff.into();
    state["device"]["Control"][1][0]["chain"]["writable"] =
        serde_json::json!([[u64::MAX, u64::MAX]]);
    control
        .driver
        .mmio
        .set_state(serde_json::from_value(state).unwrap());
    writer.write_all(b"lost").unwrap();
    for _ in 0..50 {
        control.driver.work();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn a_reset_forgets_what_waits() {
    let (input, mut writer) = pipe();
    let mut control = Control::new(input);
    control.open(1, "stdin", 0).unwrap();
    let message = read(1, 0, 100).finish();
    control.driver.add(0, &[&message], &[ROOM]);
    control.driver.notify(0);
    control.driver.start(0);
    assert!(!crate::mem::Device::expects_host(&control.driver.mmio));
    assert_eq!(control.driver.take_used(0), None);
    control.attach();
    writer.write_all(b"kept").unwrap();
    drop(writer);
    control.open(1, "stdin", 0).unwrap();
    let message = read(1, 0, 100).finish();
    let (_, buffers) = control.driver.add(0, &[&message], &[ROOM]);
    control.driver.set(0x50, 0);
    let reply = control.wait(buffers[0]);
    assert_eq!(fields(&reply, 116).unwrap(), b"\x04\0\0\0kept");
}

#[test]
fn fids_are_limited_and_bad_ones_refused() {
    let mut control = Control::new(ProgramInput::none());
    let walk = |new| Message::new(110).u32(0).u32(new).u16(0);
    assert_eq!(control.call(walk(u32::MAX)), Err(Errno::BADF));
    let full = (1..2000).find_map(|fid| control.call(walk(fid)).err());
    assert_eq!(full, Some(Errno::NFILE));
    assert_eq!(control.call(walk(1)), Err(Errno::BADF));
    assert_eq!(control.read(1, 0, 10), Err(Errno::BADF));
    control.call(Message::new(12).u32(1).u32(0)).unwrap();
    assert_eq!(control.read(1, 0, 10), Err(Errno::ISDIR));
    let again = Message::new(12).u32(1).u32(0);
    assert_eq!(control.call(again), Err(Errno::INVAL));
}

#[test]
fn a_broken_driver_does_no_harm() {
    let input = ProgramInput::stream(std::io::repeat(b'a'));
    let (device, ..) = device(input);
    let mut driver = Driver::new(device, 0);
    let met = fuzz(&mut driver, 5, 5_000, |_, _| {});
    assert!(met.resets > 100, "{met:?}");
}
