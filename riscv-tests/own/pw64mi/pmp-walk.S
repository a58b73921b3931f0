// A page-table entry that the walk may not read, by PMP or because no memory
// is there, is an access fault of the original access's kind, with the virtual
// address in the trap value (privileged manual, "Virtual Address Translation
// Process", step 2; "Physical Memory Protection and Paging").
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  // root -> middle -> leaf table (denied) for 0x40000000; RAM by a gigapage.
  la   t0, root
  li   t1, 0x80000000 >> 12 << 10 | PTE_RWXAD
  sd   t1, 2 * 8(t0)
  la   t1, denied
  srli t2, t1, 12
  slli t2, t2, 10
  ori  t2, t2, PTE_V
  sd   t2, 1 * 8(t0)
  srli t0, t0, 12
  li   t3, SATP_SV39
  or   t0, t0, t3
  csrw satp, t0
  srli t1, t1, 2
  ori  t1, t1, 0x1ff
  csrw pmpaddr0, t1
  pmp_config PMP_NAPOT
  sfence.vma
  li   s0, 0x40000008
  check 1
  load_denied MODE_S, lb a0, 0(s0)
  expect_same s9, s0
  check 2
  store_denied MODE_S, sd a0, 0(s0)
  expect_same s9, s0
  check 3
  store_denied MODE_S, amoadd.w a0, a0, (s0)
  check 4
  fetch_denied MODE_S, s0
  // Denied with only X permitted: a walk reads.
  check 5
  pmp_config PMP_NAPOT | PMP_X
  sfence.vma
  load_denied MODE_S, lb a0, 0(s0)
  // Readable: now the entry is seen, and is not valid: a page fault.
  check 6
  pmp_config PMP_NAPOT | PMP_R
  sfence.vma
  as_mode MODE_S
  must_trap CAUSE_LOAD_PAGE, lb a0, 0(s0)
  as_machine
  // A next table where there is no memory.
  check 7
  la   t0, root
  li   t1, 0x3000000000000 >> 12 << 10 | PTE_V
  sd   t1, 1 * 8(t0)
  sfence.vma
  load_denied MODE_S, lb a0, 0(s0)
  store_denied MODE_S, sb a0, 0(s0)
  fetch_denied MODE_S, s0
  // A leaf whose frame is no memory.
  check 8
  li   t1, 0x3000000000000 >> 12 << 10 | PTE_RWXAD
  la   t0, root
  sd   t1, 1 * 8(t0)
  sfence.vma
  load_denied MODE_S, lb a0, 0(s0)
  expect_same s9, s0
  store_denied MODE_S, sb a0, 0(s0)
  fetch_denied MODE_S, s0
test_end

test_zeros
root:
  .zero 4096
denied:
  .zero 4096
