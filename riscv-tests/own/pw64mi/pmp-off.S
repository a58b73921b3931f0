// An entry that is off matches nothing. Where no entry matches, supervisor and
// user accesses fail and machine accesses succeed (privileged manual,
// "Priority and Matching Logic").
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  la   s0, area
  // Off, with every permission bit and an address that would match.
  srli t0, s0, 2
  ori  t0, t0, 0x1ff
  csrw pmpaddr0, t0
  check 1
  pmp_config 0
  allowed MODE_S, lb a0, 0(s0)
  allowed MODE_U, sb a0, 0(s0)
  // The entry that opens everything taken away.
  check 2
  csrw pmpcfg2, zero
  load_denied MODE_S, lb a0, 0(s0)
  load_denied MODE_U, lb a0, 0(s0)
  store_denied MODE_S, sb a0, 0(s0)
  fetch_denied MODE_S, s0
  fetch_denied MODE_U, s0
  check 3
  pmp_config PMP_R | PMP_W | PMP_X
  load_denied MODE_S, lb a0, 0(s0)
  check 4
  lb   a0, 0(s0)
  sb   a0, 0(s0)
test_end

test_zeros
area:
  .zero 4096
