// A single in a wider register has its upper bits all ones; where it has not,
// operations take it for the canonical NaN, moves and stores take the bits as
// they are (unprivileged manual, "NaN Boxing of Narrower Values").
// env: p v
#include "env.h"

test_begin
  la   s0, words
  // Every way to write a single boxes it.
  check 1
  flw  fa0, 0(s0)
  fmv.x.d a0, fa0
  expect a0, 0xffffffff3f800000
  check 2
  li   a1, 0x3f800000
  fmv.w.x fa0, a1
  fmv.x.d a0, fa0
  expect a0, 0xffffffff3f800000
  check 3
  fadd.s fa1, fa0, fa0
  fmv.x.d a0, fa1
  expect a0, 0xffffffff40000000
  check 4
  fcvt.s.w fa1, a1
  fmv.x.d a0, fa1
  srli a0, a0, 32
  expect a0, 0xffffffff

  // 1.0 in its low half, not boxed.
  li   a1, 0x3f800000
  fmv.d.x fa2, a1
  check 5
  fadd.s fa1, fa2, fa0
  fmv.x.d a0, fa1
  expect a0, 0xffffffff7fc00000
  check 6
  fclass.s a0, fa2
  expect a0, 1 << 9
  check 7
  feq.s a0, fa2, fa0
  expect a0, 0
  check 8
  fmin.s fa1, fa2, fa0
  fmv.x.w a0, fa1
  expect a0, 0x3f800000
  check 9
  fsgnj.s fa1, fa0, fa2
  fmv.x.d a0, fa1
  expect a0, 0xffffffff3f800000
  fsgnjn.s fa1, fa2, fa2
  fmv.x.d a0, fa1
  expect a0, 0xffffffffffc00000
  check 10
  fcvt.w.s a0, fa2
  expect a0, 0x7fffffff
  check 11
  fcvt.d.s fa1, fa2
  fmv.x.d a0, fa1
  expect a0, 0x7ff8000000000000
  check 12
  fmadd.s fa1, fa0, fa0, fa2
  fmv.x.w a0, fa1
  expect a0, 0x7fc00000
  fsqrt.s fa1, fa2
  fmv.x.w a0, fa1
  expect a0, 0x7fc00000
  // One bit of the box missing.
  check 13
  li   a1, 0xfffffffe3f800000
  fmv.d.x fa3, a1
  fclass.s a0, fa3
  expect a0, 1 << 9
  // Bits as they are.
  check 14
  fmv.x.w a0, fa2
  expect a0, 0x3f800000
  fsw  fa2, 8(s0)
  lw   a0, 8(s0)
  expect a0, 0x3f800000
  fsd  fa2, 8(s0)
  ld   a0, 8(s0)
  expect a0, 0x3f800000
  // A quiet NaN raises nothing on the way.
  check 15
  fsflags zero
  fadd.s fa1, fa2, fa0
  expect_flags 0
  // A boxed single is a NaN for the double operations.
  check 16
  fclass.d a0, fa0
  expect a0, 1 << 9
test_end

test_data
words:
  .word 0x3f800000, 0
  .dword 0
