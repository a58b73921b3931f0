// Fetches need X, whatever R and W say; loads need R even from code
// (privileged manual, "Physical Memory Protection CSRs").
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  la   s0, area
  li   t0, 0x00000073 // ecall
  sw   t0, 0(s0)
  fence.i
  srli t0, s0, 2
  ori  t0, t0, 0x1ff
  csrw pmpaddr0, t0
  check 1
  pmp_config PMP_NAPOT | PMP_X
  fetch_allowed MODE_S, s0
  fetch_allowed MODE_U, s0
  load_denied MODE_S, lw a0, 0(s0)
  store_denied MODE_S, sw a0, 0(s0)
  check 2
  pmp_config PMP_NAPOT | PMP_R | PMP_W
  fetch_denied MODE_S, s0
  fetch_denied MODE_U, s0
  allowed MODE_S, lw a0, 0(s0)
  check 3
  pmp_config PMP_NAPOT
  fetch_denied MODE_U, s0
  // MPRV does not touch fetches, nor does the lack of X stop machine mode.
  check 4
  as_mode MODE_U
  la   tp, 1f
  jr   s0
1:
  as_machine
  expect s8, CAUSE_ECALL_M
  // The last instruction of the denied page's neighbour runs off into it.
  check 5
  addi s1, s0, -4
  li   t0, 0x00000013
  sw   t0, 0(s1)
  fence.i
  la   tp, 1f
  enter MODE_S
  jr   s1
1:
  expect s8, CAUSE_FETCH_ACCESS
  expect_same s10, s0
  // An instruction half in the denied page: the trap is the instruction's,
  // the trap value the half that could not be fetched.
  check 6
  addi s1, s0, -2
  sh   zero, 0(s1)
  li   t0, 0x0013
  sh   t0, 0(s1)
  fence.i
  la   tp, 1f
  enter MODE_S
  jr   s1
1:
  expect s8, CAUSE_FETCH_ACCESS
  expect_same s10, s1
  expect_same s9, s0
test_end

test_zeros
  .zero 4096
area:
  .zero 4096
