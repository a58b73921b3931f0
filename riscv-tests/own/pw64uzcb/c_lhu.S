// c.lhu zero-extends a halfword at offsets 0 and 2 (Zcb).
// env: p v
#include "env.h"

test_begin
  la   s0, bytes
  check 1
  c.lhu a0, 0, s0
  expect a0, 0x9281
  check 2
  c.lhu a5, 2, s0
  expect a5, 0xf423
  // It is two bytes long.
  check 10
  la   t0, 1f
  la   t1, 2f
  sub  t1, t1, t0
  expect t1, 2
  j    2f
1:
  c.lhu a0, 0, s0
2:
test_end

test_data
bytes:
  .byte 0x81, 0x92, 0x23, 0xf4
  .word 0
