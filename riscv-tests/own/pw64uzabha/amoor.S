// amoor.b and amoor.h ors: rd gets the old value,
// sign-extended, and the bytes around it stay (Zabha).
// env: p v
#include "env.h"

// The value in memory and the operand, then what rd and memory must hold.
.macro case n, insn, store, load, memory, operand, old, new
  check \n
  li   a3, 0x5555555555555555
  sd   a3, 0(s0)
  li   a2, \memory
  \store a2, 2(s0)
  addi s1, s0, 2
  li   a1, \operand
  \insn a0, a1, s1
  expect a0, \old
  \load a2, 2(s0)
  expect a2, \new
  lhu  a2, 0(s0)
  expect a2, 0x5555
  lw   a2, 4(s0)
  expect a2, 0x55555555
.endm

test_begin
  la   s0, words
  case 1, amoor.b, sb, lbu, 0x7f, 0x1, 0x7f, 0x7f
  case 2, amoor.b, sb, lbu, 0x80, 0xff, 0xffffffffffffff80, 0xff
  case 3, amoor.b, sb, lbu, 0x5a, 0xf0, 0x5a, 0xfa
  case 4, amoor.b, sb, lbu, 0xff, 0xffffffffffff0005, 0xffffffffffffffff, 0xff
  // The byte above stays too.
  check 5
  lbu  a2, 3(s0)
  expect a2, 0x55
  case 6, amoor.h, sh, lhu, 0x7fff, 0x1, 0x7fff, 0x7fff
  case 7, amoor.h, sh, lhu, 0x8000, 0xffff, 0xffffffffffff8000, 0xffff
  case 8, amoor.h, sh, lhu, 0x5a5a, 0xff0, 0x5a5a, 0x5ffa
  case 9, amoor.h, sh, lhu, 0xffff, 0xffffffffffff0005, 0xffffffffffffffff, 0xffff
  // A halfword must be aligned.
  check 10
  addi s1, s0, 1
  must_trap_misaligned CAUSE_STORE_MISALIGNED, amoor.h a0, a1, s1
  expect_same s9, s1
test_end

test_data
words:
  .dword 0
