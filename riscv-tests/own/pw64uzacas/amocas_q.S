// amocas.q works on register pairs: the even register holds the low half; a
// pair that starts at x0 reads as zero and is not written; an odd register is
// reserved (Zacas).
// env: p v
#include "env.h"

test_begin
  la   s0, words
  // Equal.
  check 1
  li   a0, 0x1111111111111111
  li   a1, 0x2222222222222222
  li   a2, 0x3333333333333333
  li   a3, 0x4444444444444444
  amocas.q a0, a2, s0
  expect a0, 0x1111111111111111
  expect a1, 0x2222222222222222
  ld   a4, 0(s0)
  expect a4, 0x3333333333333333
  ld   a4, 8(s0)
  expect a4, 0x4444444444444444
  // The low halves are equal, the high halves are not.
  check 2
  li   a0, 0x3333333333333333
  li   a1, 0
  amocas.q a0, a2, s0
  expect a0, 0x3333333333333333
  expect a1, 0x4444444444444444
  check 3
  li   a2, 5
  li   a3, 6
  li   a0, 0
  li   a1, 0x4444444444444444
  amocas.q a0, a2, s0
  expect a0, 0x3333333333333333
  expect a1, 0x4444444444444444
  ld   a4, 0(s0)
  expect a4, 0x3333333333333333
  // Swapping in the pair x0 stores zeroes, x1 notwithstanding.
  check 4
  li   ra, 99
  amocas.q a0, zero, s0
  ld   a4, 0(s0)
  expect a4, 0
  ld   a4, 8(s0)
  expect a4, 0
  // Comparing with the pair x0: zero equals, and x1 stays.
  check 5
  amocas.q zero, a2, s0
  expect ra, 99
  ld   a4, 0(s0)
  expect a4, 5
  ld   a4, 8(s0)
  expect a4, 6
  // Sixteen-byte alignment, and even registers.
  check 6
  addi s1, s0, 8
  must_trap_misaligned CAUSE_STORE_MISALIGNED, amocas.q a0, a2, s1
  check 7
  must_be_illegal amocas.q a1, a2, s0
  check 8
  must_be_illegal amocas.q a0, a3, s0
test_end

test_data
  .balign 16
words:
  .dword 0x1111111111111111, 0x2222222222222222
