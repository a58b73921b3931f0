// Stored code is what runs after fence.i: in the next words, in the same
// block, in another page, again and again (unprivileged manual, "Zifencei").
// env: p v
#include "env.h"

test_begin
  la   s0, patch
  la   s1, subroutine
  // addi a0, a0, imm for growing imm.
  li   s2, 0
  li   s3, 0
1:
  check 1
  addi s2, s2, 1
  slli t0, s2, 20
  li   t1, 0x00050513 // addi a0, a0, 0
  or   t0, t0, t1
  sw   t0, 0(s0)
  sw   t0, 0(s1)
  li   t1, 0x00008067 // ret
  sw   t1, 4(s1)
  fence.i
  li   a0, 0
patch:
  addi a0, a0, 0
  bne  a0, s2, fail
  check 2
  li   a0, 1000
  jalr ra, 0(s1)
  addi a1, s2, 1000
  bne  a0, a1, fail
  li   t0, 50
  bne  s2, t0, 1b
  // A single halfword of an instruction changed.
  check 3
  li   t0, 0x7ff5 // the upper half of addi a0, a0, 0x7ff
  sh   t0, 2(s1)
  fence.i
  li   a0, 0
  jalr ra, 0(s1)
  expect a0, 0x7ff
test_end

test_zeros
subroutine:
  .zero 4096
