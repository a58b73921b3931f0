//! Messages that no client sends.

use super::*;
use crate::dev::virtio::p9::message::Request;
use client::{MSIZE, Message};

/// One good message of each kind, as the fids 0 (the folder), 1 (a file), 2 (an open file) and 3
/// (an open directory) stand.
fn messages() -> Vec<Message> {
    let m = Message::new;
    vec![
        m(8).u32(0),
        m(12).u32(1).u32(0),
        m(14).u32(0).text("new").u32(2).u32(0o600).u32(0),
        m(16).u32(0).text("link").text("target").u32(0),
        m(18)
            .u32(0)
            .text("node")
            .u32(0o100_600)
            .u32(0)
            .u32(0)
            .u32(0),
        m(20).u32(1).u32(0).text("renamed"),
        m(22).u32(1),
        m(24).u32(1).u64(0x7ff),
        m(26)
            .u32(1)
            .u32(0x1)
            .u32(0o600)
            .u32(0)
            .u32(0)
            .u64(0)
            .u64(0)
            .u64(0)
            .u64(0)
            .u64(0),
        m(30).u32(1).u32(9).text("user.x"),
        m(32).u32(1).text("user.x").u64(3).u32(0),
        m(40).u32(3).u64(0).u32(4000),
        m(50).u32(2).u32(0),
        m(52)
            .u32(2)
            .u8(0)
            .u32(0)
            .u64(0)
            .u64(0)
            .u32(1)
            .text("client"),
        m(54).u32(2).u8(0).u64(0).u64(0).u32(1).text("client"),
        m(70).u32(0).u32(1).text("linked"),
        m(72).u32(0).text("dir").u32(0o700).u32(0),
        m(74).u32(0).text("file").u32(0).text("moved"),
        m(76).u32(0).text("file").u32(0),
        m(100).u32(MSIZE).text("9P2000.L"),
        m(102).u32(9).text("root").text("").u32(0),
        m(104).u32(9).u32(u32::MAX).text("root").text("").u32(0),
        m(108).u16(1),
        m(110).u32(0).u32(9).u16(1).text("file"),
        m(116).u32(2).u64(0).u32(4000),
        m(118).u32(2).u64(0).data(b"data"),
        m(120).u32(1),
        m(122).u32(1),
    ]
}

fn prepared(folders: &Folders) -> Client {
    fs::write(folders.share("file"), "text").unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "file").unwrap();
    client.walk(0, 2, "file").unwrap();
    client.open(2, 2).unwrap();
    client.walk(0, 3, "").unwrap();
    client.open(3, 0).unwrap();
    client
}

/// A reply is whole, fits, and answers the tag.
fn check(reply: &[u8], room: usize, tag: [u8; 2]) {
    assert!(reply.len() <= room && reply.len() >= 7, "{reply:?}");
    assert_eq!(reply[..4], (reply.len() as u32).to_le_bytes());
    assert_eq!(reply[5..7], tag);
}

fn is_error(reply: &[u8], errno: Errno) -> bool {
    reply.len() == 11 && reply[4] == 7 && reply[7..] == errno.raw_os_error().to_le_bytes()
}

#[test]
fn there_is_a_message_of_each_kind() {
    let made: Vec<_> = messages().into_iter().map(|m| m.finish()[4]).collect();
    let known: Vec<_> = Request::ALL.iter().map(|(number, _)| *number).collect();
    assert_eq!(made, known);
}

#[test]
fn a_message_cut_anywhere_is_refused_and_changes_nothing() {
    let folders = Folders::new();
    let mut client = prepared(&folders);
    let state = client.server.state();
    for message in messages() {
        let whole = message.finish();
        for length in 0..whole.len() {
            // Once it is shorter than it says, once it says how short it is.
            let mut cut = whole[..length].to_vec();
            for honest in [false, true] {
                if honest && length >= 4 {
                    cut[..4].copy_from_slice(&(length as u32).to_le_bytes());
                }
                let reply = client.server.handle(&cut, MSIZE as usize);
                if length < 7 {
                    assert!(reply.is_empty());
                } else {
                    check(&reply, MSIZE as usize, [7, 0]);
                    assert!(
                        is_error(&reply, Errno::INVAL),
                        "{} {length} {reply:?}",
                        whole[4]
                    );
                }
            }
        }
        let mut longer = [&whole[..], &[0]].concat();
        longer[..4].copy_from_slice(&(whole.len() as u32 + 1).to_le_bytes());
        let reply = client.server.handle(&longer, MSIZE as usize);
        assert!(is_error(&reply, Errno::INVAL), "{} {reply:?}", whole[4]);
    }
    assert_eq!(client.server.state(), state);
    assert_eq!(fs::read_dir(folders.share("")).unwrap().count(), 1);
}

