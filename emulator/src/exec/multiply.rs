//! M: multiplication and division. Division by zero gives all ones and the dividend; the one
//! signed overflow gives the dividend and zero.

use super::integer::word;

pub(crate) fn mul(a: u64, b: u64) -> u64 {
    a.wrapping_mul(b)
}

pub(crate) fn mulh(a: u64, b: u64) -> u64 {
    ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64
}

pub(crate) fn mulhsu(a: u64, b: u64) -> u64 {
    ((i128::from(a as i64) * i128::from(b)) >> 64) as u64
}

pub(crate) fn mulhu(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}

pub(crate) fn mulw(a: u64, b: u64) -> u64 {
    word(a.wrapping_mul(b) as u32)
}

pub(crate) fn div(a: u64, b: u64) -> u64 {
    match b {
        0 => u64::MAX,
        _ => (a as i64).wrapping_div(b as i64) as u64,
    }
}

pub(crate) fn divu(a: u64, b: u64) -> u64 {
    a.checked_div(b).unwrap_or(u64::MAX)
}

pub(crate) fn rem(a: u64, b: u64) -> u64 {
    match b {
        0 => a,
        _ => (a as i64).wrapping_rem(b as i64) as u64,
    }
}

pub(crate) fn remu(a: u64, b: u64) -> u64 {
    a.checked_rem(b).unwrap_or(a)
}

pub(crate) fn divw(a: u64, b: u64) -> u64 {
    match b as i32 {
        0 => u64::MAX,
        divisor => (a as i32).wrapping_div(divisor) as u64,
    }
}

pub(crate) fn divuw(a: u64, b: u64) -> u64 {
    word((a as u32).checked_div(b as u32).unwrap_or(u32::MAX))
}

pub(crate) fn remw(a: u64, b: u64) -> u64 {
    match b as i32 {
        0 => word(a as u32),
        divisor => (a as i32).wrapping_rem(divisor) as u64,
    }
}

pub(crate) fn remuw(a: u64, b: u64) -> u64 {
    word((a as u32).checked_rem(b as u32).unwrap_or(a as u32))
}
