//! The signature: the memory between `begin_signature` and `end_signature` as text, in the form
//! that Spike writes and that compliance suites compare.

use crate::mem::{PhysAddr, Ram};
use std::io::{self, Write};
use std::ops::Range;

/// Writes the memory of `range`, a unit of `granularity` bytes to a line, in hexadecimal, the
/// most significant byte first. Bytes past the end of the last unit are zero. Returns `None` if
/// the range is not in RAM.
pub fn write(
    out: &mut impl Write,
    ram: &Ram,
    range: Range<u64>,
    granularity: usize,
) -> Option<io::Result<()>> {
    let size = range.end.checked_sub(range.start)?;
    let bytes = ram.slice(PhysAddr(range.start), size)?;
    Some(write_bytes(out, bytes, granularity))
}

fn write_bytes(out: &mut impl Write, bytes: &[u8], granularity: usize) -> io::Result<()> {
    for unit in bytes.chunks(granularity.max(1)) {
        for _ in unit.len()..granularity {
            out.write_all(b"00")?;
        }
        for byte in unit.iter().rev() {
            write!(out, "{byte:02x}")?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], granularity: usize) -> String {
        let mut out = Vec::new();
        write_bytes(&mut out, bytes, granularity).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn units_have_the_most_significant_byte_first() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(text(&bytes, 4), "04030201\n08070605\n");
        assert_eq!(text(&bytes, 8), "0807060504030201\n");
        assert_eq!(text(&bytes[..2], 1), "01\n02\n");
    }

    #[test]
    fn the_last_unit_is_filled_with_zeros() {
        assert_eq!(text(&[1, 2, 3, 4, 5], 4), "04030201\n00000005\n");
    }

    #[test]
    fn a_range_outside_ram_is_refused() {
        let ram = Ram::new(PhysAddr(0x8000_0000), 0x1000).unwrap();
        let mut out = Vec::new();
        assert!(write(&mut out, &ram, 0x8000_0ff8..0x8000_1008, 4).is_none());
        let backwards = Range {
            start: 0x8000_0008,
            end: 0x8000_0000,
        };
        assert!(write(&mut out, &ram, backwards, 4).is_none());
        assert!(write(&mut out, &ram, 0x8000_0ff8..0x8000_1000, 4).is_some());
        assert_eq!(out, b"00000000\n00000000\n");
    }
}
