// c.zext.h clears all but the low halfword (Zcb).
// env: p v
#include "env.h"

test_begin
  check 1
  li   a0, 0x123456789abcdef0
  c.zext.h a0
  expect a0, 0xdef0
  check 2
  li   s1, 0x123456789abcdef0
  c.zext.h s1
  expect s1, 0xdef0
  check 3
  li   a5, 0x123456789abcdef0
  c.zext.h a5
  expect a5, 0xdef0
  check 4
  li   a0, 0xffff0000
  c.zext.h a0
  expect a0, 0x0
  check 5
  li   s1, 0xffff0000
  c.zext.h s1
  expect s1, 0x0
  check 6
  li   a5, 0xffff0000
  c.zext.h a5
  expect a5, 0x0
test_end
