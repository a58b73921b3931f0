//! The requests of 9P2000.L, each declared once: its number, its name, its fields in order.

use super::wire::{Data, ERROR_REPLY, Field, HEADER, Names, Qid, Reader};

macro_rules! requests {
    ($($number:literal $name:ident { $($field:ident: $kind:ty),* $(,)? })*) => {
        /// A request, with the fields as they came.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(super) enum Request<'a> {
            $($name { $($field: $kind),* },)*
        }

        impl<'a> Request<'a> {
            /// Reads the fields of a request of that number. They must fill the message.
            pub(super) fn parse(number: u8, fields: &'a [u8]) -> Result<Self, Malformed> {
                let mut from = Reader::new(fields);
                let request = match number {
                    $($number => Self::$name {
                        $($field: Field::take(&mut from).ok_or(Malformed::Fields)?),*
                    },)*
                    _ => return Err(Malformed::Unknown),
                };
                if from.is_empty() { Ok(request) } else { Err(Malformed::Fields) }
            }

            /// Every request: its number and its name.
            pub(super) const ALL: &'static [(u8, &'static str)] =
                &[$(($number, stringify!($name))),*];
        }
    };
}

/// Why a message is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// No request has that number.
    Unknown,
    /// The fields end before or after the message does.
    Fields,
}

requests! {
    8 Statfs { fid: u32 }
    12 Lopen { fid: u32, flags: u32 }
    14 Lcreate { fid: u32, name: &'a [u8], flags: u32, mode: u32, gid: u32 }
    16 Symlink { directory: u32, name: &'a [u8], target: &'a [u8], gid: u32 }
    18 Mknod { directory: u32, name: &'a [u8], mode: u32, major: u32, minor: u32, gid: u32 }
    20 Rename { fid: u32, directory: u32, name: &'a [u8] }
    22 Readlink { fid: u32 }
    24 Getattr { fid: u32, mask: u64 }
    26 Setattr {
        fid: u32, valid: u32, mode: u32, uid: u32, gid: u32, size: u64,
        atime: u64, atime_nsec: u64, mtime: u64, mtime_nsec: u64,
    }
    30 Xattrwalk { fid: u32, new: u32, name: &'a [u8] }
    32 Xattrcreate { fid: u32, name: &'a [u8], size: u64, flags: u32 }
    40 Readdir { fid: u32, offset: u64, count: u32 }
    50 Fsync { fid: u32, data_only: u32 }
    52 Lock {
        fid: u32, kind: u8, flags: u32, start: u64, length: u64, process: u32, client: &'a [u8],
    }
    54 Getlock { fid: u32, kind: u8, start: u64, length: u64, process: u32, client: &'a [u8] }
    70 Link { directory: u32, fid: u32, name: &'a [u8] }
    72 Mkdir { directory: u32, name: &'a [u8], mode: u32, gid: u32 }
    74 Renameat { old: u32, old_name: &'a [u8], new: u32, new_name: &'a [u8] }
    76 Unlinkat { directory: u32, name: &'a [u8], flags: u32 }
    100 Version { msize: u32, version: &'a [u8] }
    102 Auth { fid: u32, user: &'a [u8], folder: &'a [u8], uid: u32 }
    104 Attach { fid: u32, auth: u32, user: &'a [u8], folder: &'a [u8], uid: u32 }
    108 Flush { old_tag: u16 }
    110 Walk { fid: u32, new: u32, names: Names<'a> }
    116 Read { fid: u32, offset: u64, count: u32 }
    118 Write { fid: u32, offset: u64, data: Data<'a> }
    120 Clunk { fid: u32 }
    122 Remove { fid: u32 }
}

impl Request<'_> {
    /// The number of `Tversion`.
    pub(super) const VERSION: u8 = 100;
    /// The number of `Tflush`.
    pub(super) const FLUSH: u8 = 108;
    /// The number of `Tread`.
    pub(super) const READ: u8 = 116;
    /// The number of `Twrite`.
    pub(super) const WRITE: u8 = 118;

    /// The name of the request with that number.
    pub(super) fn name(number: u8) -> &'static str {
        let known = Self::ALL.iter().find(|request| request.0 == number);
        known.map_or("unknown", |request| request.1)
    }

    /// The bytes that its reply needs at least, so that nothing is done whose reply cannot be
    /// sent. Where the length depends on what is found, the reply is made to fit.
    pub(super) fn reply_size(&self) -> usize {
        let fields = match self {
            Self::Version { version, .. } => 4 + 2 + version.len().max(8),
            Self::Attach { .. }
            | Self::Symlink { .. }
            | Self::Mknod { .. }
            | Self::Mkdir { .. } => Qid::SIZE,
            Self::Lopen { .. } | Self::Lcreate { .. } => Qid::SIZE + 4,
            Self::Walk { names, .. } => 2 + names.0.len() * Qid::SIZE,
            Self::Getattr { .. } => 8 + Qid::SIZE + 3 * 4 + 5 * 8 + 10 * 8,
            Self::Statfs { .. } => 2 * 4 + 6 * 8 + 4,
            Self::Getlock { client, .. } => 1 + 8 + 8 + 4 + 2 + client.len(),
            Self::Read { .. } | Self::Readdir { .. } | Self::Write { .. } => 4,
            _ => 0,
        };
        (HEADER + fields).max(ERROR_REPLY)
    }

    /// Whether it asks for a change whatever its fields say. (`Lopen` may.)
    pub(super) fn changes(&self) -> bool {
        matches!(
            self,
            Self::Lcreate { .. }
                | Self::Symlink { .. }
                | Self::Mknod { .. }
                | Self::Rename { .. }
                | Self::Setattr { .. }
                | Self::Xattrcreate { .. }
                | Self::Link { .. }
                | Self::Mkdir { .. }
                | Self::Renameat { .. }
                | Self::Unlinkat { .. }
                | Self::Write { .. }
                | Self::Remove { .. }
        )
    }
}
