// fli.d loads each of its 32 constants, NaN-boxed, and raises no flag
// (Zfa, "Load-Immediate Instructions").
// env: p v
#include "env.h"

.macro constant index, bits
  check 1 + \index
  fli.d fa0, \index
  fmv.x.d a0, fa0
  li   a1, \bits
  bne  a0, a1, fail
.endm

test_begin
  constant 0, 0xbff0000000000000
  constant 1, 0x0010000000000000
  constant 2, 0x3ef0000000000000
  constant 3, 0x3f00000000000000
  constant 4, 0x3f70000000000000
  constant 5, 0x3f80000000000000
  constant 6, 0x3fb0000000000000
  constant 7, 0x3fc0000000000000
  constant 8, 0x3fd0000000000000
  constant 9, 0x3fd4000000000000
  constant 10, 0x3fd8000000000000
  constant 11, 0x3fdc000000000000
  constant 12, 0x3fe0000000000000
  constant 13, 0x3fe4000000000000
  constant 14, 0x3fe8000000000000
  constant 15, 0x3fec000000000000
  constant 16, 0x3ff0000000000000
  constant 17, 0x3ff4000000000000
  constant 18, 0x3ff8000000000000
  constant 19, 0x3ffc000000000000
  constant 20, 0x4000000000000000
  constant 21, 0x4004000000000000
  constant 22, 0x4008000000000000
  constant 23, 0x4010000000000000
  constant 24, 0x4020000000000000
  constant 25, 0x4030000000000000
  constant 26, 0x4060000000000000
  constant 27, 0x4070000000000000
  constant 28, 0x40e0000000000000
  constant 29, 0x40f0000000000000
  constant 30, 0x7ff0000000000000
  constant 31, 0x7ff8000000000000
  check 40
  expect_flags 0
test_end
