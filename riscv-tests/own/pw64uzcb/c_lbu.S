// c.lbu zero-extends a byte at offsets 0 to 3 (Zcb).
// env: p v
#include "env.h"

test_begin
  la   s0, bytes
  check 1
  c.lbu a0, 0, s0
  expect a0, 0x81
  check 2
  c.lbu a0, 1, s0
  expect a0, 0x92
  check 3
  c.lbu a0, 2, s0
  expect a0, 0x23
  check 4
  c.lbu a0, 3, s0
  expect a0, 0xf4
  // It is two bytes long.
  check 10
  la   t0, 1f
  la   t1, 2f
  sub  t1, t1, t0
  expect t1, 2
  j    2f
1:
  c.lbu a0, 0, s0
2:
test_end

test_data
bytes:
  .byte 0x81, 0x92, 0x23, 0xf4
  .word 0
