//! The parts of a guest: each a file of its own, with a place of its own.

use std::fmt;
use std::sync::Arc;

use super::error::{LoadError, Reason};
use super::guest::Piece;
use super::program::{Program, load_segment};
use super::segments::Segment;
use super::source::Source;

/// What a file is to the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The kernel, or the only program.
    Kernel,
    /// The firmware, which runs first.
    Firmware,
    /// The initial RAM disk.
    Initrd,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kernel => "kernel",
            Self::Firmware => "firmware",
            Self::Initrd => "initrd",
        })
    }
}

/// Bytes that go to memory as they are.
pub(super) struct Binary {
    pub(super) name: String,
    pub(super) source: Arc<Source>,
    /// Where they go.
    pub(super) address: u64,
    /// Where they run, if that is known and is somewhere else.
    pub(super) virtual_address: Option<u64>,
    /// The memory they take: at least their own number; the rest is zero.
    pub(super) size: u64,
    /// For errors.
    pub(super) what: &'static str,
}

impl Binary {
    pub(super) fn new(name: String, source: impl Into<Arc<Source>>, what: &'static str) -> Self {
        let source = source.into();
        Self {
            name,
            size: source.length(),
            source,
            address: 0,
            virtual_address: None,
            what,
        }
    }

    /// It, as if a program header described it.
    pub(super) fn segment(&self) -> Segment {
        Segment {
            index: 0,
            address: self.address,
            virtual_address: self.virtual_address.unwrap_or(self.address),
            file_offset: 0,
            file_size: self.source.length(),
            size: self.size,
            flags: 7,
        }
    }
}

pub(super) enum Content {
    Program(Program),
    Binary(Binary),
}

pub(super) struct Part {
    pub(super) role: Role,
    pub(super) content: Content,
}

impl Part {
    pub(super) fn name(&self) -> &str {
        match &self.content {
            Content::Program(program) => &program.name,
            Content::Binary(binary) => &binary.name,
        }
    }

    pub(super) fn program(&self) -> Option<&Program> {
        match &self.content {
            Content::Program(program) => Some(program),
            Content::Binary(_) => None,
        }
    }

    /// The memory it takes, where it was placed.
    pub(super) fn segments(&self) -> Vec<Segment> {
        match &self.content {
            Content::Program(program) => program.segments().collect(),
            Content::Binary(binary) => vec![binary.segment()],
        }
    }

    /// The first address behind it.
    pub(super) fn end(&self) -> u64 {
        let ends = self.segments().into_iter().map(|s| s.span().last());
        ends.max().map_or(0, |last| last.saturating_add(1))
    }

    pub(super) fn load(&self, put: &mut impl FnMut(u64, Piece<'_>)) -> Result<(), LoadError> {
        match &self.content {
            Content::Program(program) => program.load(put),
            Content::Binary(binary) => {
                let segment = binary.segment();
                load_segment(&binary.source, &segment, binary.what, put)
                    .map_err(|reason| self.error(reason))
            }
        }
    }

    pub(super) fn error(&self, reason: impl Into<Reason>) -> LoadError {
        LoadError {
            file: self.name().to_owned(),
            reason: reason.into(),
        }
    }
}
