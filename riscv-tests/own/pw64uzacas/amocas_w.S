// amocas.w swaps only when memory equals rd, and rd always gets the old value,
// sign-extended; only the low words are compared (Zacas).
// env: p v
#include "env.h"

test_begin
  la   s0, word
  // Equal: swapped.
  check 1
  li   a0, 0x80000001
  li   a1, 0x12345678
  amocas.w a0, a1, s0
  expect a0, 0xffffffff80000001
  lw   a2, 0(s0)
  expect a2, 0x12345678
  // Different: memory stays, rd tells what is there.
  check 2
  li   a0, 7
  li   a1, 9
  amocas.w a0, a1, s0
  expect a0, 0x12345678
  lw   a2, 0(s0)
  expect a2, 0x12345678
  // The upper half of rd does not take part.
  check 3
  li   a0, 0xabcdef0012345678
  li   a1, 0xffffffff00000005
  amocas.w a0, a1, s0
  expect a0, 0x12345678
  lw   a2, 0(s0)
  expect a2, 5
  // The word beside it is untouched.
  check 4
  lw   a2, 4(s0)
  expect a2, 0x55555555
  // rd = x0 compares with zero.
  check 5
  li   a1, 6
  amocas.w zero, a1, s0
  lw   a2, 0(s0)
  expect a2, 5
  sw   zero, 0(s0)
  amocas.w zero, a1, s0
  lw   a2, 0(s0)
  expect a2, 6
  // It must be aligned.
  check 6
  addi s1, s0, 2
  must_trap_misaligned CAUSE_STORE_MISALIGNED, amocas.w a0, a1, s1
test_end

test_data
word:
  .word 0x80000001, 0x55555555
