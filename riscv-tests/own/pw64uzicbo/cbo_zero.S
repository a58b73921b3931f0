// cbo.zero clears the whole naturally aligned block that holds the address,
// and nothing else (Zicboz). Any offset in the block will do. The block is
// measured first; it is a power of two.
// env: p
#include "env.h"

test_begin
  la   s0, area + 4096
  // Fill with ones.
  la   t0, area
  li   t1, 8192 / 8
  li   t2, -1
1:
  sd   t2, 0(t0)
  addi t0, t0, 8
  addi t1, t1, -1
  bnez t1, 1b
  check 1
  cbo.zero (s0)
  ld   a0, -8(s0)
  expect a0, -1
  // Measure.
  li   s1, 0
  mv   t0, s0
1:
  lbu  a0, 0(t0)
  bnez a0, 2f
  addi t0, t0, 1
  addi s1, s1, 1
  j    1b
2:
  beqz s1, fail
  addi t0, s1, -1
  and  t0, t0, s1
  bnez t0, fail
  // In the middle of the next block.
  check 2
  add  s2, s0, s1
  srli t0, s1, 1
  add  t0, t0, s2
  addi t0, t0, 1
  cbo.zero (t0)
  mv   t1, s1
  mv   t0, s2
1:
  lbu  a0, 0(t0)
  bnez a0, fail
  addi t0, t0, 1
  addi t1, t1, -1
  bnez t1, 1b
  lbu  a0, 0(t0)
  expect a0, 0xff
test_end

test_zeros
area:
  .zero 8192
