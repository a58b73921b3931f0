//! `--va` as text: the address in columns, each table read, what decided, and what would mend it.

use super::address::{Explanation, OutcomeReport, Part, StepReport, TlbAnswer};
use super::tlb::Agreement;
use super::{bytes, named};
use crate::report::stats::grouped;
use std::fmt;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of va:{:#018x}",
            match self.access {
                "fetch" => "Fetch",
                "load" => "Load",
                "store" => "Store",
                "amo" => "Atomic operation",
                "cbo.zero" => "cbo.zero",
                _ => "Cache-block operation",
            },
            self.va.0
        )?;
        named(f, self.symbol.as_deref())?;
        let trap = self.happened.as_ref().map(|happened| &happened.trap);
        match trap.filter(|trap| trap.from_privilege == 'M' && self.privilege != 'M') {
            Some(_) => write!(f, " from M-mode with MPRV set (MPP is {})", self.privilege)?,
            None => write!(f, " from {}-mode", self.privilege)?,
        }
        writeln!(f, ": {}", self.verdict())?;
        if let Some(happened) = &self.happened {
            writeln!(f)?;
            writeln!(f, "What happened")?;
            writeln!(f, "  {}", happened.trap)?;
            let page = |address: u64| address & !0xfff;
            if let Some(instruction) = &happened.instruction {
                writeln!(f, "  the instruction is {instruction}")?;
            } else if self.access == "fetch" && page(happened.at.address.0) != page(self.va.0) {
                writeln!(
                    f,
                    "  the instruction begins at va:{} and goes on to this page",
                    happened.at.address
                )?;
            }
            if let Some(began) = happened.began {
                writeln!(
                    f,
                    "  this is the second page of a {} at va:{began}",
                    spoken(self.access)
                )?;
            }
            if let Some(place) = &happened.return_address {
                writeln!(f, "  ra is {place}: perhaps called from there")?;
            }
            let (by, text) = (happened.decided_by, &happened.text);
            writeln!(f, "  decided by the {by}: {text}")?;
            if !happened.still {
                writeln!(f, "  the tables say something else now: see below")?;
            }
            if let Some(mend) = &happened.mend {
                writeln!(f, "  mend   {mend}")?;
            }
        }
        writeln!(f)?;
        writeln!(f, "satp = {:#018x}", self.satp.value.0)?;
        self.satp_fields(f)?;
        match &self.untranslated {
            Some(why) => writeln!(f, "  {why}")?,
            None => {
                writeln!(f)?;
                writeln!(f, "The address")?;
                columns(f, &self.parts)?;
                self.canonical(f)?;
            }
        }
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f)?;
            step_text(f, number + 1, step)?;
        }
        self.rights(f)?;
        self.result(f)?;
        self.tlb.text(f, self)
    }
}

impl Explanation {
    /// The end, in a few words.
    fn verdict(&self) -> String {
        match &self.outcome {
            OutcomeReport::Translated { pa, .. } => match (&self.happened, self.tlb.pa) {
                (Some(happened), _) => {
                    format!("{}, though the tables say pa:{pa}", happened.trap.cause)
                }
                (None, Some(cached)) if cached != *pa => {
                    format!(
                        "the tables: pa:{pa}; but the TLB still translates it to pa:{cached}, see below"
                    )
                }
                (None, None) if self.tlb.denies.is_some() => {
                    format!("the tables: pa:{pa}; but the TLB still denies it, see below")
                }
                _ => format!("pa:{pa}"),
            },
            OutcomeReport::Fault(fault) => match (&self.happened, self.tlb.pa) {
                // If only PMP or the memory refuses it, the tables and the TLB are of one mind.
                (None, Some(pa)) if self.protection.is_none() => format!(
                    "the tables: {}; but the TLB still translates it to pa:{pa}, see below",
                    fault.cause
                ),
                _ => fault.cause.clone(),
            },
        }
    }

