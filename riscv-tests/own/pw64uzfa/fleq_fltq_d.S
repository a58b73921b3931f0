// fltq.d and fleq.d: like flt and fle, but a quiet NaN raises no flag; a
// signaling NaN raises invalid (Zfa).
// env: p v
#include "env.h"

.macro case n, insn, a, b, result, flags
  check \n
  li   a1, \a
  li   a2, \b
  fmv.d.x fa1, a1
  fmv.d.x fa2, a2
  \insn a0, fa1, fa2
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  case 1, fltq.d, 0x3ff0000000000000, 0x4000000000000000, 1, 0
  case 2, fltq.d, 0x4000000000000000, 0x3ff0000000000000, 0, 0
  case 3, fltq.d, 0x3ff0000000000000, 0x3ff0000000000000, 0, 0
  case 4, fltq.d, 0x8000000000000000, 0x0, 0, 0
  case 5, fltq.d, 0x0, 0x8000000000000000, 0, 0
  case 6, fltq.d, 0xfff0000000000000, 0x7ff0000000000000, 1, 0
  case 7, fltq.d, 0xbff0000000000000, 0x1, 1, 0
  case 8, fltq.d, 0x7ff8000000000000, 0x3ff0000000000000, 0, 0
  case 9, fltq.d, 0x3ff0000000000000, 0x7ff8000000000000, 0, 0
  case 10, fltq.d, 0x7ff8000000000000, 0x7ff8000000000000, 0, 0
  case 11, fltq.d, 0x7ff0000000000001, 0x3ff0000000000000, 0, NV
  case 12, fltq.d, 0x3ff0000000000000, 0x7ff0000000000001, 0, NV
  case 13, fleq.d, 0x3ff0000000000000, 0x4000000000000000, 1, 0
  case 14, fleq.d, 0x4000000000000000, 0x3ff0000000000000, 0, 0
  case 15, fleq.d, 0x3ff0000000000000, 0x3ff0000000000000, 1, 0
  case 16, fleq.d, 0x8000000000000000, 0x0, 1, 0
  case 17, fleq.d, 0x0, 0x8000000000000000, 1, 0
  case 18, fleq.d, 0xfff0000000000000, 0x7ff0000000000000, 1, 0
  case 19, fleq.d, 0xbff0000000000000, 0x1, 1, 0
  case 20, fleq.d, 0x7ff8000000000000, 0x3ff0000000000000, 0, 0
  case 21, fleq.d, 0x3ff0000000000000, 0x7ff8000000000000, 0, 0
  case 22, fleq.d, 0x7ff8000000000000, 0x7ff8000000000000, 0, 0
  case 23, fleq.d, 0x7ff0000000000001, 0x3ff0000000000000, 0, NV
  case 24, fleq.d, 0x3ff0000000000000, 0x7ff0000000000001, 0, NV
test_end
