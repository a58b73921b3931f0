//! Counters: `mcycle` and `minstret`, both derived from the count of retired instructions.

/// A counter that follows the count of retired instructions, or stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    /// Counts: its value is the count plus this.
    Running(u64),
    /// Inhibited at this value.
    Stopped(u64),
}

impl Counter {
    /// The value after `retired` instructions.
    #[inline]
    pub(super) fn read(self, retired: u64) -> u64 {
        match self {
            Self::Running(offset) => retired.wrapping_add(offset),
            Self::Stopped(value) => value,
        }
    }

    /// Sets the value, as the instruction after the one that writes sees it: the write takes the
    /// place of that instruction's own increment.
    pub(super) fn write(&mut self, retired: u64, value: u64) {
        *self = match self {
            Self::Running(_) => Self::Running(value.wrapping_sub(retired).wrapping_sub(1)),
            Self::Stopped(_) => Self::Stopped(value),
        };
    }

    /// Stops or starts counting, from the instruction that says so on.
    pub(super) fn inhibit(&mut self, retired: u64, inhibit: bool) {
        *self = match (*self, inhibit) {
            (Self::Running(_), true) => Self::Stopped(self.read(retired)),
            (Self::Stopped(value), false) => Self::Running(value.wrapping_sub(retired)),
            (same, _) => same,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_takes_the_place_of_the_increment() {
        let mut counter = Counter::Running(0);
        counter.write(10, 0);
        assert_eq!(counter.read(11), 0);
        assert_eq!(counter.read(12), 1);
    }

    #[test]
    fn an_inhibited_counter_stands_still() {
        let mut counter = Counter::Running(0);
        counter.inhibit(10, true);
        assert_eq!(counter.read(100), 10);
        counter.write(100, 5);
        counter.inhibit(200, false);
        assert_eq!(counter.read(201), 6);
    }
}
