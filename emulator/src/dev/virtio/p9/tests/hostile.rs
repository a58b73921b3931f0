//! Each way out of the folder, tried.

use super::*;
use client::Message;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn dot_dot_ends_at_the_folder() {
    let folders = Folders::new();
    fs::create_dir_all(folders.share("a/b")).unwrap();
    let mut client = folders.client();
    let root = client.attributes(0).unwrap().qid.2;
    for way in ["..", "../..", "a/..", "a/b/../../..", "a/../../a/../.."] {
        client.walk(0, 1, way).unwrap();
        assert_eq!(client.attributes(1).unwrap().qid.2, root, "{way}");
        client.clunk(1).unwrap();
    }
    assert_eq!(client.walk(0, 1, "../outside"), Err(Errno::NOENT));
    // A directory that the host has moved away has its parent outside.
    client.walk(0, 2, "a/b").unwrap();
    fs::rename(folders.share("a/b"), folders.outside("b")).unwrap();
    assert_eq!(client.walk(2, 3, ".."), Err(Errno::NOENT));
    assert_eq!(client.walk(2, 3, "../secret"), Err(Errno::NOENT));
    fs::rename(folders.share("a"), folders.outside("a")).unwrap();
    assert_eq!(client.mkdir(2, "x", 0o700).err(), Some(Errno::NOENT));
}

#[test]
fn names_are_names() {
    let folders = Folders::new();
    fs::write(folders.share("file"), "").unwrap();
    fs::create_dir(folders.share("dir")).unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "file").unwrap();
    let outside = folders.outside("new");
    let bad = [
        "",
        ".",
        "..",
        "/",
        "../outside/new",
        "dir/new",
        "a\0b",
        outside.to_str().unwrap(),
    ];
    for name in bad {
        let walk = Message::new(110).u32(0).u32(9).u16(1).text(name);
        if name != ".." {
            assert_eq!(client.call(walk).err(), Some(Errno::INVAL), "{name:?}");
        }
        let refused = [
            client.create(0, name, 2, 0o600).err(),
            client.mkdir(0, name, 0o700).err(),
            client.symlink(0, name, "x").err(),
            client.mknod(0, name, 0o100_600).err(),
            client.link(0, 1, name).err(),
            client.rename((0, "file"), (0, name)).err(),
            client.rename((0, name), (0, "file")).err(),
            client.rename_fid(1, (0, name)).err(),
            client.unlink(0, name, 0).err(),
            client.unlink(0, name, 0x200).err(),
        ];
        for (index, errno) in refused.into_iter().enumerate() {
            assert_eq!(errno, Some(Errno::INVAL), "{name:?}, number {index}");
        }
    }
    assert_eq!(client.symlink(0, "s", "a\0b").err(), Some(Errno::INVAL));
    assert_eq!(client.symlink(0, "s", "").err(), Some(Errno::NOENT));
    let long = "n".repeat(256);
    assert_eq!(
        client.mkdir(0, &long, 0o700).err(),
        Some(Errno::NAMETOOLONG)
    );
    assert_eq!(fs::read_dir(folders.outside("")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folders.share("")).unwrap().count(), 2);
}

