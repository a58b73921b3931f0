// mret and sret: mode, interrupt enables and previous-mode fields move as the
// manual says, and MPRV falls when the return leaves machine mode (privileged
// manual, "Trap-Return Instructions", "Privilege and Global Interrupt-Enable
// Stack").
// env: p
#include "env.h"

.macro mret_case n, before, after
  check \n
  li   t0, \before
  csrw mstatus, t0
  la   t1, 1f
  csrw mepc, t1
  mret
1:
  // Where the return led is asked through a trap.
  la   tp, 2f
  ecall
2:
  // s6 is mstatus as the trap left it: MPIE holds MIE, MPP the mode.
  expect_bits s6, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MPRV, \after
.endm

test_begin
  mret_case 1, MSTATUS_MPP | MSTATUS_MPIE, MSTATUS_MPP | MSTATUS_MPIE
  mret_case 2, MSTATUS_MPP | MSTATUS_MIE, MSTATUS_MPP
  mret_case 3, MODE_S << 11 | MSTATUS_MPIE, MODE_S << 11 | MSTATUS_MPIE
  mret_case 4, MODE_U << 11, 0
  mret_case 5, MODE_U << 11 | MSTATUS_MIE, 0
  // To machine mode, MPRV stays; to a lower mode it goes.
  mret_case 6, MSTATUS_MPP | MSTATUS_MPRV, MSTATUS_MPP | MSTATUS_MPRV
  mret_case 7, MODE_S << 11 | MSTATUS_MPRV, MODE_S << 11
  mret_case 8, MODE_U << 11 | MSTATUS_MPRV, 0

  // mret leaves MPP at the least privileged mode and MPIE at 1.
  check 9
  li   t0, MSTATUS_MPP
  csrw mstatus, t0
  la   t1, 1f
  csrw mepc, t1
  mret
1:
  csrr a0, mstatus
  expect_bits a0, MSTATUS_MPP | MSTATUS_MPIE | MSTATUS_MIE, MSTATUS_MPIE

  // sret from machine mode goes by SPP and SPIE.
  check 10
  li   t0, MSTATUS_SPP | MSTATUS_SPIE
  csrw mstatus, t0
  la   t1, 1f
  csrw sepc, t1
  sret
1:
  la   tp, 2f
  ecall
2:
  expect s8, CAUSE_ECALL_S
  expect_bits s6, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP, MSTATUS_SIE | MSTATUS_SPIE
  check 11
  li   t0, MSTATUS_SIE | MSTATUS_MPRV
  csrw mstatus, t0
  la   t1, 1f
  csrw sepc, t1
  sret
1:
  la   tp, 2f
  ecall
2:
  expect s8, CAUSE_ECALL_U
  expect_bits s6, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_MPRV, MSTATUS_SPIE

  // Who may use them.
  check 12
  traps_in MODE_S, CAUSE_ILLEGAL, mret
  expect_tval_illegal
  check 13
  traps_in MODE_U, CAUSE_ILLEGAL, mret
  check 14
  traps_in MODE_U, CAUSE_ILLEGAL, sret
  expect_tval_illegal

  // mepc bit 0 is not there; the return goes to the even address.
  check 15
  la   t1, 1f + 1
  csrw mepc, t1
  li   t0, MSTATUS_MPP
  csrw mstatus, t0
  mret
1:
  nop
test_end
