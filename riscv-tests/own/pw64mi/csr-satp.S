// satp: Bare and Sv39 exist; writing a mode that does not exist changes
// nothing at all (privileged manual, "Supervisor Address Translation and
// Protection Register").
// env: p
#include "env.h"

test_begin
  check 1
  li   s0, SATP_SV39 | 0x12345
  csrw satp, s0
  csrr a0, satp
  expect_same a0, s0
  // Reserved modes.
  .irp mode, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13
  check 10 + \mode
  li   t0, \mode << 60 | 0x54321
  csrw satp, t0
  csrr a0, satp
  expect_same a0, s0
  .endr
  // Sv48 and Sv57 are there or change nothing.
  .irp mode, 9, 10
  check 10 + \mode
  csrw satp, s0
  li   t0, \mode << 60 | 0x54321
  csrw satp, t0
  csrr a0, satp
  beq  a0, t0, 1f
  expect_same a0, s0
1:
  .endr
  // The ASID's implemented bits are the low ones.
  check 30
  li   t0, SATP_SV39 | 0xffff << 44
  csrw satp, t0
  csrr a0, satp
  slli a0, a0, 4
  srli a0, a0, 48
  addi a1, a0, 1
  and  a1, a1, a0
  bnez a1, fail
  check 31
  csrw satp, zero
  csrr a0, satp
  expect a0, 0
test_end
