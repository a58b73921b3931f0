//! From a file's text to scenarios: what all of a file's scenarios share, `for` lines, modes.

use super::Problem;
use super::model::{Ask, Memory, Scenario, mode_name};
use super::words::{self, Parsed};
use pagewalk::mmu::{AdPolicy, Mode, Pte, PteRules, WalkConfig};
use std::collections::HashMap;

/// A line without its comment, and its number.
#[derive(Clone, Debug)]
struct Line {
    number: usize,
    text: String,
}

/// Reads a file. Each scenario comes once for each of its modes and each value of its `for` lines.
pub(crate) fn read(file: &str, text: &str) -> Result<Vec<Scenario>, Problem> {
    let at = |line: usize| {
        move |what: String| Problem {
            file: file.to_owned(),
            line,
            what,
        }
    };
    let mut shared = Vec::new();
    let mut written: Vec<Vec<Line>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let text = line.split('#').next().unwrap_or("").trim();
        if text.is_empty() {
            continue;
        }
        let line = Line {
            number: index + 1,
            text: text.to_owned(),
        };
        if text.starts_with("scenario ") {
            written.push(Vec::new());
        }
        match written.last_mut() {
            Some(scenario) => scenario.push(line),
            None => shared.push(line),
        }
    }
    let mut scenarios = Vec::new();
    for scenario in &written {
        for lines in expand(scenario).map_err(|(line, what)| at(line)(what))? {
            let modes = modes(&shared, &lines).map_err(|(line, what)| at(line)(what))?;
            for mode in &modes {
                let mut reader = Reader::new(*mode, &modes);
                for (line, own) in shared
                    .iter()
                    .map(|line| (line, false))
                    .chain(lines.iter().map(|line| (line, true)))
                {
                    reader.line(line, own).map_err(at(line.number))?;
                }
                let first = lines.first().map_or(0, |line| line.number);
                scenarios.push(reader.finish(file, first).map_err(at(first))?);
            }
        }
    }
    if scenarios.is_empty() {
        return Err(at(1)("there is no scenario in this file".to_owned()));
    }
    let mut names = HashMap::new();
    for scenario in &scenarios {
        if let Some(before) = names.insert(scenario.title(), scenario.line) {
            let what = format!(
                "line {before} has a scenario of this name: {}",
                scenario.name
            );
            return Err(at(scenario.line)(what));
        }
    }
    Ok(scenarios)
}

type AtLine<T> = Result<T, (usize, String)>;

/// A copy of the lines for each combination of the values in `for NAME = VALUE …` lines.
fn expand(lines: &[Line]) -> AtLine<Vec<Vec<Line>>> {
    let Some(at) = lines.iter().position(|line| line.text.starts_with("for ")) else {
        if let Some(line) = lines.iter().find(|line| line.text.contains(['{', '}'])) {
            return Err((
                line.number,
                "no `for` line gives a value for this {…}".to_owned(),
            ));
        }
        return Ok(vec![lines.to_vec()]);
    };
    let mut rest = lines.to_vec();
    let line = rest.remove(at);
    let (name, values) = line.text["for ".len()..]
        .split_once('=')
        .ok_or((line.number, "write: for NAME = VALUE VALUE …".to_owned()))?;
    let place = format!("{{{}}}", name.trim());
    if !rest.iter().any(|line| line.text.contains(&place)) {
        return Err((line.number, format!("nothing uses {place}")));
    }
    let mut copies = Vec::new();
    for value in values.split_whitespace() {
        let copy: Vec<Line> = rest
            .iter()
            .map(|line| Line {
                number: line.number,
                text: line.text.replace(&place, value),
            })
            .collect();
        copies.extend(expand(&copy)?);
    }
    Ok(copies)
}

/// The modes: the scenario's own line, or the file's.
fn modes(shared: &[Line], own: &[Line]) -> AtLine<Vec<Mode>> {
    let find = |lines: &[Line]| {
        let line = lines.iter().find(|line| line.text.starts_with("modes "))?;
        Some(line.clone())
    };
    let Some(line) = find(own).or_else(|| find(shared)) else {
        let first = own.first().map_or(1, |line| line.number);
        return Err((first, "no `modes` line says in which modes".to_owned()));
    };
    line.text["modes ".len()..]
        .split_whitespace()
        .map(|name| words::mode(name).map_err(|what| (line.number, what)))
        .collect()
}

