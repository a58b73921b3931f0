//! Filters: which of the lines of the log, and of the events of a trace file, are wanted.
//!
//! `priv=u,s va=0x40000000..0x40010000 pc=copy_page`: terms with spaces between them, all of which
//! must hold; each is a key with one or more values, one of which must.

use super::sighting::{About, Span, Spot};
use crate::isa::Privilege;
use crate::loader::Symbols;
use std::fmt;
use std::ops::Range;

/// What a term asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Hart,
    Privilege,
    Asid,
    Va,
    Pa,
    Pc,
    Count,
}

const KEYS: [(&str, Key); 7] = [
    ("hart", Key::Hart),
    ("priv", Key::Privilege),
    ("asid", Key::Asid),
    ("va", Key::Va),
    ("pa", Key::Pa),
    ("pc", Key::Pc),
    ("insn", Key::Count),
];

/// A number, or a symbol with a distance from it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Point {
    Number(u64),
    Symbol { name: String, offset: Option<u64> },
}

/// One value of a term, with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    One(Point, Range<usize>),
    /// From the first up to but not including the second.
    Range(
        Option<(Point, Range<usize>)>,
        Option<(Point, Range<usize>)>,
        Range<usize>,
    ),
}

/// A filter as it was written: symbols are not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    text: String,
    terms: Vec<(Key, Vec<Value>)>,
}

/// Why a filter makes no sense, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    text: String,
    place: Range<usize>,
    message: String,
}

impl fmt::Display for FilterError {
    /// The message, and below it the filter with a mark under what is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.get(..self.place.start).unwrap_or_default();
        let wrong = self.text.get(self.place.clone()).unwrap_or_default();
        let marks = "^".repeat(wrong.chars().count().max(1));
        let indent = " ".repeat(before.chars().count());
        let text: String = self.text.chars().map(blank).collect();
        write!(f, "{}\n    {text}\n    {indent}{marks}", self.message)
    }
}

impl std::error::Error for FilterError {}

