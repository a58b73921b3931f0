use super::*;
use crate::mem::{PhysAddr, Ram};

const M0: usize = 0;
const S0: usize = 1;
const S1: usize = 3;
const NONE: [usize; 0] = [];

fn read(plic: &mut Plic, offset: u64) -> u32 {
    u32::try_from(plic.read(offset, 4, 0).unwrap()).unwrap()
}

fn write(plic: &mut Plic, offset: u64, value: u32) {
    plic.write(offset, 4, value.into(), 0).unwrap();
}

fn priority(plic: &mut Plic, source: usize, value: u32) {
    write(plic, 4 * source as u64, value);
}

/// Enables these sources and no other.
fn enable(plic: &mut Plic, context: usize, sources: &[usize]) {
    for word in 0..WORDS {
        let bits = sources
            .iter()
            .filter(|source| *source / 32 == word)
            .fold(0, |bits, source| bits | 1 << (source % 32));
        write(plic, 0x2000 + 0x80 * context as u64 + 4 * word as u64, bits);
    }
}

fn threshold(plic: &mut Plic, context: usize, value: u32) {
    write(plic, 0x20_0000 + 0x1000 * context as u64, value);
}

fn claim(plic: &mut Plic, context: usize) -> u32 {
    read(plic, 0x20_0004 + 0x1000 * context as u64)
}

fn complete(plic: &mut Plic, context: usize, source: u32) {
    write(plic, 0x20_0004 + 0x1000 * context as u64, source);
}

fn work(plic: &mut Plic, now: u64) {
    let ram = Ram::new(PhysAddr(0x8000_0000), 0x1000).unwrap();
    plic.work(&mut Memory::new(ram, 1), now);
}

/// Two harts; the sources 10 and 40 have priority 1 and are enabled for the S-mode of hart 0.
fn plic() -> Plic {
    let mut plic = Plic::new(2);
    for source in [10, 40] {
        priority(&mut plic, source, 1);
    }
    enable(&mut plic, S0, &[10, 40]);
    plic
}

fn interrupted(plic: &Plic) -> Vec<usize> {
    (0..6).filter(|context| plic.pending(*context)).collect()
}

#[test]
fn priorities_and_thresholds_have_three_bits() {
    let mut plic = Plic::new(2);
    for source in 0..1024 {
        priority(&mut plic, source, 0xffff_fffd);
        let held = if (1..=95).contains(&source) { 5 } else { 0 };
        assert_eq!(read(&mut plic, 4 * source as u64), held, "{source}");
    }
    for context in 0..5 {
        threshold(&mut plic, context, 0xffff_fffe);
        let held = if context < 4 { 6 } else { 0 };
        let at = 0x20_0000 + 0x1000 * context as u64;
        assert_eq!(read(&mut plic, at), held, "{context}");
    }
}

#[test]
fn every_context_has_enable_bits_for_the_sources_there_are() {
    let mut plic = Plic::new(2);
    for context in 0..5 {
        for word in 0..32 {
            let at = 0x2000 + 0x80 * context + 4 * word;
            assert_eq!(read(&mut plic, at), 0);
            write(&mut plic, at, u32::MAX);
            let held = match (context, word) {
                (0..4, 0) => 0xffff_fffe,
                (0..4, 1 | 2) => 0xffff_ffff,
                _ => 0,
            };
            assert_eq!(read(&mut plic, at), held, "{context} {word}");
        }
    }
}

#[test]
fn pending_bits_are_read_only() {
    let mut plic = plic();
    plic.set_level(40, true);
    for word in 0..32 {
        write(&mut plic, 0x1000 + 4 * word, u32::MAX);
        let bits = if word == 1 { 1 << 8 } else { 0 };
        assert_eq!(read(&mut plic, 0x1000 + 4 * word), bits, "{word}");
        write(&mut plic, 0x1000 + 4 * word, 0);
    }
    assert_eq!(claim(&mut plic, S0), 40);
}

#[test]
fn a_source_interrupts_the_contexts_it_is_enabled_for() {
    let mut plic = plic();
    assert_eq!(interrupted(&plic), NONE);
    plic.set_level(10, true);
    assert_eq!(interrupted(&plic), [S0]);
    enable(&mut plic, S1, &[10]);
    assert_eq!(interrupted(&plic), [S0, S1]);
    enable(&mut plic, S0, &[40]);
    assert_eq!(interrupted(&plic), [S1]);
    assert_eq!(claim(&mut plic, S0), 0, "it is not enabled there any more");
    assert_eq!(claim(&mut plic, S1), 10);
    assert_eq!(interrupted(&plic), NONE);
    assert_eq!(claim(&mut plic, S1), 0);
}

