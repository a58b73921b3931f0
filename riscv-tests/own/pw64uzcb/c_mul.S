// c.mul multiplies and keeps the low 64 bits, in place (Zcb).
// env: p v
#include "env.h"

.macro case n, a, b, result
  check \n
  li   a0, \a
  li   a5, \b
  c.mul a0, a5
  expect a0, \result
  expect a5, \b
.endm

test_begin
  case 1, 7, 6, 42
  case 2, -3, 5, -15
  case 3, 0x100000001, 0x100000001, 0x200000001
  case 4, 0x8000000000000000, 2, 0
  check 5
  li   s0, 9
  c.mul s0, s0
  expect s0, 81
test_end
