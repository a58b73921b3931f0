//! What `--tlb` takes.

use super::manual::Random;
use crate::mmu::{
    ArrayConfig, Geometry, Layout, Replacement, TLB_PRESETS, TlbConfig, TlbConfigError,
};

fn parse(text: &str) -> TlbConfig {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    match text.parse::<TlbConfig>() {
        Ok(config) => panic!("{text} is {config}"),
        Err(error) => error.to_string(),
    }
}

fn array(sets: u32, ways: u32, replacement: Replacement) -> ArrayConfig {
    ArrayConfig {
        geometry: Geometry { sets, ways },
        replacement,
    }
}

#[test]
fn terms_set_the_parts() {
    assert_eq!(parse("off"), TlbConfig::OFF);
    assert_eq!(parse("default"), TlbConfig::default());
    assert_eq!(
        parse("1x1"),
        TlbConfig {
            layout: Layout::Unified(array(1, 1, Replacement::Fifo)),
            second: None,
            asid_bits: 16,
        }
    );
    assert_eq!(
        parse("i=32x4,d=64x4:lru,l2=1024x8:fifo,asid=9"),
        TlbConfig {
            layout: Layout::Split {
                instruction: array(32, 4, Replacement::Fifo),
                data: array(64, 4, Replacement::Lru),
            },
            second: Some(array(1024, 8, Replacement::Fifo)),
            asid_bits: 9,
        }
    );
    assert_eq!(
        parse("u=2x3:random=77").layout,
        Layout::Unified(array(2, 3, Replacement::Random(77)))
    );
    // The order does not matter.
    assert_eq!(parse("asid=0,d=8,i=4"), parse("i=4,d=8,asid=0"));
    assert_eq!(parse(" u=64x4 , asid=3 "), parse("u=64x4,asid=3"));
}

#[test]
fn one_number_is_fully_associative() {
    let full = parse("1x40:random");
    for text in [
        "40:random",
        "full=40:random",
        "u=40:random",
        "u=full=40:random=0",
    ] {
        assert_eq!(parse(text), full, "{text}");
    }
}

#[test]
fn terms_after_a_preset_change_parts_of_it() {
    let u74 = parse("u74");
    assert_eq!(
        parse("u74,asid=9"),
        TlbConfig {
            asid_bits: 9,
            ..u74
        }
    );
    assert_eq!(
        parse("u74,l2=off"),
        TlbConfig {
            second: None,
            ..u74
        }
    );
    let Layout::Split { data, .. } = u74.layout else {
        panic!("{u74}");
    };
    let instruction = array(1, 8, Replacement::Fifo);
    assert_eq!(
        parse("u74,i=8").layout,
        Layout::Split { instruction, data },
        "the other array stays"
    );
    assert!(matches!(parse("u74,u=8").layout, Layout::Unified(_)));
    assert_eq!(parse("off,asid=3").asid_bits, 3);
    assert_eq!(parse("off,l2=off"), TlbConfig::OFF);
}

#[test]
fn errors_point_at_the_term_and_say_why() {
    for (text, expected) in [
        (
            "i=8,d=63x4",
            "`d=63x4`: a TLB needs a power of two sets, not 63",
        ),
        ("u=0x4", "`u=0x4`: a TLB needs a power of two sets, not 0"),
        ("4x0", "`4x0`: a TLB needs at least one way"),
        ("u=0", "`u=0`: a TLB needs at least one way"),
        (
            "u=4096x4096",
            "`u=4096x4096`: a TLB of 4096 sets x 4096 ways is too large: 1048576 entries are the limit",
        ),
        (
            "u=4,asid=17",
            "`asid=17`: an ASID has at most 16 bits, not 17",
        ),
        (
            "u=4,asid=x",
            "`asid=x`: an ASID has a number of bits, 0 to 16",
        ),
        (
            "u=4:plru",
            "`u=4:plru`: there is no policy `plru`: it is fifo, lru, random or random=SEED",
        ),
        (
            "u=4:random=-1",
            "`u=4:random=-1`: `-1` is no seed: it is a whole number below 2^64",
        ),
        (
            "u=4,z=1",
            "`z=1`: there is no `z=`: the terms are i=, d=, u=, l2= and asid=",
        ),
        ("u=4,u=8", "`u=8`: this part was set before"),
        ("4,8", "`8`: this part was set before"),
        ("u=4,u74", "`u74`: this comes first, and only once"),
        ("u74,off", "`off`: this comes first, and only once"),
        (
            "i=4",
            "`i=4`: i= is for fetches alone: give d= for data too, or u= for both",
        ),
        (
            "d=4,asid=2",
            "`d=4,asid=2`: d= is for data alone: give i= for fetches too, or u= for both",
        ),
        (
            "u=4,i=4",
            "`u=4,i=4`: either u= for one array, or i= and d= for two",
        ),
        (
            "l2=64x4",
            "`l2=64x4`: the first level is missing: u= for one array, or i= and d= for two",
        ),
        (
            "off,l2=64x4",
            "`off,l2=64x4`: off has no arrays: a second level needs a first",
        ),
        ("off,u=4", "`off,u=4`: off has no arrays"),
    ] {
        assert_eq!(refused(text), expected);
    }
    for text in [
        "",
        ",",
        "u=",
        "u=4x",
        "u=x4",
        "u=4x4x4",
        "u=+4",
        "u=4:",
        "u=99999999999",
        "asid=",
        "u=4,",
        "tlb",
        "U74",
        "full=",
        "=",
        "i=4,d=",
        "u=４",
    ] {
        assert!(!refused(text).is_empty());
    }
    assert!(refused("u75").contains("default, large, u54, u74, c910"));
}

#[test]
fn presets_are_sound_and_have_different_names() {
    let names: std::collections::BTreeSet<_> = TLB_PRESETS.iter().map(|p| p.name).collect();
    assert_eq!(names.len(), TLB_PRESETS.len());
    for preset in TLB_PRESETS {
        assert_eq!(preset.config.check(), Ok::<(), TlbConfigError>(()));
        assert_eq!(parse(preset.name), preset.config);
        assert!(!preset.about.is_empty());
    }
}

/// What is printed reads back as the same.
#[test]
fn display_round_trips() {
    let mut random = Random(0x5eed_0004);
    let mut array = || {
        let sets = 1 << random.below(8);
        let ways = random.below(40) as u32 + 1;
        let replacement = match random.below(4) {
            0 => Replacement::Fifo,
            1 => Replacement::Lru,
            2 => Replacement::Random(0),
            _ => Replacement::Random(random.next()),
        };
        (
            super::tlb_spec::array(sets, ways, replacement),
            random.below(17) as u32,
        )
    };
    let mut configs: Vec<_> = TLB_PRESETS.map(|preset| preset.config).into();
    for asid_bits in 0..=16 {
        configs.push(TlbConfig {
            asid_bits,
            ..TlbConfig::OFF
        });
    }
    for _ in 0..500 {
        let ((first, asid_bits), (second, shape), (third, _)) = (array(), array(), array());
        configs.push(TlbConfig {
            layout: match shape % 2 {
                0 => Layout::Unified(first),
                _ => Layout::Split {
                    instruction: first,
                    data: second,
                },
            },
            second: (shape % 3 == 0).then_some(third),
            asid_bits,
        });
    }
    for config in configs {
        assert_eq!(parse(&config.to_string()), config, "{config}");
    }
    assert_eq!(
        parse("u74").to_string(),
        "i=1x40:fifo,d=1x40:fifo,l2=512x1:fifo,asid=0"
    );
}
