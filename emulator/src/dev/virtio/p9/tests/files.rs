//! What a guest does with files all day.

use super::*;
use crate::dev::virtio::p9::P9State;
use client::Message;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const RDONLY: u32 = 0;
const WRONLY: u32 = 1;
const RDWR: u32 = 2;
const EXCL: u32 = 0o200;
const TRUNC: u32 = 0o1000;
const APPEND: u32 = 0o2000;
const DIRECTORY: u32 = 0o20_0000;
const REMOVEDIR: u32 = 0x200;

#[test]
fn a_file_is_made_written_and_read() {
    let folders = Folders::new();
    let mut client = folders.client();
    client.walk(0, 1, "").unwrap();
    client.create(1, "file", RDWR, 0o640).unwrap();
    assert_eq!(client.write(1, 0, b"hello world").unwrap(), 11);
    assert_eq!(client.write(1, 6, b"there").unwrap(), 5);
    assert_eq!(client.read(1, 0, 100).unwrap(), b"hello there");
    assert_eq!(client.read(1, 6, 3).unwrap(), b"the");
    assert_eq!(client.read(1, 11, 100).unwrap(), b"");
    client.call(Message::new(50).u32(1).u32(0)).unwrap();
    client.call(Message::new(50).u32(1).u32(1)).unwrap();
    client.clunk(1).unwrap();
    assert_eq!(client.read(1, 0, 1), Err(Errno::BADF));
    assert_eq!(fs::read(folders.share("file")).unwrap(), b"hello there");
    let about = fs::metadata(folders.share("file")).unwrap();
    assert_eq!(about.permissions().mode() & 0o7777, 0o640);
    assert_eq!(client.content("file").unwrap(), b"hello there");
}

#[test]
fn opening_keeps_to_what_was_asked_for() {
    let folders = Folders::new();
    fs::write(folders.share("file"), "0123456789").unwrap();
    fs::create_dir(folders.share("dir")).unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "file").unwrap();
    client.walk(0, 2, "file").unwrap();
    client.walk(0, 3, "dir").unwrap();
    assert_eq!(client.open(1, DIRECTORY).err(), Some(Errno::NOTDIR));
    client.open(1, RDONLY).unwrap();
    assert_eq!(client.open(1, RDONLY).err(), Some(Errno::INVAL));
    assert_eq!(client.write(1, 0, b"x"), Err(Errno::BADF));
    // The offset says where, even for a file that is open for appending.
    client.open(2, WRONLY | APPEND).unwrap();
    assert_eq!(client.read(2, 0, 1), Err(Errno::BADF));
    client.write(2, 2, b"ab").unwrap();
    assert_eq!(client.read(1, 0, 100).unwrap(), b"01ab456789");
    client.walk(0, 4, "file").unwrap();
    client.open(4, WRONLY | TRUNC).unwrap();
    assert_eq!(client.read(1, 0, 100).unwrap(), b"");
    assert_eq!(client.open(3, RDWR).err(), Some(Errno::ISDIR));
    client.open(3, DIRECTORY).unwrap();
    assert_eq!(client.read(3, 0, 1), Err(Errno::ISDIR));
    client.walk(0, 5, "").unwrap();
    let existing = client.create(5, "file", RDWR | EXCL, 0o600);
    assert_eq!(existing.err(), Some(Errno::EXIST));
    client.create(5, "file", RDWR, 0o600).unwrap();
    let about = fs::metadata(folders.share("file")).unwrap();
    assert_ne!(about.permissions().mode() & 0o777, 0o600, "it was there");
}