#[test]
fn one_context_gets_the_interrupt() {
    let mut plic = plic();
    enable(&mut plic, S1, &[10]);
    plic.set_level(10, true);
    assert_eq!(claim(&mut plic, S1), 10);
    assert_eq!(claim(&mut plic, S0), 0);
    assert_eq!(interrupted(&plic), NONE);
}

#[test]
fn a_source_in_service_does_not_interrupt_again() {
    let mut plic = plic();
    plic.set_level(10, true);
    assert_eq!(claim(&mut plic, S0), 10);
    plic.set_level(10, false);
    plic.set_level(10, true);
    assert_eq!(interrupted(&plic), NONE);
    complete(&mut plic, S0, 10);
    work(&mut plic, 200);
    assert_eq!(interrupted(&plic), [S0], "its line is still up");
    assert_eq!(claim(&mut plic, S0), 10);
    plic.set_level(10, false);
    complete(&mut plic, S0, 10);
    assert_eq!(plic.deadline(), None);
    work(&mut plic, 1_000);
    assert_eq!(interrupted(&plic), NONE);
    plic.set_level(10, true);
    assert_eq!(
        interrupted(&plic),
        [S0],
        "at once: the line has just gone up"
    );
}

#[test]
fn a_line_that_stays_up_leaves_a_pause() {
    let complete_at = |plic: &mut Plic, source: u64, now| {
        plic.write(0x20_1004, 4, source, now).unwrap();
    };
    let mut plic = plic();
    plic.set_level(10, true);
    plic.set_level(40, true);
    assert_eq!([claim(&mut plic, S0), claim(&mut plic, S0)], [10, 40]);
    assert_eq!(plic.deadline(), None);
    complete_at(&mut plic, 10, 1_000);
    complete_at(&mut plic, 40, 1_100);
    assert_eq!(plic.deadline(), Some(1_200));
    work(&mut plic, 1_199);
    assert_eq!(interrupted(&plic), NONE);
    work(&mut plic, 1_200);
    assert_eq!(plic.deadline(), None);
    assert_eq!([claim(&mut plic, S0), claim(&mut plic, S0)], [10, 40]);

    // A line that goes down in the pause asks for nothing.
    complete_at(&mut plic, 10, 2_000);
    plic.set_level(10, false);
    work(&mut plic, 2_200);
    assert_eq!(interrupted(&plic), NONE);

    // The time is set back.
    complete_at(&mut plic, 40, 1 << 40);
    work(&mut plic, 5);
    assert_eq!(claim(&mut plic, S0), 40);
    complete_at(&mut plic, 40, u64::MAX);
    assert_eq!(plic.deadline(), Some(u64::MAX));
}

#[test]
fn a_request_stays_when_the_line_goes_down() {
    let mut plic = plic();
    plic.set_level(10, true);
    plic.set_level(10, false);
    assert_eq!(interrupted(&plic), [S0]);
    assert_eq!(claim(&mut plic, S0), 10);
    complete(&mut plic, S0, 10);
    assert_eq!(claim(&mut plic, S0), 0);
}

#[test]
fn a_completion_counts_if_the_source_is_enabled_there() {
    let mut plic = plic();
    plic.set_level(10, true);
    assert_eq!(claim(&mut plic, S0), 10);
    for (context, source) in [(M0, 10), (S1, 10), (S0, 40), (S0, 0), (7, 10)] {
        complete(&mut plic, context, source);
        assert_eq!(interrupted(&plic), NONE, "{context} {source}");
    }
    enable(&mut plic, S0, &[]);
    complete(&mut plic, S0, 10);
    enable(&mut plic, S0, &[10]);
    assert_eq!(interrupted(&plic), NONE, "it was not enabled then");
    // Another context than the one that claimed.
    enable(&mut plic, S1, &[10]);
    complete(&mut plic, S1, 10);
    work(&mut plic, 200);
    assert_eq!(interrupted(&plic), [S0, S1]);
    complete(&mut plic, S0, u32::MAX);
    complete(&mut plic, S0, 96);
}

#[test]
fn a_completion_without_a_claim_changes_nothing() {
    let mut plic = plic();
    complete(&mut plic, S0, 10);
    assert_eq!(interrupted(&plic), NONE);
    plic.set_level(10, true);
    complete(&mut plic, S0, 10);
    assert_eq!(claim(&mut plic, S0), 10);
    assert_eq!(claim(&mut plic, S0), 0);
}

#[test]
fn the_highest_priority_and_then_the_lowest_source_is_claimed() {
    let mut plic = Plic::new(1);
    let all = [1, 31, 32, 33, 63, 64, 95];
    enable(&mut plic, S0, &all);
    for (source, value) in all.into_iter().zip([3, 3, 7, 3, 7, 1, 0]) {
        priority(&mut plic, source, value);
        plic.set_level(source, true);
    }
    let claimed = [(); 7].map(|()| claim(&mut plic, S0));
    assert_eq!(claimed, [32, 63, 1, 31, 33, 64, 0], "95 has priority 0");
    assert_eq!(interrupted(&plic), NONE);
    priority(&mut plic, 95, 1);
    assert_eq!(interrupted(&plic), [S0]);
    assert_eq!(claim(&mut plic, S0), 95);
}