/// An access whose expectation has not come yet.
struct Access {
    line: usize,
    va: u64,
    accesses: Vec<pagewalk::mmu::Access>,
    /// It is for other modes than this.
    skipped: bool,
}

/// Takes the lines for one mode.
struct Reader<'m> {
    mode: Mode,
    modes: &'m [Mode],
    name: String,
    rule: bool,
    manual: bool,
    config: WalkConfig,
    /// Where the table of each level lies, as far as it is known.
    tables: [Option<u64>; 5],
    memory: Memory,
    own_entries: Vec<(u64, usize)>,
    names: HashMap<String, u64>,
    /// An access whose `->` comes on the next line.
    open: Option<Access>,
    asks: Vec<Ask>,
}

impl<'m> Reader<'m> {
    fn new(mode: Mode, modes: &'m [Mode]) -> Self {
        Self {
            mode,
            modes,
            name: String::new(),
            rule: false,
            manual: false,
            config: WalkConfig {
                mode,
                root_ppn: 0,
                rules: PteRules::default(),
                ad: AdPolicy::Hardware,
            },
            tables: [None; 5],
            memory: Memory::default(),
            own_entries: Vec::new(),
            names: HashMap::new(),
            open: None,
            asks: Vec::new(),
        }
    }

    fn line(&mut self, line: &Line, own: bool) -> Parsed<()> {
        let (text, ours) = self.for_this_mode(&line.text, own)?;
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim();
        if word == "->" {
            let access = self
                .open
                .take()
                .ok_or("no access stands before this '->'")?;
            return self.ask(access, rest);
        }
        if let Some(access) = &self.open {
            return Err(format!(
                "the access of line {} has no '->' after it",
                access.line
            ));
        }
        if !own && (word == "rule" || word == "for" || words::is_access(text)) {
            return Err(format!("'{word}' belongs into a scenario"));
        }
        if words::is_access(text) {
            let (what, result) = match text.split_once("->") {
                Some((what, result)) => (what, Some(result.trim())),
                None => (text, None),
            };
            let (va, accesses) = words::accesses(what, &self.names)?;
            let access = Access {
                line: line.number,
                va,
                accesses,
                skipped: !ours,
            };
            match result {
                Some(result) => self.ask(access, result)?,
                None => self.open = Some(access),
            }
            return Ok(());
        }
        if !ours {
            return Ok(());
        }
        match word {
            "scenario" => self.name = rest.to_owned(),
            "rule" => self.rule = true,
            "manual" => self.manual = true,
            "modes" => {}
            "root" => self.root(rest)?,
            "memory" => self.memory.present.push(words::range(rest, &self.names)?),
            "pmp" => self.pmp(rest)?,
            "svnapot" => self.config.rules.svnapot = words::switch(rest)?,
            "svpbmt" => self.config.rules.svpbmt = words::switch(rest)?,
            "ad" => {
                self.config.ad = match rest {
                    "hardware" => AdPolicy::Hardware,
                    "fault" => AdPolicy::Fault,
                    _ => return Err(format!("'{rest}' is neither hardware nor fault")),
                }
            }
            "address" => {
                let (name, value) = rest
                    .split_once('=')
                    .ok_or("write: address NAME = ADDRESS")?;
                let value = words::address(value.trim(), &self.names)?;
                self.names.insert(name.trim().to_owned(), value);
            }
            "level" => self.entry(rest, line.number, own)?,
            _ => return Err(format!("no line begins with '{word}'")),
        }
        Ok(())
    }

