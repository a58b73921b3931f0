//! Comparing two harts that should be in the same state.

use super::Hart;
use super::csr;
use std::fmt::{Debug, LowerHex};

impl Hart {
    /// Tells what differs from another hart: its name, and both values. `everything` includes what takes long.
    pub(crate) fn compare(
        &self,
        other: &Self,
        everything: bool,
        mut tell: impl FnMut(&str, String, String),
    ) {
        fn value<T: PartialEq + LowerHex>(
            tell: &mut impl FnMut(&str, String, String),
            name: &str,
            (a, b): (T, T),
        ) {
            if a != b {
                tell(name, format!("{a:#x}"), format!("{b:#x}"));
            }
        }
        fn thing<T: PartialEq + Debug>(
            tell: &mut impl FnMut(&str, String, String),
            name: &str,
            (a, b): (T, T),
        ) {
            if a != b {
                tell(name, format!("{a:?}"), format!("{b:?}"));
            }
        }
        let tell = &mut tell;
        value(tell, "pc", (self.pc, other.pc));
        value(tell, "retired", (self.retired, other.retired));
        if self.x[..32] != other.x[..32] {
            for (index, pair) in self.x.into_iter().zip(other.x).take(32).enumerate() {
                value(tell, &format!("x{index}"), pair);
            }
        }
        if self.f != other.f {
            for (index, pair) in self.f.into_iter().zip(other.f).enumerate() {
                value(tell, &format!("f{index}"), pair);
            }
        }
        thing(tell, "privilege", (self.privilege, other.privilege));
        thing(tell, "waiting", (self.waiting, other.waiting));
        thing(tell, "time", (self.mtime(), other.mtime()));
        thing(tell, "mtimecmp", (self.mtimecmp, other.mtimecmp));
        thing(tell, "mcycle", (self.mcycle, other.mcycle));
        thing(tell, "minstret", (self.minstret, other.minstret));
        if self.csr != other.csr {
            for row in csr::ROWS {
                let values = (self.peek_csr(row.number), other.peek_csr(row.number));
                thing(tell, row.name, values);
            }
        }
        if everything {
            thing(
                tell,
                "what the MMU did",
                (self.mmu_statistics(), other.mmu_statistics()),
            );
        }
    }
}
