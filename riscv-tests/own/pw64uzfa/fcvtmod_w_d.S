// fcvtmod.w.d: truncate and keep the low 32 bits; out of range, infinite and
// NaN operands raise invalid alone, the last two give 0; the only rounding mode
// is toward zero (Zfa, "Modular Convert-to-Integer").
// env: p v
#include "env.h"

.macro case n, a, result, flags
  check \n
  li   a1, \a
  fmv.d.x fa1, a1
  fcvtmod.w.d a0, fa1
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  case 1, 0x0, 0x0, 0
  case 2, 0x8000000000000000, 0x0, 0
  case 3, 0x3ff0000000000000, 0x1, 0
  case 4, 0xbff0000000000000, 0xffffffffffffffff, 0
  case 5, 0x3ffe666666666666, 0x1, NX
  case 6, 0xbffe666666666666, 0xffffffffffffffff, NX
  case 7, 0x41dfffffffc00000, 0x7fffffff, 0
  case 8, 0x41e0000000000000, 0xffffffff80000000, NV
  case 9, 0xc1e0000000000000, 0xffffffff80000000, 0
  case 10, 0xc1e0000000200000, 0x7fffffff, NV
  case 11, 0x41f0000000500000, 0x5, NV
  case 12, 0x4270000000007800, 0x7, NV
  case 13, 0xc270000000007000, 0xfffffffffffffff9, NV
  case 14, 0x4530000000000000, 0x0, NV
  case 15, 0x4520000000000001, 0xffffffff80000000, NV
  case 16, 0x4330000000000003, 0x3, NV
  case 17, 0xc340000000000001, 0xfffffffffffffffe, NV
  case 18, 0x7e37e43c8800759c, 0x0, NV
  case 19, 0x3fe0000000000000, 0x0, NX
  case 20, 0x41dfffffffe00000, 0x7fffffff, NX
  case 21, 0xc1e0000000100000, 0xffffffff80000000, NX
  case 22, 0x7ff0000000000000, 0, NV
  case 23, 0xfff0000000000000, 0, NV
  case 24, 0x7ff8000000000000, 0, NV
  case 25, 0x7ff0000000000001, 0, NV
  // Any other rounding mode is reserved.
  check 50
  must_be_illegal .word 0xc2858553 & ~0x7000
  check 51
  must_be_illegal .word (0xc2858553 & ~0x7000) | 7 << 12
test_end
