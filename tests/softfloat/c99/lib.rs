//! The C types that softfloat-sys uses, as glibc has them on x86-64 (`stdint.h`).

#![no_std]
#![allow(non_camel_case_types)]

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")))]
compile_error!("these are the types of glibc on x86-64");

pub type uint_fast8_t = u8;
pub type int_fast32_t = i64;
pub type uint_fast32_t = u64;
pub type int_fast64_t = i64;
pub type uint_fast64_t = u64;
