// fltq.s and fleq.s: like flt and fle, but a quiet NaN raises no flag; a
// signaling NaN raises invalid (Zfa).
// env: p v
#include "env.h"

.macro case n, insn, a, b, result, flags
  check \n
  li   a1, \a
  li   a2, \b
  fmv.w.x fa1, a1
  fmv.w.x fa2, a2
  \insn a0, fa1, fa2
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  case 1, fltq.s, 0x3f800000, 0x40000000, 1, 0
  case 2, fltq.s, 0x40000000, 0x3f800000, 0, 0
  case 3, fltq.s, 0x3f800000, 0x3f800000, 0, 0
  case 4, fltq.s, 0x80000000, 0x0, 0, 0
  case 5, fltq.s, 0x0, 0x80000000, 0, 0
  case 6, fltq.s, 0xff800000, 0x7f800000, 1, 0
  case 7, fltq.s, 0xbf800000, 0x1, 1, 0
  case 8, fltq.s, 0x7fc00000, 0x3f800000, 0, 0
  case 9, fltq.s, 0x3f800000, 0x7fc00000, 0, 0
  case 10, fltq.s, 0x7fc00000, 0x7fc00000, 0, 0
  case 11, fltq.s, 0x7f800001, 0x3f800000, 0, NV
  case 12, fltq.s, 0x3f800000, 0x7f800001, 0, NV
  case 13, fleq.s, 0x3f800000, 0x40000000, 1, 0
  case 14, fleq.s, 0x40000000, 0x3f800000, 0, 0
  case 15, fleq.s, 0x3f800000, 0x3f800000, 1, 0
  case 16, fleq.s, 0x80000000, 0x0, 1, 0
  case 17, fleq.s, 0x0, 0x80000000, 1, 0
  case 18, fleq.s, 0xff800000, 0x7f800000, 1, 0
  case 19, fleq.s, 0xbf800000, 0x1, 1, 0
  case 20, fleq.s, 0x7fc00000, 0x3f800000, 0, 0
  case 21, fleq.s, 0x3f800000, 0x7fc00000, 0, 0
  case 22, fleq.s, 0x7fc00000, 0x7fc00000, 0, 0
  case 23, fleq.s, 0x7f800001, 0x3f800000, 0, NV
  case 24, fleq.s, 0x3f800000, 0x7f800001, 0, NV
test_end
