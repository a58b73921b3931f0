// A half is boxed in ones up to 64 bits; where it is not, it counts as the
// canonical NaN; flh, fsh and the moves carry bits (Zfhmin, "NaN Boxing").
// env: p v
#include "env.h"

test_begin
  la   s0, words
  check 1
  flh  fa0, 0(s0)
  fmv.x.d a0, fa0
  expect a0, 0xffffffffffff3c00
  check 2
  li   a1, 0x3c00
  fmv.h.x fa0, a1
  fmv.x.d a0, fa0
  expect a0, 0xffffffffffff3c00
  check 3
  fadd.h fa1, fa0, fa0
  fmv.x.d a0, fa1
  expect a0, 0xffffffffffff4000
  // Boxed as a single only: no half.
  check 4
  li   a1, 0xffffffff00003c00
  fmv.d.x fa2, a1
  fclass.h a0, fa2
  expect a0, 1 << 9
  fadd.h fa1, fa2, fa0
  fmv.x.d a0, fa1
  expect a0, 0xffffffffffff7e00
  fcvt.s.h fa1, fa2
  fmv.x.w a0, fa1
  expect a0, 0x7fc00000
  fcvt.d.h fa1, fa2
  fmv.x.d a0, fa1
  expect a0, 0x7ff8000000000000
  // A half is no single.
  check 5
  fcvt.h.s fa1, fa0
  fmv.x.h a0, fa1
  expect a0, 0x7e00
  // fmv.x.h sign-extends, and takes the bits as they are.
  check 6
  li   a1, 0x1234
  fmv.d.x fa2, a1
  fmv.x.h a0, fa2
  expect a0, 0x1234
  li   a1, 0xbc00
  fmv.d.x fa2, a1
  fmv.x.h a0, fa2
  expect a0, 0xffffffffffffbc00
  // fsh writes two bytes.
  check 7
  fsh  fa2, 8(s0)
  ld   a0, 8(s0)
  expect a0, 0x555555555555bc00
  // Misaligned by one.
  check 8
  fsh  fa0, 9(s0)
  flh  fa1, 9(s0)
  fmv.x.d a0, fa1
  expect a0, 0xffffffffffff3c00
test_end

test_data
words:
  .dword 0x3c00, 0x5555555555555555
