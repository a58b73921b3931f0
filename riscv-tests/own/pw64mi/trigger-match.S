// mcontrol6.match: equal, naturally aligned range, greater or equal, less than
// (Sdtrig). Values that a hart does not offer read back as another, and are
// skipped.
// env: p
#include "env.h"
#include "trigger.h"

// Set match; go on at `skip` when it is not offered.
.macro want match, skip
  csrr t6, CSR_TDATA1
  srli t6, t6, 7
  andi t6, t6, 15
  li   t5, \match
  bne  t6, t5, \skip
.endm

.macro hits_in mode, insn:vararg
  enter \mode
  must_trap CAUSE_BREAKPOINT, \insn
.endm

test_begin
  la   s0, area + 64
  // 64 bytes, as an all-ones tail says.
  check 1
  ori  t0, s0, 31
  trigger 0, MC6_LOAD | MC6_U | MC6_MATCH(1), t0
  want 1, 1f
  hits_in MODE_U, lb a0, 0(s0)
  hits_in MODE_U, lb a0, 63(s0)
  works_in MODE_U, lb a0, -1(s0)
  works_in MODE_U, lb a0, 64(s0)
1:
  check 2
  trigger 0, MC6_LOAD | MC6_U | MC6_MATCH(2), s0
  want 2, 1f
  hits_in MODE_U, lb a0, 0(s0)
  hits_in MODE_U, lb a0, 100(s0)
  works_in MODE_U, lb a0, -1(s0)
1:
  check 3
  trigger 0, MC6_LOAD | MC6_U | MC6_MATCH(3), s0
  want 3, 1f
  hits_in MODE_U, lb a0, -1(s0)
  works_in MODE_U, lb a0, 0(s0)
1:
  check 4
  trigger 0, MC6_LOAD | MC6_U | MC6_MATCH(0), s0
  want 0, fail
  hits_in MODE_U, lb a0, 0(s0)
  works_in MODE_U, lb a0, 1(s0)
  works_in MODE_U, lb a0, -1(s0)
test_end

test_zeros
area:
  .zero 4096
