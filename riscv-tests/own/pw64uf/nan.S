// NaN results are the canonical NaN, whatever NaN went in; signaling NaNs and
// invalid operations raise NV; min and max prefer a number (unprivileged
// manual, "NaN Generation and Propagation").
// env: p v
#include "env.h"

#define QNAN 0x7ff8000000000005
#define SNAN 0x7ff0000000000005
#define CANONICAL 0x7ff8000000000000
#define INF 0x7ff0000000000000
#define ONE 0x3ff0000000000000

.macro case n, insn, a, b, result, flags
  check \n
  li   a1, \a
  li   a2, \b
  fmv.d.x fa1, a1
  fmv.d.x fa2, a2
  \insn fa0, fa1, fa2
  fmv.x.d a0, fa0
  expect a0, \result
  expect_flags \flags
.endm

.macro fma n, a, b, c, result, flags
  check \n
  li   a1, \a
  fmv.d.x fa1, a1
  li   a1, \b
  fmv.d.x fa2, a1
  li   a1, \c
  fmv.d.x fa3, a1
  fmadd.d fa0, fa1, fa2, fa3
  fmv.x.d a0, fa0
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  fsflags zero
  case 1, fadd.d, QNAN, ONE, CANONICAL, 0
  case 2, fadd.d, ONE, SNAN, CANONICAL, NV
  case 3, fsub.d, INF, INF, CANONICAL, NV
  case 4, fmul.d, INF, 0, CANONICAL, NV
  case 5, fdiv.d, INF, INF, CANONICAL, NV
  case 6, fdiv.d, ONE, 0, INF, DZ
  case 7, fdiv.d, INF, 0, INF, 0
  case 8, fmin.d, QNAN, ONE, ONE, 0
  case 9, fmax.d, ONE, SNAN, ONE, NV
  case 10, fmin.d, QNAN, SNAN, CANONICAL, NV
  case 11, fmax.d, QNAN, QNAN, CANONICAL, 0
  case 12, fmin.d, 0x8000000000000000, 0, 0x8000000000000000, 0
  case 13, fmax.d, 0x8000000000000000, 0, 0, 0
  // Sign injection moves bits, NaN or not, and raises nothing.
  case 14, fsgnjn.d, SNAN, SNAN, 0xfff0000000000005, 0
  case 15, fsgnjx.d, 0xfff8000000000005, 0x8000000000000000, QNAN, 0
  // Infinity times zero is invalid even when a quiet NaN is added.
  fma 20, INF, 0, QNAN, CANONICAL, NV
  fma 21, INF, ONE, 0xfff0000000000000, CANONICAL, NV
  fma 22, ONE, ONE, QNAN, CANONICAL, 0
  fma 23, SNAN, ONE, ONE, CANONICAL, NV
  // The root of a negative number, of -0.
  check 30
  li   a1, 0xbff0000000000000
  fmv.d.x fa1, a1
  fsqrt.d fa0, fa1
  fmv.x.d a0, fa0
  expect a0, CANONICAL
  expect_flags NV
  li   a1, 0x8000000000000000
  fmv.d.x fa1, a1
  fsqrt.d fa0, fa1
  fmv.x.d a0, fa0
  expect a0, 0x8000000000000000
  expect_flags 0
  // Comparisons: flt and fle signal for any NaN, feq for signaling ones.
  check 31
  li   a1, QNAN
  fmv.d.x fa1, a1
  feq.d a0, fa1, fa1
  expect a0, 0
  expect_flags 0
  flt.d a0, fa1, fa1
  expect a0, 0
  expect_flags NV
  fle.d a0, fa1, fa1
  expect a0, 0
  expect_flags NV
  li   a1, SNAN
  fmv.d.x fa1, a1
  feq.d a0, fa1, fa1
  expect a0, 0
  expect_flags NV
  // Conversions.
  check 32
  fcvt.s.d fa0, fa1
  fmv.x.w a0, fa0
  expect a0, 0x7fc00000
  expect_flags NV
  fcvt.w.d a0, fa1
  expect a0, 0x7fffffff
  expect_flags NV
test_end
