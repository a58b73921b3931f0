// fli.s loads each of its 32 constants, NaN-boxed, and raises no flag
// (Zfa, "Load-Immediate Instructions").
// env: p v
#include "env.h"

.macro constant index, bits
  check 1 + \index
  fli.s fa0, \index
  fmv.x.d a0, fa0
  li   a1, \bits
  bne  a0, a1, fail
.endm

test_begin
  constant 0, 0xffffffffbf800000
  constant 1, 0xffffffff00800000
  constant 2, 0xffffffff37800000
  constant 3, 0xffffffff38000000
  constant 4, 0xffffffff3b800000
  constant 5, 0xffffffff3c000000
  constant 6, 0xffffffff3d800000
  constant 7, 0xffffffff3e000000
  constant 8, 0xffffffff3e800000
  constant 9, 0xffffffff3ea00000
  constant 10, 0xffffffff3ec00000
  constant 11, 0xffffffff3ee00000
  constant 12, 0xffffffff3f000000
  constant 13, 0xffffffff3f200000
  constant 14, 0xffffffff3f400000
  constant 15, 0xffffffff3f600000
  constant 16, 0xffffffff3f800000
  constant 17, 0xffffffff3fa00000
  constant 18, 0xffffffff3fc00000
  constant 19, 0xffffffff3fe00000
  constant 20, 0xffffffff40000000
  constant 21, 0xffffffff40200000
  constant 22, 0xffffffff40400000
  constant 23, 0xffffffff40800000
  constant 24, 0xffffffff41000000
  constant 25, 0xffffffff41800000
  constant 26, 0xffffffff43000000
  constant 27, 0xffffffff43800000
  constant 28, 0xffffffff47000000
  constant 29, 0xffffffff47800000
  constant 30, 0xffffffff7f800000
  constant 31, 0xffffffff7fc00000
  check 40
  expect_flags 0
test_end
