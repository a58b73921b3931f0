// wfi ends when an interrupt that mie enables is pending, whatever mstatus.MIE
// and delegation say; if it can be taken, the trap comes at the instruction
// after (privileged manual, "Wait for Interrupt").
// env: p
#include "env.h"

test_begin
  // Pending before: no wait.
  check 1
  li   t0, 1 << SSI
  csrw mie, t0
  csrw mip, t0
  wfi
  // Delegated, in machine mode: still no wait, no trap.
  check 2
  csrw mideleg, t0
  wfi
  // In supervisor mode with SIE off.
  check 3
  works_in MODE_S, wfi
  csrw mideleg, zero
  csrw mip, zero
  // The timer ends it, and the interrupt is taken after it.
  check 4
  li   t0, CLINT_MTIME
  ld   t1, 0(t0)
  addi t1, t1, 200
  li   t2, CLINT_MTIMECMP
  sd   t1, 0(t2)
  li   t3, 1 << MTI
  csrw mie, t3
  la   tp, 2f
  csrsi mstatus, MSTATUS_MIE
  wfi
1:
  j    fail
2:
  expect s8, INTERRUPT | MTI
  ld   t4, 0(t0)
  bltu t4, t1, fail
  expect_at s10, 1b
test_end
