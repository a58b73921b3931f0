// c.sb stores a byte at offsets 0 to 3 (Zcb).
// env: p v
#include "env.h"

test_begin
  la   s0, bytes
  li   a1, 0x1234
  check 1
  li   a2, 0xf4239281
  sw   a2, 0(s0)
  c.sb a1, 0, s0
  lwu  a0, 0(s0)
  expect a0, 0xf4239234
  check 2
  li   a2, 0xf4239281
  sw   a2, 0(s0)
  c.sb a1, 1, s0
  lwu  a0, 0(s0)
  expect a0, 0xf4233481
  check 3
  li   a2, 0xf4239281
  sw   a2, 0(s0)
  c.sb a1, 2, s0
  lwu  a0, 0(s0)
  expect a0, 0xf4349281
  check 4
  li   a2, 0xf4239281
  sw   a2, 0(s0)
  c.sb a1, 3, s0
  lwu  a0, 0(s0)
  expect a0, 0x34239281
  // It is two bytes long.
  check 10
  la   t0, 1f
  la   t1, 2f
  sub  t1, t1, t0
  expect t1, 2
  j    2f
1:
  c.sb a0, 0, s0
2:
test_end

test_data
bytes:
  .byte 0x81, 0x92, 0x23, 0xf4
  .word 0
