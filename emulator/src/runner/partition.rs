//! A share of the tests, so that several machines run a suite together.

use std::str::FromStr;

/// Which share of the tests to run: the `index`th of `count`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    kind: Kind,
    index: u64,
    count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Every `count`th test of the sorted list: shares are as equal as they can be.
    Count,
    /// By the name alone: a test stays in its share when others come or go.
    Hash,
}

/// Why a partition is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}`: a partition is K/N, count:K/N or hash:K/N, with K from 1 to N")]
pub struct PartitionError(String);

impl FromStr for Partition {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, PartitionError> {
        let error = || PartitionError(text.to_owned());
        let (kind, share) = match text.split_once(':') {
            None => (Kind::Count, text),
            Some(("count" | "slice", share)) => (Kind::Count, share),
            Some(("hash", share)) => (Kind::Hash, share),
            Some(_) => return Err(error()),
        };
        let (index, count) = share.split_once('/').ok_or_else(error)?;
        let index = index.parse().map_err(|_| error())?;
        let count = count.parse().map_err(|_| error())?;
        if !(1..=count).contains(&index) {
            return Err(error());
        }
        Ok(Self { kind, index, count })
    }
}

impl Partition {
    /// Whether the test of that name, at that place in the sorted list, is in the share.
    pub fn has(&self, place: usize, name: &str) -> bool {
        let number = match self.kind {
            Kind::Count => place as u64,
            Kind::Hash => hash(name),
        };
        number % self.count == self.index - 1
    }
}

/// FNV-1a, with its bits mixed so that the low ones depend on all. Written out here because
/// shares must be the same in every build.
fn hash(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let mixed = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ mixed >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_is_in_one_share() {
        let names: Vec<String> = (0..500).map(|n| format!("rv64ui-p-{n}")).collect();
        for count in 1..=9 {
            for kind in ["", "count:", "hash:", "slice:"] {
                let shares: Vec<Partition> = (1..=count)
                    .map(|index| format!("{kind}{index}/{count}").parse().unwrap())
                    .collect();
                for (place, name) in names.iter().enumerate() {
                    let owners = shares.iter().filter(|share| share.has(place, name));
                    assert_eq!(owners.count(), 1, "{name} in {kind}{count}");
                }
                for share in &shares {
                    let size = names.iter().enumerate();
                    let size = size.filter(|(place, name)| share.has(*place, name)).count();
                    assert!(size >= 500 / count / 2, "{share:?} has {size}");
                }
            }
        }
    }

    #[test]
    fn a_hash_does_not_depend_on_the_list() {
        let share: Partition = "hash:2/3".parse().unwrap();
        for name in ["rv64ui-p-add", "rv64ui-v-add"] {
            assert_eq!(share.has(0, name), share.has(7, name));
        }
        // Shares on other machines, from other builds, must fit together with this one.
        assert_eq!(hash("rv64ui-p-add"), HASH_OF_ADD);
    }

    const HASH_OF_ADD: u64 = 0xc885_485a_f679_0566;

    #[test]
    fn what_is_no_partition_is_refused() {
        for bad in [
            "", "1", "0/3", "4/3", "a/b", "1/0", "odd:1/2", "1/2/3", "-1/2",
        ] {
            let error = bad.parse::<Partition>().unwrap_err();
            assert!(error.to_string().contains("K from 1 to N"), "{bad}");
        }
    }
}
