//! The entropy device (section 5.4): random bytes for whoever asks.

use super::{Queues, VirtioDevice};
use crate::trace;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read};

/// The bytes given for one request. A device may give fewer than asked for.
const AT_ONCE: u64 = 64 << 10;

/// Bytes made in one piece.
const PIECE: usize = 512;

/// Where random bytes come from.
#[derive(Debug)]
pub enum RngSource {
    /// A generator with a seed: each run of a guest gets the same bytes. They are no secret.
    Seeded(u64),
    /// The host's generator.
    Host(File),
}

impl RngSource {
    /// The host's generator, if it has one.
    pub fn host() -> io::Result<Self> {
        File::open("/dev/urandom").map(Self::Host)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Seeded(state) => {
                for piece in bytes.chunks_mut(8) {
                    let value = next(state).to_le_bytes();
                    piece.copy_from_slice(&value[..piece.len()]);
                }
                Ok(())
            }
            Self::Host(file) => file.read_exact(bytes),
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut value = *state;
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// An entropy device.
#[derive(Debug)]
pub struct Rng {
    source: RngSource,
    failed: bool,
}

/// The state of an entropy device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RngState {
    /// The seeded generator's state; none for the host's.
    pub generator: Option<u64>,
}

impl Rng {
    /// A device that gives bytes from `source`.
    pub fn new(source: RngSource) -> Self {
        Self {
            source,
            failed: false,
        }
    }
}

impl VirtioDevice for Rng {
    fn id(&self) -> u32 {
        4
    }

    fn name(&self) -> &'static str {
        "virtio-rng"
    }

    fn log_target(&self) -> &'static str {
        trace::DEV_VIRTIO_RNG
    }

    fn features(&self) -> u64 {
        0
    }

    fn queue_sizes(&self) -> &[u16] {
        &[64]
    }

    fn process(&mut self, queues: &mut Queues<'_>, _now: u64) {
        if !queues.notified(0) {
            return;
        }
        while let Some(mut chain) = queues.take(0) {
            if chain.readable() > 0 || chain.writable() == 0 {
                queues.refuse(&chain, "random bytes need buffers to write and no others");
                return;
            }
            let mut left = chain.writable().min(AT_ONCE);
            while left > 0 {
                let mut piece = [0; PIECE];
                let piece = &mut piece[..left.min(PIECE as u64) as usize];
                if let Err(error) = self.source.fill(piece) {
                    if !self.failed {
                        log::warn!(
                            target: trace::DEV_VIRTIO_RNG,
                            "virtio-rng: the host gives no random bytes: {error}"
                        );
                    }
                    self.failed = true;
                    break;
                }
                chain.write(queues.memory(), piece);
                left -= piece.len() as u64;
            }
            queues.finish(chain);
        }
    }

    fn state(&self) -> serde_json::Value {
        let generator = match self.source {
            RngSource::Seeded(state) => Some(state),
            RngSource::Host(_) => None,
        };
        serde_json::to_value(RngState { generator }).unwrap_or_default()
    }

    fn set_state(&mut self, state: &serde_json::Value) {
        if let (
            RngSource::Seeded(state),
            Ok(RngState {
                generator: Some(new),
            }),
        ) = (&mut self.source, RngState::deserialize(state))
        {
            *state = new;
        }
    }
}
