//! What must hold after every instruction and every trap.

use pagewalk::engine::{Observer, Retired};
use pagewalk::exec::{Destination, destination};
use pagewalk::hart::{Hart, TrapTaken};
use pagewalk::isa::{Op, Privilege};

const FS: u64 = 3 << 13;

/// Compares each instruction's effect with what it is allowed to do.
pub(crate) struct Watch {
    x: [u64; 32],
    f: [u64; 32],
    privilege: Privilege,
    pub(crate) instructions: u64,
    pub(crate) traps: u64,
}

impl Watch {
    pub(crate) fn new(hart: &Hart) -> Self {
        let mut watch = Self {
            x: [0; 32],
            f: [0; 32],
            privilege: hart.privilege,
            instructions: 0,
            traps: 0,
        };
        watch.take(hart);
        watch
    }

    fn take(&mut self, hart: &Hart) {
        self.x.copy_from_slice(hart.integer_registers());
        self.f.copy_from_slice(hart.float_registers());
        self.privilege = hart.privilege;
    }

    /// The registers are what they were, except those that `written` allows.
    fn unchanged(
        &self,
        hart: &Hart,
        what: &dyn std::fmt::Debug,
        written: impl Fn(bool, u8) -> bool,
    ) {
        for n in 0..32 {
            let index = usize::from(n);
            assert!(
                hart.x(n) == self.x[index] || written(true, n),
                "x{n} changed: {what:x?}"
            );
            assert!(
                hart.f(n) == self.f[index] || written(false, n),
                "f{n} changed: {what:x?}"
            );
        }
        assert_eq!(hart.x(0), 0, "x0: {what:x?}");
    }
}

impl Observer for Watch {
    const EFFECTS: bool = true;

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        self.instructions += 1;
        let insn = retired.insn;
        let kind = destination(insn.op);
        self.unchanged(hart, retired, |integer, n| match kind {
            Destination::None => false,
            Destination::Integer => integer && n == insn.rd,
            Destination::IntegerPair => integer && n & !1 == insn.rd,
            Destination::Float => !integer && n == insn.rd,
        });
        if kind == Destination::Float {
            let value = hart.f(insn.rd);
            let mnemonic = insn.op.mnemonic();
            let boxed = match () {
                () if mnemonic.contains(".h.")
                    || mnemonic.ends_with(".h")
                    || insn.op == Op::Flh =>
                {
                    48
                }
                () if mnemonic.starts_with("fmv.w.x") || insn.op == Op::Flw => 32,
                () if mnemonic.contains(".s.") || mnemonic.ends_with(".s") => 32,
                () => 0,
            };
            // The first format of a conversion's name is that of its result.
            let boxed = if mnemonic.starts_with("fcvt.s.") {
                32
            } else {
                boxed
            };
            let boxed = if mnemonic.starts_with("fcvt.d.") {
                0
            } else {
                boxed
            };
            let ones = u64::MAX.checked_shl(64 - boxed).unwrap_or(0);
            assert_eq!(value & ones, ones, "not boxed: {value:#x} {retired:x?}");
            assert_eq!(hart.csr.mstatus & FS, FS, "not dirty: {retired:x?}");
        }
        let returns = matches!(insn.op, Op::Mret | Op::Sret);
        assert!(
            returns || hart.privilege == self.privilege,
            "privilege: {retired:x?}"
        );
        assert_eq!(retired.pc & 1, 0);
        assert_eq!(hart.pc & 1, 0, "pc {:#x} after {retired:x?}", hart.pc);
        self.take(hart);
    }

    fn trapped(&mut self, hart: &Hart, trap: &TrapTaken) {
        self.traps += 1;
        self.unchanged(hart, trap, |_, _| false);
        assert!(
            trap.to >= trap.from && trap.to != Privilege::User,
            "{trap:x?}"
        );
        assert_eq!(hart.privilege, trap.to);
        assert_eq!(trap.epc & 1, 0, "{trap:x?}");
        self.take(hart);
    }
}