/// So that the marks stand where they should.
fn blank(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

impl Expression {
    /// Reads a filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let fail = |place: Range<usize>, message: String| FilterError {
            text: text.to_owned(),
            place,
            message,
        };
        let mut terms = Vec::new();
        for place in words(text) {
            let word = &text[place.clone()];
            let Some((name, values)) = word.split_once('=') else {
                let message = format!("a term is a key, `=` and a value; the keys are {}", keys());
                return Err(fail(place, message));
            };
            let Some((_, key)) = KEYS.iter().find(|(key, _)| *key == name) else {
                let message = format!("no key `{name}`; there are {}", keys());
                return Err(fail(place.start..place.start + name.len(), message));
            };
            let mut at = place.start + name.len() + 1;
            let mut list = Vec::new();
            for value in values.split(',') {
                let place = at..at + value.len();
                let parsed = Value::parse(*key, value, at);
                list.push(parsed.map_err(|(place, message)| fail(place, message))?);
                at = place.end + 1;
            }
            terms.push((*key, list));
        }
        if terms.is_empty() {
            let message = format!("a filter has at least one term; the keys are {}", keys());
            return Err(fail(0..text.len(), message));
        }
        Ok(Self {
            text: text.to_owned(),
            terms,
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Looks symbols up.
    pub fn resolve(&self, symbols: &Symbols) -> Result<Filter, FilterError> {
        let mut filter = Filter::default();
        for (key, values) in &self.terms {
            let span = |value: &Value| {
                let span = value.span(*key, symbols)?;
                if *key == Key::Asid && span.0 > u64::from(u16::MAX) {
                    let message = format!("no ASID {}: it has 16 bits at most", span.0);
                    return Err((value.place().clone(), message));
                }
                Ok(span)
            };
            let spans: Result<Vec<Span>, _> = values.iter().map(span).collect();
            let spans = spans.map_err(|(place, message)| FilterError {
                text: self.text.clone(),
                place,
                message,
            })?;
            filter.terms.push((*key, spans));
            if filter.excludes_all(*key) {
                let message = "this and the same key before it exclude each other, and all terms \
                               must hold; values of which one must hold have commas between them";
                return Err(self.fail(values, message.to_owned()));
            }
        }
        Ok(filter)
    }

    /// That each hart which is asked for is one of so many.
    pub fn check_harts(&self, harts: usize) -> Result<(), FilterError> {
        for (_, values) in self.terms.iter().filter(|(key, _)| *key == Key::Hart) {
            for value in values {
                let first = match value {
                    Value::One(Point::Number(first), _)
                    | Value::Range(Some((Point::Number(first), _)), _, _) => *first,
                    _ => continue,
                };
                if usize::try_from(first).is_ok_and(|first| first < harts) {
                    continue;
                }
                let message = match harts {
                    1 => format!("no hart {first}: the machine has hart 0 alone"),
                    _ => format!("no hart {first}: the machine has harts 0 to {}", harts - 1),
                };
                return Err(self.fail(std::slice::from_ref(value), message));
            }
        }
        Ok(())
    }

    /// An error about the values of a term.
    fn fail(&self, values: &[Value], message: String) -> FilterError {
        let first = values.first().map_or(0, |value| value.place().start);
        let end = values.last().map_or(first, |value| value.place().end);
        FilterError {
            text: self.text.clone(),
            place: first..end,
            message,
        }
    }
}

fn keys() -> String {
    KEYS.map(|(name, _)| name).join(", ")
}

/// The places of the words of a text.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_whitespace(), start) {
            (true, Some(from)) => {
                words.push(from..at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    words
}

type Wrong = (Range<usize>, String);

impl Value {
    fn place(&self) -> &Range<usize> {
        match self {
            Self::One(_, place) | Self::Range(_, _, place) => place,
        }
    }

    fn parse(key: Key, text: &str, at: usize) -> Result<Self, Wrong> {
        let place = at..at + text.len();
        if text.is_empty() {
            return Err((place, "a value is missing".into()));
        }
        if key == Key::Privilege {
            let privilege = match text.to_ascii_lowercase().as_str() {
                "u" => Privilege::User,
                "s" => Privilege::Supervisor,
                "m" => Privilege::Machine,
                _ => {
                    return Err((
                        place,
                        format!("no privilege `{text}`; there are u, s and m"),
                    ));
                }
            };
            return Ok(Self::One(Point::Number(privilege as u64), place));
        }
        let Some((first, end)) = text.split_once("..") else {
            return Ok(Self::One(Point::parse(key, text, at)?, place));
        };
        let end_at = at + first.len() + 2;
        let point = |text: &str, at: usize| {
            let place = at..at + text.len();
            (!text.is_empty())
                .then(|| Point::parse(key, text, at).map(|point| (point, place)))
                .transpose()
        };
        Ok(Self::Range(point(first, at)?, point(end, end_at)?, place))
    }

    /// The numbers it stands for.
    fn span(&self, key: Key, symbols: &Symbols) -> Result<Span, Wrong> {
        match self {
            Self::One(Point::Number(number), _) => Ok((*number, *number)),
            Self::One(Point::Symbol { name, offset: None }, place) => symbols
                .extent(name)
                .ok_or_else(|| (place.clone(), format!("the guest has no symbol `{name}`"))),
            Self::One(point, place) => {
                let at = point.number(place, symbols)?;
                Ok((at, at))
            }
            Self::Range(first, end, place) => {
                let bound = |bound: &Option<(Point, Range<usize>)>| {
                    bound
                        .as_ref()
                        .map(|(point, place)| point.number(place, symbols))
                        .transpose()
                };
                let first = bound(first)?.unwrap_or(0);
                let last = match bound(end)? {
                    None => u64::MAX,
                    Some(end) if end > first => end - 1,
                    Some(end) => {
                        let show = |n: u64| match key {
                            Key::Hart | Key::Asid | Key::Count => n.to_string(),
                            _ => format!("{n:#x}"),
                        };
                        let (first, end) = (show(first), show(end));
                        let message = format!("an empty range: the end {end} is not above {first}");
                        return Err((place.clone(), message));
                    }
                };
                Ok((first, last))
            }
        }
    }
}

impl Point {
    fn parse(key: Key, text: &str, at: usize) -> Result<Self, Wrong> {
        let place = at..at + text.len();
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return match number(text) {
                Some(number) => Ok(Self::Number(number)),
                None => Err((
                    place,
                    format!("`{text}` is not a number of 64 bits: write 1234, 1_000_000 or 0x1f00"),
                )),
            };
        }
        if !matches!(key, Key::Va | Key::Pa | Key::Pc) {
            return Err((place, format!("`{text}` is not a number")));
        }
        let (name, offset) = match text.rsplit_once('+') {
            None => (text, None),
            Some((name, offset)) => match number(offset) {
                Some(offset) => (name, Some(offset)),
                None => {
                    let start = at + name.len() + 1;
                    let message = format!("`{offset}` is not a number");
                    return Err((start..place.end, message));
                }
            },
        };
        Ok(Self::Symbol {
            name: name.to_owned(),
            offset,
        })
    }

    fn number(&self, place: &Range<usize>, symbols: &Symbols) -> Result<u64, Wrong> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Symbol { name, offset } => symbols
                .by_name(name)
                .map(|at| at.wrapping_add(offset.unwrap_or(0)))
                .ok_or_else(|| (place.clone(), format!("the guest has no symbol `{name}`"))),
        }
    }
}

