//! Decoded instructions by their bits: a word means the same wherever it stands.

use crate::isa::{ExtensionSet, Insn, decode};

const SLOTS: usize = 4096;

/// A cache in front of the decoder.
pub(super) struct Decoder {
    extensions: ExtensionSet,
    slots: Box<[(u32, Option<Insn>)]>,
}

impl Default for Decoder {
    fn default() -> Self {
        let extensions = ExtensionSet::NONE;
        // Every slot starts out right: it holds what the word zero decodes to.
        Self {
            extensions,
            slots: vec![(0, decode(0, extensions)); SLOTS].into(),
        }
    }
}

impl Decoder {
    /// The instruction that `word` encodes; `None` if it is illegal.
    #[inline]
    pub(super) fn decode(&mut self, word: u32, extensions: ExtensionSet) -> Option<Insn> {
        if extensions != self.extensions {
            self.extensions = extensions;
            self.slots.fill((0, decode(0, extensions)));
        }
        let hash = word ^ word >> 12 ^ word >> 20;
        let slot = &mut self.slots[hash as usize % SLOTS];
        if slot.0 != word {
            *slot = (word, decode(word, extensions));
        }
        slot.1
    }
}