    fn satp_fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let satp = &self.satp;
        let mode = satp.value.0 >> 60;
        writeln!(f, "  63-60  MODE  {mode:<14} {}", satp.mode)?;
        writeln!(
            f,
            "  59-44  ASID  {:<14} the number of the address space",
            satp.asid
        )?;
        write!(f, "  43-0   PPN   {:<14} ", satp.ppn.to_string())?;
        match satp.root {
            Some(root) => {
                write!(f, "the root table is at pa:{root}")?;
                named(f, satp.root_symbol.as_deref())?;
                writeln!(f)
            }
            None => writeln!(f, "no root table"),
        }
    }

    fn canonical(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(unused) = self.parts.first() else {
            return Ok(());
        };
        let top = unused.low - 1;
        let bit = self.va.0 >> top & 1;
        let wanted = if bit == 1 { u64::MAX >> unused.low } else { 0 };
        let word = match unused.value.0 == wanted {
            true => "they do: the address is canonical",
            false => "they do not: the address is not canonical, and no table is read",
        };
        writeln!(
            f,
            "  bits 63 to {} must all equal bit {top}, which is {bit}: {word}",
            unused.low
        )
    }

    fn rights(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.checks.is_empty() {
            return Ok(());
        }
        writeln!(f)?;
        writeln!(
            f,
            "May {}-mode do this {}? (SUM {}, MXR {})",
            self.privilege,
            spoken(self.access),
            u8::from(self.sum),
            u8::from(self.mxr)
        )?;
        for check in &self.checks {
            let mark = if check.holds { "yes" } else { "NO " };
            writeln!(f, "  {mark}  {}", check.text)?;
        }
        if let Some(text) = &self.accessed_dirty {
            writeln!(f, "  A, D: {text}")?;
        }
        Ok(())
    }

    fn result(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        match &self.outcome {
            OutcomeReport::Translated {
                pa,
                frame,
                offset,
                page_size,
                place,
                symbol,
            } => {
                writeln!(f, "The physical address")?;
                write!(f, "  pa:{pa}")?;
                if *page_size != 0 {
                    write!(
                        f,
                        " = frame {frame} ({}) + offset {offset}",
                        bytes(*page_size)
                    )?;
                }
                named(f, symbol.as_deref())?;
                writeln!(f)?;
                if let Some((level, bits)) = leaf(self.steps.last(), *page_size) {
                    writeln!(
                        f,
                        "  the leaf is at level {level} and maps {}: bits {} to 0 are the offset",
                        bytes(*page_size),
                        bits - 1
                    )?;
                }
                writeln!(f, "  there is {}", place.unwrap_or("nothing"))?;
                self.pmp(f)
            }
            OutcomeReport::Fault(fault) => {
                writeln!(f, "The fault")?;
                writeln!(f, "  why    {}", fault.text)?;
                writeln!(f, "  cause  {} ({})", fault.number, fault.cause)?;
                writeln!(f, "  {:5}  {}", self.register(), fault.stval)?;
                for (index, step) in fault.mend.iter().enumerate() {
                    let word = if index == 0 { "mend" } else { "" };
                    writeln!(f, "  {word:5}  {step}")?;
                }
                Ok(())
            }
        }
    }

    fn pmp(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protection.as_ref().map(|pmp| (pmp.entry, &pmp.rights)) {
            Some((Some(entry), rights)) => writeln!(f, "  PMP entry {entry} allows {rights}"),
            Some((None, _)) => writeln!(f, "  no PMP entry matches, and M-mode needs none"),
            None => Ok(()),
        }
    }
}

/// A kind of access in a sentence.
fn spoken(access: &str) -> &str {
    match access {
        "amo" => "atomic operation",
        "cbo" => "cache-block operation",
        other => other,
    }
}

/// The level of a leaf that maps more than 4 KiB, and how many bits its offset has.
fn leaf(step: Option<&StepReport>, page_size: u64) -> Option<(u8, u32)> {
    let step = step.filter(|_| page_size > 4096)?;
    Some((step.level, page_size.trailing_zeros()))
}

