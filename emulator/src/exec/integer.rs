//! RV64I computation, and Zicond.

pub(crate) fn lui(_pc: u64, immediate: u64) -> u64 {
    immediate
}

pub(crate) fn auipc(pc: u64, immediate: u64) -> u64 {
    pc.wrapping_add(immediate)
}

pub(crate) fn add(a: u64, b: u64) -> u64 {
    a.wrapping_add(b)
}

pub(crate) fn sub(a: u64, b: u64) -> u64 {
    a.wrapping_sub(b)
}

pub(crate) fn slt(a: u64, b: u64) -> u64 {
    u64::from((a as i64) < b as i64)
}

pub(crate) fn sltu(a: u64, b: u64) -> u64 {
    u64::from(a < b)
}

pub(crate) fn and(a: u64, b: u64) -> u64 {
    a & b
}

pub(crate) fn or(a: u64, b: u64) -> u64 {
    a | b
}

pub(crate) fn xor(a: u64, b: u64) -> u64 {
    a ^ b
}

pub(crate) fn sll(a: u64, b: u64) -> u64 {
    a << (b & 63)
}

pub(crate) fn srl(a: u64, b: u64) -> u64 {
    a >> (b & 63)
}

pub(crate) fn sra(a: u64, b: u64) -> u64 {
    (a as i64 >> (b & 63)) as u64
}

/// Extends the sign of a 32-bit result, as all `…w` instructions do.
pub(crate) fn word(value: u32) -> u64 {
    value as i32 as u64
}

pub(crate) fn addw(a: u64, b: u64) -> u64 {
    word(a.wrapping_add(b) as u32)
}

pub(crate) fn subw(a: u64, b: u64) -> u64 {
    word(a.wrapping_sub(b) as u32)
}

pub(crate) fn sllw(a: u64, b: u64) -> u64 {
    word((a as u32) << (b & 31))
}

pub(crate) fn srlw(a: u64, b: u64) -> u64 {
    word(a as u32 >> (b & 31))
}

pub(crate) fn sraw(a: u64, b: u64) -> u64 {
    (a as i32 >> (b & 31)) as u64
}

pub(crate) fn eq(a: u64, b: u64) -> bool {
    a == b
}

pub(crate) fn ne(a: u64, b: u64) -> bool {
    a != b
}

pub(crate) fn lt(a: u64, b: u64) -> bool {
    (a as i64) < b as i64
}

pub(crate) fn ge(a: u64, b: u64) -> bool {
    a as i64 >= b as i64
}

pub(crate) fn ltu(a: u64, b: u64) -> bool {
    a < b
}

pub(crate) fn geu(a: u64, b: u64) -> bool {
    a >= b
}

pub(crate) fn czero_eqz(value: u64, condition: u64) -> u64 {
    if condition == 0 { 0 } else { value }
}

pub(crate) fn czero_nez(value: u64, condition: u64) -> u64 {
    if condition == 0 { value } else { 0 }
}
