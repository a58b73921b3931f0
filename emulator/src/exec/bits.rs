//! Bit manipulation: Zba, Zbb, Zbc, Zbs, Zbkb, Zbkx.

use super::integer::word;

// ---- Zba ----

pub(crate) fn sh1add(a: u64, b: u64) -> u64 {
    (a << 1).wrapping_add(b)
}

pub(crate) fn sh2add(a: u64, b: u64) -> u64 {
    (a << 2).wrapping_add(b)
}

pub(crate) fn sh3add(a: u64, b: u64) -> u64 {
    (a << 3).wrapping_add(b)
}

fn low(a: u64) -> u64 {
    a & 0xffff_ffff
}

pub(crate) fn add_uw(a: u64, b: u64) -> u64 {
    low(a).wrapping_add(b)
}

pub(crate) fn sh1add_uw(a: u64, b: u64) -> u64 {
    sh1add(low(a), b)
}

pub(crate) fn sh2add_uw(a: u64, b: u64) -> u64 {
    sh2add(low(a), b)
}

pub(crate) fn sh3add_uw(a: u64, b: u64) -> u64 {
    sh3add(low(a), b)
}

pub(crate) fn slli_uw(a: u64, amount: u64) -> u64 {
    low(a) << (amount & 63)
}

// ---- Zbb ----

pub(crate) fn andn(a: u64, b: u64) -> u64 {
    a & !b
}

pub(crate) fn orn(a: u64, b: u64) -> u64 {
    a | !b
}

pub(crate) fn xnor(a: u64, b: u64) -> u64 {
    !(a ^ b)
}

pub(crate) fn clz(a: u64) -> u64 {
    u64::from(a.leading_zeros())
}

pub(crate) fn clzw(a: u64) -> u64 {
    u64::from((a as u32).leading_zeros())
}

pub(crate) fn ctz(a: u64) -> u64 {
    u64::from(a.trailing_zeros())
}

pub(crate) fn ctzw(a: u64) -> u64 {
    u64::from((a as u32).trailing_zeros())
}

pub(crate) fn cpop(a: u64) -> u64 {
    u64::from(a.count_ones())
}

pub(crate) fn cpopw(a: u64) -> u64 {
    u64::from((a as u32).count_ones())
}

pub(crate) fn max(a: u64, b: u64) -> u64 {
    (a as i64).max(b as i64) as u64
}

pub(crate) fn maxu(a: u64, b: u64) -> u64 {
    a.max(b)
}

pub(crate) fn min(a: u64, b: u64) -> u64 {
    (a as i64).min(b as i64) as u64
}

pub(crate) fn minu(a: u64, b: u64) -> u64 {
    a.min(b)
}

pub(crate) fn sext_b(a: u64) -> u64 {
    a as i8 as u64
}

pub(crate) fn sext_h(a: u64) -> u64 {
    a as i16 as u64
}

pub(crate) fn zext_h(a: u64) -> u64 {
    a & 0xffff
}

pub(crate) fn rol(a: u64, b: u64) -> u64 {
    a.rotate_left(b as u32 & 63)
}

pub(crate) fn rolw(a: u64, b: u64) -> u64 {
    word((a as u32).rotate_left(b as u32 & 31))
}

pub(crate) fn ror(a: u64, b: u64) -> u64 {
    a.rotate_right(b as u32 & 63)
}

pub(crate) fn rorw(a: u64, b: u64) -> u64 {
    word((a as u32).rotate_right(b as u32 & 31))
}

fn map_bytes(a: u64, f: impl Fn(u8) -> u8) -> u64 {
    u64::from_le_bytes(a.to_le_bytes().map(f))
}

pub(crate) fn orc_b(a: u64) -> u64 {
    map_bytes(a, |byte| if byte == 0 { 0 } else { 0xff })
}

pub(crate) fn rev8(a: u64) -> u64 {
    a.swap_bytes()
}

// ---- Zbc, and its part in Zbkc ----

/// The 128-bit product without carries.
fn carryless(a: u64, b: u64) -> u128 {
    let mut product = 0;
    for bit in 0..64 {
        if b >> bit & 1 != 0 {
            product ^= u128::from(a) << bit;
        }
    }
    product
}

pub(crate) fn clmul(a: u64, b: u64) -> u64 {
    carryless(a, b) as u64
}

pub(crate) fn clmulh(a: u64, b: u64) -> u64 {
    (carryless(a, b) >> 64) as u64
}

pub(crate) fn clmulr(a: u64, b: u64) -> u64 {
    (carryless(a, b) >> 63) as u64
}

// ---- Zbs ----

pub(crate) fn bclr(a: u64, b: u64) -> u64 {
    a & !(1 << (b & 63))
}

pub(crate) fn bext(a: u64, b: u64) -> u64 {
    a >> (b & 63) & 1
}

pub(crate) fn binv(a: u64, b: u64) -> u64 {
    a ^ 1 << (b & 63)
}

pub(crate) fn bset(a: u64, b: u64) -> u64 {
    a | 1 << (b & 63)
}

// ---- Zbkb ----

pub(crate) fn pack(a: u64, b: u64) -> u64 {
    low(a) | b << 32
}

pub(crate) fn packh(a: u64, b: u64) -> u64 {
    a & 0xff | (b & 0xff) << 8
}

pub(crate) fn packw(a: u64, b: u64) -> u64 {
    word(a as u32 & 0xffff | (b as u32) << 16)
}

pub(crate) fn brev8(a: u64) -> u64 {
    map_bytes(a, u8::reverse_bits)
}

// ---- Zbkx ----

pub(crate) fn xperm4(table: u64, indices: u64) -> u64 {
    (0..16).fold(0, |result, lane| {
        let index = indices >> (4 * lane) & 0xf;
        result | (table >> (4 * index) & 0xf) << (4 * lane)
    })
}

pub(crate) fn xperm8(table: u64, indices: u64) -> u64 {
    (0..8).fold(0, |result, lane| {
        let byte = match indices >> (8 * lane) & 0xff {
            index @ 0..8 => table >> (8 * index) & 0xff,
            _ => 0,
        };
        result | byte << (8 * lane)
    })
}
