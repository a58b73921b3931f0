//! What the MMU counted is the same whether or not each hit was looked at.

use super::{same, scenario};
use pagewalk::board::{Limits, Machine};
use pagewalk::engine::Observer;
use pagewalk::hart::Interest;
use pagewalk::mmu::{AccessStatistics, Statistics, TlbConfig};

const TLBS: [&str; 7] = [
    "default",
    "1x1",
    "i=4x1,d=4x2:lru",
    "u=2x2:random=5",
    "i=2,d=3,l2=4x2",
    "i=1x2:lru,d=2x1,l2=8:lru",
    "off",
];

/// Wants to hear of every hit, so that each translated access takes the slow path.
struct Everything;

impl Observer for Everything {
    const EVENTS: bool = true;

    fn interest(&self) -> Interest {
        Interest::Everything
    }
}

fn figures(machine: &Machine) -> (Statistics, Vec<pagewalk::mmu::Counters>) {
    let hart = machine.hart();
    let arrays = hart.tlb.arrays().into_iter();
    let counters = arrays.map(|array| hart.tlb.counters(array));
    (hart.mmu_statistics(), counters.collect())
}

/// The bytes choose the TLB too.
pub(super) fn check(bytes: &[u8], limits: &Limits) {
    let sum = bytes
        .iter()
        .fold(0usize, |sum, &byte| sum + usize::from(byte));
    let spec = TLBS[sum % TLBS.len()];
    let tlb: TlbConfig = spec.parse().expect("a TLB");
    let mut fast = scenario::machine_with(bytes, 1, tlb);
    let stop = fast.run(limits, &mut ());
    let mut slow = scenario::machine_with(bytes, 1, tlb);
    assert_eq!(stop, slow.run(limits, &mut Everything), "{spec}");
    same(&fast, &slow);
    assert_eq!(figures(&fast), figures(&slow), "{spec}");
    let total: AccessStatistics = fast.hart().mmu_statistics().total();
    let misses = if tlb.second.is_some() {
        total.second_misses
    } else {
        total.first_misses
    };
    assert_eq!(total.walks, misses + total.update_walks, "{spec}");
}
