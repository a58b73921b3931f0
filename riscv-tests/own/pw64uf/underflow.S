// Tininess is found after rounding: a result that rounds up to the smallest
// normal number, as if the exponent had no bound, does not underflow
// (unprivileged manual, "Subnormal Arithmetic").
// env: p v
#include "env.h"

.macro product n, insn, a, b, result, flags
  check \n
  li   a1, \a
  li   a2, \b
  fmv.w.x fa1, a1
  fmv.w.x fa2, a2
  \insn fa0, fa1, fa2
  fmv.x.w a0, fa0
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  fsflags zero
  // (1 - 2^-24) x the smallest normal: rounded to 24 bits it stays below, so
  // it is tiny, though the result is the smallest normal.
  product 1, fmul.s, 0x3f7fffff, 0x00800000, 0x00800000, UF | NX
  // 2^-126 x (1 + 2^-13) x (1 - 2^-13) is 2^-126 x (1 - 2^-26): rounded to 24
  // bits it is the smallest normal, so it is not tiny.
  product 2, fmul.s, 0x20000400, 0x1ffff800, 0x00800000, NX
  // With 2^-12 for 2^-13 it is 2^-126 x (1 - 2^-24), which fits 24 bits: tiny.
  product 9, fmul.s, 0x20000800, 0x1ffff000, 0x00800000, UF | NX
  // An exact subnormal does not underflow.
  product 3, fmul.s, 0x3f000000, 0x00800000, 0x00400000, 0
  // Half of the smallest: a tie, to zero.
  product 4, fmul.s, 0x3f000000, 0x00000001, 0x00000000, UF | NX
  product 5, fmul.s, 0x3f400000, 0x00000001, 0x00000001, UF | NX
  // Division.
  product 6, fdiv.s, 0x00800000, 0x40000000, 0x00400000, 0
  product 7, fdiv.s, 0x00000001, 0x40400000, 0x00000000, UF | NX
  // Sums of subnormals are exact.
  product 8, fadd.s, 0x007fffff, 0x00000001, 0x00800000, 0
test_end
