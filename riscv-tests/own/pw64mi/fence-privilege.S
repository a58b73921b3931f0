// sfence.vma and the instructions of Svinval are for supervisor mode and
// above (privileged manual, "Supervisor Memory-Management Fence Instruction";
// Svinval).
// env: p
#include "env.h"

test_begin
  check 1
  traps_in MODE_U, CAUSE_ILLEGAL, sfence.vma
  expect_tval_illegal
  check 2
  traps_in MODE_U, CAUSE_ILLEGAL, sinval.vma a0, a1
  check 3
  traps_in MODE_U, CAUSE_ILLEGAL, sfence.w.inval
  check 4
  traps_in MODE_U, CAUSE_ILLEGAL, sfence.inval.ir
  check 5
  works_in MODE_S, sfence.w.inval
  works_in MODE_S, sinval.vma zero, zero
  works_in MODE_S, sfence.inval.ir
  // The hypervisor's fences do not exist here.
  check 6
  must_be_illegal .word 0x22000073
  check 7
  must_be_illegal .word 0x62000073
test_end
