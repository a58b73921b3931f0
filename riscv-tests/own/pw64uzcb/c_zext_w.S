// c.zext.w clears the upper word (Zcb).
// env: p v
#include "env.h"

test_begin
  check 1
  li   a0, 0x123456789abcdef0
  c.zext.w a0
  expect a0, 0x9abcdef0
  check 2
  li   s1, 0x123456789abcdef0
  c.zext.w s1
  expect s1, 0x9abcdef0
  check 3
  li   a5, 0x123456789abcdef0
  c.zext.w a5
  expect a5, 0x9abcdef0
  check 4
  li   a0, 0xffffffffffffffff
  c.zext.w a0
  expect a0, 0xffffffff
  check 5
  li   s1, 0xffffffffffffffff
  c.zext.w s1
  expect s1, 0xffffffff
  check 6
  li   a5, 0xffffffffffffffff
  c.zext.w a5
  expect a5, 0xffffffff
test_end
