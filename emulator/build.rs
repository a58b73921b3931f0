//! Says whether the compiler optimises enough to make tail calls of the engine's handlers.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(tail_calls)");
    if env::var("OPT_LEVEL").is_ok_and(|level| ["2", "3"].contains(&level.as_str())) {
        println!("cargo:rustc-cfg=tail_calls");
    }
}
