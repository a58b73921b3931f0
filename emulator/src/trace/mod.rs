//! Log targets, declared once.

/// A log target: what `--log` and `RUST_LOG` can switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// The level of its lines, and what they say.
    pub about: &'static str,
}

/// Every log target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "exec",
        about: "trace: every instruction that completes",
    },
    Target {
        name: "trap",
        about: "info: every exception taken",
    },
    Target {
        name: "irq",
        about: "info: every interrupt taken",
    },
    Target {
        name: "csr",
        about: "debug: every CSR write",
    },
    Target {
        name: "mmu::fault",
        about: "info: every page fault, and the bit that decided",
    },
    Target {
        name: "mmu::fence",
        about: "debug: every sfence.vma",
    },
    Target {
        name: "loader",
        about: "warn: what the guest's file lacks",
    },
];
