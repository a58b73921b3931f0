//! The firmware that a kernel runs on if the user names none.

/// The ELF file of Pagewalk's own firmware, if this build has it.
pub(super) fn builtin_firmware() -> Option<&'static [u8]> {
    None
}
