// fminm.h and fmaxm.h: like fmin and fmax, but a NaN operand gives the
// canonical NaN; -0 is below +0; a signaling NaN raises invalid (Zfa).
// env: p v
#include "env.h"

.macro case n, insn, a, b, result, flags
  check \n
  li   a1, \a
  li   a2, \b
  fmv.h.x fa1, a1
  fmv.h.x fa2, a2
  \insn fa0, fa1, fa2
  fmv.x.h a0, fa0
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  case 1, fminm.h, 0x3c00, 0x4000, 0x3c00, 0
  case 2, fminm.h, 0x4000, 0x3c00, 0x3c00, 0
  case 3, fminm.h, 0xbc00, 0x3c00, 0xffffffffffffbc00, 0
  case 4, fminm.h, 0x8000, 0x0, 0xffffffffffff8000, 0
  case 5, fminm.h, 0x0, 0x8000, 0xffffffffffff8000, 0
  case 6, fminm.h, 0xfc00, 0x3c00, 0xfffffffffffffc00, 0
  case 7, fminm.h, 0x3c00, 0x7c00, 0x3c00, 0
  case 8, fminm.h, 0x7e00, 0x3c00, 0x7e00, 0
  case 9, fminm.h, 0x3c00, 0x7e05, 0x7e00, 0
  case 10, fminm.h, 0x7c01, 0x3c00, 0x7e00, NV
  case 11, fminm.h, 0x3c00, 0x7c01, 0x7e00, NV
  case 12, fminm.h, 0x7e00, 0x7c01, 0x7e00, NV
  case 13, fmaxm.h, 0x3c00, 0x4000, 0x4000, 0
  case 14, fmaxm.h, 0x4000, 0x3c00, 0x4000, 0
  case 15, fmaxm.h, 0xbc00, 0x3c00, 0x3c00, 0
  case 16, fmaxm.h, 0x8000, 0x0, 0x0, 0
  case 17, fmaxm.h, 0x0, 0x8000, 0x0, 0
  case 18, fmaxm.h, 0xfc00, 0x3c00, 0x3c00, 0
  case 19, fmaxm.h, 0x3c00, 0x7c00, 0x7c00, 0
  case 20, fmaxm.h, 0x7e00, 0x3c00, 0x7e00, 0
  case 21, fmaxm.h, 0x3c00, 0x7e05, 0x7e00, 0
  case 22, fmaxm.h, 0x7c01, 0x3c00, 0x7e00, NV
  case 23, fmaxm.h, 0x3c00, 0x7c01, 0x7e00, NV
  case 24, fmaxm.h, 0x7e00, 0x7c01, 0x7e00, NV
test_end
