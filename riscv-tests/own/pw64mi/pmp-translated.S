// PMP looks at physical addresses after translation, for every page of an
// access; a change of PMP takes effect after sfence.vma (privileged manual,
// "Physical Memory Protection and Paging").
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  // 0x40000000 and on: the same RAM through another gigapage.
  la   t0, root
  li   t1, 0x80000000 >> 12 << 10 | PTE_RWXAD
  sd   t1, 2 * 8(t0)
  sd   t1, 1 * 8(t0)
  srli t0, t0, 12
  li   t3, SATP_SV39
  or   t0, t0, t3
  csrw satp, t0
  sfence.vma
  la   s0, area
  li   t0, 0x40000000
  sub  s1, s0, t0
  check 1
  allowed MODE_S, sd s0, 0(s1)
  allowed MODE_S, ld a0, 0(s0)
  expect_same a0, s0
  check 2
  srli t0, s0, 2
  ori  t0, t0, 0x1ff
  csrw pmpaddr0, t0
  pmp_config PMP_NAPOT | PMP_R
  sfence.vma
  allowed MODE_S, ld a0, 0(s1)
  store_denied MODE_S, sd zero, 0(s1)
  expect_same s9, s1
  fetch_denied MODE_S, s1
  check 3
  pmp_config PMP_NAPOT
  sfence.vma
  load_denied MODE_S, ld a0, 0(s1)
  load_denied MODE_S, ld a0, 0(s0)
  // Over the edge from the page before: the second part faults.
  check 4
  store_denied MODE_S, sd a0, -4(s1)
  load_denied MODE_S, ld a0, -4(s1)
  check 5
  pmp_config PMP_NAPOT | PMP_R | PMP_W
  sfence.vma
  allowed MODE_S, sd s0, 0(s1)
test_end

test_zeros
root:
  .zero 4096
  .zero 4096
area:
  .zero 4096
