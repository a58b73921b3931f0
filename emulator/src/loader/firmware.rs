//! The firmware that a kernel runs on if the user names none.

/// Pagewalk's own firmware, as scripts/guests built it.
const BUILTIN: &[u8] = include_bytes!("../../../firmware/sbi/sbi.elf");

/// The ELF file of Pagewalk's own firmware, if this build has it.
pub(super) fn builtin_firmware() -> Option<&'static [u8]> {
    Some(BUILTIN)
}
