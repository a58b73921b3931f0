// c.sext.h copies bit 15 upwards (Zcb).
// env: p v
#include "env.h"

test_begin
  check 1
  li   a0, 0x123456789abcdef0
  c.sext.h a0
  expect a0, 0xffffffffffffdef0
  check 2
  li   s1, 0x123456789abcdef0
  c.sext.h s1
  expect s1, 0xffffffffffffdef0
  check 3
  li   a5, 0x123456789abcdef0
  c.sext.h a5
  expect a5, 0xffffffffffffdef0
  check 4
  li   a0, 0xf7fff
  c.sext.h a0
  expect a0, 0x7fff
  check 5
  li   s1, 0xf7fff
  c.sext.h s1
  expect s1, 0x7fff
  check 6
  li   a5, 0xf7fff
  c.sext.h a5
  expect a5, 0x7fff
test_end
