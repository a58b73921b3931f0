// A supervisor interrupt goes to supervisor mode when mideleg says so, and to
// machine mode otherwise; the delegated one never disturbs machine mode, and
// supervisor mode takes it only with SIE set, user mode always (privileged
// manual, "Machine Trap Delegation Registers", "Supervisor Interrupt
// Registers").
// env: p
#include "env.h"

// Back to machine mode with nothing pending.
.macro quiet
  csrw mie, zero
  li   t0, 1 << SSI | 1 << STI | 1 << SEI
  csrc mip, t0
  csrw mideleg, zero
.endm

.macro raise irq
  li   t0, 1 << \irq
  csrs mip, t0
  csrs mie, t0
.endm

.macro case n, irq
  // Not delegated: machine mode takes it from below, whatever MIE says.
  check \n
  raise \irq
  la   tp, 1f
  enter MODE_U
  j    fail
1:
  expect s7, MODE_M
  expect s8, INTERRUPT | \irq
  expect_tval 0
  expect_bits s6, MSTATUS_MPP, 0
  la   tp, 1f
  enter MODE_S
  j    fail
1:
  expect s7, MODE_M
  expect s8, INTERRUPT | \irq
  quiet
  // In machine mode only with MIE.
  check \n + 1
  raise \irq
  nop
  la   tp, 1f
  csrsi mstatus, MSTATUS_MIE
  j    fail
1:
  expect s7, MODE_M
  expect s8, INTERRUPT | \irq
  csrr a0, mstatus
  expect_bits a0, MSTATUS_MIE, 0
  quiet
  // Delegated: machine mode does not see it, even with MIE.
  check \n + 2
  li   t0, 1 << \irq
  csrw mideleg, t0
  raise \irq
  csrsi mstatus, MSTATUS_MIE
  nop
  nop
  csrci mstatus, MSTATUS_MIE
  // User mode gives way to supervisor mode at once.
  la   tp, 1f
  enter MODE_U
  j    fail
1:
  expect s7, MODE_S
  expect s8, INTERRUPT | \irq
  expect_tval 0
  expect_bits s6, MSTATUS_SPP, 0
  // Supervisor mode, where SIE is off now, is left in peace until it is on.
  check \n + 3
  nop
  la   tp, 1f
  csrsi sstatus, MSTATUS_SIE
  j    fail
1:
  expect s7, MODE_S
  expect s8, INTERRUPT | \irq
  expect_bits s6, MSTATUS_SPP | MSTATUS_SPIE | MSTATUS_SIE, MSTATUS_SPP | MSTATUS_SPIE
  to_machine
  quiet
.endm

test_begin
  case 10, SSI
  case 20, STI
  case 30, SEI
  // Pending but not enabled: nothing.
  check 40
  li   t0, 1 << SSI
  csrw mideleg, t0
  csrs mip, t0
  works_in MODE_U, nop
  csrsi mstatus, MSTATUS_SIE
  works_in MODE_S, nop
test_end
