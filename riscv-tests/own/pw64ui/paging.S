// Sixteen pages of data and as many of code under a supervisor that holds six:
// whatever is evicted comes back as it was, and the supervisor checks A and D
// at each eviction (privileged manual, "Sv39").
// env: v
#include "env.h"

#define PAGES 16

test_begin
  la   s0, data
  li   s4, 4096
  li   s5, 3
round:
  // Write a word of each page, a different one each round.
  li   s1, 0
  check 1
1:
  mul  t0, s1, s4
  add  t0, t0, s0
  slli t1, s5, 3
  add  t0, t0, t1
  xor  t2, t0, s5
  sd   t2, 0(t0)
  addi s1, s1, 1
  li   t3, PAGES
  bne  s1, t3, 1b
  // Read them in a different order, five on each time.
  check 2
  li   s1, 0
  li   s2, PAGES
1:
  mul  t0, s1, s4
  add  t0, t0, s0
  slli t1, s5, 3
  add  t0, t0, t1
  ld   a0, 0(t0)
  xor  t2, t0, s5
  bne  a0, t2, fail
  addi s1, s1, 5
  andi s1, s1, PAGES - 1
  addi s2, s2, -1
  bnez s2, 1b
  // Code in each page: an addi and a return, written and then called.
  check 3
  la   s3, code
  li   s1, 0
1:
  mul  t0, s1, s4
  add  t0, t0, s3
  add  t1, s1, s5
  slli t1, t1, 20
  li   t2, 0x00050513
  or   t1, t1, t2
  sw   t1, 0(t0)
  li   t1, 0x00008067
  sw   t1, 4(t0)
  addi s1, s1, 1
  li   t3, PAGES
  bne  s1, t3, 1b
  fence.i
  check 4
  li   s1, 0
1:
  mul  t0, s1, s4
  add  t0, t0, s3
  li   a0, 100
  jalr ra, 0(t0)
  add  t1, s1, s5
  addi t1, t1, 100
  bne  a0, t1, fail
  addi s1, s1, 1
  li   t3, PAGES
  bne  s1, t3, 1b
  addi s5, s5, -1
  bnez s5, round
test_end

test_zeros
data:
  .zero 4096 * PAGES
code:
  .zero 4096 * PAGES
