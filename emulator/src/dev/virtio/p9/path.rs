//! Names, and paths of them below the shared folder.

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// The longest name that Linux's file systems take (`NAME_MAX`).
const NAME_MAX: usize = 255;
/// The longest path, in bytes (`PATH_MAX` without its NUL).
const PATH_MAX: usize = 4095;

/// One name in a directory: never empty, `.` or `..`, and without `/` or NUL, so that the host
/// can only find with it what lies in that directory itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Errno> {
        if matches!(bytes, b"" | b"." | b"..") || bytes.iter().any(|b| matches!(b, 0 | b'/')) {
            return Err(Errno::INVAL);
        }
        if bytes.len() > NAME_MAX {
            return Err(Errno::NAMETOOLONG);
        }
        Ok(Self(bytes))
    }

    pub(super) fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Where something is below the shared folder: names with `/` between them. The folder itself
/// is the empty path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SharePath(Vec<u8>);

impl SharePath {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn join(&self, name: Name<'_>) -> Result<Self, Errno> {
        let mut path = self.0.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name.bytes());
        if path.len() > PATH_MAX {
            return Err(Errno::NAMETOOLONG);
        }
        Ok(Self(path))
    }

    /// The names on the way. Each is checked again, for a path may come from a saved state.
    pub(super) fn names(&self) -> impl Iterator<Item = Result<Name<'_>, Errno>> {
        let all = Some(&self.0).filter(|path| !path.is_empty());
        all.into_iter()
            .flat_map(|path| path.split(|byte| *byte == b'/'))
            .map(Name::new)
    }

    /// Whether each step of it is one down.
    pub(super) fn is_valid(&self) -> bool {
        self.len() <= PATH_MAX && self.names().all(|name| name.is_ok())
    }

    /// The directory that it is in, and its name there; nothing for the folder itself.
    pub(super) fn split(&self) -> Option<(Self, Name<'_>)> {
        let slash = self.0.iter().rposition(|byte| *byte == b'/');
        let (directory, name) = match slash {
            Some(at) => (&self.0[..at], &self.0[at + 1..]),
            None => (&[][..], &self.0[..]),
        };
        Some((Self(directory.to_vec()), Name::new(name).ok()?))
    }

    /// The directory that it is in. The folder's is the folder.
    pub(super) fn parent(&self) -> Self {
        self.split().map(|(parent, _)| parent).unwrap_or_default()
    }

    /// What comes after `above` if it is that or below it.
    fn below(&self, above: &Self) -> Option<&[u8]> {
        let rest = self.0.strip_prefix(&above.0[..])?;
        (rest.is_empty() || above.0.is_empty() || rest[0] == b'/').then_some(rest)
    }

    pub(super) fn is_at_or_below(&self, above: &Self) -> bool {
        self.below(above).is_some()
    }

    /// The path after a rename of `from`, which it is or is below, to `to`: `None` if it is
    /// neither, an error if it is now too long.
    pub(super) fn renamed(&self, from: &Self, to: &Self) -> Option<Result<Self, Errno>> {
        let rest = self.below(from)?;
        let path = [&to.0, rest].concat();
        Some(if path.len() > PATH_MAX {
            Err(Errno::NAMETOOLONG)
        } else {
            Ok(Self(path))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> SharePath {
        SharePath(text.as_bytes().to_vec())
    }

    #[test]
    fn a_name_is_one_step_down() {
        for bad in ["", ".", "..", "/", "a/b", "/etc", "a\0b"] {
            assert_eq!(Name::new(bad.as_bytes()), Err(Errno::INVAL), "{bad:?}");
        }
        let long = [b'a'; 256];
        assert_eq!(Name::new(&long), Err(Errno::NAMETOOLONG));
        assert!(Name::new(&long[..255]).is_ok());
        assert!(Name::new(b"...").is_ok());
    }

    #[test]
    fn a_rename_moves_what_is_below_and_nothing_that_only_looks_so() {
        let (from, to) = (path("a/b"), path("x"));
        assert_eq!(path("a/b").renamed(&from, &to), Some(Ok(path("x"))));
        assert_eq!(path("a/b/c/d").renamed(&from, &to), Some(Ok(path("x/c/d"))));
        assert_eq!(path("a/bc").renamed(&from, &to), None);
        assert_eq!(path("a").renamed(&from, &to), None);
        let long = path(&"n/".repeat(2040));
        let moved = path("a/b/0123456789").renamed(&from, &long);
        assert_eq!(
            moved,
            Some(Ok(path(&format!("{}/0123456789", "n/".repeat(2040)))))
        );
        let deep = path(&"n/".repeat(2047));
        assert_eq!(
            path("a/b/0123456789").renamed(&from, &deep),
            Some(Err(Errno::NAMETOOLONG))
        );
    }

    #[test]
    fn the_folder_has_no_parent_but_itself() {
        assert_eq!(path("").split(), None);
        assert_eq!(path("").parent(), path(""));
        assert_eq!(path("a").parent(), path(""));
        assert_eq!(path("a/b").split(), Some((path("a"), Name(b"b"))));
        assert_eq!(path("").names().count(), 0);
    }
}
