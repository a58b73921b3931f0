//! Addresses as people read them: with the symbol and the source line they belong to.

use crate::isa::Privilege;
use crate::loader::{Guest, Piece, SourceLine};
use std::fmt;

/// A code address, with its name and its line if the guest's file tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address.
    pub address: u64,
    /// The symbol at or before it, and how far behind the symbol it is.
    pub symbol: Option<(String, u64)>,
    /// The source line.
    pub line: Option<SourceLine>,
}

impl Place {
    /// The place of an address in a guest.
    pub fn of(guest: &Guest, address: u64) -> Self {
        Self::linked(guest, address, address)
    }

    /// The place of an instruction that ran with a privilege. Before a kernel turns translation on, and on its way
    /// there, it runs where it was loaded; its names are of where it runs later.
    pub fn of_code(guest: &Guest, address: u64, privilege: Privilege) -> Self {
        let found = Self::of(guest, address);
        if found.symbol.is_some() || privilege == Privilege::User {
            return found;
        }
        let linked = guest.virtual_of(address).unwrap_or(address);
        Self::linked(guest, address, linked)
    }

    /// The place of a physical address: what was loaded there.
    pub fn of_physical(guest: &Guest, address: u64) -> Self {
        let linked = guest.virtual_of(address).unwrap_or(address);
        Self::linked(guest, address, linked)
    }

    /// The place of an address whose code was linked to another one.
    pub(crate) fn linked(guest: &Guest, address: u64, linked: u64) -> Self {
        let symbol = guest.symbols().by_address(linked);
        Self {
            address,
            symbol: symbol.map(|(name, offset)| (name.to_owned(), offset)),
            line: guest.line(linked),
        }
    }

    /// The symbol as `name` or `name+0x4`; nothing if there is none.
    pub fn name(&self) -> String {
        match &self.symbol {
            Some((name, 0)) => name.clone(),
            Some((name, offset)) => format!("{name}+{offset:#x}"),
            None => String::new(),
        }
    }
}

impl fmt::Display for Place {
    /// `0x80000004 <_start+0x4> start.S:12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.address)?;
        if self.symbol.is_some() {
            write!(f, " <{}>", self.name())?;
        }
        match &self.line {
            Some(line) => write!(f, " {line}"),
            None => Ok(()),
        }
    }
}

/// Names for addresses of programs that move themselves.
///
/// A supervisor may map its code, or a program it loads, elsewhere than both are linked. The
/// supervisors of riscv-tests do, in ways known beforehand; an address is taken for another one
/// only if the file has the very instruction there that was executed.
pub struct Places<'a> {
    guest: &'a Guest,
    image: Vec<(u64, Vec<u8>)>,
}

/// Where code may run, less where it is linked: the official environment `v` runs user code from
/// zero up and its supervisor 2 MiB below the top; ours runs its supervisor 4 GiB below the top.
const MOVES: [u64; 4] = [
    0,
    0_u64.wrapping_sub(0x8000_0000),
    0xffff_ffff_ffe0_0000 - 0x8000_0000,
    0xffff_ffff_0000_0000,
];

impl<'a> Places<'a> {
    /// Where code may run, less where it is linked.
    pub(crate) const MOVES: &'static [u64] = &MOVES;

    /// The places of a guest, which has been placed in RAM.
    pub fn new(guest: &'a Guest) -> Self {
        let mut image: Vec<(u64, Vec<u8>)> = Vec::new();
        let loaded = guest.load_code(|at, piece| {
            if let Piece::Bytes(bytes) = piece {
                image.push((at, bytes.to_vec()));
            }
        });
        if loaded.is_err() {
            image.clear();
        }
        Self { guest, image }
    }

    /// The place of an instruction, with its bits if they are known. Without them an address is
    /// taken for what it is linked to.
    pub fn find(&self, address: u64, bits: Option<(u32, u8)>) -> Place {
        let linked = bits.and_then(|(word, len)| {
            self.linked(address, |linked| {
                self.holds(linked, &word.to_le_bytes()[..usize::from(len.min(4))])
            })
        });
        Place::linked(self.guest, address, linked.unwrap_or(address))
    }

    /// The place of an address that is certainly a virtual one, and may have been moved.
    pub fn find_virtual(&self, address: u64) -> Place {
        let linked = self.linked(address, |_| true);
        Place::linked(self.guest, address, linked.unwrap_or(address))
    }

    /// Where the code at an address was linked to: the first guess that has a symbol and is `so`.
    fn linked(&self, address: u64, so: impl Fn(u64) -> bool) -> Option<u64> {
        // A kernel's names are at the addresses where it runs.
        let moves = if self.guest.is_boot() {
            &MOVES[..1]
        } else {
            &MOVES
        };
        let guesses = moves.iter().map(|by| address.wrapping_sub(*by));
        guesses
            .filter(|&guess| self.guest.symbols().by_address(guess).is_some())
            .find(|&guess| so(guess))
    }

    /// The four bytes that the file has where the code at a place was linked to, or the two that
    /// are left at its end.
    pub fn word(&self, address: u64) -> Option<u32> {
        let linked = self.linked(address, |_| true).unwrap_or(address);
        let half = |at: u64| {
            self.image.iter().find_map(|(start, piece)| {
                let offset = usize::try_from(at.checked_sub(*start)?).ok()?;
                let bytes = piece.get(offset..)?.get(..2)?.try_into().ok()?;
                Some(u32::from(u16::from_le_bytes(bytes)))
            })
        };
        let low = half(linked)?;
        let high = half(linked.wrapping_add(2)).unwrap_or(0);
        Some(high << 16 | low)
    }

    /// Whether the file has these bytes where something is linked, as far as its piece goes. Zeros are
    /// everywhere, and say nothing.
    pub(crate) fn begins(&self, linked: u64, bytes: &[u8]) -> bool {
        let piece = self.image.iter().find_map(|(start, piece)| {
            let offset = usize::try_from(linked.checked_sub(*start)?).ok()?;
            piece.get(offset..).filter(|piece| !piece.is_empty())
        });
        piece.is_some_and(|piece| {
            let length = piece.len().min(bytes.len());
            let same = piece[..length] == bytes[..length];
            same && bytes[..length].iter().any(|&byte| byte != 0)
        })
    }

    fn holds(&self, address: u64, bytes: &[u8]) -> bool {
        self.image.iter().any(|(start, piece)| {
            address
                .checked_sub(*start)
                .and_then(|offset| usize::try_from(offset).ok())
                .and_then(|offset| piece.get(offset..)?.get(..bytes.len()))
                == Some(bytes)
        })
    }

    /// Every address at which code linked to `address` may run.
    pub(crate) fn aliases(address: u64) -> [u64; MOVES.len()] {
        MOVES.map(|by| address.wrapping_add(by))
    }
}
