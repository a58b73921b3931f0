//! `satp`: its fields, its WARL rule, and the translation modes.

use std::fmt;

use crate::mem::{PhysAddr, VirtAddr};

/// The widest ASID that RV64 has.
pub const ASID_BITS: u32 = 16;

/// A translation mode; the number is its encoding in `satp.MODE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mode {
    /// No translation.
    #[default]
    Bare = 0,
    /// Three levels, 39-bit addresses.
    Sv39 = 8,
    /// Four levels, 48-bit addresses.
    Sv48 = 9,
    /// Five levels, 57-bit addresses.
    Sv57 = 10,
}

impl Mode {
    /// The mode that `satp.MODE` encodes; `None` for reserved and custom encodings.
    #[inline]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        match bits & 0xf {
            0 => Some(Self::Bare),
            8 => Some(Self::Sv39),
            9 => Some(Self::Sv48),
            10 => Some(Self::Sv57),
            _ => None,
        }
    }

    /// How many levels a walk has; 0 for bare.
    #[inline]
    pub const fn levels(self) -> u8 {
        match self {
            Self::Bare => 0,
            Self::Sv39 => 3,
            Self::Sv48 => 4,
            Self::Sv57 => 5,
        }
    }

    /// How many bits of a virtual address count; 64 for bare.
    #[inline]
    pub const fn va_bits(self) -> u32 {
        match self {
            Self::Bare => 64,
            _ => 12 + 9 * self.levels() as u32,
        }
    }

    /// Whether the unused high bits repeat the top bit that counts.
    #[inline]
    pub const fn is_canonical(self, va: VirtAddr) -> bool {
        let unused = 64 - self.va_bits();
        ((va.0 << unused) as i64 >> unused) as u64 == va.0
    }

    /// The nine-bit index into the table of a level (`va.vpn[level]`).
    #[inline]
    pub const fn index(va: VirtAddr, level: u8) -> u64 {
        va.0 >> (12 + 9 * level as u32) & 0x1ff
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bare => "bare",
            Self::Sv39 => "Sv39",
            Self::Sv48 => "Sv48",
            Self::Sv57 => "Sv57",
        })
    }
}

/// The value of `satp`. [`Satp::write`] keeps `MODE` supported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Satp(pub u64);

impl Satp {
    const PPN: u64 = (1 << 44) - 1;

    /// A value from its fields.
    pub const fn new(mode: Mode, asid: u16, root_ppn: u64) -> Self {
        Self((mode as u64) << 60 | (asid as u64) << 44 | root_ppn & Self::PPN)
    }

    /// MODE; an unsupported encoding, which [`Satp::write`] keeps out, reads as bare.
    #[inline]
    pub const fn mode(self) -> Mode {
        match Mode::from_bits(self.0 >> 60) {
            Some(mode) => mode,
            None => Mode::Bare,
        }
    }

    /// ASID.
    #[inline]
    pub const fn asid(self) -> u16 {
        (self.0 >> 44) as u16
    }

    /// PPN, the page number of the root table.
    #[inline]
    pub const fn root_ppn(self) -> u64 {
        self.0 & Self::PPN
    }

    /// The physical address of the root table.
    #[inline]
    pub const fn root(self) -> PhysAddr {
        PhysAddr(self.root_ppn() << 12)
    }

    /// The value after software writes `value`. A write with a MODE that the hart does not support has no effect
    /// at all; only the low `asid_bits` of ASID are kept. `widest` is the widest mode of the hart: each mode
    /// requires the narrower ones.
    #[must_use]
    pub const fn write(self, value: u64, widest: Mode, asid_bits: u32) -> Self {
        match Mode::from_bits(value >> 60) {
            Some(mode) if mode as u8 <= widest as u8 => {
                let asid_mask = if asid_bits >= ASID_BITS {
                    0xffff
                } else {
                    (1u64 << asid_bits) - 1
                };
                Self(value & (0xf << 60 | asid_mask << 44 | Self::PPN))
            }
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_where_the_manual_puts_them() {
        let satp = Satp(0x8abc_d123_4567_89ab);
        assert_eq!(satp.mode(), Mode::Sv39);
        assert_eq!(satp.asid(), 0xabcd);
        assert_eq!(satp.root_ppn(), 0x123_4567_89ab);
        assert_eq!(satp.root(), PhysAddr(0x0012_3456_789a_b000));
        assert_eq!(Satp::new(Mode::Sv39, 0xabcd, 0x123_4567_89ab), satp);
    }

    #[test]
    fn a_write_with_an_unsupported_mode_changes_nothing() {
        let old = Satp::new(Mode::Sv39, 7, 0x80000);
        for mode in (1..16).filter(|mode| ![8, 9, 10].contains(mode)) {
            assert_eq!(old.write(mode << 60 | 0x1234, Mode::Sv57, 16), old);
        }
        assert_eq!(old.write(9 << 60 | 1, Mode::Sv39, 16), old);
        assert_eq!(old.write(10 << 60 | 1, Mode::Sv48, 16), old);
        assert_eq!(
            old.write(9 << 60 | 1, Mode::Sv48, 16),
            Satp::new(Mode::Sv48, 0, 1)
        );
        assert_eq!(old.write(0, Mode::Sv39, 16), Satp(0));
    }

    #[test]
    fn asid_bits_beyond_the_width_read_zero() {
        let all = 8 << 60 | 0xffff << 44;
        assert_eq!(Satp(0).write(all, Mode::Sv39, 16).asid(), 0xffff);
        assert_eq!(Satp(0).write(all, Mode::Sv39, 9).asid(), 0x1ff);
        assert_eq!(Satp(0).write(all, Mode::Sv39, 0).asid(), 0);
    }

    #[test]
    fn canonical_addresses() {
        for (mode, top) in [(Mode::Sv39, 38), (Mode::Sv48, 47), (Mode::Sv57, 56)] {
            let half = 1u64 << top;
            for good in [0, half - 1, half.wrapping_neg(), u64::MAX] {
                assert!(mode.is_canonical(VirtAddr(good)), "{mode} {good:#x}");
            }
            for bad in [half, half.wrapping_neg() - 1, 1 << 63] {
                assert!(!mode.is_canonical(VirtAddr(bad)), "{mode} {bad:#x}");
            }
        }
        assert!(Mode::Bare.is_canonical(VirtAddr(1 << 63)));
    }
}
