//! Names for addresses, virtual and physical.

use super::site::Site;
use crate::loader::Guest;
use crate::mem::{PhysAddr, VirtAddr};
use crate::report::place::{Place, Places};

/// The names that the guest's file gives.
pub struct Names<'a> {
    guest: &'a Guest,
    places: Places<'a>,
}

impl<'a> Names<'a> {
    /// The names of a guest, which has been placed in RAM.
    pub fn new(guest: &'a Guest) -> Self {
        Self {
            guest,
            places: Places::new(guest),
        }
    }

    /// The place of an instruction at a virtual address where `site` was found.
    pub fn code(&self, pc: u64, site: &Site) -> Place {
        match self.linked_at(VirtAddr(pc), site, site.translated) {
            Some(linked) => Place::linked(self.guest, pc, linked),
            None => Place {
                address: pc,
                symbol: None,
                line: None,
            },
        }
    }

    /// The name of what is at a virtual address where `site` was found.
    pub fn data(&self, va: VirtAddr, site: &Site) -> Option<String> {
        self.linked(VirtAddr(self.linked_at(va, site, false)?))
    }

    /// Where the file has linked what is at a virtual address. Nothing is taken for what only might
    /// be there: either its frame is the one that was loaded, or its bytes are those of the file.
    pub fn linked_at(&self, va: VirtAddr, site: &Site, moved: bool) -> Option<u64> {
        let linked = |address: u64| self.guest.symbols().by_address(address).is_some();
        let Some(pa) = site.pa else {
            // Nothing is there to contradict it.
            return Some(va.0).filter(|&va| linked(va));
        };
        let loaded = self.virtual_of(pa);
        if linked(va.0) && (loaded == Some(va.0) || self.physical_of(va.0) == Some(pa.0)) {
            return Some(va.0);
        }
        let same = |address: &u64| {
            // The bytes are kept by where they were loaded.
            let at = self.physical_of(*address).unwrap_or(*address);
            linked(*address) && self.places.begins(at, &site.bytes)
        };
        let moves = if moved { Places::MOVES } else { &[] };
        let guesses = moves.iter().map(|by| va.0.wrapping_sub(*by));
        // What the file put there goes before a copy of something else, if it still is there. In the lower half a
        // kernel has its processes, and gives them memory that it was loaded to and needs no more.
        let kept = !self.guest.is_boot() || va.0 >> 63 == 1;
        loaded
            .filter(same)
            .or_else(|| Some(va.0).filter(same))
            .or_else(|| guesses.into_iter().find(same))
            .or(loaded.filter(|&address| kept && linked(address)))
    }

    /// Where what lies at a physical address was linked to run.
    fn virtual_of(&self, pa: PhysAddr) -> Option<u64> {
        self.guest.virtual_of(pa.0)
    }

    /// Where what is linked to run at an address was loaded.
    pub(super) fn physical_of(&self, address: u64) -> Option<u64> {
        let segment = self.guest.segments().find(|segment| {
            let offset = address.wrapping_sub(segment.virtual_address);
            address >= segment.virtual_address && offset < segment.size
        })?;
        Some((address - segment.virtual_address).wrapping_add(segment.address))
    }

    /// What is linked to run at a virtual address.
    pub fn linked(&self, va: VirtAddr) -> Option<String> {
        let (name, offset) = self.guest.symbols().by_address(va.0)?;
        Some(with_offset(name, offset))
    }

    /// What the file put at a physical address.
    pub fn physical(&self, pa: PhysAddr) -> Option<String> {
        self.linked(VirtAddr(self.virtual_of(pa)?))
    }

    /// The address of `NAME`, `NAME+OFFSET`, or a number: decimal, or hexadecimal with `0x`.
    pub fn address(&self, text: &str) -> Result<u64, String> {
        if let Some(number) = number(text) {
            return number;
        }
        let (name, offset) = match text.rsplit_once('+') {
            Some((name, offset)) => (name, plain_number(offset)?),
            None => (text, 0),
        };
        match self.guest.symbols().by_name(name) {
            Some(address) => Ok(address.wrapping_add(offset)),
            None => Err(self.unknown(name)),
        }
    }

    /// The physical address of `NAME`, `NAME+OFFSET`, or a number with `0x` before it.
    pub fn physical_address(&self, text: &str) -> Result<u64, String> {
        let address = self.address(text)?;
        if number(text).is_some() {
            return Ok(address);
        }
        Ok(self.physical_of(address).unwrap_or(address))
    }

    /// That there is no such symbol, and which there are that look like it.
    fn unknown(&self, name: &str) -> String {
        let guest = self.guest.name();
        if self.guest.symbols().is_empty() {
            return format!("no symbol `{name}`: {guest} has no symbols");
        }
        let near = self.near(name);
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit()) && near.is_empty()
        {
            return format!("no symbol `{name}` in {guest}; an address is written 0x{name}");
        }
        let hint = match near.as_slice() {
            [] => String::new(),
            [one] => format!("; is it `{one}`?"),
            [first @ .., last] => {
                let first: Vec<_> = first.iter().map(|name| format!("`{name}`")).collect();
                format!("; near it are {} and `{last}`", first.join(", "))
            }
        };
        format!("no symbol `{name}` in {guest}{hint}")
    }

    /// The three names nearest to one that is not there.
    fn near(&self, name: &str) -> Vec<String> {
        let wanted = name.to_lowercase();
        // As many wrong letters as a third of the name.
        let most = (wanted.chars().count() / 3).max(1);
        let mut found: Vec<(usize, &str)> = (self.guest.symbols().iter())
            .filter_map(|(_, symbol)| {
                let lower = symbol.to_lowercase();
                let part = wanted.len() >= 3 && lower.contains(&wanted);
                let distance = if part {
                    1
                } else {
                    distance(&wanted, &lower, most)?
                };
                Some((distance, symbol))
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .take(3)
            .map(|(_, name)| name.to_owned())
            .collect()
    }
}

fn with_offset(name: &str, offset: u64) -> String {
    match offset {
        0 => name.to_owned(),
        _ => format!("{name}+{offset:#x}"),
    }
}

/// A number that begins with `0x`, or has decimal digits alone; `None` if the text has not.
fn number(text: &str) -> Option<Result<u64, String>> {
    let decimal = |text: &str| {
        let mut bytes = text.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_digit())
            && bytes.all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if decimal(text) => (text, 10),
        None => return None,
    };
    let parsed = u64::from_str_radix(&digits.replace('_', ""), radix);
    Some(parsed.map_err(|_| format!("`{text}` is not a number of at most 64 bits")))
}

/// A number in decimal, or in hexadecimal with `0x`.
pub(super) fn plain_number(text: &str) -> Result<u64, String> {
    number(text).unwrap_or_else(|| {
        let parsed = text.replace('_', "").parse();
        parsed.map_err(|_| format!("`{text}` is not a number"))
    })
}

/// How many letters must be put in, taken out or changed; `None` if more than `most`.
pub(super) fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (place, &against) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != against);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row.last().copied().filter(|&distance| distance <= most)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn letters_between_names() {
        assert_eq!(distance("main", "main", 2), Some(0));
        assert_eq!(distance("mian", "main", 2), Some(2));
        assert_eq!(distance("page_falt", "page_fault", 3), Some(1));
        assert_eq!(distance("abc", "xyz", 2), None);
    }
}
