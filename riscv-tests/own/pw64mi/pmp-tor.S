// A TOR entry covers from the entry before (from 0 for entry 0) up to its own
// address; an empty range matches nothing (privileged manual, "Address
// Matching").
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  la   s0, area + 64
  la   s1, area + 256
  // Entry 1 from s0 to s1; entry 0 is off but gives the lower bound.
  srli t0, s0, 2
  csrw pmpaddr0, t0
  srli t0, s1, 2
  csrw pmpaddr1, t0
  pmp_config PMP_TOR << 8
  check 1
  load_denied MODE_S, lb a0, 0(s0)
  load_denied MODE_U, lb a0, -1(s1)
  store_denied MODE_S, sw a0, 16(s0)
  check 2
  allowed MODE_S, lb a0, -1(s0)
  allowed MODE_U, lb a0, 0(s1)
  allowed MODE_S, sb a0, 0(s1)
  // Permissions of the range.
  check 3
  pmp_config (PMP_TOR | PMP_R) << 8
  allowed MODE_S, lw a0, 0(s0)
  store_denied MODE_S, sw a0, 0(s0)
  store_denied MODE_S, amoadd.w a0, zero, (s0)
  allowed MODE_S, lr.w a0, (s0)
  store_denied MODE_S, sc.w a0, zero, (s0)
  // Upside down: empty.
  check 4
  srli t0, s1, 2
  csrw pmpaddr0, t0
  srli t0, s0, 2
  csrw pmpaddr1, t0
  pmp_config PMP_TOR << 8
  allowed MODE_S, lb a0, 0(s0)
  allowed MODE_S, lb a0, -1(s1)
  // Equal bounds: empty.
  check 5
  csrw pmpaddr0, t0
  allowed MODE_S, lb a0, 0(s0)
  // Entry 0 counts from address 0.
  check 6
  srli t0, s1, 2
  csrw pmpaddr0, t0
  pmp_config PMP_TOR
  load_denied MODE_S, lb a0, -1(s1)
  load_denied MODE_U, lb a0, 0(s0)
  allowed MODE_S, lb a0, 0(s1)
test_end

test_zeros
area:
  .zero 4096
