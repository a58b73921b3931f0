// Compressed hints: encodings whose destination is x0 or whose operand is 0
// change nothing (unprivileged manual, "HINT Instructions" of C).
// env: p v
#include "env.h"

test_begin
  li   a0, 0x123456789abcdef0
  mv   a1, a0
  check 1
  .half 0x0005 // c.nop 1
  .half 0x107d // c.nop -1
  .half 0x0501 // c.addi a0, 0
  .half 0x4005 // c.li x0, 1
  .half 0x6005 // c.lui x0, 1
  .half 0x802a // c.mv x0, a0
  .half 0x902a // c.add x0, a0
  .half 0x0006 // c.slli x0, 1
  .half 0x0502 // c.slli a0, 0
  .half 0x8101 // c.srli a0, 0
  .half 0x8501 // c.srai a0, 0
  expect_same a0, a1
  // The hints among the full-length instructions.
  check 2
  lui  zero, 5
  auipc zero, 5
  addi zero, a0, 5
  add  zero, a0, a0
  sltiu zero, a0, 1
  slliw zero, a0, 1
  fence r, r
  expect_same a0, a1
  expect_same zero, zero
  check 3
  mv   a2, zero
  bnez a2, fail
test_end
