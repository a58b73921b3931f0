//! Unpacking gzip, within bounds.

use std::io::{self, BufReader, Read};
use std::ops::Range;

use flate2::read::GzDecoder;

use super::boot_error::BootReason;
use super::source::Source;

/// No kernel is larger; a file of 1 MiB can claim 1 GiB.
pub(super) const MAX_UNPACKED: u64 = 512 << 20;

/// A part of a source, read from its start to its end.
struct Reader<'a> {
    source: &'a Source,
    place: Range<u64>,
}

impl Read for Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.place.end.saturating_sub(self.place.start);
        let size = left.min(into.len() as u64) as usize;
        self.source.read_at(self.place.start, &mut into[..size])?;
        self.place.start += size as u64;
        Ok(size)
    }
}

/// Unpacks what lies at `place` of a file, but no more than `limit` bytes: the first of them if
/// `partly`, or else it is an error if there are more.
pub(super) fn gunzip(
    source: &Source,
    place: Range<u64>,
    limit: u64,
    partly: bool,
) -> Result<Vec<u8>, BootReason> {
    let reader = BufReader::with_capacity(64 << 10, Reader { source, place });
    let mut bytes = Vec::new();
    let mut decoder = GzDecoder::new(reader).take(limit.saturating_add(1));
    decoder.read_to_end(&mut bytes).map_err(BootReason::Gzip)?;
    if bytes.len() as u64 > limit {
        if !partly {
            return Err(BootReason::GzipTooLarge(limit >> 20));
        }
        bytes.truncate(limit as usize);
    }
    Ok(bytes)
}
