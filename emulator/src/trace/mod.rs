//! The log targets, declared once: what `--log` and `RUST_LOG` can name.

macro_rules! targets {
    ($($constant:ident $name:literal $what:literal;)*) => {
        $(#[doc = $what] pub const $constant: &str = $name;)*

        /// Every target: its name, and what is logged under it.
        pub const TARGETS: &[(&str, &str)] = &[$(($name, $what),)*];
    };
}

targets! {
    EXEC "exec" "each instruction (trace)";
    TRAP "trap" "traps that are taken (info)";
    IRQ "irq" "interrupts that are taken (info)";
    CSR "csr" "writes to control and status registers (debug)";
    MMU_FAULT "mmu::fault" "page faults and why (info)";
    MMU_FENCE "mmu::fence" "translation fences and what they dropped (debug)";
    LOADER "loader" "what is loaded where";
    DEV_HTIF "dev::htif" "requests of the guest to the host";
}
