//! How values stand in a message: little-endian numbers, and text with its length in front.

use rustix::io::Errno;

/// The bytes before a message's fields: its length, its type, its tag.
pub(super) const HEADER: usize = 7;
/// An error's reply: the header and a Linux error number.
pub(super) const ERROR_REPLY: usize = HEADER + 4;

/// Takes values from the front of a message.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }
}

/// A field of a request.
pub(super) trait Field<'a>: Sized {
    /// Takes it; `None` if the message ends before it does.
    fn take(from: &mut Reader<'a>) -> Option<Self>;
}

macro_rules! number {
    ($($number:ty)*) => {$(
        impl Field<'_> for $number {
            fn take(from: &mut Reader<'_>) -> Option<Self> {
                let bytes = from.bytes(size_of::<Self>())?;
                Some(Self::from_le_bytes(bytes.try_into().ok()?))
            }
        }
    )*};
}

number! { u8 u16 u32 u64 }

/// Text: any bytes, for Linux's file names are bytes.
impl<'a> Field<'a> for &'a [u8] {
    fn take(from: &mut Reader<'a>) -> Option<Self> {
        let length = u16::take(from)?;
        from.bytes(length.into())
    }
}

/// The most names that one `Twalk` may have (`MAXWELEM`).
pub(super) const NAMES_MAX: usize = 16;

/// The names of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names<'a>(pub(super) Vec<&'a [u8]>);

impl<'a> Field<'a> for Names<'a> {
    fn take(from: &mut Reader<'a>) -> Option<Self> {
        let count = usize::from(u16::take(from)?);
        if count > NAMES_MAX {
            return None;
        }
        (0..count)
            .map(|_| Field::take(from))
            .collect::<Option<_>>()
            .map(Self)
    }
}

/// The bytes of a write, with a length of four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Data<'a>(pub(super) &'a [u8]);

impl<'a> Field<'a> for Data<'a> {
    fn take(from: &mut Reader<'a>) -> Option<Self> {
        let length = u32::take(from)?;
        from.bytes(usize::try_from(length).ok()?).map(Self)
    }
}

/// What a message calls a file: its kind, a version that changes with it, and a number that no
/// other file of the folder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Qid {
    pub(super) kind: u8,
    pub(super) version: u32,
    pub(super) path: u64,
}

impl Qid {
    pub(super) const SIZE: usize = 13;
    pub(super) const DIRECTORY: u8 = 0x80;
    pub(super) const SYMLINK: u8 = 0x02;
    pub(super) const FILE: u8 = 0x00;
}

/// A reply in the making. Its length and type come last.
pub(super) struct Reply(Vec<u8>);

impl Reply {
    pub(super) fn new(tag: u16) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[5..].copy_from_slice(&tag.to_le_bytes());
        Self(bytes)
    }

    pub(super) fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    pub(super) fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(super) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Text. Longer than its length can say, it cannot be sent.
    pub(super) fn text(&mut self, text: &[u8]) -> Result<&mut Self, Errno> {
        let length = u16::try_from(text.len()).map_err(|_| Errno::NAMETOOLONG)?;
        Ok(self.u16(length).bytes(text))
    }

    pub(super) fn qid(&mut self, qid: Qid) -> &mut Self {
        self.u8(qid.kind).u32(qid.version).u64(qid.path)
    }

    /// Makes room for data behind what is there, has `fill` append at most `count` bytes to it,
    /// and writes how many came in front of them.
    pub(super) fn counted(
        &mut self,
        count: usize,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let at = self.0.len();
        self.0.reserve_exact(4 + count);
        self.u32(0);
        let start = self.0.len();
        fill(&mut self.0)?;
        self.0.truncate(start + count);
        let length = u32::try_from(self.0.len() - start).map_err(|_| Errno::OVERFLOW)?;
        self.0[at..start].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }

    /// The finished message.
    pub(super) fn finish(mut self, kind: u8) -> Vec<u8> {
        // No reply is longer than the greatest message size, which 32 bits hold.
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0[4] = kind;
        self.0
    }
}

/// `Rlerror`.
pub(super) fn error(tag: u16, errno: Errno) -> Vec<u8> {
    const RLERROR: u8 = 7;
    let mut reply = Reply::new(tag);
    // Linux's numbers are those of the generic table here and on RISC-V.
    reply.u32(errno.raw_os_error().unsigned_abs());
    reply.finish(RLERROR)
}