#[test]
fn the_threshold_masks_interrupts_but_not_claims() {
    let mut plic = plic();
    priority(&mut plic, 10, 3);
    plic.set_level(10, true);
    for value in 0..8 {
        threshold(&mut plic, S0, value);
        assert_eq!(plic.pending(S0), value < 3, "{value}");
    }
    assert_eq!(claim(&mut plic, S0), 10);
}

#[test]
fn a_source_that_is_not_there_cannot_be_raised() {
    let mut plic = plic();
    let before = plic.clone();
    for source in [0, 96, 1023, usize::MAX] {
        plic.set_level(source, true);
    }
    assert_eq!(plic, before);
    assert!(!plic.pending(4) && !plic.pending(usize::MAX));
}

#[test]
fn what_is_not_there_reads_as_zero() {
    let mut plic = plic();
    let before = plic.clone();
    for offset in [0xffc, 0x1ffc, 0x1f_fffc, 0x20_0008, 0x20_4004, 0x5f_fffc] {
        write(&mut plic, offset, u32::MAX);
        assert_eq!(read(&mut plic, offset), 0, "{offset:#x}");
    }
    assert_eq!(plic, before);
}

#[test]
fn only_aligned_words_can_be_accessed() {
    let mut plic = plic();
    let before = plic.clone();
    for (offset, size) in [
        (40, 1),
        (40, 2),
        (40, 8),
        (41, 1),
        (42, 4),
        (0x20_1004, 1),
        (0x60_0000, 4),
        (u64::MAX - 3, 4),
    ] {
        let read = plic.read(offset, size, 0);
        assert_eq!(read, Err(AccessError), "{offset:#x} {size}");
        let written = plic.write(offset, size, 7, 0);
        assert_eq!(written, Err(AccessError), "{offset:#x} {size}");
    }
    assert_eq!(plic, before);
}

#[test]
fn reset_leaves_the_lines() {
    let mut plic = plic();
    plic.set_level(10, true);
    assert_eq!(claim(&mut plic, S0), 10);
    plic.reset();
    assert_eq!(interrupted(&plic), NONE);
    priority(&mut plic, 10, 1);
    enable(&mut plic, S0, &[10]);
    assert_eq!(interrupted(&plic), [S0]);
    plic.set_level(10, false);
    assert_eq!(claim(&mut plic, S0), 10);
    complete(&mut plic, S0, 10);
    assert_eq!(interrupted(&plic), NONE);
}

#[test]
fn its_state_can_be_put_back() {
    let mut plic = plic();
    plic.set_level(10, true);
    plic.set_level(40, true);
    assert_eq!(claim(&mut plic, S0), 10);
    let text = serde_json::to_string(&plic.state()).unwrap();
    let mut other = Plic::new(2);
    other.set_state(serde_json::from_str(&text).unwrap());
    assert_eq!(other, plic);
    assert_eq!(interrupted(&other), [S0]);
    assert_eq!(claim(&mut other, S0), 40);
    complete(&mut other, S0, 10);
    let text = serde_json::to_string(&other.state()).unwrap();
    other.reset();
    assert_eq!(other.deadline(), None);
    other.set_state(serde_json::from_str(&text).unwrap());
    assert_eq!(claim(&mut other, S0), 0);
    work(&mut other, 200);
    assert_eq!(claim(&mut other, S0), 10);
}

#[test]
fn a_state_that_cannot_be_is_made_one_that_can() {
    let all = Sources([u32::MAX; WORDS]);
    let mut plic = Plic::new(1);
    plic.set_state(PlicState {
        priorities: vec![u32::MAX; 5],
        contexts: vec![
            Context {
                enabled: all,
                threshold: u32::MAX,
            };
            9
        ],
        up: all,
        pending: all,
        in_service: all,
        look_again: Some(u64::MAX),
    });
    assert_eq!([0, 4, 16, 20].map(|at| read(&mut plic, at)), [0, 7, 7, 0]);
    assert_eq!(read(&mut plic, 0x20_0000), 7);
    assert_eq!(read(&mut plic, 0x20_2000), 0, "there are two contexts");
    assert_eq!(claim(&mut plic, S0), 1);
    let state = PlicState {
        priorities: Vec::new(),
        contexts: Vec::new(),
        ..PlicState::new(0)
    };
    plic.set_state(state);
    assert_eq!(plic, Plic::new(1));
}
