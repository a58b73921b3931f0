// Each trap pushes the interrupt enable and the mode, in machine mode as from
// below, and a trap inside a handler overwrites what was pushed (privileged
// manual, "Privilege and Global Interrupt-Enable Stack").
// env: p
#include "env.h"

test_begin
  check 1
  csrsi mstatus, MSTATUS_MIE
  must_trap CAUSE_ECALL_M, ecall
  expect_bits s6, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP, MSTATUS_MPIE | MSTATUS_MPP
  check 2
  csrci mstatus, MSTATUS_MIE
  must_trap CAUSE_ECALL_M, ecall
  expect_bits s6, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP, MSTATUS_MPP
  // A machine trap leaves the supervisor's half alone.
  check 3
  li   t0, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP
  csrs mstatus, t0
  must_trap CAUSE_ECALL_M, ecall
  expect_bits s6, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP
  csrc mstatus, t0
  must_trap CAUSE_ECALL_M, ecall
  expect_bits s6, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP, 0
  // A supervisor trap leaves the machine's half alone.
  check 4
  li   t0, 1 << CAUSE_BREAKPOINT
  csrw medeleg, t0
  li   t0, MSTATUS_SIE
  csrs mstatus, t0
  enter MODE_U
  must_trap CAUSE_BREAKPOINT, ebreak
  expect s7, MODE_S
  expect_bits s6, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP, MSTATUS_SPIE
  must_trap CAUSE_BREAKPOINT, ebreak
  expect_bits s6, MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP, MSTATUS_SPP
  to_machine
  expect_bits s6, MSTATUS_MPP, MODE_S << 11
  // A trap from user mode straight to machine mode.
  check 5
  traps_in MODE_U, CAUSE_ILLEGAL, .word 0
  expect_bits s6, MSTATUS_MPP, 0
  // Reading mcause and mepc does not change them.
  check 6
  csrr a0, mcause
  csrr a1, mcause
  expect_same a0, a1
  expect a0, CAUSE_ILLEGAL
test_end
