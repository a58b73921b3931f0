// An exception goes to supervisor mode when medeleg says so and it comes from
// below machine mode, and to machine mode otherwise (privileged manual, "Machine Trap Delegation
// Registers").
// env: p
#include "env.h"

// Back to machine mode from supervisor mode, through a trap of another kind
// than the one just delegated.
.macro leave insn:vararg
  la   tp, 96f
  \insn
96:
  expect s7, MODE_M
.endm

// Take `insn` from user and from supervisor mode, not delegated and delegated.
.macro case n, cause_u, cause_s, exit, insn:vararg
  check \n
  csrw medeleg, zero
  traps_in MODE_U, \cause_u, \insn
  expect_bits s6, MSTATUS_MPP, MODE_U << 11
  check \n + 1
  traps_in MODE_S, \cause_s, \insn
  expect_bits s6, MSTATUS_MPP, MODE_S << 11
  li   t0, 1 << \cause_u | 1 << \cause_s
  csrw medeleg, t0
  check \n + 2
  enter MODE_U
  must_trap \cause_u, \insn
  expect s7, MODE_S
  expect_bits s6, MSTATUS_SPP, 0
  leave \exit
  check \n + 3
  enter MODE_S
  must_trap \cause_s, \insn
  expect s7, MODE_S
  expect_bits s6, MSTATUS_SPP, MSTATUS_SPP
  leave \exit
.endm

test_begin
  case 10, CAUSE_ILLEGAL, CAUSE_ILLEGAL, ecall, .word 0
  case 20, CAUSE_BREAKPOINT, CAUSE_BREAKPOINT, ecall, ebreak
  case 30, CAUSE_ECALL_U, CAUSE_ECALL_S, ebreak, ecall
  // One kind of call does not take the other with it.
  check 40
  li   t0, 1 << CAUSE_ECALL_U
  csrw medeleg, t0
  traps_in MODE_S, CAUSE_ECALL_S, ecall
  check 41
  li   t0, 1 << CAUSE_ECALL_S
  csrw medeleg, t0
  traps_in MODE_U, CAUSE_ECALL_U, ecall
  // From machine mode nothing is delegated.
  check 42
  li   t0, -1
  csrw medeleg, t0
  must_trap CAUSE_ILLEGAL, .word 0
  expect s7, MODE_M
  must_trap CAUSE_BREAKPOINT, ebreak
  expect s7, MODE_M
  must_trap CAUSE_ECALL_M, ecall
  expect s7, MODE_M
test_end
