// Translations belong to their address space: after a change of satp to
// another ASID and root the other tables count, and G entries are in all of
// them; if there are no ASIDs, sfence.vma comes with each change (privileged
// manual, "Supervisor Address Translation and Protection Register").
// env: p
#include "env.h"
#include "paging.h"

.macro space reg
  csrw satp, \reg
  beqz s5, 1f
  sfence.vma
1:
.endm

test_begin
  // s5: is a fence needed, for want of ASIDs?
  li   t0, SATP_SV39 | 3 << 44
  csrw satp, t0
  csrr t1, satp
  csrw satp, zero
  xor  s5, t0, t1
  la   t0, one
  sd   t0, 0(t0)
  la   t0, two
  sd   t0, 0(t0)
  // Space 1: the window's page is `one`; space 2: `two`, by another root.
  paging_on
  map_page 0, one, PTE_RWXAD
  la   t0, root_2
  li   t5, 0x80000000 >> 12 << 10 | PTE_RWXAD
  sd   t5, 16(t0)
  entry_for t5, middle_2, PTE_V
  sd   t5, 8(t0)
  la   t0, middle_2
  entry_for t5, leaves_2, PTE_V
  sd   t5, 0(t0)
  la   t0, leaves_2
  entry_for t5, two, PTE_RWXAD
  sd   t5, 0(t0)
  sfence.vma
  la   s2, root
  srli s2, s2, 12
  li   t0, SATP_SV39 | 1 << 44
  or   s2, s2, t0
  la   s3, root_2
  srli s3, s3, 12
  li   t0, SATP_SV39 | 2 << 44
  or   s3, s3, t0
  li   s0, WINDOW
  li   s4, 4
2:
  check 1
  space s2
  allowed MODE_S, ld a0, 0(s0)
  expect_at a0, one
  check 2
  space s3
  allowed MODE_S, ld a0, 0(s0)
  expect_at a0, two
  addi s4, s4, -1
  bnez s4, 2b
  // A page that only one of them has.
  check 3
  li   s0, WINDOW + 4096
  map_page 1, one, PTE_RWXAD
  space s2
  allowed MODE_S, ld a0, 0(s0)
  space s3
  load_fault MODE_S, ld a0, 0(s0)
  // A page of both, global.
  check 4
  li   s0, WINDOW + 8192
  map_page 2, one, PTE_RWXAD | PTE_G
  la   t0, leaves_2 + 16
  entry_for t5, one, PTE_RWXAD | PTE_G
  sd   t5, 0(t0)
  sfence.vma
  space s2
  allowed MODE_S, ld a0, 0(s0)
  expect_at a0, one
  space s3
  allowed MODE_S, ld a0, 0(s0)
  expect_at a0, one
  // Bare again.
  check 5
  csrw satp, zero
  sfence.vma
  la   s0, two
  allowed MODE_S, ld a0, 0(s0)
  expect_at a0, two
test_end

paging_tables
root_2:
  .zero 4096
middle_2:
  .zero 4096
leaves_2:
  .zero 4096
one:
  .zero 4096
two:
  .zero 4096
