//! Any bytes, as a machine and a program: see `tests/random_programs/harness`.
#![no_main]

#[path = "../../../tests/random_programs/harness/mod.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    harness::check(bytes);
    harness::check_harts(bytes, 2 + bytes.len() % 3);
});
