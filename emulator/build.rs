//! Says whether the compiler optimises enough to make tail calls of the engine's handlers.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(tail_calls)");
    let is = |name: &str, values: &[&str]| {
        env::var(name).is_ok_and(|value| values.contains(&value.as_str()))
    };
    // For other processors nobody has looked at what the compiler makes.
    if is("OPT_LEVEL", &["2", "3"]) && is("CARGO_CFG_TARGET_ARCH", &["x86_64"]) {
        println!("cargo:rustc-cfg=tail_calls");
    }
}
