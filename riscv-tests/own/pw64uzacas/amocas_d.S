// amocas.d compares and swaps all 64 bits (Zacas).
// env: p v
#include "env.h"

test_begin
  la   s0, words
  check 1
  li   a0, 0x8877665544332211
  li   a1, 0x0123456789abcdef
  amocas.d a0, a1, s0
  expect a0, 0x8877665544332211
  ld   a2, 0(s0)
  expect a2, 0x0123456789abcdef
  // One bit of difference, in the upper half.
  check 2
  li   a0, 0x8123456789abcdef
  li   a1, 1
  amocas.d a0, a1, s0
  expect a0, 0x0123456789abcdef
  ld   a2, 0(s0)
  expect a2, 0x0123456789abcdef
  check 3
  ld   a2, 8(s0)
  expect a2, 0x5555555555555555
  check 4
  addi s1, s0, 4
  must_trap_misaligned CAUSE_STORE_MISALIGNED, amocas.d a0, a1, s1
  expect_same s9, s1
test_end

test_data
words:
  .dword 0x8877665544332211, 0x5555555555555555