#[test]
fn links_are_not_followed() {
    let folders = Folders::new();
    symlink(folders.outside("secret"), folders.share("absolute")).unwrap();
    symlink("../outside", folders.share("relative")).unwrap();
    symlink("/etc", folders.share("etc")).unwrap();
    let mut client = folders.client();
    assert_eq!(client.walk(0, 1, "relative/secret"), Err(Errno::NOENT));
    assert_eq!(client.walk(0, 1, "etc/passwd"), Err(Errno::NOENT));
    client.walk(0, 1, "absolute").unwrap();
    client.walk(0, 2, "relative").unwrap();
    client.walk(0, 3, "etc").unwrap();
    assert_eq!(client.walk(2, 4, "secret"), Err(Errno::NOTDIR));
    for fid in [1, 2, 3] {
        assert_eq!(client.attributes(fid).unwrap().mode & 0o170_000, 0o120_000);
        for flags in [0, 1, 2, 0o1001, 0o20_0000] {
            assert!(client.open(fid, flags).is_err(), "{flags:o}");
        }
        assert!(client.set_size(fid, 0).is_err());
        assert_eq!(client.set_mode(fid, 0o777), Err(Errno::OPNOTSUPP));
        let made = [
            client.mkdir(fid, "new", 0o700).err(),
            client.create(fid, "new", 2, 0o600).err(),
            client.symlink(fid, "new", "x").err(),
            client.unlink(fid, "secret", 0).err(),
            client.rename((fid, "secret"), (0, "stolen")).err(),
            client.rename((0, "etc"), (fid, "new")).err(),
        ];
        assert_eq!(made, [Some(Errno::NOTDIR); 6]);
    }
    // Created where a link is: the link is not followed to make its target.
    symlink("../outside/made", folders.share("dangling")).unwrap();
    assert_eq!(
        client.create(0, "dangling", 2, 0o600).err(),
        Some(Errno::LOOP)
    );
    assert_eq!(
        client.create(0, "absolute", 0o1002, 0o600).err(),
        Some(Errno::LOOP)
    );
    // A time is set of the link.
    let before = fs::metadata(folders.outside("secret")).unwrap();
    client.set(1, 0x1b0, (0, 0, 0), 0, 1000).unwrap();
    let after = fs::metadata(folders.outside("secret")).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    // One more name of a link is one of the link.
    client.link(0, 1, "linked").unwrap();
    let linked = fs::symlink_metadata(folders.share("linked")).unwrap();
    assert!(linked.is_symlink());
    assert_eq!(fs::read(folders.outside("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(folders.outside("")).unwrap().count(), 1);
}

#[test]
fn a_link_that_takes_a_directorys_place_leads_nowhere() {
    let folders = Folders::new();
    fs::create_dir(folders.share("dir")).unwrap();
    fs::write(folders.share("dir/secret"), "mine").unwrap();
    fs::write(folders.share("file"), "mine").unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "dir").unwrap();
    client.walk(0, 2, "dir/secret").unwrap();
    client.walk(0, 3, "file").unwrap();
    client.walk(0, 4, "dir/secret").unwrap();
    client.open(4, 0).unwrap();
    // The guest itself: its directory goes elsewhere, a link comes in its place.
    client.rename((0, "dir"), (0, "old")).unwrap();
    client.symlink(0, "dir", "../outside").unwrap();
    client.open(2, 0).unwrap();
    assert_eq!(client.read(2, 0, 10).unwrap(), b"mine");
    // The host.
    fs::rename(folders.share("old"), folders.share("older")).unwrap();
    symlink(folders.outside(""), folders.share("old")).unwrap();
    fs::remove_file(folders.share("file")).unwrap();
    symlink(folders.outside("secret"), folders.share("file")).unwrap();
    assert_eq!(client.walk(1, 9, "secret"), Err(Errno::NOTDIR));
    assert_eq!(client.mkdir(1, "new", 0o700).err(), Some(Errno::NOTDIR));
    assert_eq!(client.unlink(1, "secret", 0), Err(Errno::NOTDIR));
    assert_eq!(client.open(3, 0).err(), Some(Errno::LOOP));
    assert!(client.set_size(3, 0).is_err());
    assert_eq!(client.read(4, 0, 10).unwrap(), b"mine");
    assert_eq!(fs::read(folders.outside("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(folders.outside("")).unwrap().count(), 1);
}

/// While another thread swaps a directory for a link to the outside and back, all the time, no
/// request reaches the outside.
#[test]
fn a_race_is_not_won() {
    let folders = Folders::new();
    fs::create_dir(folders.share("dir")).unwrap();
    fs::write(folders.share("dir/secret"), "mine").unwrap();
    symlink("../outside", folders.share("link")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = {
        let (stop, from, to) = (stop.clone(), folders.share("dir"), folders.share("link"));
        std::thread::spawn(move || {
            let mut swaps = 0;
            while !stop.load(Ordering::Relaxed) {
                renameat_with(CWD, &from, CWD, &to, RenameFlags::EXCHANGE).unwrap();
                swaps += 1;
            }
            swaps
        })
    };
    let mut client = folders.client();
    let (mut inside, mut refused) = (0, 0);
    for _ in 0..3000 {
        match client.content("dir/secret") {
            Ok(text) => {
                assert_eq!(text, b"mine");
                inside += 1;
            }
            Err(_) => refused += 1,
        }
        if client.walk(0, 1, "dir").is_ok() {
            let _ = client.mkdir(1, "made", 0o700);
            let _ = client.unlink(1, "made", 0x200);
            let _ = client.rename((1, "secret"), (1, "moved"));
            let _ = client.rename((1, "moved"), (1, "secret"));
            let _ = client.create(1, "created", 0o1002, 0o600);
            let _ = client.write(1, 0, b"x");
            client.clunk(1).unwrap();
        }
        if client.walk(0, 2, "dir/secret").is_ok() {
            let _ = client.set_mode(2, 0o640);
            let _ = client.set(2, 0x1b0, (0, 0, 0), 0, 1000);
            client.clunk(2).unwrap();
        }
    }
    stop.store(true, Ordering::Relaxed);
    let swaps: u64 = swapper.join().unwrap();
    assert!(swaps > 0 && inside + refused == 3000);
    let secret = folders.outside("secret");
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
    assert_ne!(fs::metadata(&secret).unwrap().modified().unwrap(), at(1000));
    assert_eq!(fs::read_dir(folders.outside("")).unwrap().count(), 1);
}

fn at(seconds: u64) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + std::time::Duration::new(seconds, 5)
}

#[test]
fn special_files_are_seen_and_not_opened() {
    let folders = Folders::new();
    let fifo = folders.share("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(folders.share("socket")).unwrap();
    let mut client = folders.client();
    client.walk(0, 1, "fifo").unwrap();
    client.walk(0, 2, "socket").unwrap();
    assert_eq!(client.attributes(1).unwrap().mode & 0o170_000, 0o010_000);
    assert_eq!(client.attributes(2).unwrap().mode & 0o170_000, 0o140_000);
    for fid in [1, 2] {
        for flags in [0, 1, 2] {
            assert_eq!(client.open(fid, flags).err(), Some(Errno::NXIO));
        }
        assert_eq!(client.set_size(fid, 0).err(), Some(Errno::NXIO));
    }
    // A file is asked for where a FIFO is.
    assert_eq!(
        client.create(0, "fifo", 0o1001, 0o600).err(),
        Some(Errno::NXIO)
    );
    client.set_mode(1, 0o600).unwrap();
    client.remove(1).unwrap();
    client.unlink(0, "socket", 0).unwrap();
    drop(socket);
}

#[test]
fn a_device_is_not_opened() {
    // The share is the host's /dev, where there are some to try.
    let Ok(server) = crate::dev::virtio::p9::P9Server::new("/dev".as_ref(), true) else {
        return;
    };
    drop(server);
    let mut client = Client::attached("/dev".as_ref(), true);
    client.walk(0, 1, "null").unwrap();
    assert_eq!(client.attributes(1).unwrap().mode & 0o170_000, 0o020_000);
    assert_eq!(client.open(1, 0).err(), Some(Errno::NXIO));
}

#[test]
fn magic_links_are_links() {
    // In /proc some links lead elsewhere whatever their text says.
    let mut client = Client::attached("/proc".as_ref(), true);
    assert_eq!(client.walk(0, 1, "self/root/etc"), Err(Errno::NOENT));
    let own = std::process::id().to_string();
    assert_eq!(
        client.walk(0, 1, &format!("{own}/root/etc")),
        Err(Errno::NOENT)
    );
    client.walk(0, 1, &format!("{own}/exe")).unwrap();
    assert_eq!(client.open(1, 0).err(), Some(Errno::LOOP));
}

#[test]
fn fids_files_and_paths_are_bounded() {
    let folders = Folders::new();
    fs::write(folders.share("file"), "").unwrap();
    let mut client = folders.client();
    let full = (1..100_000).find_map(|fid| client.walk(0, fid, "").err().map(|e| (fid, e)));
    assert_eq!(full, Some((1 << 16, Errno::NFILE)));
    client.clunk(5).unwrap();
    client.walk(0, 5, "file").unwrap();
    assert_eq!(client.attach(1 << 20).err(), Some(Errno::NFILE));
    // A new session starts with none.
    client.version(client::MSIZE, "9P2000.L").unwrap();
    assert_eq!(client.clunk(5), Err(Errno::BADF));
    client.attach(0).unwrap();
    let mut refused = None;
    for fid in 1..=5000 {
        client.walk(0, fid, "file").unwrap();
        if let Err(errno) = client.open(fid, 0) {
            refused = Some((fid, errno));
            break;
        }
    }
    let (fid, errno) = refused.unwrap();
    assert_eq!(errno, Errno::MFILE);
    client.clunk(fid - 1).unwrap();
    client.open(fid, 0).unwrap();
    client.version(client::MSIZE, "9P2000.L").unwrap();
    client.attach(0).unwrap();
    // Deeper and deeper.
    let name = "n".repeat(250);
    client.walk(0, 1, "").unwrap();
    let mut depth = 0;
    let errno = loop {
        if let Err(errno) = client.mkdir(1, &name, 0o700) {
            break errno;
        }
        client.walk(1, 1, &name).unwrap();
        depth += 1;
    };
    assert_eq!((depth, errno), (4095 / 251, Errno::NAMETOOLONG));
    // Many fids with long names are too much memory before they are too many.
    let full = (2..100_000).find_map(|fid| client.walk(1, fid, "").err().map(|e| (fid, e)));
    let (count, errno) = full.unwrap();
    assert_eq!(errno, Errno::NFILE);
    assert!((4000..5000).contains(&count), "{count}");
}
