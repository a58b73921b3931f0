// An NA4 entry covers four bytes; an access that is only partly inside fails,
// whatever the entry permits (privileged manual, "Priority and Matching
// Logic").
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  la   s0, area + 64
  srli t0, s0, 2
  csrw pmpaddr0, t0
  pmp_config PMP_NA4
  check 1
  load_denied MODE_S, lw a0, 0(s0)
  load_denied MODE_S, lb a0, 3(s0)
  store_denied MODE_U, sh a0, 2(s0)
  check 2
  allowed MODE_S, lw a0, 4(s0)
  allowed MODE_S, lw a0, -4(s0)
  allowed MODE_U, sb a0, -1(s0)
  // A doubleword that the entry covers by half.
  check 3
  load_denied MODE_S, ld a0, 0(s0)
  check 4
  pmp_config PMP_NA4 | PMP_R | PMP_W
  load_denied MODE_S, ld a0, 0(s0)
  store_denied MODE_S, sd a0, 0(s0)
  check 5
  allowed MODE_S, lw a0, 0(s0)
  allowed MODE_S, sw a0, 0(s0)
  allowed MODE_S, ld a0, 8(s0)
test_end

test_zeros
area:
  .zero 4096
