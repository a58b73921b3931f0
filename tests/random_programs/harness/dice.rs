//! Where the harness takes its choices from: bytes that a fuzzer can steer, then random numbers
//! that follow from those bytes.

/// A source of choices. The same bytes always give the same choices.
pub(crate) struct Dice<'a> {
    bytes: &'a [u8],
    state: u64,
}

impl<'a> Dice<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        // FNV-1a, so that inputs which differ anywhere go on differently.
        let state = bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
        Self { bytes, state }
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// The next `N` bytes, or random ones when the input is used up.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.bytes.split_first_chunk::<N>() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => {
                self.bytes = &[];
                let mut bytes = [0; N];
                let random = self.random().to_le_bytes();
                bytes.copy_from_slice(&random[..N]);
                bytes
            }
        }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }

    pub(crate) fn half(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    pub(crate) fn word(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub(crate) fn long(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    /// A number below `bound`, which is at most 65,536.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let value = if bound <= 256 {
            u64::from(self.byte())
        } else {
            u64::from(self.half())
        };
        value % bound
    }

    /// True `percent` times of a hundred.
    pub(crate) fn chance(&mut self, percent: u8) -> bool {
        self.byte() % 100 < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A value as programs meet it: an address, a small number, a pattern of ones, or anything.
    pub(crate) fn value(&mut self) -> u64 {
        match self.below(8) {
            0 => u64::from(self.byte()),
            1 => (self.byte() as i8) as u64,
            2 => 1 << self.below(64),
            3 => (1u64 << self.below(64)).wrapping_sub(1),
            4 => u64::MAX << self.below(64),
            5 => super::scenario::RAM + self.below(1 << 16) * 16 + self.below(16),
            6 => u64::from(self.word()),
            _ => self.long(),
        }
    }
}
