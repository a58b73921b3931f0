//! The scenes: which program each runs, and what it tells.

mod address;
mod copy;
mod fault;
mod frames;
mod large;
mod processes;
mod protection;

use super::text::Text;
use super::witness::Seen;
use pagewalk::mmu::TlbConfig;

/// A scene.
pub(super) struct Scene {
    pub(super) number: u8,
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// The program: an ELF file, from firmware/tour.
    pub(super) program: &'static [u8],
    /// The TLB that suits it, if not any does, as `--tlb` takes it.
    tlb: Option<&'static str>,
    /// Tells what was seen; nothing if something is missing.
    pub(super) tell: fn(&Seen, &mut Text) -> Option<()>,
}

impl Scene {
    /// The TLB that suits it.
    pub(super) fn tlb(&self) -> Option<TlbConfig> {
        self.tlb.and_then(|spec| spec.parse().ok())
    }
}

/// The programs that scripts/guests builds.
macro_rules! program {
    ($name:literal) => {
        include_bytes!(concat!("../../../../../firmware/tour/elf/", $name))
    };
}
use program;

/// All of them, in the order of the tour.
pub(super) const SCENES: &[Scene] = &[
    address::SCENE,
    processes::SCENE,
    frames::SCENE,
    protection::SCENE,
    fault::SCENE,
    copy::SCENE,
    large::SCENE,
];
