// fltq.h and fleq.h: like flt and fle, but a quiet NaN raises no flag; a
// signaling NaN raises invalid (Zfa).
// env: p v
#include "env.h"

.macro case n, insn, a, b, result, flags
  check \n
  li   a1, \a
  li   a2, \b
  fmv.h.x fa1, a1
  fmv.h.x fa2, a2
  \insn a0, fa1, fa2
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  case 1, fltq.h, 0x3c00, 0x4000, 1, 0
  case 2, fltq.h, 0x4000, 0x3c00, 0, 0
  case 3, fltq.h, 0x3c00, 0x3c00, 0, 0
  case 4, fltq.h, 0x8000, 0x0, 0, 0
  case 5, fltq.h, 0x0, 0x8000, 0, 0
  case 6, fltq.h, 0xfc00, 0x7c00, 1, 0
  case 7, fltq.h, 0xbc00, 0x1, 1, 0
  case 8, fltq.h, 0x7e00, 0x3c00, 0, 0
  case 9, fltq.h, 0x3c00, 0x7e00, 0, 0
  case 10, fltq.h, 0x7e00, 0x7e00, 0, 0
  case 11, fltq.h, 0x7c01, 0x3c00, 0, NV
  case 12, fltq.h, 0x3c00, 0x7c01, 0, NV
  case 13, fleq.h, 0x3c00, 0x4000, 1, 0
  case 14, fleq.h, 0x4000, 0x3c00, 0, 0
  case 15, fleq.h, 0x3c00, 0x3c00, 1, 0
  case 16, fleq.h, 0x8000, 0x0, 1, 0
  case 17, fleq.h, 0x0, 0x8000, 1, 0
  case 18, fleq.h, 0xfc00, 0x7c00, 1, 0
  case 19, fleq.h, 0xbc00, 0x1, 1, 0
  case 20, fleq.h, 0x7e00, 0x3c00, 0, 0
  case 21, fleq.h, 0x3c00, 0x7e00, 0, 0
  case 22, fleq.h, 0x7e00, 0x7e00, 0, 0
  case 23, fleq.h, 0x7c01, 0x3c00, 0, NV
  case 24, fleq.h, 0x3c00, 0x7c01, 0, NV
test_end
