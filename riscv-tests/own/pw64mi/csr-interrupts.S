// mip, mie and their views sip, sie: a supervisor sees and writes only what is
// delegated; of the pending bits it writes SSIP alone; the machine's own
// pending bits are read-only (privileged manual, "Machine Interrupt
// Registers", "Supervisor Interrupt Registers").
// env: p
#include "env.h"

#define SUPERVISOR (1 << SSI | 1 << STI | 1 << SEI)
#define MACHINE (1 << MSI | 1 << MTI | 1 << MEI)

test_begin
  // Not delegated: the views are empty and writes go nowhere.
  check 1
  li   t0, SUPERVISOR | MACHINE
  csrw mie, t0
  csrr a0, mie
  expect_same a0, t0
  check 2
  csrr a0, sie
  expect a0, 0
  csrw sie, zero
  csrr a0, mie
  expect_same a0, t0
  check 3
  li   t0, SUPERVISOR
  csrs mip, t0
  csrr a0, mip
  expect_bits a0, SUPERVISOR, SUPERVISOR
  csrr a0, sip
  expect a0, 0
  csrwi sip, 0
  csrr a0, mip
  expect_bits a0, SUPERVISOR, SUPERVISOR

  // Delegated: they show.
  check 4
  csrw mideleg, t0
  csrr a0, sip
  expect a0, SUPERVISOR
  csrr a0, sie
  expect a0, SUPERVISOR
  check 5
  csrw sie, zero
  csrr a0, mie
  expect a0, MACHINE
  li   t0, -1
  csrw sie, t0
  csrr a0, sie
  expect a0, SUPERVISOR
  // sip writes SSIP only.
  check 6
  csrw sip, zero
  csrr a0, mip
  expect_bits a0, SUPERVISOR, 1 << STI | 1 << SEI
  csrsi sip, 1 << SSI
  csrr a0, mip
  expect_bits a0, SUPERVISOR, SUPERVISOR
  li   t0, SUPERVISOR
  csrc mip, t0
  li   t0, SUPERVISOR
  csrs sip, t0
  csrr a0, mip
  expect_bits a0, SUPERVISOR, 1 << SSI

  // The machine's pending bits come from outside.
  check 7
  csrw mie, zero
  csrr s0, mip
  li   t0, MACHINE
  csrs mip, t0
  csrr a0, mip
  xor  a0, a0, s0
  expect_bits a0, 1 << MSI | 1 << MEI, 0

  // One delegated at a time.
  check 8
  li   t0, SUPERVISOR
  csrs mip, t0
  csrs mie, t0
  .irp cause, SSI, STI, SEI
  li   t0, 1 << \cause
  csrw mideleg, t0
  csrr a0, sip
  bne  a0, t0, fail
  csrr a0, sie
  bne  a0, t0, fail
  .endr
test_end
