// fminm.s and fmaxm.s: like fmin and fmax, but a NaN operand gives the
// canonical NaN; -0 is below +0; a signaling NaN raises invalid (Zfa).
// env: p v
#include "env.h"

.macro case n, insn, a, b, result, flags
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
  case 1, fminm.s, 0x3f800000, 0x40000000, 0x3f800000, 0
  case 2, fminm.s, 0x40000000, 0x3f800000, 0x3f800000, 0
  case 3, fminm.s, 0xbf800000, 0x3f800000, 0xffffffffbf800000, 0
  case 4, fminm.s, 0x80000000, 0x0, 0xffffffff80000000, 0
  case 5, fminm.s, 0x0, 0x80000000, 0xffffffff80000000, 0
  case 6, fminm.s, 0xff800000, 0x3f800000, 0xffffffffff800000, 0
  case 7, fminm.s, 0x3f800000, 0x7f800000, 0x3f800000, 0
  case 8, fminm.s, 0x7fc00000, 0x3f800000, 0x7fc00000, 0
  case 9, fminm.s, 0x3f800000, 0x7fc00005, 0x7fc00000, 0
  case 10, fminm.s, 0x7f800001, 0x3f800000, 0x7fc00000, NV
  case 11, fminm.s, 0x3f800000, 0x7f800001, 0x7fc00000, NV
  case 12, fminm.s, 0x7fc00000, 0x7f800001, 0x7fc00000, NV
  case 13, fmaxm.s, 0x3f800000, 0x40000000, 0x40000000, 0
  case 14, fmaxm.s, 0x40000000, 0x3f800000, 0x40000000, 0
  case 15, fmaxm.s, 0xbf800000, 0x3f800000, 0x3f800000, 0
  case 16, fmaxm.s, 0x80000000, 0x0, 0x0, 0
  case 17, fmaxm.s, 0x0, 0x80000000, 0x0, 0
  case 18, fmaxm.s, 0xff800000, 0x3f800000, 0x3f800000, 0
  case 19, fmaxm.s, 0x3f800000, 0x7f800000, 0x7f800000, 0
  case 20, fmaxm.s, 0x7fc00000, 0x3f800000, 0x7fc00000, 0
  case 21, fmaxm.s, 0x3f800000, 0x7fc00005, 0x7fc00000, 0
  case 22, fmaxm.s, 0x7f800001, 0x3f800000, 0x7fc00000, NV
  case 23, fmaxm.s, 0x3f800000, 0x7f800001, 0x7fc00000, NV
  case 24, fmaxm.s, 0x7fc00000, 0x7f800001, 0x7fc00000, NV
test_end
