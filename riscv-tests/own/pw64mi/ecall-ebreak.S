// ecall raises the cause of its mode, ebreak a breakpoint; both leave xepc at
// themselves; ecall writes no address to xtval, ebreak 0 or its own address
// (privileged manual, "Environment Call and Breakpoint").
// env: p
#include "env.h"

test_begin
  check 1
  must_trap CAUSE_ECALL_M, ecall
  expect_tval 0
  check 2
  traps_in MODE_S, CAUSE_ECALL_S, ecall
  expect_tval 0
  expect_bits s6, MSTATUS_MPP, MODE_S << 11
  check 3
  traps_in MODE_U, CAUSE_ECALL_U, ecall
  expect_tval 0
  expect_bits s6, MSTATUS_MPP, MODE_U << 11
  check 4
  must_trap CAUSE_BREAKPOINT, ebreak
  beqz s9, 1f
  expect_same s9, s10
1:
  check 5
  traps_in MODE_U, CAUSE_BREAKPOINT, ebreak
  // The compressed form.
  check 6
  .option push
  .option rvc
  la   tp, 2f
1:
  c.ebreak
  j    fail
2:
  .option pop
  expect s8, CAUSE_BREAKPOINT
  expect_at s10, 1b
  // Neither retires.
  check 7
  csrr a0, minstret
  la   tp, 2f
  ecall
2:
  csrr a1, minstret
  sub  a1, a1, a0
  // The csrr, the two of la and the fourteen of the handler; not the ecall.
  expect a1, 1 + 2 + 14
test_end
