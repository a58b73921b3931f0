// A mcontrol6 load or store trigger raises a breakpoint before the access, in
// the modes it names, for the kind of access it names (Sdtrig).
// env: p
#include "env.h"
#include "trigger.h"

test_begin
  la   s0, word
  li   a1, 5
  // Loads.
  check 1
  trigger 0, MC6_LOAD | MC6_S | MC6_U, s0
  li   a0, 77
  hits MODE_S, lw a0, 0(s0)
  expect a0, 77
  hits MODE_U, lb a0, 0(s0)
  hits MODE_U, lr.d a0, (s0)
  check 2
  works_in MODE_U, sw a1, 0(s0)
  works_in MODE_S, lw a0, 8(s0)
  lw   a0, 0(s0)
  expect a0, 5
  // Stores.
  check 3
  trigger 0, MC6_STORE | MC6_S | MC6_U, s0
  li   a1, 6
  hits MODE_U, sw a1, 0(s0)
  hits MODE_S, sd a1, 0(s0)
  hits MODE_U, amoadd.w a0, a1, (s0)
  works_in MODE_U, lw a0, 0(s0)
  expect a0, 5
  lw   a0, 0(s0)
  expect a0, 5
  // Both kinds, one mode.
  check 4
  trigger 0, MC6_LOAD | MC6_STORE | MC6_U, s0
  hits MODE_U, lw a0, 0(s0)
  hits MODE_U, sw a0, 0(s0)
  works_in MODE_S, lw a0, 0(s0)
  works_in MODE_S, sw a0, 0(s0)
  check 5
  trigger 0, MC6_LOAD | MC6_STORE | MC6_S, s0
  hits MODE_S, lw a0, 0(s0)
  works_in MODE_U, lw a0, 0(s0)
  // Off.
  check 6
  trigger_off 0
  works_in MODE_S, lw a0, 0(s0)
  // Each of the four.
  .irp n, 0, 1, 2, 3
  check 10 + \n
  trigger \n, MC6_LOAD | MC6_U, s0
  hits MODE_U, ld a0, 0(s0)
  trigger_off \n
  .endr
test_end

test_data
word:
  .dword 0, 0
