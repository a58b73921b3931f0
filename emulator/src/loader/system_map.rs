//! Symbols from a list of them: Linux's System.map, or what /proc/kallsyms tells.

use super::boot_error::BootReason;
use super::symbols::{Listed, Table};

/// What is told of a line that is none.
const SHOWN: usize = 60;

/// Reads a list of symbols: a line has an address, the letter of its kind as nm has it, and a name.
pub(super) fn parse(text: &str) -> Result<Table, BootReason> {
    let mut symbols = Vec::new();
    let lines = text.lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        match symbol(line) {
            Some(symbol) => symbols.push(symbol),
            None if says_something(line) && symbols.is_empty() => {
                let words = line.split_whitespace().skip(2).collect::<Vec<_>>();
                return Err(BootReason::SystemMapStub(
                    words.join(" ").escape_debug().collect(),
                ));
            }
            None => {
                let text: String = line.chars().take(SHOWN).collect();
                return Err(BootReason::SystemMapLine {
                    line: index + 1,
                    text: text.escape_debug().collect(),
                });
            }
        }
    }
    if symbols.iter().all(|symbol| symbol.address == 0) {
        return Err(if symbols.is_empty() {
            BootReason::NotSymbols("a file of blanks")
        } else {
            BootReason::SystemMapZero
        });
    }
    Ok(Table::of_list(&symbols))
}

/// Whether these may be the first bytes of a list: an address and a letter.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.lines()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| symbol(line).is_some() || says_something(line))
}

fn symbol(line: &str) -> Option<Listed<'_>> {
    let mut words = line.split_whitespace();
    let (address, kind, name) = (words.next()?, words.next()?, words.next()?);
    let kind = one_letter(kind)?;
    // A module's symbols have its name behind them.
    let module = words.next().is_none_or(|word| word.starts_with('['));
    if !module || words.next().is_some() {
        return None;
    }
    Some(Listed {
        address: number(address)?,
        kind,
        name,
    })
}

/// A line of the form, but with a sentence in the place of the name: where Debian has no list, it
/// has one that says so.
fn says_something(line: &str) -> bool {
    let words: Vec<_> = line.split_whitespace().collect();
    matches!(words[..], [address, kind, _, _, ..] if number(address).is_some() && one_letter(kind).is_some())
}

fn one_letter(word: &str) -> Option<char> {
    let mut letters = word.chars();
    let letter = letters.next()?;
    (letters.next().is_none() && (letter.is_ascii_alphabetic() || letter == '?')).then_some(letter)
}

fn number(word: &str) -> Option<u64> {
    // The parser of the standard library would take a sign.
    if !word.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(word, 16).ok()
}
