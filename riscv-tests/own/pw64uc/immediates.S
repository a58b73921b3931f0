// Compressed operations with an immediate: c.addi, c.addiw, c.li, c.lui,
// c.andi, c.srli, c.srai, c.slli, at the ends of their ranges (unprivileged
// manual, "Integer Computational Instructions" of C).
// env: p v
#include "env.h"

// One instruction on a register that holds `before`; it must be two bytes.
.macro case n, reg, before, after, insn:vararg
  check \n
  li   \reg, \before
1:
  \insn
2:
  .if 2b - 1b - 2
  .error "not compressed"
  .endif
  expect \reg, \after
.endm

.option rvc
test_begin
  case 1, a0, 5, 36, c.addi a0, 31
  case 2, a0, 5, -27, c.addi a0, -32
  case 3, t4, 0x7fffffffffffffff, 0x8000000000000000, c.addi t4, 1
  case 4, a0, 0x7fffffff, 0xffffffff80000000, c.addiw a0, 1
  case 5, a0, 0x123456789, 0x23456789, c.addiw a0, 0
  case 6, a0, 0, -32, c.addiw a0, -32
  case 7, a7, 99, -32, c.li a7, -32
  case 8, a7, 99, 31, c.li a7, 31
  case 9, s1, 99, 0x1f000, c.lui s1, 31
  case 10, s1, 99, 0xfffffffffffe0000, c.lui s1, 0xfffe0
  case 11, s1, 99, 0x1000, c.lui s1, 1
  case 12, a5, 0x123456789abcdeff, 0x123456789abcdee0, c.andi a5, -32
  case 13, a5, -1, 31, c.andi a5, 31
  case 14, s0, 0x8000000000000000, 1, c.srli s0, 63
  case 15, s0, 0x8000000000000000, 0x80000000, c.srli s0, 32
  case 16, s0, 0x8000000000000000, -1, c.srai s0, 63
  case 17, s0, 0x8000000000000000, 0xffffffff80000000, c.srai s0, 32
  case 18, t4, 1, 0x8000000000000000, c.slli t4, 63
  case 19, t4, 1, 0x100000000, c.slli t4, 32
  case 20, a0, 7, 7, c.nop
test_end
