// misa: the width is 64 bits, the base set and the modes that this hart has
// are there, and whatever is written leaves a legal value (privileged manual,
// "Machine ISA Register").
// env: p
#include "env.h"

#define BIT(letter) (1 << (letter - 'A'))

test_begin
  check 1
  csrr s0, misa
  srli a0, s0, 62
  expect a0, 2
  check 2
  li   t0, BIT('I') | BIT('M') | BIT('A') | BIT('F') | BIT('D') | BIT('C') | BIT('S') | BIT('U')
  and  a0, s0, t0
  bne  a0, t0, fail
  // E is the complement of I; bits that name nothing are 0.
  check 3
  expect_bits s0, BIT('E') | BIT('K') | BIT('L') | BIT('T') | BIT('W') | BIT('Y') | BIT('Z'), 0
  // The reserved bits between the letters and MXL are 0, and stay so.
  check 4
  li   t0, -1
  csrw misa, t0
  csrr a0, misa
  expect_bits a0, 0x3ffffffffc000000, 0
  // D without F is not a legal combination.
  check 5
  li   t0, BIT('F')
  csrc misa, t0
  csrr a0, misa
  andi a1, a0, BIT('F')
  bnez a1, 1f
  expect_bits a0, BIT('D'), 0
1:
  check 6
  csrw misa, s0
  csrr a0, misa
  bne  a0, s0, fail
test_end