#[test]
fn no_reply_is_longer_than_its_room() {
    for room in (0..300).chain([4096]) {
        let folders = Folders::new();
        let mut client = prepared(&folders);
        client.symlink(0, "long", &"t".repeat(200)).unwrap();
        client.walk(0, 5, "long").unwrap();
        let readlink = Message::new(22).u32(5);
        for message in messages().into_iter().chain([readlink]) {
            let reply = client.server.handle(&message.finish(), room);
            if room < 11 {
                assert!(reply.is_empty());
            } else {
                check(&reply, room, [7, 0]);
            }
        }
        if room < 11 {
            assert_eq!(fs::read(folders.share("file")).unwrap(), b"text");
        }
    }
}

#[test]
fn random_bytes_do_no_harm() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let folders = Folders::new();
    let mut client = prepared(&folders);
    let originals: Vec<_> = messages().into_iter().map(Message::finish).collect();
    for round in 0..30_000 {
        let mut bytes = originals[next() as usize % originals.len()].clone();
        if round % 3 == 0 {
            // Nothing but the header is right.
            let length = next() as usize % 200;
            bytes.truncate(7);
            bytes.extend((0..length).map(|_| next() as u8));
            let length = bytes.len() as u32;
            bytes[..4].copy_from_slice(&length.to_le_bytes());
        } else {
            // A few bytes of a good message change. A write stays one of a few bytes near the
            // start, for the sake of the disk.
            for _ in 0..=next() % 3 {
                let at = next() as usize % bytes.len();
                bytes[at] = match next() % 4 {
                    0 => 0xff,
                    1 => 0,
                    _ => next() as u8,
                };
            }
        }
        if bytes[4] == 118 && bytes.len() >= 19 {
            bytes[13..19].fill(0);
        }
        if bytes[4] == 26 && bytes.len() >= 35 {
            bytes[29..35].fill(0);
        }
        let tag = [bytes[5], bytes[6]];
        let room = 11 + next() as usize % 5000;
        let reply = client.server.handle(&bytes, room);
        check(&reply, room, tag);
        if round % 100 == 0 {
            client.server.reset();
            client.version(MSIZE, "9P2000.L").unwrap();
            client.attach(0).unwrap();
            for (fid, flags) in [(1, None), (2, Some(2)), (3, Some(0))] {
                let name = if fid == 3 { "" } else { "file" };
                if client.walk(0, fid, name).is_ok()
                    && let Some(flags) = flags
                {
                    let _ = client.open(fid, flags);
                }
            }
        }
    }
    assert_eq!(fs::read(folders.outside("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(folders.outside("")).unwrap().count(), 1);
}

#[test]
fn a_session_starts_with_its_version() {
    let folders = Folders::new();
    let mut client = folders.client();
    // Unknown versions are answered, and nothing else is then.
    let mut reply = client.version(MSIZE, "9P2000").unwrap();
    assert_eq!((reply.u32(), reply.text()), (MSIZE, b"unknown".to_vec()));
    assert_eq!(client.attach(0).err(), Some(Errno::PROTO));
    assert_eq!(client.version(4095, "9P2000.L").err(), Some(Errno::MSGSIZE));
    let mut reply = client.version(u32::MAX, "9P2000.L").unwrap();
    assert_eq!(reply.u32(), 512 << 10);
    client.version(4096, "9P2000.L").unwrap();
    client.attach(0).unwrap();
    // Longer than was agreed upon.
    let request = Message::new(118).u32(0).u64(0).data(&[0; 4096]);
    assert_eq!(client.call(request).err(), Some(Errno::MSGSIZE));
    let unknown = client.call(Message::new(250));
    assert_eq!(unknown.err(), Some(Errno::OPNOTSUPP));
    let auth = Message::new(102).u32(5).text("root").text("").u32(0);
    assert_eq!(client.call(auth).err(), Some(Errno::OPNOTSUPP));
    let attach = Message::new(104).u32(5).u32(1).text("root").text("");
    assert_eq!(client.call(attach.u32(0)).err(), Some(Errno::INVAL));
    let mut walk = Message::new(110).u32(0).u32(5).u16(17);
    for _ in 0..17 {
        walk = walk.text("..");
    }
    assert_eq!(client.call(walk).err(), Some(Errno::INVAL));
}
