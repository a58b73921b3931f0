// c.zext.b clears all but the low byte (Zcb).
// env: p v
#include "env.h"

test_begin
  check 1
  li   a0, 0x123456789abcdef0
  c.zext.b a0
  expect a0, 0xf0
  check 2
  li   s1, 0x123456789abcdef0
  c.zext.b s1
  expect s1, 0xf0
  check 3
  li   a5, 0x123456789abcdef0
  c.zext.b a5
  expect a5, 0xf0
  check 4
  li   a0, 0x7f
  c.zext.b a0
  expect a0, 0x7f
  check 5
  li   s1, 0x7f
  c.zext.b s1
  expect s1, 0x7f
  check 6
  li   a5, 0x7f
  c.zext.b a5
  expect a5, 0x7f
  check 7
  li   a0, 0xffffff00
  c.zext.b a0
  expect a0, 0x0
  check 8
  li   s1, 0xffffff00
  c.zext.b s1
  expect s1, 0x0
  check 9
  li   a5, 0xffffff00
  c.zext.b a5
  expect a5, 0x0
test_end