#[test]
fn a_large_directory_comes_in_small_pieces() {
    let folders = Folders::new();
    let expected: Vec<_> = (0..1000).map(|n| format!("file-{n:04}")).collect();
    for name in &expected {
        fs::write(folders.share(name), "").unwrap();
    }
    let mut client = folders.client();
    client.version(4096, "9P2000.L").unwrap();
    client.attach(0).unwrap();
    client.walk(0, 1, "").unwrap();
    client.open(1, DIRECTORY).unwrap();
    for count in [64, 300, 4096, u32::MAX] {
        let names = client.names(1, count);
        assert_eq!(names[..2], [".", ".."]);
        assert_eq!(names[2..], expected);
    }
    // Too small for the first entry is not the end.
    assert_eq!(client.entries(1, 0, 20), Err(Errno::INVAL));
    // Entries that are removed meanwhile make no other one come twice or not at all.
    let mut seen = Vec::new();
    let mut offset = 0;
    loop {
        let piece = client.entries(1, offset, 500).unwrap();
        let Some(last) = piece.last() else { break };
        offset = last.0;
        for (_, _, name) in piece {
            let name = String::from_utf8(name).unwrap();
            if !name.starts_with('.') {
                client.unlink(0, &name, 0).unwrap();
                seen.push(name);
            }
        }
    }
    seen.sort();
    assert_eq!(seen, expected);
    assert_eq!(client.names(1, 4096), [".", ".."]);
    client.walk(0, 2, "").unwrap();
    assert_eq!(client.entries(2, 0, 100), Err(Errno::BADF), "not open");
}

#[test]
fn directories_tell_types_and_nothing_about_the_outside() {
    let folders = Folders::new();
    fs::create_dir(folders.share("dir")).unwrap();
    fs::write(folders.share("file"), "").unwrap();
    std::os::unix::fs::symlink("x", folders.share("link")).unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "").unwrap();
    client.open(1, DIRECTORY).unwrap();
    let request = Message::new(40).u32(1).u64(0).u32(4096);
    let mut reply = client.call(request).unwrap();
    reply.u32();
    let mut found = std::collections::BTreeMap::new();
    while !reply.is_empty() {
        let qid = reply.qid();
        let (_, kind, name) = (reply.u64(), reply.u8(), reply.text());
        found.insert(String::from_utf8(name).unwrap(), (qid.0, kind, qid.2));
    }
    let number = |name: &str| fs::symlink_metadata(folders.share(name)).unwrap().ino();
    assert_eq!(found["dir"], (0x80, 4, number("dir")));
    assert_eq!(found["file"], (0, 8, number("file")));
    assert_eq!(found["link"], (2, 10, number("link")));
    assert_eq!(found["."], (0x80, 4, number("")));
    assert_eq!(found[".."], (0x80, 4, number("")));
}

#[test]
fn walks_end_where_the_way_ends() {
    let folders = Folders::new();
    fs::create_dir_all(folders.share("a/b")).unwrap();
    fs::write(folders.share("a/b/c"), "").unwrap();
    let mut client = folders.client();
    let qids = client.walk(0, 1, "a/b/c").unwrap();
    assert_eq!(
        qids.iter().map(|qid| qid.0).collect::<Vec<_>>(),
        [0x80, 0x80, 0]
    );
    assert_eq!(client.walk(0, 2, "x"), Err(Errno::NOENT));
    assert_eq!(client.walk(1, 2, "x"), Err(Errno::NOTDIR));
    // As far as it goes, and no fid.
    let request = Message::new(110).u32(0).u32(2).u16(3);
    let mut reply = client.call(request.text("a").text("x").text("c")).unwrap();
    assert_eq!(reply.u16(), 1);
    assert_eq!(client.clunk(2), Err(Errno::BADF));
    assert_eq!(client.walk(0, 1, "a"), Err(Errno::BADF), "1 is in use");
    client.walk(1, 1, "").unwrap();
    client.walk(0, 0, "a").unwrap();
    client.walk(0, 5, "b").unwrap();
    assert_eq!(client.walk(77, 6, ""), Err(Errno::BADF));
    assert_eq!(client.walk(0, u32::MAX, ""), Err(Errno::BADF));
}

