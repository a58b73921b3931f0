// The five rounding modes, given in the instruction and by frm, on results
// that fall between two numbers and on ties (unprivileged manual,
// "Floating-Point Control and Status Register").
// env: p v
#include "env.h"

// 1 + 2^-24 is a tie; 1 + 3 * 2^-25 is above it. Results for RNE RTZ RDN RUP
// RMM, as bits.
.macro sum n, a, b, rne, rtz, rdn, rup, rmm
  check \n
  li   a1, \a
  li   a2, \b
  fmv.w.x fa1, a1
  fmv.w.x fa2, a2
  fsflags zero
  one  0, rne, \rne
  one  1, rtz, \rtz
  one  2, rdn, \rdn
  one  3, rup, \rup
  one  4, rmm, \rmm
  csrwi frm, 0
.endm
.macro one number, name, bits
  fadd.s fa0, fa1, fa2, \name
  fmv.x.w a0, fa0
  expect a0, \bits
  csrwi frm, \number
  fadd.s fa0, fa1, fa2, dyn
  fmv.x.w a0, fa0
  expect a0, \bits
  expect_flags NX
.endm

test_begin
  sum 1, 0x3f800000, 0x33800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800001, 0x3f800001
  sum 2, 0x3f800001, 0x33800000, 0x3f800002, 0x3f800001, 0x3f800001, 0x3f800002, 0x3f800002
  sum 3, 0x3f800000, 0x33c00000, 0x3f800001, 0x3f800000, 0x3f800000, 0x3f800001, 0x3f800001
  sum 4, 0xbf800000, 0xb3800000, 0xffffffffbf800000, 0xffffffffbf800000, 0xffffffffbf800001, 0xffffffffbf800000, 0xffffffffbf800001
  sum 5, 0xbf800000, 0xb3000000, 0xffffffffbf800000, 0xffffffffbf800000, 0xffffffffbf800001, 0xffffffffbf800000, 0xffffffffbf800000

  // Exact cancellation is +0, but -0 when rounding down.
  check 10
  li   a1, 0x3f800000
  fmv.w.x fa1, a1
  fsub.s fa0, fa1, fa1, rne
  fmv.x.w a0, fa0
  expect a0, 0
  fsub.s fa0, fa1, fa1, rdn
  fmv.x.w a0, fa0
  expect a0, 0xffffffff80000000
  expect_flags 0

  // Overflow: infinity or the largest number.
  check 11
  li   a1, 0x7f7fffff
  fmv.w.x fa1, a1
  fadd.s fa0, fa1, fa1, rne
  fmv.x.w a0, fa0
  expect a0, 0x7f800000
  fadd.s fa0, fa1, fa1, rtz
  fmv.x.w a0, fa0
  expect a0, 0x7f7fffff
  fadd.s fa0, fa1, fa1, rdn
  fmv.x.w a0, fa0
  expect a0, 0x7f7fffff
  fadd.s fa0, fa1, fa1, rup
  fmv.x.w a0, fa0
  expect a0, 0x7f800000
  expect_flags OF | NX

  // To an integer: 2.5 and -2.5.
  check 12
  li   a1, 0x40200000
  fmv.w.x fa1, a1
  .irp pair, rne, rtz, rdn
  fcvt.w.s a0, fa1, \pair
  expect a0, 2
  .endr
  .irp pair, rup, rmm
  fcvt.w.s a0, fa1, \pair
  expect a0, 3
  .endr
  fneg.s fa1, fa1
  .irp pair, rne, rtz, rup
  fcvt.l.s a0, fa1, \pair
  expect a0, -2
  .endr
  .irp pair, rdn, rmm
  fcvt.l.s a0, fa1, \pair
  expect a0, -3
  .endr
  expect_flags NX
test_end
