// A mcontrol6 execute trigger raises a breakpoint before the instruction at
// its address (Sdtrig).
// env: p
#include "env.h"
#include "trigger.h"

test_begin
  la   s0, 1f
  check 1
  trigger 0, MC6_EXEC | MC6_S | MC6_U, s0
  li   a0, 0
  la   tp, 2f
  enter MODE_U
  nop
1:
  li   a0, 1
  j    fail
2:
  expect s8, CAUSE_BREAKPOINT
  expect_same s10, s0
  expect_same s9, s0
  expect a0, 0
  // The address as data does not hit.
  check 2
  works_in MODE_U, lw a1, 0(s0)
  // Not in another mode.
  check 3
  trigger 0, MC6_EXEC | MC6_S, s0
  la   t0, 1b
  la   tp, 3f
  enter MODE_U
  j    call
3:
  expect s8, CAUSE_ECALL_U
  expect a0, 1
  j    done

  // The instruction at s0 is in another place now.
call:
  li   a0, 1
  ecall
done:
test_end