/// A number in decimal or hexadecimal; `_` may stand between digits.
fn number(text: &str) -> Option<u64> {
    let digits = text.replace('_', "");
    match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        // A sign is not part of a number.
        Some(hex) if hex.starts_with('+') => None,
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if digits.starts_with('+') => None,
        None => digits.parse().ok(),
    }
}

/// A filter that is ready to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<(Key, Vec<Span>)>,
}

impl Filter {
    /// Whether something is wanted that happened at `spot` and is about `about`.
    ///
    /// A span of addresses passes if it overlaps a wanted one. What has no virtual (physical)
    /// address passes no `va` (`pa`) term.
    pub fn admits(&self, spot: &Spot, about: &About) -> bool {
        self.terms.iter().all(|(key, wanted)| {
            let one = |value: u64| overlaps(wanted, (value, value));
            match key {
                Key::Hart => one(spot.hart as u64),
                Key::Privilege => one(spot.privilege as u64),
                Key::Asid => {
                    one(spot.asid.into()) || about.asid.is_some_and(|asid| one(asid.into()))
                }
                Key::Va => about.va.is_some_and(|span| overlaps(wanted, span)),
                Key::Pa => about.pa().iter().any(|&span| overlaps(wanted, span)),
                Key::Pc => one(spot.pc),
                Key::Count => one(spot.count),
            }
        })
    }

    /// Whether terms with this key, of which every line has one value, exclude each other.
    fn excludes_all(&self, key: Key) -> bool {
        if !matches!(key, Key::Hart | Key::Privilege | Key::Pc | Key::Count) {
            return false;
        }
        let mut left = vec![(0, u64::MAX)];
        for (_, wanted) in self.terms.iter().filter(|(other, _)| *other == key) {
            let both = |&(from, to): &Span| {
                let meet = move |&(first, last): &Span| (from.max(first), to.min(last));
                wanted
                    .iter()
                    .map(meet)
                    .filter(|(first, last)| first <= last)
            };
            left = left.iter().flat_map(both).collect();
            left.sort_unstable();
            left.dedup();
        }
        left.is_empty()
    }

    /// Whether nothing can be wanted from instructions `first` to `last`.
    pub fn rules_out(&self, first: u64, last: u64) -> bool {
        let mut counts = self.terms.iter().filter(|(key, _)| *key == Key::Count);
        counts.any(|(_, wanted)| !overlaps(wanted, (first, last)))
    }
}

