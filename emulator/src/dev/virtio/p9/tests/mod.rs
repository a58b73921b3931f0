//! The server, driven by messages as Linux's client sends them.

mod client;
mod control;
mod device;
mod files;
mod hostile;
mod malformed;

use client::Client;
use rustix::io::Errno;
use std::fs;

/// A folder to share, beside one that must not be reached: `share/` and `outside/secret`.
struct Folders {
    place: tempfile::TempDir,
}

impl Folders {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("share")).unwrap();
        fs::create_dir(place.path().join("outside")).unwrap();
        fs::write(place.path().join("outside/secret"), "secret").unwrap();
        Self { place }
    }

    fn share(&self, inside: &str) -> std::path::PathBuf {
        self.place.path().join("share").join(inside)
    }

    fn outside(&self, inside: &str) -> std::path::PathBuf {
        self.place.path().join("outside").join(inside)
    }

    /// A client that has attached the share as fid 0.
    fn client(&self) -> Client {
        Client::attached(&self.share(""), false)
    }

    fn read_only_client(&self) -> Client {
        Client::attached(&self.share(""), true)
    }
}
