// The lowest-numbered entry that matches any byte decides alone; it must match
// all bytes of the access (privileged manual, "Priority and Matching Logic").
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  la   s0, area + 1024
  // Entry 0: 16 bytes denied. Entry 1: 64 bytes readable around it.
  srli t0, s0, 2
  ori  t1, t0, 1
  csrw pmpaddr0, t1
  ori  t1, t0, 7
  csrw pmpaddr1, t1
  pmp_config PMP_NAPOT | (PMP_NAPOT | PMP_R) << 8
  check 1
  load_denied MODE_S, lw a0, 0(s0)
  load_denied MODE_S, lw a0, 12(s0)
  allowed MODE_S, lw a0, 16(s0)
  store_denied MODE_S, sw a0, 16(s0)
  check 2
  allowed MODE_S, sw a0, 64(s0)
  // The other way round, the small entry never has a say.
  check 3
  srli t0, s0, 2
  ori  t1, t0, 7
  csrw pmpaddr0, t1
  ori  t1, t0, 1
  csrw pmpaddr1, t1
  pmp_config (PMP_NAPOT | PMP_R) | PMP_NAPOT << 8
  allowed MODE_S, lw a0, 0(s0)
  store_denied MODE_S, sw a0, 0(s0)
  // A permissive entry in front opens what a later one denies.
  check 4
  pmp_config (PMP_NAPOT | PMP_R | PMP_W | PMP_X) | PMP_NAPOT << 8
  allowed MODE_U, sw a0, 0(s0)
  // A misaligned access over the edge of two entries: if the parts are checked
  // apart both must pass, if checked together it fails. It may succeed only
  // when both permit; here one does not.
  check 5
  pmp_config PMP_NAPOT | (PMP_NAPOT | PMP_R | PMP_W) << 8
  srli t0, s0, 2
  csrw pmpaddr0, t0
  load_denied MODE_S, lw a0, 6(s0)
  store_denied MODE_S, sw a0, 6(s0)
test_end

test_zeros
area:
  .zero 4096
