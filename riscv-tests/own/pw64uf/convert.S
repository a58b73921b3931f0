// Conversions to integers saturate and raise NV, alone, when out of range; NaN
// gives the largest value; 32-bit results are sign-extended, unsigned ones too
// (unprivileged manual, "Single-Precision Floating-Point Conversion and Move
// Instructions").
// env: p v
#include "env.h"

.macro case n, insn, a, result, flags
  check \n
  li   a1, \a
  fmv.d.x fa1, a1
  \insn a0, fa1, rtz
  expect a0, \result
  expect_flags \flags
.endm

#define PLUS_INF  0x7ff0000000000000
#define MINUS_INF 0xfff0000000000000
#define A_NAN     0x7ff8000000000000
#define MINUS_ONE 0xbff0000000000000
#define MINUS_0_9 0xbfeccccccccccccd
#define TWO_31    0x41e0000000000000
#define TWO_32    0x41f0000000000000
#define TWO_63    0x43e0000000000000
#define TWO_64    0x43f0000000000000

test_begin
  fsflags zero
  case 1, fcvt.w.d, TWO_31, 0x7fffffff, NV
  case 2, fcvt.w.d, 0xc1e0000000000000, 0xffffffff80000000, 0
  case 3, fcvt.w.d, MINUS_INF, 0xffffffff80000000, NV
  case 4, fcvt.w.d, A_NAN, 0x7fffffff, NV
  case 5, fcvt.wu.d, TWO_31, 0xffffffff80000000, 0
  case 6, fcvt.wu.d, TWO_32, 0xffffffffffffffff, NV
  case 7, fcvt.wu.d, MINUS_ONE, 0, NV
  case 8, fcvt.wu.d, MINUS_0_9, 0, NX
  case 9, fcvt.wu.d, A_NAN, 0xffffffffffffffff, NV
  case 10, fcvt.l.d, TWO_63, 0x7fffffffffffffff, NV
  case 11, fcvt.l.d, 0xc3e0000000000000, 0x8000000000000000, 0
  case 12, fcvt.l.d, PLUS_INF, 0x7fffffffffffffff, NV
  case 13, fcvt.lu.d, TWO_63, 0x8000000000000000, 0
  case 14, fcvt.lu.d, TWO_64, 0xffffffffffffffff, NV
  case 15, fcvt.lu.d, MINUS_ONE, 0, NV
  case 16, fcvt.lu.d, MINUS_INF, 0, NV
  case 17, fcvt.lu.d, A_NAN, 0xffffffffffffffff, NV
  // From integers: only the low word counts for the w forms.
  check 20
  li   a1, 0x1234567880000000
  fcvt.d.w fa0, a1
  fmv.x.d a0, fa0
  expect a0, 0xc1e0000000000000
  fcvt.d.wu fa0, a1
  fmv.x.d a0, fa0
  expect a0, TWO_31
  expect_flags 0
  li   a1, -1
  fcvt.d.lu fa0, a1
  fmv.x.d a0, fa0
  expect a0, TWO_64
  expect_flags NX
test_end
