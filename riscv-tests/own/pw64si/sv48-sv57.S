// Sv48 and Sv57, where satp takes them: more levels, bigger superpages, wider
// canonical addresses (privileged manual, "Sv48", "Sv57"). A hart without them
// passes: csr-satp sees that the write changed nothing.
// env: p
#include "env.h"
#include "paging.h"

.macro mode_test n, mode, top
  check \n
  la   t0, \top
  srli t0, t0, 12
  li   t1, \mode
  or   t0, t0, t1
  csrw satp, t0
  csrr t1, satp
  bne  t0, t1, 9f
  sfence.vma
  li   s0, WINDOW
  allowed MODE_S, ld a0, 8(s0)
  expect_at a0, page
  fetch_allowed MODE_S, s0
  // Sv39's limit is no limit here.
  check \n + 1
  li   s0, 0x4040000000
  load_fault MODE_S, ld a0, 0(s0)
  entry_for t5, root, PTE_V
  la   t6, root_48 + 8
  sd   t5, 0(t6)
  sfence.vma
  li   s0, 0x8000000000 | WINDOW
  allowed MODE_S, ld a0, 8(s0)
  expect_at a0, page
  // The bits above count.
  check \n + 2
  li   s0, 0x8000000000000000 | WINDOW
  all_fault MODE_S
  li   s0, 0x0200000000000000 | WINDOW
  all_fault MODE_S
  // A huge page of 512 GiB must be aligned.
  check \n + 3
  li   t5, 0x80000000 >> 12 << 10 | PTE_RWXAD
  la   t6, root_48 + 16
  sd   t5, 0(t6)
  sfence.vma
  li   s0, 0x10000000000
  all_fault MODE_S
  li   t5, PTE_RWXAD
  la   t6, root_48 + 16
  sd   t5, 0(t6)
  sfence.vma
  la   t0, page
  add  s0, s0, t0
  allowed MODE_S, ld a0, 8(s0)
  expect_at a0, page
9:
.endm

test_begin
  plant page
  la   t0, page
  sd   t0, 8(t0)
  paging_on
  map_page 0, page, PTE_RWXAD
  entry_for t5, root, PTE_V
  la   t6, root_48
  sd   t5, 0(t6)
  entry_for t5, root_48, PTE_V
  la   t6, root_57
  sd   t5, 0(t6)
  mode_test 10, SATP_SV48, root_48
  mode_test 20, SATP_SV57, root_57
test_end

paging_tables
root_48:
  .zero 4096
root_57:
  .zero 4096
page:
  .zero 4096
