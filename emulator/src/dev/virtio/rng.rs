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
pub(super) fn next(state: &mut u64) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn driver(seed: u64) -> Driver {
        Driver::new(Rng::new(RngSource::Seeded(seed)), 0)
    }

    #[test]
    fn it_is_an_entropy_device() {
        let mut driver = driver(1);
        assert_eq!(driver.get(8), 4);
        driver.set(0x30, 0);
        assert_eq!(driver.get(0x34), 64);
        driver.set(0x30, 1);
        assert_eq!(driver.get(0x34), 0);
    }

    #[test]
    fn the_generator_is_the_published_one() {
        // The first values for the seed 1234567, as the algorithm's reference gives them.
        let mut state = 1_234_567;
        let found = [0; 3].map(|_| next(&mut state));
        assert_eq!(
            found,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn a_seed_gives_the_same_bytes_each_time() {
        let get = |seed| driver(seed).request(0, &[], &[5, 100]).unwrap();
        let one = get(1);
        assert_eq!(one.length, 105);
        assert_eq!(one, get(1));
        assert_ne!(one, get(2));
        assert!(one.bytes[100..].iter().any(|byte| *byte != 0));
        // It goes on.
        let mut driver = driver(1);
        let first = driver.request(0, &[], &[64]);
        assert_ne!(first, driver.request(0, &[], &[64]));
    }

    #[test]
    fn the_hosts_generator_fills_the_buffer() {
        let mut driver = Driver::new(Rng::new(RngSource::host().unwrap()), 0);
        let answer = driver.request(0, &[], &[64]).unwrap();
        assert_eq!(answer.length, 64);
        assert!(answer.bytes.iter().any(|byte| *byte != 0));
    }

    #[test]
    fn a_huge_request_is_answered_in_part() {
        let mut driver = driver(1);
        let answer = driver.request(0, &[], &[1 << 20]).unwrap();
        assert_eq!(answer.length, 64 << 10);
        assert!(answer.bytes[64 << 10..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_source_that_ends_gives_an_empty_answer() {
        let empty = RngSource::Host(File::open("/dev/null").unwrap());
        let mut driver = Driver::new(Rng::new(empty), 0);
        assert_eq!(driver.request(0, &[], &[64]).unwrap().length, 0);
        assert!(!driver.needs_reset());
    }

    #[test]
    fn requests_that_make_no_sense_need_a_reset() {
        for (readable, writable) in [(&[&[1u8][..]][..], &[1][..]), (&[&[1]], &[])] {
            let mut driver = driver(1);
            assert_eq!(driver.request(0, readable, writable), None);
            assert!(driver.needs_reset());
        }
    }

    #[test]
    fn the_state_is_the_generators() {
        let mut driver = driver(1);
        driver.request(0, &[], &[8]).unwrap();
        let state = driver.mmio.state();
        let first = driver.request(0, &[], &[8]);
        driver.start(0);
        let new = driver.request(0, &[], &[8]);
        driver.start(0);
        driver.mmio.set_state(state);
        // The rings are those of before, the memory is not.
        driver.start(0);
        let again = driver.request(0, &[], &[8]);
        assert_eq!(first, again);
        assert_ne!(first, new);
    }

    #[test]
    fn a_broken_driver_does_no_harm() {
        let met = fuzz(&mut driver(1), 2, 5_000, |_, _| {});
        assert!(met.answers > 100 && met.resets > 100, "{met:?}");
    }
}
