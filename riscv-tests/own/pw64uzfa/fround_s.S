// fround.s rounds to an integral value in each mode and never raises inexact;
// froundnx.s does raise it. Zero keeps its sign, a NaN comes out canonical
// (Zfa, "Round-to-Integer").
// env: p v
#include "env.h"

// Operand, rounding mode, result, and the flags of the form that raises them.
.macro case n, a, rm, result, flags
  check \n
  li   a1, \a
  fmv.w.x fa1, a1
  fround.s fa0, fa1, \rm
  fmv.x.w a0, fa0
  expect a0, \result
  expect_flags \flags & ~NX
  froundnx.s fa0, fa1, \rm
  fmv.x.w a0, fa0
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  case 1, 0x40200000, RNE, 0x40000000, NX
  case 2, 0x40200000, RTZ, 0x40000000, NX
  case 3, 0x40200000, RDN, 0x40000000, NX
  case 4, 0x40200000, RUP, 0x40400000, NX
  case 5, 0x40200000, RMM, 0x40400000, NX
  case 6, 0x40600000, RNE, 0x40800000, NX
  case 7, 0x40600000, RTZ, 0x40400000, NX
  case 8, 0x40600000, RDN, 0x40400000, NX
  case 9, 0x40600000, RUP, 0x40800000, NX
  case 10, 0x40600000, RMM, 0x40800000, NX
  case 11, 0xc0200000, RNE, 0xffffffffc0000000, NX
  case 12, 0xc0200000, RTZ, 0xffffffffc0000000, NX
  case 13, 0xc0200000, RDN, 0xffffffffc0400000, NX
  case 14, 0xc0200000, RUP, 0xffffffffc0000000, NX
  case 15, 0xc0200000, RMM, 0xffffffffc0400000, NX
  case 16, 0x3e800000, RNE, 0x0, NX
  case 17, 0x3e800000, RTZ, 0x0, NX
  case 18, 0x3e800000, RDN, 0x0, NX
  case 19, 0x3e800000, RUP, 0x3f800000, NX
  case 20, 0x3e800000, RMM, 0x0, NX
  case 21, 0xbe800000, RNE, 0xffffffff80000000, NX
  case 22, 0xbe800000, RTZ, 0xffffffff80000000, NX
  case 23, 0xbe800000, RDN, 0xffffffffbf800000, NX
  case 24, 0xbe800000, RUP, 0xffffffff80000000, NX
  case 25, 0xbe800000, RMM, 0xffffffff80000000, NX
  case 26, 0x3f000000, RNE, 0x0, NX
  case 27, 0x3f000000, RTZ, 0x0, NX
  case 28, 0x3f000000, RDN, 0x0, NX
  case 29, 0x3f000000, RUP, 0x3f800000, NX
  case 30, 0x3f000000, RMM, 0x3f800000, NX
  case 31, 0xbf000000, RNE, 0xffffffff80000000, NX
  case 32, 0xbf000000, RTZ, 0xffffffff80000000, NX
  case 33, 0xbf000000, RDN, 0xffffffffbf800000, NX
  case 34, 0xbf000000, RUP, 0xffffffff80000000, NX
  case 35, 0xbf000000, RMM, 0xffffffffbf800000, NX
  case 36, 0x3fe00000, RNE, 0x40000000, NX
  case 37, 0x3fe00000, RTZ, 0x3f800000, NX
  case 38, 0x3fe00000, RDN, 0x3f800000, NX
  case 39, 0x3fe00000, RUP, 0x40000000, NX
  case 40, 0x3fe00000, RMM, 0x40000000, NX
  case 41, 0xc0e00000, RNE, 0xffffffffc0e00000, 0
  case 42, 0xc0e00000, RTZ, 0xffffffffc0e00000, 0
  case 43, 0xc0e00000, RDN, 0xffffffffc0e00000, 0
  case 44, 0xc0e00000, RUP, 0xffffffffc0e00000, 0
  case 45, 0xc0e00000, RMM, 0xffffffffc0e00000, 0
  case 46, 0x7f800000, RNE, 0x7f800000, 0
  case 47, 0xff800000, RTZ, 0xffffffffff800000, 0
  case 48, 0x80000000, RUP, 0xffffffff80000000, 0
  case 49, 0x0, RDN, 0x0, 0
  case 50, 0x7fc00005, RNE, 0x7fc00000, 0
  case 51, 0x7f800001, RNE, 0x7fc00000, NV
  case 52, 0x1, RNE, 0x0, NX
  case 53, 0x1, RUP, 0x3f800000, NX
  case 54, 0x4b800000, RUP, 0x4b800000, 0
  // The dynamic mode is frm; a reserved mode is illegal.
  check 90
  li   a1, 0x40200000
  fmv.w.x fa1, a1
  csrwi frm, RUP
  fround.s fa0, fa1, DYN
  fmv.x.w a0, fa0
  expect a0, 0x40400000
  check 91
  csrwi frm, 5
  must_be_illegal fround.s fa0, fa1, DYN
  csrwi frm, 0
  must_be_illegal froundnx.s fa0, fa1, 5
test_end
