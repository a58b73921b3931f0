// c.not inverts every bit (Zcb).
// env: p v
#include "env.h"

test_begin
  check 1
  li   a0, 0x123456789abcdef0
  c.not a0
  expect a0, 0xedcba9876543210f
  check 2
  li   s1, 0x123456789abcdef0
  c.not s1
  expect s1, 0xedcba9876543210f
  check 3
  li   a5, 0x123456789abcdef0
  c.not a5
  expect a5, 0xedcba9876543210f
  check 4
  li   a0, 0x0
  c.not a0
  expect a0, 0xffffffffffffffff
  check 5
  li   s1, 0x0
  c.not s1
  expect s1, 0xffffffffffffffff
  check 6
  li   a5, 0x0
  c.not a5
  expect a5, 0xffffffffffffffff
test_end
