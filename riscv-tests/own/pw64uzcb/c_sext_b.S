// c.sext.b copies bit 7 upwards (Zcb).
// env: p v
#include "env.h"

test_begin
  check 1
  li   a0, 0x123456789abcdef0
  c.sext.b a0
  expect a0, 0xfffffffffffffff0
  check 2
  li   s1, 0x123456789abcdef0
  c.sext.b s1
  expect s1, 0xfffffffffffffff0
  check 3
  li   a5, 0x123456789abcdef0
  c.sext.b a5
  expect a5, 0xfffffffffffffff0
  check 4
  li   a0, 0x17f
  c.sext.b a0
  expect a0, 0x7f
  check 5
  li   s1, 0x17f
  c.sext.b s1
  expect s1, 0x7f
  check 6
  li   a5, 0x17f
  c.sext.b a5
  expect a5, 0x7f
test_end
