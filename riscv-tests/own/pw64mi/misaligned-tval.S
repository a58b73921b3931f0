// Bare misaligned loads and stores work; where memory ends in the middle of
// one, the access fault's trap value is in the part that failed or the start
// of the access, and rd does not change (privileged manual, "Machine Trap
// Value Register").
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  la   s0, area + 4096
  srli t0, s0, 2
  ori  t0, t0, 0x1ff
  csrw pmpaddr0, t0
  pmp_config PMP_NAPOT
  li   a0, 77
  check 1
  load_denied MODE_S, ld a0, -4(s0)
  expect a0, 77
  check 2
  addi s1, s0, -4
  bltu s9, s1, fail
  addi s1, s0, 4
  bgeu s9, s1, fail
  check 3
  store_denied MODE_S, sw a0, -1(s0)
  addi s1, s0, -1
  bltu s9, s1, fail
  addi s1, s0, 3
  bgeu s9, s1, fail
  // All inside the open page.
  check 4
  li   a1, 0x1122334455667788
  allowed MODE_S, sd a1, -9(s0)
  allowed MODE_U, ld a0, -9(s0)
  expect_same a0, a1
test_end

test_zeros
area:
  .zero 8192
