// Of several pending interrupts the order is external, software, timer, those
// for machine mode first (privileged manual, "Machine Interrupt Registers").
// env: p
#include "env.h"

#define ALL (1 << SSI | 1 << STI | 1 << SEI)

.macro next irq
  la   tp, 1f
  csrsi mstatus, MSTATUS_MIE
  j    fail
1:
  expect s8, INTERRUPT | \irq
  li   t0, 1 << \irq
  csrc mip, t0
.endm

.macro next_s irq
  la   tp, 1f
  csrsi sstatus, MSTATUS_SIE
  j    fail
1:
  expect s7, MODE_S
  expect s8, INTERRUPT | \irq
  li   t0, 1 << \irq
  csrc sie, t0
.endm

test_begin
  li   t0, ALL
  csrw mie, t0
  csrw mip, t0
  check 1
  next SEI
  check 2
  next SSI
  check 3
  next STI
  check 4
  csrsi mstatus, MSTATUS_MIE
  nop
  csrci mstatus, MSTATUS_MIE

  // Among the delegated ones the same order.
  check 5
  li   t0, ALL
  csrw mideleg, t0
  csrw mip, t0
  enter MODE_S
  next_s SEI
  check 6
  next_s SSI
  check 7
  next_s STI
  to_machine

  // An interrupt for machine mode comes before one for supervisor mode, even
  // one of higher rank.
  check 8
  li   t0, ALL
  csrw mie, t0
  csrw mip, t0
  li   t0, 1 << SEI
  csrw mideleg, t0
  la   tp, 1f
  enter MODE_U
  j    fail
1:
  expect s7, MODE_M
  expect s8, INTERRUPT | SSI
test_end