#[test]
fn files_stay_usable_when_they_or_what_is_above_them_is_renamed() {
    let folders = Folders::new();
    fs::create_dir_all(folders.share("a/b")).unwrap();
    fs::write(folders.share("a/b/open"), "open").unwrap();
    fs::write(folders.share("a/b/closed"), "closed").unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "a/b/open").unwrap();
    client.open(1, RDWR).unwrap();
    client.walk(0, 2, "a/b/closed").unwrap();
    client.walk(0, 3, "a").unwrap();
    client.rename((0, "a"), (0, "z")).unwrap();
    client.rename((3, "b"), (0, "y")).unwrap();
    client.rename_fid(2, (3, "moved")).unwrap();
    assert_eq!(client.write(1, 4, b"ed").unwrap(), 2);
    assert_eq!(client.read(1, 0, 10).unwrap(), b"opened");
    client.open(2, RDONLY).unwrap();
    assert_eq!(client.read(2, 0, 10).unwrap(), b"closed");
    assert_eq!(client.attributes(1).unwrap().size, 6);
    assert_eq!(fs::read(folders.share("y/open")).unwrap(), b"opened");
    assert_eq!(fs::read(folders.share("z/moved")).unwrap(), b"closed");
    client.walk(3, 4, "moved").unwrap();
    // Over another file, which is then gone.
    client.rename((3, "moved"), (0, "y/open")).unwrap_err();
    client.walk(0, 5, "y").unwrap();
    client.rename((3, "moved"), (5, "open")).unwrap();
    assert_eq!(client.content("y/open").unwrap(), b"closed");
    assert_eq!(client.read(1, 0, 10).unwrap(), b"opened", "still open");
    assert_eq!(client.rename((0, "y"), (5, "inside")), Err(Errno::INVAL));
}

#[test]
fn a_rename_between_two_names_of_one_file_leaves_both() {
    let folders = Folders::new();
    fs::write(folders.share("one"), "text").unwrap();
    fs::hard_link(folders.share("one"), folders.share("two")).unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "one").unwrap();
    client.walk(0, 2, "two").unwrap();
    client.rename((0, "one"), (0, "two")).unwrap();
    client.unlink(0, "one", 0).unwrap();
    assert_eq!(client.attributes(1).err(), Some(Errno::NOENT));
    assert_eq!(client.attributes(2).unwrap().links, 1);
}

#[test]
fn a_file_that_is_removed_while_open_stays_usable() {
    let folders = Folders::new();
    let mut client = folders.client();
    client.walk(0, 1, "").unwrap();
    client.create(1, "file", RDWR, 0o600).unwrap();
    client.walk(0, 2, "file").unwrap();
    client.write(1, 0, b"before").unwrap();
    client.unlink(0, "file", 0).unwrap();
    fs::write(folders.share("file"), "another").unwrap();
    client.write(1, 6, b" after").unwrap();
    assert_eq!(client.read(1, 0, 100).unwrap(), b"before after");
    // Its other fid, and one more made of that.
    for fid in [1, 2] {
        assert_eq!(client.attributes(fid).unwrap().links, 0);
    }
    client.walk(2, 3, "").unwrap();
    client.set_size(3, 3).unwrap();
    assert_eq!(client.read(1, 0, 100).unwrap(), b"bef");
    assert_eq!(client.walk(3, 4, "x"), Err(Errno::NOENT));
    client.clunk(1).unwrap();
    assert_eq!(client.attributes(2).err(), Some(Errno::NOENT));
    assert_eq!(client.open(3, RDONLY).err(), Some(Errno::NOENT));
    assert_eq!(client.remove(3), Err(Errno::NOENT));
    assert_eq!(client.clunk(3), Err(Errno::BADF), "removing ends the fid");
    assert_eq!(fs::read(folders.share("file")).unwrap(), b"another");
}

