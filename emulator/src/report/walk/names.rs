//! Names for addresses, virtual and physical.

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

    /// The place of an instruction at a virtual address.
    pub fn code(&self, pc: u64) -> Place {
        self.places.find_virtual(pc)
    }

    /// What is linked to run at a virtual address.
    pub fn linked(&self, va: VirtAddr) -> Option<String> {
        let (name, offset) = self.guest.symbols().by_address(va.0)?;
        Some(with_offset(name, offset))
    }

    /// What the file put at a physical address.
    pub fn physical(&self, pa: PhysAddr) -> Option<String> {
        let segment = self.guest.segments().find(|segment| {
            let offset = pa.0.wrapping_sub(segment.address);
            pa.0 >= segment.address && offset < segment.size
        })?;
        let linked = pa.0 - segment.address + segment.virtual_address;
        self.linked(VirtAddr(linked))
    }

    /// The address of `NAME`, `NAME+OFFSET`, or a number with `0x` before it.
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
        let segment = self.guest.segments().find(|segment| {
            let offset = address.wrapping_sub(segment.virtual_address);
            address >= segment.virtual_address && offset < segment.size
        });
        Ok(segment.map_or(address, |segment| {
            address - segment.virtual_address + segment.address
        }))
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

    /// Every address at which code of the guest may run that is linked to this one.
    pub fn aliases(&self, address: u64) -> Vec<u64> {
        let mut all = Places::aliases(address).to_vec();
        all.dedup();
        all
    }
}

fn with_offset(name: &str, offset: u64) -> String {
    match offset {
        0 => name.to_owned(),
        _ => format!("{name}+{offset:#x}"),
    }
}

/// A number that begins with `0x`; `None` if the text does not.
fn number(text: &str) -> Option<Result<u64, String>> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"))?;
    let parsed = u64::from_str_radix(&digits.replace('_', ""), 16);
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