    /// Cuts `sv48 sv57:` off, and says whether the line is for this mode.
    fn for_this_mode<'t>(&self, text: &'t str, own: bool) -> Parsed<(&'t str, bool)> {
        if ["scenario ", "rule ", "manual "]
            .iter()
            .any(|word| text.starts_with(word))
        {
            return Ok((text, true));
        }
        let Some((names, rest)) = text.split_once(':') else {
            return Ok((text, true));
        };
        let mut ours = false;
        for name in names.split_whitespace() {
            let mode = words::mode(name)?;
            ours |= mode == self.mode;
            if own && !self.modes.contains(&mode) {
                return Err(format!("the scenario is not for {name}"));
            }
        }
        Ok((rest.trim(), ours))
    }

    fn root(&mut self, text: &str) -> Parsed<()> {
        let root = self.table_address(text)?;
        let Some(top) = self.mode.levels().checked_sub(1) else {
            return Err("bare mode has no root".to_owned());
        };
        self.config.root_ppn = root >> 12;
        self.tables = [None; 5];
        self.tables[usize::from(top)] = Some(root);
        Ok(())
    }

    fn table_address(&self, text: &str) -> Parsed<u64> {
        let at = words::address(text, &self.names)?;
        if at & 0xfff != 0 || at >> 56 != 0 {
            return Err(format!("{at:#x} is not the address of a page"));
        }
        Ok(at)
    }

    fn pmp(&mut self, text: &str) -> Parsed<()> {
        if let Some(range) = text.strip_prefix("no read ") {
            let range = words::range(range, &self.names)?;
            // PMP cannot allow writing what may not be read.
            self.memory.no_read.push(range);
            self.memory.no_write.push(range);
        } else if let Some(range) = text.strip_prefix("no write ") {
            self.memory.no_write.push(words::range(range, &self.names)?);
        } else {
            return Err("write: pmp no read RANGE, or pmp no write RANGE".to_owned());
        }
        Ok(())
    }

    /// `2 [0x1ff] -> ADDRESS`, `0 [3] = ADDRESS DAGUXWRV N PBMT=1`, `0 [3] = raw NUMBER`.
    fn entry(&mut self, text: &str, number: usize, own: bool) -> Parsed<()> {
        let wrong = "write: level N [INDEX] -> TABLE, or level N [INDEX] = ADDRESS DAGUXWRV";
        let (level, rest) = text.split_once('[').ok_or(wrong)?;
        let (index, rest) = rest.split_once(']').ok_or(wrong)?;
        let level = words::number(level.trim(), 4)? as u8;
        if level >= self.mode.levels() {
            return Err(format!("{} has no level {level}", mode_name(self.mode)));
        }
        let table = self.tables[usize::from(level)].ok_or_else(|| match level {
            top if top + 1 == self.mode.levels() => "no `root` line before this".to_owned(),
            _ => format!("no entry of level {} points to a table", level + 1),
        })?;
        let at = table + 8 * words::number(index.trim(), 511)?;
        let (arrow, rest) = rest.trim().split_once(' ').ok_or(wrong)?;
        let (target, rest) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
        let (low, high) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
        let value = match arrow {
            "=" if target == "raw" => words::number(rest.trim(), u64::MAX)?,
            "=" | "->" => {
                let target = self.table_address(target)?;
                let low = match (arrow, low) {
                    ("->", "") => Pte::V,
                    _ => words::letters(low)?,
                };
                if arrow == "->" {
                    let below = level
                        .checked_sub(1)
                        .ok_or("level 0 points to no table (use '=')")?;
                    self.tables[usize::from(below)] = Some(target);
                }
                target >> 12 << 10 | low | words::high_bits(high)?
            }
            _ => return Err(wrong.to_owned()),
        };
        if !super::check::within(&self.memory.present, at) {
            return Err(format!(
                "the entry would lie at {at:#x}, where no memory is"
            ));
        }
        self.memory.words.insert(at, value);
        if own {
            self.own_entries.push((at, number));
        }
        Ok(())
    }

    fn ask(&mut self, access: Access, result: &str) -> Parsed<()> {
        let expected = words::expected(result, &self.names)?;
        if !access.skipped {
            self.asks
                .extend(access.accesses.into_iter().map(|asked| Ask {
                    line: access.line,
                    va: access.va,
                    access: asked,
                    expected: expected.clone(),
                }));
        }
        Ok(())
    }

    fn finish(self, file: &str, line: usize) -> Parsed<Scenario> {
        if let Some(access) = self.open {
            return Err(format!(
                "the access of line {} has no '->' after it",
                access.line
            ));
        }
        if !self.rule {
            return Err("the scenario has no `rule` line".to_owned());
        }
        if !self.manual {
            return Err("no `manual` line says where the rule stands".to_owned());
        }
        if self.asks.is_empty() {
            let mode = mode_name(self.mode);
            return Err(format!("the scenario asks for no access in {mode}"));
        }
        Ok(Scenario {
            file: file.to_owned(),
            line,
            name: self.name,
            config: self.config,
            memory: self.memory,
            own_entries: self.own_entries,
            asks: self.asks,
        })
    }
}