#[test]
fn things_are_made_and_removed() {
    let folders = Folders::new();
    let mut client = folders.client();
    assert_eq!(client.mkdir(0, "dir", 0o750).unwrap().qid().0, 0x80);
    let mode = fs::metadata(folders.share("dir")).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o750);
    assert_eq!(client.mkdir(0, "dir", 0o750).err(), Some(Errno::EXIST));
    assert_eq!(
        client.symlink(0, "link", "../any where").unwrap().qid().0,
        2
    );
    client.walk(0, 1, "link").unwrap();
    assert_eq!(client.readlink(1).unwrap(), b"../any where");
    assert_eq!(client.open(1, RDONLY).err(), Some(Errno::LOOP));
    client.walk(0, 2, "dir").unwrap();
    assert_eq!(client.readlink(2), Err(Errno::INVAL));
    client.mknod(2, "node", 0o100_600).unwrap();
    client.walk(2, 3, "node").unwrap();
    client.link(0, 3, "linked").unwrap();
    assert_eq!(client.attributes(3).unwrap().links, 2);
    for special in [0o020_600, 0o060_600, 0o010_600, 0o140_600] {
        let made = client.mknod(2, "device", special);
        assert_eq!(made.err(), Some(Errno::PERM));
    }
    assert_eq!(client.unlink(0, "dir", 0), Err(Errno::ISDIR));
    assert_eq!(client.unlink(0, "dir", REMOVEDIR), Err(Errno::NOTEMPTY));
    assert_eq!(client.unlink(0, "link", REMOVEDIR), Err(Errno::NOTDIR));
    assert_eq!(client.unlink(0, "link", 1), Err(Errno::INVAL));
    client.remove(3).unwrap();
    client.remove(2).unwrap();
    client.remove(1).unwrap();
    let left: Vec<_> = fs::read_dir(folders.share("")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(client.remove(0), Err(Errno::BUSY));
}

#[test]
fn attributes_are_told_and_set() {
    let folders = Folders::new();
    fs::write(folders.share("file"), "12345").unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "file").unwrap();
    let told = client.attributes(1).unwrap();
    let about = fs::metadata(folders.share("file")).unwrap();
    assert_eq!(told.mode, about.mode());
    assert_eq!((told.uid, told.gid), (about.uid(), about.gid()));
    assert_eq!((told.size, told.links), (5, 1));
    assert_eq!(told.qid.2, about.ino());
    assert_eq!(told.mtime.0, about.mtime() as u64);
    client.set_mode(1, 0o600).unwrap();
    client.set_size(1, 2).unwrap();
    // Both times, given.
    client.set(1, 0x1b0, (0, 0, 0), 0, 1_000_000_000).unwrap();
    let new = client.attributes(1).unwrap();
    assert_eq!(new.mode, 0o100_600);
    assert_eq!(new.size, 2);
    assert_eq!(new.atime, (1_000_000_000, 5));
    assert_eq!(new.mtime, (1_000_000_000, 5));
    assert_ne!(new.qid.1, told.qid.1, "another version");
    // The time of modification alone, now.
    client.set(1, 0x20, (0, 0, 0), 0, 0).unwrap();
    let now = client.attributes(1).unwrap();
    assert!(now.mtime.0 > 1_700_000_000);
    assert_eq!(now.atime, (1_000_000_000, 5));
    // The owner that it has, and nobody.
    client.set(1, 6, (0, told.uid, told.gid), 0, 0).unwrap();
    client.set(1, 6, (0, u32::MAX, u32::MAX), 0, 0).unwrap();
    // A mode that lets nobody open it can be taken back.
    client.set_mode(1, 0).unwrap();
    client.set_mode(1, 0o644).unwrap();
    client.set_size(0, 3).unwrap_err();
    // A guest's program does not become one that runs as this user.
    client.set_mode(1, 0o6755).unwrap();
    assert_eq!(client.attributes(1).unwrap().mode, 0o100_755);
    client.mkdir(0, "sticky", 0o3777).unwrap();
    client.walk(0, 2, "sticky").unwrap();
    assert_eq!(client.attributes(2).unwrap().mode, 0o043_777);
    // A file that was opened for writing and then made read-only is still written.
    client.walk(0, 3, "file").unwrap();
    client.open(3, WRONLY).unwrap();
    client.set_mode(3, 0o400).unwrap();
    client.set_size(3, 1).unwrap();
    assert_eq!(client.attributes(1).unwrap().size, 1);
    let nanoseconds = Message::new(26).u32(1).u32(0x90).u32(0).u32(0).u32(0);
    let nanoseconds = nanoseconds.u64(0).u64(0).u64(1_000_000_000).u64(0).u64(0);
    assert_eq!(client.call(nanoseconds).err(), Some(Errno::INVAL));
}

