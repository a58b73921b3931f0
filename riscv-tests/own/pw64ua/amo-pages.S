// Atomics in pages that come and go: a page fault, or an A or D bit to set,
// before the operation and not in the middle of it (unprivileged manual,
// "Atomic Memory Operations").
// env: p v
#include "env.h"

#define PAGES 12

.macro each insn, operand, result
  li   s1, PAGES
  mv   s2, s0
1:
  li   a1, \operand
  \insn a0, a1, (s2)
  bne  a0, s3, fail
  add  s2, s2, s4
  addi s1, s1, -1
  bnez s1, 1b
  li   s3, \result
.endm

test_begin
  la   s0, words
  li   s4, 4096
  li   s3, 0
  check 1
  each amoadd.d, 12, 12
  check 2
  each amoor.d, 3, 15
  check 3
  each amoand.d, 6, 6
  check 4
  each amoxor.d, -1, -7
  check 5
  each amomax.d, 5, 5
  check 6
  each amominu.d, 9, 5
  check 7
  each amoswap.d, 0x123456789, 0x123456789
  // LR and SC in each page.
  check 8
  li   s1, PAGES
  mv   s2, s0
1:
  lr.d a0, (s2)
  addi a1, a0, 1
  sc.d a2, a1, (s2)
  bnez a2, 1b
  ld   a2, 0(s2)
  bne  a2, a1, fail
  add  s2, s2, s4
  addi s1, s1, -1
  bnez s1, 1b
test_end

test_zeros
words:
  .zero 4096 * PAGES
