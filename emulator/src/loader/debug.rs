//! What people read of a guest comes from files: their symbols, and their source lines.

use std::sync::{Arc, Mutex, OnceLock};

use super::lines::{Lines, SourceLine};
use super::source::Source;

/// A file with debug information. It is read at the first question.
pub(super) struct DebugFile {
    name: String,
    /// None for a list of symbols.
    source: Option<Arc<Source>>,
    lines: OnceLock<Option<Mutex<Lines>>>,
}

impl DebugFile {
    pub(super) fn new(name: &str, source: Option<Arc<Source>>) -> Self {
        Self {
            name: name.to_owned(),
            source,
            lines: OnceLock::new(),
        }
    }

    /// The source line of the instruction at an address, as linked.
    pub(super) fn line(&self, address: u64) -> Option<SourceLine> {
        let source = self.source.as_ref()?;
        let lines = self.lines.get_or_init(|| match Lines::read(source) {
            Ok(lines) => Some(Mutex::new(lines)),
            Err(error) => {
                log::warn!(target: crate::trace::LOADER, "{}: no source lines: {error}", self.name);
                None
            }
        });
        let lines = lines.as_ref()?.lock().ok()?;
        lines.find(address)
    }
}
