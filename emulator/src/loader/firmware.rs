//! The firmware that a kernel runs on if the user names none, and the kernel that a program does.

/// Pagewalk's own firmware, as scripts/guests built it.
const BUILTIN: &[u8] = include_bytes!("../../../firmware/sbi/sbi.elf");

/// The ELF file of Pagewalk's own firmware, if this build has it.
pub(super) fn builtin_firmware() -> Option<&'static [u8]> {
    Some(BUILTIN)
}

/// Our own supervisor, as scripts/guests built it.
const SUPERVISOR: &[u8] = include_bytes!("../../../firmware/supervisor/supervisor.elf");

/// The ELF file of our own supervisor.
pub(super) fn builtin_supervisor() -> &'static [u8] {
    SUPERVISOR
}
