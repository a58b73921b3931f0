// fli.h loads each of its 32 constants, NaN-boxed, and raises no flag
// (Zfa, "Load-Immediate Instructions"). Two to the sixteenth
// does not fit a half and is infinity.
// env: p v
#include "env.h"

.macro constant index, bits
  check 1 + \index
  fli.h fa0, \index
  fmv.x.d a0, fa0
  li   a1, \bits
  bne  a0, a1, fail
.endm

test_begin
  constant 0, 0xffffffffffffbc00
  constant 1, 0xffffffffffff0400
  constant 2, 0xffffffffffff0100
  constant 3, 0xffffffffffff0200
  constant 4, 0xffffffffffff1c00
  constant 5, 0xffffffffffff2000
  constant 6, 0xffffffffffff2c00
  constant 7, 0xffffffffffff3000
  constant 8, 0xffffffffffff3400
  constant 9, 0xffffffffffff3500
  constant 10, 0xffffffffffff3600
  constant 11, 0xffffffffffff3700
  constant 12, 0xffffffffffff3800
  constant 13, 0xffffffffffff3900
  constant 14, 0xffffffffffff3a00
  constant 15, 0xffffffffffff3b00
  constant 16, 0xffffffffffff3c00
  constant 17, 0xffffffffffff3d00
  constant 18, 0xffffffffffff3e00
  constant 19, 0xffffffffffff3f00
  constant 20, 0xffffffffffff4000
  constant 21, 0xffffffffffff4100
  constant 22, 0xffffffffffff4200
  constant 23, 0xffffffffffff4400
  constant 24, 0xffffffffffff4800
  constant 25, 0xffffffffffff4c00
  constant 26, 0xffffffffffff5800
  constant 27, 0xffffffffffff5c00
  constant 28, 0xffffffffffff7800
  constant 29, 0xffffffffffff7c00
  constant 30, 0xffffffffffff7c00
  constant 31, 0xffffffffffff7e00
  check 40
  expect_flags 0
test_end
