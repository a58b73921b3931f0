// fround.h rounds to an integral value in each mode and never raises inexact;
// froundnx.h does raise it. Zero keeps its sign, a NaN comes out canonical
// (Zfa, "Round-to-Integer").
// env: p v
#include "env.h"

// Operand, rounding mode, result, and the flags of the form that raises them.
.macro case n, a, rm, result, flags
  check \n
  li   a1, \a
  fmv.h.x fa1, a1
  fround.h fa0, fa1, \rm
  fmv.x.h a0, fa0
  expect a0, \result
  expect_flags \flags & ~NX
  froundnx.h fa0, fa1, \rm
  fmv.x.h a0, fa0
  expect a0, \result
  expect_flags \flags
.endm

test_begin
  case 1, 0x4100, RNE, 0x4000, NX
  case 2, 0x4100, RTZ, 0x4000, NX
  case 3, 0x4100, RDN, 0x4000, NX
  case 4, 0x4100, RUP, 0x4200, NX
  case 5, 0x4100, RMM, 0x4200, NX
  case 6, 0x4300, RNE, 0x4400, NX
  case 7, 0x4300, RTZ, 0x4200, NX
  case 8, 0x4300, RDN, 0x4200, NX
  case 9, 0x4300, RUP, 0x4400, NX
  case 10, 0x4300, RMM, 0x4400, NX
  case 11, 0xc100, RNE, 0xffffffffffffc000, NX
  case 12, 0xc100, RTZ, 0xffffffffffffc000, NX
  case 13, 0xc100, RDN, 0xffffffffffffc200, NX
  case 14, 0xc100, RUP, 0xffffffffffffc000, NX
  case 15, 0xc100, RMM, 0xffffffffffffc200, NX
  case 16, 0x3400, RNE, 0x0, NX
  case 17, 0x3400, RTZ, 0x0, NX
  case 18, 0x3400, RDN, 0x0, NX
  case 19, 0x3400, RUP, 0x3c00, NX
  case 20, 0x3400, RMM, 0x0, NX
  case 21, 0xb400, RNE, 0xffffffffffff8000, NX
  case 22, 0xb400, RTZ, 0xffffffffffff8000, NX
  case 23, 0xb400, RDN, 0xffffffffffffbc00, NX
  case 24, 0xb400, RUP, 0xffffffffffff8000, NX
  case 25, 0xb400, RMM, 0xffffffffffff8000, NX
  case 26, 0x3800, RNE, 0x0, NX
  case 27, 0x3800, RTZ, 0x0, NX
  case 28, 0x3800, RDN, 0x0, NX
  case 29, 0x3800, RUP, 0x3c00, NX
  case 30, 0x3800, RMM, 0x3c00, NX
  case 31, 0xb800, RNE, 0xffffffffffff8000, NX
  case 32, 0xb800, RTZ, 0xffffffffffff8000, NX
  case 33, 0xb800, RDN, 0xffffffffffffbc00, NX
  case 34, 0xb800, RUP, 0xffffffffffff8000, NX
  case 35, 0xb800, RMM, 0xffffffffffffbc00, NX
  case 36, 0x3f00, RNE, 0x4000, NX
  case 37, 0x3f00, RTZ, 0x3c00, NX
  case 38, 0x3f00, RDN, 0x3c00, NX
  case 39, 0x3f00, RUP, 0x4000, NX
  case 40, 0x3f00, RMM, 0x4000, NX
  case 41, 0xc700, RNE, 0xffffffffffffc700, 0
  case 42, 0xc700, RTZ, 0xffffffffffffc700, 0
  case 43, 0xc700, RDN, 0xffffffffffffc700, 0
  case 44, 0xc700, RUP, 0xffffffffffffc700, 0
  case 45, 0xc700, RMM, 0xffffffffffffc700, 0
  case 46, 0x7c00, RNE, 0x7c00, 0
  case 47, 0xfc00, RTZ, 0xfffffffffffffc00, 0
  case 48, 0x8000, RUP, 0xffffffffffff8000, 0
  case 49, 0x0, RDN, 0x0, 0
  case 50, 0x7e05, RNE, 0x7e00, 0
  case 51, 0x7c01, RNE, 0x7e00, NV
  case 52, 0x1, RNE, 0x0, NX
  case 53, 0x1, RUP, 0x3c00, NX
  case 54, 0x6800, RUP, 0x6800, 0
  // The dynamic mode is frm; a reserved mode is illegal.
  check 90
  li   a1, 0x4100
  fmv.h.x fa1, a1
  csrwi frm, RUP
  fround.h fa0, fa1, DYN
  fmv.x.h a0, fa0
  expect a0, 0x4200
  check 91
  csrwi frm, 5
  must_be_illegal fround.h fa0, fa1, DYN
  csrwi frm, 0
  must_be_illegal froundnx.h fa0, fa1, 5
test_end
