//! The fields of `mstatus`, of which `sstatus` is a view.

/// S-mode interrupts are on.
pub const SIE: u64 = 1 << 1;
/// M-mode interrupts are on.
pub const MIE: u64 = 1 << 3;
/// `SIE` before the trap into S-mode.
pub const SPIE: u64 = 1 << 5;
/// `MIE` before the trap into M-mode.
pub const MPIE: u64 = 1 << 7;
/// The privilege before the trap into S-mode.
pub const SPP: u64 = 1 << 8;
/// The privilege before the trap into M-mode.
pub const MPP: u64 = 3 << MPP_SHIFT;
/// Where `MPP` starts.
pub const MPP_SHIFT: u32 = 11;
/// The state of the floating-point unit: off, initial, clean, dirty.
pub const FS: u64 = 3 << 13;
/// Loads and stores use the privilege in `MPP`.
pub const MPRV: u64 = 1 << 17;
/// S-mode may load from and store to user pages.
pub const SUM: u64 = 1 << 18;
/// Loads from executable pages are allowed.
pub const MXR: u64 = 1 << 19;
/// `satp` and `sfence.vma` trap in S-mode.
pub const TVM: u64 = 1 << 20;
/// `wfi` traps below M-mode.
pub const TW: u64 = 1 << 21;
/// `sret` traps in S-mode.
pub const TSR: u64 = 1 << 22;
/// XLEN in U-mode, fixed at 64.
pub const UXL_64: u64 = 2 << 32;
/// XLEN in S-mode, fixed at 64.
pub const SXL_64: u64 = 2 << 34;
/// Some extension state is dirty.
pub const SD: u64 = 1 << 63;

/// The fields that `sstatus` may write.
pub const SSTATUS_WRITE: u64 = SIE | SPIE | SPP | FS | SUM | MXR;
/// The fields that `sstatus` shows.
pub const SSTATUS_READ: u64 = SSTATUS_WRITE | UXL_MASK | SD;
const UXL_MASK: u64 = 3 << 32;
