// amocas.b and amocas.h compare only the byte or halfword; rd gets the old
// value, sign-extended (Zabha with Zacas).
// env: p v
#include "env.h"

test_begin
  la   s0, words
  check 1
  li   a0, 0x1280
  li   a1, 0x3477
  amocas.b a0, a1, s0
  expect a0, 0xffffffffffffff80
  ld   a2, 0(s0)
  expect a2, 0x8765432112348077
  check 2
  li   a0, 0x76
  li   a1, 0x11
  amocas.b a0, a1, s0
  expect a0, 0x77
  ld   a2, 0(s0)
  expect a2, 0x8765432112348077
  check 3
  addi s1, s0, 6
  li   a0, 0x12348765
  li   a1, 0xaaaabbbb
  amocas.h a0, a1, s1
  expect a0, 0xffffffffffff8765
  ld   a2, 0(s0)
  expect a2, 0xbbbb432112348077
  check 4
  li   a0, 1
  amocas.h a0, a1, s1
  expect a0, 0xffffffffffffbbbb
  check 5
  addi s1, s0, 1
  must_trap_misaligned CAUSE_STORE_MISALIGNED, amocas.h a0, a1, s1
test_end

test_data
words:
  .dword 0x8765432112348080