/// The parts of an address in columns: bit numbers, binary, hexadecimal, names.
fn columns(f: &mut fmt::Formatter<'_>, parts: &[Part]) -> fmt::Result {
    let width = |part: &Part| {
        let bits = format!("{} {}", part.high, part.low).len();
        let hex = part.value.to_string().len();
        part.binary.len().max(part.name.len()).max(bits).max(hex)
    };
    let line = |f: &mut fmt::Formatter<'_>, text: &dyn Fn(&Part, usize) -> String| {
        let cells: Vec<String> = parts.iter().map(|part| text(part, width(part))).collect();
        writeln!(f, "  {}", cells.join(" | ").trim_end())
    };
    line(f, &|part, width| {
        let low = width - part.high.to_string().len();
        format!("{}{:>low$}", part.high, part.low)
    })?;
    line(f, &|part, width| format!("{:^width$}", part.binary))?;
    line(f, &|part, width| {
        format!("{:^width$}", part.value.to_string())
    })?;
    line(f, &|part, width| format!("{:^width$}", part.name))
}

fn step_text(f: &mut fmt::Formatter<'_>, number: usize, step: &StepReport) -> fmt::Result {
    write!(
        f,
        "Step {number}: level {}, table pa:{}",
        step.level, step.table
    )?;
    named(f, step.table_symbol.as_deref())?;
    writeln!(f)?;
    writeln!(
        f,
        "  entry  pa:{} = table + VPN[{}] * 8 = {} + {} * 8",
        step.entry, step.level, step.table, step.index
    )?;
    let Some(pte) = step.pte else {
        return writeln!(f, "  FAULT  {}", step.meaning);
    };
    writeln!(
        f,
        "  value  {:#018x} {}",
        pte.0,
        step.letters.as_deref().unwrap_or_default()
    )?;
    for field in &step.fields {
        let bits = match field.high == field.low {
            true => field.high.to_string(),
            false => format!("{}-{}", field.high, field.low),
        };
        writeln!(
            f,
            "    {bits:<6} {:<5} {:<14} {}",
            field.name,
            match field.value.0 {
                digit @ 0..=9 => digit.to_string(),
                _ => field.value.to_string(),
            },
            field.meaning
        )?;
    }
    writeln!(f, "  so     {}", step.meaning)
}

impl TlbAnswer {
    fn text(&self, f: &mut fmt::Formatter<'_>, explained: &Explanation) -> fmt::Result {
        writeln!(f)?;
        writeln!(f, "The TLB")?;
        let wide = matches!(&explained.outcome, OutcomeReport::Fault(fault) if fault.reason == "non-canonical");
        match (self.hit, self.pa, &self.denies) {
            _ if wide => writeln!(f, "  not asked: the address is not canonical")?,
            (true, Some(pa), _) => {
                writeln!(f, "  hit: this access goes to pa:{pa} without a walk")?;
            }
            (true, _, Some(why)) => {
                writeln!(f, "  hit: the cached entry denies this access: {why}")?;
            }
            _ if explained.untranslated.is_some() => writeln!(f, "  not asked")?,
            _ => writeln!(f, "  miss: this access walks the tables")?,
        }
        for (array, entry) in &self.entries {
            write!(
                f,
                "  {array}: va:{} -> pa:{} {} {}, ",
                entry.va,
                entry.pa,
                entry.letters,
                bytes(entry.page_size)
            )?;
            match entry.global {
                true => write!(f, "global")?,
                false => write!(f, "ASID {}", entry.asid)?,
            }
            writeln!(
                f,
                ", {}, filled {} instructions ago: {}",
                entry.mode,
                grouped(entry.age),
                entry.agreement
            )?;
        }
        let answers_stale = self.hit && self.stale();
        let stale_hit = answers_stale
            && (self.entries.iter()).any(|(_, entry)| {
                matches!(entry.agreement, Agreement::Stale(_))
                    && (entry.global || entry.asid == explained.satp.asid)
            });
        if stale_hit {
            writeln!(
                f,
                "  the TLB goes before the tables: until sfence.vma va:{:#x}, the access does what the stale entry says",
                explained.va.0
            )?;
        }
        Ok(())
    }
}
