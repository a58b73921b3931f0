//! The scenes: which program each runs, and what it tells.

mod address;
mod anywhere;
mod copy;
mod fault;
mod fence;
mod file;
mod frames;
mod large;
mod memory;
mod processes;
mod protection;

use super::seen::Seen;
use super::stage::{Stage, Task};
use super::text::Text;
use anyhow::Result;
use pagewalk::mmu::TlbConfig;
use std::ops::RangeInclusive;

/// The memory of most scenes' machine.
const MEMORY: u64 = 64 << 20;
/// What it may be.
const ANY_MEMORY: RangeInclusive<u64> = 0..=u64::MAX;

/// A scene.
pub(super) struct Scene {
    /// Scenes of one number belong together.
    pub(super) number: u8,
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// The memory of its machine, if nothing else is said.
    pub(super) memory: u64,
    /// What that may be: less does not suffice, more takes long.
    pub(super) memories: RangeInclusive<u64>,
    /// The TLB that suits it, if not any does, as `--tlb` takes it.
    tlb: Option<&'static str>,
    play: Play,
}

/// How a scene goes.
enum Play {
    /// A program runs once.
    Once {
        /// An ELF file from firmware/tour.
        program: &'static [u8],
        /// The mark at which the scene's page shows the machine.
        picture: i64,
        /// Tells what was seen; nothing if something is missing.
        tell: fn(&Seen, &mut Text) -> Option<()>,
    },
    /// The scene runs programs itself, and tells of them; nothing if something is missing.
    Runs(fn(&mut Stage<'_>, &mut Text) -> Result<Option<()>>),
}

impl Scene {
    /// The TLB that suits it.
    pub(super) fn tlb(&self) -> Option<TlbConfig> {
        self.tlb.and_then(|spec| spec.parse().ok())
    }

    /// Plays it. What a scene tells of is missing if the machine is one that cannot do it.
    pub(super) fn play(&self, stage: &mut Stage<'_>, text: &mut Text) -> Result<Option<()>> {
        match self.play {
            Play::Once {
                program,
                picture,
                tell,
            } => {
                let seen = stage.run(&Task {
                    program,
                    picture: Some(picture),
                    ..Task::default()
                })?;
                Ok(tell(&seen, text))
            }
            Play::Runs(runs) => runs(stage, text),
        }
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
    anywhere::SCENE,
    protection::SCENE,
    fault::SCENE,
    memory::SCENE,
    file::SCENE,
    copy::SCENE,
    large::SCENE,
    fence::SCENE,
];
