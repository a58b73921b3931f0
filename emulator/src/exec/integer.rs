//! RV64I computation, and Zicond.

pub(super) fn lui(_pc: u64, immediate: u64) -> u64 {
    immediate
}

pub(super) fn auipc(pc: u64, immediate: u64) -> u64 {
    pc.wrapping_add(immediate)
}

pub(super) fn add(a: u64, b: u64) -> u64 {
    a.wrapping_add(b)
}

pub(super) fn sub(a: u64, b: u64) -> u64 {
    a.wrapping_sub(b)
}

pub(super) fn slt(a: u64, b: u64) -> u64 {
    u64::from((a as i64) < b as i64)
}

pub(super) fn sltu(a: u64, b: u64) -> u64 {
    u64::from(a < b)
}

pub(super) fn and(a: u64, b: u64) -> u64 {
    a & b
}

pub(super) fn or(a: u64, b: u64) -> u64 {
    a | b
}

pub(super) fn xor(a: u64, b: u64) -> u64 {
    a ^ b
}

pub(super) fn sll(a: u64, b: u64) -> u64 {
    a << (b & 63)
}

pub(super) fn srl(a: u64, b: u64) -> u64 {
    a >> (b & 63)
}

pub(super) fn sra(a: u64, b: u64) -> u64 {
    (a as i64 >> (b & 63)) as u64
}

/// Extends the sign of a 32-bit result, as all `…w` instructions do.
pub(super) fn word(value: u32) -> u64 {
    value as i32 as u64
}

pub(super) fn addw(a: u64, b: u64) -> u64 {
    word(a.wrapping_add(b) as u32)
}

pub(super) fn subw(a: u64, b: u64) -> u64 {
    word(a.wrapping_sub(b) as u32)
}

pub(super) fn sllw(a: u64, b: u64) -> u64 {
    word((a as u32) << (b & 31))
}

pub(super) fn srlw(a: u64, b: u64) -> u64 {
    word(a as u32 >> (b & 31))
}

pub(super) fn sraw(a: u64, b: u64) -> u64 {
    (a as i32 >> (b & 31)) as u64
}

pub(super) fn eq(a: u64, b: u64) -> bool {
    a == b
}

pub(super) fn ne(a: u64, b: u64) -> bool {
    a != b
}

pub(super) fn lt(a: u64, b: u64) -> bool {
    (a as i64) < b as i64
}

pub(super) fn ge(a: u64, b: u64) -> bool {
    a as i64 >= b as i64
}

pub(super) fn ltu(a: u64, b: u64) -> bool {
    a < b
}

pub(super) fn geu(a: u64, b: u64) -> bool {
    a >= b
}

pub(super) fn czero_eqz(value: u64, condition: u64) -> u64 {
    if condition == 0 { 0 } else { value }
}

pub(super) fn czero_nez(value: u64, condition: u64) -> u64 {
    if condition == 0 { value } else { 0 }
}
