// Conversions from and to halves round once, from the exact value; a half
// overflows to infinity, is subnormal below 2^-14, and converts to every
// integer (Zfh).
// env: p v
#include "env.h"

.macro from_d n, a, result, flags
  check \n
  li   a1, \a
  fmv.d.x fa1, a1
  fcvt.h.d fa0, fa1
  fmv.x.h a0, fa0
  expect a0, \result
  expect_flags \flags
.endm

.macro to_int n, insn, a, result, flags
  check \n
  li   a1, \a
  fmv.h.x fa1, a1
  \insn a0, fa1, rne
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  fsflags zero
  from_d 1, 0x3ff0000000000000, 0x3c00, 0
  // 1 + 2^-11 + 2^-40: above the tie; by way of a single it would be a tie.
  from_d 2, 0x3ff0020000001000, 0x3c01, NX
  from_d 3, 0x3ff0020000000000, 0x3c00, NX
  // 65519.99 and 65520.
  from_d 4, 0x40effdffae147ae1, 0x7bff, NX
  from_d 5, 0x40effe0000000000, 0x7c00, OF | NX
  // 2^-24, half of it, three quarters of it.
  from_d 6, 0x3e70000000000000, 0x0001, 0
  from_d 7, 0x3e60000000000000, 0x0000, UF | NX
  from_d 8, 0x3e68000000000000, 0x0001, UF | NX
  from_d 9, 0xfff0000000000000, 0xfffffffffffffc00, 0
  from_d 10, 0x7ff0000000000001, 0x7e00, NV
  to_int 20, fcvt.w.h, 0x4100, 2, NX
  to_int 21, fcvt.w.h, 0xfbff, -65504, 0
  to_int 22, fcvt.wu.h, 0xbc00, 0, NV
  to_int 23, fcvt.l.h, 0x7c00, 0x7fffffffffffffff, NV
  to_int 24, fcvt.lu.h, 0x7e00, 0xffffffffffffffff, NV
  to_int 25, fcvt.lu.h, 0x7bff, 65504, 0
  check 30
  li   a1, 65520
  fcvt.h.w fa0, a1
  fmv.x.h a0, fa0
  expect a0, 0x7c00
  expect_flags OF | NX
  li   a1, 2049
  fcvt.h.l fa0, a1
  fmv.x.h a0, fa0
  expect a0, 0x6800
  expect_flags NX
  // To wider formats, exactly.
  check 31
  li   a1, 0x0001
  fmv.h.x fa1, a1
  fcvt.s.h fa0, fa1
  fmv.x.w a0, fa0
  expect a0, 0x33800000
  fcvt.d.h fa0, fa1
  fmv.x.d a0, fa0
  expect a0, 0x3e70000000000000
  expect_flags 0
  // A fused multiply-add rounds once: (1 + 2^-10)^2 - (1 + 2^-9) = 2^-20.
  check 32
  li   a1, 0x3c01
  fmv.h.x fa1, a1
  li   a1, 0x3c02
  fmv.h.x fa2, a1
  fmsub.h fa0, fa1, fa1, fa2
  fmv.x.h a0, fa0
  expect a0, 0x0010
  expect_flags 0
test_end
