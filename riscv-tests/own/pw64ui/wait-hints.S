// pause changes nothing; wrs.nto and wrs.sto come back, with a reservation and
// without, and change nothing (Zihintpause, Zawrs). wrs.nto may wait as long
// as the reservation holds, so it is asked only after the reservation is gone.
// env: p v
#include "env.h"

test_begin
  la   s0, word
  li   a0, 77
  check 1
  .word 0x0100000f // pause
  expect a0, 77
  check 2
  sc.w a1, a0, (s0)
  wrs.nto
  wrs.sto
  expect a0, 77
  check 3
  lr.w a1, (s0)
  wrs.sto
  expect a0, 77
test_end

test_data
word:
  .dword 0