fn overlaps(wanted: &[Span], (first, last): Span) -> bool {
    wanted.iter().any(|&(from, to)| from <= last && first <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot() -> Spot {
        Spot {
            hart: 0,
            count: 1500,
            privilege: Privilege::User,
            asid: 3,
            pc: 0x8000_0100,
            physical: None,
        }
    }

    fn admits(filter: &str, spot: Spot, about: About) -> bool {
        let expression = Expression::parse(filter).unwrap();
        let filter = expression.resolve(&Symbols::default()).unwrap();
        filter.admits(&spot, &about)
    }

    #[test]
    fn every_key_narrows() {
        let about = About::va(0x4000_0fff);
        for (yes, no) in [
            ("hart=0", "hart=1"),
            ("priv=u", "priv=s"),
            ("priv=U", "priv=m,s"),
            ("asid=3", "asid=4..9"),
            ("va=0x40000000..0x40001000", "va=0x40000000..0x40000fff"),
            ("va=0x40000fff", "va=0x40001000"),
            ("pc=0x80000100", "pc=0x80000101.."),
            ("insn=1000..2000", "insn=1000..1500"),
            ("insn=..1_501", "insn=..1_500"),
            ("insn=1500..", "insn=1501.."),
            ("insn=1,1500", "insn=1,1501"),
            ("va=..", "pa=.."),
        ] {
            assert!(admits(yes, spot(), about), "{yes}");
            assert!(!admits(no, spot(), about), "{no}");
        }
    }

    #[test]
    fn all_terms_must_hold() {
        let about = About::va(0x1000);
        assert!(admits("priv=u  asid=3\thart=0", spot(), about));
        assert!(!admits("priv=u asid=2 hart=0", spot(), about));
        assert!(!admits("priv=u,m priv=m,s", spot(), about));
        assert!(admits("insn=1000..2000 insn=1400..", spot(), about));
    }

    #[test]
    fn spans_need_only_overlap() {
        let about = About::page(0x1000, 0x1fff, None);
        assert!(admits("va=0x1fff..0x5000", spot(), about));
        assert!(!admits("va=0x2000..0x5000", spot(), about));
        assert!(!admits("va=..0x1000", spot(), about));
    }

    #[test]
    fn the_address_space_of_an_entry_counts_too() {
        let about = About::page(0x1000, 0x1fff, Some(9));
        assert!(admits("asid=9", spot(), about));
        assert!(admits("asid=3", spot(), about));
        assert!(!admits("asid=4", spot(), about));
    }

    #[test]
    fn a_window_rules_out_what_is_before_and_after() {
        let expression = Expression::parse("insn=100..200 priv=u").unwrap();
        let filter = expression.resolve(&Symbols::default()).unwrap();
        assert!(filter.rules_out(0, 99));
        assert!(filter.rules_out(200, 300));
        assert!(!filter.rules_out(0, 100));
        assert!(!filter.rules_out(199, 300));
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, wrong, message) in [
            ("", "", "at least one term"),
            ("priv=u foo=3", "foo", "no key `foo`"),
            ("priv=u va", "va", "a term is a key"),
            ("priv=x", "x", "no privilege `x`"),
            ("priv=u,", "", "a value is missing"),
            ("asid=three", "three", "not a number"),
            ("va=0x12g4", "0x12g4", "not a number of 64 bits"),
            (
                "va=0x1..0x10000000000000000",
                "0x10000000000000000",
                "64 bits",
            ),
            ("pc=main+x", "x", "not a number"),
            ("hart=1 pc=", "", "a value is missing"),
        ] {
            let error = Expression::parse(text).unwrap_err();
            assert_eq!(&text[error.place.clone()], wrong, "{text}");
            assert!(error.message.contains(message), "{text}: {}", error.message);
        }
        for (text, wrong, message) in [
            ("priv=u insn=5..5", "5..5", "empty range"),
            ("va=9..8", "9..8", "empty range"),
            ("hart=0 pc=nowhere..8", "nowhere", "no symbol `nowhere`"),
            ("pc=nowhere", "nowhere", "no symbol `nowhere`"),
            ("asid=1,65536", "65536", "16 bits"),
            ("insn=0..10 insn=100..", "100..", "exclude each other"),
            ("priv=u va=1 priv=s,m", "s,m", "exclude each other"),
        ] {
            let expression = Expression::parse(text).unwrap();
            let error = expression.resolve(&Symbols::default()).unwrap_err();
            assert_eq!(&text[error.place.clone()], wrong, "{text}");
            assert!(error.message.contains(message), "{text}: {}", error.message);
        }
    }

    #[test]
    fn harts_must_be_there() {
        let check = |text: &str, harts| Expression::parse(text).unwrap().check_harts(harts);
        assert_eq!(check("hart=1,0 priv=u", 2), Ok(()));
        assert_eq!(check("hart=..9", 1), Ok(()));
        for (text, wrong, message) in [
            ("priv=u hart=0,9", "9", "harts 0 to 3"),
            ("hart=4..", "4..", "no hart 4"),
        ] {
            let error = check(text, 4).unwrap_err();
            assert_eq!(&text[error.place.clone()], wrong, "{text}");
            assert!(error.message.contains(message), "{text}: {}", error.message);
        }
        assert!(check("hart=1", 1).unwrap_err().message.contains("alone"));
    }

    #[test]
    fn the_mark_stands_under_the_mistake() {
        let error = Expression::parse("priv=u foo=3").unwrap_err();
        let text = error.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "    priv=u foo=3");
        assert_eq!(lines[2], "           ^^^");
    }
}
