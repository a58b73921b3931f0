//! The figures of a run: instructions, traps, time, TLB.

use super::traps::TrapHistory;
use crate::board::Machine;
use crate::hart::Hart;
use crate::mmu::{AccessStatistics, Statistics};
use std::fmt;
use std::time::Duration;

/// The figures of a run.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Instructions retired by all harts.
    pub instructions: u64,
    /// Instructions retired by each hart.
    pub by_hart: Vec<u64>,
    /// How long they took.
    pub time: Duration,
    /// The guest's clock at the end, in ticks of 10 MHz.
    pub mtime: u64,
    /// The causes of traps, and how often.
    pub traps: Vec<(String, u64)>,
    /// What the MMU of each hart did.
    pub mmu: Vec<Statistics>,
}

impl Stats {
    /// The figures of a machine that has run.
    pub fn new(machine: &Machine, traps: &TrapHistory, time: Duration) -> Self {
        let counts = traps.counts();
        let harts = machine.harts();
        Self {
            instructions: machine.instructions(),
            by_hart: harts.iter().map(|hart| hart.retired).collect(),
            time,
            mtime: machine.hart().mtime(),
            traps: counts
                .into_iter()
                .map(|(cause, count)| (cause.to_string(), count))
                .collect(),
            mmu: harts.iter().map(Hart::mmu_statistics).collect(),
        }
    }

    /// Millions of instructions in a second.
    pub fn mips(&self) -> f64 {
        self.instructions as f64 / self.time.as_secs_f64().max(1e-9) / 1e6
    }
}

/// A number with its digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const NAME: usize = 34;
const FIGURE: usize = 16;

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, figure: String| writeln!(f, "{name:NAME$}{figure:>FIGURE$}");
        row("instructions", grouped(self.instructions))?;
        if self.by_hart.len() > 1 {
            for (hart, count) in self.by_hart.iter().enumerate() {
                row(&format!("  hart {hart}"), grouped(*count))?;
            }
        }
        row("time", format!("{:.3} s", self.time.as_secs_f64()))?;
        row("speed", format!("{:.1} MIPS", self.mips()))?;
        row("guest's clock", format!("{:.6} s", self.mtime as f64 / 1e7))?;
        let total = self.traps.iter().map(|(_, count)| count).sum();
        row("traps", grouped(total))?;
        for (cause, count) in &self.traps {
            row(&format!("  {cause}"), grouped(*count))?;
        }
        for (hart, mmu) in self.mmu.iter().enumerate() {
            let total: AccessStatistics = mmu.total();
            if total.translated() == 0 {
                continue;
            }
            let whose = match self.mmu.len() {
                1 => String::new(),
                _ => format!("hart {hart}, "),
            };
            row(
                &format!("{whose}translated accesses"),
                grouped(total.translated()),
            )?;
            row("  hits", grouped(total.first_hits))?;
            row("  misses", grouped(total.first_misses))?;
            row("  walks", grouped(total.walks))?;
            row("  faults", grouped(total.all_faults()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_groups() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn figures_line_up() {
        let stats = Stats {
            instructions: 1_500_000,
            by_hart: vec![1_000_000, 500_000],
            time: Duration::from_millis(500),
            mtime: 15_000,
            traps: vec![("illegal instruction".into(), 3), ("breakpoint".into(), 1)],
            mmu: vec![Statistics::default()],
        };
        let text = stats.to_string();
        assert!(
            text.lines().all(|line| line.len() == NAME + FIGURE),
            "{text}"
        );
        assert!(text.contains("3.0 MIPS"), "{text}");
        assert!(text.contains("  hart 1 "), "{text}");
        assert!(
            !text.contains("translated"),
            "an MMU that was not used is left out: {text}"
        );
    }
}
