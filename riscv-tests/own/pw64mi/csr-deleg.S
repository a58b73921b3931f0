// medeleg and mideleg: what a supervisor can be given can be set and cleared;
// machine mode's own calls cannot be given away (privileged manual, "Machine
// Trap Delegation Registers").
// env: p
#include "env.h"

#define EXCEPTIONS 0xb3fe

test_begin
  check 1
  li   t0, -1
  csrw medeleg, t0
  csrr a0, medeleg
  expect_bits a0, EXCEPTIONS, EXCEPTIONS
  check 2
  expect_bits a0, 1 << CAUSE_ECALL_M, 0
  check 3
  csrw medeleg, zero
  csrr a0, medeleg
  expect a0, 0
  // Each by itself.
  .irp cause, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15
  check 10 + \cause
  li   t0, 1 << \cause
  csrw medeleg, t0
  csrr a0, medeleg
  bne  a0, t0, fail
  .endr
  csrw medeleg, zero
  check 30
  li   t0, 1 << SSI | 1 << STI | 1 << SEI
  csrw mideleg, t0
  csrr a0, mideleg
  bne  a0, t0, fail
  check 31
  csrw mideleg, zero
  csrr a0, mideleg
  expect a0, 0
  .irp cause, SSI, STI, SEI
  check 40 + \cause
  li   t0, 1 << \cause
  csrw mideleg, t0
  csrr a0, mideleg
  bne  a0, t0, fail
  .endr
test_end
