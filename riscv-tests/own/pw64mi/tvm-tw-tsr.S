// mstatus.TVM, TW and TSR make satp and the fences, wfi, and sret trap in
// supervisor mode, and only there (privileged manual, "Virtualization Support
// in mstatus Register").
// env: p
#include "env.h"

test_begin
  check 1
  li   t0, MSTATUS_TVM
  csrs mstatus, t0
  traps_in MODE_S, CAUSE_ILLEGAL, csrr a0, satp
  check 2
  traps_in MODE_S, CAUSE_ILLEGAL, csrw satp, zero
  check 3
  traps_in MODE_S, CAUSE_ILLEGAL, sfence.vma
  expect_tval_illegal
  check 4
  traps_in MODE_S, CAUSE_ILLEGAL, sfence.vma a0, a1
  check 5
  traps_in MODE_S, CAUSE_ILLEGAL, sinval.vma a0, a1
  // The two ordering fences of Svinval are not virtual-memory operations.
  check 6
  works_in MODE_S, sfence.w.inval
  works_in MODE_S, sfence.inval.ir
  // Machine mode is not concerned.
  check 7
  csrr a0, satp
  sfence.vma
  sinval.vma zero, zero
  check 8
  li   t0, MSTATUS_TVM
  csrc mstatus, t0
  works_in MODE_S, csrr a0, satp
  works_in MODE_S, sfence.vma
  works_in MODE_S, sinval.vma a0, a1

  check 9
  li   t0, MSTATUS_TSR
  csrs mstatus, t0
  traps_in MODE_S, CAUSE_ILLEGAL, sret
  expect_tval_illegal
  check 10
  li   t0, MSTATUS_TSR
  csrc mstatus, t0
  la   t1, 1f
  csrw sepc, t1
  enter MODE_S
  sret
1:
  to_machine

  check 11
  li   t0, MSTATUS_TW
  csrs mstatus, t0
  traps_in MODE_S, CAUSE_ILLEGAL, wfi
  expect_tval_illegal
  check 12
  traps_in MODE_U, CAUSE_ILLEGAL, wfi
  check 13
  // In machine mode TW does nothing; a pending interrupt ends the wait.
  li   t0, 1 << SSI
  csrs mie, t0
  csrs mip, t0
  wfi
  li   t0, MSTATUS_TW
  csrc mstatus, t0
  wfi
test_end
