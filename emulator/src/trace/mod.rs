//! The log targets, declared once: what `--log` and `RUST_LOG` can switch on.

/// A log target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// The level of its lines, and what they say.
    pub about: &'static str,
}

macro_rules! targets {
    ($($constant:ident $name:literal $about:literal;)*) => {
        $(#[doc = $about] pub const $constant: &str = $name;)*

        /// Every log target.
        pub const TARGETS: &[Target] = &[$(Target { name: $name, about: $about },)*];
    };
}

targets! {
    EXEC "exec" "trace: every instruction that completes";
    TRAP "trap" "info: every exception taken";
    IRQ "irq" "info: every interrupt taken";
    CSR "csr" "debug: every CSR write";
    MMU_FAULT "mmu::fault" "info: every page fault, and the entry and the bit that decided";
    MMU_WALK "mmu::walk" "debug: every page-table walk; trace: each of its steps";
    MMU_TLB "mmu::tlb" "debug: every fill and eviction; trace: every hit";
    MMU_FENCE "mmu::fence" "debug: every fence with the entries it drops, and every satp write";
    MMU_CHECK "mmu::check" "info: what the sanitizer finds, in one line";
    BOARD "board" "info: what the machine does as a whole, such as a reset";
    LOADER "loader" "warn: what the guest's file lacks";
    DEV_FINISHER "dev::finisher" "warn: writes to it that mean nothing";
    DEV_HTIF "dev::htif" "warn: requests to the host that fail";
    DEV_VIRTIO_9P "dev::virtio-9p" "warn: drivers' mistakes; debug: every request";
    DEV_VIRTIO_BLK "dev::virtio-blk" "warn: drivers' mistakes and the host's errors; debug: every request";
    DEV_VIRTIO_CONSOLE "dev::virtio-console" "warn: drivers' mistakes";
    DEV_VIRTIO_RNG "dev::virtio-rng" "warn: drivers' mistakes and the host's errors";
    DEV_PLIC "dev::plic" "debug: every interrupt claimed and completed";
    DEV_UART "dev::uart" "debug: how its drivers set it up";
}