#[test]
fn the_file_system_and_locks_are_told() {
    let folders = Folders::new();
    let mut client = folders.client();
    let mut told = client.call(Message::new(8).u32(0)).unwrap();
    assert_eq!(told.u32(), 0x0102_1997);
    assert!(told.u32() >= 512);
    assert!(told.u64() > 0);
    told.bytes(4 * 8 + 8);
    assert_eq!(told.u32(), 255);
    assert!(told.is_empty());
    let lock = Message::new(52).u32(0).u8(1).u32(0).u64(3).u64(4).u32(5);
    assert_eq!(client.call(lock.text("host")).unwrap().u8(), 0);
    let lock = Message::new(54).u32(0).u8(1).u64(3).u64(4).u32(5);
    let mut told = client.call(lock.text("host")).unwrap();
    assert_eq!(told.u8(), 2);
    assert_eq!((told.u64(), told.u64(), told.u32()), (3, 4, 5));
    assert_eq!(told.text(), b"host");
    let attributes = Message::new(30).u32(0).u32(9).text("security.capability");
    assert_eq!(client.call(attributes).err(), Some(Errno::OPNOTSUPP));
    client.call(Message::new(108).u16(3)).unwrap();
}

#[test]
fn a_read_only_share_does_not_change() {
    let folders = Folders::new();
    fs::write(folders.share("file"), "text").unwrap();
    fs::create_dir(folders.share("dir")).unwrap();
    let mut client = folders.read_only_client();
    client.walk(0, 1, "file").unwrap();
    client.walk(0, 2, "file").unwrap();
    client.walk(0, 3, "dir").unwrap();
    let refused = [
        client.open(1, WRONLY).err(),
        client.open(1, RDWR).err(),
        client.open(1, TRUNC).err(),
        client.create(0, "new", RDONLY, 0o600).err(),
        client.mkdir(0, "new", 0o700).err(),
        client.symlink(0, "new", "x").err(),
        client.mknod(0, "new", 0o100_600).err(),
        client.link(0, 1, "new").err(),
        client.rename((0, "file"), (0, "new")).err(),
        client.rename_fid(1, (0, "new")).err(),
        client.unlink(0, "file", 0).err(),
        client.unlink(0, "dir", REMOVEDIR).err(),
        client.set_mode(1, 0o600).err(),
        client.set_size(1, 0).err(),
        client.write(1, 0, b"x").err(),
        client.remove(2).err(),
    ];
    for (index, errno) in refused.into_iter().enumerate() {
        assert_eq!(errno, Some(Errno::ROFS), "number {index}");
    }
    assert_eq!(client.clunk(2), Err(Errno::BADF));
    client.open(1, RDONLY).unwrap();
    assert_eq!(client.read(1, 0, 10).unwrap(), b"text");
    assert_eq!(fs::read_dir(folders.share("")).unwrap().count(), 2);
}

#[test]
fn a_session_is_taken_and_put_back() {
    let folders = Folders::new();
    fs::write(folders.share("file"), "text").unwrap();
    fs::write(folders.share("removed"), "").unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "file").unwrap();
    client.open(1, RDWR | TRUNC).unwrap();
    client.write(1, 0, b"kept").unwrap();
    client.walk(0, 2, "removed").unwrap();
    client.unlink(0, "removed", 0).unwrap();
    let state = client.server.state();
    let text = serde_json::to_string(&state).unwrap();
    let mut other = folders.client();
    other.server.set_state(serde_json::from_str(&text).unwrap());
    assert_eq!(other.server.state(), state);
    assert_eq!(other.read(1, 0, 10).unwrap(), b"kept");
    other.write(1, 4, b"!").unwrap();
    assert_eq!(other.attributes(2).err(), Some(Errno::NOENT));
    // A state that cannot be does no harm.
    let way_out: Vec<u8> = b"../outside/secret".to_vec();
    let state = serde_json::json!({
        "msize": 1, "fids": [{"number": 1, "path": way_out, "id": [1, 1], "user": 0, "open": 0}],
    });
    let state: P9State = serde_json::from_value(state).unwrap();
    other.server.set_state(state);
    assert_eq!(other.attributes(1).err(), Some(Errno::NOENT));
    assert_eq!(other.walk(1, 2, "x"), Err(Errno::NOENT));
}
